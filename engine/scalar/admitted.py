"""Whether a value lies within a declared type: by its bounds before anything runs, or by a test when it runs."""

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


def proves(found: Type, declared: Type) -> bool:
    """Whether every value of one type is a value of another `same` one."""
    match found, declared:
        case IntType(), IntType():
            return declared.minimum <= found.minimum and found.maximum <= declared.maximum
        case DurationType(), DurationType():
            return declared.minimum <= found.minimum and found.maximum <= declared.maximum
        case DoubleType(), DoubleType():
            above = declared.minimum < found.minimum or (
                declared.minimum == found.minimum and not _opens_below(found, declared)
            )
            below = found.maximum < declared.maximum or (
                declared.maximum == found.maximum and not _opens_above(found, declared)
            )
            return above and below
        case StringType(), StringType():
            return (declared.max_length is None and declared.pattern is None) or declared == found
        case ListType(), ListType():
            fits = declared.max_items is None or (found.max_items is not None and found.max_items <= declared.max_items)
            return fits and proves(found.item, declared.item)
        case MapType(), MapType():
            most = declared.max_entries
            fits = most is None or (found.max_entries is not None and found.max_entries <= most)
            return fits and proves(found.value, declared.value)
        case _:
            return True


def _opens_below(found: DoubleType, declared: DoubleType) -> bool:
    return declared.exclusive_minimum and not found.exclusive_minimum


def _opens_above(found: DoubleType, declared: DoubleType) -> bool:
    return declared.exclusive_maximum and not found.exclusive_maximum


def admits(declared: Type) -> Callable[[Any], bool]:
    """A test of values for a declared type."""
    match declared:
        case IntType(minimum=low, maximum=high):
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
