"""Which factors of products must be known for the products to be none: with those at some value all else is linear.

A witness hardly ever rests on what a price or a leverage is, so that one is soon found with them at a plain value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import z3

PLAIN = (Fraction(1), Fraction(100), Fraction(1, 2), Fraction(10), Fraction(2))
"""Values that factors are put at, one after the other."""


class Guesses:
    """Factors, each put at the first of its values that nothing is known to speak against."""

    def __init__(self, solver: Any, factors: Iterable[Any], values: Sequence[Fraction]) -> None:
        self._left = [[_stands(solver, at, factor, value) for value in values] for at, factor in enumerate(factors)]

    @property
    def assumed(self) -> list[Any]:
        """What is to be assumed: where each factor stands that stands anywhere."""
        return [left[0] for left in self._left]

    def give_way(self, core: Iterable[Any]) -> bool:
        """Put the last factor of a contradiction at its next value, or leave it open; whether it has one at all."""
        against = {str(one) for one in core}
        wrong = next((left for left in reversed(self._left) if str(left[0]) in against), None)
        if wrong is None:
            return False
        wrong.pop(0)
        self._left = [left for left in self._left if left]
        return True


def _stands(solver: Any, at: int, factor: Any, value: Fraction) -> Any:
    name = z3.Bool(f"{at} at {value}", solver.ctx)
    solver.add(z3.Implies(name, factor == z3.Q(value.numerator, value.denominator, solver.ctx)))
    return name


def deciding_factors(terms: Iterable[Any]) -> list[Any]:
    """Factors that leave no product of two unknowns once they are known; few, those of many products first."""
    left = list(_products(terms))
    chosen: list[Any] = []
    while left := [product for product in left if len(product) > 1]:
        often = Counter(factor for product in left for factor in product)
        most = max(often, key=lambda factor: (often[factor], factor.hash()))
        chosen.append(most)
        left = [[factor for factor in product if not factor.eq(most)] for product in left]
    return chosen


def _products(terms: Iterable[Any]) -> Iterator[list[Any]]:
    """The unknown factors of each multiplication within terms."""
    seen: set[int] = set()
    stack = list(terms)
    while stack:
        term = stack.pop()
        if term.get_id() in seen:
            continue
        seen.add(term.get_id())
        stack.extend(term.children())
        if term.decl().kind() == z3.Z3_OP_MUL:
            yield [one for one in term.children() if not (z3.is_rational_value(one) or z3.is_int_value(one))]
