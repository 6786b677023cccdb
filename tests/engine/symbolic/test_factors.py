"""Which factors are put at plain values, and what gives way where they cannot stand there."""

from __future__ import annotations

import pytest

pytest.importorskip("z3", reason="proofs need z3-solver, the extra `prove`")

import z3

from engine.symbolic.factors import PLAIN, Guesses, deciding_factors

A, B, C, N = z3.Real("a"), z3.Real("b"), z3.Real("c"), z3.Int("n")


@pytest.mark.parametrize(
    ("terms", "chosen"),
    [
        ([A == 2 * B + 1], []),
        ([C == A * B, A > A * C], ["a"]),
        ([C == A * A], ["a"]),
        ([z3.Or(C == A * B * 2, B * C > 1)], ["b"]),
    ],
)
def test_a_factor_of_each_product_is_chosen_the_most_frequent_first(terms: list[object], chosen: list[str]) -> None:
    assert [str(one) for one in deciding_factors(terms)] == chosen


def test_all_products_are_gone_once_they_are_known() -> None:
    terms = [A * B * C == 5, B * z3.ToReal(N) <= A, (A + 1) * (B + C) > 2]
    known = [z3.substitute(term, *((one, z3.RealVal(3)) for one in deciding_factors(terms))) for term in terms]
    assert deciding_factors(known) == []


@pytest.mark.parametrize("factor", [A, N])
def test_a_factor_that_cannot_stand_at_one_value_stands_at_another(factor: object) -> None:
    solver = z3.Solver()
    solver.add(A >= 7, N >= 7, A < 60, N < 60)
    guesses = Guesses(solver, [factor], PLAIN)
    steps = 0
    while solver.check(*guesses.assumed) == z3.unsat:
        assert guesses.give_way(solver.unsat_core())
        steps += 1
    assert (steps, solver.model()[factor]) == (3, 10)


def test_a_factor_that_stands_at_none_is_left_open_and_what_holds_of_none_gives_way_to_nothing() -> None:
    solver = z3.Solver()
    solver.add(A > 1000)
    guesses = Guesses(solver, [A], PLAIN)
    while solver.check(*guesses.assumed) == z3.unsat:
        assert guesses.give_way(solver.unsat_core())
    assert guesses.assumed == []
    solver.add(A < 0)
    assert solver.check() == z3.unsat
    assert not guesses.give_way(solver.unsat_core())
