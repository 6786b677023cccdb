"""From a lowered scope to the plan: preconditions and rules as guarded cases, outputs, requirements, log lines.

Under hit policy `first` a rule knows that every earlier one did not apply, and `otherwise` knows it of all.
"""

from __future__ import annotations

from collections.abc import Mapping

from rules.cel import presence
from rules.cel.functions import BY_ID
from rules.cel.presence import Facts
from rules.cel.scope import Name, Scope
from rules.cel.tree import Call as CallNode
from rules.cel.tree import Node
from rules.documents.sections import RuleSpec
from rules.documents.shape import Step
from rules.documents.type_specs import build
from rules.kinds.calls import read_calls
from rules.kinds.lowering import Lowering
from rules.plan import EFFECTS, Alternative, Case, LogLine, Output, Plan, Requirement
from rules.source import Span
from rules.types import BOOL, STRING

Path = tuple[Step, ...]


def plan_of(lowering: Lowering, group: str, definitions: Mapping[str, object]) -> Plan | None:
    """The plan of a document whose definitions stand under `group`; None when anything was reported."""
    spec = lowering.spec
    lowering.read_inputs(spec.inputs)
    lowering.read_parameters()
    lowering.take_libraries()
    lowering.read_requirements()
    read_calls(lowering)
    lowering.read_definitions(group, definitions)
    cases, known = _cases(lowering)
    otherwise = _otherwise(lowering, known)
    outputs = _outputs(lowering)
    ensures = _ensures(lowering)
    log = _log_lines(lowering, outputs)
    lowering.outcome(("spec", "onError"), spec.onError, must_block=True)
    if lowering.failed:
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
        outcomes={name: outcome.effect for name, outcome in spec.outcomes.items()},
        cases=cases,
        otherwise=otherwise,
        outputs=outputs,
        ensures=ensures,
        log=log,
        on_error=spec.onError,
        span=lowering.document.span("metadata", "name"),
    )


def _cases(lowering: Lowering) -> tuple[tuple[Case, ...], Facts]:
    """The guarded cases, and what is known when none of them applied."""
    cases: list[Case] = []
    known: Facts = presence.NONE
    for index in range(len(lowering.spec.requires)):
        case = _precondition(lowering, index, known)
        known = presence.unite(known, not_applied(case))
        cases += [case] if case is not None else []
    rules: list[RuleSpec] = getattr(lowering.spec, "rules", [])
    for index, rule in enumerate(rules):
        case = _rule(lowering, index, rule, known)
        known = presence.unite(known, not_applied(case))
        cases += [case] if case is not None else []
    _unique_ids(lowering, rules)
    return tuple(cases), known


def _precondition(lowering: Lowering, index: int, known: Facts) -> Case | None:
    precondition = lowering.spec.requires[index]
    path: Path = ("spec", "requires", index)
    lowering.outcome((*path, "outcome"), precondition.outcome, must_block=True)
    that = lowering.expression((*path, "that"), known=known)
    if that is None:
        lowering.message((*path, "reason"), known=presence.ALL)
        return None
    failed = CallNode(BY_ID["not"], (that,), BOOL, that.span, raises=False)
    reason = lowering.message((*path, "reason"), known=presence.unite(known, presence.facts(that, False)))
    return Case(precondition.id, failed, (), precondition.outcome, reason, lowering.document.span(*path, "id"))


def _rule(lowering: Lowering, index: int, rule: RuleSpec, known: Facts) -> Case | None:
    path: Path = ("spec", "rules", index)
    lowering.outcome((*path, "outcome"), rule.outcome)
    if (rule.reason is None) == (rule.any is None):
        found = "neither `reason` nor `any`" if rule.any is None else "both `reason` and `any`"
        lowering.error(
            "rule-reason",
            (*path, "id"),
            f"`{rule.id}` has {found}",
            expected="a `reason`, or `any`, each way of which has its own",
        )
    when = lowering.expression((*path, "when"), known=known)
    applied = told(when, True, known)
    reason = lowering.message((*path, "reason"), known=applied) if rule.reason is not None else None
    ways: list[Alternative] = []
    for position in range(len(rule.any or ())):
        way, applied = _alternative(lowering, (*path, "any", position), applied)
        ways += [way] if way is not None else []
    if when is None or len(ways) != len(rule.any or ()):
        return None
    return Case(rule.id, when, tuple(ways), rule.outcome, reason, lowering.document.span(*path, "id"))


def _alternative(lowering: Lowering, path: Path, known: Facts) -> tuple[Alternative | None, Facts]:
    """One way of a rule, and what is known when it does not apply."""
    when = lowering.expression((*path, "when"), known=known)
    reason = lowering.message((*path, "reason"), known=told(when, True, known))
    way = None if when is None or reason is None else Alternative(when, reason)
    return way, told(when, False, known)


def told(when: Node | None, truth: bool, known: Facts) -> Facts:
    """What is known once a condition came out as said; of one with faults everything, so that they stay alone."""
    return presence.ALL if when is None else presence.unite(known, presence.facts(when, truth))


def not_applied(case: Case | None) -> Facts:
    """What is known when a case did not apply; of one with faults everything."""
    if case is None:
        return presence.ALL
    assert case.when is not None
    if not case.alternatives:
        return presence.facts(case.when, False)
    ways = presence.united((way.when, False) for way in case.alternatives)
    return presence.intersect(presence.facts(case.when, False), presence.unite(presence.facts(case.when, True), ways))


def _unique_ids(lowering: Lowering, rules: list[RuleSpec]) -> None:
    written = [(("spec", "requires", i, "id"), p.id) for i, p in enumerate(lowering.spec.requires)]
    written += [(("spec", "rules", i, "id"), rule.id) for i, rule in enumerate(rules)]
    seen: dict[str, Span] = {"otherwise": lowering.document.key_span("spec", "otherwise")}
    for path, ident in written:
        span = lowering.document.span(*path)
        first = seen.setdefault(ident, span)
        if first is not span:
            lowering.failed = True
            lowering.diagnostics.error(
                "rule-duplicate",
                span,
                f"`{ident}` is the id of another rule",
                remedy="another id",
                notes=[(first, "the other one")],
            )


def _otherwise(lowering: Lowering, known: Facts) -> Case:
    path: Path = ("spec", "otherwise")
    conclusion = lowering.spec.otherwise
    lowering.outcome((*path, "outcome"), conclusion.outcome)
    reason = lowering.message((*path, "reason"), known=known)
    return Case("otherwise", None, (), conclusion.outcome, reason, lowering.document.span(*path, "outcome"))


def _decision_scope(lowering: Lowering, *, with_reason: bool) -> Scope:
    """The scope of outputs, ensures and log lines, where the decision just made can be read."""
    members = {
        "outcome": Name("decision", "outcome", lowering.outcome_type()),
        "effect": Name("decision", "effect", EFFECTS),
        "rule": Name("decision", "rule", STRING),
    }
    if with_reason:
        members["reason"] = Name("decision", "reason", STRING)
    return lowering.scope.with_members("decision", members)


def _outputs(lowering: Lowering) -> tuple[Output, ...]:
    """Typed outputs; an optional one says when it is there."""
    scope = _decision_scope(lowering, with_reason=False)
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
        if optional != (spec.when is not None):
            found = "has `?` and no `when`" if optional else "has `when` and no `?`"
            lowering.error_at_key(
                "output-when",
                path,
                f"`{name}` {found}",
                expected="both, for an output that may be absent, or neither",
                remedy=f"`{name}?: {{…, when: …}}`",
            )
        when = lowering.expression((*path, "when"), scope=scope) if spec.when is not None else None
        known = presence.NONE if spec.when is None else told(when, True, presence.NONE)
        value = lowering.expression((*path, "value"), scope=scope, expected=wanted, known=known)
        if value is None or wanted is None:
            lowering.failed = True
        else:
            out.append(Output(name, wanted, value, when, optional, lowering.document.span(*path, "value")))
    return tuple(out)


def _ensures(lowering: Lowering) -> tuple[Requirement, ...]:
    """What must hold of every decision; one that does not makes the decision fail closed."""
    scope = _decision_scope(lowering, with_reason=False)
    out: list[Requirement] = []
    for index, spec in enumerate(lowering.spec.ensures):
        path: Path = ("spec", "ensures", index, "that")
        node = lowering.expression(path, scope=scope)
        if node is not None:
            out.append(Requirement(spec.id, node, lowering.document.span(*path)))
    return tuple(out)


def _log_lines(lowering: Lowering, outputs: tuple[Output, ...]) -> tuple[LogLine, ...]:
    """Log lines, which may quote the decision, its reason and its outputs."""
    read = {o.name: Name("output", o.name, o.type, o.optional) for o in outputs}
    lacking = (f"outputs.{key.rstrip('?')}" for key in lowering.spec.outputs if key.rstrip("?") not in read)
    scope = _decision_scope(lowering, with_reason=True).with_members("outputs", read).with_faulty(*lacking)
    lines: list[LogLine] = []
    for index, spec in enumerate(lowering.spec.log):
        path: Path = ("spec", "log", index)
        when = lowering.expression((*path, "when"), scope=scope) if spec.when is not None else None
        known = presence.NONE if spec.when is None else told(when, True, presence.NONE)
        line = lowering.message((*path, "line"), scope=scope, known=known)
        if line is not None:
            lines.append(LogLine(spec.event, spec.separator, line, when))
    return tuple(lines)
