"""How each function and operator is evaluated over columns, by overload.

`Vector`: on whole arrays, and where it has no value. `Whole`: by a function that looks at columns itself.
`ELEMENTWISE`: by the scalar reader's code, once for each different set of arguments; that is the choice for a function
whose NumPy form differs in the last bit, or that has none worth having, and a new function needs one word there. A
test compares this table with the language's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from engine.columnar import arithmetic as a
from engine.columnar import lists, series
from engine.columnar.calls import Elementwise, Site, Vector, Whole
from engine.columnar.columns import Numbers, Texts
from engine.columnar.comparing import equal, ordered
from engine.columnar.frames import Frame, Value
from rules.cel.functions import BY_ID

Translation: TypeAlias = Vector | Whole | Elementwise

_CALENDAR = ("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear")
_CLOCK = ("getHours", "getMinutes", "getSeconds", "getMilliseconds")
ELEMENTWISE = frozenset(
    (
        *("add_string", "contains", "startsWith", "endsWith", "size_string"),
        *("string_int", "string_bool", "string_timestamp", "string_duration"),
        *("string_double", "int_string", "double_string", "bool_string", "timestamp_string", "duration_string"),
        *("matches", "charAt", "indexOf", "indexOf_from", "lastIndexOf", "lastIndexOf_from", "substring"),
        *("substring_to", "lowerAscii", "upperAscii", "trim", "replace", "replace_times", "split", "split_times"),
        *("join", "join_with", "timestamp_int", "sqrt", "sign_int"),
        *(f"{name}_{of}" for name in (*_CALENDAR, *_CLOCK) for of in ("timestamp", "zone")),
    )
)
"""Functions evaluated by the scalar reader's code."""


def _same(site: Site, frame: Frame) -> Value:
    """The argument itself."""
    return site.args[0].at(frame)


def _equal(site: Site, frame: Frame) -> Value:
    (left, right), errors = site.given(frame)
    return Value(Numbers(equal(site.args[0].type, left, right, frame.size, site.structs)), errors)


def _not_equal(site: Site, frame: Frame) -> Value:
    (left, right), errors = site.given(frame)
    return Value(Numbers(~equal(site.args[0].type, left, right, frame.size, site.structs)), errors)


def _text_order(form: Callable[[Any, Any], Any]) -> Whole:
    def run(site: Site, frame: Frame) -> Value:
        (left, right), errors = site.given(frame)
        assert isinstance(left, Texts)
        assert isinstance(right, Texts)
        return Value(Numbers(np.asarray(form(*ordered(left, right)))), errors)

    return Whole(run, dear=False)


def _arithmetic() -> dict[str, Translation]:
    finite = a.not_finite
    return {
        "not": Vector(np.logical_not),
        "negate_int": Vector(np.negative, a.is_smallest),
        "negate_double": Vector(np.negative),
        "negate_duration": Vector(np.negative, a.not_a_duration),
        "add_int": Vector(np.add, a.add_overflows),
        "add_double": Vector(np.add, finite),
        "subtract_int": Vector(np.subtract, a.subtract_overflows),
        "subtract_double": Vector(np.subtract, finite),
        "multiply_int": Vector(np.multiply, a.multiply_overflows),
        "multiply_double": Vector(np.multiply, finite),
        "divide_int": Vector(a.divide_int, a.divide_int_fails),
        "divide_double": Vector(np.divide, a.divide_double_fails),
        "modulo_int": Vector(a.modulo_int, a.divide_int_fails),
        "abs_int": Vector(np.abs, a.is_smallest),
        "abs_double": Vector(np.abs),
        "ceil": Vector(np.ceil),
        "floor": Vector(np.floor),
        "trunc": Vector(np.trunc),
        "round": Vector(a.round_half_away),
        "sign": Vector(a.sign),
        "double_int": Vector(a.to_double),
        "int_double": Vector(a.to_int, a.to_int_overflows),
        **{f"{word}_{kind}": Vector(form) for word, form in (("least", a.least), ("greatest", a.greatest))
           for kind in ("int", "double")},
    }  # fmt: skip


def _times() -> dict[str, Translation]:
    return {
        "add_timestamp_duration": Vector(np.add, a.not_a_time),
        "add_duration_timestamp": Vector(np.add, a.not_a_time),
        "subtract_timestamp_duration": Vector(np.subtract, a.not_a_time),
        "add_duration": Vector(np.add, a.not_a_duration),
        "subtract_duration": Vector(np.subtract, a.not_a_duration),
        "subtract_timestamps": Vector(np.subtract),
        "int_timestamp": Vector(a.whole_seconds),
        "getHours_duration": Vector(lambda value: a.whole_units(value, 3_600_000_000)),
        "getMinutes_duration": Vector(lambda value: a.whole_units(value, 60_000_000)),
        "getSeconds_duration": Vector(lambda value: a.whole_units(value, 1_000_000)),
        "getMilliseconds_duration": Vector(a.milliseconds_of),
    }


def _relations() -> dict[str, Translation]:
    table: dict[str, Translation] = {
        "equal": Whole(_equal, dear=False),
        "not_equal": Whole(_not_equal, dear=False),
    }
    orders = {"less": np.less, "less_equal": np.less_equal, "greater": np.greater, "greater_equal": np.greater_equal}
    for word, form in orders.items():
        table[f"{word}_string"] = _text_order(form)
        for kind in ("bool", "int", "double", "timestamp", "duration"):
            table[f"{word}_{kind}"] = Vector(form)
    return table


def _lists() -> dict[str, Translation]:
    table: dict[str, Translation] = {
        "size_list": Whole(lists.size_list),
        "size_map": Whole(lists.size_map),
        "sum_int": Whole(lists.sum_int),
        "sum_double": Whole(lists.sum_double),
        "sum_duration": Whole(lists.sum_duration),
        "in_list": Whole(lists.in_list),
        "in_map": Whole(lists.in_map),
        "index_list": Whole(lists.index_list),
        "tail": Whole(lists.tail),
        "distinct": Whole(lists.distinct),
        "add_list": Whole(lists.add_list, dear=False),
        "comparable": Whole(series.comparable),
        "correlation": Whole(series.correlation),
    }
    for kind in ("int", "double", "string", "timestamp", "duration"):
        table[f"min_{kind}"] = Whole(lists.smallest)
        table[f"max_{kind}"] = Whole(lists.largest)
    return table


_UNCHANGED = (
    *(
        "double_double",
        "int_int",
        "bool_bool",
        "string_string",
        "string_enum",
        "timestamp_timestamp",
        "duration_duration",
    ),
)
TRANSLATIONS: dict[str, Translation] = {
    **_arithmetic(),
    **_times(),
    **_relations(),
    **_lists(),
    **{ident: Whole(_same, dear=False) for ident in _UNCHANGED},
    **{ident: Elementwise() for ident in ELEMENTWISE},
}
MISSING = frozenset(BY_ID) - frozenset(TRANSLATIONS)
"""Functions of the language that this reader does not translate: none."""
