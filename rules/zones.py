"""Time zones by name, from the tzdata package alone: an hour in New York is the same on every machine.

The system's own database would differ from host to host, and a decision must not.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from rules.diagnostics import did_you_mean

_OFFSET = re.compile(r"([+-]?)([01][0-9]|2[0-3]):([0-5][0-9])")


@cache
def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name (`Europe/Berlin`) or an offset (`+02:00`, `02:00`). Raises ValueError."""
    if name == "UTC":
        return UTC
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        sign, hours, minutes = offset.groups()
        away = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-away if sign == "-" else away)
    if name not in names():
        near = did_you_mean(name, names())
        raise ValueError(f"write a name such as `{near or 'Europe/Berlin'}`, or an offset such as `+02:00`")
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


@cache
def names() -> frozenset[str]:
    """Every zone of the database."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())
