"""What the shipped policies promise across inputs: less confidence never gives more, a cut waits for nothing,
and each way to be refused has a reason of its own.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.suites import run_cases
from tests.engine.shipped import bundle, decide, machine

UNIT = st.floats(0.0, 1.0) | st.sampled_from([0.2, 0.3, 0.4, 0.45, 0.6, 0.7, 0.8])
CAP = st.none() | st.floats(1.0, 50.0) | st.sampled_from([3.0, 5.0, 7.0, 7.5, 8.0, 12.0])


@st.composite
def circumstances(draw: st.DrawFn) -> dict[str, Any]:
    """All that the execution policy asks but the confidence and the cap in force."""
    signals = {
        "contradiction": draw(UNIT),
        "blended": draw(st.floats(0.0, 100.0) | st.just(70.0)),
        "volatility": draw(st.floats(0.0, 100.0)),
        "age": draw(st.sampled_from([0, 1800, 3600, 7200, 7201, 90_000])),
    }
    if draw(st.booleans()):
        signals["alert_cut"] = draw(st.floats(0.0, 50.0))
    state = {"prudent": {"on": draw(st.booleans())}, "stale": {"on": draw(st.booleans())}}
    return {"now": "2026-02-03T12:00:00Z", "signals": signals, "state": state}


def outputs(name: str, inputs: dict[str, Any], confidence: float, previous: float | None) -> dict[str, Any]:
    signals = inputs["signals"] | {"confidence": confidence}
    state = inputs["state"] | ({} if previous is None else {"cap_daily": previous})
    return decide(name, inputs | {"signals": signals, "state": state}).outputs


@given(circumstances(), UNIT, UNIT, CAP)
def test_less_confidence_never_gives_a_larger_cap(
    inputs: dict[str, Any], one: float, other: float, previous: float | None
) -> None:
    less, more = sorted((one, other))
    caps = [outputs("execution-policy", inputs, confidence, previous)["cap_daily"] for confidence in (less, more)]
    assert caps[0] <= caps[1]


@given(circumstances(), UNIT, UNIT.map(lambda share: 1.0 + 49.0 * share), UNIT)
def test_a_cut_is_made_at_once(inputs: dict[str, Any], confidence: float, target: float, more: float) -> None:
    """Whatever was in force above the target leaves no trace in the cap."""
    signals = inputs["signals"] | {"confidence": confidence}
    asked = {"signals": signals, "target": target, "stale": inputs["state"]["stale"]["on"]}
    above = decide("smoothing", asked | {"previous": min(50.0, target + 50.0 * more)})
    assert above.outputs == decide("smoothing", asked).outputs
    assert above.outputs["cap_daily"] <= target


# What is refused: the case that shows it, and the rule and the words that name it there.
REFUSED = {
    "an unknown freeze": ("freeze/unknown-freeze", "unknown-row", "unknown freeze PANIC_FREEZE"),
    "an unknown operation": (
        "freeze/unknown-operation-without-a-freeze",
        "unknown-column",
        "unknown operation lending",
    ),
    "an unknown action": ("router/an-unknown-action", "route", "unknown_action"),
    "a symbol held both ways": ("router/held-both-ways", "route", "held_both_ways"),
    "an empty universe": ("universe/an-empty-universe", "missing", "quantum:policy:current missing or invalid"),
    "absent returns": ("correlation/no-returns-of-the-candidate", "unknown", "no returns of ETHUSDT"),
    "absent returns of a position": ("correlation/no-returns-of-a-position", "unknown", "positions without 20"),
    "absent market features": ("regime/no-features-at-all", "missing", "regime=UNKNOWN (missing)"),
    "zero equity": ("margin/zero-equity", "no-equity", "equity=$0.00"),
    "negative equity": ("margin/negative-equity", "no-equity", "equity=$-5.00"),
    "a score of zero": ("slots/a-candidate-with-a-score-of-zero", "unscored-candidate", "score"),
    "a position with a score of zero": (
        "slots/a-position-with-a-score-of-zero",
        "unscored-position",
        "without a score",
    ),
    "more open than slots": ("slots/over-by-one", "over", "slots=4/3, over by 1"),
    "an expansion of what is not held": (
        "slots/an-expansion-of-what-is-not-held",
        "expand-not-held",
        "not an expansion: ADAUSDT is not held",
    ),
}


@cache
def results(suite: str) -> dict[str, Any]:
    wanted = next(one for one in bundle().suites if one.name == suite)
    return {result.case.id: result for result in run_cases(wanted, machine())}


@pytest.mark.parametrize("name", REFUSED)
def test_each_has_its_own_reason(name: str) -> None:
    case, rule, words = REFUSED[name]
    suite, _, case_id = case.partition("/")
    result = results(f"{suite}-suite")[case_id]
    assert result.passed
    assert (result.decision.rule, words in result.decision.reason) == (rule, True), result.decision.reason
    assert (result.decision.effect == "block") == (suite != "regime"), "features that are missing lower the slots"


def test_no_two_share_a_reason() -> None:
    said = [
        results(f"{case.partition('/')[0]}-suite")[case.partition("/")[2]].decision.reason
        for case, *_ in REFUSED.values()
    ]
    assert len(set(said)) == len(said), said
