"""What a latch does besides what the shipped ones need: directions, sides, errors, no clock, outputs of its own."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.columnar.reader import Reader
from engine.decision import Decision
from engine.policy import Policy
from tests.engine.shipped import STAMP
from tests.engine.small import HEADER, machine_of, thing
from tests.oracles.agreement import compare

SPEC = """
  inputs:
    now: timestamp
    thing: Thing
    state?: LatchState
  reading: thing.maybe
  on: reading > 10.0
  off: reading < 5.0
  safe: true
  consecutive: {on: 2, off: 1}
  dwell: {on: 0s, off: 10m}
  outcomes: {ON: {effect: info}, OFF: {effect: info}, ERROR: {effect: block}}
  onError: ERROR
"""
OUTPUT = "outputs: {cap: {type: double, value: 'on ? 1.0 : 2.0'}}\n  onError"
OFF: dict[str, Any] = {"on": False, "recent": []}
FAILING = SPEC.replace("reading > 10.0", "reading / (thing.x - thing.x) > 10.0")
SAFE_OFF = SPEC.replace("safe: true", "safe: false")
NO_CLOCK = SPEC.replace("    now: timestamp\n", "").replace("  dwell: {on: 0s, off: 10m}\n", "")
HELD = SPEC.replace("state?: LatchState", "state: LatchState").replace("thing.maybe", "thing.x * 8.0")


def latch(folder: Path, spec: str) -> Policy:
    header = f"{HEADER}kind: Latch\nmetadata: {{name: latch, version: 1.0.0, title: t, owner: o}}\nspec:"
    return machine_of(folder, header + spec).policies["latch"]


def found(policy: Policy, minute: int, reading: float | None, state: dict[str, Any] | None) -> Decision:
    """The decision of both readers."""
    given: dict[str, Any] = {"thing": thing(**({} if reading is None else {"maybe": reading}))}
    given |= {} if state is None else {"state": state}
    if any(f.name == "now" for f in policy.plan.inputs):
        given |= {"now": f"2026-02-03T12:{minute:02}:00Z"}
    decoded = policy.decoder.decode(json.dumps(given))
    assert not list(compare(Reader(policy), [decoded], Counter()))
    return policy.decide(decoded, STAMP)


Step = tuple[int, float | None, str, bool]
SEQUENCES: dict[str, tuple[str, dict[str, Any] | None, list[Step]]] = {
    "two readings on, one off after a rest": (
        SPEC,
        OFF,
        [
            (0, 11.0, "otherwise", False),
            (1, 11.0, "switched-on", True),
            (2, 4.0, "on", True),
            (10, 4.0, "on", True),
            (11, 4.0, "switched-off", False),
        ],
    ),
    "a reading in between starts the count anew": (
        SPEC,
        OFF,
        [(0, 11.0, "otherwise", False), (1, 7.0, "otherwise", False), (2, 11.0, "otherwise", False)],
    ),
    "no state is the safe side, without a rest": (SPEC, None, [(0, 4.0, "switched-off", False)]),
    "no state is as said": (
        SPEC.replace("safe: true", "safe: true\n  initial: false"),
        None,
        [(0, 4.0, "otherwise", False)],
    ),
    "no reading switches to the safe side at once": (
        SPEC,
        OFF,
        [(0, 11.0, "otherwise", False), (1, None, "no-reading", True), (2, None, "no-reading", True)],
    ),
    "the safe side may be off": (SAFE_OFF, {"on": True, "recent": [True]}, [(0, None, "no-reading", False)]),
    "a condition that fails": (FAILING, OFF, [(0, 11.0, "condition-failed", True), (1, 11.0, "on", True)]),
    "the condition of the other side is not asked": (FAILING, {"on": True, "recent": []}, [(0, 7.0, "on", True)]),
    "no clock, so no rest": (NO_CLOCK, OFF, [(0, 11.0, "otherwise", False), (0, 11.0, "switched-on", True)]),
    "a reading that is computed, and a state that must be given": (
        HELD,
        OFF,
        [(0, None, "otherwise", False), (1, None, "switched-on", True)],
    ),
}


@pytest.mark.parametrize(("spec", "state", "steps"), SEQUENCES.values(), ids=SEQUENCES)
def test_sequences(tmp_path: Path, spec: str, state: dict[str, Any] | None, steps: list[Step]) -> None:
    policy = latch(tmp_path, spec)
    for minute, reading, rule, on in steps:
        decision = found(policy, minute, reading, state)
        before = decision.outputs["changed"]
        assert (decision.rule, decision.outputs["on"], decision.outcome) == (rule, on, "ON" if on else "OFF")
        assert before == (on != (spec.count("initial: false") == 0 if state is None else state["on"]))
        state = decision.outputs["state"]


def test_a_change_is_dated_and_clears_the_readings(tmp_path: Path) -> None:
    state = found(latch(tmp_path, SPEC), 1, 11.0, {"on": False, "recent": [True]}).outputs["state"]
    assert state == {"on": True, "since": "2026-02-03T12:01:00Z", "recent": []}
    untimed = found(latch(tmp_path, NO_CLOCK), 1, 11.0, {"on": False, "recent": [True]}).outputs["state"]
    assert untimed == {"on": True, "recent": []}


def test_outputs_read_the_side(tmp_path: Path) -> None:
    policy = latch(tmp_path, SPEC.replace("onError", OUTPUT))
    assert found(policy, 0, 4.0, OFF).outputs["cap"] == 2.0
    assert found(policy, 0, None, OFF).outputs["cap"] == 1.0
