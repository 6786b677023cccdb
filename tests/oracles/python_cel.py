"""cel-python's interpreter as a third oracle, where it is right. It keeps state in module globals: never under threads.

Left to the others is what it has not (the mathematics and texts of the extensions) or has wrong: `map` with a condition
takes no third argument, texts of bools and doubles are Python's, and an error inside a map literal becomes a value.
Times are types of its own, and a negative index counts from the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import celpy
from celpy import celtypes
from celpy.evaluation import CELEvalError

from rules.cel.tree import Call, Entries, Loop, Node, walk
from rules.types import DurationType, TimestampType

STANDARD = (
    *("not", "negate", "add", "subtract", "multiply", "divide", "modulo", "equal", "in", "size"),
    *("less", "greater", "contains", "startsWith", "endsWith", "matches"),
)
"""First words of the overloads that it has right."""


def is_right_of(node: Node) -> bool:
    """Whether an expression holds nothing but what it has right."""
    return all(_is_right(part) for part in walk(node))


def _is_right(part: Node) -> bool:
    match part:
        case _ if isinstance(part.type, TimestampType | DurationType):
            return False
        case Call(overload=overload):
            return overload.id.partition("_")[0] in STANDARD
        case Loop(macro="map", source=Loop(macro="filter", local=local)):
            return local.key != part.local.key
        case Entries():
            return False
        case _:
            return True


class Error:
    """An expression has no value."""


def value_of(text: str, given: Mapping[str, Any]) -> Any:
    """The value of an expression as Python has it, or an `Error`."""
    environment = celpy.Environment()
    program = environment.program(environment.compile(text))
    try:
        return _plain(program.evaluate({name: _foreign(value) for name, value in given.items()}))
    except CELEvalError:
        return Error()


def _foreign(value: Any) -> Any:
    match value:
        case list():
            return celtypes.ListType([_foreign(item) for item in value])
        case dict():
            return celtypes.MapType({celtypes.StringType(key): _foreign(item) for key, item in value.items()})
        case datetime():
            return celtypes.TimestampType(value)
        case timedelta():
            return celtypes.DurationType(value)
        case bool():
            return celtypes.BoolType(value)
        case int():
            return celtypes.IntType(value)
        case float():
            return celtypes.DoubleType(value)
        case _:
            return celtypes.StringType(value)


def _plain(value: Any) -> Any:
    match value:
        case celtypes.BoolType():
            return bool(value)
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case bool():
            return value
        case int():
            return int(value)
        case float():
            return float(value)
        case _:
            return str(value)
