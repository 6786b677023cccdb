"""What is collected: findings in the order of the rules, conditions that fail, reasons that cannot be written."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.columnar.reader import Reader
from engine.decision import Decision
from engine.policy import Machine
from tests.engine.shipped import STAMP
from tests.engine.small import machine_of, rule_list, thing
from tests.oracles.agreement import compare

FAILS = "1 / (thing.n - thing.n) > 0"
RULES = {
    "few": "{id: few, when: thing.n < 9, reason: 'n={thing.n}', finding: {amount: thing.x, side: LONG}}",
    "fails": f"{{id: fails, when: '{FAILS}', reason: never, finding: {{amount: 1.0, side: SHORT}}}}",
    "mute": "{id: mute, when: thing.n < 9, reason: '{1 / (thing.n - thing.n)}', finding: {amount: 2.0, side: SHORT}}",
    "some": "{id: some, when: has(thing.maybe), reason: '{thing.maybe:.1f}', finding: "
    '{amount: 3.0, side: \'thing.n > 5 ? "LONG" : "SHORT"\', score: thing.maybe}}',
    "huge": "{id: huge, when: thing.n < 9, reason: huge, finding: {amount: thing.wide, side: LONG}}",
}


def collecting(folder: Path, names: list[str], beside: str = "") -> Machine:
    rules = "\n".join(f"  - {RULES[name]}" for name in names)
    body = f"""
inputs: {{thing: Thing}}
hitPolicy: collect
finding: Note
rules:
{rules}
conclude:
  rules: [{{id: some-found, when: size(findings) > 0, outcome: NO, reason: '{{size(findings)}} found'}}]
  otherwise: {{outcome: YES, reason: nothing found}}
outputs: {{findings: {{type: {{list: Note, maxItems: 3}}, value: findings}}}}
{beside}"""
    caller = """
inputs: {thing: Thing}
calls: {asked: {policy: small}}
variables: {short: 'has(asked.findings) && asked.findings.exists(f, f.side == "SHORT")'}
rules: [{id: sure, when: short, outcome: NO, reason: short}]
otherwise: {outcome: YES, reason: fine}
outputs:
  worst?:
    type: double
    value: asked.findings.map(f, f.amount).max()
    when: has(asked.findings) && size(asked.findings) > 0
  findings?: {type: {list: Note, maxItems: 3}, value: asked.findings, when: has(asked.findings)}
"""
    return machine_of(folder, rule_list("small", body), rule_list("caller", caller))


def decide(machine: Machine, policy: str = "small", **changed: Any) -> Decision:
    """The decision of both readers."""
    found = machine.policies[policy]
    decoded = found.decoder.decode(json.dumps({"thing": thing(**changed)}))
    assert not list(compare(Reader(found), [decoded], Counter()))
    return found.decide(decoded, STAMP)


def test_findings_come_in_the_order_of_the_rules(tmp_path: Path) -> None:
    machine = collecting(tmp_path, ["some", "few"])
    few = {"rule": "few", "reason": "n=7", "amount": 1.5, "side": "LONG"}
    some = {"rule": "some", "reason": "4.0", "amount": 3.0, "side": "LONG", "score": 4.0}
    assert decide(machine, maybe=4.0).outputs["findings"] == [some, few]
    assert decide(machine).outputs["findings"] == [few]
    nothing = decide(machine, n=9)
    assert (nothing.outcome, nothing.outputs["findings"]) == ("YES", [])


def test_a_caller_reads_and_passes_on_what_was_found(tmp_path: Path) -> None:
    machine = collecting(tmp_path, ["few", "mute"])
    found = decide(machine, "caller")
    assert (found.rule, found.outputs["worst"]) == ("sure", 2.0)
    assert found.outputs["findings"] == decide(machine).outputs["findings"]


def test_a_condition_that_fails_fails_the_decision(tmp_path: Path) -> None:
    failed = decide(collecting(tmp_path, ["few", "fails"]))
    assert failed.error is not None
    assert (failed.error.code, failed.rule, failed.effect) == ("division-by-zero", "some-found", "block")


def test_a_condition_that_fails_may_be_a_finding(tmp_path: Path) -> None:
    machine = collecting(tmp_path, ["few", "fails"], "onRuleError: {amount: 9.0, side: LONG}")
    found = decide(machine)
    assert found.outputs["findings"][1] == {
        "rule": "fails",
        "reason": "the condition failed",
        "amount": 9.0,
        "side": "LONG",
    }
    assert found.reason == "2 found"


def test_a_reason_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (mute,) = decide(collecting(tmp_path, ["mute"])).outputs["findings"]
    assert mute["reason"] == "the reason could not be written"


@pytest.mark.parametrize("beside", ["", "onRuleError: {amount: 9.0, side: LONG}"])
def test_a_field_outside_its_type_fails_the_decision(tmp_path: Path, beside: str) -> None:
    failed = decide(collecting(tmp_path, ["few", "huge"], beside))
    assert failed.error is not None
    assert failed.error.code == "out-of-range"
