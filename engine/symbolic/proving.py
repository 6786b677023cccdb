"""Whether something can come about: no, with certainty; yes, with inputs that the scalar reader decided; or unknown.

First without products of unknowns, which decides most; then with what lies beyond the places of lists left away, in
search of a witness; then with everything, in several ways that take turns. What is found to be impossible with lists of
any length is so: else the length up to which it was looked at is said. Time is asked of whoever asks the question.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import z3

from engine.symbolic.deciding import Deciding
from engine.symbolic.factors import PLAIN, Guesses, deciding_factors
from engine.symbolic.space import Space
from engine.symbolic.terms import Truth, lifted
from engine.symbolic.unknowns import Unknowns
from engine.symbolic.values import Slot
from engine.symbolic.witness import Witness
from engine.symbolic.words import Words
from rules.plan import Plan
from rules.types import Field

PLACES = (2, 4, 8, 12)
"""How many places lists are given, one after the other, until there is an answer."""
SHARE = 0.4
"""Of the time there is left, what one way of looking may take."""
STRAIGHT_S = 3.0
"""How long facts are gone straight at before another way is tried."""
ROUNDS_S = (1.0, 2.0, 4.0, math.inf)
"""How long products are looked at in each way, begun anew each time: where one loses its way another may not."""
TRIES = 4
"""Models whose inputs do not show what they claim, before another way is tried."""

Inputs = dict[str, Any]
Shows = Callable[[Inputs], bool]
"""Whether inputs, decided by the scalar reader, show what was asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found out."""

    result: Literal["impossible", "possible", "unknown"]
    witness: Inputs | None = None
    up_to: int | None = None
    """Of an impossibility that holds for lists of so many items only."""
    loose: Mapping[str, str] | None = None
    """What could take any value: the expression, and why."""
    hard: str = ""
    """Of what is unknown: what stood in the way."""


@dataclass(slots=True)
class Problem:
    """Unknown inputs, decisions on them, and what is asked of those."""

    deciding: Deciding
    inputs: dict[str, Slot]
    fields: tuple[Field, ...]
    context: Any = field(default_factory=z3.Context)
    """Where it is solved: apart from all that was asked before, so that what is found is the same each time."""
    _apart: dict[int, tuple[Any, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, plans: Mapping[str, Plan], fields: tuple[Field, ...], places: int) -> Problem:
        """Unknown inputs of some names, over the policies of a bundle."""
        space = Space()
        words = Words(space)
        unknowns = Unknowns(space, words, places)
        inputs = {f.name: unknowns.slot(f, f.name) for f in fields}
        return cls(Deciding(plans, space, words, unknowns), inputs, fields)

    def apart(self, terms: Iterable[Any]) -> list[Any]:
        """Terms where they are solved."""
        found = []
        for term in terms:
            if term.get_id() not in self._apart:
                self._apart[term.get_id()] = term, term.translate(self.context)  # a number lives as long as its term
            found.append(self._apart[term.get_id()][1])
        return found


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds there are left, and who hears what is being worked at."""

    left: Callable[[], float]
    hears: Callable[[str], None] = lambda _: None


def answered(problems: Iterable[tuple[int, Problem, Truth]], shows: Shows, patience: Patience) -> Answer:
    """Whether the truth of each problem, with ever more places, can come about."""
    hard, hardest = "nothing was asked", ""
    loose: Mapping[str, str] = {}
    bounded: int | None = None
    for places, problem, truth in problems:
        loose = problem.deciding.space.loose
        if truth is False:
            return Answer("impossible", loose=loose)
        hardest = problem.deciding.space.hardest()
        patience.hears(hardest)
        search = Search(problem, truth, shows, patience.left)
        found = search.run()
        if found == "impossible":
            return Answer("impossible", loose=loose)
        if found is not None and not isinstance(found, str):
            return Answer("possible", found, loose=loose)
        bounded = places if found == "bounded" else bounded
        hard = search.hard
        if patience.left() <= 0:
            break
    if bounded is not None and hard == "":
        return Answer("impossible", up_to=bounded, loose=loose)
    why = hard or "the time is up"
    return Answer("unknown", loose=loose, hard=f"{why}; hardest is `{hardest}`" if hardest else why)


class Search:
    """One problem, looked at in several ways."""

    def __init__(self, problem: Problem, truth: Truth, shows: Shows, left: Callable[[], float]) -> None:
        self.problem, self.shows, self.left = problem, shows, left
        deciding = problem.deciding
        self.facts = problem.apart([*deciding.space.holding, *deciding.words.facts(), lifted(truth)])
        self.exact = problem.apart(deciding.space.exact)
        self.short = problem.apart(term == 0 for term in deciding.unknowns.beyond)
        self.hard = ""

    def run(self) -> Inputs | str | None:
        """`impossible`, `bounded` where it is impossible for lists that have no more items than places, or inputs."""
        if self.impossible():
            return "impossible"
        found = self._witness(self._usual(), self.facts)
        if found is None and self.exact and not self._bounded:
            return self._with_products([*self.facts, *self.exact])
        return found if found is not None else "bounded" if self._bounded else None

    def _with_products(self, facts: list[Any]) -> Inputs | str | None:
        """The same with products of unknowns: a witness or that there is none, by ways that take turns."""
        for turn, most in enumerate(ROUNDS_S):
            if self._checked(self._usual(), facts, min(most, self.left() * SHARE)) == z3.unsat:
                return "impossible"
            ways = (partial(self._guessed, turn), partial(self._witness, self._of_products(turn)))
            for way in (*ways, partial(self._witness, self._usual())):
                found = way(facts, most)
                if found is not None:
                    return found
                if self._bounded:
                    straight = self._checked(self._usual(), facts, min(STRAIGHT_S, self.left()))
                    return "impossible" if straight == z3.unsat else "bounded"
            if self.left() <= 0:
                break
        return None

    def _guessed(self, turn: int, facts: list[Any], most: float) -> Inputs | None:
        """Inputs that show it with factors of products at plain values, but for those that can stand at none."""
        solver = self._usual()
        guesses = Guesses(solver, deciding_factors(self.exact), (*PLAIN[turn:], *PLAIN[:turn]))
        found = self._checked(solver, [*facts, *self.short], min(most, self.left() * SHARE), guesses.assumed)
        while found == z3.unsat and guesses.give_way(solver.unsat_core()):
            found = self._again(solver, min(most, self.left() * SHARE), guesses.assumed)
        return self._shown(solver, found, most, guesses.assumed)

    _bounded = False
    """Whether it is impossible where nothing lies beyond the places."""

    def contradicted(self) -> bool:
        """Whether the facts contradict each other at the first glance."""
        found = self._checked(self._simple(), self.facts, min(self.left(), STRAIGHT_S))
        return bool(found == z3.unsat)

    def impossible(self) -> bool:
        """Whether it cannot come about, shown without products of unknowns.

        Going straight at the facts is quickest, where it does not lose its way.
        """
        found = self._checked(self._simple(), self.facts, min(self.left(), STRAIGHT_S))
        if found == z3.unknown:
            found = self._checked(self._usual(), self.facts, self.left() * SHARE)
        return bool(found == z3.unsat)

    def _checked(self, solver: Any, facts: list[Any], seconds: float, assumed: Iterable[Any] = ()) -> Any:
        solver.add(*facts)
        return self._again(solver, seconds, assumed)

    def _again(self, solver: Any, seconds: float, assumed: Iterable[Any] = ()) -> Any:
        solver.set("timeout", max(1, int(seconds * 1000)))
        return solver.check(*assumed)

    def _witness(self, solver: Any, facts: list[Any], most: float = math.inf) -> Inputs | None:
        """Inputs that show it, with lists no longer than their places; each model may take `most` seconds."""
        found = self._checked(solver, [*facts, *self.short], min(most, self.left() * SHARE))
        if found == z3.unsat:
            self._bounded, self.hard = True, ""
        return self._shown(solver, found, most)

    def _shown(self, solver: Any, found: Any, most: float, assumed: Iterable[Any] = ()) -> Inputs | None:
        """Inputs of a model, or of another one, that show what it claims."""
        for _ in range(TRIES):
            if found == z3.unknown:
                self.hard = f"the solver gave up: {solver.reason_unknown()}"
            if found != z3.sat:
                return None
            model = solver.model().translate(z3.main_ctx())
            for moving in (False, True):
                witness = Witness(model, self.problem.deciding.words, moving=moving)
                inputs = witness.inputs(self.problem.fields, self.problem.inputs)
                if self.shows(inputs):
                    return inputs
            self.hard = "what the solver found does not come about when it is decided"
            solver.add(_other_than(solver.model()))
            found = self._again(solver, min(most, self.left() * SHARE), assumed)
        return None

    def _simple(self) -> Any:
        return z3.SimpleSolver(ctx=self.problem.context)

    def _usual(self) -> Any:
        return z3.Solver(ctx=self.problem.context)

    def _of_products(self, seed: int) -> Any:
        """A solver of products of unknowns. Which way it goes is for the seed to say."""
        solver = z3.Tactic("qfnra-nlsat", self.problem.context).solver()
        solver.set("seed", seed)
        return solver


def _other_than(model: Any) -> Any:
    """That something is otherwise than in a model."""
    named = sorted((name for name in model.decls() if name.arity() == 0), key=str)
    return z3.Not(z3.And([name() == model[name] for name in named]))
