"""How points in time and lengths of time are written: RFC 3339 text, `60s`-like text, numbers of seconds.

Rules kept here: a timestamp is UTC, in the years 1 to 9999, to the microsecond; a duration is a whole number of
microseconds within CEL's bounds; arithmetic is exact (no float is involved in reading text); everything is a pure
function, and whatever is not understood is a ValueError whose words say what to write.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from rules.types import DURATION_MAX_US

_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_US = 1_000_000
_MAX_SECONDS = DURATION_MAX_US // _SECOND_US

_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):?([0-9]{2}))"
)
_DURATION = re.compile(r"([+-]?)((?:[0-9]+(?:\.[0-9]+)?(?:h|m|s|ms|us|µs|μs|ns))+)")
_PART = re.compile(r"([0-9]+)(?:\.([0-9]+))?([a-zµμ]+)")
_LONGEST_DURATION = 64
_UNIT_NS = {
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "µs": 1_000,  # U+00B5, the micro sign
    "μs": 1_000,  # U+03BC, the Greek letter
    "ns": 1,
}


def parse_timestamp(text: str) -> datetime:
    """A point in time from RFC 3339 text; a space may stand for the `T` and an offset may lack its colon.

    Digits below the microsecond are rounded, half up. A leap second (`:60`) is refused. Raises ValueError.
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise ValueError("write RFC 3339 with an offset, as `2026-02-03T12:00:00Z`")
    date, time, fraction, sign, hours, minutes = found.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{time}").replace(tzinfo=UTC)
        if sign and (int(hours) > 23 or int(minutes) > 59):
            raise ValueError
        away = timedelta(hours=int(hours), minutes=int(minutes)) if sign else timedelta()
        moment += (away if sign == "-" else -away) + timedelta(microseconds=_fraction_us(fraction or "0"))
    except (ValueError, OverflowError):
        raise ValueError("there is no such date or time in the years 1 to 9999") from None
    return moment


def _fraction_us(digits: str) -> int:
    return (int(digits[:7].ljust(7, "0")) + 5) // 10


def parse_timestamp_us(text: str) -> int:
    """As `parse_timestamp`, in microseconds since 1970."""
    return (parse_timestamp(text) - _EPOCH) // _MICROSECOND


def format_timestamp(moment: datetime) -> str:
    """RFC 3339 text in UTC with a `Z`, no more decimals than needed. Raises ValueError without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a timestamp without a time zone")
    try:
        text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    except OverflowError:
        raise ValueError("there is no such date or time in the years 1 to 9999") from None
    return (text.rstrip("0") if "." in text else text) + "Z"


def parse_duration(text: str) -> timedelta:
    """A length of time from `60s`, `1h30m`, `1.5s`, `-5s`, `100ms`, `10us`, `500ns`, or several such parts.

    What lies below the microsecond is rounded, half to even. Raises ValueError.
    """
    return timedelta(microseconds=parse_duration_us(text))


def parse_duration_us(text: str) -> int:
    """As `parse_duration`, in microseconds."""
    found = _DURATION.fullmatch(text) if len(text) <= _LONGEST_DURATION else None
    if found is None:
        raise ValueError("write numbers with units, as `60s`, `1h30m` or `250ms`")
    sign, parts = found.groups()
    scale = 10**_LONGEST_DURATION  # more decimals than the text can hold
    total = 0
    for whole, fraction, unit in _PART.findall(parts):
        total += int(whole + fraction) * _UNIT_NS[unit] * scale // 10 ** len(fraction)
    micros, rest = divmod(total, 1_000 * scale)
    half = 500 * scale
    micros += rest > half or (rest == half and micros % 2 == 1)
    return _bounded(-micros if sign == "-" else micros)


def duration_of_seconds(seconds: int | float) -> timedelta:
    """A length of time from a number of seconds, rounded to the microsecond, half to even. Raises ValueError."""
    if not -_MAX_SECONDS <= seconds <= _MAX_SECONDS:  # also true of a NaN
        raise ValueError(_TOO_LONG)
    return timedelta(seconds=seconds)


def read_duration(said: object) -> timedelta:
    """A length of time as JSON says it: a number of seconds, or text as `parse_duration` reads. Raises ValueError."""
    if isinstance(said, str):
        return parse_duration(said)
    if isinstance(said, int | float) and not isinstance(said, bool):
        return duration_of_seconds(said)
    raise ValueError("write a number of seconds, or text as `60s`")


def microseconds(length: timedelta) -> int:
    """The length in whole microseconds."""
    return length // _MICROSECOND


def format_duration(length: timedelta) -> str:
    """Seconds with up to six decimals and no trailing zeros: `60s`, `59.999999s`, `-0.5s`."""
    micros = microseconds(length)
    whole, rest = divmod(abs(micros), _SECOND_US)
    decimals = f".{rest:06}".rstrip("0") if rest else ""
    return f"{'-' if micros < 0 else ''}{whole}{decimals}s"


_TOO_LONG = f"a duration is at most {_MAX_SECONDS} seconds, either way"


def _bounded(micros: int) -> int:
    if abs(micros) > DURATION_MAX_US:
        raise ValueError(_TOO_LONG)
    return micros
