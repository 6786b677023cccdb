"""Whether an invariant holds of all inputs: proved, refuted by inputs that the scalar reader decided, or unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from engine.policy import Machine, compile_bundle
from engine.symbolic.moved import Moved, Shown
from engine.symbolic.proving import PLACES, Answer, Patience, Problem, answered
from engine.symbolic.terms import Truth, conj
from rules.bundle import Bundle
from rules.invariants import Invariant
from rules.kinds.invariant import HOLDS, REFUTED
from rules.suites import Suite


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out of an invariant."""

    invariant: str
    result: Literal["proved", "refuted", "unknown", "vacuous"]
    """`vacuous`: what is given never holds, so nothing is claimed of any inputs."""
    up_to: int | None = None
    """Of a proof that holds for lists of so many items only; None where it holds for all."""
    loose: Mapping[str, str] | None = None
    """What could take any value: the expression, and why. A proof holds all the same."""
    refutation: Shown | None = None
    hard: str = ""
    """Of what is unknown: what stood in the way."""


def with_invariants(bundle: Bundle) -> Bundle:
    """The bundle with its invariants beside its policies, so that they can be decided."""
    return replace(bundle, plans={**bundle.plans, **{one.name: one.plan for one in bundle.invariants}})


def verified(bundle: Bundle, invariant: Invariant, patience: Patience) -> Verdict:
    """What holds of an invariant of a bundle. Raises `Refused` as compiling does."""
    machine = compile_bundle(with_invariants(bundle), asked=[invariant.name])
    claim = _Claim(machine, invariant, invariant.varied)
    found = answered(claim.problems(), claim.shows, patience)
    if found.result != "impossible" and invariant.varied:
        as_published = _Claim(machine, invariant, ())
        plainer_still = answered(as_published.problems(), as_published.shows, patience)
        if plainer_still.result == "possible":  # a refutation with the parameters as they are says more
            claim, found = as_published, plainer_still
    if found.result == "impossible":
        return _proved(claim, _Claim(machine, invariant, ()), found, bundle.suites, patience)
    if found.result == "unknown" or found.witness is None:
        return Verdict(invariant.name, "unknown", loose=found.loose, hard=found.hard)
    return Verdict(invariant.name, "refuted", loose=found.loose, refutation=claim.refutation(found.witness))


def _proved(claim: _Claim, as_published: _Claim, found: Answer, suites: Iterable[Suite], patience: Patience) -> Verdict:
    """What is said of a claim that nothing refutes: there must be something of which it claims anything."""
    name = claim.moved.plan.name
    applies = as_published.applies(suites, patience)  # fewer unknowns first
    if applies.result != "possible" and claim.moved.parameters:
        applies = claim.applies(suites, patience)
    if applies.result == "impossible" and applies.up_to is None:
        return Verdict(name, "vacuous", loose=found.loose)
    if applies.result != "possible":
        why = applies.hard or f"lists of at most {applies.up_to} items were looked at"
        why = f"no inputs were found of which it claims anything: {why}"
        return Verdict(name, "unknown", loose=found.loose, hard=why)
    return Verdict(name, "proved", found.up_to, found.loose)


class _Claim:
    """An invariant, with some parameters of the policies it asks anywhere within their bounds."""

    def __init__(self, machine: Machine, invariant: Invariant, varied: tuple[str, ...]) -> None:
        self.moved = Moved(machine, invariant.name, varied)

    def applies(self, suites: Iterable[Suite], patience: Patience) -> Answer:
        """Whether there are inputs of which the invariant claims something that holds."""
        shows = partial(self.shows, outcome=HOLDS)
        case = next(filter(shows, self.cases(suites)), None)
        return answered(self.problems(HOLDS), shows, patience) if case is None else Answer("possible", case)

    def cases(self, suites: Iterable[Suite]) -> Iterator[dict[str, Any]]:
        """The inputs of the cases of policies that it asks, as far as they are its own."""
        plan = self.moved.plan
        asked, mine = {call.policy for call in plan.calls}, {f.name for f in plan.inputs}
        for suite in (one for one in suites if one.policy in asked):
            for case in suite.cases:
                yield {name: value for name, value in case.inputs.items() if name in mine}

    def problems(self, outcome: str = REFUTED) -> Iterator[tuple[int, Problem, Truth]]:
        """Whether the invariant can be refuted, or come out otherwise, asked with ever more places."""
        for places in PLACES:
            problem, decided, required = self.moved.problem(places)
            yield places, problem, conj(required, decided.is_outcome(outcome))

    def shows(self, found: Mapping[str, Any], outcome: str = REFUTED) -> bool:
        """Whether what was found refutes the invariant, or comes out otherwise."""
        decision = self.moved.decided(found)
        return decision is not None and decision.outcome == outcome

    def refutation(self, found: dict[str, Any]) -> Shown:
        """The plainest refutation by the same claim."""
        first = self.moved.decided(found)
        assert first is not None
        rule = first.rule
        return self.moved.plainest(found, lambda one: (one.outcome, one.rule) == (REFUTED, rule))
