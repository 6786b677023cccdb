"""The steps of a pipeline: calls of other policies, each of which may read those before it as `steps.<id>`."""

from __future__ import annotations

from dataclasses import replace

from rules.cel import presence
from rules.documents.pipeline import PipelineSpec, StepSpec
from rules.documents.shape import Step
from rules.kinds.calls import bindings_of, called, name_of
from rules.kinds.lowering import Lowering
from rules.kinds.rules import told
from rules.plan import Call

Path = tuple[Step, ...]


def call_of(step: str) -> str:
    """The name that the call of a step has in the plan: that under which expressions read it."""
    return f"steps.{step}"


def read_steps(lowering: Lowering) -> None:
    """Decisions of the steps, each a record under `steps.`; nothing in a document that has none."""
    lowering.before_steps = lowering.scope
    spec = lowering.spec
    if isinstance(spec, PipelineSpec):
        for index, step in enumerate(spec.steps):
            later = frozenset(call_of(one.id) for one in spec.steps[index:])
            lowering.scope = replace(lowering.scope, later=later)
            _read_step(lowering, ("spec", "steps", index), step)
        lowering.scope = replace(lowering.scope, later=frozenset())


def _read_step(lowering: Lowering, path: Path, step: StepSpec) -> None:
    callee = called(lowering, (*path, "policy"), step.policy)
    if callee is None:
        lowering.faulty(call_of(step.id))
        return
    asked = lowering.expression((*path, "if")) if step.if_ is not None else None
    known = presence.NONE if step.if_ is None else told(asked, True, presence.NONE)
    bindings = bindings_of(lowering, path, callee, step.with_, known)
    call = Call(call_of(step.id), callee.name, bindings, lowering.document.span(*path, "id"), asked)
    lowering.calls.append(call)
    lowering.stages.append(call.name)
    lowering.scope = lowering.scope.with_members("steps", {step.id: name_of(call, callee)})
