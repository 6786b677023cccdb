"""What each function and operator of the language means, one obvious line each, on the values of `evaluator`.

Arithmetic is exact (integers, fractions) wherever that is not what IEEE 754 says; every result is looked at.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from fractions import Fraction
from functools import reduce
from typing import Any

from rules.times import format_duration, format_timestamp, parse_timestamp_us
from tests.oracles.correlation import pearson
from tests.oracles.failed import DAY, EPOCH, HOUR, MINUTE, SECOND, Failed, Function, Value
from tests.oracles.texts import TEXT_FUNCTIONS

FIRST_TIME, LAST_TIME = parse_timestamp_us("0001-01-01T00:00:00Z"), parse_timestamp_us("9999-12-31T23:59:59.999999Z")
LONGEST = 315_576_000_000 * SECOND


def _int(value: int) -> int:
    return _between(value, -(2**63), 2**63 - 1)


def _time(value: int) -> int:
    return _between(value, FIRST_TIME, LAST_TIME)


def _length(value: int) -> int:
    return _between(value, -LONGEST, LONGEST)


def _between(value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise Failed("overflow")
    return value


def _double(value: float) -> float:
    if not math.isfinite(value):
        raise Failed("not-finite")
    return value


def _divisor(value: Any) -> Any:
    if value == 0:
        raise Failed("division-by-zero")
    return value


def _modulo(a: int, b: int) -> int:
    _int(math.trunc(Fraction(a, _divisor(b))))  # CEL: the smallest int has no remainder by -1
    return a - b * math.trunc(Fraction(a, b))


def _correlation(a: list[float], b: list[float]) -> float:
    found = pearson(a, b, len(a), 0)
    if found is None:
        raise Failed("incomparable")
    return found


def _index(items: list[Value], at: int) -> Value:
    if not 0 <= at < len(items):
        raise Failed("index")
    return items[at]


def _some(items: list[Value]) -> list[Value]:
    if not items:
        raise Failed("empty")
    return items


def _least(items: list[Value]) -> Value:
    return reduce(lambda a, b: b if b < a else a, items)


def _greatest(items: list[Value]) -> Value:
    return reduce(lambda a, b: b if b > a else a, items)


def _signed(whole: int, of: float) -> float:
    """A whole number as a double with the sign of what it was rounded from: IEEE rounding keeps that of a zero."""
    return math.copysign(float(whole), of)


def _to_int(value: float) -> int:
    if not -(2.0**63) < value < 2.0**63:  # CEL leaves out both ends
        raise Failed("overflow")
    return math.trunc(value)


def _sqrt(value: float) -> float:
    if value < 0:
        raise Failed("not-finite")
    return math.sqrt(value)


def _date(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


def _whole(length: int, unit: int) -> int:
    return math.trunc(Fraction(length, unit))


def _table() -> dict[str, Function]:
    table: dict[str, Function] = {
        "not": lambda a: not a,
        "negate_int": lambda a: _int(-a),
        "negate_double": lambda a: -a,
        "negate_duration": lambda a: _length(-a),
        "divide_int": lambda a, b: _int(math.trunc(Fraction(a, _divisor(b)))),
        "divide_double": lambda a, b: _double(a / _divisor(b)),
        "modulo_int": _modulo,
        "add_string": lambda a, b: a + b,
        "add_list": lambda a, b: [*a, *b],
        "add_timestamp_duration": lambda a, b: _time(a + b),
        "add_duration_timestamp": lambda a, b: _time(a + b),
        "subtract_timestamp_duration": lambda a, b: _time(a - b),
        "subtract_timestamps": lambda a, b: _length(a - b),
        "equal": lambda a, b: a == b,
        "not_equal": lambda a, b: a != b,
        "in_list": lambda a, items: any(a == item for item in items),
        "in_map": lambda key, mapping: key in mapping,
        "index_list": _index,
        "tail": lambda items, n: [item for at, item in enumerate(items) if len(items) - at <= n],
        "distinct": lambda items: [item for at, item in enumerate(items) if item not in items[:at]],
        "comparable": lambda a, b, n: pearson(a, b, len(a), n) is not None,
        "correlation": _correlation,
        "abs_int": lambda a: _int(-a if a < 0 else a),
        "abs_double": math.fabs,
        "ceil": lambda a: _signed(math.ceil(a), a),
        "floor": lambda a: _signed(math.floor(a), a),
        "trunc": lambda a: _signed(math.trunc(a), a),
        "round": lambda a: _signed(math.floor(abs(Fraction(a)) + Fraction(1, 2)), a),
        "sign": lambda a: float((a > 0) - (a < 0)),
        "sign_int": lambda a: (a > 0) - (a < 0),
        "sqrt": _sqrt,
        "contains": lambda a, b: b in a,
        "startsWith": lambda a, b: a[: len(b)] == b,
        "endsWith": lambda a, b: len(b) <= len(a) and a[len(a) - len(b) :] == b,
        "double_int": lambda a: a / 1,
        "int_double": _to_int,
        "int_timestamp": lambda a: a // SECOND,
        "string_int": str,
        "string_bool": lambda a: "true" if a else "false",
        "string_timestamp": lambda a: format_timestamp(_date(a)),
        "string_duration": lambda a: format_duration(timedelta(microseconds=a)),
    }
    for word, combine in _ARITHMETIC.items():
        for kind, check in (("int", _int), ("double", _double), ("duration", _length)):
            table[f"{word}_{kind}"] = lambda a, b, combine=combine, check=check: check(combine(a, b))
    for kind, start, check in (("int", 0, _int), ("double", 0.0, _double), ("duration", 0, _length)):
        table[f"sum_{kind}"] = lambda items, start=start, check=check: reduce(lambda a, b: check(a + b), items, start)
    for word, compare in _COMPARISONS.items():
        for kind in ("bool", "int", "double", "string", "timestamp", "duration"):
            table[f"{word}_{kind}"] = compare
    for kind in ("int", "double", "string", "timestamp", "duration"):
        table[f"min_{kind}"] = lambda items: _least(_some(items))
        table[f"max_{kind}"] = lambda items: _greatest(_some(items))
    for kind in ("int", "double"):
        table[f"least_{kind}"] = lambda *items: _least(list(items))
        table[f"greatest_{kind}"] = lambda *items: _greatest(list(items))
    for kind in ("list", "map", "string"):
        table[f"size_{kind}"] = len
    for same in ("double_double", "int_int", "bool_bool", "string_string", "string_enum", *_SAME_TIMES):
        table[same] = lambda a: a
    del table["multiply_duration"]
    return table | _CALENDAR | TEXT_FUNCTIONS


_ARITHMETIC: dict[str, Function] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
}
_COMPARISONS: dict[str, Function] = {
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: not b < a,
    "greater": lambda a, b: b < a,
    "greater_equal": lambda a, b: not a < b,
}
_SAME_TIMES = ("timestamp_timestamp", "duration_duration")
_CALENDAR: dict[str, Function] = {
    "getFullYear_timestamp": lambda at: _date(at).year,
    "getMonth_timestamp": lambda at: _date(at).month - 1,
    "getDate_timestamp": lambda at: _date(at).day,
    "getDayOfMonth_timestamp": lambda at: _date(at).day - 1,
    "getDayOfWeek_timestamp": lambda at: (at // DAY + 4) % 7,  # 1970 began on a Thursday
    "getDayOfYear_timestamp": lambda at: (_date(at) - _date(at).replace(month=1, day=1)).days,
    "getHours_timestamp": lambda at: at % DAY // HOUR,
    "getMinutes_timestamp": lambda at: at % HOUR // MINUTE,
    "getSeconds_timestamp": lambda at: at % MINUTE // SECOND,
    "getMilliseconds_timestamp": lambda at: at % SECOND // 1_000,
    "getHours_duration": lambda length: _whole(length, HOUR),
    "getMinutes_duration": lambda length: _whole(length, MINUTE),
    "getSeconds_duration": lambda length: _whole(length, SECOND),
    "getMilliseconds_duration": lambda length: _whole(length - _whole(length, SECOND) * SECOND, 1_000),
}
FUNCTIONS: dict[str, Function] = _table()
