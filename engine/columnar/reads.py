"""Which fields of which records deciding with a policy looks at, so that no others need be loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rules.cel.expressions import Template
from rules.cel.tree import Node, Placeholder, Select, walk
from rules.plan import Plan
from rules.types import ListType, MapType, RecordType, Type

Read = tuple[str, str]
"""A record and one of its fields."""


def reads_of(plans: Iterable[Plan]) -> frozenset[Read]:
    """What conditions, outputs, calls, messages and log lines of some plans read; of outputs every field."""
    found: set[Read] = set()
    for plan in plans:
        for node in _nodes(plan):
            for part in walk(node, into_variables=True):
                if isinstance(part, Select) and isinstance(part.operand.type, RecordType):
                    found.add((part.operand.type.name, part.field.name))
        for output in plan.outputs:
            found.update(_all_of(output.type))
    return frozenset(found)


def _nodes(plan: Plan) -> Iterator[Node]:
    templates: list[Template | None] = [line.line for line in plan.log]
    for case in plan.all_cases:
        if case.when is not None:
            yield case.when
        yield from (way.when for way in case.alternatives)
        templates += [case.reason, *(way.reason for way in case.alternatives)]
    for output in plan.outputs:
        yield from (node for node in (output.value, output.when) if node is not None)
    yield from (requirement.that for requirement in plan.ensures)
    yield from (binding for call in plan.calls for _, binding in call.bindings if binding is not None)
    yield from (line.when for line in plan.log if line.when is not None)
    for template in templates:
        if template is not None:
            yield from (part.node for part in template.parts if isinstance(part, Placeholder))


def _all_of(t: Type) -> Iterator[Read]:
    match t:
        case RecordType():
            for field in t.fields:
                yield t.name, field.name
                yield from _all_of(field.type)
        case ListType():
            yield from _all_of(t.item)
        case MapType():
            yield from _all_of(t.value)
        case _:
            pass
