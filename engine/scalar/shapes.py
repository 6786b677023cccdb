"""The shape of expressions: structural keys, so that equal parts are computed once, and folds over one list.

Two nodes have one key only when they compute the same from the same inputs: variables are transparent, a loop variable
is how many loops outward it is bound (a part has one key wherever it stands), and 0.0 is not -0.0. A fold
(`book.filter(p, …).map(p, …).sum()`) is told by its source list, its filters, and what it accumulates.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
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
KeyOf = Callable[[Node, "Depths | None"], Key]
FoldKind = Literal["count", "sum", "min", "max", "exists", "all"]

_NO_LOCALS: frozenset[int] = frozenset()
MOST_FILTERS = 16
"""Filters of one fold: each is an `if` inside the one before, and Python's nesting has an end."""


def key_of(node: Node, depths: Depths | None = None) -> Key:
    """The structural key of a node."""
    return _structure(node, depths, key_of)


def _structure(node: Node, depths: Depths | None, key: KeyOf) -> Key:
    """The structural key of a node, of the keys of its parts."""
    match node:
        case Constant(value=value):
            return ("constant", type(node.type).__name__, repr(value))
        case Root(kind=kind, name=name):
            return (kind, name)
        case Variable(definition=definition):
            return key(definition.node, None)
        case Local(key=number):
            return ("local", len(depths) - depths[number]) if depths and number in depths else ("free", number)
        case Select(operand=operand, field=field):
            return ("select", key(operand, depths), field.name)
        case Entry(operand=operand, key=key_node):
            return ("entry", key(operand, depths), key(key_node, depths))
        case Call(overload=overload, args=args):
            return (overload.id, *[key(arg, depths) for arg in args])
        case Logic(operator=operator, left=left, right=right):
            return (operator, key(left, depths), key(right, depths))
        case Loop(macro=macro, source=source, local=local, bodies=bodies):
            inner = {**(depths or {}), local.key: len(depths or {})}
            return (macro, key(source, depths), *[key(body, inner) for body in bodies])
        case Items(items=()) | Entries(entries=()):
            return (type(node).__name__, show(node.type))  # nothing in it says of what it is one
        case Entries(entries=entries):
            return ("entries", *[(name.value, key(value, depths)) for name, value in entries])
        case Text(parts=parts):
            return ("text", *[part if isinstance(part, str) else _part_key(part, depths, key) for part in parts])
        case RecordOf(members=members, type=t):
            return ("record", t.name, *[_member_key(member, depths, key) for member in members])
        case Has() | Conditional() | Items() | Failed():
            return (type(node).__name__, *[key(child, depths) for child in children(node)])


def _part_key(part: Placeholder, depths: Depths | None, key: KeyOf) -> Key:
    return (part.format, type(part.node.type).__name__, key(part.node, depths))


def _member_key(member: Member, depths: Depths | None, key: KeyOf) -> Key:
    return tuple(None if node is None else key(node, depths) for node in (member.value, member.when))


def free_locals(node: Node) -> frozenset[int]:
    """The loop variables a node reads and does not bind."""
    return _free_locals(node, free_locals)


def _free_locals(node: Node, free: Callable[[Node], frozenset[int]]) -> frozenset[int]:
    """The loop variables a node reads and does not bind, of those of its parts."""
    match node:
        case Local(key=key):
            return frozenset({key})
        case Variable():
            return _NO_LOCALS
        case Loop(source=source, local=local, bodies=bodies):
            return _NO_LOCALS.union(*[free(body) for body in bodies]) - {local.key} | free(source)
        case _:
            return _NO_LOCALS.union(*[free(child) for child in children(node)])


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

    def parts(self) -> tuple[Node, ...]:
        """The conditions and the value, in the order in which they are looked at."""
        return (*(f.condition for f in self.filters), *((self.body,) if self.body is not None else ()))


_KINDS: dict[str, FoldKind] = {"size": "count", "sum": "sum", "min": "min", "max": "max"}


def _fold_of(node: Node) -> Fold | None:
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
    node = written_out(node)
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


def written_out(node: Node) -> Node:
    """What a variable stands for."""
    while isinstance(node, Variable):
        node = node.definition.node
    return node


def first_failing(node: Node) -> Variable | None:
    """The variable that a node is sure to read before anything else of it can fail."""
    match node:
        case Variable() if node.fails:
            return node
        case Call(args=args):
            failing = next((arg for arg in args if arg.fails), None)
            return None if failing is None else first_failing(failing)
        case Select(operand=operand) if operand.fails:
            return first_failing(operand)
        case _:
            return None


class Shapes:
    """What there is to know of the shape of the nodes of one plan, each looked at once.

    Keys are whole numbers here, equal for nodes whose structural keys are: cheap to compare, however large the node.
    """

    def __init__(self) -> None:
        self._nodes: dict[int, Node] = {}  # held, so that no other node takes the place of one
        self._numbers: dict[Key, int] = {}
        self._keys: dict[int, int] = {}
        self._free: dict[int, frozenset[int]] = {}
        self._safe: dict[int, bool] = {}
        self._depths: dict[int, int] = {}
        self._folds: dict[int, Fold | None] = {}

    def key(self, node: Node, depths: Depths | None = None) -> int:
        """The number of a node's structural key; `depths` are those of the loop variables in force."""
        node = written_out(node)
        if depths and self.free_locals(node):
            return self._number(_structure(node, depths, self.key))
        found = self._keys.get(id(node))
        if found is None:
            self._nodes[id(node)] = node
            found = self._keys[id(node)] = self._number(_structure(node, None, self.key))
        return found

    def _number(self, key: Key) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def free_locals(self, node: Node) -> frozenset[int]:
        """The loop variables a node reads and does not bind."""
        found = self._free.get(id(node))
        if found is None:
            self._nodes[id(node)] = node
            found = self._free[id(node)] = _free_locals(node, self.free_locals)
        return found

    def is_closed(self, node: Node) -> bool:
        """Whether a node reads no loop variable but its own."""
        return not self.free_locals(node)

    def is_safe(self, node: Node) -> bool:
        """Whether a node may be evaluated anywhere: it cannot fail and reads nothing that may be absent."""
        found = self._safe.get(id(node))
        if found is None:
            self._nodes[id(node)] = node
            found = self._safe[id(node)] = not node.fails and not presence.needs(node, presence.NONE)
        return found

    def depth_of(self, node: Node) -> int:
        """How deep the node nests when variables are written out."""
        node = written_out(node)
        found = self._depths.get(id(node))
        if found is None:
            self._nodes[id(node)] = node
            found = self._depths[id(node)] = 1 + max((self.depth_of(child) for child in children(node)), default=0)
        return found

    def fold_of(self, node: Node) -> Fold | None:
        """The fold a node is, or None. `size(list)` of a list that stands as such is not one."""
        node = written_out(node)
        if id(node) not in self._folds:
            self._nodes[id(node)] = node
            self._folds[id(node)] = _fold_of(node)
        return self._folds[id(node)]

    def filter_keys(self, fold: Fold) -> tuple[Key, ...]:
        """The filters of a fold as keys, so that folds that share them are nested together."""
        return tuple(self.key(f.condition, {f.local.key: 0}) for f in fold.filters)

    def accumulates_safely(self, fold: Fold) -> bool:
        """Whether accumulating cannot fail (reading the largest of none still may)."""
        parts = [fold.source, *fold.parts()]
        overflows = isinstance(fold.node, Call) and fold.node.raises and fold.kind == "sum"
        if overflows or any(part.fails for part in parts):
            return False
        return not presence.needs(fold.node, presence.NONE)
