"""Conditions on a decision that are constants by the time they are asked, since the rule that applied settles them.

What is told of a decision asks for the outcome, and then for what the outcome implies: `has(intent.score)` beside
`decision.rule == "rotate"`, where an earlier rule took every candidate without a score. The checker wants it asked, and
no inputs turn it. Each guard of an output and of a log line is gone through for each rule, with what is known there.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.scalar.known import Row, static_truth
from rules.cel import presence
from rules.cel.paths import path_of
from rules.cel.presence import Facts
from rules.cel.tree import Call, Has, Logic, Node, Root, walk
from rules.kinds.rules import not_applied
from rules.plan import Plan

Met = dict[int, set[bool | None]]
"""What each condition comes to for the rules for which it is asked; None: that depends on the inputs."""


def settled_conditions(plan: Plan) -> set[int]:
    """The identities of the conditions that always come to the same."""
    met: Met = {}
    guards = [one.when for one in (*plan.outputs, *plan.log) if one.when is not None]
    asked = {id(part) for guard in guards for part in walk(guard)}
    others = [node for root in plan.written for node in walk(root) if id(node) not in asked]
    for row, known in _rules(plan):
        for guard in guards:
            _truth(guard, row, known, plan, met)
        for node in others:
            met.setdefault(id(node), set()).add(static_truth(node, row))
    return {node for node, found in met.items() if len(found) == 1 and None not in found}


def _rules(plan: Plan) -> Iterator[tuple[Row, Facts]]:
    """What each rule decides, with what is known to be there when it applies."""
    known: Facts = presence.NONE
    for case in plan.all_cases:
        applies = known if case.when is None else presence.unite(known, presence.facts(case.when, True))
        if not case.guards:
            yield (case.outcome, case.id, plan.outcomes[case.outcome]), applies
        known = known if case.when is None else presence.unite(known, not_applied(case))


def _truth(node: Node, row: Row, known: Facts, plan: Plan, met: Met) -> bool | None:
    """What a condition comes to for a rule, as far as that tells; notes it of all that is asked on the way."""
    found: bool | None
    match node:
        case Logic(operator=operator, left=left, right=right):
            found = _truth(left, row, known, plan, met)
            decisive = operator == "||"
            if found is not decisive:
                right_found = _truth(right, row, known, plan, met)
                found = right_found if right_found is decisive or found is not None else None
        case Call(overload=overload, args=(inner,)) if overload.id == "not":
            told = _truth(inner, row, known, plan, met)
            found = None if told is None else not told
        case Has(path=Root(kind="output", name=name)):
            when = next(output.when for output in plan.outputs if output.name == name)
            found = True if when is None else _truth(when, row, known, plan, {})
        case Has(path=path) if (read := path_of(path)) is not None and (known is None or read in known):
            found = True
        case _:
            found = static_truth(node, row)
    met.setdefault(id(node), set()).add(found)
    return found
