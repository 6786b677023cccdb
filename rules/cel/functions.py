"""The functions of the language, each overload declared once: signature, meaning, example, and when it fails.

The checker resolves calls in this table, the language reference is generated from it, and each reader has one
translation for each entry (a test fails when one is missing). Operators stand in `rules.cel.operator_table`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.cel.operator_table import OPERATORS, SAMPLES
from rules.cel.overload import Failure, Overload, Style, declare
from rules.cel.text_functions import READINGS, TEXTS
from rules.types import EnumType, Field


def _function(ident: str, name: str, signature: str, doc: str, example: str, failure: Failure = "never") -> Overload:
    return declare("function", ident, name, signature, doc, example, failure)


def _method(ident: str, name: str, signature: str, doc: str, example: str, failure: Failure = "never") -> Overload:
    return declare("method", ident, name, signature, doc, example, failure)


def _lists() -> Iterator[Overload]:
    for kind, pattern, what, example, count in (
        ("list", "list(T)", "items", "[1, 2]", 2),
        ("map", "map(T)", "entries", '{"a": 1}', 1),
        ("string", "string", "characters", '"abc"', 3),
    ):
        yield _function(f"size_{kind}", "size", f"{pattern} -> int", f"How many {what}.", f"size({example}) == {count}")
        yield _method(f"size_{kind}", "size", f"{pattern} -> int", f"How many {what}.", f"{example}.size() == {count}")
    yield _method("sum_int", "sum", "list(int) -> int", "Left to right; 0 when empty.", "[1, 2].sum() == 3", "overflow")
    yield _method(
        "sum_double",
        "sum",
        "list(double) -> double",
        "Left to right; 0.0 when empty.",
        "[0.5, 0.25].sum() == 0.75",
        "overflow",
    )
    yield _method(
        "sum_duration", "sum", "list(duration) -> duration", "Left to right; zero when empty.",
        '[duration("1s"), duration("2s")].sum() == duration("3s")', "range",
    )  # fmt: skip
    for word, doc in (
        ("min", "The smallest; an error when empty."),
        ("max", "The largest; an error when empty."),
    ):
        for kind in ("int", "double", "string", "timestamp", "duration"):
            low, high = SAMPLES[kind]
            example = f"[{low}, {high}].{word}() == {low if word == 'min' else high}"
            yield _method(f"{word}_{kind}", word, f"list({kind}) -> {kind}", doc, example, "empty")
    yield _method(
        "tail", "tail", "list(T) int -> list(T)", "The last n items; all when fewer, none when n is not above 0.",
        "[1, 2, 3].tail(2) == [2, 3]",
    )  # fmt: skip
    yield _method(
        "distinct", "distinct", "list(string) -> list(string)", "Each text once, where it stands first.",
        '["b", "a", "b"].distinct() == ["b", "a"]',
    )  # fmt: skip


def _series() -> Iterator[Overload]:
    yield _function(
        "comparable", "comparable", "list(double) list(double) int -> bool",
        "Whether two series have n aligned points and a correlation. Aligned are the last points of each.",
        "comparable([1.0, 2.0, 4.0], [5.0, 3.0], 2)",
    )  # fmt: skip
    yield _function(
        "correlation", "correlation", "list(double) list(double) -> double",
        "Pearson's correlation of the aligned points, from -1.0 to 1.0; an error where two series are not comparable.",
        "correlation([1.0, 2.0, 4.0], [9.0, 4.0, 3.0, 1.0]) == -1.0", "incomparable",
    )  # fmt: skip


def _mathematics() -> Iterator[Overload]:
    for word, doc, whole, real in (
        ("least", "The smallest of the arguments.", "1", "1.0"),
        ("greatest", "The largest of the arguments.", "2", "2.0"),
    ):
        yield _function(f"{word}_int", f"math.{word}", "int… -> int", doc, f"math.{word}(1, 2) == {whole}")
        yield _function(f"{word}_double", f"math.{word}", "double… -> double", doc, f"math.{word}(1.0, 2.0) == {real}")
    yield _function(
        "abs_int",
        "math.abs",
        "int -> int",
        "Absolute value; an error for the smallest int.",
        "math.abs(-3) == 3",
        "overflow",
    )
    for ident, doc, example in (
        ("ceil", "Rounded up.", "math.ceil(1.2) == 2.0"),
        ("floor", "Rounded down.", "math.floor(1.8) == 1.0"),
        ("round", "Rounded to the nearest, halves away from zero.", "math.round(1.5) == 2.0"),
        ("trunc", "Rounded towards zero.", "math.trunc(-1.8) == -1.0"),
        ("sign", "-1.0, 0.0 or 1.0.", "math.sign(-2.5) == -1.0"),
    ):
        yield _function(ident, f"math.{ident}", "double -> double", doc, example)
    yield _function("abs_double", "math.abs", "double -> double", "Absolute value.", "math.abs(-1.5) == 1.5")
    yield _function("sign_int", "math.sign", "int -> int", "-1, 0 or 1.", "math.sign(-3) == -1")
    yield _function(
        "sqrt", "math.sqrt", "double -> double", "Square root; an error below 0.", "math.sqrt(6.25) == 2.5", "range"
    )


def _conversions() -> Iterator[Overload]:
    day, minute = '"2026-01-01T00:00:00Z"', '"1970-01-01T00:01:00Z"'
    yield _function("double_int", "double", "int -> double", "The double nearest to an int.", "double(2) == 2.0")
    yield _function("double_double", "double", "double -> double", "The double itself.", "double(2.0) == 2.0")
    yield _function("int_int", "int", "int -> int", "The int itself.", "int(2) == 2")
    yield _function(
        "int_double",
        "int",
        "double -> int",
        "Rounded towards zero; an error outside 64 bits.",
        "int(2.9) == 2",
        "range",
    )
    yield _function(
        "int_timestamp", "int", "timestamp -> int", "Whole seconds since 1970.", f"int(timestamp({minute})) == 60"
    )
    yield _function("string_string", "string", "string -> string", "The text itself.", 'string("a") == "a"')
    yield _function("string_int", "string", "int -> string", "Decimal digits.", 'string(12) == "12"')
    yield _function(
        "string_double", "string", "double -> string",
        "The shortest text that reads back as the double, with an exponent below 1e-4 and from 1e6 on.",
        'string(0.5) == "0.5"',
    )  # fmt: skip
    yield _function("bool_bool", "bool", "bool -> bool", "The bool itself.", "bool(true)")
    yield _function("string_bool", "string", "bool -> string", "`true` or `false`.", 'string(true) == "true"')
    yield _function("string_enum", "string", "enum -> string", "The word of an enum.", 'string(side) == "LONG"')
    yield _function(
        "string_timestamp", "string", "timestamp -> string", "RFC 3339 in UTC.", f"string(timestamp({day})) == {day}"
    )
    yield _function(
        "string_duration", "string", "duration -> string", "Seconds with an `s`.", 'string(duration("1m")) == "60s"'
    )
    yield _function(
        "timestamp_int", "timestamp", "int -> timestamp",
        "The time so many seconds after 1970; an error outside the years 1 to 9999.",
        f"timestamp(60) == timestamp({minute})", "range",
    )  # fmt: skip
    yield _function(
        "timestamp_timestamp", "timestamp", "timestamp -> timestamp", "The time itself.",
        f"timestamp(timestamp({day})) == timestamp({day})",
    )  # fmt: skip
    yield _function(
        "duration_duration", "duration", "duration -> duration", "The duration itself.",
        'duration(duration("1s")) == duration("1s")',
    )  # fmt: skip


def _calendar() -> Iterator[Overload]:
    for name, doc, value, zone, local in (
        ("getFullYear", "The year.", 2026, "Asia/Tokyo", 2026),
        ("getMonth", "The month, from 0.", 1, "Asia/Tokyo", 1),
        ("getDate", "The day of the month, from 1.", 3, "Pacific/Auckland", 4),
        ("getDayOfMonth", "The day of the month, from 0.", 2, "Pacific/Auckland", 3),
        ("getDayOfWeek", "The day of the week, 0 is Sunday.", 2, "Pacific/Auckland", 3),
        ("getDayOfYear", "The day of the year, from 0.", 33, "Pacific/Auckland", 34),
        ("getHours", "The hour, UTC.", 12, "America/New_York", 7),
        ("getMinutes", "The minute.", 30, "+05:45", 15),
        ("getSeconds", "The second.", 15, "-02:30", 15),
        ("getMilliseconds", "The milliseconds within the second.", 250, "UTC", 250),
    ):
        example = f'timestamp("2026-02-03T12:30:15.250Z").{name}() == {value}'
        yield _method(f"{name}_timestamp", name, "timestamp -> int", doc, example)
        there = doc.replace(", UTC", "").removesuffix(".")
        yield _method(
            f"{name}_zone", name, "timestamp literal -> int",
            f"{there}, in a time zone: a name of the IANA database, or an offset as `+02:00`.",
            f'timestamp("2026-02-03T12:30:15.250Z").{name}("{zone}") == {local}',
        )  # fmt: skip
    for name, doc, value in (
        ("getHours", "Whole hours of a duration.", 1),
        ("getMinutes", "Whole minutes of a duration.", 61),
        ("getSeconds", "Whole seconds of a duration.", 3661),
        ("getMilliseconds", "Milliseconds within the second of a duration.", 250),
    ):
        example = f'duration("3661.25s").{name}() == {value}'
        yield _method(f"{name}_duration", name, "duration -> int", doc, example)


FUNCTIONS: tuple[Overload, ...] = (
    *_lists(),
    *_series(),
    *_mathematics(),
    *TEXTS,
    *_conversions(),
    *READINGS,
    *_calendar(),
)
OVERLOADS: tuple[Overload, ...] = (*OPERATORS, *FUNCTIONS)
EXAMPLE_INPUTS: tuple[tuple[Field, str], ...] = ((Field("side", EnumType("Side", ("LONG", "SHORT"))), "LONG"),)
"""What examples may read, with its value: an enum has no literal that stands by itself."""


def _by_name() -> dict[tuple[Style, str], tuple[Overload, ...]]:
    table: dict[tuple[Style, str], tuple[Overload, ...]] = {}
    for overload in OVERLOADS:
        key = (overload.style, overload.name)
        table[key] = (*table.get(key, ()), overload)
    return table


BY_NAME = _by_name()
BY_ID: dict[str, Overload] = {overload.id: overload for overload in OVERLOADS}

__all__ = ["BY_ID", "BY_NAME", "OVERLOADS", "Overload", "Style"]
