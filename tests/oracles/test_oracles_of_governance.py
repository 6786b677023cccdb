"""The oracles of section 4 and of the gate agree with SEEDS.md, and the generators reach every kind of answer."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.oracles import active_inputs, order_inputs, series
from tests.oracles.active_positions import decide_active_positions
from tests.oracles.alert import decide_alert
from tests.oracles.correlation import decide_correlation, pearson, signed
from tests.oracles.examples import QUIET, STRONG, UNIVERSE, intent, portfolio, position, signal
from tests.oracles.execution_policy import decide_execution, smoothed, table
from tests.oracles.freeze import LIMITS, OPERATIONS, decide_freeze, operation_of
from tests.oracles.gate import GateParameters, decide_gate
from tests.oracles.governor import decide_governor
from tests.oracles.latches import PRUDENT, STALE, VAR, length_us, run_latch
from tests.oracles.margin import decide_margin
from tests.oracles.phase import decide_phase, phase_scores
from tests.oracles.router import decide_route
from tests.oracles.safety import decide_safety
from tests.oracles.slots import decide_slots

START = datetime(2026, 2, 3, 12, tzinfo=UTC)

# -- SEEDS.md section 4: freeze

FREEZE_TABLE = {
    "FULL_FREEZE": "no no no no no no yes",
    "S3_ALERT_FREEZE": "no yes yes yes no yes yes",
    "ERROR_FREEZE": "no yes no no no yes yes",
}


def test_freeze_table() -> None:
    for kind, row in FREEZE_TABLE.items():
        for operation, word in zip(OPERATIONS, row.split(), strict=True):
            found = decide_freeze({"freeze": {"type": kind}, "operation": operation})
            assert found["outcome"] == ("PERMITTED" if word == "yes" else "FROZEN")
    assert decide_freeze({"freeze": {}, "operation": "purchases"})["outcome"] == "NOT_FROZEN"
    assert decide_freeze({"freeze": {}, "operation": "lending"})["outcome"] == "UNKNOWN_OPERATION"
    assert decide_freeze({"freeze": {"type": "PANIC"}, "operation": "purchases"})["outcome"] == "UNKNOWN_FREEZE"
    assert operation_of(reduces=True) == "emergency_exit"
    assert operation_of(reduces=False, vouched_for=True) == "rotations"

    assert LIMITS == {"FULL_FREEZE": (1.0, 1), "S3_ALERT_FREEZE": (3.0, 6), "ERROR_FREEZE": (5.0, 12)}


# -- SEEDS.md section 4: execution policy


def ml(c: float, conf: float, blended: float = 50.0, **more: Any) -> dict[str, Any]:
    return {"contradiction": c, "confidence": conf, "blended": blended, "volatility": 10.0, "age": "0s"} | more


@pytest.mark.parametrize(
    ("c", "conf", "blended", "prudent", "wanted"),
    [
        (0.81, 1.0, 99.0, False, ("Freeze", 12 - 9 * 0.81, 48)),
        (1.0, 1.0, 99.0, False, ("Freeze", 3.0, 48)),
        (0.8, 1.0, 99.0, False, ("Slow", 12 - 9 * 0.8, 48)),
        (0.7, 0.29, 99.0, False, ("Slow", 12 - 9 * 0.7, 48)),
        (0.0, 0.0, 99.0, False, ("Slow", 7.0, 48)),  # the implementation gave 12%
        (0.0, 0.3, 99.0, False, ("Slow", 7.0, 24)),
        (0.0, 0.9, 99.0, True, ("Slow", 7.0, 24)),
        (0.19, 0.81, 70.0, False, ("Aggressive", 12.0, 6)),
        (0.2, 0.81, 70.0, False, ("Normal", 8.0, 12)),
        (0.19, 0.8, 70.0, False, ("Normal", 8.0, 12)),
        (0.19, 0.81, 69.9, False, ("Normal", 8.0, 12)),
        (0.0, 0.6, 0.0, False, ("Normal", 8.0, 12)),
    ],
)
def test_execution_table(c: float, conf: float, blended: float, prudent: bool, wanted: tuple[str, float, int]) -> None:
    assert table(ml(c, conf, blended), prudent=prudent)[1:] == wanted


def test_less_confidence_never_gives_a_larger_cap() -> None:
    steps = [at / 50 for at in range(51)]
    for c, blended, prudent in itertools.product(steps, (0.0, 70.0), (False, True)):
        caps = [table(ml(c, conf, blended), prudent=prudent)[2] for conf in steps]
        assert caps == sorted(caps)


@pytest.mark.parametrize(
    ("old", "target", "cap"),
    [
        (None, 12.0, 12.0),
        (8.0, 7.9, 7.9),
        (8.0, 3.0, 3.0),
        (7.5, 8.0, 7.5),
        (7.0, 8.0, 7.2),
        (1.0, 12.0, 3.0),
        (2.0, 12.0, 4.0),
    ],
)
def test_smoothing(old: float | None, target: float, cap: float) -> None:
    assert smoothed(old, target) == pytest.approx(cap)


def executed(stale: bool = False, cut: float = 0.0, **more: Any) -> dict[str, Any]:
    told = {"now": "2026-02-03T12:00:00Z", "signals": ml(0.0, 0.7, **more), "stale": stale, "cut": cut}
    return decide_execution(told | {"state": {"prudent": {"on": False}}})


def test_minima_after_smoothing() -> None:
    assert (executed()["cap_daily"], executed()["mode"]) == (8.0, "Normal")
    late = executed(age="7200.000001s")
    assert (late["cap_daily"], late["mode"]) == (5.0, "Freeze")
    assert executed(age="2h")["cap_daily"] == 8.0
    assert executed(cut=9.0)["cap_daily"] == 3.0
    assert executed(cut=2.0)["cap_daily"] == 6.0
    assert executed(volatility=16.0)["no_trade_threshold_pct"] == 10.0
    assert executed(volatility=10.0)["no_trade_threshold_pct"] == 7.0


# -- SEEDS.md section 4: hysteresis, alerts, phases


def at(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def test_a_latch_needs_three_readings_and_a_dwell() -> None:
    off = {"on": False}
    assert run_latch([(at(0), 76.0), (at(1), 76.0), (at(2), 76.0)], VAR, off) == [False, False, True]
    assert run_latch([(at(0), 75.0)] * 4, VAR, off) == [False] * 4
    assert run_latch([(at(0), 76.0), (at(1), 76.0), (at(2), 70.0), (at(3), 76.0)], VAR, off) == [False] * 4
    assert run_latch([(at(0), None), (at(1), 0.0), (at(2), 0.0), (at(14), 0.0), (at(15), 0.0)], VAR, off) == [
        *(True, True, True, True),
        False,
    ]
    assert run_latch([(at(0), 1800.0), (at(1), 1799.0)] * 3, STALE) == [True] * 6


def test_the_prudent_latch_has_inclusive_thresholds() -> None:
    readings = [(at(0), 0.44), (at(1), 0.45), (at(2), 0.41), (at(3), 0.40), (at(4), 0.44)]
    assert run_latch(readings, PRUDENT, {"on": False}) == [False, True, True, False, False]


def test_lengths_of_time() -> None:
    assert [length_us(one) for one in ("90s", "1h30m", "1.5s", "-2ms")] == [
        90_000_000,
        5_400_000_000,
        1_500_000,
        -2_000,
    ]


def test_alert_cuts_are_held_and_recover() -> None:
    state, cuts = None, []
    for minutes, cut in ((0, 5.0), (60, 0.0), (89, 0.0), (90, 0.0), (119, 0.0), (120, 2.0), (150, 3.0), (300, 0.0)):
        found = decide_alert({"now": at(minutes), "signals": {"alert_cut": cut}, "state": state, "cap_daily": 8.0})
        state = found["state"]
        cuts.append(found["cut"])
    assert cuts == [5.0, 5.0, 5.0, 4.0, 4.0, 3.0, 3.0, 0.0]  # the alert of 150 starts a hold of its own
    assert state is None


def test_phase_scores_and_the_switch_after_three() -> None:
    btc = {"dominance_change": 0.6, "eth_rs7": 0.9, "large_rs7": 0.9, "alt_rs7": 0.9}
    eth = {"dominance_change": 0.1, "eth_rs7": 1.1, "eth_rs30": 1.1, "large_rs7": 1.0}
    alt = {"alt_rs7": 1.1, "breadth": 0.7, "dispersion": 0.7, "concentration": 0.6}
    assert [phase_scores(one)[name] for one, name in ((btc, "BTC"), (eth, "ETH"), (alt, "ALT"))] == pytest.approx(
        [1.0] * 3
    )
    state, current = None, []
    for signals in (btc, eth, alt, eth, eth, eth, btc):
        found = decide_phase({"signals": signals, "state": state})
        state = found["state"]
        current.append(found["phase"])
    assert current == ["BTC"] * 5 + ["ETH", "ETH"]
    assert decide_phase({"signals": {}})["confidence"] == 0.3


# -- SEEDS.md section 4: safety validator


@pytest.mark.parametrize(
    ("size", "volume", "level", "score", "outcome"),
    [
        (800.0, 0.0, "STRICT", 100, "ACCEPTED"),
        (801.0, 0.0, "STRICT", 90, "REFUSED"),
        (801.0, 0.0, "MODERATE", 90, "ACCEPTED"),
        (1000.0, 9000.0, "MODERATE", 80, "ACCEPTED"),
        (1001.0, 0.0, "PERMISSIVE", 70, "REFUSED"),
        (1000.0, 9000.01, "PERMISSIVE", 60, "REFUSED"),
        (-1.0, 0.0, "PERMISSIVE", 70, "REFUSED"),
        (math.inf, 0.0, "PERMISSIVE", 30, "REFUSED"),
    ],
)
def test_safety(size: float, volume: float, level: str, score: int, outcome: str) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "quantity": size, "price": 1.0}
    told = {"order": order, "day": {"volume": volume}, "level": level}
    found = decide_safety(told | {"venue": {"testnet": True, "known_symbols": ["BTCUSDT"]}})
    assert (found["score"], found["outcome"]) == (score, outcome)


# -- the gate


def gated(**more: Any) -> dict[str, Any]:
    told = {
        "now": "2026-02-03T12:00:00Z",
        "signal": signal("BUY", symbol="BTCUSDT"),
        "intent": intent("BTCUSDT", risk_score=500 / (4500.0 * 0.2 * (0.7 + 0.3 * 0.85))),
        "portfolio": portfolio(),
        "market": STRONG,
        "universe": UNIVERSE,
        "freeze": {},
        "health": {"healthy": True},
        "risk": {"drawdown_pct": 0.0, "losing_streak": 0},
        "multipliers": {},
        "exploration": {"limit": 300.0, "used": 0.0, "forced_limit": 2, "forced_used": 0},
    }
    return decide_gate(told | more)


def test_the_worked_example_passes_the_gate() -> None:
    found = gated()
    assert (found["outcome"], found["stage"]) == ("ALLOW_NEW_ENTRY", "open")
    assert found["allocation"] == pytest.approx(500.0)
    assert found["quantity"] == pytest.approx(0.1)


def test_each_stage_refuses_in_its_turn() -> None:
    weak = {"confidence": 0.1, "score": 1.0}
    faults: list[tuple[str, dict[str, Any]]] = [
        ("route", {"signal": signal("HOLD", symbol="BTCUSDT")}),
        ("universe", {"universe": {"symbols": ["ETHUSDT"]}}),
        ("freeze", {"freeze": {"type": "S3_ALERT_FREEZE"}}),
        ("governor", {"health": {"healthy": False}}),
        ("entry", {"intent": intent("BTCUSDT", risk_score=0.0, **{"confidence": weak["confidence"]})}),
        ("allocation", {"intent": intent("BTCUSDT", risk_score=0.0)}),
        ("quality", {"signal": signal("BUY", symbol="BTCUSDT", score=0.1, is_exploration=True)}),
        ("budget", {"signal": signal("BUY", symbol="BTCUSDT", is_exploration=True)}),
    ]
    for nth, (stage, _) in enumerate(faults):
        together: dict[str, Any] = {}
        for _, fault in reversed(faults[nth:]):
            together |= fault
        assert gated(**together)["stage"] == stage


def test_an_exit_meets_nothing() -> None:
    held = position("BTCUSDT", 75.0, side="SHORT")
    told = {"signal": signal("BUY", symbol="BTCUSDT"), "portfolio": portfolio(held, equity=-5.0)}
    found = decide_gate(told)
    assert (found["outcome"], found["effect"], found["order_intent"]) == ("EXIT", "allow", "exit")
    assert (found["side"], found["max_quantity"]) == ("BUY", 0.0125)


def test_the_headroom_caps_the_allocation() -> None:
    book = portfolio(position("ETHUSDT", 75.0, exposure=640.0, leverage=10.0, returns=QUIET[3]))
    found = gated(portfolio=book)
    assert found["allocation"] == 10.0
    assert gated(portfolio=book | {"equity": 9_999.0})["stage"] == "allocation"


# -- the generators

Made = Callable[[int, int], Iterator[Any]]
GATE = GateParameters(router=order_inputs.SHORTING)


def kinds(decide: Callable[[Any], dict[str, Any]], *names: str) -> Callable[[Any], str]:
    return lambda facts: " ".join(str(decide(facts).get(name)) for name in names)


@pytest.mark.parametrize(
    ("made", "answer", "least"),
    [
        (active_inputs.slot_inputs, kinds(decide_slots, "kind"), 9),
        (active_inputs.margin_inputs, kinds(decide_margin, "kind"), 3),
        (active_inputs.correlation_inputs, kinds(decide_correlation, "kind"), 4),
        (active_inputs.active_inputs, kinds(decide_active_positions, "check"), 7),
        (active_inputs.governor_inputs, kinds(decide_governor, "subsystem"), 7),
        (order_inputs.freezes, kinds(decide_freeze, "outcome"), 5),
        (order_inputs.signals_of_orders, kinds(lambda f: decide_route(f, order_inputs.SHORTING), "route_reason"), 13),
        (order_inputs.executions, kinds(decide_execution, "row"), 6),
        (order_inputs.safety_inputs, kinds(decide_safety, "score"), 9),
        (lambda n, s: order_inputs.gate_inputs(n, s, GATE), kinds(lambda f: decide_gate(f, GATE), "stage"), 10),
    ],
)
def test_generators_reach_every_kind(made: Made, answer: Callable[[Any], str], least: int) -> None:
    seen = Counter(answer(facts) for facts in made(1500, 3))
    assert len(seen) >= least, seen


def test_a_generator_gives_the_same_again() -> None:
    assert list(order_inputs.gate_inputs(20, 1)) == list(order_inputs.gate_inputs(20, 1))


def test_no_pair_of_series_lies_at_the_cap() -> None:
    pool = (*series.correlated(), *series.odd(), *series.independent())
    for a, b in itertools.combinations_with_replacement(pool, 2):
        found = pearson(a, b, 100, 20)
        for sign in ("SIGNED", "ABSOLUTE", "SIDE_AWARE"):
            assert found is None or abs(signed(found, sign, same_side=False) - 0.8) > 1e-7


def test_sequences_move_both_ways() -> None:
    turns = Counter(on for run in order_inputs.latch_runs(300, 1) for on in run_latch(run, VAR))
    assert min(turns[True], turns[False]) > 100
    phases = Counter(len({one["eth_rs7"] for one in run if "eth_rs7" in one}) for run in order_inputs.phase_runs(50, 1))
    assert len(phases) > 1
