"""The statistics of the active positions, beside plain counting over the oracle's verdicts."""

from __future__ import annotations

import json
from collections import Counter

import msgspec

from engine.statistics import COUNTERS, CurrentState, Statistics, statistics
from tests.engine.shipped import STAMP, policy
from tests.oracles.active_inputs import active_inputs
from tests.oracles.active_positions import decide_active_positions

SEED_KEYS = [
    *("total_decisions", "allows", "slots_full_blocks", "no_policy_blocks", "correlation_blocks", "margin_blocks"),
    *("rotations_triggered", "current_state"),
]
STATE_KEYS = [
    *("desired_slots", "open_positions_count", "available_slots", "regime", "regime_confidence"),
    *("total_margin_usage_pct", "policy_available"),
]


def test_they_count_what_was_decided() -> None:
    facts = list(active_inputs(600, 5))
    decided = [policy("active-positions").decide_json(json.dumps(one), STAMP) for one in facts]
    wanted = [decide_active_positions(one) for one in facts]
    found = statistics(decided)
    outcomes = Counter(one["outcome"] for one in wanted)
    assert found.total_decisions == len(facts)
    assert found.allows == outcomes["ALLOW"]
    assert {name: getattr(found, counter) for name, counter in COUNTERS.items()} == {
        name: outcomes[name] for name in COUNTERS
    }
    assert min(outcomes[name] for name in COUNTERS) > 0
    assert found.other_blocks == 0
    last, state = wanted[-1], found.current_state
    assert (state.desired_slots, state.open_positions_count, state.available_slots) == (
        last["desired"],
        last["open"],
        last["available"],
    )
    assert (state.regime, state.regime_confidence) == (last["regime"], last["regime_confidence"])
    assert state.total_margin_usage_pct == last["usage_pct"]


def test_they_read_as_the_seed_writes_them() -> None:
    told = msgspec.to_builtins(Statistics())
    assert [key for key in told if key != "other_blocks"] == SEED_KEYS
    assert list(told["current_state"]) == STATE_KEYS
    assert told["current_state"]["policy_available"] is False


def test_a_missing_universe_is_no_policy_and_an_unlisted_symbol_is() -> None:
    facts = next(one for one in active_inputs(200, 5) if decide_active_positions(one)["outcome"] == "ALLOW")
    states: list[CurrentState] = []
    universes: list[dict[str, list[str]]] = [{}, {"symbols": []}, {"symbols": ["ZZZUSDT"]}, facts["universe"]]
    for universe in universes:
        decision = policy("active-positions").decide_json(json.dumps({**facts, "universe": universe}), STAMP)
        states.append(statistics([decision]).current_state)
    assert [state.policy_available for state in states] == [False, False, True, True]


def test_a_decision_that_failed_is_another_block() -> None:
    found = statistics([policy("active-positions").decide_json("{}", STAMP)])
    assert (found.total_decisions, found.other_blocks, found.current_state) == (1, 1, CurrentState())
