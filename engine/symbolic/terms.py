"""Truths and numbers, either known or to be found: constants are Python's own and computed at once.

So a decision on known inputs needs no solver, and what the policy leaves open alone is left to it. A truth is a `bool`
or a Boolean term; a number is an `int` (ints, durations, timestamps), a `Fraction` (doubles), or a term of either.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, TypeAlias

import z3

Truth: TypeAlias = Any
"""`bool`, or a Boolean term."""
Term: TypeAlias = Any
"""`int` or `Fraction`, or an arithmetic term."""


def conj(*truths: Truth) -> Truth:
    """Whether all hold."""
    open_ = []
    for truth in truths:
        if truth is False:
            return False
        if truth is not True:
            open_.append(truth)
    if not open_:
        return True
    return open_[0] if len(open_) == 1 else z3.And(*open_)


def disj(*truths: Truth) -> Truth:
    """Whether one holds."""
    open_ = []
    for truth in truths:
        if truth is True:
            return True
        if truth is not False:
            open_.append(truth)
    if not open_:
        return False
    return open_[0] if len(open_) == 1 else z3.Or(*open_)


def negated(truth: Truth) -> Truth:
    """Whether it does not hold."""
    if isinstance(truth, bool):
        return not truth
    return truth.arg(0) if z3.is_not(truth) else z3.Not(truth)


def implied(given: Truth, truth: Truth) -> Truth:
    """Whether one holds wherever the other does."""
    return disj(negated(given), truth)


def one_of(test: Truth, then: Any, other: Any) -> Any:
    """The one where a test holds, else the other: two truths, or two numbers of one sort."""
    if test is True or alike(then, other):
        return then
    if test is False:
        return other
    if isinstance(then, bool) or isinstance(other, bool) or z3.is_bool(then):
        return disj(conj(test, then), conj(negated(test), other))
    return z3.If(test, lifted(then), lifted(other))


def alike(a: Any, b: Any) -> bool:
    """Whether two are written alike, and so are the same whatever is found."""
    if a is b:
        return True
    if isinstance(a, z3.ExprRef) or isinstance(b, z3.ExprRef):
        return isinstance(a, z3.ExprRef) and isinstance(b, z3.ExprRef) and bool(a.eq(b))
    return type(a) is type(b) and bool(a == b)


def lifted(term: Term) -> Any:
    """A number as the solver has it."""
    if isinstance(term, bool):
        return z3.BoolVal(term)
    if isinstance(term, int):
        return z3.IntVal(term)
    if isinstance(term, Fraction):
        return z3.RealVal(f"{term.numerator}/{term.denominator}" if term.denominator != 1 else term.numerator)
    return term


def is_known(term: Any) -> bool:
    """Whether it is a constant."""
    return isinstance(term, bool | int | Fraction)


def real(term: Term) -> Term:
    """A whole number as a real one."""
    if isinstance(term, int):
        return Fraction(term)
    return term if isinstance(term, Fraction) or z3.is_real(term) else z3.ToReal(term)


def less(a: Term, b: Term) -> Truth:
    """A < b, of one sort."""
    return a < b if is_known(a) and is_known(b) else lifted(a) < lifted(b)


def less_equal(a: Term, b: Term) -> Truth:
    """A <= b, of one sort."""
    return a <= b if is_known(a) and is_known(b) else lifted(a) <= lifted(b)


def equal(a: Any, b: Any) -> Truth:
    """A == b, of one sort; of two truths, whether both hold or neither."""
    if alike(a, b):
        return True
    if is_known(a) and is_known(b):
        return bool(a == b)
    if isinstance(a, bool):
        a, b = b, a
    if isinstance(b, bool):
        return a if b else negated(a)
    return lifted(a) == lifted(b)


def total(terms: Iterable[Term]) -> Term:
    """The sum of whole numbers."""
    known, open_ = 0, []
    for term in terms:
        if is_known(term):
            known += term
        else:
            open_.append(term)
    if not open_:
        return known
    return z3.Sum([*open_, *([z3.IntVal(known)] if known else [])])


def plus(a: Term, b: Term) -> Term:
    """A + b, exactly."""
    if is_known(a) and is_known(b):
        return a + b
    if is_known(a) and a == 0:
        return b
    if is_known(b) and b == 0:
        return a
    one, other = _in_order(lifted(a), lifted(b))
    return one + other


def _in_order(a: Any, b: Any) -> tuple[Any, Any]:
    """Two terms in one order, whichever stood first, so that sums and products of the same are written alike.

    By what they say first, so that the order is the same whatever was written before them.
    """
    return (a, b) if (a.hash(), a.get_id()) <= (b.hash(), b.get_id()) else (b, a)


def minus(a: Term, b: Term) -> Term:
    """A - b, exactly."""
    if is_known(b):
        return plus(a, -b)
    return lifted(a) - b


def times(a: Term, b: Term) -> Term:
    """A * b, exactly."""
    if is_known(a) and is_known(b):
        return a * b
    if is_known(a):
        a, b = b, a
    if is_known(b) and b in (0, 1):
        return a if b == 1 else b
    if is_known(b):
        return a * lifted(b)
    one, other = _in_order(a, b)
    return one * other
