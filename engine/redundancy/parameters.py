"""Parameters on which no decision rests, wherever they stand within their bounds.

Of a policy its own are looked at, those of its libraries included; what it decides is all that counts. Others may stand
anywhere beside it: a switch that another one overrules has its part in some decision, and so has one of two weights
that must add up, which never moves alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from engine.decision import Decision
from engine.faults import InputsRefused
from engine.mutation.nearby import differ
from engine.policy import Machine, Policy
from engine.redundancy.finding import Finding
from engine.scalar.admitted import admits
from engine.suites import STAMP
from engine.symbolic.differing import where_they_differ
from engine.symbolic.moved import Moved, movable
from engine.symbolic.proving import PLACES, Patience, Problem, answered
from engine.symbolic.terms import Truth, disj
from rules.plan import Parameter, ParameterValue
from rules.suites import Suite
from rules.types import BoolType, DoubleType, DurationType, EnumType, IntType, MapType, Type


def parameters_in_vain(machine: Machine, name: str, suites: Iterable[Suite], patience: Patience) -> Iterator[Finding]:
    """Of each parameter of a policy that moves no decision: that none rests on it, or that this is not known."""
    policy = machine.policies[name]
    cases = _cases(policy, suites)
    for parameter in policy.plan.parameters:
        if not _moves(parameter, cases):
            found = Finding(name, "parameter", parameter.name, str(parameter.span), "unknown")
            found = _looked_at(found, machine, parameter, patience)
            if found.result != "reached":
                yield found


@dataclass(frozen=True, slots=True)
class _Cases:
    """The cases of a policy's suites that have the same parameters, and what is decided of each."""

    policy: Policy
    decided: list[tuple[dict[str, Any], Decision]]


def _cases(policy: Policy, suites: Iterable[Suite]) -> list[_Cases]:
    """The cases of a policy's suites but for those whose inputs are refused."""
    found: dict[str, _Cases] = {}
    for case in (case for suite in suites if suite.policy == policy.plan.name for case in suite.cases):
        key = repr(sorted(case.parameters.items()))
        if key not in found:
            found[key] = _Cases(policy.with_parameters(case.parameters) if case.parameters else policy, [])
        decision = _decided(found[key].policy, case.inputs)
        if decision is not None:
            found[key].decided.append((dict(case.inputs), decision))
    return list(found.values())


def _decided(policy: Policy, inputs: Mapping[str, Any]) -> Decision | None:
    try:
        return policy.decide(policy.decoder.from_plain(inputs), STAMP)
    except InputsRefused:
        return None


def _moves(parameter: Parameter, cases: Iterable[_Cases]) -> bool:
    """Whether another value of a parameter decides a case of a suite otherwise."""
    for one in cases:
        values = one.policy.program.parameters
        for value in _others(parameter, values[parameter.name]):
            moved = one.policy.with_parameters({**values, parameter.name: value})
            for inputs, before in one.decided:
                after = _decided(moved, inputs)
                if after is not None and differ(before, after):
                    return True
    return False


def _others(parameter: Parameter, at: ParameterValue) -> Iterator[ParameterValue]:
    """Values beside the one at which it stands: the ends of its bounds and what lies on the way, or the other words."""
    if isinstance(at, Mapping):
        assert isinstance(parameter.type, MapType)
        for key, value in at.items():
            yield from ({**at, key: other} for other in _values(parameter.type.value, value))
    else:
        yield from _values(parameter.type, at)


def _values(t: Type, at: Any) -> Iterator[Any]:
    match t:
        case BoolType():
            yield not at
        case EnumType():
            yield from (word for word in t.members if word != at)
        case IntType() | DoubleType() | DurationType():
            half = (t.minimum + at) / 2, (t.maximum + at) / 2
            between = half if isinstance(t, DoubleType) else [int(one) for one in half]
            fits = admits(t) if isinstance(t, DoubleType) else lambda _: True
            yield from (one for one in (t.minimum, t.maximum, *between) if one != at and fits(one))


def _looked_at(found: Finding, machine: Machine, parameter: Parameter, patience: Patience) -> Finding:
    """What a proof says: with the parameter anywhere and where it stands, the decision is the same."""
    plan = machine.bundle.plans[found.document]
    moved = Moved(machine, found.document, movable(plan, machine.bundle.plans), tied=False)
    answer = answered(_problems(moved, parameter.name), partial(_shows, moved, parameter), patience)
    if answer.result == "unknown":
        return replace(found, why=answer.hard)
    return replace(found, result="idle" if answer.result == "impossible" else "reached", up_to=answer.up_to)


def _problems(moved: Moved, label: str) -> Iterator[tuple[int, Problem, Truth]]:
    for places in PLACES:
        problem, elsewhere, _ = moved.problem(places)
        as_is, _ = moved.beside(problem, [label])
        yield places, problem, disj(*(truth for _, truth in where_they_differ(as_is, elsewhere)))


def _shows(moved: Moved, parameter: Parameter, found: Mapping[str, Any]) -> bool:
    elsewhere = moved.decided(found)
    as_is = moved.decided(moved.without(found, parameter.name))
    return elsewhere is not None and as_is is not None and differ(as_is, elsewhere)
