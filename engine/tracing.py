"""How a decision came about: every rule, whether it was tried, what its condition came to, and what it read.

Tracing stands beside the compiled program, not inside it: each condition and each path it reads is a small function of
its own, made when first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from msgspec import UNSET

from engine.decision import Decision, Reading, RuleTrace, WayTrace
from engine.scalar.constants import native
from engine.scalar.program import Program, compile_expression
from engine.scalar.runtime import EvaluationError
from rules.cel.literals import inner
from rules.cel.lookups import lookup_of
from rules.cel.paths import path_of
from rules.cel.tree import Call, Conditional, Constant, Entry, Local, Node, Root, Select, Variable, children
from rules.plan import Binding, Case
from rules.times import format_duration, format_timestamp
from rules.types import Field, RecordType

Inputs = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A named value on the way to a decision; `bound_by` is the argument of a `least` or `greatest` that it equals."""

    name: str
    value: object
    bound_by: str = ""


@dataclass(slots=True)
class Tracer:
    """Explains the decisions of one program."""

    program: Program
    _functions: dict[int, Callable[..., Any]] = field(default_factory=dict)

    def trace(self, inputs: Inputs) -> list[RuleTrace]:
        """Every rule in order; those after the one that applied, or failed, were not tried."""
        out: list[RuleTrace] = []
        decided = False
        for _, cases in groupby(self.program.plan.all_cases, lambda case: case.id):
            for at, case in enumerate(cases):
                found = _untried(case) if decided else self._tried(case, inputs)
                telling = found.applied or found.error is not None
                if at == 0:
                    out.append(found)
                elif telling:  # of cases that share a rule the one that decided is told
                    out[-1] = found
                decided = decided or telling
        return out

    def values(self, node: Node, inputs: Inputs) -> list[Reading]:
        """What an expression reads, with values."""
        readings: dict[str, Reading] = {}
        for label, part in _reads(node):
            if label not in readings:
                readings[label] = Reading(label, self._value(part, inputs))
        return list(readings.values())

    def steps(self, inputs: Inputs) -> list[Step]:
        """Every named value of the plan in the order in which they are computed."""
        out: list[Step] = []
        for definition in self.program.plan.definitions:
            node, bound_by = definition.node, ""
            value = self._value(node, inputs)
            if isinstance(node, Call) and node.overload.name in ("math.least", "math.greatest"):
                bound_by = next((_text(arg) for arg in node.args if self._value(arg, inputs) == value), "")
            out.append(Step(definition.name, value, bound_by))
        return out

    def asked(self, call: str, inputs: Inputs) -> tuple[Program, Inputs] | None:
        """The program that a call asks and what it is given; None where there is none, or that cannot be computed."""
        found = next((one for one in self.program.plan.calls if one.name == call), None)
        if found is None:
            return None
        callee = self.program.callees[found.policy]
        try:
            given = zip(callee.plan.inputs, found.bindings, strict=True)
            return callee, tuple(self._given(target, binding, inputs) for target, binding in given)
        except Exception:  # noqa: BLE001 -- it is only shown; what cannot be computed is not
            return None

    def _given(self, target: Field, binding: Binding, inputs: Inputs) -> object:
        """What a policy that is asked is given for an input."""
        absent = UNSET if target.optional else None
        if binding.node is None:
            return absent if target.default is None else _default(target.default.value, target)
        if binding.when is not None and not self._function(binding.when)(*inputs):
            return absent
        return self._function(binding.node)(*inputs)

    def _tried(self, case: Case, inputs: Inputs) -> RuleTrace:
        if case.when is None:
            return RuleTrace(case.id, case.outcome, "otherwise", True, True, True)
        condition = case.text or _text(case.when)
        reads = self.values(case.when, inputs)
        value, error = self._evaluate(case.when, inputs)
        if error is not None or not value or not case.alternatives:
            return RuleTrace(case.id, case.outcome, condition, True, bool(value) and error is None, value, error, reads)
        ways: list[WayTrace] = []
        applied, failed = False, None
        for way in case.alternatives:
            if applied or failed is not None:
                ways.append(WayTrace(_text(way.when), False))
                continue
            way_value, failed = self._evaluate(way.when, inputs)
            applied = bool(way_value) and failed is None
            ways.append(WayTrace(_text(way.when), True, way_value, failed, self.values(way.when, inputs)))
        return RuleTrace(case.id, case.outcome, condition, True, applied, value, failed, reads, ways)

    def _evaluate(self, node: Node, inputs: Inputs) -> tuple[bool | None, str | None]:
        try:
            return bool(self._function(node)(*inputs)), None
        except EvaluationError as error:
            return None, error.code

    def _value(self, node: Node, inputs: Inputs) -> object:
        try:
            return shown(self._function(node)(*inputs))
        except EvaluationError as error:
            return f"error: {error.code}"
        except Exception:  # noqa: BLE001 -- a value is only shown; what cannot be read is absent
            return "absent"

    def _function(self, node: Node) -> Callable[..., Any]:
        if id(node) not in self._functions:
            self._functions[id(node)] = compile_expression(self.program, node)
        return self._functions[id(node)]


@dataclass(frozen=True, slots=True)
class Denial:
    """The step that named the reason of a denial, down through the pipelines that asked it, and its rules."""

    path: tuple[str, ...]
    policy: str
    rules: list[RuleTrace]


def denial(tracer: Tracer, inputs: Inputs, decision: Decision) -> Denial | None:
    """Why the step that a decision names has denied; None of a decision that no step denied."""
    path: tuple[str, ...] = ()
    rule, stages = decision.rule, decision.stages or []
    while stage := next((one for one in stages if one.id == rule and one.effect == "block"), None):
        asked = tracer.asked(f"steps.{stage.id}", inputs)
        if asked is None:
            break
        program, inputs = asked
        tracer, path = Tracer(program), (*path, stage.id)
        rule, stages = stage.rule, stage.stages
    return Denial(path, tracer.program.plan.name, tracer.trace(inputs)) if path and decision.effect == "block" else None


def _default(value: object, target: Field) -> object:
    return [] if value == () else native(inner(value, target.type), target.type)


def shown(value: object) -> object:
    """A value as traces and errors show it."""
    match value:
        case None:
            return "null"
        case _ if value is UNSET:
            return "absent"
        case datetime():
            return format_timestamp(value)
        case timedelta():
            return format_duration(value)
        case list() | dict():
            return f"{len(value)} item" + ("" if len(value) == 1 else "s")
        case _:
            return value


def _reads(node: Node) -> Iterator[tuple[str, Node]]:
    """The paths and variables an expression reads, outermost first; not what depends on a loop's item."""
    match node:
        case Conditional() if (entry := lookup_of(node)) is not None:
            if _closed(entry):
                yield _label(entry), node
            yield from _reads(entry.key)
        case Variable(definition=definition):
            if not isinstance(definition.type, RecordType):
                yield definition.name, node
        case Root() | Select() | Entry() if _closed(node):
            if not isinstance(node.type, RecordType):
                yield _label(node), node
            if isinstance(node, Entry):
                yield from _reads(node.key)
        case _:
            for child in children(node):
                yield from _reads(child)


def _closed(node: Node) -> bool:
    """Whether a path starts at a root, not at a loop's item."""
    while isinstance(node, Select | Entry):
        if isinstance(node, Entry) and not _closed(node.key):
            return False
        node = node.operand
    return isinstance(node, Root | Constant) or (isinstance(node, Variable) and path_of(node) is not None)


def _label(node: Node) -> str:
    match node:
        case Root(kind="parameter", name=name):
            return f"params.{name}"
        case Root(name=name):
            return name
        case Select(operand=operand, field=found):
            return f"{_label(operand)}.{found.name}"
        case Entry(operand=operand, key=key):
            return f"{_label(operand)}[{_label(key)}]"
        case Constant(value=value):
            return repr(value)
        case Variable(definition=definition):
            return definition.name
        case Local(name=name):
            return name
        case _:
            return "…"


def _text(node: Node) -> str:
    """The condition as it is written in the document; that of a precondition is what it refuses."""
    text = " ".join(node.span.text.split())
    refuses = isinstance(node, Call) and node.overload.id == "not" and node.span == node.args[0].span
    return f"!({text})" if refuses else text


def _untried(case: Case) -> RuleTrace:
    condition = "otherwise" if case.when is None else case.text or _text(case.when)
    return RuleTrace(case.id, case.outcome, condition, False)
