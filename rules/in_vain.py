"""What a bundle without faults says in vain: names that nothing reads, rules that nothing reaches.

Each is a warning, for it changes no decision, but its author meant something by it. Only a guarantee that can never
hold is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from rules.cel.tree import Call, Constant, Root, Variable, walk
from rules.diagnostics import Diagnostics
from rules.documents.kinds import SuiteDocument
from rules.documents.sections import AskingSpec, DecisionSpec
from rules.documents.shape import Shaped
from rules.documents.suites import SuiteSpec
from rules.documents.types_document import TypeTable
from rules.plan import Case, Plan, expressions
from rules.types import same


def report_in_vain(
    documents: Iterable[Shaped], plans: Mapping[str, Plan], types: TypeTable, diagnostics: Diagnostics
) -> None:
    """Report what the documents of a bundle without errors say in vain."""
    for document in documents:
        plan = plans.get(document.name)
        if plan is not None:
            _unused(document, plan, diagnostics)
            if isinstance(document.model.spec, DecisionSpec):  # no snapshot is to fill the names of an invariant
                _near_facts(document, plan, types, diagnostics)
            _unreachable(document, plan, diagnostics)
            _never_ensured(plan, diagnostics)
        elif isinstance(document.model, SuiteDocument):
            _unused_fixtures(document, document.model.spec, diagnostics)


def _unused(document: Shaped, plan: Plan, diagnostics: Diagnostics) -> None:
    """Inputs, parameters, calls and outcomes that nothing reads or gives."""
    read = {(root.kind, root.name) for root in _roots(plan)}
    spec = document.model.spec
    assert isinstance(spec, AskingSpec)
    unread = [
        ("input-unused", "inputs", "input", [key for key in spec.inputs if ("input", key.rstrip("?")) not in read]),
        ("call-unused", "calls", "call", [key for key in spec.calls if ("call", key) not in read]),
    ]
    if isinstance(spec, DecisionSpec):
        parameters = [p for p in spec.parameters if ("parameter", p) not in read]
        given = {plan.on_error, plan.otherwise.outcome, *(case.outcome for case in plan.cases)}
        unread.insert(1, ("parameter-unused", "parameters", "parameter", parameters))
        unread.append(("outcome-unused", "outcomes", "outcome", [key for key in spec.outcomes if key not in given]))
    for code, group, kind, names in unread:
        for name in names:
            message = f"nothing {'gives' if kind == 'outcome' else 'reads'} the {kind} `{name.rstrip('?')}`"
            span = document.key_span("spec", spec.written(group), name)
            diagnostics.warning(code, span, message, remedy="the document without it")


def _roots(plan: Plan) -> Iterator[Root]:
    """Everything that a plan reads; a definition is gone through once, and only where something reads it."""
    waiting, seen = list(expressions(plan)), set[int]()
    waiting += [requirement.that for requirement in plan.parameter_requirements]
    while waiting:
        for node in walk(waiting.pop()):
            if isinstance(node, Root):
                yield node
            elif isinstance(node, Variable) and id(node.definition) not in seen:
                seen.add(id(node.definition))
                waiting.append(node.definition.node)


def _near_facts(document: Shaped, plan: Plan, types: TypeTable, diagnostics: Diagnostics) -> None:
    """Inputs named nearly like a fact of the same type, which a snapshot would never fill."""
    spec = document.model.spec
    assert isinstance(spec, DecisionSpec)
    keys = {key.rstrip("?"): key for key in spec.inputs}
    for field in plan.inputs:
        others = [name for name in types.facts if name not in keys]
        near = get_close_matches(field.name, others, n=1, cutoff=0.8) if field.name not in types.facts else []
        if near and same(types.facts[near[0]].type, field.type):
            diagnostics.warning(
                "input-near-fact",
                document.key_span("spec", "inputs", keys[field.name]),
                f"`{field.name}` is no fact of the glossary, `{near[0]}` is",
                remedy=f"`{near[0]}`",
            )


def _unreachable(document: Shaped, plan: Plan, diagnostics: Diagnostics) -> None:
    """Rules that can never apply: their condition is `false`, or a case above them always applies."""
    always: Case | None = None
    spec = document.model.spec
    rules = {rule.id: rule for rule in getattr(getattr(spec, "conclude", spec), "rules", ())}
    for case in plan.cases:
        declared = case.id in rules and rules[case.id].declared is not None
        found = _certain(case)
        if always is not None and not declared:
            message = f"`{case.id}` can never apply: `{always.id}` above it always does"
            diagnostics.warning("rule-unreachable", case.span, message, expected="rules that each may apply")
        elif found is False and not declared and case.id in rules:
            message = f"`{case.id}` can never apply: its condition is `false`"
            diagnostics.warning("rule-unreachable", case.span, message, expected="rules that each may apply")
        always = case if always is None and found else always


def _certain(case: Case) -> bool | None:
    """Whether a case applies whatever the inputs are; none where that depends on them."""
    when = case.when
    if isinstance(when, Call) and when.overload.id == "not" and isinstance(when.args[0], Constant):
        return not when.args[0].value
    if not isinstance(when, Constant) or (when.value and case.alternatives):
        return None
    return bool(when.value)


def _never_ensured(plan: Plan, diagnostics: Diagnostics) -> None:
    for requirement in plan.ensures:
        if isinstance(requirement.that, Constant) and requirement.that.value is False:
            diagnostics.error(
                "ensures-never",
                requirement.span,
                f"`{requirement.id}` never holds, so every decision would fail",
                expected="a condition of what was decided",
            )


def _unused_fixtures(document: Shaped, spec: SuiteSpec, diagnostics: Diagnostics) -> None:
    given = {spec.given, *(case.given for case in spec.cases), *(sweep.given for sweep in spec.sweeps)}
    given |= {str(fixture["extends"]) for fixture in spec.fixtures.values() if "extends" in fixture}
    for name in spec.fixtures:
        if name not in given:
            diagnostics.warning(
                "suite-unused",
                document.key_span("spec", "fixtures", name),
                f"no case takes the fixture `{name}`",
                remedy="the suite without it",
            )
