"""How much of another policy's decision is read: its row, its outputs too, or all of it with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from rules.cel.tree import Node, Root, Select, Variable, children
from rules.plan import Plan

Depth = Literal["row", "values", "all"]
ROW = frozenset({"outcome", "rule", "effect"})
_ORDER: tuple[Depth, ...] = ("row", "values", "all")


def depths_of(nodes: Iterable[Node], plan: Plan) -> Mapping[str, Depth]:
    """For each call of a plan how much of it some expressions read, with what the calls themselves are given."""
    found: dict[str, Depth] = {}
    waiting, seen = [*nodes, *(node for call in plan.calls for node in call.nodes)], set[int]()
    while waiting:
        node = waiting.pop()
        match node:
            case Select(operand=Root(kind="call", name=name), field=field):
                depth: Depth = "row" if field.name in ROW else "all" if field.name == "reason" else "values"
                found[name] = max(found.get(name, "row"), depth, key=_ORDER.index)
            case Variable(definition=definition):
                if id(definition) not in seen:
                    seen.add(id(definition))
                    waiting.append(definition.node)
            case _:
                waiting.extend(children(node))
    return found
