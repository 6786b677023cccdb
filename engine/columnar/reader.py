"""A policy over columns: rows in, decisions as columns out, a chunk at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from engine.columnar.asking import Asked, Called, asked, asking
from engine.columnar.building import Builder, constant, field_natives
from engine.columnar.columns import Column, concatenated, with_presence
from engine.columnar.compiler import Compiler
from engine.columnar.deciding import Cases, Outcome
from engine.columnar.frames import Failures, Frame, Setting, TooWide, Value
from engine.columnar.making import settled
from engine.columnar.ragged import Array, longest_first
from engine.columnar.reads import Read, reads_of
from engine.decision import Decision, Stamp
from engine.exits import RULE as EXIT
from engine.policy import Policy
from engine.scalar.known import Row
from engine.scalar.program import Program
from engine.structs import StructTable
from rules.cel.tree import Node
from rules.plan import ParameterValue, Plan
from rules.types import Field, ListType, RecordType

CHUNK_ROWS = 65_536
"""Rows that are looked at together: memory is bounded by these, whatever the number of rows."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows as columns, one for each input of a policy, ordered by the length of their longest lists."""

    size: int
    inputs: Mapping[str, Column]
    order: Array | None = None
    """The row of each lane, as the rows came; None: as they came."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The decisions on the rows of a chunk, in the order in which they came."""

    plan: Plan
    rows: tuple[Row, ...]
    case: Array
    """The place in `rows` of the case that applied, or in which deciding failed: int16[rows]."""
    errors: Array
    """Which error a row failed with, for `failures`; 0 for none: int32[rows]."""
    failures: Failures
    outputs: Mapping[str, Column]
    """The outputs; `present` says in which rows each is there."""

    def row(self, at: int) -> Row:
        """Outcome, rule and effect of a row, as the policy's decision has them."""
        outcome, rule, effect = self.rows[int(self.case[at])]
        failed = self.errors[at] and not (self.plan.exits is not None and rule == EXIT)  # an exit passes all the same
        return (self.plan.on_error, rule, "block") if failed else (outcome, rule, effect)

    def error(self, at: int) -> tuple[str, Node] | None:
        """The code of the error that a row failed with, and the expression; None when it did not fail."""
        number = int(self.errors[at])
        return self.failures.of(number) if number else None


@dataclass(frozen=True, slots=True)
class _Code:
    """The code of a policy and of those it calls, whatever their parameters."""

    cases: Cases
    asks: Mapping[str, Asked]
    """By the name of a call."""
    callees: Mapping[str, _Code]


def _compiled(program: Program, structs: StructTable) -> _Code:
    compiler = Compiler(structs)
    callees = {name: _compiled(callee, structs) for name, callee in program.callees.items()}
    asks = {call.name: asked(call, program.callees[call.policy].plan, compiler) for call in program.plan.calls}
    return _Code(Cases(program.plan, compiler), asks, callees)


def _setting(program: Program, code: _Code, structs: StructTable) -> Setting:
    parameters = {p.name: constant(program.parameters[p.name], p.type) for p in program.plan.parameters}
    called = {
        name: Called(callee, code.callees[name].cases, _setting(callee, code.callees[name], structs), structs)
        for name, callee in program.callees.items()
    }
    return Setting(parameters, {name: asking(called[ask.policy], ask) for name, ask in code.asks.items()})


class Reader:
    """A policy that decides over columns what it decides one by one."""

    def __init__(self, policy: Policy, code: _Code | None = None) -> None:
        self.policy, self.plan, self.structs = policy, policy.plan, policy.decoder.structs
        self._code = code or _compiled(policy.program, self.structs)
        self._setting = _setting(policy.program, self._code, self.structs)

    def with_parameters(self, changed: Mapping[str, ParameterValue]) -> Reader:
        """The same code over other parameter values, which must lie within their types."""
        return Reader(self.policy.with_parameters(changed), self._code)

    @property
    def reads(self) -> frozenset[Read]:
        """The fields of records that deciding reads, messages and log lines included."""
        return reads_of(_plans(self.policy.program))

    @property
    def failures(self) -> Failures:
        """The errors by number."""
        return self._code.cases.compiler.failures

    def chunk(self, decoded: Sequence[Any], *, whole: bool = False) -> Chunk:
        """Decoded inputs as columns: the fields that deciding reads, or, when `whole`, all of them."""
        reads = None if whole else self.reads
        rows = [self.policy.unpack(inputs) for inputs in decoded]
        order = _by_length(self.plan.inputs, rows, self.structs)
        if order is not None:
            rows = [rows[at] for at in order.tolist()]
        builder = Builder(self.structs, reads)
        columns = zip(*rows, strict=True) if rows else ([] for _ in self.plan.inputs)
        inputs = {f.name: builder.field(f, list(values)) for f, values in zip(self.plan.inputs, columns, strict=True)}
        return Chunk(len(rows), inputs, order)

    def chunks(self, decoded: Iterable[Any], rows: int = CHUNK_ROWS, *, whole: bool = False) -> Iterator[Chunk]:
        """Any number of decoded inputs as chunks of so many rows, each made when asked for."""
        source = iter(decoded)
        while batch := list(islice(source, rows)):
            yield self.chunk(batch, whole=whole)

    def decide(self, chunk: Chunk, *, outputs: bool = True) -> Decided:
        """The decisions on a chunk. Without `outputs`, only those are computed that may make a decision fail."""
        inputs = {name: Value(column) for name, column in chunk.inputs.items()}
        with np.errstate(all="ignore"):
            found = self._outcome(chunk.size, inputs, outputs=outputs)
        errors = _or_none(found, chunk.size)
        made = {name: _there(column, found) for name, column in found.outputs.items()}
        case = found.case
        if chunk.order is not None:
            case = _as_they_came(case, chunk.order)
            errors = errors if found.errors is None else _as_they_came(errors, chunk.order)
            lanes = _as_they_came(np.arange(chunk.size), chunk.order) if made else chunk.order
            made = {name: column.take(lanes) for name, column in made.items()}
        return Decided(self.plan, self.policy.program.rows, case, errors, self.failures, made)

    def _outcome(self, size: int, inputs: Mapping[str, Value], *, outputs: bool) -> Outcome:
        try:
            found = self._code.cases.decide(Frame(size, self._setting), inputs, outputs=outputs)
            return _settled(self.plan, found) if outputs else found
        except TooWide:
            if size < 2:
                raise
        halves = np.array_split(np.arange(size), 2)
        parts = [{name: value.take(half) for name, value in inputs.items()} for half in halves]
        first, second = (
            self._outcome(len(half), part, outputs=outputs) for half, part in zip(halves, parts, strict=True)
        )
        sizes = len(halves[0]), len(halves[1])
        errors = np.concatenate([_or_none(first, sizes[0]), _or_none(second, sizes[1])])
        made = {name: concatenated(first.outputs[name], sizes, second.outputs[name]) for name in first.outputs}
        return Outcome(np.concatenate([first.case, second.case]), errors, made)

    def decisions(self, chunk: Chunk, rows: Sequence[int], stamp: Stamp, *, trace: bool = False) -> list[Decision]:
        """The decisions on chosen rows with reason, error and trace, as the scalar reader makes them."""
        index = np.asarray(rows, np.int64)
        lanes = index if chunk.order is None else _as_they_came(np.arange(chunk.size), chunk.order)[index]
        values = [
            field_natives(f, chunk.inputs[f.name].take(lanes), len(lanes), self.structs) for f in self.plan.inputs
        ]
        return [self.policy.decide_unpacked(row, stamp, trace=trace) for row in zip(*values, strict=True)]


def _settled(plan: Plan, found: Outcome) -> Outcome:
    """The outcome with nothing left to compute in its outputs."""
    types = {output.name: output.type for output in plan.outputs}
    return replace(found, outputs={name: settled(types[name], column) for name, column in found.outputs.items()})


def _there(column: Column, found: Outcome) -> Column:
    """An output that is not there where deciding failed."""
    if found.errors is None:
        return column
    present = np.ones(len(found.case), np.bool_) if column.present is None else column.present
    return with_presence(column, present & (found.errors == 0))


def _or_none(found: Outcome, size: int) -> Array:
    return np.zeros(size, np.int32) if found.errors is None else np.broadcast_to(found.errors, size)


def _as_they_came(values: Array, order: Array) -> Array:
    """The values of lanes in the order of the rows."""
    out = np.empty_like(values)
    out[order] = values
    return out


def _plans(program: Program) -> Iterator[Plan]:
    yield program.plan
    for callee in program.callees.values():
        yield from _plans(callee)


def _by_length(inputs: tuple[Field, ...], rows: Sequence[tuple[Any, ...]], structs: StructTable) -> Array | None:
    """The rows by descending length of those lists that hold most items; None when there are no lists."""
    most: Array | None = None
    for at, f in enumerate(inputs):
        for lists in _lists(f, [row[at] for row in rows], structs):
            counts = np.fromiter((len(one) if isinstance(one, list) else 0 for one in lists), np.int64, len(rows))
            if most is None or counts.sum() > most.sum():
                most = counts
    return None if most is None else longest_first(most)


def _lists(f: Field, values: Sequence[Any], structs: StructTable) -> Iterator[Sequence[Any]]:
    """The lists that an input is, or that stand directly in it."""
    if isinstance(f.type, ListType):
        yield values
    elif isinstance(f.type, RecordType) and not f.guarded:
        for member in f.type.fields:
            if isinstance(member.type, ListType):
                attribute = structs.attribute(f.type.name, member.name)
                yield [getattr(value, attribute) for value in values]
