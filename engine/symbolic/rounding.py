"""Doubles as reals: each operation exactly, then rounded to some value as near as rounding to the nearest comes.

Of a rounded value is known: how far it may lie from what was rounded, the sign, the bounds that rounding keeps, that
the same place never makes a larger value smaller, and that it stays on the side of what it was computed of where the
exact value is: rounding steps over no double. That is more than rounding can do, never less. A result beyond
the largest double is an error, as in every reader.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import replace
from fractions import Fraction

import z3

from engine.symbolic.space import Number, Space, mark
from engine.symbolic.terms import (
    Term,
    Truth,
    conj,
    disj,
    implied,
    is_known,
    less,
    less_equal,
    lifted,
    minus,
    negated,
    plus,
    real,
    times,
)
from rules.types import DOUBLE_MAX

LARGEST = Fraction(DOUBLE_MAX)
BEYOND = Fraction(2**1024 - 2**970)
"""From here on rounding gives no finite double."""
UNIT = Fraction(1, 2**53)
"""Half of the distance of doubles round about 1."""
TINY = Fraction(1, 2**100)
"""What a product or quotient may lose below the normal doubles, and more: a number that solvers handle easily."""
EXACT_INT = 2**53


PLUS_ZERO, MINUS_ZERO = "+0", "-0"


def double(value: float) -> Number:
    """A double that is known."""
    found = Fraction(value)
    return Number(found, found, found, MINUS_ZERO if value == 0 and math.copysign(1.0, value) < 0 else "")


def _zero() -> Number:
    """A zero of which nobody knows the sign."""
    return Number(Fraction(0), Fraction(0), Fraction(0), object())


def _signed(found: Number, *given: Number) -> Number:
    """What was computed of numbers, the sign of zeros among them: it has its part in the sign of what comes out."""
    if not any(one.zero for one in given):
        return found
    return replace(found, zero=(found.zero, *((mark(one.term), one.zero) for one in given)))


def nearest(value: Fraction) -> Fraction:
    """The double nearest to a number, the largest one where that is none."""
    if abs(value) >= BEYOND:
        return LARGEST if value > 0 else -LARGEST
    return Fraction(float(value))


def rounded(space: Space, site: Hashable, exact: Number, lost: Fraction = Fraction(0)) -> tuple[Number, Truth]:
    """What a computed value becomes, and whether that is an error; `lost` is lost beside the relative error."""
    low, high = nearest(exact.low), nearest(exact.high)
    if is_known(exact.term):
        beyond = abs(exact.term) >= BEYOND
        if beyond:
            return Number(low, low, low), True
        return (_zero() if exact.term == 0 else double(float(exact.term))), False
    fails = disj(
        False if exact.high < BEYOND else less_equal(BEYOND, exact.term),
        False if exact.low > -BEYOND else less_equal(exact.term, -BEYOND),
    )

    def make() -> Number:
        found = space.real("r", low, high)
        if not is_known(found.term):
            space.fact(implied(negated(fails), _near(exact, found.term, lost)))
            space.grows(site, exact.term, found.term)
        return found

    found: Number = space.once(("rounded", exact.term.get_id(), lost, low, high), exact.term, make)
    return found, fails


def _near(exact: Number, found: Term, lost: Fraction) -> Truth:
    """How far a rounded value may lie from what was rounded; zero stays zero, and a sign the same."""
    term, more, less_ = exact.term, 1 + UNIT, 1 - UNIT
    above = conj(less_equal(plus(times(term, less_), -lost), found), less_equal(found, plus(times(term, more), lost)))
    below = conj(less_equal(plus(times(term, more), -lost), found), less_equal(found, plus(times(term, less_), lost)))
    if exact.low >= 0:
        return above
    if exact.high <= 0:
        return below
    zero = Fraction(0)
    return conj(
        implied(less_equal(zero, term), conj(above, less_equal(zero, found))),
        implied(less_equal(term, zero), conj(below, less_equal(found, zero))),
    )


def added(space: Space, site: Hashable, a: Number, b: Number) -> tuple[Number, Truth]:
    """Give a + b of doubles. A sum is exact below the normal doubles, and with zero."""
    if a.known and a.term == 0:
        return _with_zero(b, a), False
    if b.known and b.term == 0:
        return _with_zero(a, b), False
    found, fails = rounded(space, site, Number(plus(a.term, b.term), a.low + b.low, a.high + b.high))
    for one, other in ((a, b), (b, a)):
        _keeps_its_side(space, found, one, above=other.low >= 0, below=other.high <= 0)
    return _signed(found, a, b), fails


def _keeps_its_side(space: Space, found: Number, of: Number, *, above: bool, below: bool) -> None:
    """A rounded value stays on the side of a double that the exact one is surely on."""
    if found.known:
        return
    if above and found.low < of.high:
        space.fact(less_equal(of.term, found.term))
    if below and found.high > of.low:
        space.fact(less_equal(found.term, of.term))


def _with_zero(a: Number, zero: Number) -> Number:
    """A sum with zero: the same number, but that -0.0 becomes 0.0 where the zero is not -0.0 too."""
    if a.low > 0 or a.high < 0 or zero.zero == MINUS_ZERO:
        return a
    return replace(a, zero=(PLUS_ZERO, a.zero, zero.zero))


def negative(a: Number) -> Number:
    """Give -a."""
    if a.known and a.term == 0 and not isinstance(a.term, int):
        return _zero()
    zero = ("negative", a.zero) if a.zero != "" else ""
    return Number(times(a.term, -1 if isinstance(a.low, int) else Fraction(-1)), -a.high, -a.low, zero)


def multiplied(space: Space, site: Hashable, a: Number, b: Number) -> tuple[Number, Truth]:
    """Give a * b of doubles."""
    for one, other in ((a, b), (b, a)):
        if one.known and one.term == 1:
            return other, False
        if one.known and one.term == 0 and not other.known:
            return _zero(), False
    found, fails = rounded(space, site, product(space, site, a, b), TINY)
    for one, by in ((a, b), (b, a)):
        _scaled(space, found, one, less=by.known and by.low >= 0 and by.high <= 1, more=by.low >= 1)
    return _signed(found, a, b), fails


def _scaled(space: Space, found: Number, of: Number, *, less: bool, more: bool) -> None:
    """What is multiplied by so much as surely makes it less, or more, is not rounded to the other side of it."""
    if of.low >= 0:
        _keeps_its_side(space, found, of, above=more, below=less)
    elif of.high <= 0:
        _keeps_its_side(space, found, of, above=less, below=more)


def product(space: Space, site: Hashable, a: Number, b: Number) -> Number:
    """Give a * b, exactly. Of two unknowns the facts that need no product are told apart from the product itself."""
    corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    low, high = min(corners), max(corners)
    if a.known or b.known:
        return Number(times(a.term, b.term), low, high)

    def make() -> Number:
        found = space.whole("p", low, high) if isinstance(a.low, int) else space.real("p", low, high)
        if not found.known:
            _between(space, a, b, found.term)
            space.exact.append(found.term == exact)
            if a.low >= 0 and b.low >= 0:
                _grows_with_both(space, ("product", site), a.term, b.term, found.term)
        return found

    exact = times(a.term, b.term)
    made: Number = space.once(("product", exact.get_id(), low, high), exact, make)
    return made


def _between(space: Space, a: Number, b: Number, found: Term) -> None:
    """The planes that a product lies between, by the bounds of its factors."""
    for x, y, above in ((a.low, b.low, True), (a.high, b.high, True), (a.low, b.high, False), (a.high, b.low, False)):
        plane = minus(plus(times(a.term, y), times(b.term, x)), x * y)
        space.fact(less_equal(plane, found) if above else less_equal(found, plane))


def _grows_with_both(space: Space, site: Hashable, a: Term, b: Term, found: Term) -> None:
    """A product of numbers that are not negative grows with both of them."""
    before = space.sites.setdefault(site, [])
    for (one, two), became in before[-3:]:
        space.fact(implied(conj(less_equal(one, a), less_equal(two, b)), less_equal(became, found)))
        space.fact(implied(conj(less_equal(a, one), less_equal(b, two)), less_equal(found, became)))
    before.append(((a, b), found))


def divided(space: Space, site: Hashable, a: Number, b: Number) -> tuple[Number, Truth]:
    """Give a / b of doubles; division by zero is an error."""
    if b.known:
        if b.term == 0:
            return a, True
        if b.term == 1:
            return a, False
        ends = [a.low / b.term, a.high / b.term]
        quotient, fails = rounded(space, site, Number(times(a.term, 1 / b.term), min(ends), max(ends)), TINY)
        _scaled(space, quotient, a, less=b.low >= 1, more=b.low > 0 and b.high <= 1)
        return _signed(quotient, a, b), fails
    zero = Fraction(0)
    by_zero = False if b.low > 0 or b.high < 0 else conj(less_equal(b.term, zero), less_equal(zero, b.term))
    low, high = _quotients(a, b)

    def make() -> Number:
        if low is None or high is None:
            exact = Number(z3.Real(space.name("q")), -BEYOND * 2, BEYOND * 2)
        else:
            exact = space.real("q", low, high)
        space.exact.append(lifted(disj(by_zero, exact.term * b.term == lifted(a.term))))
        if by_zero is False and low is not None:
            _between(space, exact, b, a.term)
        if b.low >= 0:
            space.grows(("quotient", site, b.term.get_id()), a.term, exact.term)
        return exact

    dividend = lifted(a.term)
    key = ("quotient", dividend.get_id(), b.term.get_id(), a.low, a.high, b.low, b.high)
    exact: Number = space.once(key, (dividend, b.term), make)
    found, fails = rounded(space, site, exact, TINY)
    _scaled(space, found, a, less=b.low >= 1, more=b.low > 0 and b.high <= 1)
    return _signed(found, a, b), disj(by_zero, fails)


def _quotients(a: Number, b: Number) -> tuple[Fraction | None, Fraction | None]:
    """The interval of quotients, where the divisor keeps away from zero."""
    if b.low <= 0 <= b.high:
        return None, None
    ends = [x / y for x in (a.low, a.high) for y in (b.low, b.high)]
    return min(ends), max(ends)


def of_whole(space: Space, site: Hashable, a: Number) -> Number:
    """The double nearest to an int."""
    exact = Number(real(a.term), Fraction(a.low), Fraction(a.high))
    if a.low >= -EXACT_INT and a.high <= EXACT_INT:
        return exact
    return rounded(space, site, exact)[0]


def compared(a: Number, b: Number, *, strict: bool) -> Truth:
    """Whether a < b, or a <= b; an int is compared with a double exactly."""
    if a.high < b.low or (not strict and a.high <= b.low):
        return True
    if a.low > b.high or (strict and a.low >= b.high):
        return False
    one, two = (a.term, b.term) if isinstance(a.low, int) == isinstance(b.low, int) else (real(a.term), real(b.term))
    return less(one, two) if strict else less_equal(one, two)
