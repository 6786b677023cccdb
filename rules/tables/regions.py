"""Which values of its columns a row admits, exactly: boxes of elementary regions, subtracted and intersected.

A column's domain is cut at every value that any cell names. Between two cuts, and at each, all tests of the column come
out alike, so a set of regions is a set of bits, a row a box of such sets (one for each column), and the questions of a
table (can this row apply, do these two together, is anything left) are questions about boxes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = bool | int | float | str
Box: TypeAlias = tuple[int, ...]
"""For each column the set of its regions, as bits."""

MOST_BOXES = 20_000


class TooMany(Exception):
    """The table is too irregular to be told exactly."""


@dataclass(frozen=True, slots=True)
class Domain:
    """The regions of a column, each with a value in it and how it is shown."""

    name: str
    samples: tuple[Value, ...]

    @property
    def full(self) -> int:
        """Every region."""
        return (1 << len(self.samples)) - 1


def words(name: str, known: Sequence[str], *, other: str | None = None) -> Domain:
    """The domain of an enum, with one more region for the unknown words of an open one."""
    return Domain(name, (*known, other) if other is not None else tuple(known))


def numbers(name: str, cuts: Sequence[float], low: float, high: float, *, whole: bool) -> Domain:
    """A numeric domain: each cut by itself, and a value of each stretch between two."""
    inside = sorted({cut for cut in cuts if low <= cut <= high} | {low, high})
    samples: list[Value] = []
    for cut, following in zip(inside, [*inside[1:], None], strict=True):
        samples.append(int(cut) if whole else float(cut))
        between = None if following is None else _between(cut, following, whole=whole)
        if between is not None:
            samples.append(between)
    return Domain(name, tuple(samples))


def _between(low: float, high: float, *, whole: bool) -> int | float | None:
    """A value strictly between two, a short one where there is."""
    if whole:
        half = (int(low) + int(high)) // 2
        return half if low < half < high else None
    middle = low / 2 + high / 2
    for digits in range(0, 17):
        rounded = round(middle, digits)
        if low < rounded < high:
            return rounded
    return middle if low < middle < high else None


def intersect(a: Box, b: Box) -> Box | None:
    """What two boxes share, None for nothing."""
    both = tuple(x & y for x, y in zip(a, b, strict=True))
    return both if all(both) else None


def subtract(box: Box, taken: Box) -> Iterator[Box]:
    """What is left of a box, as boxes that do not meet."""
    if intersect(box, taken) is None:
        yield box
        return
    rest = box
    for column, regions in enumerate(taken):
        outside = rest[column] & ~regions
        if outside:
            yield (*rest[:column], outside, *rest[column + 1 :])
        rest = (*rest[:column], rest[column] & regions, *rest[column + 1 :])


def remaining(boxes: Sequence[Box], taken: Sequence[Box]) -> list[Box]:
    """What several boxes leave of others. Raises `TooMany`."""
    left = list(boxes)
    for one in taken:
        left = [piece for box in left for piece in subtract(box, one)]
        if len(left) > MOST_BOXES:
            raise TooMany
    return left


def example(box: Box, domains: Sequence[Domain]) -> tuple[Value, ...]:
    """A value for each column from a box, the first of its regions."""
    return tuple(
        domain.samples[(regions & -regions).bit_length() - 1] for regions, domain in zip(box, domains, strict=True)
    )
