"""Two series of numbers compared: whether they have a correlation, and which.

Series are aligned at their end: of each count the last points, as many as the shorter one has. Sums go left to right
in plain doubles, means first and deviations from them next, so that every reader gets the same last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.scalar.runtime import EvaluationError

Series = Sequence[float]
CALM = 1e100
"""Series whose points stay below this, and differ by more than its inverse, have sums that a double can hold."""


def correlation(a: Series, b: Series, site: int) -> float:
    """Pearson's correlation of the aligned points, from -1.0 to 1.0; an error where there is none."""
    found = _pearson(*_aligned(a, b))
    if found is None:
        raise EvaluationError("incomparable", site)
    return found


def comparable(a: Series, b: Series, least: int) -> bool:
    """Whether there are at least so many aligned points and they have a correlation."""
    a, b = _aligned(a, b)
    return len(a) >= least and ((_is_calm(a) and _is_calm(b)) or _pearson(a, b) is not None)


def _aligned(a: Series, b: Series) -> tuple[Series, Series]:
    """The last points of each, as many of one as of the other."""
    more = len(a) - len(b)
    if more > 0:
        return a[more:], b
    return (a, b[-more:]) if more else (a, b)


def _pearson(a: Series, b: Series) -> float | None:
    """The correlation of series of one length; None where a series never moves, or a sum leaves the doubles.

    Rounding of the mean gives a series that never moves a variance that is not quite 0, so that is asked first.
    """
    if not (_moves(a) and _moves(b)):
        return None
    mean_a, mean_b = _mean(a), _mean(b)
    covariance = variance_a = variance_b = 0.0
    for x, y in zip(a, b, strict=True):
        off_a = x - mean_a
        off_b = y - mean_b
        covariance += off_a * off_b
        variance_a += off_a * off_a
        variance_b += off_b * off_b
    spread = math.sqrt(variance_a) * math.sqrt(variance_b)
    if not (0.0 < spread < math.inf and math.isfinite(covariance)):
        return None
    return max(-1.0, min(1.0, covariance / spread))


def _mean(series: Series) -> float:
    total = 0.0
    for x in series:
        total += x
    return total / len(series)


def _moves(series: Series, by: float = 0.0) -> bool:
    """Whether a point differs from the first, by more than so much."""
    return any(abs(x - series[0]) > by for x in series)


def _is_calm(series: Series) -> bool:
    """Whether a series moves so that its correlation with another such one is there, told without computing it."""
    return _moves(series, 1.0 / CALM) and math.hypot(*series) < CALM


NAMES: Mapping[str, Callable[..., Any]] = {"CORRELATION": correlation, "COMPARABLE": comparable}
"""The names generated code may use for series."""
