"""All of a plan that suites can cover: the rules, ways, rows and cells that decide, and the conditions.

Less what is a constant by the time it is asked (`engine.settled`): nothing could show it otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.scalar.probing import Probes
from engine.settled import settled_conditions
from rules.cel.expressions import Template
from rules.conditions import conditions
from rules.plan import Case, Plan, Row
from rules.source import Span


@dataclass(frozen=True, slots=True)
class Deciding:
    """A rule, a way of one, a row or a cell: what stands in one place and is shown by a decision.

    `by` are the numbers of what the probes count as decisions of it, `when` the condition of a row that decides nothing
    by itself: one of them must have come about, or have held.
    """

    id: str
    span: Span
    by: tuple[int, ...] = ()
    when: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """All of one plan that can be covered. `conditions` are the numbers of the conditions among what is probed."""

    probes: Probes
    deciding: tuple[Deciding, ...]
    conditions: tuple[int, ...]


def written_in(plan: Plan) -> Written:
    """What a plan's document writes, and what it takes from libraries."""
    constant = settled_conditions(plan)
    counted = [node for node in conditions(plan) if id(node) not in constant]
    probed = [*counted]
    numbers = {id(node): number for number, node in enumerate(probed)}
    deciding = [*ways(plan)]
    found: dict[tuple[str, int], Deciding] = {}
    for number, (ident, span, _) in enumerate(deciding):
        before = found.get((ident, span.start))
        found[ident, span.start] = Deciding(ident, span, (*(before.by if before else ()), number))
    for row in plan.rows:
        if row.case is None:
            number = numbers.setdefault(id(row.when), len(probed))
            probed += [row.when] if number == len(probed) else []
            found[row.id, row.span.start] = Deciding(row.id, row.span, (), number)
    probes = Probes(tuple(probed), tuple(way for _, _, way in deciding))
    return Written(probes, tuple(found.values()), tuple(range(len(counted))))


def ways(plan: Plan) -> Iterator[tuple[str, Span, Case | Template | Row]]:
    """What decides, with the rule that it is of and where it stands."""
    for case in plan.all_cases:
        if case.alternatives:
            yield from ((case.id, way.when.span, way.reason) for way in case.alternatives)
        elif not case.guards:
            yield case.id, case.span, case
    yield from ((row.id, row.span, row) for row in plan.rows if row.case is not None)
