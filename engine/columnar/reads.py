"""Which fields of which records deciding with a policy looks at, so that no others need be loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rules.cel.tree import Select, walk
from rules.plan import Plan, expressions
from rules.types import ListType, MapType, RecordType, Type

Read = tuple[str, str]
"""A record and one of its fields."""


def reads_of(plans: Iterable[Plan]) -> frozenset[Read]:
    """What conditions, outputs, calls, messages and log lines of some plans read; of outputs every field."""
    found: set[Read] = set()
    for plan in plans:
        for node in expressions(plan):
            for part in walk(node, into_variables=True):
                if isinstance(part, Select) and isinstance(part.operand.type, RecordType):
                    found.add((part.operand.type.name, part.field.name))
        for output in plan.outputs:
            found.update(_all_of(output.type))
    return frozenset(found)


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
