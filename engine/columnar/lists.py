"""Functions of lists and maps: sizes, sums, extremes, membership, items.

Sums and extremes go position by position over the lanes that are long enough, so that each lane's items are looked at
from left to right.
"""

from __future__ import annotations

import numpy as np

from engine.columnar.arithmetic import add_overflows, not_a_duration, not_finite
from engine.columnar.building import blank
from engine.columnar.calls import Site
from engine.columnar.columns import (
    Column,
    Lists,
    Maps,
    Numbers,
    Part,
    Records,
    Texts,
    Vocabulary,
    filled,
    spread,
    taken,
)
from engine.columnar.comparing import equal, ranks_of
from engine.columnar.frames import Code, Frame, Value, first_error
from engine.columnar.ragged import Array, Ragged
from rules.types import INT_MAX, INT_MIN, DurationType, ListType, MapType, Type


def given_list(site: Site, frame: Frame, at: int = 0) -> tuple[Lists, Array | None]:
    """An argument that is a list."""
    value = site.args[at].at(frame)
    assert isinstance(value.column, Lists)
    return value.column, value.errors


def size_list(site: Site, frame: Frame) -> Value:
    """How many items."""
    lists, errors = given_list(site, frame)
    return Value(Numbers(lists.counts), errors)


def size_map(site: Site, frame: Frame) -> Value:
    """How many entries."""
    value = site.args[0].at(frame)
    assert isinstance(value.column, Maps)
    return Value(Numbers(value.column.layout.counts), value.errors)


def numbers_of(part: Part) -> Array:
    """The items of a part, which are numbers."""
    items = filled(part.items, part.layout.items)
    assert isinstance(items, Numbers)
    return items.values


def sum_double(site: Site, frame: Frame) -> Value:
    """Left to right, uncompensated; an error when not finite, which no later item mends."""
    lists, errors = given_list(site, frame)
    total = np.zeros(frame.size)
    for part in lists.parts:
        part.layout.summed(total, numbers_of(part))
    if site.node.raises:
        errors = site.failing(errors, not_finite(total))
    return Value(Numbers(total), errors)


def sum_int(site: Site, frame: Frame) -> Value:
    """Left to right; every partial sum must fit in 64 bits."""
    return _whole_sum(site, frame)


def sum_duration(site: Site, frame: Frame) -> Value:
    """Left to right; every partial sum must be a duration."""
    return _whole_sum(site, frame)


def _whole_sum(site: Site, frame: Frame) -> Value:
    lists, errors = given_list(site, frame)
    total = np.zeros(frame.size, np.int64)
    if not site.node.raises:
        for part in lists.parts:
            part.layout.summed(total, numbers_of(part))
        return Value(Numbers(total), errors)
    faults = not_a_duration if isinstance(site.node.type, DurationType) else add_overflows
    over = np.zeros(frame.size, np.bool_)
    for part in lists.parts:
        items = numbers_of(part)
        for lanes, at in part.layout.levels():
            before, item = total[lanes], items[at]
            after = before + item
            over[lanes] |= faults(after, before, item)[0][1]
            total[lanes] = after
    return Value(Numbers(total), site.failing(errors, (("overflow", over),)))


def smallest(site: Site, frame: Frame) -> Value:
    """The smallest item, the first of equals; an error when empty."""
    return _extreme(site, frame, least=True)


def largest(site: Site, frame: Frame) -> Value:
    """The largest item, the first of equals; an error when empty."""
    return _extreme(site, frame, least=False)


def _extreme(site: Site, frame: Frame, *, least: bool) -> Value:
    lists, errors = given_list(site, frame)
    errors = site.failing(errors, (("empty", lists.counts == 0),))
    if any(isinstance(part.items, Texts) for part in lists.parts):
        part = lists.joined()
        texts = filled(part.items, part.layout.items)
        assert isinstance(texts, Texts)
        ranks = ranks_of(texts.vocabulary)
        found = _extremes((Part(part.layout, Numbers(ranks[texts.codes])),), frame.size, least)
        found = np.where(lists.counts == 0, 0, found)
        codes = np.argsort(ranks)[found] if len(ranks) else np.zeros(frame.size, np.int64)
        return Value(Texts(codes, texts.vocabulary if len(ranks) else Vocabulary(("",))), errors)
    return Value(Numbers(_extremes(lists.parts, frame.size, least)), errors)


def _extremes(parts: tuple[Part, ...], size: int, least: bool) -> Array:
    """The extreme of each lane, anything where it has no items."""
    arrays = [numbers_of(part) for part in parts]
    furthest, choose = (np.inf, np.minimum) if least else (-np.inf, np.maximum)
    if arrays[0].dtype != np.float64:
        furthest = INT_MAX if least else INT_MIN
    found = np.full(size, furthest, arrays[0].dtype)
    for part, items in zip(parts, arrays, strict=True):
        if part.layout.ends is None:
            choose.at(found, part.layout.parent, items)
            continue
        for lanes, at in part.layout.levels():
            found[lanes] = choose(found[lanes], items[at])
    if found.dtype == np.float64:
        _first_zeros(found, parts, arrays)
    return found


def _first_zeros(found: Array, parts: tuple[Part, ...], arrays: list[Array]) -> None:
    """Give each lane whose extreme is zero the sign of its first zero: 0.0 and -0.0 are equal, the first stands."""
    for part, items in zip(reversed(parts), reversed(arrays), strict=True):
        zeros = np.flatnonzero(items == 0.0)[::-1]
        zeros = zeros[found[part.layout.parent[zeros]] == 0.0]
        found[part.layout.parent[zeros]] = items[zeros]


def in_list(site: Site, frame: Frame) -> Value:
    """Whether a list holds a value."""
    wanted = site.args[0]
    if site.beside:
        return _among(site, frame, wanted)
    asked = wanted.at(frame)
    lists, errors = given_list(site, frame, 1)
    column = filled(asked.column, frame.size)
    holds = np.zeros(frame.size, np.bool_)
    for part in lists.parts:
        count = part.layout.items
        same = equal(wanted.type, spread(column, part.layout), filled(part.items, count), count, site.structs)
        holds[part.layout.parent[same]] = True
    return Value(Numbers(holds), first_error(asked.errors, errors))


def _among(site: Site, frame: Frame, wanted: Code) -> Value:
    """Whether a value is one of those written out."""
    asked = wanted.at(frame)
    holds = np.zeros((), np.bool_)
    errors = asked.errors
    for code in site.beside:
        item = code.at(frame)
        holds = holds | equal(wanted.type, asked.column, item.column, frame.size, site.structs)
        errors = first_error(errors, item.errors)
    return Value(Numbers(np.asarray(holds)), errors)


def in_map(site: Site, frame: Frame) -> Value:
    """Whether a map has a key."""
    found = site.beside[0].at(frame).column
    assert isinstance(found, Records)
    key, mapping = site.args
    failed = mapping.errors_at(frame) if mapping.node.fails else None
    return Value(found.field("there"), first_error(key.errors_at(frame), failed))


def index_list(site: Site, frame: Frame) -> Value:
    """The item at an index from 0; an error outside."""
    lists, errors = given_list(site, frame)
    asked = site.args[1].at(frame)
    at, counts = np.broadcast_to(asked.values, frame.size), lists.counts
    outside = (at < 0) | (at >= counts)
    errors = site.failing(first_error(errors, asked.errors), (("index", outside),))
    part = lists.joined()
    if not part.layout.items:
        return Value(blank(site.node.type, frame.size), errors)
    starts, items = part.layout.by_lane()
    index = items[np.where(outside, 0, starts + at)]
    return Value(filled(part.items, part.layout.items).take(index), errors)


def tail(site: Site, frame: Frame) -> Value:
    """The last items of each list."""
    lists, errors = given_list(site, frame)
    asked = site.args[1].at(frame)
    part = lists.joined()
    if asked.values.ndim == 0:
        layout, places = part.layout.last(int(asked.values))
        values = filled(part.items, part.layout.items)
        last_items = Part(layout, values if places is None else values.take(places))
        return Value(Lists((last_items,)), first_error(errors, asked.errors))
    starts, items = part.layout.by_lane()
    position = np.empty(part.layout.items, np.int64)
    position[items] = np.arange(part.layout.items) - np.repeat(starts, part.layout.counts)
    parent = part.layout.parent
    last = np.maximum(np.broadcast_to(asked.values, frame.size), 0)
    kept = part.layout.counts[parent] - position <= last[parent]
    last_items = Part(part.layout, filled(part.items, part.layout.items), kept)
    return Value(Lists((last_items,)), first_error(errors, asked.errors))


def distinct(site: Site, frame: Frame) -> Value:
    """Each text of a list once, where it stands first; within a lane items stand in the order of the list."""
    lists, errors = given_list(site, frame)
    part = lists.joined()
    items = filled(part.items, part.layout.items)
    assert isinstance(items, Texts)
    words = part.layout.parent * (int(items.codes.max(initial=0)) + 1) + items.codes
    first = np.zeros(part.layout.items, np.bool_)
    first[np.unique(words, return_index=True)[1]] = True
    return Value(Lists((Part(part.layout, items, first),)), errors)


def add_list(site: Site, frame: Frame) -> Value:
    """One list after the other: parts side by side, nothing is copied."""
    left, before = given_list(site, frame)
    right, after = given_list(site, frame, 1)
    return Value(Lists((*left.parts, *right.parts)), first_error(before, after))


def written_out(codes: tuple[Code, ...], t: ListType, frame: Frame) -> Value:
    """`[a, b]`: a list of each lane's values."""
    values = [code.at(frame) for code in codes]
    errors = first_error(*(value.errors for value in values))
    lanes = np.arange(frame.size)
    parts = tuple(Part(Ragged(frame.size, parent=lanes), filled(value.column, frame.size)) for value in values)
    empty = Part(Ragged(frame.size, parent=lanes[:0]), blank(t.item, 0))
    return Value(Lists(parts or (empty,)), errors)


def map_written_out(names: tuple[str, ...], codes: tuple[Code, ...], t: MapType, frame: Frame) -> Value:
    """`{"k": v}`: a map with the same keys in every lane."""
    vocabulary = Vocabulary(names)
    rows = written_out(codes, ListType(t.value), frame)
    assert isinstance(rows.column, Lists)
    part = rows.column.joined()
    keys = np.repeat(np.arange(len(names)), frame.size)
    return Value(Maps(part.layout, Texts(keys, vocabulary), part.items), rows.errors)


def lookup(t: Type, maps: Maps, owner: Array | None, keys: Texts, size: int) -> Records:
    """The entry of a key in each lane's map: `there`, and `value`, of type `t`, where it is.

    `owner` is the lane of `maps` that each lane looks in; None where they are the same lanes.
    """
    codes = keys.codes
    if keys.vocabulary is not maps.keys.vocabulary:
        codes = taken(maps.keys.vocabulary.translated(keys.vocabulary), np.asarray(codes))
    layout = maps.layout
    entry = np.full(size, -1)
    if owner is None:
        hits = np.flatnonzero(maps.keys.codes == layout.spread(codes))
        entry[layout.parent[hits]] = hits
    elif layout.items:
        width = len(maps.keys.vocabulary.words) + 1
        held = layout.parent * width + maps.keys.codes + 1
        order = np.argsort(held)
        asked = owner * width + codes + 1
        near = order[np.minimum(np.searchsorted(held[order], asked), len(order) - 1)]
        entry = np.where(held[near] == asked, near, -1)

    def load(name: str) -> Column:
        if name == "there":
            return Numbers(entry >= 0)
        return maps.values.take(np.maximum(entry, 0)) if layout.items else blank(t, size)

    return Records(size, load)
