"""Invariant: a claim about all inputs, as a plan that says of given ones whether it holds.

Its cases are tried in order: each condition of `given` that does not hold makes it NOT_GIVEN, then each claim that does
not hold makes it REFUTED. An error is REFUTED too: what cannot be evaluated has not been shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rules.cel import presence
from rules.cel.expressions import Template
from rules.cel.functions import BY_ID
from rules.cel.presence import Facts
from rules.cel.tree import Call, Node
from rules.documents.invariant import InvariantSpec
from rules.documents.shape import Step
from rules.kinds.calls import read_calls
from rules.kinds.lowering import Lowering
from rules.kinds.rules import distinct_ids, not_applied, told
from rules.kinds.uses import take_libraries
from rules.plan import Case, Effect, Plan
from rules.source import Span
from rules.types import BOOL

Path = tuple[Step, ...]
NOT_GIVEN, HOLDS, REFUTED = "NOT_GIVEN", "HOLDS", "REFUTED"
OUTCOMES: Mapping[str, Effect] = MappingProxyType({NOT_GIVEN: "info", HOLDS: "allow", REFUTED: "block"})
"""What an invariant says of given inputs."""


def lower_invariant(lowering: Lowering) -> Plan | None:
    """The plan of an Invariant, or None when it has faults."""
    spec = _spec(lowering)
    lowering.outcomes |= OUTCOMES
    lowering.read_inputs(spec.inputs)
    take_libraries(lowering)
    read_calls(lowering)
    lowering.read_definitions(("spec", "variables"), spec.variables)
    _distinct(lowering)
    cases = _cases(lowering)
    if lowering.failed:
        return None
    metadata, span = lowering.document.model.metadata, lowering.document.key_span("spec", "holds")
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
        cases=cases,
        otherwise=Case("otherwise", None, (), HOLDS, Template(("all that is claimed holds",), span), span),
        outputs=(),
        ensures=(),
        log=(),
        on_error=REFUTED,
        span=lowering.document.span("metadata", "name"),
        written=tuple(lowering.written),
    )


def _spec(lowering: Lowering) -> InvariantSpec:
    spec = lowering.asking
    assert isinstance(spec, InvariantSpec)
    return spec


def given_id(index: int) -> str:
    """The id of the case of a condition of `given`, counted from 0."""
    return f"given-{index + 1}"


def _distinct(lowering: Lowering) -> None:
    """Report claims of one id, and those called as a condition of `given` or what holds otherwise."""
    spec, document = _spec(lowering), lowering.document
    taken = {given_id(index): document.span("spec", "given", index) for index in range(len(spec.given))}
    written = [(document.span("spec", "holds", index, "id"), claim.id) for index, claim in enumerate(spec.holds)]
    distinct_ids(lowering, {**taken, "otherwise": document.key_span("spec", "holds")}, written)


def _cases(lowering: Lowering) -> tuple[Case, ...]:
    """The cases in order, each of which knows that those above it did not apply."""
    spec = _spec(lowering)
    cases: list[Case | None] = []
    known: Facts = presence.NONE
    for index in range(len(spec.given)):
        cases.append(_given(lowering, index, known))
        known = presence.unite(known, not_applied(cases[-1]))
    for index in range(len(spec.holds)):
        cases.append(_claim(lowering, index, known))
        known = presence.unite(known, not_applied(cases[-1]))
    return tuple(case for case in cases if case is not None)


def _given(lowering: Lowering, index: int, known: Facts) -> Case | None:
    """The case of a condition of `given` that does not hold."""
    path: Path = ("spec", "given", index)
    that = lowering.expression(path, known=known)
    return None if that is None else _case(given_id(index), that, NOT_GIVEN, None, lowering.document.span(*path))


def _claim(lowering: Lowering, index: int, known: Facts) -> Case | None:
    """The case of a claim that does not hold."""
    claim, path = _spec(lowering).holds[index], ("spec", "holds", index)
    that = lowering.expression((*path, "that"), known=known)
    reason = None
    if claim.reason is not None:
        reason = lowering.message((*path, "reason"), known=told(that, False, known))
    return None if that is None else _case(claim.id, that, REFUTED, reason, lowering.document.span(*path, "id"))


def _case(ident: str, that: Node, outcome: str, reason: Template | None, span: Span) -> Case:
    """The case that a condition does not hold; its reason is the condition as it is written, unless another is said."""
    fails = Call(BY_ID["not"], (that,), BOOL, that.span, raises=False)
    text = " ".join(that.span.text.split())
    said = Template((f"does not hold: {text}",), that.span) if reason is None else reason
    return Case(ident, fails, (), outcome, said, span, f"!({text})")
