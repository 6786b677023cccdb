"""Cases of one rule that differ only in the word they ask for and in the outcome: one look-up instead of many `if`s."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from engine.scalar.known import Row, settled, static_truth
from engine.scalar.shapes import Key, Shapes
from rules.cel.tree import Call, Constant, Logic, Node, Placeholder
from rules.plan import Case, Plan


@dataclass(frozen=True, slots=True)
class Switch:
    """Consecutive cases: where `guard` holds, the one that `words` has for the value of `subject`."""

    subject: Node
    guard: Node | None
    words: tuple[str, ...]
    cases: tuple[Case, ...]

    @property
    def nodes(self) -> list[Node]:
        """What is evaluated to tell which case applies."""
        return [self.subject] if self.guard is None else [self.guard, self.subject]


def switched(plan: Plan, shapes: Shapes) -> Iterator[Case | Switch]:
    """The cases of a plan in order, those together that one look-up tells apart."""
    for key, group in groupby(plan.cases, lambda case: _likeness(case, plan, shapes)):
        cases = tuple(group)
        if key is None or len(cases) < 2:
            yield from cases
            continue
        asked = [_asked(case.when) for case in cases]
        first = asked[0]
        assert first is not None
        yield Switch(first[0], first[1], tuple(found[2] for found in asked if found is not None), cases)


def _likeness(case: Case, plan: Plan, shapes: Shapes) -> Key | None:
    """What the cases of a switch have in common; None for a case that stands alone."""
    found = _asked(case.when)
    if found is None or case.alternatives:
        return None
    row: Row = (case.outcome, case.id, plan.outcomes[case.outcome])
    conditions = [*(output.when for output in plan.outputs), *(requirement.that for requirement in plan.ensures)]
    concluding = tuple(None if node is None else static_truth(node, row) for node in conditions)
    reason = () if case.reason is None else _reason_key(case.reason.parts, shapes)
    subject, guard, _ = found
    settled_nodes = (settled(node, row) for node in (*conditions, *(output.value for output in plan.outputs)) if node)
    told = tuple(shapes.key(node) for node in settled_nodes)
    return (case.id, shapes.key(subject), None if guard is None else shapes.key(guard), concluding, reason, told)


def _reason_key(parts: Sequence[str | Placeholder], shapes: Shapes) -> Key:
    return tuple(part if isinstance(part, str) else (shapes.key(part.node), part.format) for part in parts)


def _asked(when: Node | None) -> tuple[Node, Node | None, str] | None:
    """`guard && subject == word`, where that is what a condition asks."""
    guard: Node | None = None
    if isinstance(when, Logic) and when.operator == "&&":
        guard, when = when.left, when.right
        if guard.fails:  # its error may be absorbed
            return None
    match when:
        case Call(overload=overload, args=(subject, Constant(value=str() as word))) if overload.id == "equal":
            return subject, guard, word
        case _:
            return None
