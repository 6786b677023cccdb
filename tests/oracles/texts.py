"""What the functions of texts and of clocks in zones mean, one obvious way each; `functions` says it of the others."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import re2

from rules.times import parse_duration_us, parse_timestamp_us
from tests.oracles.failed import DAY, EPOCH, HOUR, MINUTE, SECOND, Failed, Function

_WHITE = {*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}
_CYCLE = 146_097
"""The days of 400 years."""


def _at(text: str, index: int) -> int:
    if index not in range(len(text) + 1):
        raise Failed("index")
    return index


def _places(text: str, part: str) -> list[int]:
    return [at for at in range(len(text) + 1) if text[at : at + len(part)] == part and at + len(part) <= len(text)]


def _first(text: str, part: str, start: int = 0) -> int:
    _at(text, start)
    return min((at for at in _places(text, part) if at >= start), default=-1)


def _last(text: str, part: str, start: int | None = None) -> int:
    limit = len(text) if start is None else _at(text, start)
    return max((at for at in _places(text, part) if at <= limit), default=-1)


def _between(text: str, start: int, end: int) -> str:
    if _at(text, start) > _at(text, end):
        raise Failed("index")
    return "".join(text[at] for at in range(start, end))


def _shifted(text: str, low: str, high: str, by: int) -> str:
    return "".join(chr(ord(c) + by) if low <= c <= high else c for c in text)


def _trim(text: str) -> str:
    kept = [at for at, c in enumerate(text) if ord(c) not in _WHITE]
    return text[kept[0] : kept[-1] + 1] if kept else ""


def _replace(text: str, old: str, new: str, times: int = -1) -> str:
    out, at = "", 0
    while at <= len(text):
        if times != 0 and text[at : at + len(old)] == old:
            out, times = out + new, times - 1
            if old:
                at += len(old)
                continue
        out, at = out + text[at : at + 1], at + 1
    return out


def _split(text: str, separator: str, most: int = -1) -> list[str]:
    if most == 0 or (not text and not separator):
        return []
    parts: list[str] = []
    rest = text
    while len(parts) + 1 != most:
        at = (1 if len(rest) > 1 else -1) if not separator else _first(rest, separator)
        if at < 0:
            break
        parts, rest = [*parts, rest[:at]], rest[at + len(separator) :]
    return [*parts, rest]


def _read_int(text: str) -> int:
    if not re.fullmatch("[+-]?[0-9]+", text) or len(text) > 64:
        raise Failed("unreadable")
    if not -(2**63) <= int(text) < 2**63:
        raise Failed("overflow")
    return int(text)


def _read_double(text: str) -> float:
    digits = re.sub("[eE][+-]?[0-9]+$", "", text)
    if not re.fullmatch(r"[+-]?[0-9]*\.?[0-9]*", digits) or not re.search("[0-9]", digits):
        raise Failed("unreadable")
    if not math.isfinite(float(text)):
        raise Failed("not-finite")
    return float(text)


def _read_bool(text: str) -> bool:
    if text.lower() not in ("true", "false", "t", "f", "1", "0") or text not in (
        text.lower(),
        text.upper(),
        text.title(),
    ):
        raise Failed("unreadable")
    if text in ("T", "F"):
        raise Failed("unreadable")
    return text[0] in "tT1"


def _read_time(text: str) -> int:
    try:
        return parse_timestamp_us(text)
    except ValueError:
        raise Failed("unreadable") from None


def _read_length(text: str) -> int:
    try:
        return parse_duration_us(text)
    except ValueError:
        raise Failed("unreadable") from None


def _write_double(value: float) -> str:
    digits = next(p for p in range(17) if float(f"{value:.{p}e}") == value)
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    if value == 0 or not -4 <= int(exponent) < 6:
        return mantissa if value == 0 else f"{mantissa}e{exponent}"
    return f"{Decimal(mantissa).scaleb(int(exponent)):f}"


def _seconds(count: int) -> int:
    if not -62_135_596_800 <= count <= 253_402_300_799:
        raise Failed("overflow")
    return count * SECOND


def _there(at: int, zone: str) -> tuple[date, int, int]:
    """The date there in a year from 2000 to 2399, what to add to that year, and the time of day."""
    if ":" in zone:
        hours, minutes = zone.lstrip("+-").split(":")
        away = int(hours) * HOUR + int(minutes) * MINUTE
        away = -away if zone.startswith("-") else away
    else:
        away = _offset(at, zone)
    days, rest = divmod(at + away, DAY)
    since_2000 = days - 10_957
    return date(2000, 1, 1) + timedelta(days=since_2000 % _CYCLE), since_2000 // _CYCLE * 400, rest


def _offset(at: int, zone: str) -> int:
    """How far a clock there is ahead of UTC; at the ends of the calendar as 400 years further in."""
    moment = EPOCH + timedelta(microseconds=at)
    if moment.year in (1, 9999):
        moment += timedelta(days=_CYCLE if moment.year == 1 else -_CYCLE)
    away = moment.astimezone(ZoneInfo(zone)).utcoffset()
    assert away is not None
    return away // timedelta(microseconds=1)


def _year(at: int, zone: str) -> int:
    day, more, _ = _there(at, zone)
    return day.year + more


TEXT_FUNCTIONS: dict[str, Function] = {
    "matches": lambda text, pattern: re2.search(pattern, text) is not None,
    "charAt": lambda text, at: "".join(text[at : _at(text, at) + 1]),
    "indexOf": _first,
    "indexOf_from": _first,
    "lastIndexOf": _last,
    "lastIndexOf_from": _last,
    "substring": lambda text, start: _between(text, start, len(text)),
    "substring_to": _between,
    "lowerAscii": lambda text: _shifted(text, "A", "Z", 32),
    "upperAscii": lambda text: _shifted(text, "a", "z", -32),
    "trim": _trim,
    "replace": _replace,
    "replace_times": _replace,
    "split": _split,
    "split_times": _split,
    "join": "".join,
    "join_with": lambda texts, separator: separator.join(texts),
    "int_string": _read_int,
    "double_string": _read_double,
    "bool_string": _read_bool,
    "timestamp_string": _read_time,
    "duration_string": _read_length,
    "timestamp_int": _seconds,
    "string_double": _write_double,
    "getFullYear_zone": _year,
    "getMonth_zone": lambda at, zone: _there(at, zone)[0].month - 1,
    "getDate_zone": lambda at, zone: _there(at, zone)[0].day,
    "getDayOfMonth_zone": lambda at, zone: _there(at, zone)[0].day - 1,
    "getDayOfWeek_zone": lambda at, zone: _there(at, zone)[0].isoweekday() % 7,
    "getDayOfYear_zone": lambda at, zone: (_there(at, zone)[0] - _there(at, zone)[0].replace(month=1, day=1)).days,
    "getHours_zone": lambda at, zone: _there(at, zone)[2] // HOUR,
    "getMinutes_zone": lambda at, zone: _there(at, zone)[2] % HOUR // MINUTE,
    "getSeconds_zone": lambda at, zone: _there(at, zone)[2] % MINUTE // SECOND,
    "getMilliseconds_zone": lambda at, zone: _there(at, zone)[2] % SECOND // 1_000,
}
