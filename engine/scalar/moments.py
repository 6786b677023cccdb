"""What generated code calls of points in time beyond the runtime: seconds since 1970, parts of a time in a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from engine.scalar.runtime import EPOCH, EvaluationError, part_of_day

_GREGORIAN = timedelta(days=146_097)
"""400 years, after which days of the week and clock changes repeat."""


def time_of_seconds(seconds: int, site: int) -> datetime:
    """The time so many seconds after 1970."""
    try:
        return EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise EvaluationError("overflow", site) from None


def part_in_zone(at: datetime, part: str, zone: tzinfo) -> int:
    """A field of a time in a time zone, also where its year is 0 or 10000 there."""
    try:
        return part_of_day(at.astimezone(zone).replace(tzinfo=UTC), part)
    except OverflowError:
        early = at.year == 1
        there = (at + _GREGORIAN if early else at - _GREGORIAN).astimezone(zone).replace(tzinfo=UTC)
        found = part_of_day(there, part)
        return found + (-400 if early else 400) if part == "year" else found


NAMES: dict[str, Any] = {"OFSECONDS": time_of_seconds, "PARTIN": part_in_zone}
"""The names generated code may use for times."""
