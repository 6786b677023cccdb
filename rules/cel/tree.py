"""The typed expression tree: what every reader of an expression is given.

Nodes are immutable, small, and carry their type (with bounds) and their span. `fails` says whether evaluating the
node can raise an error of its own or of a part, on values within their types, given that what it reads is present
(the presence check proves that part). Nothing here evaluates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as Word
from typing import TypeAlias

from rules.cel.functions import Overload
from rules.source import Span
from rules.types import BOOL, BoolType, Field, RecordType, StringType, Type, proves

RootKind = Word["input", "parameter", "call", "decision", "output"]
Macro = Word["all", "exists", "exists_one", "filter", "map", "leastBy"]
ConstantValue: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; timestamps and durations are microseconds, told apart by their type."""

    value: ConstantValue
    type: Type
    span: Span

    fails = False


@dataclass(frozen=True, slots=True)
class Root:
    """A name from outside the expression: an input, a parameter, a call's result, the decision just made."""

    kind: RootKind
    name: str
    type: Type
    span: Span
    guarded: bool = False
    """Optional or nullable: may be read only where it is known to be there."""
    fails: bool = False
    """A call one of whose arguments can fail, or leave what the called policy takes."""
    unlisted: ConstantValue = None
    """Of a parameter per key: its value for a key that it does not list."""


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A named expression: a variable, a library's variable, a formula's step. Evaluated when read."""

    name: str
    node: Node
    type: Type
    fails: bool
    extent: Extent


@dataclass(frozen=True, slots=True)
class Extent:
    """How deep and how large an expression is with its variables written out."""

    depth: int
    size: int


@dataclass(frozen=True, slots=True)
class Variable:
    """A read of a definition."""

    definition: Definition
    span: Span

    @property
    def type(self) -> Type:
        """The type of its values."""
        return self.definition.type

    @property
    def fails(self) -> bool:
        """Whether evaluating it can fail."""
        return self.definition.fails


@dataclass(frozen=True, slots=True)
class Local:
    """The loop variable of a macro; `key` tells apart equal names in nested loops."""

    name: str
    key: int
    type: Type
    span: Span

    fails = False


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field` of a record. `fails_absent`: an error when a called decision failed and so lacks it."""

    operand: Node
    field: Field
    span: Span
    fails_absent: bool = False

    @property
    def type(self) -> Type:
        """The type of its values."""
        return self.field.type

    @property
    def fails(self) -> bool:
        """Whether evaluating it can fail."""
        return self.fails_absent or self.operand.fails


@dataclass(frozen=True, slots=True)
class Entry:
    """`operand[key]` of a map: may be read only where the key is known to be there."""

    operand: Node
    key: Node
    type: Type
    span: Span

    @property
    def fails(self) -> bool:
        """Whether evaluating it can fail."""
        return self.operand.fails or self.key.fails


@dataclass(frozen=True, slots=True)
class Has:
    """`has(path)`: whether the path is there; null counts as absent."""

    path: Node
    span: Span

    type: BoolType = BOOL

    @property
    def fails(self) -> bool:
        """Whether evaluating it can fail; what a failed decision lacks is absent, which is no error here."""
        return self.path.operand.fails if isinstance(self.path, Select) else self.path.fails


@dataclass(frozen=True, slots=True)
class Logic:
    """`&&` or `||`: absorbs the error of one side when the other decides."""

    operator: Word["&&", "||"]
    left: Node
    right: Node
    span: Span

    type: BoolType = BOOL

    @property
    def fails(self) -> bool:
        """Whether evaluating it can fail."""
        return self.left.fails or self.right.fails


@dataclass(frozen=True, slots=True)
class Conditional:
    """`test ? then : other`."""

    test: Node
    then: Node
    other: Node
    type: Type
    span: Span

    @property
    def fails(self) -> bool:
        """Whether evaluating it can fail; what is read only where it has a value cannot."""
        tested = isinstance(self.test, Failed) and same_read(self.test.body, self.other)
        return self.test.fails or self.then.fails or (self.other.fails and not tested)


@dataclass(frozen=True, slots=True)
class Call:
    """A function or operator, resolved to one overload. `raises`: its own result may be an error."""

    overload: Overload
    args: tuple[Node, ...]
    type: Type
    span: Span
    raises: bool

    @property
    def fails(self) -> bool:
        """Whether evaluating it can fail."""
        return self.raises or any(arg.fails for arg in self.args)


@dataclass(frozen=True, slots=True)
class Loop:
    """A macro over the items of a list (or the keys of a map): `bodies` is evaluated with `local` bound to each."""

    macro: Macro
    source: Node
    local: Local
    bodies: tuple[Node, ...]
    type: Type
    span: Span
    raises: bool = False

    @property
    def fails(self) -> bool:
        """Whether evaluating it can fail."""
        return self.raises or self.source.fails or any(body.fails for body in self.bodies)


@dataclass(frozen=True, slots=True)
class Items:
    """`[a, b]`."""

    items: tuple[Node, ...]
    type: Type
    span: Span

    @property
    def fails(self) -> bool:
        """Whether evaluating it can fail."""
        return any(item.fails for item in self.items)


@dataclass(frozen=True, slots=True)
class Entries:
    """`{"k": v}`; the keys are distinct literals."""

    entries: tuple[tuple[Constant, Node], ...]
    type: Type
    span: Span

    @property
    def fails(self) -> bool:
        """Whether evaluating it can fail."""
        return any(value.fails for _, value in self.entries)


@dataclass(frozen=True, slots=True)
class Failed:
    """Whether evaluating `body` fails. No text of a document says so; kinds do, of what a document says."""

    body: Node
    span: Span

    type: BoolType = BOOL
    fails = False


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{expression:format}` of a message. `format` is empty where the type has one way to be written."""

    node: Node
    format: str


@dataclass(frozen=True, slots=True)
class Text:
    """A message as a value. One that cannot be written is a fixed text, as reasons are."""

    parts: tuple[str | Placeholder, ...]
    type: StringType
    span: Span

    fails = False


@dataclass(frozen=True, slots=True)
class Member:
    """A field of a record that is made: absent (null, where it must be said) unless `when` holds; None: always there.

    Without a `value` the field is never there.
    """

    field: Field
    value: Node | None
    when: Node | None = None

    @property
    def outside(self) -> bool:
        """Whether the value may lie outside the field's type."""
        return self.value is not None and not proves(self.value.type, self.field.type)

    @property
    def fails(self) -> bool:
        """Whether evaluating it can fail."""
        return self.outside or any(part is not None and part.fails for part in (self.when, self.value))


@dataclass(frozen=True, slots=True)
class RecordOf:
    """A record made of its fields, all of them in the order of the type."""

    members: tuple[Member, ...]
    type: RecordType
    span: Span

    @property
    def fails(self) -> bool:
        """Whether evaluating it can fail."""
        return any(member.fails for member in self.members)


Node: TypeAlias = (
    Constant
    | Root
    | Variable
    | Local
    | Select
    | Entry
    | Has
    | Logic
    | Conditional
    | Call
    | Loop
    | Items
    | Entries
    | Failed
    | Text
    | RecordOf
)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below; a variable's definition is not below its read."""
    match node:
        case Constant() | Root() | Variable() | Local():
            return ()
        case Select():
            return (node.operand,)
        case Entry():
            return (node.operand, node.key)
        case Has():
            return (node.path,)
        case Logic():
            return (node.left, node.right)
        case Conditional():
            return (node.test, node.then, node.other)
        case Call():
            return node.args
        case Loop():
            return (node.source, *node.bodies)
        case Items():
            return node.items
        case Entries():
            return tuple(value for _, value in node.entries)
        case Failed():
            return (node.body,)
        case Text():
            return tuple(part.node for part in node.parts if isinstance(part, Placeholder))
        case RecordOf():
            parts = (part for member in node.members for part in (member.when, member.value))
            return tuple(part for part in parts if part is not None)


def walk(node: Node, *, into_variables: bool = False) -> Iterator[Node]:
    """The node and all below it, parents first; each definition once when `into_variables`."""
    seen: set[int] = set()
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if into_variables and isinstance(current, Variable) and id(current.definition) not in seen:
            seen.add(id(current.definition))
            stack.append(current.definition.node)
        stack.extend(reversed(children(current)))


def same_read(a: Node, b: Node) -> bool:
    """Whether two nodes are one, or reads of one definition."""
    return a is b or (isinstance(a, Variable) and isinstance(b, Variable) and a.definition is b.definition)


def extent(node: Node) -> Extent:
    """The extent of a node; a read of a variable has that of its definition."""
    if isinstance(node, Variable):
        return node.definition.extent
    below = [extent(child) for child in children(node)]
    return Extent(1 + max((e.depth for e in below), default=0), 1 + sum(e.size for e in below))


def define(name: str, node: Node) -> Definition:
    """A name for an expression."""
    return Definition(name, node, node.type, node.fails, extent(node))
