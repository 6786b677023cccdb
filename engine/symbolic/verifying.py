"""Whether an invariant holds of all inputs: proved, refuted by inputs that the scalar reader decided, or unknown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from engine.decision import Decision, Stamp
from engine.faults import InputsRefused
from engine.policy import Machine, Policy, compile_bundle, unmet_requirements
from engine.symbolic.expressions import Expressions
from engine.symbolic.plainer import plainer
from engine.symbolic.proving import PLACES, Patience, Problem, Search, answered
from engine.symbolic.terms import Truth, conj
from rules.bundle import Bundle
from rules.invariants import Invariant
from rules.kinds.invariant import HOLDS, REFUTED
from rules.plan import Parameter, ParameterValue, Plan, reached_parameters
from rules.types import Field

STAMP = Stamp("witness", datetime(2026, 1, 1, tzinfo=UTC), simulated=True)
PARAMETER = "parameter "
"""What the names of parameters begin with among what is to be found: no input is called so."""


@dataclass(frozen=True, slots=True)
class Refutation:
    """Inputs, and parameters that do not stand at their defaults, with which a claim does not hold."""

    inputs: dict[str, Any]
    parameters: dict[str, Any]
    decision: Decision


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
    refutation: Refutation | None = None
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
    if found.result != "impossible" and claim.varied:
        as_published = _Claim(machine, invariant, ())
        plainer_still = answered(as_published.problems(), as_published.shows, patience)
        if plainer_still.result == "possible":  # a refutation with the parameters as they are says more
            claim, found = as_published, plainer_still
    if found.result == "impossible":
        if claim.is_vacuous(patience):
            return Verdict(invariant.name, "vacuous", loose=found.loose)
        return Verdict(invariant.name, "proved", found.up_to, found.loose)
    if found.result == "unknown" or found.witness is None:
        return Verdict(invariant.name, "unknown", loose=found.loose, hard=found.hard)
    return Verdict(invariant.name, "refuted", loose=found.loose, refutation=claim.refutation(found.witness))


class _Claim:
    """An invariant, and the policy by which the scalar reader decides it."""

    def __init__(self, machine: Machine, invariant: Invariant, varied: tuple[str, ...]) -> None:
        self.invariant, self.plan = invariant, invariant.plan
        self.plans: Mapping[str, Plan] = machine.bundle.plans
        self.policy: Policy = machine.policies[invariant.name]
        reached = reached_parameters(self.plan, self.plans)
        self.varied: dict[str, Parameter] = {label: reached[label] for label in varied}

    def is_vacuous(self, patience: Patience) -> bool:
        """Whether it is shown that what is given holds of no inputs."""
        _, problem, holds = next(self.problems(HOLDS))
        return Search(problem, holds, lambda _: False, patience.left).contradicted()

    def problems(self, outcome: str = REFUTED) -> Iterator[tuple[int, Problem, Truth]]:
        """Whether the invariant can be refuted, or come out otherwise, asked with ever more places."""
        added = tuple(Field(PARAMETER + label, parameter.type) for label, parameter in self.varied.items())
        for places in PLACES:
            problem = Problem.of(self.plans, (*self.plan.inputs, *added), places)
            moved = {(p.origin, p.name): problem.inputs[PARAMETER + label].value for label, p in self.varied.items()}
            problem.deciding.moved = moved
            inputs = {f.name: problem.inputs[f.name] for f in self.plan.inputs}
            decided = problem.deciding.decide(self.plan.name, inputs)
            yield places, problem, conj(decided.is_outcome(outcome), *self._required(problem))

    def _required(self, problem: Problem) -> Iterator[Truth]:
        """What parameters must satisfy together, where some are varied."""
        asked = self._asked(self.plan) if self.varied else ()
        for plan in asked:
            reader = Expressions(
                problem.deciding.space,
                problem.deciding.words,
                problem.deciding.unknowns,
                problem.deciding.scope(plan, {}),
            )
            for requirement in plan.parameter_requirements:
                yield reader.found(requirement.that).value

    def _asked(self, plan: Plan) -> Iterator[Plan]:
        yield plan
        for call in plan.calls:
            yield from self._asked(self.plans[call.policy])

    def decided(self, found: Mapping[str, Any]) -> Decision | None:
        """The decision on what was found; None where that is no inputs, or no parameters."""
        inputs = {name: value for name, value in found.items() if not name.startswith(PARAMETER)}
        try:
            policy = self.policy.with_parameters(self._values(found)) if self.varied else self.policy
            if self.varied and unmet_requirements(policy.program):
                return None
            return policy.decide(policy.read(json.dumps(inputs)), STAMP)
        except (InputsRefused, ValueError, KeyError):
            return None

    def _values(self, found: Mapping[str, Any]) -> dict[str, ParameterValue]:
        return {
            label: p.read(found[PARAMETER + label]) for label, p in self.varied.items() if PARAMETER + label in found
        }

    def shows(self, found: Mapping[str, Any]) -> bool:
        """Whether what was found refutes the invariant."""
        decision = self.decided(found)
        return decision is not None and decision.outcome == REFUTED

    def refutation(self, found: dict[str, Any]) -> Refutation:
        """The plainest refutation by the same claim."""
        first = self.decided(found)
        assert first is not None

        def alike(candidate: dict[str, Any]) -> bool:
            decision = self.decided(candidate)
            return decision is not None and (decision.outcome, decision.rule) == (first.outcome, first.rule)

        plain = plainer(found, alike)
        decision = self.decided(plain)
        assert decision is not None
        parameters = {name.removeprefix(PARAMETER): v for name, v in plain.items() if name.startswith(PARAMETER)}
        return Refutation({n: v for n, v in plain.items() if not n.startswith(PARAMETER)}, parameters, decision)
