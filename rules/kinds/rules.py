"""Cases from what a document writes as rules: preconditions, rules with their ways, and `otherwise`.

Under hit policy `first` a rule knows that every earlier one did not apply, and `otherwise` knows it of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rules.cel import presence
from rules.cel.functions import BY_ID
from rules.cel.presence import Facts
from rules.cel.tree import Call as CallNode
from rules.cel.tree import Node
from rules.documents.sections import Conclusion, RuledSpec, RuleSpec
from rules.documents.shape import Step
from rules.kinds.lowering import Body, Lowering
from rules.plan import Alternative, Case
from rules.source import Span
from rules.types import BOOL

Path = tuple[Step, ...]


def rules_body(lowering: Lowering) -> Body:
    """The body of a document whose cases are written as rules."""
    cases, known = preconditions(lowering)
    return ruled(lowering, cases, known)


def ruled(lowering: Lowering, cases: list[Case], known: Facts, more_ids: Iterable[tuple[Span, str]] = ()) -> Body:
    """The body whose cases are some that come first, the rules of the document, and `otherwise`.

    `more_ids` are those of the cases that come first, preconditions apart, each with its place.
    """
    assert isinstance(lowering.spec, RuledSpec)
    rules: list[RuleSpec] = getattr(lowering.spec, "rules", [])
    written = [(lowering.document.span("spec", "rules", i, "id"), rule.id) for i, rule in enumerate(rules)]
    unique_ids(lowering, [*more_ids, *written])
    return concluded(lowering, ("spec",), rules, lowering.spec.otherwise, (cases, known))


def concluded(
    lowering: Lowering, at: Path, rules: list[RuleSpec], otherwise: Conclusion, first: tuple[list[Case], Facts]
) -> Body:
    """The body of some cases that come first and of the rules that stand under a path, with their `otherwise`."""
    cases, known = first
    for index, rule in enumerate(rules):
        case = _rule(lowering, (*at, "rules", index), rule, known)
        known = presence.unite(known, not_applied(case))
        cases += [case] if case is not None else []
    return Body(tuple(cases), _otherwise(lowering, (*at, "otherwise"), otherwise, known))


def preconditions(lowering: Lowering) -> tuple[list[Case], Facts]:
    """The cases of `requires`, and what is known when each of them holds."""
    cases: list[Case] = []
    known: Facts = presence.NONE
    for index in range(len(lowering.spec.requires)):
        case = _precondition(lowering, index, known)
        known = presence.unite(known, not_applied(case))
        cases += [case] if case is not None else []
    return cases, known


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


def _rule(lowering: Lowering, path: Path, rule: RuleSpec, known: Facts) -> Case | None:
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


def unique_ids(lowering: Lowering, rules: list[tuple[Span, str]]) -> None:
    """Report the ids that two cases have; `rules` says where each stands."""
    required = enumerate(lowering.spec.requires)
    written = [(lowering.document.span("spec", "requires", i, "id"), p.id) for i, p in required] + rules
    outer = ("spec", "conclude") if lowering.document.spec.get("conclude") is not None else ("spec",)
    distinct_ids(lowering, {"otherwise": lowering.document.key_span(*outer, "otherwise")}, written)


def distinct_ids(lowering: Lowering, taken: Mapping[str, Span], written: Iterable[tuple[Span, str]]) -> None:
    """Report the ids that two cases have; `taken` are those that no document writes."""
    seen = dict(taken)
    for span, ident in written:
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


def _otherwise(lowering: Lowering, path: Path, conclusion: Conclusion, known: Facts) -> Case:
    lowering.outcome((*path, "outcome"), conclusion.outcome)
    reason = lowering.message((*path, "reason"), known=known)
    return Case("otherwise", None, (), conclusion.outcome, reason, lowering.document.span(*path, "outcome"))
