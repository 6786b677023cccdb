"""Rows of a table that apply together, and inputs that no row admits, each with an example found by proof.

Where either is forbidden the checker proves it, of cells that test a column; here cells may be anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import reduce
from itertools import combinations
from typing import Any

from engine.policy import Machine
from engine.redundancy.bare import TARGET, bare, in_place
from engine.redundancy.finding import Finding, Result
from engine.redundancy.rules import reached
from engine.symbolic.moved import Moved
from engine.symbolic.plainer import plainer
from engine.symbolic.proving import PLACES, Patience, Problem, answered
from engine.symbolic.terms import Truth, conj
from rules.cel import presence
from rules.cel.expressions import Template
from rules.cel.tree import Has, Logic, Node
from rules.plan import Alternative, Case, Plan

TABLES = frozenset({"DecisionTable", "RoutingMap"})


def of_table(machine: Machine, name: str, patience: Patience) -> Iterator[Finding]:
    """Each pair of rows that apply to the same inputs, or of which this is not known, and then a gap."""
    yield from _overlaps(machine, name, patience)
    plan = machine.bundle.plans[name]
    found = reached(machine, plan, plan.otherwise, patience)
    if found.result != "impossible":
        result: Result = "gap" if found.result == "possible" else "unknown"
        place = str(plan.otherwise.span)
        yield Finding(name, "table", "otherwise", place, result, inputs=found.witness, why=found.hard)


def _overlaps(machine: Machine, name: str, patience: Patience) -> Iterator[Finding]:
    plan = machine.bundle.plans[name]
    alone = {case.id: _alone(machine, plan, case) for case in plan.cases}
    for first, second in combinations(plan.cases, 2):
        found = _together(alone[first.id], alone[second.id], patience)
        if found is not None:
            result, inputs, why = found
            both = f"{first.id}, {second.id}"
            yield Finding(name, "table", both, str(second.span), result, inputs=inputs, why=why)


def _alone(machine: Machine, plan: Plan, case: Case) -> Moved:
    """A table of one row, which applies where what it asks about is there: rows above it may have seen to that."""
    assert case.when is not None
    there = [need.node for need in presence.needs(case.when, presence.NONE)]
    only = replace(case, id=TARGET)
    if there:
        guards: list[Node] = [Has(node, case.span) for node in there]
        guard = reduce(lambda one, other: Logic("&&", one, other, case.span), guards)
        told = Template(("",), case.span)
        only = replace(only, when=guard, alternatives=(Alternative(case.when, told),))
    return Moved(in_place(machine, bare(plan, (only,), plan.otherwise)), plan.name)


def _together(one: Moved, other: Moved, patience: Patience) -> tuple[Result, dict[str, Any] | None, str] | None:
    """Inputs to which two tables of one row both apply, or that nothing is known of any; None where there are none."""

    def problems() -> Iterator[tuple[int, Problem, Truth]]:
        for places in PLACES:
            problem, decided, _ = one.problem(places)
            second, _ = other.beside(problem)
            yield places, problem, conj(decided.is_rule(TARGET), second.is_rule(TARGET))

    def shows(found: Mapping[str, Any]) -> bool:
        both = one.decided(found), other.decided(found)
        return all(decision is not None and decision.rule == TARGET for decision in both)

    answer = answered(problems(), shows, patience)
    if answer.result == "possible" and answer.witness is not None:
        return "overlap", plainer(answer.witness, shows), ""
    return None if answer.result == "impossible" else ("unknown", None, answer.hard)
