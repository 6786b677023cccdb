"""The complete, slow reading of inputs: every fault by JSON pointer, and the values when there is none.

Rules kept here: this is the definition of what inputs may be, the fast decoder may only agree with it; nothing stops
at the first fault, and only who asks for so many stops at all; what is listed as ignored is not looked into (a policy
that does not use a fact does not judge it); a member said twice is refused, because readers of JSON differ in which one
counts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from engine.faults import Fault, below, described, expected, half_pair, quoted
from engine.structs import OPEN_ENUM_LENGTH, Doubt, Shape, StructTable
from rules.diagnostics import did_you_mean
from rules.times import microseconds, parse_timestamp, read_duration
from rules.types import (
    BoolType,
    DoubleType,
    DurationType,
    EnumType,
    IntType,
    ListType,
    MapType,
    NullType,
    RecordType,
    StringType,
    TimestampType,
    Type,
)

_MOST_HINTS = 20  # nearest names are costly to find: a document of nothing but mistakes gets this many
_LONGEST_HINTED = 64
_MOST_LISTED = 12
_MOST_DIGITS = 400  # of an integer; a double holds 309
_FAR_OUT: int = 10**_MOST_DIGITS


class Members:
    """A JSON object as it was written: its members in order, repeated ones too."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        self.pairs = pairs


class Enough(Exception):
    """There are more faults than are looked for: the inspection is over."""


class Inspection:
    """One reading of one set of inputs; `faults` is complete once `members` has returned.

    Where `most` is given there are no more than that: one more raises `Enough` instead, wherever it is found.
    """

    def __init__(self, table: StructTable, most: int | None = None) -> None:
        self.faults: list[Fault] = []
        self._table, self._most = table, most
        self._hints = _MOST_HINTS

    def text(self, data: bytes | str) -> str | None:
        """The text of a document; None and a fault when it is not UTF-8."""
        try:
            if isinstance(data, bytes):
                return data.decode()
            data.encode()
        except UnicodeError as error:
            place = error.start if isinstance(error, UnicodeDecodeError | UnicodeEncodeError) else 0
            unit = "byte" if isinstance(data, bytes) else "character"
            self._fault("", f"not UTF-8 text from {unit} {place} on", "UTF-8")
            return None
        return data

    def document(self, text: str) -> object:
        """The JSON value of a text, objects as `Members`; None and a fault when it is not JSON."""
        literals: list[str] = []

        def literal(name: str) -> float:
            literals.append(name)
            return math.nan

        try:
            value: object = json.loads(text, object_pairs_hook=Members, parse_int=_integer, parse_constant=literal)
        except json.JSONDecodeError as error:
            reason = error.msg[:1].lower() + error.msg[1:].removesuffix(" at")
            if text.startswith("\ufeff"):
                reason = "it starts with a byte order mark"
            line = f"line {error.lineno}, " if "\n" in text.rstrip("\n") else ""  # of one line, the column is enough
            self._fault("", f"not JSON at {line}column {error.colno}: {reason}", "a JSON object")
            return None
        except RecursionError:
            self._fault("", "lists and objects nested too deeply", "a JSON object")
            return None
        for name in dict.fromkeys(literals):
            self._fault("", f"{quoted(name)} is not JSON", "finite numbers")
        return value

    def members(self, shape: Shape, said: object, at: str) -> Any:
        """The structure of a shape from a JSON object."""
        pairs = self._pairs(said, at)
        if pairs is None:
            self._wrong("an object", said, at)
            return None
        values: dict[str, object] = {}
        given = {name for name, _ in pairs}
        fields = {field.name: field for field in shape.fields}
        for name, value in pairs:
            field = fields.get(name)
            if field is not None:
                nulled = value is None and field.nullable
                values[shape.attributes[name]] = None if nulled else self.value(field.type, value, below(at, name))
            elif name not in shape.ignored:
                self._unknown(name, [*(n for n in fields if n not in given), *fields], at)
        for field in shape.fields:
            if field.name in given:
                continue
            if field.default is not None:
                default = field.default.value
                nulled = default is None and field.nullable
                values[shape.attributes[field.name]] = None if nulled else self.value(field.type, default, at)
            elif not field.optional:
                self._fault(below(at, field.name), f"{quoted(field.name)} is absent", expected(field))
        return None if self.faults else shape.cls(**values)

    def value(self, t: Type, said: object, at: str) -> object:
        """The value of a type from a JSON value."""
        match t:
            case NullType():
                return None if said is None else self._wrong(t, said, at)
            case BoolType():
                return said if isinstance(said, bool) else self._wrong(t, said, at)
            case IntType():
                return self._integer(t, said, at)
            case DoubleType():
                return self._double(t, said, at)
            case StringType():
                return self._text(t, said, at)
            case EnumType():
                return self._word(t, said, at)
            case TimestampType():
                return self._timestamp(t, said, at)
            case DurationType():
                return self._duration(t, said, at)
            case ListType():
                return self._list(t, said, at)
            case MapType():
                return self._map(t, said, at)
            case RecordType():
                return self.members(self._table.shape(t), said, at)
            case _:
                assert_never(t)

    def _double(self, t: DoubleType, said: object, at: str) -> object:
        if isinstance(said, bool) or not isinstance(said, int | float):
            return self._wrong(t, said, at)
        try:
            number = float(said)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            return self._fault(at, "a number that no double holds", expected(t))
        low = number > t.minimum if t.exclusive_minimum else number >= t.minimum
        high = number < t.maximum if t.exclusive_maximum else number <= t.maximum
        return number if low and high else self._fault(at, f"{described(said)} is out of bounds", expected(t))

    def _integer(self, t: IntType, said: object, at: str) -> object:
        if isinstance(said, bool) or not isinstance(said, int):
            return self._wrong(t, said, at)
        if t.minimum <= said <= t.maximum:
            return said
        return self._fault(at, f"{described(said)} is out of bounds", expected(t))

    def _text(self, t: StringType, said: object, at: str) -> object:
        if not isinstance(said, str):
            return self._wrong(t, said, at)
        reason = self._unfit(t, said)
        return self._fault(at, reason, expected(t)) if reason else said

    def _unfit(self, t: StringType, text: str) -> str:
        """Why a text is not of a string type; empty when it is."""
        if half_pair(text):
            return "text with half of a surrogate pair"
        if t.max_length is not None and len(text) > t.max_length:
            return f"{quoted(text)} is longer than {t.max_length} characters"
        if t.pattern is not None:
            try:
                self._table.pattern(t.pattern).admit(text)
            except Doubt:
                return f"{quoted(text)} does not match {quoted(t.pattern)}"
        return ""

    def _word(self, t: EnumType, said: object, at: str) -> object:
        if not isinstance(said, str):
            return self._wrong(t, said, at)
        if t.open:
            return self._text(StringType(OPEN_ENUM_LENGTH), said, at)
        if said in t.members:
            return said
        hint = self._hint(said, t.members)
        return self._fault(at, f"{quoted(said)} is not one of {', '.join(t.members)}{hint}", expected(t))

    def _timestamp(self, t: TimestampType, said: object, at: str) -> object:
        try:
            if isinstance(said, datetime) and said.tzinfo is not None:
                return said.astimezone(UTC)
            if isinstance(said, str):
                return parse_timestamp(said)
        except (ValueError, OverflowError) as error:
            reason = str(error) if isinstance(said, str) else "it lies outside the years 1 to 9999"
            return self._fault(at, f"{described(said)} is not a timestamp: {reason}", expected(t))
        return self._wrong(t, said, at)

    def _duration(self, t: DurationType, said: object, at: str) -> object:
        if isinstance(said, bool) or not isinstance(said, int | float | str | timedelta):
            return self._wrong(t, said, at)
        try:
            length = said if isinstance(said, timedelta) else read_duration(said)
        except ValueError as error:
            return self._fault(at, f"{described(said)} is not a duration: {error}", expected(t))
        if t.minimum <= microseconds(length) <= t.maximum:
            return length
        return self._fault(at, f"{described(said)} is out of bounds", expected(t))

    def _list(self, t: ListType, said: object, at: str) -> object:
        if not isinstance(said, list | tuple):
            return self._wrong(t, said, at)
        if t.max_items is not None and len(said) > t.max_items:
            self._fault(at, f"a list of {len(said)} items", expected(t))
            said = said[: t.max_items]  # what is too long is not looked at for as long as it is
        return [self.value(t.item, item, below(at, i)) for i, item in enumerate(said)]

    def _map(self, t: MapType, said: object, at: str) -> object:
        pairs = self._pairs(said, at)
        if pairs is None:
            return self._wrong(t, said, at)
        entries: dict[str, object] = {}
        if t.max_entries is not None and len(pairs) > t.max_entries:
            self._fault(at, f"a map of {len(pairs)} entries", expected(t))
            pairs = pairs[: t.max_entries]
        for key, value in pairs:
            reason = self._unfit(t.key, key)
            if reason:
                self._fault(below(at, key), f"as a key, {reason}", expected(t.key))
            entries[key] = self.value(t.value, value, below(at, key))
        return entries

    def _pairs(self, said: object, at: str) -> list[tuple[str, object]] | None:
        """The members of a JSON object; names that no pointer could carry, and repeated ones, are faults."""
        if not isinstance(said, Members | Mapping):
            return None
        pairs: list[tuple[str, object]] = []
        times: dict[str, int] = {}
        for name, value in said.pairs if isinstance(said, Members) else said.items():
            if not isinstance(name, str) or half_pair(name):
                wrong = "has half of a surrogate pair" if isinstance(name, str) else "is not text"
                self._fault(at, f"the name of a member {wrong}", "a name in UTF-8 text")
                continue
            times[name] = times.get(name, 0) + 1
            pairs.append((name, value))
        for name, count in times.items():
            if count > 1:
                self._fault(below(at, name), f"{quoted(name)} is said {count} times", "each member once")
        return pairs

    def _unknown(self, name: str, known: list[str], at: str) -> None:
        hinted = self._hints > 0
        hint = self._hint(name, known)
        wanted = "" if hint or not hinted else _some_of(dict.fromkeys(known))
        self._fault(below(at, name), f"unknown name {quoted(name)}{hint}", wanted)

    def _hint(self, word: str, known: Iterable[str]) -> str:
        if self._hints == 0 or len(word) > _LONGEST_HINTED:
            return ""
        self._hints -= 1
        near = did_you_mean(word, known)
        return f"; did you mean {quoted(near)}?" if near else ""

    def _wrong(self, wanted: Type | str, said: object, at: str) -> object:
        noun = wanted if isinstance(wanted, str) else expected(wanted)
        return self._fault(at, f"found {described(said)}", noun)

    def _fault(self, at: str, message: str, wanted: str = "") -> object:
        """Note a fault; gives what stands for the value that is not there. Raises `Enough`."""
        fault = Fault(at, message, wanted)
        if fault not in self.faults[-1:]:
            if len(self.faults) == self._most:
                raise Enough
            self.faults.append(fault)
        return None


def repeats_a_name(text: bytes) -> bool:
    """Whether any object of a JSON document says a member twice; True also when that cannot be told."""

    def distinct(pairs: list[tuple[str, object]]) -> None:
        if len({name for name, _ in pairs}) != len(pairs):
            raise Doubt

    try:
        json.loads(text, object_pairs_hook=distinct, parse_int=_integer)
    except (Doubt, ValueError, RecursionError):
        return True
    return False


def _some_of(known: Iterable[str]) -> str:
    """Names that may stand somewhere, the first of many."""
    listed = list(known)
    shown = ", ".join(quoted(name) for name in listed[:_MOST_LISTED])
    more = f" and {len(listed) - _MOST_LISTED} more" if len(listed) > _MOST_LISTED else ""
    return f"one of {shown}{more}" if len(listed) > 1 else shown or "no member"


def _integer(digits: str) -> int:
    """An integer literal; one too long for any of our types becomes one that is just as far out of bounds."""
    if len(digits) <= _MOST_DIGITS:
        return int(digits)
    return -_FAR_OUT if digits.startswith("-") else _FAR_OUT
