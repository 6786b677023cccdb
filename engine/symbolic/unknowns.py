"""A value of a type of which nothing else is known: the inputs of a policy, and what is not modelled.

Only as much of it is made as is read: a field of a record comes when it is first asked for. Of a list so many places
are made, and however many more items the type admits lie beyond them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from engine.columnar.building import FIRST_US, LAST_US
from engine.scalar.admitted import admits
from engine.symbolic.rounding import LARGEST
from engine.symbolic.space import Number, Space
from engine.symbolic.terms import Term, conj, disj, equal, less, minus, negated, one_of
from engine.symbolic.values import Place, Record, Row, Slot, Table, Value
from engine.symbolic.words import Word, Words
from rules.types import (
    BoolType,
    DoubleType,
    DurationType,
    EnumType,
    Field,
    IntType,
    ListType,
    MapType,
    NullType,
    RecordType,
    StringType,
    TimestampType,
    Type,
)

MOST_ITEMS = 1 << 31
"""Items of a list whose type has no bound, at most: more than there is memory for."""


@dataclass(frozen=True, slots=True)
class Unknowns:
    """Makes unknown values; `places` is how many places a list has."""

    space: Space
    words: Words
    places: int
    beyond: list[Term] = field(default_factory=list)
    """How many items the lists with places have beyond them."""

    def value(self, t: Type, hint: str, places: int | None = None) -> Value:
        """Any value of a type."""
        space, places = self.space, self.places if places is None else places
        match t:
            case BoolType():
                return space.truth(hint)
            case IntType() | DurationType():
                return space.whole(hint, t.minimum, t.maximum)
            case TimestampType():
                return space.whole(hint, FIRST_US, LAST_US)
            case DoubleType():
                return self._double(t, hint)
            case StringType():
                return self.words.some(hint, admits(t))
            case EnumType():
                return self.words.some(hint, admits(t)) if t.open else self.words.member(hint, t.members)
            case RecordType():
                fields = {f.name: f for f in t.fields}
                return Record(fields, lambda name: self.slot(fields[name], f"{hint}.{name}", places))
            case ListType():
                return self.row(t.max_items, hint, places, lambda at: self.value(t.item, f"{hint}[{at}]", places))
            case MapType():
                return self._table(t, hint, places)
            case NullType():
                return True

    def slot(self, f: Field, hint: str, places: int | None = None) -> Slot:
        """Any value of a field: there or not where it may be absent."""
        there = self.space.truth(f"has {hint}") if f.guarded or f.lacking else True
        return Slot(self.value(f.type, hint, places), there)

    def row(self, most: int | None, hint: str, places: int, item: Callable[[int], Value]) -> Row:
        """Any list of so many items at most."""
        most = MOST_ITEMS if most is None else most
        count = self.space.whole(f"size {hint}", 0, most)
        made = min(places, most)
        within = [less(at, count.term) for at in range(made)]
        if made == most:
            beyond = Number(0, 0, 0)
        else:
            beyond = Number(one_of(less(made, count.term), minus(count.term, made), 0), 0, most - made)
            if places:
                self.beyond.append(beyond.term)
        return Row(tuple(Place(item(at), w) for at, w in enumerate(within)), beyond)

    def _double(self, t: DoubleType, hint: str) -> Number:
        found = self.space.real(hint, Fraction(t.minimum), Fraction(t.maximum))
        if t.exclusive_minimum:
            self.space.fact(less(found.low, found.term))
        if t.exclusive_maximum:
            self.space.fact(less(found.term, found.high))
        return found

    def _table(self, t: MapType, hint: str, places: int) -> Table:
        def pair(at: int) -> Value:
            keys.append(self.words.some(f"{hint}.key{at}", admits(t.key)))
            return self.value(t.value, f"{hint}[{at}]", places)

        keys: list[Word] = []
        entries = self.row(t.max_entries, hint, places, pair)
        for at, key in enumerate(keys):
            for before in range(at):
                both = conj(entries.places[at].within, entries.places[before].within)
                self.space.fact(disj(negated(both), negated(equal(key.term, keys[before].term))))
        return Table(tuple(keys), entries)


DOUBLES = Number(Fraction(0), -LARGEST, LARGEST)
"""The interval of all doubles."""
