"""How each function and operator is written in generated Python, by overload.

`{0}`, `{1}` are the arguments' code, `{site}` the number of the node; `checked` is used where the node may raise,
`plain` where its bounds prove that it cannot. A test compares this table with the language's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rules.cel.functions import BY_ID


@dataclass(frozen=True, slots=True)
class Translation:
    """Code for the case that cannot raise and, where there is one, for the case that may."""

    plain: str
    checked: str = ""


def _table() -> dict[str, Translation]:
    table = {
        "not": Translation("not {0}"),
        "negate_int": Translation("-{0}", "WINT(-{0}, {site})"),
        "negate_double": Translation("-{0}"),
        "negate_duration": Translation("-{0}", "WDUR(-{0}, {site})"),
        "add_int": Translation("{0} + {1}", "WINT({0} + {1}, {site})"),
        "add_double": Translation("{0} + {1}", "FINITE({0} + {1}, {site})"),
        "subtract_int": Translation("{0} - {1}", "WINT({0} - {1}, {site})"),
        "subtract_double": Translation("{0} - {1}", "FINITE({0} - {1}, {site})"),
        "multiply_int": Translation("{0} * {1}", "WINT({0} * {1}, {site})"),
        "multiply_double": Translation("{0} * {1}", "FINITE({0} * {1}, {site})"),
        "divide_int": Translation("DIVI({0}, {1}, {site})", "DIVI({0}, {1}, {site})"),
        "divide_double": Translation("{0} / {1}", "DIVD({0}, {1}, {site})"),
        "modulo_int": Translation("MODI({0}, {1}, {site})", "MODI({0}, {1}, {site})"),
        "add_string": Translation("{0} + {1}"),
        "add_list": Translation("{0} + {1}"),
        "add_timestamp_duration": Translation("", "TADD({0}, {1}, {site})"),
        "add_duration_timestamp": Translation("", "TADDR({0}, {1}, {site})"),
        "subtract_timestamp_duration": Translation("", "TSUB({0}, {1}, {site})"),
        "add_duration": Translation("{0} + {1}", "WDUR({0} + {1}, {site})"),
        "subtract_duration": Translation("{0} - {1}", "WDUR({0} - {1}, {site})"),
        "subtract_timestamps": Translation("{0} - {1}"),
        "equal": Translation("{0} == {1}"),
        "not_equal": Translation("{0} != {1}"),
        "in_list": Translation("{0} in {1}"),
        "in_map": Translation("{0} in {1}"),
        "index_list": Translation("", "INDEX({0}, {1}, {site})"),
        "sum_int": Translation("SUMI({0}, {site})", "SUMI({0}, {site})"),
        "sum_double": Translation("SUMD({0}, {site})", "SUMD({0}, {site})"),
        "sum_duration": Translation("SUMT({0}, {site})", "SUMT({0}, {site})"),
        "tail": Translation("TAIL({0}, {1})"),
        "distinct": Translation("DISTINCT({0})"),
        "comparable": Translation("COMPARABLE({0}, {1}, {2})"),
        "correlation": Translation("", "CORRELATION({0}, {1}, {site})"),
        "abs_int": Translation("abs({0})", "WINT(abs({0}), {site})"),
        "abs_double": Translation("abs({0})"),
        "ceil": Translation("CEIL({0})"),
        "floor": Translation("FLOOR({0})"),
        "round": Translation("ROUND({0})"),
        "trunc": Translation("TRUNC({0})"),
        "sign": Translation("SIGN({0})"),
        "double_int": Translation("float({0})"),
        "int_double": Translation("int({0})", "TOINT({0}, {site})"),
        "int_timestamp": Translation("SECONDS({0})"),
        "string_int": Translation("str({0})"),
        "string_bool": Translation("TBOOL({0})"),
        "string_timestamp": Translation("TTIME({0})"),
        "string_duration": Translation("TDUR({0})"),
        "string_double": Translation("TDOUBLE({0})"),
        "timestamp_int": Translation("OFSECONDS({0}, {site})", "OFSECONDS({0}, {site})"),
        "sqrt": Translation("SQRT({0}, {site})", "SQRT({0}, {site})"),
        "sign_int": Translation("SIGNI({0})"),
    }
    table.update(_texts())
    for same in (
        "double_double",
        "int_int",
        "bool_bool",
        "string_string",
        "string_enum",
        "timestamp_timestamp",
        "duration_duration",
    ):
        table[same] = Translation("{0}")
    for kind in ("list", "map", "string"):
        table[f"size_{kind}"] = Translation("len({0})")
    for word, sign in (("less", "<"), ("less_equal", "<="), ("greater", ">"), ("greater_equal", ">=")):
        for kind in ("bool", "int", "double", "string", "timestamp", "duration"):
            table[f"{word}_{kind}"] = Translation(f"{{0}} {sign} {{1}}")
    for word, name in (("min", "MIN"), ("max", "MAX")):
        for kind in ("int", "double", "string", "timestamp", "duration"):
            table[f"{word}_{kind}"] = Translation("", f"{name}({{0}}, {{site}})")
    for word, name in (("least", "min"), ("greatest", "max")):
        for kind in ("int", "double"):
            table[f"{word}_{kind}"] = Translation(f"{name}({{args}})")
    table.update(_getters())
    return table


def _texts() -> dict[str, Translation]:
    """A literal argument (of `matches` and of a zone) is the name of what it was read as."""
    never = {
        "contains": "CONTAINS({0}, {1})",
        "startsWith": "{0}.startswith({1})",
        "endsWith": "{0}.endswith({1})",
        "matches": "{1}({0})",
        "indexOf": "{0}.find({1})",
        "lastIndexOf": "{0}.rfind({1})",
        "lowerAscii": "LOWER({0})",
        "upperAscii": "UPPER({0})",
        "trim": "TRIM({0})",
        "replace": "{0}.replace({1}, {2})",
        "replace_times": "{0}.replace({1}, {2}, {3})",
        "split": "SPLIT({0}, {1}, -1)",
        "split_times": "SPLIT({0}, {1}, {2})",
        "join": "CONCAT({0})",
        "join_with": "JOIN({0}, {1})",
    }
    may_fail = {
        "charAt": "CHAR({0}, {1}, {site})",
        "indexOf_from": "FIND({0}, {1}, {2}, {site})",
        "lastIndexOf_from": "RFIND({0}, {1}, {2}, {site})",
        "substring": "FROM({0}, {1}, {site})",
        "substring_to": "BETWEEN({0}, {1}, {2}, {site})",
        "int_string": "READI({0}, {site})",
        "double_string": "READD({0}, {site})",
        "bool_string": "READB({0}, {site})",
        "timestamp_string": "READT({0}, {site})",
        "duration_string": "READL({0}, {site})",
    }
    table = {ident: Translation(code) for ident, code in never.items()}
    return table | {ident: Translation("", code) for ident, code in may_fail.items()}


def _getters() -> dict[str, Translation]:
    parts = {
        "getFullYear": "PART({0}, 'year')",
        "getMonth": "PART({0}, 'month') - 1",
        "getDate": "PART({0}, 'day')",
        "getDayOfMonth": "PART({0}, 'day') - 1",
        "getDayOfWeek": "PART({0}, 'dayOfWeek')",
        "getDayOfYear": "PART({0}, 'dayOfYear')",
        "getHours": "PART({0}, 'hour')",
        "getMinutes": "PART({0}, 'minute')",
        "getSeconds": "PART({0}, 'second')",
        "getMilliseconds": "PART({0}, 'milliseconds')",
    }
    table = {f"{name}_timestamp": Translation(code) for name, code in parts.items()}
    for name, code in parts.items():
        table[f"{name}_zone"] = Translation(code.replace("PART(", "PARTIN(").replace("')", "', {1})"))
    for name, unit in (("getHours", 3_600_000_000), ("getMinutes", 60_000_000), ("getSeconds", 1_000_000)):
        table[f"{name}_duration"] = Translation(f"UNITS({{0}}, {unit})")
    table["getMilliseconds_duration"] = Translation("MILLIS({0})")
    return table


TRANSLATIONS: dict[str, Translation] = _table()
_CALLED = re.compile(r"[A-Za-z]+\([^()]*\)$")
"""Code that is one call and no more."""


def write_call(overload: str, args: list[str], site: int, *, raises: bool) -> str:
    """The code of a call, which can stand anywhere: in parentheses, of which Python nests 200, where it needs them."""
    translation = TRANSLATIONS[overload]
    form = translation.checked if raises and translation.checked else translation.plain or translation.checked
    if "{args}" in form:
        return args[0] if len(args) == 1 else form.format(args=", ".join(args))
    code = form.format(*args, site=site)
    return code if _CALLED.match(form) else f"({code})"


MISSING = frozenset(BY_ID) - frozenset(TRANSLATIONS)
"""Functions of the language that this reader does not translate: none."""


CHOICES = {f"{word}_{kind}": sign for word, sign in (("least", "<="), ("greatest", ">=")) for kind in ("int", "double")}
"""The functions that choose one of their arguments, with what the chosen is to the others."""


def chosen(sign: str, names: list[str]) -> str:
    """The least or greatest of two or three locals, the first of those that are equal."""
    first, second, *rest = names
    if not rest:
        return f"({first} if {first} {sign} {second} else {second})"
    third = rest[0]
    beyond = f"{second} if {second} {sign} {third} else {third}"
    return f"({first} if {first} {sign} {second} and {first} {sign} {third} else {beyond})"
