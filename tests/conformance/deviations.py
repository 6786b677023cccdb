"""What this language declares to mean otherwise than others' CEL, told from the evaluation of an expression.

An expression is evaluated once more by the naive evaluator, whose table of functions notes what happened: a result that
is not finite, the decimals of a time written as text. A difference between two implementations counts as a declared
deviation only where the evaluation itself met what that deviation is about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from rules.cel.tree import Constant, Node, walk
from rules.types import DurationType
from tests.oracles import evaluator
from tests.oracles.evaluator import World
from tests.oracles.failed import SECOND, Failed
from tests.oracles.functions import FUNCTIONS

LONGEST_US = 2**63 // 1_000
"""The longest duration that 64 bits of nanoseconds hold."""

DEVIATIONS = {
    "not-finite": "a double operation has an infinite or undefined result: an error here",
    "decimals": "a time with decimals is written as text: as few as needed here, groups of three there",
    "long-duration": "a duration beyond 64 bits of nanoseconds (292 years): a value here, an error there",
    "key-order": "the order of a map's keys shows: CEL leaves it open",
    "substring-to-the-end": "the end of a text as the end of a part: an error there, against the official tests",
    "split-of-nothing": "an empty text is cut at an empty separator: no parts here, one empty part there",
}


def met(node: Node, world: World) -> set[str]:
    """The deviations that evaluating an expression meets."""
    found: set[str] = set()
    if any(isinstance(n, Constant) and isinstance(n.type, DurationType) and _is_long(n.value) for n in walk(node)):
        found.add("long-duration")
    noting = {ident: _noting(ident, function, found) for ident, function in FUNCTIONS.items()}
    with patch.dict(FUNCTIONS, noting):
        straight = _outcome(node, world)
    others = (_outcome(node, replace(world, inputs=_turned(world.inputs, by))) for by in (1, 2, 3))
    return found if all(other == straight for other in others) else found | {"key-order"}


def _outcome(node: Node, world: World) -> str:
    try:
        return repr(evaluator.evaluate(node, world))
    except Failed:
        return "failed"


def _turned(value: Any, by: int) -> Any:
    """A value whose maps give their keys in another order."""
    match value:
        case dict():
            keys = list(value)[by % max(1, len(value)) :] + list(value)[: by % max(1, len(value))]
            return {key: _turned(value[key], by) for key in keys}
        case list():
            return [_turned(item, by) for item in value]
        case _:
            return value


def _noting(ident: str, function: Callable[..., Any], found: set[str]) -> Callable[..., Any]:
    def noted(*args: Any) -> Any:
        try:
            result = function(*args)
        except Failed as failed:
            if failed.code == "not-finite" or ident == "divide_double":
                found.add("not-finite")
            raise
        if ident in ("string_timestamp", "string_duration") and args[0] % SECOND:
            found.add("decimals")
        if ident in _LENGTHS and any(_is_long(value) for value in (result, *args)):
            found.add("long-duration")
        if ident == "substring_to" and args[2] == len(args[0]):
            found.add("substring-to-the-end")
        if ident in ("split", "split_times") and args[:2] == ("", ""):
            found.add("split-of-nothing")
        return result

    return noted


_LENGTHS = frozenset(
    ("add_duration", "subtract_duration", "subtract_timestamps", "duration_string", "duration_duration")
)


def _is_long(value: object) -> bool:
    return isinstance(value, int) and abs(value) > LONGEST_US
