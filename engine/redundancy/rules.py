"""Rules that no case of a suite came to: whether any inputs do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from engine.conditions import ways
from engine.coverage import DocumentCover, RuleCover
from engine.policy import Machine
from engine.redundancy.bare import TARGET, asking_for, in_place
from engine.redundancy.finding import Finding
from engine.symbolic.moved import Moved, movable
from engine.symbolic.proving import PLACES, Answer, Patience, Problem, answered
from engine.symbolic.terms import Truth, conj
from rules.cel.expressions import Template
from rules.plan import Case, Plan, Row


def rules_in_vain(
    machine: Machine, cover: DocumentCover, declared: Mapping[str, str], patience: Patience
) -> Iterator[Finding]:
    """Of each rule, way or row of a policy that decided in no case: that it never can, or inputs with which it does.

    One that decided in a case, and is said to be unreachable, is told too.
    """
    plan = machine.bundle.plans[cover.name]
    for rule in cover.rules:
        if rule.times and rule.unreachable:
            why = "a case of its own suite reaches it"
            place = str(rule.span)
            yield Finding(plan.name, "rule", rule.id, place, "reached", declared=rule.unreachable, why=why)
        if not rule.times:
            why = rule.unreachable or declared.get(rule.id, "")
            found = Finding(plan.name, "rule", rule.id, str(rule.span), "unknown", declared=why)
            yield _reached(found, in_place(machine, asking_for(plan, _wanted(plan, rule))), patience)


def reached(machine: Machine, plan: Plan, wanted: Case, patience: Patience) -> Answer:
    """Whether a case can be the one that applies, with the parameters as published; if so, the plainest inputs."""
    moved = Moved(in_place(machine, asking_for(plan, wanted)), plan.name)
    found = _answer(moved, patience)
    if found.witness is None:
        return found
    return replace(found, witness=moved.plainest(found.witness, lambda one: one.rule == TARGET).inputs)


def _wanted(plan: Plan, rule: RuleCover) -> Case | Template | Row:
    """The part of a plan that a rule of its coverage is; of several that share a place, the first."""
    where = {(name, span.start): part for name, span, part in reversed([*ways(plan)])}
    other = {(row.id, row.span.start): row for row in plan.rows}
    return (where | {key: row for key, row in other.items() if key not in where})[rule.id, rule.span.start]


def _reached(rule: Finding, machine: Machine, patience: Patience) -> Finding:
    """Whether inputs reach it with the parameters published, and if not with any."""
    published = Moved(machine, rule.document)
    found = _answer(published, patience)
    if found.result == "unknown":
        return replace(rule, why=found.hard)
    if found.result == "possible":
        return _shown(rule, published, found)
    own = movable(published.plan, published.plans)
    if own:
        anywhere = Moved(machine, rule.document, own)
        with_others = _answer(anywhere, patience)
        if with_others.result == "possible":
            return replace(_shown(rule, anywhere, with_others), result="never as published")
        if with_others.result == "unknown":
            return replace(rule, why=f"never with the parameters as published; with others: {with_others.hard}")
        found = with_others
    return replace(rule, result="never", up_to=found.up_to)


def _shown(rule: Finding, moved: Moved, found: Answer) -> Finding:
    assert found.witness is not None
    shown = moved.plainest(found.witness, lambda one: one.rule == TARGET)
    return replace(rule, result="reached", inputs=shown.inputs, parameters=shown.parameters)


def _answer(moved: Moved, patience: Patience) -> Answer:
    return answered(_problems(moved), partial(_shows, moved), patience)


def _problems(moved: Moved) -> Iterator[tuple[int, Problem, Truth]]:
    for places in PLACES:
        problem, decided, required = moved.problem(places)
        yield places, problem, conj(required, decided.is_rule(TARGET))


def _shows(moved: Moved, found: Mapping[str, Any]) -> bool:
    decision = moved.decided(found)
    return decision is not None and decision.rule == TARGET
