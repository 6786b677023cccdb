"""The same expression with something else in the place of its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from rules.cel.tree import (
    Call,
    Conditional,
    Constant,
    Entries,
    Entry,
    Failed,
    Has,
    Items,
    Local,
    Logic,
    Loop,
    Member,
    Node,
    Placeholder,
    RecordOf,
    Root,
    Select,
    Text,
    Variable,
)

Change: TypeAlias = Callable[[Node], Node]


def changed(node: Node, change: Change) -> Node:
    """The node with `change` made to each node directly below; a variable's definition is not below its read."""
    match node:
        case Constant() | Root() | Variable() | Local():
            return node
        case Select():
            return replace(node, operand=change(node.operand))
        case Entry():
            return replace(node, operand=change(node.operand), key=change(node.key))
        case Has():
            return replace(node, path=change(node.path))
        case Logic():
            return replace(node, left=change(node.left), right=change(node.right))
        case Conditional():
            return replace(node, test=change(node.test), then=change(node.then), other=change(node.other))
        case Call():
            return replace(node, args=tuple(change(arg) for arg in node.args))
        case Loop():
            return replace(node, source=change(node.source), bodies=tuple(change(body) for body in node.bodies))
        case Items():
            return replace(node, items=tuple(change(item) for item in node.items))
        case Entries():
            return replace(node, entries=tuple((key, change(value)) for key, value in node.entries))
        case Failed():
            return replace(node, body=change(node.body))
        case Text():
            return replace(node, parts=changed_parts(node.parts, change))
        case RecordOf():
            return replace(node, members=tuple(_member(member, change) for member in node.members))


def changed_parts(parts: tuple[str | Placeholder, ...], change: Change) -> tuple[str | Placeholder, ...]:
    """A message with `change` made to its expressions."""
    return tuple(part if isinstance(part, str) else replace(part, node=change(part.node)) for part in parts)


def _member(member: Member, change: Change) -> Member:
    value = None if member.value is None else change(member.value)
    return replace(member, value=value, when=None if member.when is None else change(member.when))
