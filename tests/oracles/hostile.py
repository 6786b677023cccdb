"""Inputs at which what looks alike differs: zeros of both signs, ends of ranges, doubles, what is empty or absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from engine.scalar.admitted import admits
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
    Type,
)

DOUBLES = (
    *(0.0, -0.0, 0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -0.5, 0.1, 0.3, 1.5, 2.5, -2.5, 0.49999999999999994, 1e-200, -1e-200),
    *(5e-324, -5e-324, 1e-300, 4503599627370497.5, 9007199254740993.0, -9007199254740991.0, 1e15, 9.3e18, 1e200),
)
INTS = (0, 1, -1, 2, 3, -3, 7, -7, 2**53, 2**53 + 1, -(2**53) - 1, 2**62, 2**63 - 1, -(2**63), 10**15, 253402300800)
TEXTS = (
    *(
        "",
        "a",
        "b",
        "ab",
        "ba",
        "aa",
        "A",
        "AB",
        "c",
        "a,b",
        "b,a",
        "b,c",
        "a,b,c",
        ",",
        ",,",
        "a,a",
        ";",
        "a;b",
        " a ",
    ),
    *(
        "0",
        "-0",
        "1",
        "-1",
        "1.5",
        "true",
        "t",
        "é",
        "aX",
        "bb",
        "x" * 20,
        "y" * 20 + "y" * 44,
        "LONG",
        "BINANCE",
        "OTHER",
    ),
    *("60s", "1h", "1970-01-01T00:00:00Z"),
)
TIMES = (
    *("2026-02-03T12:30:15.25Z", "2026-02-03T12:30:15.249999Z", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z"),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2024-12-31T23:00:00Z", "2024-02-29T00:00:00Z"),
)
LENGTHS = (0, 0, 1, -1, 999, -999_999, 1_000_000, 90_000_000, -90_500_000, 3_600_000_000, 86_400_000_000)


@dataclass(slots=True)
class Hostile:
    """Draws inputs. A draw is often the one before with one value changed."""

    fields: tuple[Field, ...]
    rng: Random
    _values: dict[int, list[Any]] = field(default_factory=dict)

    def draws(self, count: int) -> Iterator[dict[str, Any]]:
        """So many inputs."""
        found: dict[str, Any] = {}
        for at in range(count):
            if at and self.fields and self.rng.random() < 0.5:
                found = {**found, **self._members((self.rng.choice(self.fields),), found)}
            else:
                found = self._members(self.fields, {})
            yield found

    def _members(self, fields: tuple[Field, ...], before: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(before)
        for f in fields:
            found.pop(f.name, None)
            if (f.optional or f.default is not None) and self.rng.random() < 0.4:
                continue
            found[f.name] = None if f.nullable and self.rng.random() < 0.4 else self.value(f.type)
        return found

    def value(self, t: Type) -> Any:
        """A value of a type, plain as JSON has it."""
        rng = self.rng
        match t:
            case BoolType():
                return rng.random() < 0.5
            case RecordType():
                return self._members(t.fields, {})
            case ListType():
                most = t.max_items or 0
                items = [self.value(t.item) for _ in range(min(rng.choice((0, 1, 1, 2, 2, 3, 3, 4, 5, 16)), most))]
                return [*items, *items][:most] if rng.random() < 0.2 else items
            case MapType():
                keys = rng.sample(("a", "b", "ab", "", "c"), rng.randint(0, min(t.max_entries or 0, 5)))
                return {key: self.value(t.value) for key in keys}
            case _:
                return rng.choice(self._known(t))

    def _known(self, t: Type) -> list[Any]:
        if id(t) not in self._values:
            self._values[id(t)] = list(_scalars(t))
        return self._values[id(t)]


def _scalars(t: Type) -> Iterator[Any]:
    """The hostile values of a type that has no parts."""
    match t:
        case DoubleType():
            yield from filter(admits(t), (*DOUBLES, t.minimum, t.maximum))
        case IntType():
            yield from (n for n in (*INTS, t.minimum, t.maximum) if t.minimum <= n <= t.maximum)
        case DurationType():
            lengths = (*LENGTHS, t.minimum, t.maximum)
            yield from (outer(n, t) for n in lengths if t.minimum <= n <= t.maximum)
        case StringType():
            yield from filter(admits(t), TEXTS)
        case EnumType():
            yield from t.members
            yield from (text for text in TEXTS if t.open and len(text) <= 64)
        case _:
            yield from TIMES


def longest(value: Any) -> int:
    """How many items the longest list or map has in a value."""
    if isinstance(value, str) or not isinstance(value, list | dict):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return max(len(value), *(longest(one) for one in inner), 0)
