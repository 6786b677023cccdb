"""Decisions that ask other policies: what binds, what is absent, and what a failed callee means."""

from __future__ import annotations

import json
from pathlib import Path

from engine.policy import Policy
from tests.engine.shipped import STAMP
from tests.engine.small import checked, machine_of, rule_list, thing

CALLEE = rule_list(
    "callee",
    """
    inputs:
      thing: Thing
      factor: {type: double, minimum: 0.0, maximum: 10.0, default: 2.0}
      bonus?: Amount
    rules:
      - {id: bad, when: thing.x / (thing.x - 3.0) > 1.0e9, outcome: NO, reason: large}
      - {id: low, when: thing.x * factor < 1.0, outcome: NO, reason: low}
    otherwise: {outcome: YES, reason: 'x={thing.x:.1f}'}
    outputs:
      scaled: {type: Amount, value: thing.x * factor}
      extra?: {type: Amount, value: inputs.bonus, when: has(inputs.bonus)}
    """,
)


def caller(folder: Path, body: str) -> Policy:
    return machine_of(folder, CALLEE, rule_list("caller", body)).policies["caller"]


def decided(policy: Policy, **changed: object):  # type: ignore[no-untyped-def]
    return policy.decide_json(json.dumps({"thing": thing(**changed)}), STAMP)


SHOWS = """
    inputs: {thing: Thing}
    calls:
      asked: {policy: callee, with: {bonus: thing.x * 3.0}}
      plain: {policy: callee}
    rules:
      - {id: refused, when: asked.effect == "block", outcome: NO, reason: '{asked.outcome}/{asked.rule}/{asked.reason}'}
    otherwise:
      outcome: YES
      reason: '{asked.reason} {asked.scaled:.1f} {has(asked.extra) ? asked.extra : 0.0:.1f} {has(plain.extra)}'
    """


def test_results_of_a_call(tmp_path: Path) -> None:
    policy = caller(tmp_path, SHOWS)
    assert decided(policy).reason == "x=1.5 3.0 4.5 false"
    assert decided(policy, x=0.1).reason == "NO/low/low"


def test_a_failed_callee_is_a_block_without_outputs(tmp_path: Path) -> None:
    found = decided(caller(tmp_path, SHOWS), x=3.0)
    assert found.outcome == "NO"
    assert found.reason.startswith("ERROR/error/")


def test_reading_an_output_of_a_failed_callee_fails_closed(tmp_path: Path) -> None:
    body = """
        inputs: {thing: Thing}
        calls: {asked: {policy: callee}}
        rules: [{id: big, when: asked.scaled > 100.0, outcome: NO, reason: big}]
        otherwise: {outcome: YES, reason: fine}
        """
    policy = caller(tmp_path, body)
    assert decided(policy).outcome == "YES"
    found = decided(policy, x=3.0)
    assert (found.outcome, found.rule) == ("ERROR", "big")
    assert found.error is not None
    assert found.error.code == "call-failed"


def test_an_argument_outside_the_callees_type_fails_closed(tmp_path: Path) -> None:
    body = """
        inputs: {thing: Thing}
        calls: {asked: {policy: callee, with: {factor: thing.x * 4.0}}}
        rules: [{id: big, when: asked.scaled > 100.0, outcome: NO, reason: big}]
        otherwise: {outcome: YES, reason: fine}
        """
    policy = caller(tmp_path, body)
    assert decided(policy).outcome == "YES"
    found = decided(policy, x=2.75)
    assert found.outcome == "ERROR"
    assert found.error is not None
    assert found.error.code == "out-of-range"


def test_an_argument_that_fails_does_so_only_when_the_call_is_needed(tmp_path: Path) -> None:
    body = """
        inputs: {thing: Thing}
        calls: {asked: {policy: callee, with: {factor: thing.x / (thing.x - 1.5)}}}
        rules:
          - {id: early, when: thing.n > 100, outcome: YES, reason: not asked}
          - {id: big, when: asked.scaled > 100.0, outcome: NO, reason: big}
        otherwise: {outcome: YES, reason: fine}
        """
    policy = caller(tmp_path, body)
    assert decided(policy, n=101).outcome == "YES"
    found = decided(policy)
    assert (found.outcome, found.rule) == ("ERROR", "big")


def test_null_passes_on_as_absent(tmp_path: Path) -> None:
    body = """
        inputs: {thing: Thing, bonus: Amount | null}
        calls: {asked: {policy: callee}}
        rules: [{id: none, when: '!has(asked.extra)', outcome: NO, reason: no bonus}]
        otherwise: {outcome: YES, reason: '{has(asked.extra) ? asked.extra : 0.0:.1f}'}
        """
    policy = caller(tmp_path, body)
    for given, wanted in ((None, "no bonus"), (2.5, "2.5")):
        found = policy.decide_json(json.dumps({"thing": thing(), "bonus": given}), STAMP)
        assert found.reason == wanted


def test_outputs_outside_their_type_fail_closed(tmp_path: Path) -> None:
    body = """
        inputs: {thing: Thing}
        rules: [{id: no, when: thing.x < -1.0e6, outcome: NO, reason: no}]
        otherwise: {outcome: YES, reason: fine}
        outputs: {half: {type: {type: double, minimum: 0.0, maximum: 1.0}, value: thing.x / 2.0}}
        """
    policy = machine_of(tmp_path, rule_list("small", body)).policies["small"]
    assert decided(policy).outputs == {"half": 0.75}
    found = decided(policy, x=4.0)
    assert found.outcome == "ERROR"
    assert found.error is not None
    assert found.error.code == "out-of-range"


def test_ensures_fail_closed(tmp_path: Path) -> None:
    body = """
        inputs: {thing: Thing}
        rules: [{id: no, when: thing.x < -1.0e6, outcome: NO, reason: no}]
        otherwise: {outcome: YES, reason: fine}
        ensures: [{id: small, that: decision.effect == "block" || thing.x < 3.0}]
        """
    policy = machine_of(tmp_path, rule_list("small", body)).policies["small"]
    assert decided(policy).outcome == "YES"
    found = decided(policy, x=3.0)
    assert (found.outcome, found.effect) == ("ERROR", "block")
    assert found.error is not None
    assert found.error.code == "ensures"


def test_no_warning_that_a_test_of_a_failed_call_is_idle(tmp_path: Path) -> None:
    body = """
    inputs: {thing: Thing}
    calls: {asked: {policy: callee, with: {bonus: thing.x * 3.0}}}
    rules:
      - {id: there, when: has(asked.scaled), outcome: NO, reason: r}
      - {id: first, when: 'has(thing.items[0].name)', outcome: NO, reason: r}
      - {id: idle, when: has(thing.x), outcome: NO, reason: r}
    otherwise: {outcome: YES, reason: r}
    """
    found = checked(tmp_path, CALLEE, rule_list("caller", body)).diagnostics
    assert [(d.code, d.span.text) for d in found] == [("cel-has-always", "has(thing.x)")]
