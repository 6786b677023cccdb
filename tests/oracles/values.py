"""Random inputs and parameters for a policy: full of bounds, zeros, empty lists and absent fields."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from rules.plan import ParameterValue, Plan
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
from tests.oracles.names import WORDS


def input_values(fields: tuple[Field, ...], rng: Random) -> dict[str, Any]:
    """Inputs for a policy, plain as JSON has them."""
    return dict(_members(fields, rng))


def moved_parameters(plan: Plan, rng: Random) -> dict[str, ParameterValue]:
    """Other values for some parameters of a policy, within their types."""
    chosen = [p for p in plan.parameters if rng.random() < 0.6]
    return {p.name: p.read(_value(p.type, rng)) for p in chosen}


def _members(fields: tuple[Field, ...], rng: Random) -> Iterator[tuple[str, Any]]:
    for f in fields:
        absent = 0.45 if f.optional else 0.25 if f.default is not None else 0.0
        if rng.random() < absent:
            continue
        yield f.name, None if f.nullable and rng.random() < 0.45 else _value(f.type, rng)


def _value(t: Type, rng: Random) -> Any:
    match t:
        case BoolType():
            return rng.random() < 0.5
        case IntType(minimum=low, maximum=high):
            near = (0, 0, 1, 1, 2, 2, 3, -1, 7, -2, low, low + 1, high, high - 1, 2**62, 3037000500)
            return rng.choice([n for n in near if low <= n <= high])
        case DoubleType(minimum=lowest, maximum=highest):
            numbers = (0.0, 0.0, -0.0, 1.0, 1.0, 2.0, 1.5, 0.5, 0.1, -1.0, 3.0, -2.5, 1e-300, 5e-324, lowest, highest)
            return rng.choice([n for n in numbers if lowest <= n <= highest])
        case StringType():
            return rng.choice(WORDS)
        case EnumType(members=members):
            return rng.choice(members)
        case DurationType(minimum=shortest, maximum=longest):
            lengths = (0, 1, -1, 90_000_000, 3_600_000_000, shortest, longest, longest - 1)
            return f"{rng.choice([n for n in lengths if shortest <= n <= longest])}us"
        case ListType(item=item, max_items=most):
            return [_value(item, rng) for _ in range(min(rng.choice((0, 1, 1, 2, 2, 2, 3, 4)), most or 0))]
        case MapType(value=value):
            return {key: _value(value, rng) for key in ("a", "b", "ab", "") if rng.random() < 0.5}
        case RecordType(fields=fields):
            return dict(_members(fields, rng))
        case _:
            return rng.choice(_TIMES)


_TIMES = (
    *("2026-02-03T12:30:15.25Z", "2026-02-03T12:31:45.25Z", "2026-02-03T12:30:15.249999Z", "1970-01-01T00:00:00Z"),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.5Z", "2024-12-31T23:00:00Z"),
)
