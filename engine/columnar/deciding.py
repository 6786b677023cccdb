"""The cases of a plan over columns: which applies in each row, then outputs and requirements of those that applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from engine.columnar.admitting import admitted
from engine.columnar.columns import Column, Texts, Vocabulary, filled, with_presence
from engine.columnar.compiler import Compiler
from engine.columnar.frames import Code, Frame, Value, first_error
from engine.columnar.loops import holding
from engine.columnar.ragged import Array
from rules.plan import Case, Output, Plan, Requirement
from rules.types import proves


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided in each lane. `case` is the one that applied, or in which it failed, int16[lanes]."""

    case: Array
    errors: Array | None
    """Which error, by number, 0 for none: int32[lanes]; None: nowhere."""
    outputs: Mapping[str, Column]
    """Those of rows that did not fail; `present` says where they are there."""

    @property
    def failed(self) -> Array:
        """Where deciding failed, bool[lanes]."""
        return np.zeros(len(self.case), np.bool_) if self.errors is None else self.errors != 0


@dataclass(frozen=True, slots=True)
class _Case:
    when: Code
    ways: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class _Output:
    output: Output
    value: Code
    when: Code | None
    outside: int
    """The number of the error of a value outside its type; 0 when the bounds prove that there is none."""

    @property
    def may_fail(self) -> bool:
        """Whether computing it may make the decision fail."""
        asked = self.output.when is not None and self.output.when.fails
        return asked or self.output.value.fails or bool(self.outside)


class Cases:
    """The code of a plan."""

    def __init__(self, plan: Plan, compiler: Compiler) -> None:
        self.plan, self.compiler = plan, compiler
        self.inputs = {f.name: compiler.number(("input", f.name)) for f in plan.inputs}
        self._cases = [self._case(case) for case in plan.cases]
        self._outputs = [self._output(output) for output in plan.outputs]
        self._ensures = [self._requirement(requirement) for requirement in plan.ensures]
        rows = [(case.outcome, case.id, plan.outcomes[case.outcome]) for case in plan.all_cases]
        self.decided = {
            name: (compiler.number(("decision", name)), *_coded([row[at] for row in rows]))
            for at, name in enumerate(("outcome", "rule", "effect"))
        }

    def _case(self, case: Case) -> _Case:
        assert case.when is not None
        return _Case(self.compiler.code(case.when), tuple(self.compiler.code(way.when) for way in case.alternatives))

    def _output(self, output: Output) -> _Output:
        within = proves(output.value.type, output.type)
        outside = 0 if within else self.compiler.failures.number("out-of-range", output.value)
        when = None if output.when is None else self.compiler.code(output.when)
        return _Output(output, self.compiler.code(output.value), when, outside)

    def _requirement(self, requirement: Requirement) -> tuple[Code, int]:
        return self.compiler.code(requirement.that), self.compiler.failures.number("ensures", requirement.that)

    def decide(self, frame: Frame, inputs: Mapping[str, Value], *, outputs: bool) -> Outcome:
        """Decide over a new frame. Without `outputs`, only those are computed that may make a decision fail."""
        for name, value in inputs.items():
            frame.memo[self.inputs[name]] = value
        deciding = _Deciding(frame)
        for number, case in enumerate(self._cases):
            if not deciding.ask(number, case):
                break
        else:
            deciding.rest(len(self._cases))
        deciding.note()
        return self._conclude(frame, deciding, outputs=outputs)

    def _conclude(self, frame: Frame, deciding: _Deciding, *, outputs: bool) -> Outcome:
        asked = [output for output in self._outputs if outputs or output.may_fail]
        errors = deciding.errors
        made: dict[str, Column] = {}
        if asked or self._ensures:
            for number, codes, vocabulary in self.decided.values():
                frame.memo[number] = Value(Texts(codes[deciding.case], vocabulary))
        fine = np.ones(frame.size, np.bool_) if errors is None else errors == 0
        for output in asked:
            column, failed = self._computed(output, frame, fine)
            if output.output.name not in made:
                made[output.output.name] = column
            if failed is not None:
                errors = first_error(errors, np.where(fine, failed, 0))
                fine = fine & (failed == 0)
        for code, number in self._ensures:
            value = code.where(frame, fine)
            failed = np.where(np.broadcast_to(value.values, frame.size), 0, np.int32(number))
            failed = first_error(value.errors, failed)
            if failed is not None:
                errors = first_error(errors, np.where(fine, failed, 0))
                fine = fine & (failed == 0)
        return Outcome(deciding.case, errors, made)

    def _computed(self, asked: _Output, frame: Frame, fine: Array) -> tuple[Column, Array | None]:
        """An output with its presence, and the errors of the rows where it was asked for."""
        errors, there = None, fine
        if asked.when is not None:
            value = asked.when.where(frame, fine)
            there, errors = fine & holding(value, frame.size), value.errors
        found = asked.value.where(frame, there)
        own = found.errors
        if asked.outside:
            within = admitted(asked.output.type, found.column, frame.size)
            own = first_error(own, np.where(within, 0, np.int32(asked.outside)))
        if own is not None:
            errors = first_error(errors, np.where(there, own, 0))
        column = with_presence(filled(found.column, frame.size), there)
        return column, errors


def _coded(words: list[str]) -> tuple[Array, Vocabulary]:
    vocabulary = Vocabulary()
    return np.array([vocabulary.add(word) for word in words], np.int16), vocabulary


class _Deciding:
    """Rows on their way to a case: those still undecided are asked on, in a frame that narrows as they become few."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.case = np.zeros(frame.size, np.int16)
        self.errors: Array | None = None
        self._rows: Array | None = None
        """The row of each lane of `frame`; None: all rows."""
        self._open = np.ones(frame.size, np.bool_)
        self._settled = self.case
        """The case of each lane of `frame`, once it is decided."""
        self._size = frame.size

    def ask(self, number: int, case: _Case) -> bool:
        """Decide the rows in which a case applies; whether any are left."""
        value = case.when.where(self.frame, self._open)
        self._fail(number, value, self._open)
        hit = holding(value, self.frame.size) & self._open
        if not case.ways:
            self._settle(number, hit)
        elif hit.any():
            for applied in self._ways(number, case, hit):
                self._settle(number, applied)
        left = int(np.count_nonzero(self._open))
        if left * 2 < self.frame.size and left:
            self.note()
            index = np.flatnonzero(self._open)
            self.frame = self.frame.narrowed(index)
            self._settled = np.zeros(left, np.int16)
            self._rows = index if self._rows is None else self._rows[index]
            self._open = np.ones(left, np.bool_)
        return left > 0

    def _ways(self, number: int, case: _Case, hit: Array) -> Iterator[Array]:
        """Of the rows in which a case's condition holds, those in which each of its alternatives is the first."""
        for way in case.ways:
            value = way.where(self.frame, hit)
            self._fail(number, value, hit)
            hit = hit & self._open
            applied = hit & holding(value, self.frame.size)
            hit = hit & ~applied
            yield applied
            if not hit.any():
                return

    def rest(self, number: int) -> None:
        """Decide the rows that are left."""
        self._settle(number, self._open.copy())

    def _settle(self, number: int, lanes: Array) -> None:
        self._settled += lanes * np.int16(number)  # a lane is settled once
        self._open &= ~lanes

    def note(self) -> None:
        """Note for the rows what has been decided in the frame."""
        if self._rows is not None:
            self.case[self._rows] = self._settled

    def _fail(self, number: int, value: Value, asked: Array) -> None:
        if value.errors is None:
            return
        errors = np.where(asked, value.errors, 0)
        failed = errors != 0
        if failed.any():
            if self.errors is None:
                self.errors = np.zeros(self._size, np.int32)
            self.errors[failed if self._rows is None else self._rows[failed]] = errors[failed]
            self._settle(number, failed)
