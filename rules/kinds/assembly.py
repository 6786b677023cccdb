"""From a lowered scope to the plan: the cases of its kind, outputs, requirements, log lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from rules.cel import presence
from rules.cel.paths import is_guarded
from rules.cel.scope import Name
from rules.cel.tree import Has
from rules.diagnostics import did_you_mean
from rules.documents.sections import InheritSpec, RuleSpec
from rules.documents.shape import Step
from rules.kinds.calls import read_calls
from rules.kinds.conditions import all_of, applied
from rules.kinds.lowering import Body, Lowering
from rules.kinds.outputs import read_outputs
from rules.kinds.rules import told
from rules.kinds.steps import call_of, read_steps
from rules.kinds.uses import take_libraries
from rules.plan import InheritedLines, LogLine, Output, Plan, Requirement, reason_type
from rules.types import STRING, StringType

Path = tuple[Step, ...]


def plan_of(
    lowering: Lowering, definitions: Mapping[Path, Mapping[str, object]], body_of: Callable[[Lowering], Body | None]
) -> Plan | None:
    """The plan of a document: its definitions by the path they stand under, and what its kind makes of the rest.

    None when anything was reported.
    """
    spec = lowering.spec
    lowering.outcomes |= {name: outcome.effect for name, outcome in spec.outcomes.items()}
    lowering.read_inputs(spec.inputs)
    lowering.read_parameters()
    take_libraries(lowering)
    lowering.read_requirements()
    read_calls(lowering)
    read_steps(lowering)
    for group, written in definitions.items():
        lowering.read_definitions(group, written)
    body = body_of(lowering)
    results = () if body is None else body.outputs
    outputs = (*results, *read_outputs(lowering))
    ensures = _ensures(lowering)
    reason = STRING if body is None else reason_type((*body.cases, body.otherwise))
    log = _log_lines(lowering, outputs, reason)
    lowering.outcome(("spec", "onError"), spec.onError, must_block=True)
    if lowering.failed or body is None:
        return None
    metadata = lowering.document.model.metadata
    return Plan(
        kind=lowering.document.kind,
        name=metadata.name,
        version=metadata.version,
        title=metadata.title,
        hit_policy="first",
        inputs=lowering.inputs,
        parameters=tuple(lowering.parameters),
        parameter_requirements=tuple(lowering.requirements),
        calls=tuple(lowering.calls),
        definitions=tuple(lowering.definitions),
        outcomes=dict(lowering.outcomes),
        cases=body.cases,
        otherwise=body.otherwise,
        outputs=outputs,
        ensures=ensures,
        log=log,
        on_error=spec.onError,
        span=lowering.document.span("metadata", "name"),
        rows=tuple(lowering.rows),
        written=tuple(lowering.written),
    )


def _ensures(lowering: Lowering) -> tuple[Requirement, ...]:
    """What must hold of every decision; one that does not makes the decision fail closed."""
    scope = lowering.decision_scope()
    out: list[Requirement] = []
    for index, spec in enumerate(lowering.spec.ensures):
        path: Path = ("spec", "ensures", index, "that")
        node = lowering.expression(path, scope=scope)
        if node is not None:
            out.append(Requirement(spec.id, node, lowering.document.span(*path)))
    return tuple(out)


def _log_lines(
    lowering: Lowering, outputs: tuple[Output, ...], reason: StringType
) -> tuple[LogLine | InheritedLines, ...]:
    """Log lines, which may quote the decision, its reason and its outputs."""
    read = {o.name: Name("output", o.name, o.type, o.optional) for o in outputs}
    lacking = (f"outputs.{key.rstrip('?')}" for key in lowering.spec.outputs if key.rstrip("?") not in read)
    scope = (
        lowering.decision_scope()
        .with_members("decision", {"reason": Name("decision", "reason", reason)})
        .with_members("outputs", read)
        .with_faulty(*lacking)
    )
    lines: list[LogLine | InheritedLines] = []
    for index, spec in enumerate(lowering.spec.log):
        path: Path = ("spec", "log", index)
        if isinstance(spec, InheritSpec):
            lines += _inherited(lowering, (*path, "inherit"), spec.inherit)
            continue
        when = lowering.expression((*path, "when"), scope=scope) if spec.when is not None else None
        known = presence.NONE if spec.when is None else told(when, True, presence.NONE)
        line = lowering.message((*path, "line"), scope=scope, known=known)
        if line is not None:
            lines.append(LogLine(spec.event, spec.separator, line, when))
    return tuple(lines)


def _inherited(lowering: Lowering, path: Path, steps: list[str]) -> Iterator[InheritedLines]:
    """The log lines of steps: of the one that denied, or of all of them where the decision was made after the steps."""
    rules: list[RuleSpec] = getattr(lowering.spec, "rules", [])
    for index, step in enumerate(steps):
        call = call_of(step)
        if call not in lowering.stages:
            if not lowering.scope.is_faulty(step, "steps"):
                near = did_you_mean(step, (stage.removeprefix("steps.") for stage in lowering.stages))
                message = f"there is no step `{step}` whose log lines could be written"
                lowering.error("log-inherit", (*path, index), message, remedy=f"`{near}`" if near else "")
            continue
        span = lowering.document.span(*path, index)
        decided = applied([step, "otherwise", *(rule.id for rule in rules)], span)
        asked = [Has(node, span)] if (node := lowering.scope.member("steps", step, span)) and is_guarded(node) else []
        yield InheritedLines(call, all_of([*asked, decided], span))
