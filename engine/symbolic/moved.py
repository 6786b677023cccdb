"""A policy of which some parameters may stand anywhere within their bounds, by both readers.

Parameters are unknowns beside the inputs; what they must satisfy together holds of them. The scalar reader decides what
was found with the parameters at the values found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine.decision import Decision, Stamp
from engine.faults import InputsRefused
from engine.policy import Machine, Policy
from engine.requirements import unmet_requirements
from engine.symbolic.deciding import Decided, Deciding
from engine.symbolic.expressions import Expressions
from engine.symbolic.plainer import plainer
from engine.symbolic.proving import Problem
from engine.symbolic.terms import Truth, conj, equal, less_equal, negated
from engine.symbolic.unknowns import MOST_ITEMS
from engine.symbolic.values import Place, Row, Table, Value
from engine.symbolic.words import Word
from rules.plan import Parameter, ParameterValue, Plan, reached_parameters
from rules.types import BoolType, Field, MapType

STAMP = Stamp("witness", datetime(2026, 1, 1, tzinfo=UTC), simulated=True)
PARAMETER = "parameter "
"""What the names of parameters begin with among what is to be found: no input is called so."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Inputs, parameters that do not stand at their defaults, and what the scalar reader decides with both."""

    inputs: dict[str, Any]
    parameters: dict[str, Any]
    decision: Decision


class Moved:
    """A policy, and the parameters that may stand anywhere.

    `tied`: only where they satisfy what they must together.
    """

    def __init__(self, machine: Machine, policy: str, labels: Collection[str] = (), *, tied: bool = True) -> None:
        self.tied = tied and bool(labels)
        self.plans: Mapping[str, Plan] = machine.bundle.plans
        self.policy: Policy = machine.policies[policy]
        self.plan: Plan = self.policy.plan
        reached = reached_parameters(self.plan, self.plans)
        self.parameters: dict[str, Parameter] = {label: reached[label] for label in labels}

    def problem(self, places: int) -> tuple[Problem, Decided, Truth]:
        """Unknown inputs with lists of so many places, the decision on them, and what holds of the parameters."""
        added = tuple(one for label, parameter in self.parameters.items() for one in _fields(label, parameter))
        problem = Problem.of(self.plans, (*self.plan.inputs, *added), places)
        return problem, *self.beside(problem)

    def beside(self, problem: Problem, published: Container[str] = ()) -> tuple[Decided, Truth]:
        """The decision on the unknowns of a problem, another one's too, and what holds of the parameters.

        Those `published` stand where they stand in the document.
        """
        deciding = problem.deciding.beside(self.plans)
        moved = {label: p for label, p in self.parameters.items() if label not in published}
        deciding.moved = {(p.origin, p.name): _value(problem, label, p) for label, p in moved.items()}
        inputs = {f.name: problem.inputs[f.name] for f in self.plan.inputs}
        return deciding.decide(self.plan.name, inputs), conj(*self._required(deciding))

    def _required(self, deciding: Deciding) -> Iterator[Truth]:
        """What parameters must satisfy together, where some are moved."""
        for plan in self._asked(self.plan) if self.tied else ():
            reader = Expressions(deciding.space, deciding.words, deciding.unknowns, deciding.scope(plan, {}))
            for requirement in plan.parameter_requirements:
                yield reader.found(requirement.that).value

    def _asked(self, plan: Plan) -> Iterator[Plan]:
        yield plan
        for call in plan.calls:
            yield from self._asked(self.plans[call.policy])

    def decided(self, found: Mapping[str, Any]) -> Decision | None:
        """The decision on what was found; None where that is no inputs, or no parameters."""
        try:
            policy = self.policy.with_parameters(self._values(found)) if self.parameters else self.policy
            if self.tied and unmet_requirements(policy.program):
                return None
            return policy.decide(policy.read(json.dumps(inputs_of(found))), STAMP)
        except (InputsRefused, ValueError, KeyError):
            return None

    def _values(self, found: Mapping[str, Any]) -> dict[str, ParameterValue]:
        return {label: _read(label, p, found) for label, p in self.parameters.items()}

    def without(self, found: Mapping[str, Any], label: str) -> dict[str, Any]:
        """What was found, with a parameter where it stands in the document."""
        names = {one.name for one in _fields(label, self.parameters[label])}
        return {name: value for name, value in found.items() if name not in names}

    def plainest(self, found: dict[str, Any], alike: Callable[[Decision], bool]) -> Shown:
        """The plainest of what is decided alike with what was found."""

        def shows(candidate: dict[str, Any]) -> bool:
            decision = self.decided(candidate)
            return decision is not None and alike(decision)

        plain = plainer(found, shows)
        decision = self.decided(plain)
        assert decision is not None
        parameters = {name.removeprefix(PARAMETER): v for name, v in plain.items() if name.startswith(PARAMETER)}
        return Shown(inputs_of(plain), parameters, decision)


def movable(plan: Plan, plans: Mapping[str, Plan]) -> tuple[str, ...]:
    """The parameters of a policy, of the libraries that it takes, and of the policies that it asks."""
    return tuple(reached_parameters(plan, plans))


def _fields(label: str, parameter: Parameter) -> tuple[Field, ...]:
    """What is to be found of a parameter; of one per key, of each published key its value or that it is gone."""
    t, default, name = parameter.type, parameter.default, PARAMETER + label
    if isinstance(t, MapType) and isinstance(default, Mapping):
        further = (Field(name + FURTHER_KEY, t.key), Field(name + FURTHER, t.value, optional=True))
        listed = [f"{name}[{key}]" for key in default]
        return *(Field(one, t.value) for one in listed), *(Field(one + GONE, BoolType()) for one in listed), *further
    return (Field(name, t),)


GONE = " gone"
"""Of a parameter per key, whether a key that the document lists is not listed any more."""
FURTHER_KEY, FURTHER = " key", " value"
"""Of a parameter per key, a key that the document does not list."""


def _value(problem: Problem, label: str, parameter: Parameter) -> Value:
    """Any value of a parameter; of one per key, any or none for each published key, and any number of others."""
    t, default, name = parameter.type, parameter.default, PARAMETER + label
    if not isinstance(t, MapType) or not isinstance(default, Mapping):
        return problem.inputs[name].value
    space, most, inputs = problem.deciding.space, t.max_entries or MOST_ITEMS, problem.inputs

    def make() -> Table:
        keys = [problem.deciding.words.of(key) for key in default]
        listed = [f"{name}[{key}]" for key in default]
        places = [Place(inputs[one].value, negated(inputs[one + GONE].value)) for one in listed]
        other, further = inputs[name + FURTHER_KEY].value, inputs[name + FURTHER]
        assert isinstance(other, Word)
        fresh = conj(*(negated(equal(other.term, key.term)) for key in keys))
        further_keys = space.whole("keys", 0, most)
        problem.deciding.unknowns.beyond.append(further_keys.term)
        entries = Row((*places, Place(further.value, conj(further.there, fresh))), further_keys)
        space.fact(less_equal(entries.size.term, most))
        return Table((*keys, other), entries)

    made: Table = space.once(("parameter", label), None, make)
    return made


def _read(label: str, parameter: Parameter, found: Mapping[str, Any]) -> ParameterValue:
    """A parameter as it was found, its published value where it was not."""
    name = PARAMETER + label
    if not isinstance(parameter.default, Mapping):
        return parameter.read(found.get(name, parameter.written(parameter.default)))
    listed = {key: f"{name}[{key}]" for key in parameter.default}
    written = {key: found[at] for key, at in listed.items() if at in found}
    if {name + FURTHER, name + FURTHER_KEY} <= found.keys():
        written = {found[name + FURTHER_KEY]: found[name + FURTHER]} | written
    values = parameter.read(written)
    assert isinstance(values, Mapping)
    return {key: value for key, value in values.items() if key not in listed or not found.get(listed[key] + GONE)}


def inputs_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs among what was found."""
    return {name: value for name, value in found.items() if not name.startswith(PARAMETER)}
