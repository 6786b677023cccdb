"""Invariants: what a document lowers to, and what both readers say of it on given inputs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.columnar.reader import Reader
from engine.policy import Policy, compile_bundle
from rules.bundle import Bundle, load, read_content
from rules.invariants import Invariant
from rules.plan import reached_parameters
from tests.engine.shipped import STAMP, bundle
from tests.engine.small import HEADER, checked, rule_list, thing
from tests.oracles.agreement import compare

GATE = rule_list(
    "gate",
    """
    inputs: {thing: Thing, 'level?': Amount}
    parameters:
      most: {type: Amount, default: 10.0, min: 0.0, max: 100.0, description: d}
      each: {type: Amount, per: Word, default: {a: 1.0}, unlisted: 0.0, maxEntries: 4, max: 9.0, description: d}
    variables: {before: 'has(inputs.level) ? inputs.level : 0.0'}
    rules:
      - {id: high, when: thing.x > params.most, outcome: NO, reason: high}
      - {id: named, when: 'size(thing.items) == 9 && params.each["a"] > 3.0', outcome: NO, reason: named}
      - {id: lost, when: 1 / (thing.n - 3) > 5, outcome: NO, reason: lost}
    otherwise: {outcome: 'YES', reason: fine}
    outputs:
      level?: {type: Amount, value: thing.x + before, when: decision.effect == "allow"}
    """,
)
LIMITS = (
    f"{HEADER}kind: Library\nmetadata: {{name: limits, version: 1.0.0, title: t, owner: o}}\nspec:\n"
    "  parameters: {least: {type: Amount, default: 1.0, min: 0.0, max: 5.0, description: d}}\n"
)
ONCE = "forAll: {thing: Thing}\ndecisions: {gate: {policy: gate}}\n"
TWICE = (
    "forAll: {thing: Thing}\n"
    "decisions:\n  first: {policy: gate}\n  second: {policy: gate, with: {level: first.level}}\n"
)
PAIR = (
    "forAll: {thing: Thing, other: Thing}\n"
    "decisions:\n  one: {policy: gate}\n  two: {policy: gate, with: {thing: other}}\n"
)


def written(spec: str, name: str = "claim") -> str:
    body = "".join(f"  {line}\n" for line in spec.strip().splitlines())
    return f"{HEADER}kind: Invariant\nmetadata: {{name: {name}, version: 1.0.0, title: t, owner: o}}\nspec:\n{body}"


def checked_bundle(folder: Path, *documents: str) -> Bundle:
    found = checked(folder, GATE, LIMITS, *documents)
    assert found.bundle is not None, [d.message for d in found.diagnostics]
    return found.bundle


def lowered(folder: Path, spec: str) -> Invariant:
    (found,) = checked_bundle(folder, written(spec)).invariants
    return found


def deciding(bundle: Bundle, name: str = "claim") -> Policy:
    """The invariant of a bundle, compiled beside the policies."""
    plan = next(invariant.plan for invariant in bundle.invariants if invariant.name == name)
    return compile_bundle(replace(bundle, plans={**bundle.plans, name: plan})).policies[name]


# What it lowers to.


def test_the_cases_are_what_does_not_hold_in_order(tmp_path: Path) -> None:
    claims = """
given: [gate.effect == "allow", has(gate.level)]
holds:
  - {id: whole, that: gate.level >= thing.x, reason: 'level={gate.level:.1f}'}
  - {id: small, that: gate.level   <=   10.0}
"""
    plan = lowered(tmp_path, ONCE + claims).plan
    assert (plan.kind, plan.on_error, dict(plan.outcomes)) == (
        "Invariant", "REFUTED", {"NOT_GIVEN": "info", "HOLDS": "allow", "REFUTED": "block"},
    )  # fmt: skip
    assert [(case.id, case.outcome, case.text) for case in plan.all_cases] == [
        ("given-1", "NOT_GIVEN", '!(gate.effect == "allow")'),
        ("given-2", "NOT_GIVEN", "!(has(gate.level))"),
        ("whole", "REFUTED", "!(gate.level >= thing.x)"),
        ("small", "REFUTED", "!(gate.level <= 10.0)"),
        ("otherwise", "HOLDS", ""),
    ]
    assert (plan.outputs, plan.log, plan.ensures, plan.stages) == ((), (), (), ())
    assert [node.span.text.strip() for node in plan.written][:2] == ['gate.effect == "allow"', "has(gate.level)"]


@pytest.mark.parametrize(
    ("vary", "varied"),
    [
        ("", ()),
        ("vary: nothing\n", ()),
        ("vary: everything\n", ("least", "gate.most")),
        ("vary: [gate.most, least]\n", ("least", "gate.most")),
        ("vary: [gate.most]\n", ("gate.most",)),
    ],
)
def test_what_is_varied_is_named_as_suites_name_it(tmp_path: Path, vary: str, varied: tuple[str, ...]) -> None:
    claims = "uses: {limits: [least]}\nholds: [{id: any, that: gate.rule != string(params.least)}]\n"
    found = checked_bundle(tmp_path, written(ONCE + vary + claims))
    assert found.invariants[0].varied == varied
    reached = reached_parameters(found.invariants[0].plan, found.plans)
    assert list(reached) == ["least", "gate.most", "gate.each"]


# What it says of given inputs.

ALLOWED = "given: [has(gate.level)]\nholds: [{id: low, that: gate.level <= 2.0, reason: 'level={gate.level:.1f}'}]\n"
DECIDED: list[tuple[str, str, dict[str, Any], tuple[str, str | None, str]]] = [
    # what, the document, the inputs, outcome with rule and reason
    ("holds", ONCE + ALLOWED, {"thing": thing(x=1.5)}, ("HOLDS", "otherwise", "all that is claimed holds")),
    ("refuted", ONCE + ALLOWED, {"thing": thing(x=2.5)}, ("REFUTED", "low", "level=2.5")),
    ("not given", ONCE + ALLOWED, {"thing": thing(x=10.5)},
     ("NOT_GIVEN", "given-1", "does not hold: has(gate.level)")),
    ("a claim without a reason", ONCE + "holds: [{id: n, that: thing.n\n     > 9}]\n", {"thing": thing()},
     ("REFUTED", "n", "does not hold: thing.n > 9")),
    ("the first claim that fails", ONCE + "given: [gate.effect == 'allow']\nholds:\n  - {id: a, that: thing.n == 7}\n"
     "  - {id: b, that: thing.n == 8}\n  - {id: c, that: thing.n == 9}\n", {"thing": thing()},
     ("REFUTED", "b", "does not hold: thing.n == 8")),
    ("a policy that fails has decided", ONCE + "holds: [{id: passes, that: gate.rule != 'error'}]\n",
     {"thing": thing(n=3)}, ("REFUTED", "passes", "does not hold: gate.rule != 'error'")),
    ("what cannot be evaluated", ONCE + "given: [gate.rule != 'a']\nholds: [{id: n, that: 1 / (thing.n - 7) > 0}]\n",
     {"thing": thing()}, ("REFUTED", "n", "rule `n` failed: division by zero in `1 / (thing.n - 7)`")),
    ("state is handed on", TWICE + "given: [has(first.level), has(second.level)]\n"
     "holds: [{id: grows, that: second.level == first.level + thing.x && second.level < 5.0}]\n",
     {"thing": thing(x=2.0)}, ("HOLDS", "otherwise", "all that is claimed holds")),
    ("two of one type", PAIR + "given: [thing.x <= other.x, two.effect == 'allow']\n"
     "holds: [{id: less, that: one.effect == 'allow'}]\n", {"thing": thing(x=2.0), "other": thing(x=3.0)},
     ("HOLDS", "otherwise", "all that is claimed holds")),
    ("two of one type, of which one is too high", PAIR + "holds: [{id: same, that: one.effect == two.effect}]\n",
     {"thing": thing(x=2.0), "other": thing(x=11.0)}, ("REFUTED", "same", "does not hold: one.effect == two.effect")),
    ("a variable", ONCE + "variables: {twice: thing.x * 2.0}\n"
     "holds: [{id: v, that: twice == 3.0 || gate.rule == ''}]\n",
     {"thing": thing()}, ("HOLDS", "otherwise", "all that is claimed holds")),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "inputs", "wanted"), [row[1:] for row in DECIDED], ids=[row[0] for row in DECIDED])
def test_both_readers_say_so(
    tmp_path: Path, spec: str, inputs: dict[str, Any], wanted: tuple[str, str | None, str]
) -> None:
    found = deciding(checked_bundle(tmp_path, written(spec)))
    made = found.decide_json(json.dumps(inputs), STAMP)
    assert (made.outcome, made.rule, made.reason) == wanted
    ended: Counter[str] = Counter()
    assert list(compare(Reader(found), [found.decoder.decode(json.dumps(inputs))], ended)) == []


def test_parameters_of_the_policies_it_asks_can_be_moved(tmp_path: Path) -> None:
    found = deciding(checked_bundle(tmp_path, written(ONCE + ALLOWED)))
    inputs = json.dumps({"thing": thing(x=1.5)})
    assert found.with_parameters({"gate.most": 1.0}).decide_json(inputs, STAMP).outcome == "NOT_GIVEN"


# What it is to the bundle.


def test_it_is_no_part_of_what_decides(tmp_path: Path) -> None:
    without = checked_bundle(tmp_path)
    found = checked_bundle(tmp_path, written(ONCE + ALLOWED))
    assert (found.digest, found.content, list(found.plans)) == (without.digest, without.content, list(without.plans))
    kept = read_content(found.content).bundle
    assert kept is not None
    assert kept.invariants == ()
    without_suites = load(tmp_path, with_suites=False).bundle
    assert without_suites is not None
    assert (without_suites.invariants, without_suites.digest) == ((), found.digest)


def test_an_overlay_replaces_an_invariant(tmp_path: Path) -> None:
    below, above = tmp_path / "below", tmp_path / "above"
    below.mkdir()
    above.mkdir()
    checked_bundle(below, written(ONCE + ALLOWED), written(ONCE + ALLOWED, "other"))
    head = f"{HEADER}kind: Bundle\nmetadata: {{name: small, version: 1.0.0, title: t, owner: o}}\n"
    (above / "bundle.yaml").write_text(f'{head}spec: {{includes: ["a.yaml"], overlay: ../below}}\n', "utf-8")
    (above / "a.yaml").write_text(written(ONCE + "holds: [{id: mine, that: gate.rule != 'x'}]\n"), "utf-8")
    found = load(above).bundle
    assert found is not None
    assert {one.name: [case.id for case in one.plan.cases] for one in found.invariants} == {
        "other": ["given-1", "low"],
        "claim": ["mine"],
    }


def test_the_shipped_invariants_are_of_the_bundle() -> None:
    (caps,) = (one for one in bundle().invariants if one.name == "capital-caps")
    assert caps.varied == ("max_exposure_total", "max_exposure_per_symbol")
    assert [case.id for case in caps.plan.cases] == ["given-1", "given-2", "symbol-cap", "total-cap"]
