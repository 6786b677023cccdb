"""The operators of the language, each overload declared once."""

from __future__ import annotations

from collections.abc import Iterator

from rules.cel.overload import Failure, Overload, declare

ORDERED = ("bool", "int", "double", "string", "timestamp", "duration")
SAMPLES = {
    "bool": ("false", "true"),
    "int": ("1", "2"),
    "double": ("1.0", "2.0"),
    "string": ('"a"', '"b"'),
    "timestamp": ('timestamp("2026-01-01T00:00:00Z")', 'timestamp("2026-01-02T00:00:00Z")'),
    "duration": ('duration("1s")', 'duration("1m")'),
}
"""A smaller and a larger value of each ordered type, for examples."""


def _operator(ident: str, name: str, signature: str, doc: str, example: str, failure: Failure = "never") -> Overload:
    return declare("operator", ident, name, signature, doc, example, failure)


def _arithmetic() -> Iterator[Overload]:
    yield _operator("not", "!_", "bool -> bool", "Logical negation.", "!true == false")
    yield _operator(
        "negate_int", "-_", "int -> int", "Negation; an error for the smallest int.", "-(3) == -3", "overflow"
    )
    yield _operator("negate_double", "-_", "double -> double", "Negation.", "-(2.5) == -2.5")
    yield _operator(
        "negate_duration", "-_", "duration -> duration", "Negation.", '-duration("1s") < duration("0s")', "overflow"
    )
    for name, word, doc, whole, real in (
        ("_+_", "add", "Sum", "1 + 2 == 3", "1.5 + 2.0 == 3.5"),
        ("_-_", "subtract", "Difference", "3 - 2 == 1", "3.5 - 2.0 == 1.5"),
        ("_*_", "multiply", "Product", "3 * 2 == 6", "1.5 * 2.0 == 3.0"),
    ):
        out_of_range, infinite = (
            f"{doc} of two ints; an error outside 64 bits.",
            f"{doc} of two doubles; an error when not finite.",
        )
        yield _operator(f"{word}_int", name, "int int -> int", out_of_range, whole, "overflow")
        yield _operator(f"{word}_double", name, "double double -> double", infinite, real, "overflow")
    yield _operator(
        "divide_int",
        "_/_",
        "int int -> int",
        "Quotient rounded towards zero; an error for 0.",
        "7 / 2 == 3",
        "division",
    )
    yield _operator(
        "divide_double",
        "_/_",
        "double double -> double",
        "Quotient; an error when not finite.",
        "7.0 / 2.0 == 3.5",
        "division",
    )
    yield _operator(
        "modulo_int",
        "_%_",
        "int int -> int",
        "Remainder with the sign of the left side; an error for 0.",
        "7 % 2 == 1",
        "division",
    )
    yield _operator("add_string", "_+_", "string string -> string", "Two texts joined.", '"a" + "b" == "ab"')
    yield _operator("add_list", "_+_", "list(T) list(T) -> list(T)", "One list after the other.", "[1] + [2] == [1, 2]")


def _times() -> Iterator[Overload]:
    noon, one = 'timestamp("2026-01-01T12:00:00Z")', 'timestamp("2026-01-01T13:00:00Z")'
    later, earlier = "A later time; an error outside the years 1 to 9999.", "An earlier time; an error outside them."
    yield _operator(
        "add_timestamp_duration",
        "_+_",
        "timestamp duration -> timestamp",
        later,
        f'{noon} + duration("1h") == {one}',
        "range",
    )
    yield _operator(
        "add_duration_timestamp",
        "_+_",
        "duration timestamp -> timestamp",
        later,
        f'duration("1h") + {noon} == {one}',
        "range",
    )
    yield _operator(
        "add_duration", "_+_", "duration duration -> duration", "Sum of two durations.",
        'duration("1m") + duration("30s") == duration("90s")', "range",
    )  # fmt: skip
    yield _operator(
        "subtract_timestamps", "_-_", "timestamp timestamp -> duration", "The time from the right to the left.",
        f'{one} - {noon} == duration("1h")',
    )  # fmt: skip
    yield _operator(
        "subtract_timestamp_duration",
        "_-_",
        "timestamp duration -> timestamp",
        earlier,
        f'{one} - duration("1h") == {noon}',
        "range",
    )
    yield _operator(
        "subtract_duration", "_-_", "duration duration -> duration", "Difference of two durations.",
        'duration("90s") - duration("30s") == duration("1m")', "range",
    )  # fmt: skip


def _relations() -> Iterator[Overload]:
    same = "Equality of two values of one type; an enum only with its own members."
    yield _operator("equal", "_==_", "T T -> bool", same, '"a" == "a"')
    yield _operator("not_equal", "_!=_", "T T -> bool", "Inequality of two values of one type.", "1 != 2")
    for name, word in (("_<_", "less"), ("_<=_", "less_equal"), ("_>_", "greater"), ("_>=_", "greater_equal")):
        sign = name.strip("_")
        for kind in ORDERED:
            low, high = SAMPLES[kind]
            example = f"{low} {sign} {high}" if "<" in sign else f"{high} {sign} {low}"
            yield _operator(f"{word}_{kind}", name, f"{kind} {kind} -> bool", f"Order of two {kind} values.", example)
    yield _operator("in_list", "@in", "T list(T) -> bool", "Whether a list holds a value.", "2 in [1, 2]")
    yield _operator(
        "in_map", "@in", "string map(T) -> bool", "Whether a map has a key; a presence test.", '"a" in {"a": 1}'
    )
    yield _operator(
        "index_list",
        "_[_]",
        "list(T) int -> T",
        "The item at an index from 0; an error outside.",
        "[1, 2][0] == 1",
        "range",
    )


OPERATORS: tuple[Overload, ...] = (*_arithmetic(), *_times(), *_relations())
