"""Values as the naive evaluator holds them: whole microseconds, records as dicts of what is there, null as None."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import UNSET

from engine.structs import StructTable
from rules.times import format_duration, format_timestamp
from rules.types import (
    DoubleType,
    DurationType,
    IntType,
    ListType,
    MapType,
    RecordType,
    StringType,
    TimestampType,
    Type,
)

Value = Any
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def value_of(structs: StructTable, t: Type, held: Any) -> Value:
    """A decoded value as this reader has it."""
    match t:
        case _ if held is None:
            return None
        case TimestampType():
            return (held - EPOCH) // MICROSECOND
        case DurationType():
            return held // MICROSECOND
        case ListType(item=item):
            return [value_of(structs, item, one) for one in held]
        case MapType(value=item):
            return {key: value_of(structs, item, one) for key, one in held.items()}
        case RecordType(name=name, fields=fields):
            found = ((f, getattr(held, structs.attribute(name, f.name))) for f in fields)
            return {f.name: value_of(structs, f.type, one) for f, one in found if one is not UNSET}
        case _:
            return held


def plain(t: Type, value: Value) -> Value:
    """A value as JSON says it."""
    match t:
        case _ if value is None:
            return None
        case TimestampType():
            return format_timestamp(EPOCH + timedelta(microseconds=value))
        case DurationType():
            return format_duration(timedelta(microseconds=value))
        case ListType(item=item):
            return [plain(item, one) for one in value]
        case MapType(value=item):
            return {key: plain(item, one) for key, one in value.items()}
        case RecordType(fields=fields):
            return {f.name: plain(f.type, value[f.name]) for f in fields if f.name in value}
        case _:
            return value


def admits(t: Type, value: Value) -> bool:
    """Whether a value lies within a type."""
    match t:
        case IntType() | DurationType():
            return bool(t.minimum <= value <= t.maximum)
        case DoubleType():
            low = value > t.minimum if t.exclusive_minimum else value >= t.minimum
            high = value < t.maximum if t.exclusive_maximum else value <= t.maximum
            return bool(low and high)
        case StringType(max_length=most):
            return most is None or len(value) <= most
        case ListType(item=item, max_items=most):
            return (most is None or len(value) <= most) and all(admits(item, one) for one in value)
        case MapType(value=item, max_entries=most):
            return (most is None or len(value) <= most) and all(admits(item, one) for one in value.values())
        case _:
            return True
