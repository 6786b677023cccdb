"""What is wrong with a set of inputs, where in it, and what was expected.

Rules kept here: a fault's place is an RFC 6901 JSON pointer that resolves in what was given, or names a member absent
from an object that does; messages are lower case, without a full stop, with user text in backticks, and can always
be printed: control characters and halves of surrogate pairs are shown escaped, long text is cut.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.times import format_duration
from rules.types import (
    DOUBLE_MAX,
    DURATION_MAX_US,
    INT_MAX,
    INT_MIN,
    BoolType,
    DoubleType,
    DurationType,
    EnumType,
    Field,
    IntType,
    ListType,
    MapType,
    NullType,
    RecordType,
    StringType,
    TimestampType,
    Type,
    show,
)

_LONGEST_SHOWN = 64
_FIRST_SURROGATE, _LAST_SURROGATE = "\ud800", "\udfff"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the inputs: where (a JSON pointer), what was found, and what was expected."""

    pointer: str
    message: str
    expected: str = ""

    def as_json(self) -> dict[str, str]:
        """The shape in problem documents and in `--json` output."""
        out = {"pointer": self.pointer, "message": self.message}
        return {**out, "expected": self.expected} if self.expected else out


class InputsRefused(Exception):
    """Inputs that may not be decided on; carries every fault, in the order of the document."""

    def __init__(self, faults: Iterable[Fault], *, cut: bool = False) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        self.cut = cut
        """Whether there are more faults, which were not looked for."""
        first = self.faults[0] if self.faults else None
        super().__init__("refused" if first is None else f"{first.pointer or '(whole document)'}: {first.message}")


def below(pointer: str, token: str | int) -> str:
    """The pointer of a member or an item."""
    return f"{pointer}/{str(token).replace('~', '~0').replace('/', '~1')}"


def half_pair(text: str) -> bool:
    """Whether the text holds half of a surrogate pair, which no UTF-8 text can."""
    return not text.isascii() and any(_FIRST_SURROGATE <= c <= _LAST_SURROGATE for c in text)


def quoted(text: str) -> str:
    """User text as messages show it: in backticks, cut, and with what cannot be printed escaped."""
    cut = text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
    return "`" + "".join(c if c.isprintable() else _escaped(c) for c in cut) + "`"


def _escaped(c: str) -> str:
    code = ord(c)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def described(value: object) -> str:
    """What was found, in words: its JSON kind, and the value itself where it is short."""
    match value:
        case None:
            return "null"
        case bool():
            return "`true`" if value else "`false`"
        case int():
            return quoted(str(value)) if value.bit_length() <= 128 else "a huge number"
        case float():
            return quoted(repr(value))
        case str():
            return f"the text {quoted(value)}"
        case datetime():
            return f"the timestamp {quoted(value.isoformat())}"
        case timedelta():
            return f"the duration {quoted(format_duration(value))}"
        case list() | tuple():
            return "a list"
        case _:
            return "an object"


def expected(wanted: Type | Field) -> str:
    """What a type admits, in words."""
    match wanted:
        case Field():
            return expected(wanted.type) + (" or null" if wanted.nullable else "")
        case NullType():
            return "null"
        case BoolType():
            return "true or false"
        case IntType():
            low, high = wanted.minimum, wanted.maximum
            return "a whole number" + _range(low, high, bounded=(low, high) != (INT_MIN, INT_MAX))
        case DoubleType():
            return "a number" + _double_range(wanted)
        case StringType():
            most = "" if wanted.max_length is None else f" of at most {wanted.max_length} characters"
            return f"text{most}" + ("" if wanted.pattern is None else f" matching {quoted(wanted.pattern)}")
        case EnumType():
            return "text of at most 64 characters" if wanted.open else f"one of {', '.join(wanted.members)}"
        case TimestampType():
            return "an RFC 3339 timestamp, as `2026-02-03T12:00:00Z`"
        case DurationType():
            low, high = wanted.minimum, wanted.maximum
            bounded = (low, high) != (-DURATION_MAX_US, DURATION_MAX_US)
            shown = (format_duration(timedelta(microseconds=us)) for us in (low, high))
            return "a duration in seconds or as `60s`" + _range(*shown, bounded=bounded)
        case ListType():
            most = "" if wanted.max_items is None else f" of at most {wanted.max_items} items"
            return f"a list{most}: {show(wanted.item)}"
        case MapType():
            most = "" if wanted.max_entries is None else f" of at most {wanted.max_entries} entries"
            return f"an object{most}: {show(wanted.value)}"
        case RecordType():
            return f"an object: {wanted.name}"


def _range(low: object, high: object, *, bounded: bool) -> str:
    return f" from {low} to {high}" if bounded else ""


def _double_range(t: DoubleType) -> str:
    low = "" if t.minimum == -DOUBLE_MAX else f"{'above' if t.exclusive_minimum else 'at least'} {t.minimum!r}"
    high = "" if t.maximum == DOUBLE_MAX else f"{'below' if t.exclusive_maximum else 'at most'} {t.maximum!r}"
    return " " + " and ".join(part for part in (low, high) if part) if low or high else ""
