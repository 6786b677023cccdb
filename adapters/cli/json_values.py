"""A value of an expression as JSON, in the form its type has: a double always shows that it is one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from rules.types import DoubleType, ListType, MapType, RecordType, Type


def json_text(t: Type, value: object) -> str:
    """The JSON of a plain value (timestamps and durations are text by now) of a type."""
    match t, value:
        case DoubleType(), int() | float() if not isinstance(value, bool):
            return _double(float(value))
        case ListType(), list() | tuple():
            return f"[{', '.join(json_text(t.item, item) for item in value)}]"
        case MapType(), Mapping():
            return _object((key, json_text(t.value, item)) for key, item in value.items())
        case RecordType(), Mapping():
            types = {field.name: field.type for field in t.fields}
            return _object((name, json_text(types[name], item)) for name, item in value.items())
        case _:
            return json.dumps(value, ensure_ascii=False)


def _object(members: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{json.dumps(name, ensure_ascii=False)}: {text}" for name, text in members) + "}"


def _double(value: float) -> str:
    """`2.0`, `0.1`, `1.0e+22`: the shortest text that reads back as the same double, with a decimal point."""
    mantissa, e, exponent = repr(value).partition("e")
    return (mantissa if "." in mantissa else f"{mantissa}.0") + e + exponent
