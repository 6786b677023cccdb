"""Calls of other policies: what is called, and how each of its inputs is bound.

An input binds by its name, or as `with` says. What may be absent binds only to what may be absent too, and an input
of the right name and the wrong type is a fault, never left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from rules.cel.scope import Name
from rules.cel.tree import Node, Root
from rules.diagnostics import did_you_mean
from rules.documents.shape import Step
from rules.kinds.lowering import Lowering, result_type
from rules.plan import Call, Plan
from rules.types import Field, proves, same, show

Path = tuple[Step, ...]


def read_calls(lowering: Lowering) -> None:
    """Decisions of other policies, each a record under its name."""
    for name, spec in lowering.spec.calls.items():
        path: Path = ("spec", "calls", name)
        if spec.policy in lowering.around.broken:
            lowering.faulty(name)
            continue
        callee = lowering.around.plans.get(spec.policy)
        if callee is None:
            _unknown_policy(lowering, (*path, "policy"), spec.policy)
            lowering.faulty(name)
            continue
        bindings = _bindings(lowering, path, callee, spec.with_)
        lowering.check_name("call-name", path, name, lowering.scope.names)
        lowering.calls.append(Call(name, callee.name, bindings, lowering.document.span(*path)))
        fails = _may_fail(callee, dict(bindings))
        lowering.scope = lowering.scope.with_names({name: Name("call", name, result_type(callee), fails=fails)})


def _may_fail(callee: Plan, given: Mapping[str, Node | None]) -> bool:
    """Whether an argument can fail, or lie outside what the called policy takes."""
    bound = ((target, given.get(target.name)) for target in callee.inputs)
    return any(node is not None and (node.fails or not proves(node.type, target.type)) for target, node in bound)


def _unknown_policy(lowering: Lowering, path: Path, name: str) -> None:
    message, remedy = f"there is no policy `{name}`", ""
    if name in lowering.around.libraries:
        message, remedy = f"`{name}` is a library, not a policy", f"`uses: {{{name}: […]}}`"
    elif near := did_you_mean(name, lowering.around.policies - {lowering.document.name}):
        remedy = f"`{near}`"
    lowering.error("call-unknown", path, message, remedy=remedy)


def _bindings(
    lowering: Lowering, path: Path, callee: Plan, given: Mapping[str, object]
) -> tuple[tuple[str, Node | None], ...]:
    """The callee's inputs in its order, each with the expression that gives it (None where it stays absent)."""
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
    bindings: list[tuple[str, Node | None]] = []
    for target in callee.inputs:
        own = mine.get(target.name)
        node: Node | None = None
        if target.name in given:
            node = lowering.expression((*path, "with", target.name), expected=target.type)
        elif own is not None and _fits(own, target):
            node = Root("input", own.name, own.type, lowering.document.span(*path), own.guarded)
        elif own is not None or not (target.optional or target.default is not None):
            _unbound(lowering, path, callee, target, own)
        bindings.append((target.name, node))
    return tuple(bindings)


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
        remedy=f"`with: {{{target.name}: …}}`" + ("" if own else f", or `{target.name}` under `inputs`"),
    )
