"""Calls of other policies: what is called, and how each of its inputs is bound.

An input binds by its name, or as `with` says. What may be absent binds only to what may be absent too, and passes its
absence on; an input of the right name and the wrong type is a fault, never left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from rules.cel import presence
from rules.cel.expressions import covered
from rules.cel.paths import path_of
from rules.cel.presence import Facts
from rules.cel.scope import Name
from rules.cel.tree import Node, Root
from rules.diagnostics import did_you_mean
from rules.documents.shape import Step
from rules.kinds.conditions import present, there
from rules.kinds.lowering import RULE, Lowering, outcome_type
from rules.plan import EFFECTS, Binding, Call, Plan, may_fail
from rules.types import Field, RecordType, proves, same, show

Path = tuple[Step, ...]


def read_calls(lowering: Lowering) -> None:
    """Decisions of other policies, each a record under its name."""
    section, calls = lowering.section("calls"), lowering.asking.calls
    for position, (name, spec) in enumerate(calls.items()):
        lowering.scope = replace(lowering.scope, later=frozenset(list(calls)[position:]))
        path: Path = (*section, name)
        callee = called(lowering, (*path, "policy"), spec.policy)
        if callee is None:
            lowering.faulty(name)
            continue
        call = Call(name, callee.name, bindings_of(lowering, path, callee, spec.with_), lowering.document.span(*path))
        lowering.check_name("call-name", path, name, lowering.scope.names)
        lowering.calls.append(call)
        lowering.scope = lowering.scope.with_names({name: name_of(call, callee)})
    lowering.scope = replace(lowering.scope, later=frozenset())


def called(lowering: Lowering, path: Path, policy: str) -> Plan | None:
    """The policy that a document calls; None when there is none, or when it has faults of its own."""
    if policy in lowering.around.broken:
        return None
    callee = lowering.around.plans.get(policy)
    if callee is None:
        _unknown_policy(lowering, path, policy)
    return callee


def name_of(call: Call, callee: Plan) -> Name:
    """What the name of a call means: the record of a decision."""
    given = ((target, binding.node) for target, binding in zip(callee.inputs, call.bindings, strict=True))
    fails = any(node is not None and (node.fails or not proves(node.type, target.type)) for target, node in given)
    fails = fails or (call.when is not None and call.when.fails)
    return Name("call", call.name, result_type(callee), call.when is not None, fails)


def result_type(plan: Plan) -> RecordType:
    """What a caller sees of a decision: outcome, effect, rule, reason and the outputs."""
    fixed = (
        Field("outcome", outcome_type(plan.name, plan.outcomes)),
        Field("effect", EFFECTS),
        Field("rule", RULE),
        Field("reason", plan.reason_type),
    )
    fails = may_fail(plan)
    outputs = tuple(Field(o.name, o.type, optional=o.optional, lacking=fails and not o.optional) for o in plan.outputs)
    return RecordType(f"call:{plan.name}", (*fixed, *outputs))


def _unknown_policy(lowering: Lowering, path: Path, name: str) -> None:
    message, remedy = f"there is no policy `{name}`", ""
    if name in lowering.around.libraries:
        message, remedy = f"`{name}` is a library, not a policy", f"`uses: {{{name}: […]}}`"
    elif near := did_you_mean(name, lowering.around.policies - {lowering.document.name}):
        remedy = f"`{near}`"
    lowering.error("call-unknown", path, message, remedy=remedy)


def bindings_of(
    lowering: Lowering, path: Path, callee: Plan, given: Mapping[str, object], known: Facts = presence.NONE
) -> tuple[Binding, ...]:
    """The callee's inputs in its order, each with the expression that gives it."""
    mine = {f.name: f for f in lowering.inputs}
    wanted = {f.name for f in callee.inputs}
    for name in given:
        if name not in wanted:
            near = did_you_mean(name, wanted)
            lowering.error_at_key(
                "call-input",
                (*path, "with", name),
                f"`{callee.name}` has no input `{name}`",
                remedy=f"`{near}`" if near else "",
            )
    bindings: list[Binding] = []
    for target in callee.inputs:
        own = mine.get(target.name)
        binding = Binding(target.name, None)
        if target.name in given:
            binding = _given(lowering, (*path, "with", target.name), target, known)
        elif own is not None and _fits(own, target):
            node = Root("input", own.name, own.type, lowering.document.span(*path), own.guarded)
            binding = passed_on(target.name, node)
        elif own is not None or not (target.optional or target.default is not None):
            _unbound(lowering, path, callee, target, own)
        bindings.append(binding)
    return tuple(bindings)


def _given(lowering: Lowering, path: Path, target: Field, known: Facts) -> Binding:
    """An input that `with` gives; what may be absent is passed on where the input may be absent too."""
    node = lowering.expression(path, expected=target.type, deferred=True)
    if node is None:
        return Binding(target.name, None)
    if target.guarded and path_of(node) is not None:
        binding = passed_on(target.name, node)
        if binding.when is not None:
            return binding
    lowering.failed |= not covered(node, known, lowering.diagnostics)
    return Binding(target.name, node)


def passed_on(name: str, node: Node) -> Binding:
    """A path that is given where it is there."""
    when = there(node)
    return Binding(name, node if when is None else present(node), when)


def _fits(own: Field, target: Field) -> bool:
    """Whether an input may be passed on: what may be absent or null, which are one, only to what may be so too."""
    return same(own.type, target.type) and (not own.guarded or target.guarded)


def _unbound(lowering: Lowering, path: Path, callee: Plan, target: Field, own: Field | None) -> None:
    """Report an input of a called policy that nothing here gives."""
    lowering.failed = True
    if lowering.scope.is_faulty(target.name):
        return
    found = ""
    if own is not None and not same(own.type, target.type):
        found = f", and `{own.name}` is {show(own.type)} here"
    elif own is not None:
        found = f", and `{own.name}` may be {'absent' if own.optional else 'null'} here"
    lowering.error_at_key(
        "call-input",
        path,
        f"`{callee.name}` needs the input `{target.name}`: {show(target.type)}{found}",
        remedy=f"`with: {{{target.name}: …}}`"
        + ("" if own else f", or `{target.name}` under `{lowering.section('inputs')[-1]}`"),
    )
