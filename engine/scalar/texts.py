"""What generated code calls of texts: places in them, parts of them, and what they are read as.

Indices count characters (code points) from 0. What lies outside a text, or cannot be read, raises `EvaluationError`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.scalar.runtime import EvaluationError, finite, within_int
from rules.patterns import matcher
from rules.times import parse_duration, parse_timestamp

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""Unicode's property White_Space."""

_is_int = matcher(r"[+-]?[0-9]{1,64}")
_is_double = matcher(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BOOLS = {
    **dict.fromkeys(("true", "True", "TRUE", "t", "1"), True),
    **dict.fromkeys(("false", "False", "FALSE", "f", "0"), False),
}


def character(text: str, at: int, site: int) -> str:
    """The character at an index; empty at the end."""
    return text[at : _index(text, at, site) + 1]


def _index(text: str, at: int, site: int) -> int:
    if 0 <= at <= len(text):
        return at
    raise EvaluationError("index", site)


def first_place(text: str, part: str, start: int, site: int) -> int:
    """Where a text holds another, at or after an index; -1 where it does not."""
    return text.find(part, _index(text, start, site))


def last_place(text: str, part: str, start: int, site: int) -> int:
    """Where a text holds another, at or before an index; -1 where it does not."""
    return text.rfind(part, 0, _index(text, start, site) + len(part))


def part_from(text: str, start: int, site: int) -> str:
    """The text from an index on."""
    return text[_index(text, start, site) :]


def part_between(text: str, start: int, end: int, site: int) -> str:
    """The text from an index up to another."""
    if start > end:
        raise EvaluationError("index", site)
    return text[_index(text, start, site) : _index(text, end, site)]


def trimmed(text: str) -> str:
    """Without white space at either end."""
    return text.strip(WHITE_SPACE)


def lowered(text: str) -> str:
    """With small letters for A to Z."""
    return text.translate(_LOWER)


def raised(text: str) -> str:
    """With capitals for a to z."""
    return text.translate(_UPPER)


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}


def parts(text: str, separator: str, most: int) -> list[str]:
    """The text cut at a separator into at most so many parts; below 0, into all."""
    if most == 0:
        return []
    if separator:
        return text.split(separator, most - 1 if most > 0 else -1)
    if most < 0 or most >= len(text):
        return list(text)
    return [*text[: most - 1], text[most - 1 :]]


def joined(texts: list[str], separator: str) -> str:
    """The texts with a separator between them; a function, so that the list is computed first."""
    return separator.join(texts)


def concatenated(texts: list[str]) -> str:
    """The texts one after the other."""
    return "".join(texts)


def read_int(text: str, site: int) -> int:
    """The int that decimal digits write."""
    if not _is_int(text):
        raise EvaluationError("unreadable", site)
    return within_int(int(text), site)


def read_double(text: str, site: int) -> float:
    """The double nearest to a decimal number."""
    if not _is_double(text):
        raise EvaluationError("unreadable", site)
    return finite(float(text), site)


def read_bool(text: str, site: int) -> bool:
    """A truth value as CEL reads it."""
    try:
        return _BOOLS[text]
    except KeyError:
        raise EvaluationError("unreadable", site) from None


def read_time(text: str, site: int) -> datetime:
    """A point in time from RFC 3339."""
    try:
        return parse_timestamp(text)
    except ValueError:
        raise EvaluationError("unreadable", site) from None


def read_length(text: str, site: int) -> timedelta:
    """A length of time from text as `1h30m`."""
    try:
        return parse_duration(text)
    except ValueError:
        raise EvaluationError("unreadable", site) from None


def text_of_double(value: float) -> str:
    """The shortest text that reads back as the double, as CEL writes it: `0.5`, `100`, `1e+06`, `1e-05`."""
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)
    shortest = "".join(map(str, digits)).rstrip("0")
    power = len(digits) + exponent - 1
    minus = "-" if sign else ""
    if not shortest:
        return minus + "0"
    if -4 <= power < 6:
        return minus + f"{Decimal(repr(abs(value))):f}".removesuffix(".0")
    tail = f".{shortest[1:]}" if len(shortest) > 1 else ""
    return f"{minus}{shortest[0]}{tail}e{'-' if power < 0 else '+'}{abs(power):02}"


NAMES: dict[str, Any] = {
    "CHAR": character,
    "FIND": first_place,
    "RFIND": last_place,
    "FROM": part_from,
    "BETWEEN": part_between,
    "TRIM": trimmed,
    "LOWER": lowered,
    "UPPER": raised,
    "SPLIT": parts,
    "CONCAT": concatenated,
    "JOIN": joined,
    "READI": read_int,
    "READD": read_double,
    "READB": read_bool,
    "READT": read_time,
    "READL": read_length,
    "TDOUBLE": text_of_double,
}
"""The names generated code may use for texts."""
