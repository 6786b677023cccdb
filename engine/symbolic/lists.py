"""Functions of lists and maps. What lies beyond the places of a list makes the result anything that it may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial

from engine.symbolic.arithmetic import DURATIONS, INTS, Range, checked, summed
from engine.symbolic.constants import settled
from engine.symbolic.rounding import LARGEST, added, compared
from engine.symbolic.site import Site
from engine.symbolic.space import Number
from engine.symbolic.terms import Term, Truth, conj, disj, equal, less, less_equal, minus, negated, one_of
from engine.symbolic.values import Place, Row, Table, Value, chosen, joined, ordered, same
from rules.types import ListType

Modelled = Callable[[Site], tuple[Value, Truth]]


def _size(site: Site) -> tuple[Value, Truth]:
    (value,) = site.args
    row = value.entries if isinstance(value, Table) else value
    assert isinstance(row, Row)
    return row.size, False


def _joined(site: Site) -> tuple[Value, Truth]:
    return joined(site.row(0), site.row(1)), False


def _sum_whole(bounds: Range) -> Modelled:
    """Left to right; every partial sum must lie in the range."""

    def form(site: Site) -> tuple[Value, Truth]:
        row = site.row()
        sum_, fails = Number(0, 0, 0), []
        for place in row.places:
            assert isinstance(place.value, Number)
            item = _or_nothing(place)
            sum_, own = checked(summed(sum_, item), bounds)
            fails.append(own)
        if row.whole:
            return sum_, disj(*fails)
        further = site.beyond("sum", lambda: site.reader.space.whole("sum", *bounds))
        value = chosen(row.more, further, sum_)
        return value, disj(
            *fails,
            conj(row.more, site.beyond("sum fails", lambda: site.reader.space.truth("sum fails")))
            if site.node.raises
            else False,
        )

    return form


def _or_nothing(place: Place) -> Number:
    """The number at a place, zero where there is none."""
    assert isinstance(place.value, Number)
    if place.within is True:
        return place.value
    zero: Term = 0 if isinstance(place.value.low, int) else Fraction(0)
    nothing = Number(zero, zero, zero)
    found = chosen(place.within, place.value, nothing)
    assert isinstance(found, Number)
    return found


def _sum_double(site: Site) -> tuple[Value, Truth]:
    """Left to right, each partial sum rounded. With what lies beyond, a sum of numbers of one sign only grows."""
    row, space = site.row(), site.reader.space
    zero = Fraction(0)
    sum_, fails = Number(zero, zero, zero), []
    for at, place in enumerate(row.places):
        sum_, own = added(space, (site.place, at), sum_, _or_nothing(place))
        fails.append(own)
    if row.whole:
        return sum_, disj(*fails)
    t = site.node.args[0].type
    assert isinstance(t, ListType)
    lowest, highest = (Fraction(end) * row.size.high for end in (t.item.minimum, t.item.maximum))  # type: ignore[union-attr]
    low, high = max(-LARGEST, min(zero, lowest * 2)), min(LARGEST, max(zero, highest * 2))
    further = site.beyond("sum", lambda: space.real("sum", low, high))
    if t.item.minimum >= 0:  # type: ignore[union-attr]
        further = chosen(compared(sum_, further, strict=True), further, sum_)
    if t.item.maximum <= 0:  # type: ignore[union-attr]
        further = chosen(compared(further, sum_, strict=True), further, sum_)
    value = chosen(row.more, further, sum_)
    return value, disj(
        *fails,
        conj(row.more, site.beyond("sum fails", lambda: space.truth("sum fails"))) if site.node.raises else False,
    )


def _extreme(*, least: bool) -> Modelled:
    def form(site: Site) -> tuple[Value, Truth]:
        row, reader = site.row(), site.reader
        best: Value | None = None
        some: Truth = False

        def better(within: Truth, one: Value, other: Value) -> Truth:
            a, b = (one, other) if least else (other, one)
            return conj(within, disj(negated(some), ordered(a, b, reader.words.before, strict=True)))

        for place in row.places:
            if place.within is False:
                continue
            if best is None:
                best, some = place.value, place.within
                continue
            best = chosen(better(place.within, place.value, best), place.value, best)
            some = disj(some, place.within)
        if not row.whole:
            further = site.beyond("extreme", lambda: reader.unknowns.value(site.node.type, "extreme beyond", 0))
            best = further if best is None else chosen(better(row.more, further, best), further, best)
            some = disj(some, row.more)
        if best is None:
            best = reader.unknowns.value(site.node.type, "nothing", 0)
        return best, negated(some)

    return form


def _in_list(site: Site) -> tuple[Value, Truth]:
    value, row = site.args[0], site.row(1)
    here = [same(value, place.value) for place in row.places]
    if any(one is None for one in here):
        found = settled(site)
        return (
            found if found is not None else (site.reader.loose(site.node, "equality of such values", site.args), False)
        )
    held = disj(*(conj(place.within, one) for place, one in zip(row.places, here, strict=True)))
    return held if row.whole else disj(
        held, conj(row.more, site.beyond("in", lambda: site.reader.space.truth("in beyond")))
    ), False


def _before(row: Row) -> list[Term]:
    """For each place, how many items stand before it."""
    return [Row(row.places[:at]).size.term for at in range(len(row.places))]


def _index(site: Site) -> tuple[Value, Truth]:
    row, at = site.row(0), site.number(1)
    best: Value | None = None
    here: list[Truth] = []
    for place, before in zip(row.places, _before(row), strict=True):
        mine = conj(place.within, equal(before, at.term))
        here.append(mine)
        best = place.value if best is None else chosen(mine, place.value, best)
    further = site.beyond("item", lambda: site.reader.unknowns.value(site.node.type, "item beyond", 0))
    best = further if best is None else best
    size = row.size
    fails = disj(less(at.term, 0), less_equal(size.term, at.term))
    return best if row.whole else chosen(row.more, further, best), fails


def _tail(site: Site) -> tuple[Value, Truth]:
    row, count, space = site.row(0), site.number(1), site.reader.space
    size = row.size.term
    places: list[Place] = []
    for at, (place, before) in enumerate(zip(row.places, _before(row), strict=True)):
        last = less_equal(minus(size, before), count.term)
        if not row.whole:
            last = one_of(row.more, site.beyond(f"kept {at}", partial(space.truth, "kept")), last)
        places.append(replace(place, within=conj(place.within, last)))
    beyond = row.beyond
    if not row.whole:
        beyond = site.beyond("tail", lambda: space.whole("tail", 0, row.beyond.high))
        space.fact(less_equal(beyond.term, row.beyond.term))
    return Row(tuple(places), beyond), False


def _distinct(site: Site) -> tuple[Value, Truth]:
    row, space = site.row(), site.reader.space
    places: list[Place] = []
    for at, place in enumerate(row.places):
        twice = [conj(other.within, same(other.value, place.value)) for other in row.places[:at]]
        kept = conj(place.within, negated(disj(*twice)))
        if place.late:  # what lies beyond the list before may be the same
            kept = conj(kept, disj(negated(row.more), site.beyond(f"distinct {at}", partial(space.truth, "kept"))))
        places.append(replace(place, within=kept))
    beyond = row.beyond
    if not row.whole:
        beyond = site.beyond("distinct", lambda: space.whole("distinct", 0, row.beyond.high))
        space.fact(less_equal(beyond.term, row.beyond.term))
    return Row(tuple(places), beyond), False


KINDS = ("int", "double", "string", "timestamp", "duration")
LISTS: Mapping[str, Modelled] = {
    "size_list": _size,
    "size_map": _size,
    "add_list": _joined,
    "sum_int": _sum_whole(INTS),
    "sum_duration": _sum_whole(DURATIONS),
    "sum_double": _sum_double,
    "in_list": _in_list,
    "index_list": _index,
    "tail": _tail,
    "distinct": _distinct,
    **{f"{word}_{kind}": _extreme(least=word == "min") for word in ("min", "max") for kind in KINDS},
}
