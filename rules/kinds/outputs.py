"""Typed outputs: an expression, a record made of its fields, or the least of several values.

One named `x?` says when it is there, or passes on the absence of the path that it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from rules.cel import presence
from rules.cel.expressions import covered
from rules.cel.functions import BY_ID
from rules.cel.paths import path_of
from rules.cel.scope import Scope
from rules.cel.tree import Call, Conditional, Constant, Node
from rules.documents.sections import OutputSpec
from rules.documents.shape import Step
from rules.documents.type_specs import build
from rules.kinds.conditions import any_of, present, there
from rules.kinds.lowering import Lowering
from rules.kinds.records import Given, Maker
from rules.kinds.rules import told
from rules.plan import Output
from rules.types import DOUBLE_MAX, INT_MAX, DoubleType, IntType, Type, join, proves, show

Path = tuple[Step, ...]
_UNBOUNDED: Mapping[str, Type] = {"least_double": DoubleType(), "least_int": IntType()}


def read_outputs(lowering: Lowering) -> tuple[Output, ...]:
    """The outputs of a document; those with faults are reported and left out."""
    scope = lowering.decision_scope()
    out = (_output(lowering, scope, key, spec) for key, spec in lowering.spec.outputs.items())
    return tuple(output for output in out if output is not None)


def _output(lowering: Lowering, scope: Scope, key: str, spec: OutputSpec) -> Output | None:
    path: Path = ("spec", "outputs", key)
    name, optional, said = key.rstrip("?"), key.endswith("?"), spec.when is not None
    if optional and name in lowering.spec.outputs:
        lowering.error_at_key("output-duplicate", path, f"this document has `{name}` and `{key}`", remedy="one of them")
    named = lowering.around.types.named
    wanted = build(lowering.document, (*path, "type"), spec.type, named, lowering.diagnostics, bounded=False)
    if said and not optional:
        _report_when(lowering, path, name, "has `when` and no `?`")
    when = lowering.expression((*path, "when"), scope=scope) if said else None
    known = told(when, True, presence.NONE) if said else presence.NONE
    if (spec.value is None) == (spec.least is None):
        found = "neither `value` nor `least`" if spec.value is None else "both `value` and `least`"
        lowering.error_at_key("output-value", path, f"`{key}` has {found}", expected="one of them")
        return None
    if wanted is None:
        lowering.failed = True
        return None
    if spec.least is not None:
        given = _least(lowering, scope, (*path, "least"), len(spec.least), wanted)
    else:
        given = Maker(lowering, scope, known).value((*path, "value"), wanted, may_lack=optional and not said)
    if given is None:
        lowering.failed = True
        return None
    if given.when is not None and not optional:
        _report_when(lowering, path, name, "may be absent, for all that it is the least of may be")
    if given.when is None and optional and not said and path_of(given.value) is None:
        _report_when(lowering, path, name, "has `?` and no `when`")
    span = lowering.document.span(*path, "value" if spec.least is None else "least")
    return Output(name, wanted, given.value, when if said else given.when, optional, span)


def _report_when(lowering: Lowering, path: Path, name: str, found: str) -> None:
    lowering.error_at_key(
        "output-when",
        path,
        f"`{name}` {found}",
        expected="both, for an output that may be absent, or neither",
        remedy=f"`{name}?: {{…, when: …}}`",
    )


def _least(lowering: Lowering, scope: Scope, path: Path, count: int, wanted: Type | None) -> Given | None:
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
        reached = there(node)
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
    within = all(proves(node.type, wanted) for node in given)
    least = Call(BY_ID[ident], tuple(given), wanted if within else _UNBOUNDED[ident], span, raises=False)
    parts = [node for node in there_too if node is not None]
    return Given(least, any_of(parts, span) if len(parts) == count else None)
