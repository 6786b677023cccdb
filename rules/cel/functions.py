"""The functions and operators of the language, each declared once: signature, meaning, example, and when it fails.

The checker resolves calls in this table, the language reference is generated from it, and each reader has one
translation for each entry (a test fails when one is missing). Type variables are written `T`; `list(T)` and
`map(T)` are patterns over them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Style = Literal["operator", "function", "method"]
Failure = Literal["never", "overflow", "division", "empty", "range", "text"]
Pattern: TypeAlias = str


@dataclass(frozen=True, slots=True)
class Overload:
    """One signature of a function. `id` names it in every reader; `params` includes a method's target first."""

    id: str
    name: str
    style: Style
    params: tuple[Pattern, ...]
    result: Pattern
    doc: str
    example: str
    failure: Failure = "never"
    variadic: bool = False
    """The last parameter may be given any number of times (at least once)."""


def _operators() -> list[Overload]:
    found: list[Overload] = []

    def add(ident: str, name: str, params: str, result: str, doc: str, example: str, failure: Failure = "never") -> None:
        found.append(Overload(ident, name, "operator", tuple(params.split()), result, doc, example, failure))

    add("not", "!_", "bool", "bool", "Logical negation.", "!true == false")
    for kind, example in (("int", "-(3) == -3"), ("double", "-(2.5) == -2.5"), ("duration", '-duration("1s") < duration("0s")')):
        add(f"negate_{kind}", "-_", kind, kind, f"Negation of {_article(kind)}.", example, "overflow" if kind != "double" else "never")
    arithmetic = {"_+_": ("add", "Sum", "1 + 2 == 3", "1.5 + 2.0 == 3.5"), "_-_": ("subtract", "Difference", "3 - 2 == 1", "3.5 - 2.0 == 1.5"),
                  "_*_": ("multiply", "Product", "3 * 2 == 6", "1.5 * 2.0 == 3.0")}
    for name, (word, doc, int_example, double_example) in arithmetic.items():
        add(f"{word}_int", name, "int int", "int", f"{doc} of two ints; an error outside 64 bits.", int_example, "overflow")
        add(f"{word}_double", name, "double double", "double", f"{doc} of two doubles; an error when not finite.", double_example, "overflow")
    add("divide_int", "_/_", "int int", "int", "Quotient of two ints, rounded towards zero; an error for 0.", "7 / 2 == 3", "division")
    add("divide_double", "_/_", "double double", "double", "Quotient of two doubles; an error when not finite.", "7.0 / 2.0 == 3.5", "division")
    add("modulo_int", "_%_", "int int", "int", "Remainder with the sign of the left side; an error for 0.", "7 % 2 == 1", "division")
    add("add_string", "_+_", "string string", "string", "Two texts joined.", '"a" + "b" == "ab"')
    add("add_list", "_+_", "list(T) list(T)", "list(T)", "One list after the other.", "[1] + [2] == [1, 2]")
    add("add_timestamp_duration", "_+_", "timestamp duration", "timestamp", "A later time; an error outside the years 1 to 9999.",
        'timestamp("2026-01-01T00:00:00Z") + duration("1h") == timestamp("2026-01-01T01:00:00Z")', "range")
    add("add_duration_timestamp", "_+_", "duration timestamp", "timestamp", "A later time; an error outside the years 1 to 9999.",
        'duration("1h") + timestamp("2026-01-01T00:00:00Z") == timestamp("2026-01-01T01:00:00Z")', "range")
    add("add_duration", "_+_", "duration duration", "duration", "Sum of two durations.", 'duration("1m") + duration("30s") == duration("90s")', "range")
    add("subtract_timestamps", "_-_", "timestamp timestamp", "duration", "The time from the right to the left.",
        'timestamp("2026-01-01T00:01:00Z") - timestamp("2026-01-01T00:00:00Z") == duration("60s")')
    add("subtract_timestamp_duration", "_-_", "timestamp duration", "timestamp", "An earlier time; an error outside the years 1 to 9999.",
        'timestamp("2026-01-01T01:00:00Z") - duration("1h") == timestamp("2026-01-01T00:00:00Z")', "range")
    add("subtract_duration", "_-_", "duration duration", "duration", "Difference of two durations.", 'duration("90s") - duration("30s") == duration("1m")', "range")
    add("equal", "_==_", "T T", "bool", "Equality of two values of one type; an enum only with its own members.", '"a" == "a"')
    add("not_equal", "_!=_", "T T", "bool", "Inequality of two values of one type.", "1 != 2")
    for name, word, example in (("_<_", "less", "1 < 2"), ("_<=_", "less_equal", "2 <= 2"), ("_>_", "greater", "2 > 1"), ("_>=_", "greater_equal", "2 >= 2")):
        for kind in ("bool", "int", "double", "string", "timestamp", "duration"):
            shown = example if kind == "int" else _order_example(kind, name)
            add(f"{word}_{kind}", name, f"{kind} {kind}", "bool", f"Order of two {kind} values.", shown)
    add("in_list", "@in", "T list(T)", "bool", "Whether a list holds a value.", "2 in [1, 2]")
    add("in_map", "@in", "string map(T)", "bool", "Whether a map has a key; a presence test.", '"a" in {"a": 1}')
    add("index_list", "_[_]", "list(T) int", "T", "The item at an index from 0; an error outside the list.", "[1, 2][0] == 1", "range")
    return found


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _order_example(kind: str, name: str) -> str:
    operator = name.strip("_")
    low, high = {
        "bool": ("false", "true"),
        "double": ("1.0", "2.0"),
        "string": ('"a"', '"b"'),
        "timestamp": ('timestamp("2026-01-01T00:00:00Z")', 'timestamp("2026-01-02T00:00:00Z")'),
        "duration": ('duration("1s")', 'duration("1m")'),
    }[kind]
    return f"{low} {operator} {high}" if "<" in operator else f"{high} {operator} {low}"


def _functions() -> list[Overload]:
    found: list[Overload] = []

    def add(
        ident: str, name: str, params: str, result: str, doc: str, example: str,
        failure: Failure = "never", *, style: Style = "function", variadic: bool = False,
    ) -> None:
        found.append(Overload(ident, name, style, tuple(params.split()), result, doc, example, failure, variadic))

    sizes = (("list", "list(T)", "items", "[1, 2]"), ("map", "map(T)", "entries", '{"a": 1}'), ("string", "string", "characters", '"abc"'))
    for kind, pattern, what, example in sizes:
        count = {"list": 2, "map": 1, "string": 3}[kind]
        add(f"size_{kind}", "size", pattern, "int", f"How many {what}.", f"size({example}) == {count}")
        add(f"size_{kind}", "size", pattern, "int", f"How many {what}.", f"{example}.size() == {count}", style="method")
    add("sum_int", "sum", "list(int)", "int", "Sum, left to right; 0 when empty.", "[1, 2].sum() == 3", "overflow", style="method")
    add("sum_double", "sum", "list(double)", "double", "Sum, left to right; 0.0 when empty.", "[0.5, 0.25].sum() == 0.75", "overflow", style="method")
    add("sum_duration", "sum", "list(duration)", "duration", "Sum; zero when empty.", '[duration("1s"), duration("2s")].sum() == duration("3s")', "range", style="method")
    for word, doc in (("min", "Smallest item; an error when empty."), ("max", "Largest item; an error when empty.")):
        for kind in ("int", "double", "string", "timestamp", "duration"):
            add(f"{word}_{kind}", word, f"list({kind})", kind, doc, _extreme_example(word, kind), "empty", style="method")
    add("tail", "tail", "list(T) int", "list(T)", "The last n items (all when fewer; none when n is not above 0).", "[1, 2, 3].tail(2) == [2, 3]", style="method")
    for word, doc in (("least", "The smallest of the arguments."), ("greatest", "The largest of the arguments.")):
        for kind in ("int", "double"):
            pair = ("1, 2" if kind == "int" else "1.0, 2.0", {"least": {"int": "1", "double": "1.0"}, "greatest": {"int": "2", "double": "2.0"}}[word][kind])
            add(f"{word}_{kind}", f"math.{word}", kind, kind, doc, f"math.{word}({pair[0]}) == {pair[1]}", variadic=True)
    add("abs_int", "math.abs", "int", "int", "Absolute value; an error for the smallest int.", "math.abs(-3) == 3", "overflow")
    add("abs_double", "math.abs", "double", "double", "Absolute value.", "math.abs(-1.5) == 1.5")
    for word, doc, example in (
        ("ceil", "Rounded up.", "math.ceil(1.2) == 2.0"),
        ("floor", "Rounded down.", "math.floor(1.8) == 1.0"),
        ("round", "Rounded to the nearest, halves away from zero.", "math.round(1.5) == 2.0"),
        ("trunc", "Rounded towards zero.", "math.trunc(-1.8) == -1.0"),
        ("sign", "-1.0, 0.0 or 1.0.", "math.sign(-2.5) == -1.0"),
    ):
        add(word, f"math.{word}", "double", "double", doc, example)
    for word, doc, example in (
        ("contains", "Whether a text holds another.", '"abc".contains("b")'),
        ("startsWith", "Whether a text begins with another.", '"abc".startsWith("a")'),
        ("endsWith", "Whether a text ends with another.", '"abc".endsWith("c")'),
    ):
        add(word, word, "string string", "bool", doc, example, style="method")
    found.extend(_conversions())
    return found


def _conversions() -> list[Overload]:
    def convert(ident: str, name: str, params: str, doc: str, example: str, failure: Failure = "never") -> Overload:
        return Overload(ident, name, "function", (params,), name, doc, example, failure)

    found = [
        convert("double_int", "double", "int", "The double nearest to an int.", "double(2) == 2.0"),
        convert("double_double", "double", "double", "The double itself.", "double(2.0) == 2.0"),
        convert("int_int", "int", "int", "The int itself.", "int(2) == 2"),
        convert("int_double", "int", "double", "Rounded towards zero; an error outside 64 bits.", "int(2.9) == 2", "range"),
        convert("int_timestamp", "int", "timestamp", "Whole seconds since 1970.", 'int(timestamp("1970-01-01T00:01:00Z")) == 60'),
        convert("string_string", "string", "string", "The text itself.", 'string("a") == "a"'),
        convert("string_int", "string", "int", "Decimal digits.", 'string(12) == "12"'),
        convert("string_bool", "string", "bool", "`true` or `false`.", 'string(true) == "true"'),
        convert("string_enum", "string", "enum", "The word of an enum.", 'string(true) == "true"'),
        convert("string_timestamp", "string", "timestamp", "RFC 3339 in UTC.", 'string(timestamp("2026-01-01T00:00:00Z")) == "2026-01-01T00:00:00Z"'),
        convert("string_duration", "string", "duration", "Seconds with an `s`.", 'string(duration("1m")) == "60s"'),
        convert("timestamp_timestamp", "timestamp", "timestamp", "The time itself.", 'timestamp(timestamp("2026-01-01T00:00:00Z")) == timestamp("2026-01-01T00:00:00Z")'),
        convert("duration_duration", "duration", "duration", "The duration itself.", 'duration(duration("1s")) == duration("1s")'),
    ]
    getters = {"getFullYear": "The year.", "getMonth": "The month, from 0.", "getDate": "The day of the month, from 1.", "getDayOfMonth": "The day of the month, from 0.",
               "getDayOfWeek": "The day of the week, 0 is Sunday.", "getDayOfYear": "The day of the year, from 0.", "getHours": "The hour, UTC.",
               "getMinutes": "The minute.", "getSeconds": "The second.", "getMilliseconds": "The milliseconds within the second."}
    values = {"getFullYear": 2026, "getMonth": 1, "getDate": 3, "getDayOfMonth": 2, "getDayOfWeek": 2, "getDayOfYear": 33, "getHours": 12, "getMinutes": 30, "getSeconds": 15, "getMilliseconds": 250}
    found += [
        Overload(f"{name}_timestamp", name, "method", ("timestamp",), "int", doc, f'timestamp("2026-02-03T12:30:15.250Z").{name}() == {values[name]}')
        for name, doc in getters.items()
    ]
    whole = {"getHours": "Whole hours", "getMinutes": "Whole minutes", "getSeconds": "Whole seconds", "getMilliseconds": "Milliseconds within the second"}
    shown = {"getHours": 1, "getMinutes": 61, "getSeconds": 3661, "getMilliseconds": 0}
    found += [
        Overload(f"{name}_duration", name, "method", ("duration",), "int", f"{doc} of a duration.", f'duration("3661s").{name}() == {shown[name]}')
        for name, doc in whole.items()
    ]
    return found


def _extreme_example(word: str, kind: str) -> str:
    low, high = {
        "int": ("1", "2"),
        "double": ("1.0", "2.0"),
        "string": ('"a"', '"b"'),
        "timestamp": ('timestamp("2026-01-01T00:00:00Z")', 'timestamp("2026-01-02T00:00:00Z")'),
        "duration": ('duration("1s")', 'duration("1m")'),
    }[kind]
    return f"[{low}, {high}].{word}() == {low if word == 'min' else high}"


OVERLOADS: tuple[Overload, ...] = (*_operators(), *_functions())


def _by_name() -> dict[tuple[Style, str], tuple[Overload, ...]]:
    table: dict[tuple[Style, str], tuple[Overload, ...]] = {}
    for overload in OVERLOADS:
        key = (overload.style, overload.name)
        table[key] = (*table.get(key, ()), overload)
    return table


BY_NAME = _by_name()
BY_ID: dict[str, Overload] = {overload.id: overload for overload in OVERLOADS}
