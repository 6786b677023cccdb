"""How long a message can be: what each placeholder comes to at most, from the bounds of its type."""

from __future__ import annotations

from collections.abc import Iterable

from rules.cel.tree import Placeholder
from rules.types import (
    BoolType,
    DoubleType,
    DurationType,
    EnumType,
    IntType,
    StringType,
    TimestampType,
)

UNWRITABLE = "the reason could not be written"
"""What stands in place of a message that cannot be written."""
WRITTEN_NUMBER = 512
"""Characters of a number in a message, at most: 309 digits, 99 decimals, signs and marks."""
OPEN_WORD = 64
"""Characters of a word of an open enum, at most."""
_LARGE = 1e300
"""Doubles beyond are not written out to see how long they are: a percentage of them is no number."""


def longest(parts: Iterable[str | Placeholder]) -> int | None:
    """The most characters that a message can have; None when it quotes a text without a length."""
    total = 0
    for part in parts:
        most = len(part) if isinstance(part, str) else _longest(part)
        if most is None:
            return None
        total += most
    return max(total, len(UNWRITABLE))


def _longest(part: Placeholder) -> int | None:
    match part.node.type:
        case StringType(max_length=most):
            return most
        case EnumType(members=members, open=is_open):
            return OPEN_WORD if is_open else max(map(len, members))
        case BoolType():
            return len("false")
        case TimestampType():
            return len("2026-02-03T12:30:15.000001Z")
        case DurationType():
            return len("-315576000000.000001s")
        case IntType(minimum=low, maximum=high):
            return max(len(format(bound, part.format)) for bound in (low, high))
        case DoubleType(minimum=low, maximum=high) if max(-low, high) < _LARGE:
            return 2 + max(len(format(bound, part.format)) for bound in (low, high))  # -0.0, and 1e-300 beside 1e+5
        case _:
            return WRITTEN_NUMBER
