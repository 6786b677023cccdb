"""Conditions that could be left out: without them all inputs are decided alike, and by the same rule.

What is left out is an operand of `&&` or `||`, or a cell of a table. One that a suite, or inputs near its cases, show
to decide something is not proved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from engine.decision import Decision
from engine.mutation.alike import told_apart_by
from engine.mutation.changed import compiled, noticed
from engine.mutation.nearby import differ, told_apart
from engine.policy import Machine
from engine.redundancy.finding import Finding
from engine.symbolic.differing import where_rules_differ
from engine.symbolic.moved import Moved, movable
from engine.symbolic.proving import PLACES, Answer, Patience, Problem, answered
from engine.symbolic.terms import Truth, conj
from rules.mutation.mutant import Mutant
from rules.mutation.replaced import replaced
from rules.plan import Plan


def condition_in_vain(
    machine: Machine, mutant: Mutant, text: str, declared: Mapping[str, str], patience: Patience
) -> Finding | None:
    """Of a condition that is left out: that nothing rests on it, or that this is not known; None where something does.

    `text` is that of the document without it.
    """
    changed = replaced(machine.bundle, mutant.document, text)
    without = None if changed is None else compiled(machine, changed)
    if changed is None or without is None:
        return None  # the document does not check without it
    if noticed(machine.bundle.suites, without, changed.policies) is not None:
        return None
    found = Finding(
        mutant.document, "condition", mutant.left_out, mutant.place, "idle", declared=declared.get(mutant.left_out, "")
    )
    for policy in changed.own:
        answer = _answer(machine, without, policy, changed.policies, patience)
        if answer.result == "possible":
            return None
        if answer.result == "unknown":
            return replace(found, result="unknown", why=answer.hard)
        if answer.hard:
            found = replace(found, result="idle as published", why=answer.hard)
        bounds = [one for one in (found.up_to, answer.up_to) if one is not None]
        found = replace(found, up_to=min(bounds, default=None))
    return found


def _answer(old: Machine, new: Machine, policy: str, changed: tuple[str, ...], patience: Patience) -> Answer:
    """Whether any inputs are decided otherwise or by another rule, first with parameters as published.

    Where it is not known of other parameters, the answer says why.
    """
    if next(told_apart(policy, old, new, apart=otherwise), None) is not None:
        return Answer("possible")
    plans = told_apart_by(old.bundle.plans[policy], new.bundle.plans[policy], changed)
    machines = [_with(machine, policy, plan) for machine, plan in zip((old, new), plans, strict=True)]
    labels = movable(plans[0], old.bundle.plans)
    published = _compared([Moved(machine, policy) for machine in machines], patience)
    if published.result != "impossible" or not labels:
        return published
    found = _compared([Moved(machine, policy, labels) for machine in machines], patience)
    return found if found.result != "unknown" else replace(published, hard=f"with other parameters: {found.hard}")


def _compared(both: Sequence[Moved], patience: Patience) -> Answer:
    old, new = both
    return answered(_problems(old, new), partial(_shows, old, new), patience)


def _with(machine: Machine, policy: str, plan: Plan) -> Machine:
    return replace(machine, bundle=replace(machine.bundle, plans={**machine.bundle.plans, policy: plan}))


def _problems(old: Moved, new: Moved) -> Iterator[tuple[int, Problem, Truth]]:
    for places in PLACES:
        problem, before, required = old.problem(places)
        after, _ = new.beside(problem)
        yield places, problem, conj(required, where_rules_differ(before, after))


def _shows(old: Moved, new: Moved, found: Mapping[str, Any]) -> bool:
    first, second = old.decided(found), new.decided(found)
    return first is not None and second is not None and otherwise(first, second)


def otherwise(old: Decision, new: Decision) -> bool:
    """Whether two decisions are not the same, or not by the same rule or for the same reason."""
    return (old.rule, old.reason) != (new.rule, new.reason) or differ(old, new)
