"""How much of another policy's decision is read: its row alone, some of its outputs too, or all of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from rules.cel.tree import Node, Root, Select, Variable, children
from rules.plan import Plan

Depth: TypeAlias = frozenset[str] | None
"""The outputs that are read besides the row; None: everything, the reason and the stages too."""
ROW: frozenset[str] = frozenset()
_OF_ROW = frozenset({"outcome", "rule", "effect"})


def depths_of(nodes: Iterable[Node], plan: Plan) -> dict[str, Depth]:
    """For each call of a plan that some expressions read how much of it they do, by way of other calls too.

    Calls of another plan, which a plan written into that one may read, are passed over.
    """
    calls = {call.name: call for call in plan.calls}
    reads: dict[str, set[str]] = {}
    waiting, seen = list(nodes), set[int]()

    def read(name: str) -> set[str]:
        if name not in calls:
            return set()
        if name not in reads:
            reads[name] = set()
            waiting.extend(calls[name].nodes)
        return reads[name]

    while waiting:
        node = waiting.pop()
        match node:
            case Select(operand=Root(kind="call", name=name), field=field):
                read(name).add(field.name)
            case Root(kind="call", name=name):
                read(name)
            case Variable(definition=definition):
                if id(definition) not in seen:
                    seen.add(id(definition))
                    waiting.append(definition.node)
            case _:
                waiting.extend(children(node))
    return {name: None if "reason" in found else frozenset(found - _OF_ROW) for name, found in reads.items()}
