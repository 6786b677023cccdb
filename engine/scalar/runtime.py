"""What generated code calls: checked arithmetic, absorbing logic, conversions. Values are bool, int, float, str,
datetime (aware), timedelta, list, dict and decoded records.

Every function here either returns a value within its type or raises `EvaluationError` with the site it was given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, NoReturn, TypeVar

from rules.cel.written import UNWRITABLE
from rules.times import format_duration, format_timestamp
from rules.types import DURATION_MAX_US, INT_MAX, INT_MIN

T = TypeVar("T")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DURATION_MAX = timedelta(microseconds=DURATION_MAX_US)
_SECOND = timedelta(seconds=1)


class EvaluationError(Exception):
    """An expression has no value. `site` is the index of the node in the program's table of sites."""

    def __init__(self, code: str, site: int) -> None:
        super().__init__(code)
        self.code = code
        self.site = site


def fail(code: str, site: int) -> NoReturn:
    """Raise, as an expression."""
    raise EvaluationError(code, site)


def within_int(value: int, site: int) -> int:
    """An int that must fit in 64 bits."""
    if INT_MIN <= value <= INT_MAX:
        return value
    raise EvaluationError("overflow", site)


def finite(value: float, site: int) -> float:
    """A double that must be finite."""
    if isfinite(value):
        return value
    raise EvaluationError("not-finite", site)


def multiply_double(a: float, b: float, site: int) -> float:
    """`a * b`, finite."""
    return finite(a * b, site)


def divide_double(a: float, b: float, site: int) -> float:
    """`a / b`, finite; division by zero is an error."""
    if b == 0.0:
        raise EvaluationError("division-by-zero", site)
    quotient = a / b
    if isfinite(quotient):
        return quotient
    raise EvaluationError("not-finite", site)


def divide_int(a: int, b: int, site: int) -> int:
    """`a / b` rounded towards zero."""
    if b == 0:
        raise EvaluationError("division-by-zero", site)
    quotient = abs(a) // abs(b)
    return within_int(quotient if (a < 0) == (b < 0) else -quotient, site)


def modulo_int(a: int, b: int, site: int) -> int:
    """The remainder with the sign of `a`."""
    if b == 0:
        raise EvaluationError("division-by-zero", site)
    if a == INT_MIN and b == -1:
        raise EvaluationError("overflow", site)
    return int(math.fmod(a, b)) if abs(a) < 2**53 and abs(b) < 2**53 else (abs(a) % abs(b)) * (1 if a >= 0 else -1)


def within_duration(value: timedelta, site: int) -> timedelta:
    """A duration that must lie within CEL's ten thousand years."""
    if -_DURATION_MAX <= value <= _DURATION_MAX:
        return value
    raise EvaluationError("overflow", site)


def add_time(at: datetime, by: timedelta, site: int) -> datetime:
    """A later time; an error outside the years 1 to 9999."""
    try:
        return at.astimezone(UTC) + by
    except OverflowError:
        raise EvaluationError("overflow", site) from None


def add_to_time(by: timedelta, at: datetime, site: int) -> datetime:
    """A later time, the duration first."""
    return add_time(at, by, site)


def subtract_time(at: datetime, by: timedelta, site: int) -> datetime:
    """An earlier time; an error outside the years 1 to 9999."""
    return add_time(at, -by, site)


def contains(text: str, part: str) -> bool:
    """Whether a text holds another; a function, so that the text is computed before the part."""
    return part in text


def index_list(items: Sequence[T], at: int, site: int) -> T:
    """The item at an index from 0."""
    if 0 <= at < len(items):
        return items[at]
    raise EvaluationError("index", site)


def sum_int(items: Iterable[int], site: int) -> int:
    """Left to right; every partial sum must fit in 64 bits."""
    total = 0
    for item in items:
        total = within_int(total + item, site)
    return total


def sum_double(items: Iterable[float], site: int) -> float:
    """Left to right, uncompensated; every partial sum must be finite."""
    total = 0.0
    for item in items:
        total += item
    return finite(total, site)


def sum_duration(items: Iterable[timedelta], site: int) -> timedelta:
    """Left to right; every partial sum must be a duration."""
    total = timedelta()
    for item in items:
        total = within_duration(total + item, site)
    return total


def smallest(items: Sequence[Any], site: int) -> Any:
    """The smallest item; an error when empty."""
    if items:
        return min(items)
    raise EvaluationError("empty", site)


def largest(items: Sequence[Any], site: int) -> Any:
    """The largest item; an error when empty."""
    if items:
        return max(items)
    raise EvaluationError("empty", site)


def least_by(items: Sequence[T], key: Callable[[T], Any], site: int) -> T:
    """The item with the smallest key, the first of equals; an error when empty."""
    if items:
        return min(items, key=key)
    raise EvaluationError("empty", site)


def distinct(items: Iterable[T]) -> list[T]:
    """Each item once, where it stands first."""
    return list(dict.fromkeys(items))


def tail(items: Sequence[T], count: int) -> Sequence[T]:
    """The last `count` items."""
    return items[-count:] if count > 0 else []


def both(left: Callable[[], bool], right: Callable[[], bool]) -> bool:
    """`&&` whose left side may fail: false when either side is false, else the first error stands."""
    try:
        if not left():
            return False
    except EvaluationError as error:
        return _otherwise(right, error, decisive=False)
    return right()


def either(left: Callable[[], bool], right: Callable[[], bool]) -> bool:
    """`||` whose left side may fail: true when either side is true, else the first error stands."""
    try:
        if left():
            return True
    except EvaluationError as error:
        return _otherwise(right, error, decisive=True)
    return right()


def _otherwise(right: Callable[[], bool], failed: EvaluationError, *, decisive: bool) -> bool:
    """What the right side decides after the left one failed."""
    try:
        if right() == decisive:
            return decisive
    except EvaluationError:
        pass
    raise failed from None


def some(items: Iterable[T], holds: Callable[[T], bool]) -> bool:
    """`exists`: true when it holds for an item, although it fails for others."""
    failed: EvaluationError | None = None
    for item in items:
        try:
            if holds(item):
                return True
        except EvaluationError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return False


def every(items: Iterable[T], holds: Callable[[T], bool]) -> bool:
    """`all`: false when it does not hold for an item, although it fails for others."""
    failed: EvaluationError | None = None
    for item in items:
        try:
            if not holds(item):
                return False
        except EvaluationError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return True


def exactly_one(items: Iterable[T], holds: Callable[[T], bool]) -> bool:
    """`exists_one`: every item is looked at, an error is an error."""
    return sum(1 for item in items if holds(item)) == 1


def to_int(value: float, site: int) -> int:
    """A double rounded towards zero."""
    if -(2.0**63) < value < 2.0**63:  # CEL leaves out both ends
        return int(value)
    raise EvaluationError("overflow", site)


def round_half_away(value: float) -> float:
    """The nearest whole number, halves away from zero. All rounding keeps the sign of a zero, as IEEE 754 has it."""
    if abs(value) >= 4503599627370496.0:
        return value
    whole = math.floor(abs(value))
    rounded = float(whole + 1 if abs(value) - whole >= 0.5 else whole)
    return math.copysign(rounded, value)


def ceil(value: float) -> float:
    """Rounded up."""
    return math.copysign(float(math.ceil(value)), value)


def floor(value: float) -> float:
    """Rounded down."""
    return math.copysign(float(math.floor(value)), value)


def trunc(value: float) -> float:
    """Rounded towards zero."""
    return math.copysign(float(math.trunc(value)), value)


def sign(value: float) -> float:
    """-1.0, 0.0 or 1.0."""
    return math.copysign(1.0, value) if value else 0.0


def sign_int(value: int) -> int:
    """-1, 0 or 1."""
    return (value > 0) - (value < 0)


def square_root(value: float, site: int) -> float:
    """The square root; an error below 0."""
    if value < 0.0:
        raise EvaluationError("not-finite", site)
    return math.sqrt(value)


def epoch_seconds(at: datetime) -> int:
    """Whole seconds since 1970, rounded down."""
    return (at - EPOCH) // _SECOND


def part_of_day(at: datetime, part: str) -> int:
    """A field of a time in UTC."""
    moment = at.astimezone(UTC)
    match part:
        case "dayOfWeek":
            return moment.isoweekday() % 7
        case "dayOfYear":
            return moment.timetuple().tm_yday - 1
        case "milliseconds":
            return moment.microsecond // 1000
        case _:
            return int(getattr(moment, part))


def whole_units(length: timedelta, unit_us: int) -> int:
    """How many whole units a duration holds, rounded towards zero."""
    micros = (length.days * 86_400 + length.seconds) * 1_000_000 + length.microseconds
    return micros // unit_us if micros >= 0 else -(-micros // unit_us)


def milliseconds_of(length: timedelta) -> int:
    """The milliseconds within the second."""
    micros = whole_units(length, 1)
    return (abs(micros) // 1000 % 1000) * (1 if micros >= 0 else -1)


def within(value: T, admitted: Callable[[T], bool], site: int) -> T:
    """A value that must lie within its declared type."""
    if admitted(value):
        return value
    raise EvaluationError("out-of-range", site)


def has_failed(body: Callable[[], object]) -> bool:
    """Whether an expression has no value."""
    try:
        body()
    except EvaluationError:
        return True
    return False


def said(message: Callable[[], str]) -> str:
    """A message, or what stands in place of one that cannot be written."""
    try:
        return message()
    except Exception:  # noqa: BLE001 -- a message never changes a decision
        return UNWRITABLE


def text_of_bool(value: bool) -> str:
    """`true` or `false`."""
    return "true" if value else "false"


NAMES: dict[str, Any] = {
    "FAIL": fail,
    "WINT": within_int,
    "FINITE": finite,
    "DIVD": divide_double,
    "DIVI": divide_int,
    "MODI": modulo_int,
    "WDUR": within_duration,
    "TADD": add_time,
    "TADDR": add_to_time,
    "TSUB": subtract_time,
    "CONTAINS": contains,
    "INDEX": index_list,
    "SUMI": sum_int,
    "SUMD": sum_double,
    "SUMT": sum_duration,
    "MIN": smallest,
    "MAX": largest,
    "LEASTBY": least_by,
    "TAIL": tail,
    "DISTINCT": distinct,
    "BOTH": both,
    "EITHER": either,
    "SOME": some,
    "EVERY": every,
    "ONE": exactly_one,
    "TOINT": to_int,
    "ROUND": round_half_away,
    "SIGN": sign,
    "SIGNI": sign_int,
    "SQRT": square_root,
    "SECONDS": epoch_seconds,
    "PART": part_of_day,
    "UNITS": whole_units,
    "MILLIS": milliseconds_of,
    "WITHIN": within,
    "FAILED": has_failed,
    "SAID": said,
    "TBOOL": text_of_bool,
    "TTIME": format_timestamp,
    "TDUR": format_duration,
    "CEIL": ceil,
    "FLOOR": floor,
    "TRUNC": trunc,
}
"""The names generated code may use for logic, numbers, lists and parts of a time in UTC."""
