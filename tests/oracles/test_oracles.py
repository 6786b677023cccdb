"""The oracles of sections 2 and 5 agree with the documents they were written from: worked examples, scenarios and
tables. Where a seed is corrected by SEEDS.md the correction is what is tested.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.oracles import active_positions as active
from tests.oracles import router as routing
from tests.oracles import series
from tests.oracles.active_positions import decide_active_positions
from tests.oracles.correlation import CorrelationParameters, decide_correlation, pearson
from tests.oracles.examples import MODERATE, STRONG, UNIVERSE, intent, portfolio, position, signal
from tests.oracles.governor import decide_governor
from tests.oracles.margin import decide_margin, headroom
from tests.oracles.regime import decide_regime
from tests.oracles.router import RouterParameters, decide_route
from tests.oracles.slots import SlotParameters, decide_slots


def book_of_four(weakest: float) -> dict[str, Any]:
    scores = {"BTCUSDT": 75.0, "ETHUSDT": 72.0, "SOLUSDT": 70.0, "BNBUSDT": weakest}
    return portfolio(*(position(symbol, score, at) for at, (symbol, score) in enumerate(scores.items())))


# -- SEEDS.md section 5: the table of regimes


@pytest.mark.parametrize(
    ("trend", "atr", "momentum", "regime", "confidence", "slots"),
    [
        (None, 9.0, 0.9, "UNKNOWN", 0.50, 4),
        (0.9, 2.5, 0.9, "TREND_STRONG", 0.85, 6),
        (0.9, math.nextafter(2.5, 3), 0.9, "VOLATILITY_SPIKE", 0.90, 3),
        (0.75, 0.0, 0.6, "TREND_STRONG", 0.85, 6),
        (0.75, 0.0, 0.59, "TREND_MODERATE", 0.70, 4),
        (0.45, 0.0, 0.0, "TREND_MODERATE", 0.70, 4),
        (0.44, 0.0, 0.0, "UNKNOWN", 0.50, 4),
        (0.40, 0.0, 0.0, "UNKNOWN", 0.50, 4),
        (0.39, 0.0, 0.0, "RANGE", 0.65, 4),
        (0.29, 0.0, 0.4, "RANGE", 0.65, 4),
        (0.29, 0.0, 0.39, "CHOP", 0.75, 3),
        (0.30, 0.0, 0.39, "RANGE", 0.65, 4),
    ],
)
def test_regimes(trend: float | None, atr: float, momentum: float, regime: str, confidence: float, slots: int) -> None:
    found = decide_regime({"market": {"trend_strength": trend, "atr_pct": atr, "momentum_consistency": momentum}})
    assert found == {"outcome": regime, "regime": regime, "confidence": confidence, "slots": slots}


# -- seed 5: "Example Rotation", the proof script's scenarios, "Example usage"


def facts(book: dict[str, Any], candidate: dict[str, Any], market: dict[str, float]) -> dict[str, Any]:
    return {"intent": candidate, "portfolio": book, "market": market, "universe": UNIVERSE}


def test_example_rotation_and_scenario_2() -> None:
    told = facts(book_of_four(60.0), intent("ADAUSDT"), MODERATE)
    found = decide_active_positions(told)
    assert (found["outcome"], found["effect"], found["check"]) == ("ROTATION_TRIGGERED", "block", "rotation")
    assert (found["closes"], found["weakest"]) == ("p-BNBUSDT", "BNBUSDT")
    assert active.log_lines(told, found)[1] == (
        "ROTATION_CLOSE weakest=BNBUSDT weakest_score=60.00 new_symbol=ADAUSDT new_score=73.00 "
        "threshold=15.00% improvement=21.67%"
    )


def test_scenario_1_slots_full() -> None:
    told = facts(book_of_four(68.0), intent("ADAUSDT"), MODERATE)
    found = decide_active_positions(told)
    assert (found["outcome"], found["kind"]) == ("BLOCKED_SLOTS_FULL", "not_better")
    assert active.log_lines(told, found)[1] == "BLOCKED_SLOTS_FULL symbol=ADAUSDT score=73.00 slots=4/4"


def test_scenario_3_correlation() -> None:
    base, *others = series.correlated()
    close = others[4]  # 0.99
    book = portfolio(position("BTCUSDT", 75.0, returns=base))
    told = facts(book, intent("ETHUSDT", returns=close), STRONG)
    found = decide_active_positions(told)
    assert found["outcome"] == "BLOCKED_CORRELATION"
    assert active.log_lines(told, found)[1] == "CORR_BLOCK symbol=ETHUSDT corr=0.990 threshold=0.80"


def test_scenario_4_margin() -> None:
    book = portfolio(position("BTCUSDT", 75.0, exposure=700.0, leverage=10.0))
    told = facts(book, intent("ETHUSDT"), STRONG)
    found = decide_active_positions(told)
    assert (found["outcome"], found["usage_pct"]) == ("BLOCKED_MARGIN", 70.0)
    line = "BLOCKED_MARGIN symbol=ETHUSDT margin_usage_pct=70.0 max_margin_pct=65.0"
    assert active.log_lines(told, found)[1] == line


@pytest.mark.parametrize("symbols", [None, [], "BTCUSDT", ["BTCUSDT", 3], {"BTCUSDT": 1}])
def test_scenario_5_no_policy(symbols: Any) -> None:
    told = facts(portfolio(), intent("BTCUSDT"), STRONG) | {"universe": {"symbols": symbols}}
    found = decide_active_positions(told)
    assert (found["outcome"], found["check"]) == ("BLOCKED_NO_POLICY", "policy")
    line = 'BLOCKED_NO_POLICY symbol=BTCUSDT reason="quantum:policy:current missing or invalid"'
    assert active.log_lines(told, found)[1] == line


def test_example_usage_three_of_six() -> None:
    book = portfolio(*(position(symbol, 75.0, at) for at, symbol in enumerate(("BTCUSDT", "ETHUSDT", "SOLUSDT"))))
    told = facts(book, intent("ADAUSDT", 78.0), STRONG)
    found = decide_active_positions(told)
    assert (found["outcome"], found["kind"]) == ("ALLOW", "free")
    assert active.log_lines(told, found) == [
        "ACTIVE_SLOTS desired=6 open=3 available=3 regime=TREND_STRONG regime_confidence=0.85 symbol=ADAUSDT",
        "ACTIVE_SLOTS_ALLOW symbol=ADAUSDT score=78.00 slots=4/6",
    ]


# -- SEEDS.md section 5: slots


@pytest.mark.parametrize(
    ("book", "candidate", "slots", "kind"),
    [
        (book_of_four(60.0), intent("ADAUSDT"), 5, "free"),
        (book_of_four(60.0), intent("ADAUSDT"), 3, "over_by_n"),
        (book_of_four(60.0), intent("ADAUSDT", 69.0), 4, "not_better"),  # 15% is not above 15%
        (book_of_four(60.0), intent("ADAUSDT", math.nextafter(69.0, 70)), 4, "rotate"),
        (book_of_four(60.0), intent("ADAUSDT", 69.01), 4, "rotate"),
        (book_of_four(60.0), intent("ADAUSDT", None), 4, "no_score"),
        (book_of_four(0.0), intent("ADAUSDT"), 4, "position_without_score"),
        (portfolio(), intent("ADAUSDT"), 0, "nothing_to_close"),
        (portfolio(pending=[position("BTCUSDT", 60.0)]), intent("ADAUSDT"), 1, "nothing_to_close"),
        (book_of_four(60.0), intent("BNBUSDT", action="EXPAND_POSITION"), 4, "takes_no_slot"),
        (book_of_four(60.0), intent("ADAUSDT", action="EXPAND_POSITION"), 9, "not_held"),
    ],
)
def test_slots(book: dict[str, Any], candidate: dict[str, Any], slots: int, kind: str) -> None:
    told = {"intent": candidate, "portfolio": book, "universe": UNIVERSE, "regime_slots": slots}
    assert decide_slots(told)["kind"] == kind


def test_ties_and_caps_of_slots() -> None:
    early, late = "2026-02-03T10:00:00Z", "2026-02-03T12:00:00+01:00"
    tied = [position("SOLUSDT", 60.0, opened_at=late), position("ETHUSDT", 60.0, opened_at=late)]
    told = {"intent": intent("ADAUSDT"), "portfolio": portfolio(*tied), "universe": UNIVERSE, "regime_slots": 2}
    assert decide_slots(told)["weakest"] == "ETHUSDT"
    tied[0]["opened_at"] = early
    assert decide_slots(told)["weakest"] == "SOLUSDT"
    assert decide_slots({**told, "regime_slots": 40})["desired"] == 7
    assert decide_slots({**told, "universe": {"symbols": ["A", "A"]}})["desired"] == 1
    off = SlotParameters(enable_active_slots=False)
    assert decide_slots(told, off)["outcome"] == "ALLOW"


# -- SEEDS.md section 5: margin and correlation


def test_margin_at_its_cap_and_without_equity() -> None:
    book = portfolio(position("BTCUSDT", 1.0, exposure=650.0, leverage=10.0))
    told = {"intent": intent("ETHUSDT"), "portfolio": book}
    assert decide_margin(told)["kind"] == "over_cap"
    book["positions"][0]["exposure"] = 649.99
    assert decide_margin(told)["kind"] == "within_cap"
    for equity in (0.0, -1.0):
        assert decide_margin({**told, "portfolio": book | {"equity": equity}})["kind"] == "no_equity"


def test_headroom_keeps_one_trade_from_jumping_over_the_cap() -> None:
    assert headroom(10_000.0, 6_400.0, 10.0, 65.0) == 10.0  # 64% used: a 10x trade may add 1%


def test_correlation_signs_and_ends() -> None:
    base, negated = series.correlated()[0], series.correlated()[10]
    short = position("BTCUSDT", 1.0, returns=negated, side="SHORT")
    told = {"intent": intent("ETHUSDT", returns=base), "portfolio": portfolio(short)}
    found = {
        sign: decide_correlation(told, CorrelationParameters(sign=sign))
        for sign in ("SIGNED", "ABSOLUTE", "SIDE_AWARE")
    }
    assert [one["outcome"] for one in found.values()] == ["ALLOW", "BLOCKED_CORRELATION", "BLOCKED_CORRELATION"]
    assert pearson([5.0, -3.0, *base], [9.0, *base], 100, 20) == pytest.approx(1.0)
    assert pearson(base[:19], base[:19], 100, 20) is None
    assert pearson([0.1] * 100, base, 100, 20) is None


def test_correlation_exclusions() -> None:
    base = series.correlated()[0]
    book = portfolio(position("ETHUSDT", 1.0, returns=base))
    told = {"intent": intent("ETHUSDT", returns=base), "portfolio": book}
    assert decide_correlation(told)["kind"] == "correlated"
    assert decide_correlation({**told, "excluding": "p-ETHUSDT"})["kind"] == "nothing_to_compare"
    expands = {"intent": intent("ETHUSDT", returns=base, action="EXPAND_POSITION"), "portfolio": book}
    assert decide_correlation(expands)["kind"] == "nothing_to_compare"
    assert decide_correlation({**told, "intent": intent("ADAUSDT", returns=[])})["kind"] == "cannot_be_computed"


def test_rotation_is_correlated_without_the_position_it_closes() -> None:
    book = book_of_four(60.0)
    candidate = intent("ADAUSDT", returns=book["positions"][3]["returns"])
    assert decide_active_positions(facts(book, candidate, MODERATE))["outcome"] == "ROTATION_TRIGGERED"
    worse = intent("ADAUSDT", 61.0, returns=book["positions"][3]["returns"])
    assert decide_active_positions(facts(book, worse, MODERATE))["outcome"] == "BLOCKED_CORRELATION"


# -- SEEDS.md section 5: governor


def governed(**more: Any) -> dict[str, Any]:
    told = facts(portfolio(), intent("BTCUSDT"), STRONG)
    told |= {"health": {"healthy": True}, "risk": {"drawdown_pct": 0.0, "losing_streak": 0}, "multipliers": {}}
    return told | more


@pytest.mark.parametrize(
    ("more", "subsystem", "multiplier"),
    [
        ({}, None, 1.0),
        ({"health": {"healthy": False}, "risk": {"drawdown_pct": 9.0, "losing_streak": 0}}, "self_healing", 0.6),
        ({"risk": {"drawdown_pct": 5.0, "losing_streak": 0}}, None, 0.6),
        ({"risk": {"drawdown_pct": 4.99, "losing_streak": 4}}, None, 1.0),
        ({"risk": {"drawdown_pct": 0.0, "losing_streak": 5}}, None, 0.6),
        ({"risk": {"drawdown_pct": 8.0, "losing_streak": 0}, "universe": {}}, "risk_manager", 0.6),
        ({"risk": {"drawdown_pct": 0.0, "losing_streak": 8}}, "risk_manager", 0.6),
        ({"universe": {}, "multipliers": {"coordinator": {"deny": True}}}, "active_slots", 1.0),
        ({"multipliers": {"amplification": {"deny": True}, "balancer": {"deny": True}}}, "balancer", 1.0),
        ({"multipliers": {"amplification": {"multiplier": 1.5}}}, None, 1.5),
        ({"multipliers": {"amplification": {"multiplier": 1.5}, "balancer": {"multiplier": 0.4}}}, None, 0.4),
    ],
)
def test_governor(more: dict[str, Any], subsystem: str | None, multiplier: float) -> None:
    found = decide_governor(governed(**more))
    assert (found["subsystem"], found["size_multiplier"]) == (subsystem, multiplier)


# -- SEEDS.md section 2: router


def routed(action: str, *sides: str, shorts: bool = False, **more: Any) -> dict[str, Any]:
    p = RouterParameters(short_enabled=shorts, allow_short={"BTC/USDT": True})
    held = [position("BTC/USDT", 1.0, at, side=side) for at, side in enumerate(sides)]
    budget = {"limit": 300.0, "used": 300.0, "forced_limit": 2, "forced_used": 0}
    told = {"signal": signal(action, **more), "portfolio": portfolio(*held), "exploration": budget}
    return decide_route(told, p)


@pytest.mark.parametrize(
    ("action", "held", "shorts", "wanted"),
    [
        ("BUY", (), False, "BUY normal open_long"),
        ("BUY", ("LONG",), False, "BUY normal add_long"),
        ("BUY", ("SHORT",), False, "BUY exit close_short"),
        ("SELL", ("LONG",), False, "SELL exit close_long"),
        ("SELL", (), True, "SELL normal open_short"),
        ("SELL", (), False, "SKIP normal shorting_disabled"),
        ("SELL", ("SHORT",), True, "SELL normal add_short"),
        ("SELL", ("SHORT",), False, "SKIP normal shorting_disabled"),
        ("CLOSE", ("LONG",), False, "SELL exit close_long"),
        ("CLOSE", ("SHORT",), False, "BUY exit close_short"),
        ("CLOSE", (), False, "SKIP normal nothing_to_close"),
        ("HOLD", ("LONG",), False, "SKIP normal hold"),
        ("sell", ("LONG",), False, "SKIP normal unknown_action"),
        ("BUY", ("LONG", "SHORT"), True, "SKIP normal held_both_ways"),
    ],
)
def test_routes(action: str, held: tuple[str, ...], shorts: bool, wanted: str) -> None:
    found = routed(action, *held, shorts=shorts)
    assert f"{found['side']} {found['order_intent']} {found['route_reason']}" == wanted
    assert found["outcome"] == ("SKIPPED" if found["side"] == "SKIP" else "ROUTED")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"score": 0.64}, "below_quality"),
        ({"risk_reward_ratio": 1.29}, "below_quality"),
        ({"risk_reward_ratio": None}, "below_quality"),
        ({"is_pilot": True, "score": 0.54}, "below_quality"),
        ({"is_pilot": True, "score": 0.55, "risk_reward_ratio": 1.15, "notional": 0.0}, "open_long"),
        ({"is_pilot": True, "score": 0.55, "risk_reward_ratio": 1.15}, "exploration_limit"),
        ({"is_exploration": True, "score": 0.30, "risk_reward_ratio": None, "notional": 0.0}, "open_long"),
        ({"is_exploration": True, "score": 0.29, "is_pilot": True}, "below_quality"),
        ({}, "open_long"),  # the budget is spent, and a normal trade goes through
    ],
)
def test_quality_then_budget(more: dict[str, Any], reason: str) -> None:
    assert routed("BUY", **more)["route_reason"] == reason


def test_exits_meet_no_later_stage() -> None:
    found = routed("SELL", "LONG", "LONG", score=None, is_risk=True, is_exploration=True)
    assert (found["side"], found["order_intent"], found["reduce_only"]) == ("SELL", "risk", True)
    assert found["max_quantity"] == 0.025


def test_router_log_lines() -> None:
    normal = routing.log_lines(signal("BUY"), routed("BUY"))
    assert normal == [
        "ACTION_ROUTE: BUY → BUY (intent=normal, reason=open_long)",
        "POSITION_SIZE: BTC/USDT buy qty=0.012500 notional=$1,250.00 (order_intent=normal)",
    ]
    assert routing.log_lines(signal("SELL"), routed("SELL")) == [
        "ACTION_ROUTE: SELL → SKIP (intent=normal, reason=shorting_disabled)",
        "SKIP BTC/USDT SELL reason=shorting_disabled",
    ]
    closing = routing.log_lines(signal("SELL"), routed("SELL", "LONG"))
    assert closing[1] == "POSITION_SIZE: BTC/USDT sell qty=0.012500 (order_intent=exit)"
    explore = signal("BUY", is_exploration=True)
    line = routing.log_lines(explore, routed("BUY", is_exploration=True))[1]
    assert line == "SKIP EXPLORATION BTC/USDT BUY reason=exploration_limit"
