"""Macros over lists and over the keys of maps: the body once for each place; what lies beyond may do as it likes.

`all` and `exists` absorb the error of one item when another one decides; the others fail where an item does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.symbolic.found import Found, Inner
from engine.symbolic.terms import Truth, conj, disj, equal, less_equal, negated
from engine.symbolic.values import Place, Row, Table, Value, chosen, ordered, same
from rules.cel.tree import Loop

if TYPE_CHECKING:
    from engine.symbolic.expressions import Expressions


def looped(reader: Expressions, node: Loop, inner: Inner) -> Found:
    """What a macro gives."""
    source = reader.found(node.source, inner)
    row = _row(source.value)
    match node.macro:
        case "exists" | "all":
            return _decided(reader, node, inner, source, row)
        case "exists_one":
            return _one(reader, node, inner, source, row)
        case "filter":
            return _filtered(reader, node, inner, source, row)
        case "map":
            return _mapped(reader, node, inner, source, row)
        case "leastBy":
            return _least(reader, node, inner, source, row)


def _row(source: Value) -> Row:
    """The items gone over: of a map its keys."""
    if isinstance(source, Table):
        pairs = zip(source.keys, source.entries.places, strict=True)
        return replace(source.entries, places=tuple(replace(place, value=key) for key, place in pairs))
    assert isinstance(source, Row)
    return source


def _bodies(reader: Expressions, node: Loop, inner: Inner, row: Row) -> Iterator[tuple[Place, tuple[Found, ...]]]:
    for place in row.places:
        if place.within is not False:
            mine = {**inner, node.local.key: place.value}
            yield place, tuple(reader.found(body, mine) for body in node.bodies)


def _beyond(reader: Expressions, node: Loop, inner: Inner, row: Row) -> Truth:
    """Whether an item beyond the places may fail, and does."""
    if row.whole or not any(body.fails for body in node.bodies):
        return False
    fails = reader.beyond(node, inner, "fails", lambda: reader.space.truth("fails beyond"))
    return conj(row.more, fails)


def _decided(reader: Expressions, node: Loop, inner: Inner, source: Found, row: Row) -> Found:
    by = node.macro == "exists"
    deciding: list[Truth] = []
    failing: list[Truth] = []
    for place, (body,) in _bodies(reader, node, inner, row):
        deciding.append(conj(place.within, negated(body.fails), equal(body.value, by)))
        failing.append(conj(place.within, body.fails))
    if not row.whole:
        holds = reader.beyond(node, inner, "holds", lambda: reader.space.truth("holds beyond"))
        deciding.append(conj(row.more, holds))
        failing.append(_beyond(reader, node, inner, row))
    decided = disj(*deciding)
    fails = conj(disj(*failing), negated(decided))
    return Found(decided if by else negated(decided), disj(source.fails, fails))


def _one(reader: Expressions, node: Loop, inner: Inner, source: Found, row: Row) -> Found:
    kept = _filtered(reader, node, inner, source, row)
    assert isinstance(kept.value, Row)
    return Found(equal(kept.value.size.term, 1), kept.fails)


def _filtered(reader: Expressions, node: Loop, inner: Inner, source: Found, row: Row) -> Found:
    places: list[Place] = []
    failing: list[Truth] = []
    for place, (body,) in _bodies(reader, node, inner, row):
        places.append(replace(place, within=conj(place.within, body.value)))
        failing.append(conj(place.within, body.fails))
    beyond = row.beyond
    if not row.whole:
        beyond = reader.beyond(node, inner, "kept", lambda: reader.space.whole("kept", 0, row.beyond.high))
        reader.space.fact(less_equal(beyond.term, row.beyond.term))
    fails = disj(source.fails, *failing, _beyond(reader, node, inner, row))
    return Found(Row(tuple(places), beyond), fails)


def _mapped(reader: Expressions, node: Loop, inner: Inner, source: Found, row: Row) -> Found:
    places: list[Place] = []
    failing: list[Truth] = []
    for place, (body,) in _bodies(reader, node, inner, row):
        places.append(replace(place, value=body.value))
        failing.append(conj(place.within, body.fails))
    which = "" if row.whole else reader.beyond(node, inner, "mapped", object)
    mapped = Row(tuple(places), row.beyond, which)
    return Found(mapped, disj(source.fails, *failing, _beyond(reader, node, inner, row)))


def _least(reader: Expressions, node: Loop, inner: Inner, source: Found, row: Row) -> Found:
    """The item with the smallest key, the first of equals; an empty list is an error."""
    best: Value | None = None
    keys: tuple[Value, ...] = ()
    some: Truth = False
    failing: list[Truth] = []
    for place, bodies in _bodies(reader, node, inner, row):
        mine = tuple(body.value for body in bodies)
        failing += [conj(place.within, body.fails) for body in bodies]
        if best is None:
            best, keys, some = place.value, mine, place.within
            continue
        better = conj(place.within, disj(negated(some), _smaller(reader, mine, keys)))
        best = chosen(better, place.value, best)
        keys = tuple(chosen(better, a, b) for a, b in zip(mine, keys, strict=True))
        some = disj(some, place.within)
    if not row.whole:
        further = reader.beyond(node, inner, "least", lambda: reader.unknowns.value(node.type, "least beyond", 0))
        is_least = reader.beyond(node, inner, "is least", lambda: reader.space.truth("beyond is least"))
        other = conj(row.more, is_least)
        best = further if best is None else chosen(other, further, best)
        some = disj(some, row.more)
    if best is None:
        best = reader.unknowns.value(node.type, "nothing", 0)
    return Found(best, disj(source.fails, negated(some), *failing, _beyond(reader, node, inner, row)))


def _smaller(reader: Expressions, mine: tuple[Value, ...], theirs: tuple[Value, ...]) -> Truth:
    """Whether keys come before others, the first that differ deciding."""
    found: Truth = False
    for a, b in zip(reversed(mine), reversed(theirs), strict=True):
        equal_here = same(a, b)
        assert equal_here is not None  # keys have an order
        found = disj(ordered(a, b, reader.words.before, strict=True), conj(equal_here, found))
    return found
