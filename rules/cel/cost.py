"""What an expression may cost at most: units counted from its tree and the bounds of its types, before anything runs.

The prices are those that Kubernetes gives CEL: a read, an operator or a call is 1 unit, a literal nothing, a new list
10, a new map 30, a new record 40, text a tenth of a unit a character (of what it makes too), a pattern by its size. A
loop costs its source and, for each item that the type admits, its body. A variable is evaluated once however often it
is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

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
    Node,
    RecordOf,
    Root,
    Select,
    Text,
    Variable,
    children,
)
from rules.patterns import program_size
from rules.types import ListType, MapType, RecordType, StringType, Type

NEW_LIST, NEW_MAP, NEW_RECORD = 10, 30, 40
CHARACTERS_A_UNIT = 10
PATTERN_CHARACTERS_A_UNIT = 4
PATTERN_STEPS_A_UNIT = 16
KEY = 7
"""Units of comparing a key of a map, as for a text of 64 characters."""
UNKNOWN_CHARACTERS = 10_000_000
"""Assumed of a text whose type says no length: enough that going through it is refused."""
UNKNOWN_ITEMS = 1_000_000
"""Assumed of a list whose type says no length: enough that a loop over it is refused."""

AT_ONCE = frozenset(("size_list", "size_map", "size_string", "index_list", "in_map", "string_enum", "string_string"))
"""Calls whose cost does not grow with what they are given."""
BUILDING = frozenset(
    ("add_string", "replace", "replace_times", "join", "join_with", "split", "split_times", "substring", "substring_to")
)
"""Calls that make texts, which cost what they may come to."""
COMPARING = frozenset(("equal", "not_equal", "in_list"))
"""Calls that go through all that their arguments hold."""


@dataclass(frozen=True, slots=True)
class LoopCost:
    """A loop that is evaluated at most `items` times, each for `each` units."""

    loop: Loop
    items: int
    each: int

    @property
    def units(self) -> int:
        """All its turns."""
        return self.items * self.each


@dataclass(slots=True)
class Meter:
    """Counts the cost of expressions that are evaluated together, so that a variable of several is counted once."""

    loops: list[LoopCost] = field(default_factory=list)
    """Every loop that was met, inner ones first."""
    _read: set[int] = field(default_factory=set)

    def all(self, nodes: Iterable[Node]) -> int:
        """The units of several expressions."""
        return sum(self.units(node) for node in nodes)

    def units(self, node: Node) -> int:
        """The units that evaluating an expression costs at most."""
        match node:
            case Constant():
                return 0
            case Root() | Local():
                return 1
            case Variable():
                return 1 + self._definition(node)
            case Select(operand=operand):
                return 1 + self.units(operand)
            case Entry(operand=operand, key=key):
                return 1 + self.units(operand) + self.units(key)
            case Has(path=path):
                return 1 + self.units(path)
            case Logic(left=left, right=right):
                return 1 + self.units(left) + self.units(right)
            case Conditional(test=test, then=then, other=other):
                return 1 + self.units(test) + max(self.units(then), self.units(other))
            case Call():
                return price(node) + self.all(node.args)
            case Loop():
                return self._loop(node)
            case Items(items=items):
                return NEW_LIST + self.all(items)
            case Entries(entries=entries):
                return NEW_MAP + self.all(value for _, value in entries)
            case Failed(body=body):
                return 1 + self.units(body)
            case Text(type=written):
                return 1 + _weight(written, deep=False) + self.all(children(node))
            case RecordOf():
                return NEW_RECORD + self.all(children(node))

    def _definition(self, node: Variable) -> int:
        if id(node.definition) in self._read:
            return 0
        self._read.add(id(node.definition))
        return self.units(node.definition.node)

    def _loop(self, node: Loop) -> int:
        source = self.units(node.source)
        variables_once = self._variables_of(node.bodies)
        cost = LoopCost(node, length(node.source.type), 1 + self.all(node.bodies))
        self.loops.append(cost)
        new = NEW_LIST if node.macro in ("filter", "map") else 0
        return source + variables_once + cost.units + new

    def _variables_of(self, bodies: Iterable[Node]) -> int:
        """Variables that a loop's body reads do not depend on its item: they are not evaluated for each."""
        stack, found = list(bodies), 0
        while stack:
            node = stack.pop()
            if isinstance(node, Variable):
                found += self._definition(node)
            stack.extend(children(node))
        return found


def price(call: Call) -> int:
    """The units of a call without those of its arguments."""
    ident = call.overload.id
    if ident in AT_ONCE:
        return 1
    sizes = [weight(arg, deep=ident in COMPARING) for arg in call.args]
    match ident.partition("_")[0]:
        case "equal" | "not" if isinstance(call.args[0].type, StringType):
            return 1 + min(sizes)
        case "startsWith" | "endsWith":
            return 1 + sizes[1]
        case "contains" | "indexOf" | "lastIndexOf":
            return 1 + sizes[0] * max(1, sizes[1])
        case "matches":
            return 1 + sizes[0] * _steps(call.args[1])
        case _ if ident in BUILDING:
            return 1 + sum(sizes) + _weight(call.type, deep=False)
        case _:
            return 1 + sum(sizes)


def _steps(pattern: Node) -> int:
    """What a pattern costs for each stretch of text: by its length, and by what its repetitions are written out as."""
    assert isinstance(pattern, Constant)
    text = str(pattern.value)
    return max(1, -(-len(text) // PATTERN_CHARACTERS_A_UNIT), -(-program_size(text) // PATTERN_STEPS_A_UNIT))


def weight(node: Node, *, deep: bool = False) -> int:
    """What going through a value once costs; `deep` counts what its items hold too."""
    if isinstance(node, Constant) and isinstance(node.value, str):
        return _of_text(len(node.value))
    return _weight(node.type, deep=deep)


def _weight(t: Type, *, deep: bool) -> int:
    match t:
        case StringType(max_length=most):
            return _of_text(UNKNOWN_CHARACTERS if most is None else most)
        case ListType(item=item):
            inside = deep or isinstance(item, StringType)
            return length(t) * (1 + (_weight(item, deep=deep) if inside else 0))
        case MapType(value=value):
            return length(t) * (1 + (KEY + _weight(value, deep=deep) if deep else 0))
        case RecordType(fields=fields):
            return sum(1 + _weight(f.type, deep=deep) for f in fields) if deep else 0
        case _:
            return 0


def _of_text(characters: int) -> int:
    return -(-characters // CHARACTERS_A_UNIT)


def length(t: Type) -> int:
    """How many items a list, or entries a map, has at most."""
    match t:
        case ListType(max_items=most) | MapType(max_entries=most):
            return UNKNOWN_ITEMS if most is None else most
        case _:
            return 0
