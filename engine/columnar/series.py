"""Two series of numbers compared, lane by lane: whether they have a correlation, and which.

The arithmetic is that of `engine.scalar.series`, operation by operation: a level of this module is the points of all
lanes at one position, and what is added up lane by lane there is added level by level here. Series of an outer frame
are read where they lie, not copied for each lane that compares with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.columnar.calls import Site
from engine.columnar.columns import Lists, Numbers
from engine.columnar.frames import Code, Frame, Value, first_error
from engine.columnar.lists import numbers_of
from engine.columnar.ragged import Array, longest_first, reaching

BLOCK = 4_096
"""Lanes that are compared together: their sums stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Side:
    """The series of one argument: all points by level, and of each lane where its own are and how many."""

    points: Array
    starts: Array
    """Where each level begins in `points`."""
    place: Array
    """Where in its levels each lane's series stands, int64[lanes]."""
    count: Array

    def take(self, lanes: Array) -> Side:
        """Some of the lanes."""
        return Side(self.points, self.starts, self.place[lanes], self.count[lanes])

    def levels(self, shared: Array, ends: list[int]) -> list[Array]:
        """The last `shared` points of each lane, the first of them first; lanes come by descending `shared`."""
        skipped = self.count - shared
        return [self.points[self.starts[skipped[:end] + k] + self.place[:end]] for k, end in enumerate(ends)]


def correlation(site: Site, frame: Frame) -> Value:
    """Pearson's correlation of the aligned points; an error where there is none."""
    sides, errors = _sides(site, frame)
    found, there = _compared(*sides, frame.size)
    return Value(Numbers(found), site.failing(errors, (("incomparable", ~there),)))


def comparable(site: Site, frame: Frame) -> Value:
    """Whether there are at least so many aligned points and they have a correlation."""
    (a, b), errors = _sides(site, frame)
    least = site.args[2].at(frame)
    _, there = _compared(a, b, frame.size)
    return Value(Numbers(there & (np.minimum(a.count, b.count) >= least.values)), first_error(errors, least.errors))


def _sides(site: Site, frame: Frame) -> tuple[tuple[Side, Side], Array | None]:
    a, b = site.args[:2]
    return (_side(a, frame), _side(b, frame)), first_error(a.errors_at(frame), b.errors_at(frame))


def _side(code: Code, frame: Frame) -> Side:
    """The series of an argument, in the frame that it belongs to."""
    home = frame.at(code.level)
    lists = code.at(home).column
    assert isinstance(lists, Lists)
    part = lists.joined()
    layout, items = part.layout.ordered()
    assert layout.ends is not None
    points = numbers_of(part) if items is None else numbers_of(part)[items]
    starts = np.cumsum(layout.ends, dtype=np.int64) - layout.ends
    side = Side(points, starts, layout.ranks(), layout.counts)
    return side if home is frame else side.take(frame.lanes_of(home))


def _compared(a: Side, b: Side, size: int) -> tuple[Array, Array]:
    """The correlation of each lane, and whether it has one."""
    shared = np.minimum(a.count, b.count)
    order = longest_first(shared)
    found, there = np.zeros(size), np.zeros(size, np.bool_)
    for start in range(0, size, BLOCK):
        lanes = order[start : start + BLOCK]
        found[lanes], there[lanes] = _pearson(a.take(lanes), b.take(lanes), shared[lanes])
    return found, there


def _pearson(a: Side, b: Side, shared: Array) -> tuple[Array, Array]:
    """The correlations of lanes that come by descending number of shared points."""
    ends = reaching(shared)
    xs, ys = a.levels(shared, ends), b.levels(shared, ends)
    mean_x, mean_y = _mean(xs, shared), _mean(ys, shared)
    covariance, variance_x, variance_y = np.zeros((3, len(shared)))
    for end, x, y in zip(ends, xs, ys, strict=True):
        dx, dy = x - mean_x[:end], y - mean_y[:end]
        covariance[:end] += dx * dy
        variance_x[:end] += dx * dx
        variance_y[:end] += dy * dy
    spread = np.sqrt(variance_x) * np.sqrt(variance_y)
    there = _moves(xs, len(shared)) & _moves(ys, len(shared))
    there &= (spread > 0.0) & np.isfinite(spread) & np.isfinite(covariance)
    return np.where(there, np.clip(covariance / spread, -1.0, 1.0), 0.0), there


def _mean(levels: Sequence[Array], shared: Array) -> Array:
    total = np.zeros(len(shared))
    for level in levels:
        total[: len(level)] += level
    return np.asarray(total / shared)


def _moves(levels: Sequence[Array], size: int) -> Array:
    """Whether a point differs from the first."""
    moved = np.zeros(size, np.bool_)
    for level in levels:
        moved[: len(level)] |= level != levels[0][: len(level)]
    return moved
