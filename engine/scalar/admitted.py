"""Whether a value lies within a declared type, tested where bounds do not prove it (`rules.types.proves`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
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
            return lambda value: low <= value <= high
        case DoubleType():
            return lambda value: _double(declared, value)
        case DurationType(minimum=low, maximum=high):
            shortest, longest = timedelta(microseconds=low), timedelta(microseconds=high)
            return lambda value: shortest <= value <= longest
        case StringType(max_length=most, pattern=pattern):
            matches = matcher(pattern) if pattern is not None else None
            return lambda value: (most is None or len(value) <= most) and (matches is None or matches(value))
        case ListType(item=item, max_items=most):
            admitted = admits(item)
            return lambda value: (most is None or len(value) <= most) and all(map(admitted, value))
        case MapType(value=item, max_entries=most):
            admitted = admits(item)
            return lambda value: (most is None or len(value) <= most) and all(map(admitted, value.values()))
        case _:
            return lambda value: True


def _double(declared: DoubleType, value: float) -> bool:
    above = value > declared.minimum if declared.exclusive_minimum else value >= declared.minimum
    below = value < declared.maximum if declared.exclusive_maximum else value <= declared.maximum
    return above and below
