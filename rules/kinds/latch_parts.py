"""What a latch is built on: the state it is given and gives back, readings in a row and rest for each direction."""

from __future__ import annotations

from dataclasses import dataclass

from rules.cel.tree import Constant, Node, Root, walk
from rules.documents.latch import LatchSpec
from rules.documents.shape import Step
from rules.documents.types_document import LATCH_STATE
from rules.kinds.lowering import Lowering
from rules.times import parse_duration_us
from rules.types import (
    DURATION,
    INT,
    DurationType,
    Field,
    IntType,
    ListType,
    RecordType,
    TimestampType,
    Type,
    same,
    show,
)

Path = tuple[Step, ...]
Pair = tuple[Node, Node]
"""For switching on, and for switching off."""


@dataclass(frozen=True, slots=True)
class State:
    """The input that holds the state, its record, and whether the latch is told the time."""

    input: Field
    record: RecordType
    timed: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """Readings in a row, and time since the last change."""

    count: Pair
    dwell: Pair


def read_state(lowering: Lowering) -> State | None:
    """The state of a latch, or None when the document gives it none that fits."""
    inputs = {f.name: f for f in lowering.inputs}
    found, wanted = inputs.get("state"), show(LATCH_STATE)
    if found is None:
        if lowering.scope.is_faulty("state"):
            return None
        message = "a latch keeps a state, and nothing gives it"
        lowering.error_at_key("latch-state", ("spec", "inputs"), message, remedy=f"`state?: {wanted}`")
        return None
    path = ("spec", "inputs", "state?" if found.optional else "state")
    if not isinstance(found.type, RecordType):
        message = f"the state of a latch is a record, and `state` is {show(found.type)}"
        lowering.error("latch-state", path, message, remedy=f"`{wanted}`")
        return None
    fault = _unfit(found.type)
    if fault:
        lowering.error("latch-state", path, f"`{found.type.name}` {fault}", remedy=f"`{wanted}`")
        return None
    now = inputs.get("now")
    timed = now is not None and isinstance(now.type, TimestampType) and not now.guarded
    return State(found, found.type, timed)


def _unfit(record: RecordType) -> str:
    """Why a record cannot be the state of a latch; empty where it can."""
    for wanted in LATCH_STATE.fields:
        found = record.field(wanted.name)
        if found is None or not same(found.type, wanted.type):
            return f"has no `{wanted.name}: {show(wanted.type)}`"
        if found.guarded != wanted.guarded or found.nullable:
            return f"says of `{wanted.name}` that it {'may' if found.guarded else 'cannot'} be absent"
    more = [f.name for f in record.fields if LATCH_STATE.field(f.name) is None]
    return f"has `{more[0]}`, which no latch keeps" if more else ""


def read_limits(lowering: Lowering, state: State) -> Limits | None:
    """How many readings and how much time a change takes, or None when that is said wrongly."""
    recent = state.record.field("recent")
    assert recent is not None
    assert isinstance(recent.type, ListType)
    most = 16 if recent.type.max_items is None else recent.type.max_items
    count = _pair(lowering, "consecutive", INT)
    dwell = _pair(lowering, "dwell", DURATION)
    for node in count or ():
        if isinstance(node.type, IntType) and not 1 <= node.type.minimum <= node.type.maximum <= most:
            found = f"{node.type.minimum} to {node.type.maximum}" if not isinstance(node, Constant) else node.value
            _fault(lowering, node, f"readings in a row are 1 to {most}, this is {found}")
    for node in dwell or ():
        if isinstance(node.type, DurationType) and node.type.minimum < 0:
            _fault(lowering, node, "a rest is not negative")
        elif not state.timed and not (isinstance(node, Constant) and node.value == 0):
            message = "a rest needs the time, and nothing tells it"
            lowering.diagnostics.error("latch-now", node.span, message, remedy="`now: timestamp` under `inputs`")
            lowering.failed = True
    return None if count is None or dwell is None else Limits(count, dwell)


def _fault(lowering: Lowering, node: Node, message: str) -> None:
    lowering.failed = True
    lowering.diagnostics.error("latch-number", node.span, message)


def _pair(lowering: Lowering, key: str, wanted: Type) -> Pair | None:
    """A number for each direction."""
    spec = lowering.spec
    assert isinstance(spec, LatchSpec)
    path: Path = ("spec", key)
    if key not in spec.model_fields_set:
        span = lowering.document.span("spec", "on")
        node = Constant(1, IntType(1, 1), span) if key == "consecutive" else Constant(0, DurationType(0, 0), span)
        return node, node
    if isinstance(getattr(spec, key), str | int | float):
        found = _number(lowering, path, wanted)
        return None if found is None else (found, found)
    on, off = (_number(lowering, (*path, side), wanted) for side in ("on", "off"))
    return None if on is None or off is None else (on, off)


def _number(lowering: Lowering, path: Path, wanted: Type) -> Node | None:
    """A number, a length of time, or an expression over parameters alone."""
    scalar = lowering.scalar(*path)
    if isinstance(wanted, DurationType):
        try:
            length = parse_duration_us(scalar.text)
            return Constant(length, DurationType(length, length), scalar.span)
        except ValueError:
            pass
    node = lowering.expression(path, expected=wanted)
    if node is None:
        return None
    reads = [part for part in walk(node, into_variables=True) if isinstance(part, Root) and part.kind != "parameter"]
    if reads or node.fails:
        found = f"reads `{reads[0].name}`" if reads else "may fail"
        lowering.error("latch-number", path, f"this {found}", expected="a number, or an expression of parameters")
        return None
    return node
