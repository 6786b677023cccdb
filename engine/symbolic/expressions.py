"""What each node of the typed tree gives, as terms: its value, where it is there, and where evaluating it fails.

Absorbing logic, presence and the order of evaluation are those of the language: a part that is not asked may fail as
it likes. A name that stands for an expression is evaluated once; so is an expression that reads no loop variable.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from engine.scalar.admitted import admits
from engine.scalar.shapes import free_locals, key_of
from engine.symbolic.constants import constant
from engine.symbolic.found import NOWHERE, Found, Inner, told
from engine.symbolic.functions import called
from engine.symbolic.loops import looped
from engine.symbolic.rounding import compared, double
from engine.symbolic.space import Number, Space
from engine.symbolic.terms import Truth, conj, disj, equal, implied, negated, one_of
from engine.symbolic.unknowns import Unknowns
from engine.symbolic.values import Place, Record, Row, Slot, Table, Value, chosen, chosen_slot
from engine.symbolic.words import Word, Words
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
    walk,
)
from rules.types import (
    DoubleType,
    DurationType,
    IntType,
    ListType,
    MapType,
    StringType,
    Type,
    proves,
)


@dataclass(slots=True)
class Scope:
    """What the names of one decision stand for."""

    roots: dict[tuple[str, str], Found] = field(default_factory=dict)
    """By kind and name: inputs, parameters, the decision just made, outputs."""
    ask: Callable[[str], Found] | None = None
    """Asks the policy of a call."""


@dataclass(slots=True)
class Expressions:
    """Evaluates the expressions of one decision."""

    space: Space
    words: Words
    unknowns: Unknowns
    scope: Scope
    _known: dict[tuple[Hashable, ...], Found] = field(default_factory=dict)
    _kept: list[Any] = field(default_factory=list)
    """What keys of `_known` are the identities of."""

    def found(self, node: Node, inner: Inner = NOWHERE) -> Found:
        """What a node gives, with the loop variables that it is in."""
        if isinstance(node, Variable):
            return self.found(node.definition.node)
        if isinstance(node, Local):
            return Found(inner[node.key])
        mine = {key: inner[key] for key in sorted(free_locals(node))}
        at = (id(node), *(id(value) for value in mine.values()))
        if at not in self._known:
            self._kept += [node, *mine.values()]
            self._known[at] = self._evaluated(node, mine)
        return self._known[at]

    def _evaluated(self, node: Node, inner: Inner) -> Found:
        match node:
            case Constant():
                return Found(constant(node.value, node.type, self.words))
            case Root():
                return self._root(node)
            case Select():
                return self._select(node, inner)
            case Entry():
                return self._entry(node, inner)
            case Has():
                return self._has(node.path, inner)
            case Logic():
                return self._logic(node, inner)
            case Conditional():
                return self._conditional(node, inner)
            case Call():
                return called(self, node, inner)
            case Loop():
                return looped(self, node, inner)
            case Items():
                items = [self.found(item, inner) for item in node.items]
                return Found(Row(tuple(Place(one.value) for one in items)), disj(*(one.fails for one in items)))
            case Entries():
                values = [self.found(value, inner) for _, value in node.entries]
                keys = tuple(self.words.of(str(key.value)) for key, _ in node.entries)
                row = Row(tuple(Place(one.value) for one in values))
                return Found(Table(keys, row), disj(*(one.fails for one in values)))
            case Failed():
                return Found(self.found(node.body, inner).fails)
            case Text():
                self.space.loose.setdefault(" ".join(node.span.text.split()), "a message")
                return Found(self.beyond(node, inner, "text", lambda: self.unknowns.value(node.type, "text", 0)))
            case RecordOf():
                return self._record(node, inner)
            case _:
                raise AssertionError(f"{type(node).__name__} was evaluated before")

    def _root(self, node: Root) -> Found:
        if node.kind == "call":
            assert self.scope.ask is not None
            return self.scope.ask(node.name)
        return self.scope.roots[node.kind, node.name]

    def _select(self, node: Select, inner: Inner) -> Found:
        operand = self.found(node.operand, inner)
        assert isinstance(operand.value, Record)
        slot = operand.value.field(node.field.name)
        fails = disj(operand.fails, negated(slot.there)) if node.fails_absent else operand.fails
        return Found(slot.value, fails, slot.there)

    def lookup(self, table: Table, key: Word, t: Type, hint: str) -> Slot:
        """The value that a map has for a key, where it has one."""
        found: Slot | None = None
        for own, place in zip(table.keys, table.entries.places, strict=True):
            here = conj(place.within, self.words.same(own, key))
            if here is not False:
                one = Slot(place.value)
                found = Slot(place.value, here) if found is None else chosen_slot(here, one, found)
        if not table.entries.whole:
            further = self._further(table, key, t, hint)
            found = further if found is None else chosen_slot(found.there, found, further)
        return Slot(self.unknowns.value(t, "nothing", 0), False) if found is None else found

    def _further(self, table: Table, key: Word, t: Type, hint: str) -> Slot:
        """What a map may have beyond its places."""
        at = ("beyond", id(table), told(key), t)

        def make() -> Slot:
            return Slot(self.unknowns.value(t, hint, 0), conj(table.entries.more, self.space.truth("has beyond")))

        found: Slot = self.space.once(at, (table, key), make)
        return found

    def _entry(self, node: Entry, inner: Inner) -> Found:
        operand, key = self.found(node.operand, inner), self.found(node.key, inner)
        fails = disj(operand.fails, key.fails)
        slot = self._looked_up(node, operand, key)
        return Found(slot.value, fails, slot.there)

    def _looked_up(self, node: Entry, operand: Found, key: Found) -> Slot:
        assert isinstance(operand.value, Table)
        assert isinstance(key.value, Word)
        slot = self.lookup(operand.value, key.value, node.type, node.span.text)
        if isinstance(node.operand, Root) and node.operand.unlisted is not None:
            unlisted = constant(node.operand.unlisted, node.type, self.words)
            return Slot(chosen(slot.there, slot.value, unlisted))
        return slot

    def _has(self, path: Node, inner: Inner) -> Found:
        if isinstance(path, Entry):
            operand, key = self.found(path.operand, inner), self.found(path.key, inner)
            return Found(self._looked_up(path, operand, key).there, disj(operand.fails, key.fails))
        if isinstance(path, Select):
            operand = self.found(path.operand, inner)
            assert isinstance(operand.value, Record)
            return Found(operand.value.field(path.field.name).there, operand.fails)
        found = self.found(path, inner)
        return Found(found.there, found.fails)

    def _logic(self, node: Logic, inner: Inner) -> Found:
        decisive = node.operator == "||"
        left = self.found(node.left, inner)
        if left.value is decisive and left.fails is False:
            return left
        right = self.found(node.right, inner)
        value = disj(left.value, right.value) if decisive else conj(left.value, right.value)
        if left.fails is False and right.fails is False:
            return Found(value)
        decided = disj(*(conj(negated(one.fails), equal(one.value, decisive)) for one in (left, right)))
        return Found(decided if decisive else negated(decided), conj(disj(left.fails, right.fails), negated(decided)))

    def _conditional(self, node: Conditional, inner: Inner) -> Found:
        test = self.found(node.test, inner)
        if test.value is True or test.value is False:
            found = self.found(node.then if test.value else node.other, inner)
            return Found(found.value, disj(test.fails, found.fails), found.there)
        then, other = self.found(node.then, inner), self.found(node.other, inner)
        fails = disj(test.fails, one_of(test.value, then.fails, other.fails))
        there = one_of(test.value, then.there, other.there)
        return Found(chosen(test.value, then.value, other.value), fails, there)

    def _record(self, node: RecordOf, inner: Inner) -> Found:
        slots: dict[str, Slot] = {}
        fails: list[Truth] = []
        for member in node.members:
            when = Found(True) if member.when is None else self.found(member.when, inner)
            if member.value is None:
                slots[member.field.name] = Slot(self.unknowns.value(member.field.type, "nothing", 0), False)
                continue
            value = self.found(member.value, inner)
            outside = negated(self.within(value.value, member.field.type, member.value.type))
            there = conj(when.value, negated(when.fails))
            fails += [when.fails, conj(there, disj(value.fails, outside))]
            slots[member.field.name] = Slot(value.value, when.value)
        return Found(Record(slots, slots.__getitem__), disj(*fails))

    def within(self, value: Value, declared: Type, found: Type) -> Truth:
        """Whether a value lies within a type, where its own type does not say so."""
        if proves(found, declared):
            return True
        match declared, value:
            case ((IntType() | DurationType()), Number()):
                low, high = (Number(end, end, end) for end in (declared.minimum, declared.maximum))
                return conj(compared(low, value, strict=False), compared(value, high, strict=False))
            case DoubleType(), Number():
                low, high = double(declared.minimum), double(declared.maximum)
                return conj(
                    compared(low, value, strict=declared.exclusive_minimum),
                    compared(value, high, strict=declared.exclusive_maximum),
                )
            case StringType(), Word():
                return self.words.asked(f"is {declared}", admits(declared), value)
            case ListType(), Row():
                return self._row_within(value, declared.item, found, declared.max_items)
            case MapType(), Table():
                return self._row_within(value.entries, declared.value, found, declared.max_entries)
            case _:
                return True

    def _row_within(self, row: Row, item: Type, found: Type, most: int | None) -> Truth:
        inner = found.item if isinstance(found, ListType) else found.value if isinstance(found, MapType) else found
        size = row.size
        fits = True if most is None else compared(size, Number(most, most, most), strict=False)
        fine = [implied(place.within, self.within(place.value, item, inner)) for place in row.places]
        if row.whole or proves(inner, item):
            return conj(fits, *fine)
        within = self.space.once(("within", told(row), item), row, lambda: self.space.truth("within"))
        return conj(fits, *fine, disj(negated(row.more), within))

    def beyond(self, node: Node, inner: Inner, what: str, make: Callable[[], Any]) -> Any:
        """What is unknown of a text, or of items beyond the places of a list: alike where the same asks the same."""
        reads = {(one.kind, one.name): one.type for one in walk(node, into_variables=True) if isinstance(one, Root)}
        given: list[Any] = [inner[key] for key in sorted(free_locals(node))]
        at: list[Hashable] = [what, key_of(node), node.type, *map(told, given)]
        for read in sorted(reads):
            root = self.scope.roots.get(read)
            if root is None:
                return make()  # what another policy decided: not told apart
            at += [reads[read], told(root.value), told(root.there), told(root.fails)]
            given += [root.value, root.there, root.fails]
        return self.space.once(tuple(at), given, make)

    def loose_truth(self, node: Node, kind: Hashable, args: tuple[Value, ...]) -> Truth:
        """Any truth, the same for the same arguments."""
        at = ("truth", kind, *map(told, args))
        return self.space.once(at, (node, args), lambda: self.space.truth("any"))

    def loose(self, node: Call, why: str, args: tuple[Value, ...]) -> Value:
        """Any value of a call's type, the same for the same arguments; said with the result."""
        self.space.loose.setdefault(" ".join(node.span.text.split()), why)
        at = ("loose", node.overload.id, node.type, *map(told, args))
        found: Value = self.space.once(at, (node, args), lambda: self.unknowns.value(node.type, "any", 0))
        return found
