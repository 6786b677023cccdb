"""Values: truths, numbers, words, and the records, lists and maps of them; choosing between two, and their likeness.

A list is a row of places, each with a truth that says whether an item stands there, and a number of further items of
which nothing is known: with none, what is said of the list holds of every list. Maps are the same with keys.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from engine.symbolic.rounding import compared
from engine.symbolic.space import Number, mark
from engine.symbolic.terms import Term, Truth, conj, disj, equal, implied, is_known, less, negated, one_of, real, total
from engine.symbolic.words import Word


@dataclass(frozen=True, slots=True)
class Slot:
    """A value that may be absent; where it is, the value is anything."""

    value: Value
    there: Truth = True


class Record:
    """Fields by name, made when they are first read."""

    __slots__ = ("_known", "_make", "names")

    def __init__(self, names: Iterable[str], make: Callable[[str], Slot]) -> None:
        self.names, self._make = tuple(names), make
        self._known: dict[str, Slot] = {}

    def field(self, name: str) -> Slot:
        """The field of a name."""
        if name not in self._known:
            self._known[name] = self._make(name)
        return self._known[name]

    @property
    def read(self) -> Mapping[str, Slot]:
        """The fields that were read so far."""
        return self._known


@dataclass(frozen=True, slots=True)
class Place:
    """An item, where it is one."""

    value: Value
    within: Truth = True
    late: bool = False
    """Whether items of which nothing is known may stand before it: it was joined to a list with such items."""


NOTHING = Number(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Row:
    """A list: its places in order, and how many further items there are."""

    places: tuple[Place, ...]
    beyond: Number = NOTHING
    which: Hashable = ""
    """What tells the further items, and where they stand among the places, from as many others that stand elsewhere.

    Nothing, where there are none, and where the term of how many is made for this list alone.
    """

    @property
    def whole(self) -> bool:
        """Whether nothing lies beyond the places."""
        return bool(self.beyond.high == 0)

    @property
    def empty(self) -> bool:
        """Whether it is known to have no items."""
        return self.whole and not self.places

    @property
    def further(self) -> Hashable:
        """What tells a list from others with the same places: how many these are, and what lies beyond them."""
        return len(self.places), None if self.whole else (mark(self.beyond.term), self.which)

    @property
    def more(self) -> Truth:
        """Whether something lies beyond the places."""
        return False if self.whole else less(0, self.beyond.term)

    @property
    def size(self) -> Number:
        """How many items there are."""
        sure = sum(1 for place in self.places if place.within is True)
        may = sum(1 for place in self.places if place.within is not False)
        counted = total(one_of(place.within, 1, 0) for place in self.places)
        return Number(total([counted, self.beyond.term]), sure + self.beyond.low, may + self.beyond.high)


@dataclass(frozen=True, slots=True)
class Table:
    """A map: its keys and values, and how many further entries there are."""

    keys: tuple[Word, ...]
    entries: Row


Value: TypeAlias = Truth | Number | Word | Record | Row | Table


def chosen(test: Truth, then: Value, other: Value) -> Value:
    """The one value where a test holds, else the other, of one type."""
    if test is True or then is other:
        return then
    if test is False:
        return other
    match then, other:
        case Number(), Number():
            a, b = _of_one_sort(then.term, other.term)
            zero = then.zero if then.zero == other.zero else (mark(test), then.zero, other.zero)
            return Number(one_of(test, a, b), min(then.low, other.low), max(then.high, other.high), zero)
        case Word(), Word():
            return Word(one_of(test, then.term, other.term))
        case Record(), Record():
            return Record(then.names, lambda name: chosen_slot(test, then.field(name), other.field(name)))
        case Row(), Row():
            return chosen_row(test, then, other)
        case Table(), Table():
            return Table((*then.keys, *other.keys), _both(test, then.entries, other.entries))
        case _:
            return one_of(test, then, other)


def chosen_slot(test: Truth, then: Slot, other: Slot) -> Slot:
    """The one where a test holds, else the other."""
    if other.there is False:
        return Slot(then.value, conj(test, then.there))
    if then.there is False:
        return Slot(other.value, conj(negated(test), other.there))
    return Slot(chosen(test, then.value, other.value), one_of(test, then.there, other.there))


def chosen_row(test: Truth, then: Row, other: Row) -> Row:
    """The items of one list where a test holds, else those of the other."""
    if len(then.places) == len(other.places):
        pairs = [*zip(then.places, other.places, strict=True)]
        if all(a.value is b.value for a, b in pairs):  # the same items, of which others are kept
            beyond = chosen(test, then.beyond, other.beyond)
            assert isinstance(beyond, Number)
            both = (Place(a.value, one_of(test, a.within, b.within), a.late or b.late) for a, b in pairs)
            which = then.which if then.which == other.which else ("either", mark(test), then.further, other.further)
            return Row(tuple(both), beyond, which)
    return _both(test, then, other)


def _both(test: Truth, then: Row, other: Row) -> Row:
    """The places of both lists, those of one where a test holds, those of the other where not."""
    mine = tuple(replace(place, within=conj(test, place.within)) for place in then.places)
    theirs = tuple(replace(place, within=conj(negated(test), place.within)) for place in other.places)
    beyond = chosen(test, then.beyond, other.beyond)
    assert isinstance(beyond, Number)
    whole = then.whole and other.whole
    return Row((*mine, *theirs), beyond, "" if whole else ("either", mark(test), then.further, other.further))


def joined(a: Row, b: Row) -> Row:
    """One list after the other."""
    if a.empty or b.empty:
        return b if a.empty else a
    beyond = Number(total([a.beyond.term, b.beyond.term]), a.beyond.low + b.beyond.low, a.beyond.high + b.beyond.high)
    theirs = b.places if a.whole else tuple(replace(place, late=True) for place in b.places)
    return Row((*a.places, *theirs), beyond, "" if a.whole and b.whole else ("joined", a.further, b.further))


def _of_one_sort(a: Term, b: Term) -> tuple[Term, Term]:
    whole = [not (is_known(one) and not isinstance(one, int)) and not _is_real(one) for one in (a, b)]
    return (a, b) if whole[0] == whole[1] else (real(a), real(b))


def _is_real(term: Any) -> bool:
    return not is_known(term) and bool(term.is_real())


def same(a: Value, b: Value) -> Truth | None:
    """Whether two values are equal; None where that is not modelled."""
    match a, b:
        case Number(), Number():
            if a.high < b.low or b.high < a.low:
                return False
            return equal(*_of_one_sort(a.term, b.term))
        case Word(), Word():
            return equal(a.term, b.term)
        case Row(), Row():
            return _same_rows(a, b)
        case (Record() | Table(), _) | (_, Record() | Table()):
            return None
        case _:
            return equal(a, b)


def _same_rows(a: Row, b: Row) -> Truth | None:
    """Whether two lists are equal, where it is known at which places items stand."""
    rows = [[place.value for place in row.places if place.within is not False] for row in (a, b)]
    settled = all(row.whole and all(place.within in (True, False) for place in row.places) for row in (a, b))
    if not settled:
        return None
    if len(rows[0]) != len(rows[1]):
        return False
    found = [same(one, two) for one, two in zip(*rows, strict=True)]
    return None if any(one is None for one in found) else conj(*found)


MOST_PAIRS = 100
"""Of two lists, the pairs of places that are compared."""


def surely_same(a: Value, b: Value) -> Truth:
    """Where two values are equal for sure: they may be equal elsewhere too, where items stand at other places."""
    match a, b:
        case _ if a is b:
            return True
        case Record(), Record():
            if set(a.names) != set(b.names):
                return False
            return conj(*(surely_same_slots(a.field(name), b.field(name)) for name in a.names))
        case Row(), Row():
            exact = _same_rows(a, b)
            return _surely_same_rows(a, b) if exact is None else exact
        case Table(), Table():
            if len(a.keys) != len(b.keys):
                return False
            keys = (equal(one.term, other.term) for one, other in zip(a.keys, b.keys, strict=True))
            return conj(*keys, _place_by_place(a.entries, b.entries))
        case _:
            found = same(a, b)
            return False if found is None else found


def surely_same_slots(a: Slot, b: Slot) -> Truth:
    """Where two values are absent both, or there both and equal for sure."""
    return conj(equal(a.there, b.there), disj(negated(a.there), surely_same(a.value, b.value)))


def _surely_same_rows(a: Row, b: Row) -> Truth:
    """Where two lists are equal for sure: place by place, or, of short ones, item by item wherever they stand."""
    found = _place_by_place(a, b)
    if found is True or len(a.places) * len(b.places) > MOST_PAIRS or not (a.whole and b.whole):
        return found
    return disj(found, _item_by_item(a, b))


def _item_by_item(a: Row, b: Row) -> Truth:
    """Where two lists have as many items, and each is equal to the one before which as many stand."""
    before, theirs = ([Row(row.places[:at]).size.term for at in range(len(row.places))] for row in (a, b))
    items = (
        implied(conj(one.within, other.within, equal(at, to)), surely_same(one.value, other.value))
        for one, at in zip(a.places, before, strict=True)
        for other, to in zip(b.places, theirs, strict=True)
    )
    return conj(equal(a.size.term, b.size.term), *items)


def _place_by_place(a: Row, b: Row) -> Truth:
    """Where two lists have equal items at the same places, and no others."""
    if len(a.places) != len(b.places):
        return False
    pairs = zip(a.places, b.places, strict=True)
    items = (surely_same_slots(Slot(one.value, one.within), Slot(other.value, other.within)) for one, other in pairs)
    return conj(negated(a.more), negated(b.more), *items)


def ordered(a: Value, b: Value, before: Callable[[Word, Word], Truth], *, strict: bool) -> Truth:
    """Whether a < b, or a <= b, of values that have an order."""
    match a, b:
        case Number(), Number():
            return compared(a, b, strict=strict)
        case Word(), Word():
            return before(a, b) if strict else disj(before(a, b), equal(a.term, b.term))
        case _:
            return conj(negated(a), b) if strict else disj(negated(a), b)
