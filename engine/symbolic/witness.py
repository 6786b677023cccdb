"""From a solver's model to inputs as JSON says them: what was read as it was found, all else as plain as it can be.

A double is the one nearest to what was found; a text is one of which everything is true that was asked of it. Whether
the inputs show what the model shows is for the scalar reader to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import z3

from engine.scalar.admitted import admits
from engine.symbolic.space import Number
from engine.symbolic.terms import is_known
from engine.symbolic.values import Record, Row, Slot, Table, Value
from engine.symbolic.words import Word, Words
from rules.cel.literals import outer
from rules.types import (
    BoolType,
    DoubleType,
    DurationType,
    EnumType,
    Field,
    IntType,
    ListType,
    MapType,
    RecordType,
    StringType,
    TimestampType,
    Type,
)

USUAL_TEXTS = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "a", "b", "c", "d", "e", "f", "AB", "CD", "0", "1", "")
POINTS = 64
"""Of a series that moves."""
USUAL_TIME_US = 1_767_225_600_000_000
"""2026-01-01: a time that nobody asked for."""


@dataclass(slots=True)
class Witness:
    """Reads one model."""

    model: Any
    words: Words
    moving: bool = False
    """Whether lists of doubles are given numbers that move, each list others: series of which nothing else is known."""
    _texts: dict[int, str] = field(default_factory=dict)
    _given: set[str] = field(default_factory=set)
    _series: int = 0

    def inputs(self, fields: tuple[Field, ...], found: Mapping[str, Slot]) -> dict[str, Any]:
        """The inputs by name; those that are absent are left out, or null where they must be said."""
        slots = {f.name: found[f.name] for f in fields if f.name in found}
        return self._members(fields, slots)

    def _members(self, fields: tuple[Field, ...], slots: Mapping[str, Slot]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for f in fields:
            slot = slots.get(f.name)
            if slot is None:
                if not f.guarded:
                    out[f.name] = self.plainest(f.type)
                elif f.nullable:
                    out[f.name] = None
            elif not f.guarded or self.holds(slot.there):
                out[f.name] = self.value(slot.value, f.type)
            elif f.nullable:
                out[f.name] = None
        return out

    def holds(self, truth: Any) -> bool:
        """Whether something is true in the model."""
        return truth if isinstance(truth, bool) else z3.is_true(self.model.eval(truth, model_completion=True))

    def number(self, found: Number) -> int | Fraction:
        """A number of the model."""
        if is_known(found.term):
            known: int | Fraction = found.term
            return known
        value = self.model.eval(found.term, model_completion=True)
        if z3.is_algebraic_value(value):
            value = value.approx(30)
        return (
            value.as_long()
            if z3.is_int_value(value)
            else Fraction(value.numerator_as_long(), value.denominator_as_long())
        )

    def value(self, found: Value, t: Type) -> Any:
        """A value as JSON says it."""
        match t, found:
            case RecordType(), Record():
                return self._members(t.fields, found.read)
            case ListType(item=DoubleType() as item), Row() if self.moving:
                return self._moving(item, t.max_items)
            case ListType(), Row():
                return [self.value(place.value, t.item) for place in found.places if self.holds(place.within)]
            case MapType(), Table():
                pairs = zip(found.keys, found.entries.places, strict=True)
                there = ((key, place) for key, place in pairs if self.holds(place.within))
                return {self.text(key, t.key): self.value(place.value, t.value) for key, place in there}
            case DoubleType(), Number():
                return _within(float(self.number(found)), t)
            case ((IntType() | TimestampType() | DurationType()), Number()):
                return outer(int(self.number(found)), t)
            case ((StringType() | EnumType()), Word()):
                return self.text(found, t)
            case _:
                return self.holds(found)

    def _moving(self, t: DoubleType, most: int | None) -> list[float]:
        """Numbers that go up and down, unlike those of any other list."""
        self._series += 1
        count = POINTS if most is None else min(most, POINTS)
        steps = (((at * 7919 + self._series * 104_729) * 31 % 997) / 997 - 0.5 for at in range(count))
        return [_within(round(step, 3), t) for step in steps]

    def text(self, word: Word, t: Type) -> str:
        """The text of a word, the same for the same number."""
        number = int(self.number(Number(word.term, 0, 0)))
        if number not in self._texts:
            self._texts[number] = self._named(number, t)
            self._given.add(self._texts[number])
        return self._texts[number]

    def _named(self, number: int, t: Type) -> str:
        if number < len(self.words.texts):
            return self.words.texts[number]
        fits = [admits(t), *self.words.admitted(self.model, number)]
        some = ""
        for text in self._candidates():
            if text in self._given or text in self.words.texts or not all(fit(text) for fit in fits):
                continue
            if self.words.agrees(self.model, number, text):
                return text
            some = some or text
        return some

    def _candidates(self) -> Iterator[str]:
        yield from USUAL_TEXTS
        yield from (
            f"{first}{second}" for first in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for second in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        )
        for text in self.words.asked_about():
            yield from (text, f"{text}X", f"X{text}", f"AB{text}", f"{text}AB", f"AB{text}CD")
        yield from (f"{letter}{at}" for letter in ("N", "n-", "") for at in range(200))

    def plainest(self, t: Type) -> Any:
        """A value of a type that nobody asked for."""
        match t:
            case BoolType():
                return False
            case DoubleType():
                return _within(0.0, t)
            case IntType() | DurationType():
                return outer(min(max(0, t.minimum), t.maximum), t)
            case TimestampType():
                return outer(USUAL_TIME_US, t)
            case EnumType():
                return t.members[0]
            case RecordType():
                return self._members(t.fields, {})
            case ListType():
                return []
            case MapType():
                return {}
            case StringType():
                fits = admits(t)
                return next((text for text in self._candidates() if fits(text)), "")
            case _:
                return None


def _within(value: float, t: DoubleType) -> float:
    """The double nearest to one that a type admits."""
    low, high = t.minimum, t.maximum
    if t.exclusive_minimum and value <= low:
        return min(1.0, high) if low < 1.0 < high else (low + high) / 2
    if t.exclusive_maximum and value >= high:
        return (low + high) / 2
    return min(max(value, low), high)
