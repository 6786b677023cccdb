"""From a lowered scope to the plan: the cases of its kind, outputs, requirements, log lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rules.cel import presence
from rules.cel.scope import Name
from rules.documents.shape import Step
from rules.documents.type_specs import build
from rules.kinds.calls import read_calls
from rules.kinds.lowering import Body, Lowering
from rules.kinds.records import Maker
from rules.kinds.rules import told
from rules.plan import LogLine, Output, Plan, Requirement, reason_type
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
    lowering.take_libraries()
    lowering.read_requirements()
    read_calls(lowering)
    for group, written in definitions.items():
        lowering.read_definitions(group, written)
    body = body_of(lowering)
    results = () if body is None else body.outputs
    outputs = (*results, *_outputs(lowering))
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
    )


def _outputs(lowering: Lowering) -> tuple[Output, ...]:
    """Typed outputs; an optional one says when it is there, or is where a bare path is."""
    scope = lowering.decision_scope()
    named = lowering.around.types.named
    out: list[Output] = []
    for key, spec in lowering.spec.outputs.items():
        path: Path = ("spec", "outputs", key)
        name, optional = key.rstrip("?"), key.endswith("?")
        if optional and name in lowering.spec.outputs:
            lowering.error_at_key(
                "output-duplicate", path, f"this document has `{name}` and `{key}`", remedy="one of them"
            )
        wanted = build(lowering.document, (*path, "type"), spec.type, named, lowering.diagnostics, bounded=False)
        when = lowering.expression((*path, "when"), scope=scope) if spec.when is not None else None
        said = spec.when is not None
        known = told(when, True, presence.NONE) if said else presence.NONE
        maker = Maker(lowering, scope, known)
        given = None if wanted is None else maker.value((*path, "value"), wanted, may_lack=optional and not said)
        always = given is not None and given.when is None and not said
        if said if not optional else always:
            found = "has `?` and no `when`" if optional else "has `when` and no `?`"
            lowering.error_at_key(
                "output-when",
                path,
                f"`{name}` {found}",
                expected="both, for an output that may be absent, or neither",
                remedy=f"`{name}?: {{…, when: …}}`",
            )
        if given is None or wanted is None:
            lowering.failed = True
        else:
            span = lowering.document.span(*path, "value")
            out.append(Output(name, wanted, given.value, when if said else given.when, optional, span))
    return tuple(out)


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


def _log_lines(lowering: Lowering, outputs: tuple[Output, ...], reason: StringType) -> tuple[LogLine, ...]:
    """Log lines, which may quote the decision, its reason and its outputs."""
    read = {o.name: Name("output", o.name, o.type, o.optional) for o in outputs}
    lacking = (f"outputs.{key.rstrip('?')}" for key in lowering.spec.outputs if key.rstrip("?") not in read)
    scope = (
        lowering.decision_scope()
        .with_members("decision", {"reason": Name("decision", "reason", reason)})
        .with_members("outputs", read)
        .with_faulty(*lacking)
    )
    lines: list[LogLine] = []
    for index, spec in enumerate(lowering.spec.log):
        path: Path = ("spec", "log", index)
        when = lowering.expression((*path, "when"), scope=scope) if spec.when is not None else None
        known = presence.NONE if spec.when is None else told(when, True, presence.NONE)
        line = lowering.message((*path, "line"), scope=scope, known=known)
        if line is not None:
            lines.append(LogLine(spec.event, spec.separator, line, when))
    return tuple(lines)
