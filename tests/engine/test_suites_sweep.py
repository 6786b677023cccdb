"""Sweeps leave out each fact once; stages are held against what each step decided."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.suites import run_suite
from rules.sweeps import facts_of
from tests.engine.shipped import bundle
from tests.engine.small import HEADER, machine_of, rule_list

FIXTURE = (
    "{thing: {x: 2.0, n: 1, wide: 1.0, nothing: null, items: [{name: a, amount: 1.0, count: 1}], more: [], "
    'prices: {BTC: 1.0}, when: "2026-01-01T00:00:00Z", wait: 1s}}'
)
FACTS = [
    *("thing", "thing.x", "thing.n", "thing.wide", "thing.nothing", "thing.items"),
    *("thing.items.0.name", "thing.items.0.amount", "thing.items.0.count"),
    *("thing.more", "thing.prices", "thing.when", "thing.wait"),
]
POLICY = rule_list(
    "small",
    """
    inputs: {thing: Thing}
    rules:
      - {id: low, when: thing.x < 1.0, outcome: NO, reason: low}
      - {id: lost, when: thing.n == 3 && thing.x / (thing.x - thing.x) > 1.0, outcome: NO, reason: lost}
    otherwise: {outcome: YES, reason: fine}
    """,
)


def suite(policy: str, rest: str, fixture: str = FIXTURE) -> str:
    return (
        f"{HEADER}kind: Suite\nmetadata: {{name: {policy}-suite, version: 1.0.0, title: t, owner: o}}\n"
        f"spec:\n  policy: {policy}\n  given: base\n  fixtures:\n    base: {fixture}\n{rest}"
    )


def results(folder: Path, sweep: str) -> dict[str, list[str]]:
    """The cases that a sweep comes to, each with what did not come out."""
    rest = f"  cases: [{{id: one, expect: {{outcome: 'YES'}}}}]\n  sweeps: [{{id: less, {sweep}}}]\n"
    machine = machine_of(folder, POLICY, suite("small", rest))
    found = run_suite(machine.bundle.suites[0], machine).results[1:]
    return {one.case.id.removeprefix("less/"): [m.what for m in one.mismatches] for one in found}


BLOCKS = "expect: {effect: block, error: is absent}"
SWEEPS: list[tuple[str, str, list[str], list[str]]] = [
    ("every fact is left out once", BLOCKS, FACTS, []),
    ("only some", f"of: [thing.items, thing.n], {BLOCKS}", ["thing.n", *FACTS[5:9]], []),
    ("what is set is a fact", f"set: {{thing.maybe: 1.0}}, of: [thing.maybe], {BLOCKS}", ["thing.maybe"],
     ["thing.maybe"]),
    ("what may be absent is told", f"set: {{thing.maybe: 1.0}}, of: [thing.maybe], {BLOCKS}, "
     "instead: {thing.maybe: {outcome: 'YES'}}", ["thing.maybe"], []),
    ("parameters and expectations are its own", "of: [thing.x], expect: {outcome: 'YES'}", ["thing.x"], ["thing.x"]),
]  # fmt: skip


@pytest.mark.parametrize(("sweep", "facts", "failing"), [s[1:] for s in SWEEPS], ids=[s[0] for s in SWEEPS])
def test_sweeps(tmp_path: Path, sweep: str, facts: list[str], failing: list[str]) -> None:
    found = results(tmp_path, sweep)
    assert list(found) == facts
    assert [name for name, mismatches in found.items() if mismatches] == failing


def test_a_fact_left_out_is_that_one_alone() -> None:
    """The gate's sweep covers each required field of each of its facts, as the types have them."""
    gate = bundle().plans["open-position"]
    cases = {case.id: case for suite in bundle().suites if suite.policy == gate.name for case in suite.cases}
    swept = [case for name, case in cases.items() if name.startswith("nothing-opens-without/")]
    whole = set(facts_of(cases["position-size"].inputs, gate.inputs))
    for case in swept:
        left_out = tuple(case.id.partition("/")[2].split("."))
        lacking = {path for path in whole if path[: len(left_out)] == left_out}
        assert whole - set(facts_of(case.inputs, gate.inputs)) == lacking, case.id
    assert len(swept) == len(whole)


# Stages.

INNER = f"""{HEADER}kind: Pipeline
metadata: {{name: inner, version: 1.0.0, title: t, owner: o}}
spec:
  inputs: {{thing: Thing}}
  outcomes: {{GOOD: {{effect: allow}}, BROKEN: {{effect: block}}}}
  steps: [{{id: again, policy: small}}]
  otherwise: {{outcome: GOOD, reason: good}}
  onError: BROKEN
"""
OUTER = f"""{HEADER}kind: Pipeline
metadata: {{name: outer, version: 1.0.0, title: t, owner: o}}
spec:
  inputs: {{thing: Thing}}
  outcomes: {{SENT: {{effect: allow}}, HELD: {{effect: block}}}}
  steps:
    - {{id: first, policy: small}}
    - {{id: second, policy: inner, if: thing.n > 1}}
  otherwise: {{outcome: SENT, reason: sent}}
  onError: HELD
"""
STAGES: list[tuple[str, list[str]]] = [
    ("expect: {stages: {first: 'YES', second: null, second.again: null}}", []),
    ("expect: {stages: {first: 'NO'}}", ["stages.first.outcome"]),
    ("expect: {stages: {first: null}}", ["stages.first"]),
    ("expect: {stages: {second: GOOD}}", ["stages.second"]),
    ("expect: {stages: {second.again: 'YES'}}", ["stages.second.again"]),
    ("set: {thing.n: 2}, expect: {stages: {second: GOOD, second.again: {rule: otherwise, reason: fine}}}", []),
    ("set: {thing.n: 2}, expect: {stages: {second.again: {effect: block, rule: low, reason: low}}}",
     ["stages.second.again.effect", "stages.second.again.rule", "stages.second.again.reason"]),
    ("set: {thing.n: 3}, expect: {outcome: ERROR, stages: {second: ERROR, second.again: ERROR}}", []),
    ("set: {thing.x: high}, expect: {error: high, stages: {first: 'YES'}}", ["stages.first"]),
]  # fmt: skip


@pytest.mark.parametrize(("case", "wanted"), STAGES)
def test_stages(tmp_path: Path, case: str, wanted: list[str]) -> None:
    machine = machine_of(tmp_path, POLICY, INNER, OUTER, suite("outer", f"  cases: [{{id: one, {case}}}]\n"))
    (found,) = run_suite(machine.bundle.suites[0], machine).results
    assert [mismatch.what for mismatch in found.mismatches] == wanted
