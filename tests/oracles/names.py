"""What random expressions are made of: names with their types, what needs a test before it is read, literals."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

SCALARS = ("bool", "int", "double", "string", "timestamp", "duration", "Side")
ORDERED = ("int", "double", "string", "timestamp", "duration")
LISTS = tuple(f"list:{t}" for t in (*SCALARS, "Item"))
WORDS = ("", "a", "b", "c", "ab", "ba", "abc", "b c", "é")
INTS = (
    *("0", "1", "2", "3", "7", "(-1)", "(-3)", "10", "1000"),
    *("9223372036854775807", "(-9223372036854775808)", "3037000500"),
)
DOUBLES = (
    *("0.0", "(-0.0)", "1.0", "(-1.0)", "0.5", "2.0", "1.5", "0.1", "1.0e9", "(-1.0e9)", "5.0e-324"),
    *("1.0e308", "(-1.0e308)", "9223372036854774784.0", "(-9223372036854775808.0)"),
)
SIDES = ("'LONG'", "'SHORT'")
CALENDAR = (
    *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
    *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
)
MOMENTS = ("2026-02-03T12:30:15.25Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z")
LENGTHS = ("0s", "90s", "-1us", "1h30m", "-1000h", "87600000h", "1us")
FIELDS = {"name": "string", "amount": "double", "count": "int", "side": "Side", "score": "double", "at": "timestamp"}
OPTIONAL = frozenset(("score", "at"))
TWINS = (
    *(("thing.items", "thing.more"), (".amount", ".score"), ("<=", "<"), (">=", ">"), ("==", "!="), ("&&", "||")),
    *(("0.0", "(-0.0)"), ("0.0", "1.0"), ("0", "1"), (".min()", ".max()"), ("exists(", "all(")),
    *(("'LONG'", "'SHORT'"), ("'a'", "'b'"), (" + ", " - "), (".all(", ".exists_one("), ("tail(1)", "tail(2)")),
)
"""Pairs of texts of which one often stands where the other does with the same type."""


@dataclass(frozen=True)
class Guarded:
    """A read that is there when all its tests hold."""

    tests: tuple[str, ...]
    text: str
    type: str


@dataclass
class Names:
    """What expressions may read."""

    reads: list[tuple[str, str]] = field(default_factory=list)
    """Texts and their types."""
    guarded: list[Guarded] = field(default_factory=list)
    words: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """Texts of other enums, and their words."""
    maps: list[tuple[str, str]] = field(default_factory=list)
    """Texts of maps, and the type of their values."""


MOMENT_FORMS = ("(T + D)", "(T - D)", "(D + T)", "timestamp(T)", "timestamp(string(T))", "timestamp(N)")
LENGTH_FORMS = ("(T - T)", "(D + D)", "(D - D)", "(-D)", "duration(D)", "duration(string(D))")
"""How points in time and lengths of time are made: `T` stands for a timestamp, `D` for a duration, `N` for an int."""


def twisted(rng: Random, text: str) -> str:
    """A text written before, or its twin."""
    if rng.random() < 0.6:
        return text
    old, new = rng.choice(TWINS)
    if rng.random() < 0.5:
        old, new = new, old
    at = text.find(old)
    return text if at < 0 else text[:at] + new + text[at + len(old) :]
