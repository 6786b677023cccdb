"""Which item belongs to which lane: the shape of lists, without padding.

A lane is a row, or an item of an outer list. Items lie flat, and those of one lane stand in the order of its list. An
ordered layout goes position by position: first the first items of all lanes that have one, then the second items, and
so on; its lanes are ordered by length, so that the lanes with an item at position k are a prefix of that order, and an
aggregate goes over a shrinking prefix, adding to each lane from left to right. A loose layout only names the lane of
each item, as a filter leaves it; it is ordered when that is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Where: TypeAlias = slice | Array

NOTHING: Array = np.zeros(0, np.int64)


class Ragged:
    """The layout of `items` items over `size` lanes.

    Ordered when `ends` is given: `ends[k]` lanes have an item at position k, `order` names the lanes with items by
    descending length (None: lane 0 is the longest, and so on). Loose when `parent` is: the lane of each item.
    """

    __slots__ = ("_counts", "_levels", "_parent", "_rank", "_sorted", "ends", "order", "size")

    def __init__(
        self, size: int, *, ends: Sequence[int] | None = None, order: Array | None = None, parent: Array | None = None
    ) -> None:
        self.size, self.ends, self.order, self._parent = size, ends, order, parent
        self._counts: Array | None = None
        self._levels: list[tuple[Where, Where]] | None = None
        self._rank: Array | None = None
        self._sorted: tuple[Ragged, Array] | None = None

    @property
    def items(self) -> int:
        """How many items there are over all lanes."""
        return len(self.parent) if self.ends is None else sum(self.ends)

    @property
    def parent(self) -> Array:
        """The lane of each item, int64[items]."""
        if self._parent is None:
            assert self.ends is not None
            lanes = np.arange(self.ends[0] if self.ends else 0) if self.order is None else self.order
            self._parent = np.concatenate([lanes[:end] for end in self.ends]) if self.ends else NOTHING
        return self._parent

    @property
    def counts(self) -> Array:
        """How many items each lane has, int64[size]."""
        if self._counts is None:
            if self.ends is None:
                self._counts = np.bincount(self.parent, minlength=self.size)
            else:
                ends = np.asarray(self.ends, np.int64)
                lengths = np.cumsum(np.bincount(ends, minlength=self.size + 1)[::-1])[::-1][1:]
                if self.order is None:
                    self._counts = lengths
                else:
                    self._counts = np.zeros(self.size, np.int64)
                    self._counts[self.order] = lengths[: len(self.order)]
        return self._counts

    def counted(self, kept: Array) -> Array:
        """How many of the items in `kept`, bool[items], each lane has, int64[size]."""
        if self.ends is None or len(self.ends) > 127:
            return np.bincount(self.parent[kept], minlength=self.size)
        counts = self.summed(np.zeros(self.size, np.int8), kept.view(np.int8))
        return counts.astype(np.int64)

    def summed(self, totals: Array, items: Array) -> Array:
        """The totals of the lanes, to which the items of each have been added from left to right."""
        if self.ends is None:
            np.add.at(totals, self.parent, items)
            return totals
        sums = totals if self.order is None else totals[self.order]
        start = 0
        for end in self.ends:
            sums[:end] += items[start : start + end]
            start += end
        if self.order is not None:
            totals[self.order] = sums
        return totals

    def spread(self, values: Array) -> Array:
        """For each item the value of its lane. Cheap where the first lanes are the longest."""
        if values.ndim == 0:
            return values
        if self.ends and self.order is None:
            return np.concatenate([values[:end] for end in self.ends])
        return values.take(self.parent)

    def levels(self) -> list[tuple[Where, Where]]:
        """Position by position: the lanes that have an item there (each once), and those items."""
        if self._levels is None:
            layout, items = self.ordered()
            assert layout.ends is not None
            found: list[tuple[Where, Where]] = []
            start = 0
            for end in layout.ends:
                span = slice(start, start + end)
                lanes = slice(0, end) if layout.order is None else layout.order[:end]
                found.append((lanes, span if items is None else items[span]))
                start += end
            self._levels = found
        return self._levels

    def ordered(self) -> tuple[Ragged, Array | None]:
        """An ordered layout of the same items, and where each of its items lies here (None: where it lay)."""
        if self.ends is not None:
            return self, None
        if self._sorted is None:
            by_lane = np.argsort(self.parent, kind="stable")
            layout, items = ordered_by_length(self.counts)
            self._sorted = layout, by_lane[items]
        return self._sorted

    def by_lane(self) -> tuple[Array, Array]:
        """Items lane after lane: where each lane's begin, int64[size], and where each item lies here, int64[items]."""
        counts = self.counts
        return np.cumsum(counts) - counts, np.argsort(self.parent, kind="stable")

    def last(self, count: int) -> tuple[Ragged, Array | None]:
        """An ordered layout of the last items of each lane, and where each lies here (None: all, where they lay)."""
        layout, here = self.ordered()
        assert layout.ends is not None
        if len(layout.ends) <= count:
            return layout, here
        kept = layout.ends[: max(0, count)]
        order = None if layout.order is None else layout.order[: kept[0] if kept else 0]
        lengths = layout.counts if order is None else layout.counts[order]
        starts = np.cumsum(layout.ends) - layout.ends
        skipped = np.maximum(lengths - count, 0)
        found = [starts[skipped[:end] + k] + np.arange(end) for k, end in enumerate(kept)]
        items = np.concatenate(found) if found else NOTHING
        return Ragged(layout.size, ends=kept, order=order), items if here is None else here[items]

    def take(self, index: Array) -> tuple[Ragged, Array]:
        """The layout with the lanes at `index` (in any order, some perhaps often), and which items those have."""
        ascending = is_ascending(index)
        if self.ends is not None:
            return self._take_ordered(index, ascending)
        if ascending:
            lane = np.full(self.size, -1)
            lane[index] = np.arange(len(index))
            lanes = lane[self.parent]
            items = np.flatnonzero(lanes >= 0)
            return Ragged(len(index), parent=lanes[items]), items
        layout, here = self.ordered()
        taken, items = layout.take(index)
        return taken, items if here is None else here[items]

    def _take_ordered(self, index: Array, ascending: bool) -> tuple[Ragged, Array]:
        assert self.ends is not None
        order: Array | None
        if self.order is None and ascending:
            order, ranks = None, index
        elif ascending:
            order, ranks = self._kept_order(index)
        else:
            rank = self.ranks()[index]
            order = np.argsort(rank, kind="stable")
            ranks = rank[order]
        ends = np.searchsorted(ranks, self.ends).tolist()
        starts = np.cumsum(self.ends) - self.ends
        found = [ranks[:end] + start for end, start in zip(ends, starts, strict=True) if end]
        items = np.concatenate(found) if found else NOTHING
        kept = [end for end in ends if end]
        return Ragged(len(index), ends=kept, order=order if order is None else order[: kept[0] if kept else 0]), items

    def _kept_order(self, index: Array) -> tuple[Array, Array]:
        """The order of a subset of the lanes, and the rank that each had."""
        assert self.order is not None
        lane = np.full(self.size, -1)
        lane[index] = np.arange(len(index))
        lanes = lane[self.order]
        ranks = np.flatnonzero(lanes >= 0)
        return lanes[ranks], ranks

    def ranks(self) -> Array:
        """Where each lane stands in the order; lanes without items come last."""
        if self._rank is None:
            self._rank = np.full(self.size, self.size)
            lanes = np.arange(self.size) if self.order is None else self.order
            self._rank[lanes] = np.arange(len(lanes))
        return self._rank


def is_ascending(index: Array) -> bool:
    """Whether every number is larger than the one before."""
    return len(index) < 2 or bool((index[1:] > index[:-1]).all())


def ordered_by_length(counts: Array) -> tuple[Ragged, Array]:
    """The ordered layout of lists of these lengths, and where its items lie when they come lane after lane."""
    size = len(counts)
    ends = reaching(counts)
    starts = np.cumsum(counts) - counts
    if size < 2 or bool((counts[1:] <= counts[:-1]).all()):
        order = None
        first = starts
    else:
        order = longest_first(counts)[: ends[0] if ends else 0]
        first = starts[order]
    items = np.concatenate([first[:end] + k for k, end in enumerate(ends)]) if ends else NOTHING
    return Ragged(size, ends=ends, order=order), items


def reaching(counts: Array) -> list[int]:
    """How many of some lists have an item at each position, up to the last that any has."""
    longest = int(counts.max()) if len(counts) else 0
    ends: list[int] = (len(counts) - np.cumsum(np.bincount(counts, minlength=longest + 1)))[:longest].tolist()
    return ends


def longest_first(counts: Array) -> Array:
    """The lanes by descending length, those of one length in their order."""
    small = counts.max() < 2**15 if len(counts) else True  # 16 bits sort in linear time
    return np.argsort(np.negative(counts, dtype=np.int16 if small else np.int64, casting="unsafe"), kind="stable")
