"""Numbers over columns: what agrees to the last bit with the scalar reader, and exactly where it fails.

NumPy's int64 wraps: the overflow of a sum is told from the signs, that of a product from the product of doubles and,
close to the edge, from whole numbers. A fault is a code and the lanes it concerns; the first of a lane counts.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from engine.columnar.building import FIRST_US, LAST_US
from engine.columnar.ragged import Array
from rules.types import DURATION_MAX_US, INT_MAX, INT_MIN

Faults: TypeAlias = tuple[tuple[str, Array], ...]

_SURELY_FITS = 9.2e18
"""Products of doubles below this have whole products within 64 bits."""


def add_overflows(result: Array, a: Array, b: Array) -> Faults:
    """`a + b` outside 64 bits."""
    return (("overflow", ((a ^ result) & (b ^ result)) < 0),)


def subtract_overflows(result: Array, a: Array, b: Array) -> Faults:
    """`a - b` outside 64 bits."""
    return (("overflow", ((a ^ b) & (a ^ result)) < 0),)


def multiply_overflows(result: Array, a: Array, b: Array) -> Faults:
    """`a * b` outside 64 bits."""
    a, b = np.broadcast_arrays(a, b)
    over = np.asarray(np.abs(a.astype(np.float64) * b.astype(np.float64)) >= _SURELY_FITS)
    for at in np.argwhere(over):
        where = tuple(at)  # () of what is the same in every lane
        over[where] = not INT_MIN <= int(a[where]) * int(b[where]) <= INT_MAX
    return (("overflow", over),)


def is_smallest(result: Array, a: Array) -> Faults:
    """The int that has no negative."""
    return (("overflow", a == INT_MIN),)


def divide_int(a: Array, b: Array) -> Array:
    """The quotient rounded towards zero."""
    divisor = np.where(b == 0, 1, b)
    quotient = a // divisor
    return np.asarray(quotient + ((quotient * divisor != a) & ((a < 0) != (divisor < 0))))


def divide_int_fails(result: Array, a: Array, b: Array) -> Faults:
    """A divisor of 0; the smallest int by -1."""
    return ("division-by-zero", np.asarray(b == 0)), ("overflow", (a == INT_MIN) & (b == -1))


def modulo_int(a: Array, b: Array) -> Array:
    """The remainder with the sign of `a`."""
    return np.asarray(np.fmod(a, np.where((b == 0) | (b == -1), 1, b)))


def not_finite(result: Array, *_: Array) -> Faults:
    """Infinities and NaN."""
    return (("not-finite", ~np.isfinite(result)),)


def divide_double_fails(result: Array, a: Array, b: Array) -> Faults:
    """A divisor of zero; a quotient that is not finite."""
    return ("division-by-zero", np.asarray(b == 0.0)), ("not-finite", ~np.isfinite(result))


def not_a_duration(result: Array, *_: Array) -> Faults:
    """Longer than CEL's ten thousand years, either way."""
    return (("overflow", (result < -DURATION_MAX_US) | (result > DURATION_MAX_US)),)


def not_a_time(result: Array, *_: Array) -> Faults:
    """Outside the years 1 to 9999."""
    return (("overflow", (result < FIRST_US) | (result > LAST_US)),)


def least(*args: Array) -> Array:
    """The smallest, the first of equals (0.0 and -0.0 are equal)."""
    found = args[0]
    for arg in args[1:]:
        found = np.where(arg < found, arg, found)
    return found


def greatest(*args: Array) -> Array:
    """The largest, the first of equals."""
    found = args[0]
    for arg in args[1:]:
        found = np.where(arg > found, arg, found)
    return found


def round_half_away(value: Array) -> Array:
    """The nearest whole number, halves away from zero; a zero keeps its sign."""
    size = np.abs(value)
    whole = np.floor(size)
    rounded = np.where(size >= 4503599627370496.0, size, whole + (size - whole >= 0.5))
    return np.asarray(np.copysign(rounded, value))


def sign(value: Array) -> Array:
    """-1.0, 0.0 or 1.0."""
    return np.where(value == 0.0, 0.0, np.copysign(1.0, value))


def to_int(value: Array) -> Array:
    """Rounded towards zero."""
    return np.asarray(value).astype(np.int64)


def to_int_overflows(result: Array, value: Array) -> Faults:
    """Outside 64 bits; CEL leaves out both ends."""
    return (("overflow", ~((value > -(2.0**63)) & (value < 2.0**63))),)


def to_double(value: Array) -> Array:
    """The nearest double."""
    return np.asarray(value).astype(np.float64)


def whole_seconds(value: Array) -> Array:
    """Whole seconds since 1970, rounded down."""
    return value // 1_000_000


def whole_units(value: Array, unit_us: int) -> Array:
    """How many whole units a duration holds, rounded towards zero."""
    return divide_int(value, np.asarray(unit_us))


def milliseconds_of(value: Array) -> Array:
    """The milliseconds within the second of a duration."""
    return np.fmod(divide_int(value, np.asarray(1000)), 1000)
