"""What parameters must satisfy together, looked at with their values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from engine.overrides import Overrides
from engine.scalar.lines import Attributes
from engine.scalar.program import Program, value_of
from engine.scalar.runtime import EvaluationError
from rules.cel.tree import Root, walk
from rules.diagnostics import Diagnostic
from rules.plan import Parameter, ParameterValue, Plan, Requirement
from rules.source import Span

NONE = Overrides({}, ())


def unmet_requirements(program: Program) -> list[Diagnostic]:
    """The requirements among parameters, its own and those of policies it asks, that the values do not satisfy."""
    programs = {one.plan.name: one for one in (program, *program.asked())}
    plans = [one.plan for one in programs.values()]
    return unmet_of(plans, program.attributes, lambda plan: programs[plan.name].parameters)


def unmet_of(
    plans: Iterable[Plan],
    attributes: Attributes,
    values_of: Callable[[Plan], Mapping[str, ParameterValue]],
    overrides: Overrides = NONE,
) -> list[Diagnostic]:
    """The requirements among parameters that their values do not satisfy; what plans share is looked at once.

    `overrides` are those among the values that the environment has set.
    """
    unmet: dict[Span, Diagnostic | None] = {}
    for plan in plans:
        for requirement in plan.parameter_requirements:
            if requirement.span not in unmet:
                unmet[requirement.span] = _unsatisfied(requirement, plan, attributes, values_of(plan), overrides)
    return [fault for fault in unmet.values() if fault is not None]


def _unsatisfied(
    requirement: Requirement,
    plan: Plan,
    attributes: Attributes,
    values: Mapping[str, ParameterValue],
    overrides: Overrides,
) -> Diagnostic | None:
    try:
        if value_of(requirement.that, plan, attributes, values):
            return None
    except EvaluationError:
        pass
    named = ", ".join(_shown(p, values[p.name], overrides) for p in _named_in(requirement, plan))
    return Diagnostic("parameters-require", requirement.span, f"`{requirement.id}` does not hold with {named}")


def _named_in(requirement: Requirement, plan: Plan) -> list[Parameter]:
    """The parameters that a requirement is about."""
    named = {node.name for node in walk(requirement.that) if isinstance(node, Root)}
    return [p for p in plan.parameters if p.name in named]


def _shown(parameter: Parameter, value: ParameterValue, overrides: Overrides) -> str:
    set_ = parameter.env is not None and (parameter.origin, parameter.name) in overrides.values
    by = f" (set by {parameter.env.name})" if parameter.env is not None and set_ else ""
    return f"{parameter.name}={_told(parameter.written(value))}{by}"


def _told(value: object) -> str:
    """A value in a message; of a mapping its first entries."""
    if not isinstance(value, Mapping):
        return str(value)
    listed = [f"{key}: {one}" for key, one in islice(value.items(), 3)]
    return "{" + ", ".join([*listed, "…"] if len(value) > len(listed) else listed) + "}"
