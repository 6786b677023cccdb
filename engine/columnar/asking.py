"""Calls between policies: the called policy's columns are bound and decided, and the result is a record.

A called decision that fails is a result that blocks and has no outputs; an argument that fails is an error of the
caller where it reads the result. The reason of a called decision is text that few read: the scalar reader writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.columnar.admitting import admitted
from engine.columnar.building import blank, constant, field_natives
from engine.columnar.columns import Column, Records, Texts, Vocabulary, filled, with_presence
from engine.columnar.compiler import Compiler
from engine.columnar.deciding import Cases, Outcome
from engine.columnar.frames import Code, Frame, Setting, Value, first_error
from engine.columnar.loops import holding
from engine.columnar.ragged import Array
from engine.scalar.program import Program
from engine.structs import StructTable
from rules.cel.literals import inner
from rules.plan import Binding, Call, Plan
from rules.types import Field, proves


@dataclass(frozen=True, slots=True)
class Argument:
    """What a called policy is given for an input: an expression of the caller, or always the same."""

    target: Field
    code: Code | None
    when: Code | None
    """Where this does not hold the input is absent."""
    outside: int
    """The number of the error of a value outside the input's type; 0 when the bounds prove that there is none."""


@dataclass(frozen=True, slots=True)
class Called:
    """A policy that others may call: its code, and the scalar program that writes its reasons."""

    program: Program
    cases: Cases
    setting: Setting
    structs: StructTable


@dataclass(frozen=True, slots=True)
class Asked:
    """A call: the policy asked, what it is given, and the condition on which it is asked."""

    policy: str
    arguments: tuple[Argument, ...]
    when: Code | None


def asked(call: Call, callee: Plan, compiler: Compiler) -> Asked:
    """The code of a call, its arguments in the order of the called policy's inputs."""
    given = zip(callee.inputs, call.bindings, strict=True)
    arguments = tuple(_argument(target, binding, compiler) for target, binding in given)
    return Asked(call.policy, arguments, None if call.when is None else compiler.code(call.when))


def _argument(target: Field, binding: Binding, compiler: Compiler) -> Argument:
    node, when = binding.node, binding.when
    if node is None:
        return Argument(target, None, None, 0)
    outside = 0 if proves(node.type, target.type) else compiler.failures.number("out-of-range", node)
    return Argument(target, compiler.code(node), None if when is None else compiler.code(when), outside)


def asking(called: Called, given: Asked) -> Callable[[Frame], Value]:
    """Evaluates a call: records of outcome, effect, rule, reason and the outputs; absent where it is not asked."""

    def ask(frame: Frame) -> Value:
        there, wrong = _holds(given.when, frame)
        errors: Array | None = None
        usable = np.ones(frame.size, np.bool_) if there is None else there
        """Where a decision can be asked for at all; elsewhere nobody looks at it."""
        inputs: dict[str, Value] = {}
        for argument in given.arguments:
            column, failed = _bound(argument, frame)
            inputs[argument.target.name] = Value(column)
            errors = first_error(errors, failed)
            if not argument.target.guarded and column.present is not None:
                usable = usable & column.present
        outcome = called.cases.decide(Frame(frame.size, called.setting), inputs, outputs=True)
        if errors is not None and there is not None:
            errors = np.where(there, errors, 0)
        errors = first_error(wrong, errors)
        if errors is not None:
            usable = usable & (errors == 0)
        found = _result(called, outcome, inputs, usable)
        return Value(found if there is None else with_presence(found, there), errors)

    return ask


def _holds(when: Code | None, frame: Frame) -> tuple[Array | None, Array | None]:
    """Where a condition holds (None: everywhere), and where asking it fails."""
    if when is None:
        return None, None
    value = when.at(frame)
    return holding(value, frame.size), value.errors


def _bound(argument: Argument, frame: Frame) -> tuple[Column, Array | None]:
    """The column of an argument, and where it fails."""
    target = argument.target
    if argument.code is None:
        return _unsaid(target, frame.size), None
    present, wrong = _holds(argument.when, frame)
    value = argument.code.at(frame)
    column, errors = value.column, value.errors
    if argument.outside:
        fine = admitted(target.type, column, frame.size)
        errors = first_error(errors, np.where(fine, 0, np.int32(argument.outside)))
    if errors is not None and present is not None:
        errors = np.where(present, errors, 0)
    return with_presence(column, present), first_error(wrong, errors)


def _unsaid(target: Field, size: int) -> Column:
    """An input that is given nothing: its default, or absent."""
    if target.default is None:
        return with_presence(blank(target.type, size), np.zeros((), np.bool_))
    value = target.default.value
    return blank(target.type, size) if value in ((), []) else constant(inner(value, target.type), target.type)


def _result(called: Called, outcome: Outcome, inputs: Mapping[str, Value], usable: Array) -> Records:
    """What a caller sees of decisions."""
    plan, failed, size = called.program.plan, outcome.failed, len(outcome.case)
    rows = [*called.program.rows, (plan.on_error, "error", "block")]
    row = np.where(failed, len(rows) - 1, outcome.case)

    def load(name: str) -> Column:
        at = ("outcome", "rule", "effect").index(name) if name in ("outcome", "rule", "effect") else -1
        if at >= 0:
            vocabulary = Vocabulary()
            codes = np.array([vocabulary.add(one[at]) for one in rows], np.int32)
            return Texts(codes[row], vocabulary)
        if name == "reason":
            return _reasons(called, inputs, usable)
        column = outcome.outputs[name]
        there = np.ones(size, np.bool_) if column.present is None else column.present
        return with_presence(column, there & ~failed)

    return Records(size, load)


def _reasons(called: Called, inputs: Mapping[str, Value], usable: Array) -> Texts:
    """The reasons, written by the scalar reader where the arguments could be computed."""
    lanes = np.flatnonzero(usable)
    columns = [
        field_natives(f, filled(inputs[f.name].column, len(usable)).take(lanes), len(lanes), called.structs)
        for f in called.program.plan.inputs
    ]
    vocabulary = Vocabulary(("",))
    codes = np.zeros(len(usable), np.int32)
    rows = zip(*columns, strict=True) if columns else [()] * len(lanes)
    codes[lanes] = [vocabulary.add(_reason(called, row)) for row in rows]
    return Texts(codes, vocabulary)


def _reason(called: Called, row: tuple[Any, ...]) -> str:
    """The reason of one decision; where nobody asks for it, its inputs may lie outside their types."""
    try:
        return called.program.call(*row)[1]
    except (ArithmeticError, ValueError):
        return ""
