"""How long a message can be: never shorter than what is written, and short where the bounds are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rules.cel.tree import Placeholder, Root
from rules.cel.written import UNWRITABLE, longest
from rules.source import Source
from rules.types import (
    BOOL,
    DOUBLE,
    DURATION,
    DURATION_MAX_US,
    INT,
    TIMESTAMP,
    DoubleType,
    EnumType,
    IntType,
    StringType,
    Type,
)

SPAN = Source("message", "x").span(0, 1)
PADDING = "." * len(UNWRITABLE)


def length(t: Type, form: str = "") -> int | None:
    """The length of what is quoted alone: a message is never taken to be shorter than what stands in its place."""
    found = longest([PADDING, Placeholder(Root("input", "x", t, SPAN), form)])
    return None if found is None else found - len(PADDING)


def doubles(t: DoubleType) -> Iterator[float]:
    near = (0.0, -0.0, 1e-300, -1e-300, 9.995, -9.995, 999.5, 0.05, 1e5, 1e100, t.minimum, t.maximum)
    return (value for value in near if t.minimum <= value <= t.maximum)


@pytest.mark.parametrize("form", [".0f", ".2f", ",.2f", ".99f", ",.99f", ".1%", ".3e", ".0e"])
@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-1.0, 0.0), (0.0, 1e9), (-1e12, 1e12), (-1e-3, 5.0), (1e200, 1e299)])
def test_doubles(bounds: tuple[float, float], form: str) -> None:
    t = DoubleType(*bounds)
    most = length(t, form)
    written = [len(format(value, form)) for value in doubles(t)]
    assert most is not None
    assert max(written) <= most <= max(written) + 2


@pytest.mark.parametrize("form", [".2f", ",.99f", ".99%", ".3e"])
def test_doubles_without_bounds(form: str) -> None:
    most = length(DOUBLE, form)
    assert most is not None
    assert all(len(format(value, form)) <= most for value in doubles(DOUBLE))


@pytest.mark.parametrize("form", ["", ",", "d", ",d"])
@pytest.mark.parametrize("t", [INT, IntType(-5, 3), IntType(0, 10)])
def test_ints(form: str, t: IntType) -> None:
    assert length(t, form) == max(len(format(value, form)) for value in (t.minimum, t.maximum))


@pytest.mark.parametrize(
    ("t", "most"),
    [
        (BOOL, len("false")),
        (TIMESTAMP, len("9999-12-31T23:59:59.999999Z")),
        (DURATION, len("-315576000000.000001s")),
        (StringType(7), 7),
        (StringType(), None),
        (EnumType("Side", ("LONG", "SHORT")), 5),
        (EnumType("Venue", ("BINANCE",), open=True), 64),
    ],
)
def test_others(t: Type, most: int | None) -> None:
    assert length(t) == most
    assert DURATION_MAX_US == 315_576_000_000 * 1_000_000


def test_no_message_is_shorter_than_what_stands_in_its_place() -> None:
    assert longest(["low"]) == len(UNWRITABLE)
