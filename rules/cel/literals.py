"""Values written in documents (defaults, parameters): whether they fit a type, and their form inside the engine.

Timestamps and durations are microseconds inside; a whole number may stand for a double, since the type is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from rules.cel.tree import ConstantValue
from rules.numbers import meant
from rules.patterns import matcher
from rules.times import format_duration, format_timestamp, parse_duration_us, parse_timestamp_us
from rules.types import (
    BoolType,
    DoubleType,
    DurationType,
    EnumType,
    IntType,
    ListType,
    MapType,
    StringType,
    TimestampType,
    Type,
    show,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _duration_text(micros: int) -> str:
    return format_duration(timedelta(microseconds=micros))


def fits_value(value: object, t: Type) -> str:
    """Why a written value does not fit a type; empty when it does."""
    if isinstance(t, ListType):
        return "" if value == [] else "only the empty list can be a default"
    if isinstance(t, MapType):
        return "only a caller can give a map"
    try:
        inner(value, t)
    except ValueError as error:
        return str(error)
    return ""


def inner(value: object, t: Type) -> ConstantValue:
    """The engine's form of a written value; raises `ValueError` saying why it does not fit."""
    shown = _shown(value)
    match t, value:
        case BoolType(), bool():
            return value
        case IntType(minimum=low, maximum=high), int() if not isinstance(value, bool):
            return _within(value, low, high, shown)
        case DoubleType(), int() | float() if not isinstance(value, bool):
            return _double(float(value), t, shown)
        case StringType(max_length=most), str():
            if most is not None and len(value) > most:
                raise ValueError(f"{shown} is longer than {most}")
            if t.pattern is not None and not matcher(t.pattern)(value):
                raise ValueError(f"{shown} does not match `{t.pattern}`")
            return value
        case EnumType(members=members), str():
            if value not in members:
                raise ValueError(f"{shown} is not a word of `{t.name}`: one of {', '.join(members)}")
            return value
        case DurationType(minimum=low, maximum=high), str():
            return _within(_read(parse_duration_us, value, "duration"), low, high, shown, _duration_text)
        case TimestampType(), str():
            return _read(parse_timestamp_us, value, "timestamp")
        case DurationType(), int() | float() if not isinstance(value, bool):
            raise ValueError(f"{shown} has no unit: a duration is written as `60s`, `1h30m` or `250ms`")
        case _:
            raise ValueError(f"{shown} is not {_WORDS.get(type(t), show(t))}")


def bounded(t: Type, name: str = "") -> str:
    """A type, by its name where it has one, with its bounds or words: `Cap (1.0 to 50.0)`."""
    called = name or show(t)
    match t:
        case IntType() | DoubleType() | DurationType() if t != type(t)():
            return f"{called} ({outer(t.minimum, t)} to {outer(t.maximum, t)})"
        case EnumType():
            return f"{called} ({', '.join(t.members)})"
        case _:
            return called


def value_meant(value: object, t: Type) -> str:
    """What to write for a value that does not fit a type, in backticks: `0.7` for `70%`, `60s` for 60; or nothing."""
    match t, value:
        case ((IntType() | DoubleType()), str()):
            written = meant(value)
        case IntType(), float() if value.is_integer():
            written = str(int(value))
        case DurationType(), int() | float() if not isinstance(value, bool):
            written = f"{value}s"
        case BoolType(), str():
            written = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(value.lower(), "")
        case _:
            written = ""
    try:
        inner(_number(written) if isinstance(t, IntType | DoubleType | BoolType) else written, t)
    except ValueError:
        return ""
    return f"`{written}`"


def _number(text: str) -> object:
    """A number or truth value as YAML reads it."""
    if text in ("true", "false"):
        return text == "true"
    return float(text) if "." in text else int(text)


_WORDS: Mapping[type, str] = MappingProxyType(
    {
        BoolType: "`true` or `false`",
        IntType: "a whole number",
        DoubleType: "a number",
        StringType: "text",
        EnumType: "a word",
        DurationType: "a duration, as `60s`",
        TimestampType: "a timestamp, as `2026-02-03T12:00:00Z`",
    }
)


def _shown(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return f"`{str(value).lower()}`"
        case list() | tuple():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return f"`{value}`"


def _read(parse: Callable[[str], int], text: str, what: str) -> int:
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"`{text}` is not a {what}: {error}") from None


def _within(value: int, low: int, high: int, shown: str, write: Callable[[int], str] = str) -> int:
    if not low <= value <= high:
        raise ValueError(f"{shown} lies outside {write(low)} to {write(high)}")
    return value


def _double(value: float, t: DoubleType, shown: str) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{shown} is not finite")
    below = value < t.minimum or (t.exclusive_minimum and value == t.minimum)
    above = value > t.maximum or (t.exclusive_maximum and value == t.maximum)
    if below or above:
        raise ValueError(f"{shown} lies outside {t.minimum!r} to {t.maximum!r}")
    return value


def outer(value: ConstantValue, t: Type) -> ConstantValue:
    """The written form of an engine's value, as documents and reports show it."""
    match t:
        case DurationType() if isinstance(value, int):
            return _duration_text(value)
        case TimestampType() if isinstance(value, int):
            return format_timestamp(_EPOCH + timedelta(microseconds=value))
        case _:
            return value
