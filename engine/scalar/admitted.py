"""Whether a value lies within a declared type, tested where bounds do not prove it (`rules.types.proves`).

The tests are functions of this module with their bounds given, so that a program that holds them can be packed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from rules.patterns import matcher
from rules.types import (
    DoubleType,
    DurationType,
    IntType,
    ListType,
    MapType,
    StringType,
    Type,
)


def admits(declared: Type) -> Callable[[Any], bool]:
    """A test of values for a declared type."""
    match declared:
        case IntType(minimum=low, maximum=high) | DoubleType(low, high, False, False):
            return partial(_within, low, high)
        case DoubleType():
            return partial(_double, declared)
        case DurationType(minimum=low, maximum=high):
            return partial(_within, timedelta(microseconds=low), timedelta(microseconds=high))
        case StringType(max_length=most, pattern=pattern):
            return partial(_text, most, matcher(pattern) if pattern is not None else None)
        case ListType(item=item, max_items=most):
            return partial(_items, most, admits(item))
        case MapType(value=item, max_entries=most):
            return partial(_entries, most, admits(item))
        case _:
            return _anything


def _within(low: Any, high: Any, value: Any) -> bool:
    return bool(low <= value <= high)


def _double(declared: DoubleType, value: float) -> bool:
    above = value > declared.minimum if declared.exclusive_minimum else value >= declared.minimum
    below = value < declared.maximum if declared.exclusive_maximum else value <= declared.maximum
    return above and below


def _text(most: int | None, matches: Callable[[str], bool] | None, value: str) -> bool:
    return (most is None or len(value) <= most) and (matches is None or matches(value))


def _items(most: int | None, admitted: Callable[[Any], bool], value: Sequence[Any]) -> bool:
    return (most is None or len(value) <= most) and all(map(admitted, value))


def _entries(most: int | None, admitted: Callable[[Any], bool], value: Mapping[str, Any]) -> bool:
    return (most is None or len(value) <= most) and all(map(admitted, value.values()))


def _anything(_: Any) -> bool:
    return True
