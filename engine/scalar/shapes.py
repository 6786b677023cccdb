"""The shape of expressions: structural keys, so that equal parts are computed once, and folds over one list.

Two nodes have one key only when they compute the same from the same inputs: variables are transparent, a loop variable
is how many loops outward it is bound (a part has one key wherever it stands), and 0.0 is not -0.0. A fold
(`book.filter(p, …).map(p, …).sum()`) is told by its source list, its filters, and what it accumulates.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

from rules.cel import presence
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
    children,
)
from rules.types import Type, show

Key = Hashable
Depths = dict[int, int]
FoldKind = Literal["count", "sum", "min", "max", "exists", "all"]

MOST_FILTERS = 16
"""Filters of one fold: each is an `if` inside the one before, and Python's nesting has an end."""


def key_of(node: Node, depths: Depths | None = None) -> Key:
    """The structural key of a node."""
    match node:
        case Constant(value=value):
            return ("constant", type(node.type).__name__, repr(value))
        case Root(kind=kind, name=name):
            return (kind, name)
        case Variable(definition=definition):
            return key_of(definition.node)
        case Local(key=key):
            return ("local", len(depths) - depths[key]) if depths and key in depths else ("free", key)
        case Select(operand=operand, field=field):
            return ("select", key_of(operand, depths), field.name)
        case Entry(operand=operand, key=key_node):
            return ("entry", key_of(operand, depths), key_of(key_node, depths))
        case Call(overload=overload, args=args):
            return (overload.id, *(key_of(arg, depths) for arg in args))
        case Logic(operator=operator, left=left, right=right):
            return (operator, key_of(left, depths), key_of(right, depths))
        case Loop(macro=macro, source=source, local=local, bodies=bodies):
            inner = {**(depths or {}), local.key: len(depths or {})}
            return (macro, key_of(source, depths), *(key_of(body, inner) for body in bodies))
        case Items(items=()) | Entries(entries=()):
            return (type(node).__name__, show(node.type))  # nothing in it says of what it is one
        case Entries(entries=entries):
            return ("entries", *((key.value, key_of(value, depths)) for key, value in entries))
        case Text(parts=parts):
            return ("text", *(part if isinstance(part, str) else _part_key(part, depths) for part in parts))
        case RecordOf(members=members, type=t):
            return ("record", t.name, *(_member_key(member, depths) for member in members))
        case Has() | Conditional() | Items() | Failed():
            return (type(node).__name__, *(key_of(child, depths) for child in children(node)))


def _part_key(part: Placeholder, depths: Depths | None) -> Key:
    return (part.format, type(part.node.type).__name__, key_of(part.node, depths))


def _member_key(member: Member, depths: Depths | None) -> Key:
    return tuple(None if node is None else key_of(node, depths) for node in (member.value, member.when))


def free_locals(node: Node) -> frozenset[int]:
    """The loop variables a node reads and does not bind."""
    match node:
        case Local(key=key):
            return frozenset({key})
        case Variable():
            return frozenset()
        case Loop(source=source, local=local, bodies=bodies):
            inside = frozenset().union(*(free_locals(body) for body in bodies)) - {local.key}
            return inside | free_locals(source)
        case _:
            return frozenset().union(*(free_locals(child) for child in children(node)))


def is_safe(node: Node) -> bool:
    """Whether a node may be evaluated anywhere: it cannot fail and reads nothing that may be absent."""
    return not node.fails and not presence.needs(node, presence.NONE)


def depth_of(node: Node) -> int:
    """How deep the node nests when variables are written out; 1 000 is deep enough to say."""
    below = [node.definition.node] if isinstance(node, Variable) else children(node)
    return 1 + max((min(depth_of(child), 1000) for child in below), default=0)


@dataclass(frozen=True, slots=True)
class Filter:
    """One `filter` of a fold: its loop variable and its condition."""

    local: Local
    condition: Node


@dataclass(frozen=True, slots=True)
class Fold:
    """An aggregate over one list. `body` is the mapped value, or the condition of `exists` and `all`."""

    kind: FoldKind
    source: Node
    filters: tuple[Filter, ...]
    local: Local | None
    body: Node | None
    type: Type
    node: Node

    def filter_keys(self) -> tuple[Key, ...]:
        """The filters as keys, so that folds that share them are nested together."""
        return tuple(key_of(f.condition, {f.local.key: 0}) for f in self.filters)

    def parts(self) -> tuple[Node, ...]:
        """The conditions and the value, in the order in which they are looked at."""
        return (*(f.condition for f in self.filters), *((self.body,) if self.body is not None else ()))

    def is_safe(self) -> bool:
        """Whether accumulating cannot fail (reading the largest of none still may)."""
        parts = [self.source, *self.parts()]
        overflows = isinstance(self.node, Call) and self.node.raises and self.kind == "sum"
        if overflows or any(part.fails for part in parts):
            return False
        return not presence.needs(self.node, presence.NONE)


_KINDS: dict[str, FoldKind] = {"size": "count", "sum": "sum", "min": "min", "max": "max"}


def fold_of(node: Node) -> Fold | None:
    """The fold a node is, or None. `size(list)` of a list that stands as such is not one."""
    node = _written_out(node)
    if (
        isinstance(node, Call)
        and node.overload.id.partition("_")[0] in _KINDS
        and node.overload.id not in ("size_map", "size_string")
    ):
        return _aggregate(node, _KINDS[node.overload.id.partition("_")[0]])
    if isinstance(node, Loop) and node.macro in ("exists", "all"):
        chain = _chain(node.source)
        if chain is not None and chain[2] is None:
            kind: FoldKind = "exists" if node.macro == "exists" else "all"
            return Fold(kind, chain[0], chain[1], node.local, node.bodies[0], node.type, node)
    return None


def _aggregate(node: Call, kind: FoldKind) -> Fold | None:
    chain = _chain(node.args[0])
    if chain is None or (kind == "count" and not chain[1]):
        return None
    source, filters, mapped = chain
    if mapped is None:
        return Fold(kind, source, filters, None, None, node.type, node)
    return Fold(kind, source, filters, mapped.local, mapped.bodies[0], node.type, node)


def _chain(node: Node) -> tuple[Node, tuple[Filter, ...], Loop | None] | None:
    """A list as its source, the filters over it, and the map over them."""
    node = _written_out(node)
    if isinstance(node, Loop) and node.macro == "filter":
        inner = _chain(node.source)
        if inner is None or inner[2] is not None:
            return None
        source, before = (inner[0], inner[1]) if len(inner[1]) < MOST_FILTERS else (node.source, ())
        return source, (*before, Filter(node.local, node.bodies[0])), None
    if isinstance(node, Loop) and node.macro == "map":
        inner = _chain(node.source)
        if inner is None or inner[2] is not None:
            return None
        return inner[0], inner[1], node
    return node, (), None


def _written_out(node: Node) -> Node:
    while isinstance(node, Variable):
        node = node.definition.node
    return node
