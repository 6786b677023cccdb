"""Pipeline: policies asked in turn; one that blocks denies, and the first by priority names outcome and reason.

The cases, in order: an exit; preconditions; what is exempt; for each step, in order of priority, one case for each of
its outcomes that block; the rules of the document; `otherwise`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rules.cel import presence
from rules.cel.expressions import Template
from rules.cel.presence import Facts
from rules.cel.tree import Has, Node, Placeholder, Select
from rules.diagnostics import did_you_mean
from rules.documents.pipeline import PipelineSpec, StepSpec
from rules.documents.shape import Step
from rules.kinds.assembly import plan_of
from rules.kinds.conditions import all_of, equal
from rules.kinds.exits import exit_case
from rules.kinds.lowering import Body, Lowering
from rules.kinds.rules import not_applied, preconditions, ruled, told
from rules.kinds.steps import call_of
from rules.plan import Call, Case, Plan, may_fail
from rules.types import RecordType

Path = tuple[Step, ...]


def lower_pipeline(lowering: Lowering) -> Plan | None:
    """The plan of a Pipeline, or None when it has faults."""
    spec = _spec(lowering)
    plan = plan_of(lowering, {("spec", "variables"): spec.variables}, _body)
    return None if plan is None else replace(plan, stages=tuple(lowering.stages), exits=spec.exits)


def _spec(lowering: Lowering) -> PipelineSpec:
    spec = lowering.spec
    assert isinstance(spec, PipelineSpec)
    return spec


def _body(lowering: Lowering) -> Body | None:
    """The cases of a pipeline; what stands before its steps reads none of them."""
    spec = _spec(lowering)
    scope, lowering.scope = lowering.scope, lowering.before_steps
    exits = exit_case(lowering) if spec.exits is not None else None
    required, known = preconditions(lowering)
    exempt, known = _exempt(lowering, known)
    lowering.scope = scope
    _inherit_outcomes(lowering)
    denials = [case for step in _by_priority(lowering) for case in _denials(lowering, step)]
    for case in denials:
        known = presence.unite(known, not_applied(case))
    ids = [(lowering.document.span("spec", "steps", i, "id"), step.id) for i, step in enumerate(spec.steps)]
    ids += [(lowering.document.span("spec", "exempt", i, "id"), one.id) for i, one in enumerate(spec.exempt)]
    return ruled(lowering, [*([exits] if exits else []), *required, *exempt, *denials], known, ids)


def _exempt(lowering: Lowering, known: Facts) -> tuple[list[Case], Facts]:
    """The cases decided before any step, and what is known when none of them applies."""
    cases: list[Case] = []
    for index, one in enumerate(_spec(lowering).exempt):
        path: Path = ("spec", "exempt", index)
        lowering.outcome((*path, "outcome"), one.outcome)
        when = lowering.expression((*path, "when"), known=known)
        reason = lowering.message((*path, "reason"), known=told(when, True, known))
        case = None
        if when is not None and reason is not None:
            case = Case(one.id, when, (), one.outcome, reason, lowering.document.span(*path, "id"))
            cases.append(case)
        known = presence.unite(known, not_applied(case))
    return cases, known


def _by_priority(lowering: Lowering) -> list[StepSpec]:
    """The steps in the order in which they name the reason; every step has its place."""
    spec = _spec(lowering)
    steps = {step.id: step for step in spec.steps}
    if not spec.priority:
        return list(spec.steps)
    path: Path = ("spec", "priority")
    for index, name in enumerate(spec.priority):
        if name not in steps:
            near = did_you_mean(name, steps)
            remedy = f"`{near}`" if near else ""
            lowering.error("pipeline-priority", (*path, index), f"there is no step `{name}`", remedy=remedy)
        elif name in spec.priority[:index]:
            lowering.error("pipeline-priority", (*path, index), f"`{name}` stands in `priority` twice")
    lacking = [name for name in steps if name not in spec.priority]
    if lacking:
        message = f"`priority` does not say where `{lacking[0]}` stands"
        lowering.error("pipeline-priority", path, message, expected="every step, those that name the reason first")
    return [steps[name] for name in spec.priority if name in steps]


def _inherit_outcomes(lowering: Lowering) -> None:
    """The outcomes of steps that block are outcomes of the pipeline, unless it has one for every denial."""
    spec = _spec(lowering)
    if spec.deny is not None:
        lowering.outcome(("spec", "deny", "outcome"), spec.deny.outcome, must_block=True)
        return
    lowering.outcomes_unsure = any(step.policy not in lowering.around.plans for step in spec.steps)
    for index, step in enumerate(spec.steps):
        for outcome in _blocking(lowering, step):
            if lowering.outcomes.setdefault(outcome, "block") != "block":
                message = f"`{outcome}` is an outcome of this step that blocks, and here it does not"
                path: Path = ("spec", "steps", index, "policy")
                lowering.error("pipeline-outcome", path, message, remedy="another name for the outcome here")


def _blocking(lowering: Lowering, step: StepSpec) -> list[str]:
    """The outcomes of a step that block."""
    callee = lowering.around.plans.get(step.policy)
    return [] if callee is None else [name for name, effect in callee.outcomes.items() if effect == "block"]


def _given(lowering: Lowering, step: StepSpec) -> list[str]:
    """Those of them that the step can give: in its cases, and for an error where its policy may fail."""
    callee = lowering.around.plans.get(step.policy)
    if callee is None:
        return []
    given = {case.outcome for case in callee.all_cases} | ({callee.on_error} if may_fail(callee) else set())
    return [name for name in _blocking(lowering, step) if name in given]


def _only_fails(lowering: Lowering, step: StepSpec) -> bool:
    """Whether a step denies only where its policy fails: no case of that blocks."""
    callee = lowering.around.plans.get(step.policy)
    return callee is not None and all(callee.outcomes[case.outcome] != "block" for case in callee.all_cases)


def _denials(lowering: Lowering, step: StepSpec) -> Iterator[Case]:
    """The cases in which a step denies."""
    call = next((call for call in lowering.calls if call.name == call_of(step.id)), None)
    if call is None:
        return
    record = lowering.scope.member("steps", step.id, call.span)
    assert record is not None
    asked = [Has(record, call.span)] if call.when is not None else []
    deny = _spec(lowering).deny
    guards = _only_fails(lowering, step)
    if deny is None:
        outcome, reason = _field(record, "outcome", call), _field(record, "reason", call)
        for name in _given(lowering, step):
            when = all_of([*asked, equal(outcome, name, call.span)], call.span)
            told_by = Template((Placeholder(reason, ""),), call.span)
            yield Case(step.id, when, (), name, told_by, call.span, _text(step), guards)
        return
    if not _given(lowering, step):
        return
    when = all_of([*asked, equal(_field(record, "effect", call), "block", call.span)], call.span)
    written = lowering.message(("spec", "deny", "reason"), known=presence.facts(when, True))
    yield Case(step.id, when, (), deny.outcome, written, call.span, _text(step), guards)


def _text(step: StepSpec) -> str:
    """How the condition of a denial reads."""
    return f'steps.{step.id}.effect == "block"'


def _field(record: Node, name: str, call: Call) -> Node:
    assert isinstance(record.type, RecordType)
    found = record.type.field(name)
    assert found is not None
    return Select(record, found, call.span)
