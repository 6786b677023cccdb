"""From a lowered scope to the plan: the cases of its kind, outputs, requirements, log lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from rules.cel import presence
from rules.cel.expressions import covered
from rules.cel.functions import BY_ID
from rules.cel.paths import is_guarded, path_of
from rules.cel.presence import Facts
from rules.cel.scope import Name, Scope
from rules.cel.tree import Call, Conditional, Constant, Has, Node
from rules.diagnostics import did_you_mean
from rules.documents.sections import InheritSpec, OutputSpec, RuleSpec
from rules.documents.shape import Step
from rules.documents.type_specs import build
from rules.kinds.calls import read_calls
from rules.kinds.conditions import all_of, any_of, applied, present, there
from rules.kinds.lowering import Body, Lowering
from rules.kinds.rules import told
from rules.kinds.steps import call_of, read_steps
from rules.plan import InheritedLines, LogLine, Output, Plan, Requirement, reason_type
from rules.source import Span
from rules.types import DOUBLE_MAX, INT_MAX, STRING, DoubleType, IntType, StringType, Type, join, show

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
    read_steps(lowering)
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
    """Typed outputs; an optional one says when it is there, or is there when what it reads is."""
    scope = lowering.decision_scope()
    out = (_output(lowering, scope, key, spec) for key, spec in lowering.spec.outputs.items())
    return tuple(output for output in out if output is not None)


def _output(lowering: Lowering, scope: Scope, key: str, spec: OutputSpec) -> Output | None:
    path: Path = ("spec", "outputs", key)
    name, optional = key.rstrip("?"), key.endswith("?")
    if optional and name in lowering.spec.outputs:
        lowering.error_at_key("output-duplicate", path, f"this document has `{name}` and `{key}`", remedy="one of them")
    named = lowering.around.types.named
    wanted = build(lowering.document, (*path, "type"), spec.type, named, lowering.diagnostics, bounded=False)
    if spec.when is not None and not optional:
        _report_when(lowering, path, name, "has `when` and no `?`")
    when = lowering.expression((*path, "when"), scope=scope) if spec.when is not None else None
    known = presence.NONE if spec.when is None else told(when, True, presence.NONE)
    value = _value(lowering, scope, path, spec, wanted, known, passes=optional and spec.when is None)
    if value is None or wanted is None:
        lowering.failed = True
        return None
    if value.there is not None and not optional:
        _report_when(lowering, path, name, "may be absent, for all that it is the least of may be")
    if optional and spec.when is None:
        when = value.there
        if when is None:
            _report_when(lowering, path, name, "has `?` and no `when`")
    return Output(name, wanted, value.node, when, optional, value.span)


def _report_when(lowering: Lowering, path: Path, name: str, found: str) -> None:
    lowering.error_at_key(
        "output-when",
        path,
        f"`{name}` {found}",
        expected="both, for an output that may be absent, or neither",
        remedy=f"`{name}?: {{…, when: …}}`",
    )


@dataclass(frozen=True, slots=True)
class _Value:
    """The value of an output; `there` says where what it reads is there, None: everywhere."""

    node: Node
    span: Span
    there: Node | None = None


def _value(
    lowering: Lowering, scope: Scope, path: Path, spec: OutputSpec, wanted: Type | None, known: Facts, *, passes: bool
) -> _Value | None:
    """What an output is worth. Where `passes`, a path that may be absent passes its absence on."""
    if (spec.value is None) == (spec.least is None):
        found = "neither `value` nor `least`" if spec.value is None else "both `value` and `least`"
        lowering.error_at_key("output-value", path, f"`{path[-1]}` has {found}", expected="one of them")
        return None
    if spec.least is not None:
        return _least(lowering, scope, (*path, "least"), len(spec.least), wanted)
    span = lowering.document.span(*path, "value")
    node = lowering.expression((*path, "value"), scope=scope, expected=wanted, known=known, deferred=passes)
    if node is None:
        return None
    reached = there(node) if passes and path_of(node) is not None else None
    if passes and reached is None:
        lowering.failed |= not covered(node, known, lowering.diagnostics)
    return _Value(node if reached is None else present(node), span, reached)


def _least(lowering: Lowering, scope: Scope, path: Path, count: int, wanted: Type | None) -> _Value | None:
    """The least of several values, those left out that are absent; absent where all of them are."""
    span = lowering.document.span(*path)
    most = {DoubleType: DOUBLE_MAX, IntType: INT_MAX}.get(type(wanted))
    if wanted is not None and most is None:
        lowering.error("output-value", path, f"`least` is of numbers, not of {show(wanted)}")
        return None
    given: list[Node] = []
    there_too: list[Node | None] = []
    for index in range(count):
        node = lowering.expression((*path, index), scope=scope, expected=wanted, deferred=True)
        if node is None or wanted is None or most is None:
            continue
        reached = there(node) if path_of(node) is not None else None
        if reached is None:
            lowering.failed |= not covered(node, presence.NONE, lowering.diagnostics)
            given.append(node)
        else:
            nothing = Constant(most, wanted, node.span)
            given.append(Conditional(reached, present(node), nothing, join(node.type, wanted), node.span))
        there_too.append(reached)
    if len(given) != count:
        return None
    ident = "least_double" if isinstance(wanted, DoubleType) else "least_int"
    assert wanted is not None
    least = Call(BY_ID[ident], tuple(given), wanted, span, raises=False)
    parts = [node for node in there_too if node is not None]
    return _Value(least, span, any_of(parts, span) if len(parts) == count else None)


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
