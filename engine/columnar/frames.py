"""Frames: the lanes over which an expression is evaluated, and what has been computed over them.

The first frame is the rows of a chunk. Inside a macro stand the items of a list, each knowing its lane outside; where
only some lanes ask for something dear, a narrower frame holds those. A value is computed in the outermost frame that
knows all it reads, once, and brought inside from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from engine.columnar.building import blank, scattered
from engine.columnar.columns import Column, Maps, Numbers, filled, maybe, spread
from engine.columnar.ragged import Array, Ragged
from rules.cel.tree import Node
from rules.types import Type

MOST_LANES = 1 << 23
"""Lanes of one frame beyond which fewer rows are looked at together."""


class TooWide(Exception):
    """So many items in nested lists that the rows must be looked at in smaller numbers."""


@dataclass(frozen=True, slots=True)
class Value:
    """A column and, where evaluating failed, the number of the error: int32, 0 for none; None: nowhere."""

    column: Column
    errors: Array | None = None

    def take(self, index: Array) -> Value:
        """The lanes at `index`."""
        return Value(self.column.take(index), maybe(self.errors, index))

    @property
    def values(self) -> Array:
        """The numbers of a column of numbers."""
        assert isinstance(self.column, Numbers)
        return self.column.values


def first_error(*errors: Array | None) -> Array | None:
    """Lane by lane the first error there is."""
    found: Array | None = None
    for one in errors:
        if one is not None:
            found = one if found is None else np.where(found != 0, found, one)
    return found


class Failures:
    """Errors by number: what failed and in which expression. Number 0 is no error."""

    def __init__(self) -> None:
        self.found: list[tuple[str, Node]] = []
        self._numbers: dict[tuple[str, int], int] = {}

    def number(self, code: str, node: Node) -> int:
        """The number of an error."""
        key = (code, id(node))
        if key not in self._numbers:
            self.found.append((code, node))
            self._numbers[key] = len(self.found)
        return self._numbers[key]

    def of(self, number: int) -> tuple[str, Node]:
        """The code and the expression of an error."""
        return self.found[number - 1]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a policy's expressions read that is the same in every lane, and how the policies that it calls decide."""

    parameters: Mapping[str, Column]
    ask: Mapping[str, Callable[[Frame], Value]]


@dataclass(slots=True)
class Frame:
    """Some lanes: all rows; or some of those of `outer`, at `index`; or the items of lists that those have.

    `level` counts the lists gone into.
    """

    size: int
    setting: Setting
    outer: Frame | None = None
    index: Array | None = None
    layout: Ragged | None = None
    level: int = 0
    memo: dict[int, Value] = field(default_factory=dict)
    """What has been computed, by the number of its structural key."""
    _from: dict[int, Array] = field(default_factory=dict)

    def narrowed(self, index: Array) -> Frame:
        """Some of the lanes, in ascending order."""
        return Frame(len(index), self.setting, self, index, None, self.level)

    def into(self, layout: Ragged) -> Frame:
        """The items of lists that the lanes have. Raises TooWide."""
        if layout.items > MOST_LANES:
            raise TooWide
        return Frame(layout.items, self.setting, self, None, layout, self.level + 1)

    def at(self, level: int) -> Frame:
        """The innermost frame that has gone into so many lists."""
        found = self
        while found.level > level:
            assert found.outer is not None
            found = found.outer
        return found

    def lanes_of(self, outer: Frame) -> Array:
        """The lane of a frame further out that each lane belongs to."""
        found = self._from.get(id(outer))
        if found is None:
            assert self.outer is not None
            found = self._lanes if self.outer is outer else self.outer.lanes_of(outer)[self._lanes]
            self._from[id(outer)] = found
        return found

    @property
    def _lanes(self) -> Array:
        """The lane of `outer` that each lane belongs to."""
        if self.layout is not None:
            return self.layout.parent
        assert self.index is not None
        return self.index

    def bring(self, value: Value, outer: Frame) -> Value:
        """The values of a frame further out, for each lane of this one."""
        if self.outer is outer and self.layout is not None:
            errors = None if value.errors is None else self.layout.spread(value.errors)
            return Value(spread(value.column, self.layout), errors)
        return value.take(self.lanes_of(outer))


class Code:
    """An expression, ready to be evaluated over frames."""

    __slots__ = ("constant", "dear", "key", "level", "node", "run", "type")

    def __init__(self, node: Node, key: int, level: int, *, dear: bool, run: Callable[[Frame], Value]) -> None:
        self.node, self.key, self.level, self.dear, self.run = node, key, level, dear, run
        self.type: Type = node.type
        self.constant: Value | None = None

    def at(self, frame: Frame) -> Value:
        """The values in a frame."""
        if self.constant is not None:
            return self.constant
        found = frame.memo.get(self.key)
        if found is None:
            home = frame.at(self.level)
            found = self.known(home)
            if found is None:
                found = self.run(home)
                home.memo[self.key] = found
            if home is not frame:
                found = frame.bring(found, home)
                frame.memo[self.key] = found
        return found

    def errors_at(self, frame: Frame) -> Array | None:
        """The errors in a frame, without bringing the values into it."""
        home = frame.at(self.level)
        errors = self.at(home).errors
        return errors if errors is None or home is frame else np.broadcast_to(errors, home.size)[frame.lanes_of(home)]

    def known(self, home: Frame) -> Value | None:
        """The values in a frame, or None where they have not been computed there or in the wider frames around it."""
        wider: Frame | None = home
        while wider is not None and wider.level == home.level:
            found = wider.memo.get(self.key)
            if found is not None:
                if wider is not home:
                    found = found.take(home.lanes_of(wider))
                    home.memo[self.key] = found
                return found
            wider = wider.outer
        return None

    def where(self, frame: Frame, needed: Array) -> Value:
        """The values where they are needed, bool[lanes]; the other lanes hold nothing that may be looked at."""
        if self.constant is not None or not self.dear or self.level < frame.level or needed.ndim == 0:
            return self.at(frame)
        asked = int(np.count_nonzero(needed))
        if asked * 2 >= frame.size or (self.known(frame) is not None):
            return self.at(frame)
        if asked == 0:
            return Value(blank(self.type, frame.size))
        index = np.flatnonzero(needed)
        return widened(self.type, self.at(frame.narrowed(index)), index, frame.size)


def everywhere(column: Column, size: int) -> Column:
    """A parameter's value in each of `size` lanes: a map, which is kept once, stands in every one. Raises TooWide."""
    if not isinstance(column, Maps):
        return column
    if column.layout.items * size > MOST_LANES:
        raise TooWide
    return column.take(np.zeros(size, np.int64))


def widened(t: Type, value: Value, index: Array, size: int) -> Value:
    """Values of the lanes at `index` among `size` lanes."""
    column = scattered(t, filled(value.column, len(index)), index, size)
    if value.errors is None:
        return Value(column)
    errors = np.zeros(size, np.int32)
    errors[index] = value.errors
    return Value(column, errors)
