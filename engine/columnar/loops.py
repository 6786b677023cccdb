"""Macros over lists and over the keys of maps: the body is evaluated once over all items of all lanes.

Where a body fails the lane fails with the error of its first such item; `all` and `exists` absorb it when another item
decides. Bodies are looked at part after part, so that joined lists are not copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from engine.columnar.building import blank
from engine.columnar.columns import Column, Lists, Maps, Numbers, Part, Records, filled
from engine.columnar.comparing import sortable
from engine.columnar.frames import Code, Failures, Frame, Value, first_error
from engine.columnar.ragged import Array, Ragged
from rules.cel.tree import Loop


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro, its parts ready to be evaluated."""

    node: Loop
    source: Code
    bodies: tuple[Code, ...]
    local: int
    """The number of the loop variable's key."""
    own_entry: int
    """The number of the lookup of the loop variable in the map that is gone over."""
    failures: Failures

    def run(self, frame: Frame) -> Value:
        """The values in a frame."""
        value = self.source.at(frame)
        return _MACROS[self.node.macro](self, frame, value)

    def inside(self, frame: Frame, source: Column) -> Iterator[tuple[Part, Frame]]:
        """Each part of the source, and the frame of its items."""
        if isinstance(source, Maps):
            part = Part(source.layout, source.keys)
            inner = self._frame(frame, part)
            there, values = Numbers(np.ones((), np.bool_)), source.values
            fields: dict[str, Column] = {"there": there, "value": values}
            inner.memo[self.own_entry] = Value(Records(inner.size, fields.__getitem__))
            yield part, inner
            return
        assert isinstance(source, Lists)
        for index, part in enumerate(source.parts):
            if index == 0 or part.layout.items:
                yield part, self._frame(frame, part)

    def _frame(self, frame: Frame, part: Part) -> Frame:
        inner = frame.into(part.layout)
        inner.memo[self.local] = Value(part.items)
        return inner


class Errors:
    """The first error of each lane, collected item by item."""

    def __init__(self, size: int, source: Array | None) -> None:
        self.size, self.found = size, source

    def collect(self, layout: Ragged, errors: Array | None) -> None:
        """Errors of the items of a part, which come after all that were collected before."""
        if errors is None:
            return
        errors = np.broadcast_to(errors, layout.items)
        failed = np.flatnonzero(errors)
        if len(failed):
            lanes = np.zeros(self.size, np.int32)
            parents = layout.parent[failed]
            lanes[parents[::-1]] = errors[failed[::-1]]
            self.found = first_error(self.found, lanes)


def holding(value: Value, size: int) -> Array:
    """Where a condition holds and has not failed, bool[items]."""
    holds = value.values if value.values.ndim else np.broadcast_to(value.values, size)
    return holds if value.errors is None else holds & (value.errors == 0)


def _decided(macro: Macro, frame: Frame, source: Value, *, by: bool) -> Value:
    """Whether some item decides: `exists` is decided by one that holds, `all` by one that does not."""
    decided = np.zeros(frame.size, np.bool_)
    errors = Errors(frame.size, None)
    for part, inner in macro.inside(frame, source.column):
        value = macro.bodies[0].at(inner)
        decides = np.broadcast_to(value.values == by, inner.size)
        if value.errors is not None:
            decides = decides & (value.errors == 0)
        decided[part.layout.parent[decides]] = True
        errors.collect(part.layout, value.errors)
    failed = errors.found if errors.found is None else np.where(decided, 0, errors.found)
    return Value(Numbers(decided == by), first_error(source.errors, failed))


def _all(macro: Macro, frame: Frame, source: Value) -> Value:
    return _decided(macro, frame, source, by=False)


def _exists(macro: Macro, frame: Frame, source: Value) -> Value:
    return _decided(macro, frame, source, by=True)


def _exists_one(macro: Macro, frame: Frame, source: Value) -> Value:
    count = np.zeros(frame.size, np.int64)
    errors = Errors(frame.size, source.errors)
    for part, inner in macro.inside(frame, source.column):
        value = macro.bodies[0].at(inner)
        count += np.bincount(part.layout.parent[holding(value, inner.size)], minlength=frame.size)
        errors.collect(part.layout, value.errors)
    return Value(Numbers(count == 1), errors.found)


def _filter(macro: Macro, frame: Frame, source: Value) -> Value:
    parts = []
    errors = Errors(frame.size, source.errors)
    for part, inner in macro.inside(frame, source.column):
        value = macro.bodies[0].at(inner)
        kept = np.ascontiguousarray(holding(value, inner.size))
        parts.append(Part(part.layout, filled(part.items, inner.size), kept))
        errors.collect(part.layout, value.errors)
    return Value(Lists(tuple(parts)), errors.found)


def _map(macro: Macro, frame: Frame, source: Value) -> Value:
    parts = []
    errors = Errors(frame.size, source.errors)
    for part, inner in macro.inside(frame, source.column):
        value = macro.bodies[0].at(inner)
        parts.append(Part(part.layout, value.column))
        errors.collect(part.layout, value.errors)
    return Value(Lists(tuple(parts)), errors.found)


def _least_by(macro: Macro, frame: Frame, source: Value) -> Value:
    """The item with the smallest key, the first of equals. An empty list is an error, before those of the keys."""
    column = source.column
    if isinstance(column, Lists):
        column = Lists((column.joined(),))
    ((part, inner),) = macro.inside(frame, column)
    keys = [body.at(inner) for body in macro.bodies]
    empty = np.where(part.layout.counts == 0, np.int32(macro.failures.number("empty", macro.node)), 0)
    errors = Errors(frame.size, first_error(source.errors, empty))
    errors.collect(part.layout, first_error(*(key.errors for key in keys)))
    if not inner.size:
        return Value(blank(macro.node.type, frame.size), errors.found)
    sorts = [sortable(key.column, inner.size) for key in reversed(keys)]
    order = np.lexsort((*sorts, part.layout.parent))
    starts = np.minimum(np.cumsum(part.layout.counts) - part.layout.counts, inner.size - 1)
    return Value(filled(part.items, inner.size).take(order[starts]), errors.found)


_MACROS: dict[str, Callable[[Macro, Frame, Value], Value]] = {
    "all": _all,
    "exists": _exists,
    "exists_one": _exists_one,
    "filter": _filter,
    "map": _map,
    "leastBy": _least_by,
}
