"""Latch: on or off, and what it takes to change: a condition for each side, readings in a row, time since the last.

What a latch does is written below as named CEL expressions over its state and the document's own conditions, and read
like any other; so readers meet nothing but expressions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.cel import presence
from rules.cel.checker import Text
from rules.cel.expressions import Template, expression
from rules.cel.functions import BY_ID
from rules.cel.scope import Name, Scope
from rules.cel.tree import (
    Call,
    Conditional,
    Constant,
    Definition,
    Failed,
    Member,
    Node,
    RecordOf,
    Variable,
    define,
)
from rules.diagnostics import Diagnostics
from rules.documents.latch import LatchSpec
from rules.kinds.assembly import plan_of
from rules.kinds.conditions import there
from rules.kinds.latch_parts import Limits, State, read_limits, read_state
from rules.kinds.lowering import Body, Lowering
from rules.kinds.rules import preconditions
from rules.plan import Case, Output, Plan
from rules.source import Span
from rules.types import BOOL

ON, OFF = "ON", "OFF"
"""The outcomes of every latch."""
GIVEN = ("on", "changed", "state")
"""The outputs of every latch."""
EXPRESSIONS = {
    "rested": "has(inputs.state) && has(inputs.state.since) ? now - inputs.state.since >= dwell : true",
    "asks": "lost ? false : answer",
    "recent": "(before + [asks]).tail(count)",
    "changed": "lost ? was != safe : size(recent) == count && recent.all(asked, asked) && rested",
    "on": "changed ? !was : was",
    "left": "lost || changed ? [] : recent",
    "dated": "changed || has(inputs.state) && has(inputs.state.since)",
    "since": "has(inputs.state) && has(inputs.state.since) && !changed ? inputs.state.since : now",
}
"""What every latch computes, each over those above it and over what `_given` names."""
TIMELESS = {
    "rested": "true",
    "dated": "has(inputs.state) && has(inputs.state.since) && !changed",
    "since": "inputs.state.since",
}
"""The same for a latch that is not told the time: it never says since when."""


def lower_latch(lowering: Lowering) -> Plan | None:
    """The plan of a Latch, or None when it has faults."""
    spec = lowering.spec
    assert isinstance(spec, LatchSpec)
    reading = {} if spec.reading is None else {"reading": spec.reading}
    return plan_of(lowering, {("spec", "variables"): spec.variables, ("spec",): reading}, latch_body)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a latch's document says, read: its state, its limits, its conditions, and whether its reading is there."""

    state: State
    limits: Limits
    on: Node
    off: Node
    there: Node | None


def latch_body(lowering: Lowering) -> Body | None:
    """The body: what puts the latch on the safe side, what changes it, where it stays."""
    parts = _parts(lowering)
    if parts is None:
        lowering.faulty("on", "changed", *(f"outputs.{name}" for name in GIVEN))
        return None
    names = _computed(lowering, parts)
    for name in ("on", "changed"):
        if lowering.check_name("variable-name", ("spec", "on"), name, lowering.scope.names):
            lowering.definitions.append(names[name])
            lowering.scope = lowering.scope.with_names({name: names[name]})
    for key in lowering.spec.outputs:
        if key.rstrip("?") in GIVEN:
            message = f"every latch gives `{key.rstrip('?')}` by itself"
            lowering.error_at_key("output-duplicate", ("spec", "outputs", key), message, remedy="another name")
    cases, _ = preconditions(lowering)
    return Body(
        (*cases, *_cases(lowering, parts, names)),
        _case(lowering, "off", None, OFF, "off"),
        _outputs(lowering, parts, names),
    )


def _parts(lowering: Lowering) -> Parts | None:
    spec = lowering.spec
    assert isinstance(spec, LatchSpec)
    state = read_state(lowering)
    limits = None if state is None else read_limits(lowering, state)
    for outcome in (ON, OFF):
        if lowering.outcomes.get(outcome) != "info":
            found = "is not among the outcomes" if outcome not in lowering.outcomes else "has another effect than info"
            message = f"the outcome `{outcome}` of a latch {found}"
            lowering.error_at_key(
                "latch-outcome", ("spec", "outcomes"), message, remedy=f"`{outcome}: {{effect: info}}`"
            )
    reading = lowering.scope.names.get("reading") if spec.reading is not None else None
    held = there(reading.node, presence.NONE) if isinstance(reading, Definition) else None
    known = presence.NONE if held is None else presence.facts(held, True)
    if spec.reading is not None and reading is None:
        known = presence.ALL
    on, off = (lowering.expression(("spec", side), known=known) for side in ("on", "off"))
    if state is None or limits is None or on is None or off is None or lowering.failed:
        return None
    return Parts(state, limits, on, off, held)


def _computed(lowering: Lowering, parts: Parts) -> dict[str, Definition]:
    """Every name of the latch with its definition."""
    names = dict(_given(lowering, parts))
    own = EXPRESSIONS if parts.state.timed else EXPRESSIONS | TIMELESS
    for name, text in own.items():
        names[name] = define(name, _read(lowering, parts, text, names))
    return names


def _given(lowering: Lowering, parts: Parts) -> Iterator[tuple[str, Definition]]:
    """What the expressions of every latch are over."""
    spec, span = lowering.spec, lowering.document.span("spec", "on")
    assert isinstance(spec, LatchSpec)
    safe = _truth(spec.safe, span)
    initial = "true" if (spec.safe if spec.initial is None else spec.initial) else "false"
    state = parts.state.input
    names: dict[str, Definition] = {"safe": define("safe", safe)}
    held = f"has(inputs.state) ? inputs.state.on : {initial}" if state.guarded else "inputs.state.on"
    was = names["was"] = define("was", _read(lowering, parts, held, {}))
    before = "has(inputs.state) ? inputs.state.recent : []" if state.guarded else "inputs.state.recent"
    names["before"] = define("before", _read(lowering, parts, before, {}))
    for name, (on, off) in (("count", parts.limits.count), ("dwell", parts.limits.dwell)):
        both = {f"{name}_on": define(f"{name}_on", on), f"{name}_off": define(f"{name}_off", off)}
        names[name] = define(name, _read(lowering, parts, f"was ? {name}_off : {name}_on", {"was": was, **both}))
    asked = Conditional(Variable(was, span), parts.off, parts.on, BOOL, span)
    condition = Variable(define("condition", asked), span)
    failed: Node = Failed(condition, span) if asked.fails else _truth(False, span)
    answer = Conditional(failed, _truth(False, span), condition, BOOL, span) if asked.fails else asked
    names["failed"], names["answer"] = define("failed", failed), define("answer", answer)
    names["missing"] = define("missing", _missing(parts, span))
    names["lost"] = define("lost", _read(lowering, parts, "missing || failed", names))
    yield from names.items()


def _missing(parts: Parts, span: Span) -> Node:
    """That there is no reading."""
    if parts.there is None:
        return _truth(False, span)
    return Call(BY_ID["not"], (parts.there,), BOOL, parts.there.span, raises=False)


def _truth(value: bool, span: Span) -> Constant:
    return Constant(value, BOOL, span)


def _read(lowering: Lowering, parts: Parts, text: str, names: dict[str, Definition]) -> Node:
    """One of the latch's own expressions, over names that a document cannot see; it stands for the document's `on`."""
    span = lowering.document.span("spec", "on")
    state = parts.state.input
    inputs = {"state": Name("input", state.name, state.type, state.guarded)}
    scope = Scope().with_members("inputs", inputs).with_names(names)
    if parts.state.timed:
        scope = scope.with_names({"now": lowering.scope.names["now"]})
    if not state.guarded:
        text = text.replace("has(inputs.state) && ", "")
    faults = Diagnostics()
    node = expression(Text(text, span, lambda start, end: span), scope, faults, deferred=True)
    assert node is not None, [fault.message for fault in faults]
    return node


def _cases(lowering: Lowering, parts: Parts, names: dict[str, Definition]) -> Iterator[Case]:
    """What is told of a latch, the first that holds."""
    spec = lowering.spec
    assert isinstance(spec, LatchSpec)
    safe, span = ON if spec.safe else OFF, lowering.document.span("spec", "on")

    def read(name: str) -> Variable:
        return Variable(names[name], span)

    if parts.there is not None:
        yield _case(lowering, "no-reading", read("missing"), safe, "no reading")
    if parts.on.fails or parts.off.fails:
        yield _case(lowering, "condition-failed", read("failed"), safe, "the condition failed")
    off = Call(BY_ID["not"], (read("on"),), BOOL, span, raises=False)
    for ident, side, outcome, text in (
        ("switched-on", read("on"), ON, "switched on"),
        ("switched-off", off, OFF, "switched off"),
    ):
        when = Conditional(read("changed"), side, _truth(False, span), BOOL, span)
        yield _case(lowering, ident, when, outcome, text)
    yield _case(lowering, "on", read("on"), ON, "on")


def _case(lowering: Lowering, ident: str, when: Node | None, outcome: str, text: str) -> Case:
    span = lowering.document.span("spec", "on" if outcome == ON else "off")
    ident = "otherwise" if when is None else ident
    return Case(ident, when, (), outcome, Template((text,), span), span, text)


def _outputs(lowering: Lowering, parts: Parts, names: dict[str, Definition]) -> tuple[Output, ...]:
    """The side, whether it is new, and the state in the shape in which it came."""
    span = lowering.document.span("spec", "on")
    record = parts.state.record
    given = {
        "on": (Variable(names["on"], span), None),
        "since": (Variable(names["since"], span), Variable(names["dated"], span)),
        "recent": (Variable(names["left"], span), None),
    }
    state = RecordOf(tuple(Member(f, *given[f.name]) for f in record.fields), record, span)
    found = (
        ("on", BOOL, given["on"][0]),
        ("changed", BOOL, Variable(names["changed"], span)),
        ("state", record, state),
    )
    return tuple(Output(name, t, value, None, False, span) for name, t, value in found)
