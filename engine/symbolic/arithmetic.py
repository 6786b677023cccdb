"""Arithmetic of ints, doubles, times and durations: exact, then checked against the range, doubles rounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

import z3

from engine.columnar.building import FIRST_US, LAST_US
from engine.symbolic.constants import settled
from engine.symbolic.found import told
from engine.symbolic.rounding import (
    LARGEST,
    added,
    compared,
    divided,
    multiplied,
    negative,
    of_whole,
    product,
    rounded,
)
from engine.symbolic.site import Site
from engine.symbolic.space import Number
from engine.symbolic.terms import (
    Term,
    Truth,
    conj,
    disj,
    equal,
    is_known,
    less,
    less_equal,
    lifted,
    minus,
    negated,
    one_of,
    plus,
    real,
)
from engine.symbolic.values import Value, chosen
from rules.types import DURATION_MAX_US, INT_MAX, INT_MIN

Modelled = Callable[[Site], tuple[Value, Truth]]
INTS = (INT_MIN, INT_MAX)
DURATIONS = (-DURATION_MAX_US, DURATION_MAX_US)
TIMES = (FIRST_US, LAST_US)
Range = tuple[int, int]
READABLE = Fraction(2**63)


def checked(exact: Number, bounds: Range) -> tuple[Number, Truth]:
    """A whole number that must lie in a range: the number, and whether it does not; a constant is kept within it."""
    low, high = bounds
    if exact.known:
        inside = min(max(exact.term, low), high)
        return Number(inside, inside, inside), inside != exact.term
    below = False if exact.low >= low else less(exact.term, low)
    above = False if exact.high <= high else less(high, exact.term)
    return exact, disj(below, above)


def summed(a: Number, b: Number) -> Number:
    """A + b of whole numbers."""
    return Number(plus(a.term, b.term), a.low + b.low, a.high + b.high)


def difference(a: Number, b: Number) -> Number:
    """A - b of whole numbers."""
    return Number(minus(a.term, b.term), a.low - b.high, a.high - b.low)


def _whole(form: Callable[[Number, Number], Number], bounds: Range) -> Modelled:
    return lambda site: checked(form(site.number(0), site.number(1)), bounds)


def _product(site: Site) -> tuple[Value, Truth]:
    return checked(product(site.reader.space, site.place, site.number(0), site.number(1)), INTS)


def _negated(bounds: Range) -> Modelled:
    return lambda site: checked(negative(site.number()), bounds)


def towards_zero(a: Term, b: int) -> Term:
    """A / b rounded towards zero, of a divisor that is known and above zero."""
    if is_known(a):
        return abs(a) // b * (1 if a >= 0 else -1)
    return z3.If(a >= 0, a / b, -((-a) / b))


def _quotient(site: Site) -> tuple[Value, Truth]:
    a, b = site.number(0), site.number(1)
    if a.known and b.known:
        if b.term == 0:
            return a, True
        found = abs(a.term) // abs(b.term) * (1 if (a.term < 0) == (b.term < 0) else -1)
        return checked(Number(found, found, found), INTS)
    most = max(abs(a.low), abs(a.high))
    by_zero = equal(b.term, 0) if b.low <= 0 <= b.high else False
    if b.known and b.term > 0:
        found = towards_zero(a.term, b.term)
        return Number(found, -(abs(a.low) // b.term) if a.low < 0 else 0, max(a.high, 0) // b.term), by_zero
    space = site.reader.space

    def make() -> Number:
        exact = space.whole("q", -most, most)
        rest = minus(lifted(a.term), exact.term * lifted(b.term))
        size = z3.If(lifted(b.term) >= 0, lifted(b.term), -lifted(b.term))
        sign = disj(rest == 0, equal(rest > 0, lifted(a.term) > 0))
        space.exact.append(lifted(disj(by_zero, conj(rest < size, -rest < size, sign))))
        return exact

    exact: Number = space.once(("whole quotient", told(a), told(b), most), site.args, make)
    found_, fails = checked(exact, INTS)
    return found_, disj(by_zero, fails)


def _remainder(site: Site) -> tuple[Value, Truth]:
    a, b = site.number(0), site.number(1)
    quotient, fails = _quotient(site)
    assert isinstance(quotient, Number)
    if a.known and b.known and b.term:
        rest = abs(a.term) % abs(b.term) * (1 if a.term >= 0 else -1)
        return Number(rest, rest, rest), fails
    most = max(abs(b.low), abs(b.high), 1) - 1
    most = min(most, max(abs(a.low), abs(a.high)))
    low, high = (-most if a.low < 0 else 0), (most if a.high > 0 else 0)
    if b.known and b.term > 0:
        return Number(minus(a.term, quotient.term * b.term), low, high), fails
    space = site.reader.space

    def make() -> Number:
        found = space.whole("rest", low, high)
        exact = equal(found.term, minus(lifted(a.term), quotient.term * lifted(b.term)))
        space.exact.append(lifted(disj(equal(b.term, 0), exact)))
        return found

    return space.once(("remainder", told(a), told(b), low, high), site.args, make), fails


# -- doubles


def _add(site: Site) -> tuple[Value, Truth]:
    return added(site.reader.space, site.place, site.number(0), site.number(1))


def _subtract(site: Site) -> tuple[Value, Truth]:
    return added(site.reader.space, site.place, site.number(0), negative(site.number(1)))


def _multiply(site: Site) -> tuple[Value, Truth]:
    return multiplied(site.reader.space, site.place, site.number(0), site.number(1))


def _divide(site: Site) -> tuple[Value, Truth]:
    return divided(site.reader.space, site.place, site.number(0), site.number(1))


def _double(site: Site) -> tuple[Value, Truth]:
    return of_whole(site.reader.space, site.place, site.number()), False


def _absolute(site: Site) -> tuple[Value, Truth]:
    a = site.number()
    zero = Fraction(0) if not isinstance(a.low, int) else 0
    high = max(abs(a.low), abs(a.high))
    low = zero if a.low <= zero <= a.high else min(abs(a.low), abs(a.high))
    found = Number(one_of(less(a.term, zero), negative(a).term, a.term), low, high)
    if isinstance(a.low, int):
        return checked(found, INTS)
    return (found if a.known or low else replace(found, zero="absolute")), False


def floor_of(term: Term) -> Term:
    """The whole number below, of a real one."""
    return term.__floor__() if is_known(term) else z3.ToInt(term)


def _to_whole(form: Callable[[Term], Term]) -> Modelled:
    """Rounded to a whole number that is a double still, with the sign of what was rounded."""

    def rounded_(site: Site) -> tuple[Value, Truth]:
        found = settled(site)
        if found is not None:
            return found
        a = site.number()
        return Number(real(form(a.term)), Fraction(form(a.low)), Fraction(form(a.high)), ("whole", a.zero)), False

    return rounded_


def _up(term: Term) -> Term:
    return -floor_of(-term)


def _cut(term: Term) -> Term:
    return one_of(less(term, Fraction(0)), _up(term), floor_of(term))


def _half_away(term: Term) -> Term:
    half = Fraction(1, 2)
    return one_of(less(term, Fraction(0)), _up(minus(term, half)), floor_of(plus(term, half)))


def _sign(site: Site) -> tuple[Value, Truth]:
    a = site.number()
    one, zero = (1, 0) if isinstance(a.low, int) else (Fraction(1), Fraction(0))
    return Number(one_of(less(zero, a.term), one, one_of(less(a.term, zero), -one, zero)), -one, one), False


def _whole_of(site: Site) -> tuple[Value, Truth]:
    """An int of a double, towards zero."""
    a = site.number()
    fails = disj(
        False if a.high < READABLE else less_equal(READABLE, a.term),
        False if a.low > -READABLE else less_equal(a.term, -READABLE),
    )
    return Number(_cut(a.term), int(_cut(a.low)), int(_cut(a.high))), fails


def _root(site: Site) -> tuple[Value, Truth]:
    """The square root: what it is squared is exact, what is known without that is only its range."""
    found = settled(site)
    if found is not None:
        return found
    a, space = site.number(), site.reader.space
    zero = Fraction(0)
    fails = False if a.low >= 0 else less(a.term, zero)

    def make() -> Number:
        exact = space.real("root", zero, max(Fraction(1), min(a.high, LARGEST)))
        space.exact.append(lifted(disj(fails, exact.term * exact.term == lifted(a.term))))
        space.fact(disj(fails, negated(less(Fraction(1), a.term)), less_equal(exact.term, a.term)))
        space.grows(("root", site.place), a.term, exact.term)
        return exact

    exact: Number = space.once(("root", told(a), a.low, a.high), site.args, make)
    return rounded(space, site.place, exact)[0], fails


def _extreme(*, least: bool) -> Modelled:
    def form(site: Site) -> tuple[Value, Truth]:
        best = site.number(0)
        for at in range(1, len(site.args)):
            other = site.number(at)
            mine = compared(best, other, strict=False) if least else compared(other, best, strict=False)
            low, high = (min, min) if least else (max, max)
            found = chosen(mine, best, other)
            assert isinstance(found, Number)
            best = replace(found, low=low(best.low, other.low), high=high(best.high, other.high))
        return best, False

    return form


# -- times


def _seconds(site: Site) -> tuple[Value, Truth]:
    a = site.number()
    found = a.term // 1_000_000 if is_known(a.term) else a.term / 1_000_000
    return Number(found, a.low // 1_000_000, a.high // 1_000_000), False


def _of_seconds(site: Site) -> tuple[Value, Truth]:
    a = site.number()
    scaled = a.term * 1_000_000
    return checked(Number(scaled, a.low * 1_000_000, a.high * 1_000_000), TIMES)


def _units(unit: int) -> Modelled:
    def form(site: Site) -> tuple[Value, Truth]:
        a = site.number()
        return Number(towards_zero(a.term, unit), towards_zero(a.low, unit), towards_zero(a.high, unit)), False

    return form


def _of_day(unit: int, span: int) -> Modelled:
    """A part of the time of day in UTC."""

    def form(site: Site) -> tuple[Value, Truth]:
        a = site.number().term
        found = a // unit % span if is_known(a) else (a / unit) % span
        return Number(found, 0, span - 1), False

    return form


def _weekday(site: Site) -> tuple[Value, Truth]:
    a, day = site.number().term, 86_400_000_000
    days = a // day if is_known(a) else a / day
    return Number((days + 4) % 7, 0, 6), False  # 1970 began on a Thursday


def _milliseconds(site: Site) -> tuple[Value, Truth]:
    a = site.number()
    millis = towards_zero(a.term, 1000)
    whole = towards_zero(millis, 1000)
    return Number(minus(millis, whole * 1000), -999 if a.low < 0 else 0, 999), False


ARITHMETIC: Mapping[str, Modelled] = {
    "negate_int": _negated(INTS),
    "negate_double": lambda site: (negative(site.number()), False),
    "negate_duration": _negated(DURATIONS),
    "add_int": _whole(summed, INTS),
    "subtract_int": _whole(difference, INTS),
    "multiply_int": _product,
    "divide_int": _quotient,
    "modulo_int": _remainder,
    "add_double": _add,
    "subtract_double": _subtract,
    "multiply_double": _multiply,
    "divide_double": _divide,
    "double_int": _double,
    "int_double": _whole_of,
    "abs_int": _absolute,
    "abs_double": _absolute,
    "ceil": _to_whole(_up),
    "floor": _to_whole(floor_of),
    "trunc": _to_whole(_cut),
    "round": _to_whole(_half_away),
    "sign": _sign,
    "sign_int": _sign,
    "sqrt": _root,
    **{
        f"{word}_{kind}": _extreme(least=word == "least")
        for word in ("least", "greatest")
        for kind in ("int", "double")
    },
    "add_timestamp_duration": _whole(summed, TIMES),
    "add_duration_timestamp": _whole(summed, TIMES),
    "subtract_timestamp_duration": _whole(difference, TIMES),
    "add_duration": _whole(summed, DURATIONS),
    "subtract_duration": _whole(difference, DURATIONS),
    "subtract_timestamps": lambda site: (difference(site.number(0), site.number(1)), False),
    "int_timestamp": _seconds,
    "timestamp_int": _of_seconds,
    "getHours_duration": _units(3_600_000_000),
    "getMinutes_duration": _units(60_000_000),
    "getSeconds_duration": _units(1_000_000),
    "getMilliseconds_duration": _milliseconds,
    "getHours_timestamp": _of_day(3_600_000_000, 24),
    "getMinutes_timestamp": _of_day(60_000_000, 60),
    "getSeconds_timestamp": _of_day(1_000_000, 60),
    "getMilliseconds_timestamp": _of_day(1000, 1000),
    "getDayOfWeek_timestamp": _weekday,
}
