"""Writes how a plan decides: its cases in order, then what is told of the one that applies.

A function may hold several decisions (see `merging`): what becomes of a row once it is known is said by `Telling`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from engine.scalar.asked import Depth
from engine.scalar.emitter import Emitter
from engine.scalar.known import Row, settled, static_truth
from engine.scalar.making import message, within
from engine.scalar.parts import Parts
from engine.scalar.shapes import Key
from engine.scalar.switches import Switch
from rules.cel.expressions import Template
from rules.cel.tree import Node, Placeholder
from rules.plan import Case, Output, Plan, Requirement
from rules.types import proves

Known = dict[Key, str]


@dataclass(frozen=True, slots=True)
class Telling:
    """What becomes of a decision: how much of each row is told, and the code that does so."""

    depth: Callable[[Row], Depth]
    tell: Callable[[Conclusion], None]
    variables: str = "o"
    """What the locals of outputs begin with."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A row that applies, where its outputs have been written. Of a switch the row is a local's code alone."""

    row: Row
    code: str
    outputs: tuple[str, ...]
    """For each output the local that holds it, or `UNSET`."""
    emitter: Emitter
    known: Known
    """What was computed before the row was known."""


class DecisionWriter:
    """Writes one decision into a function."""

    def __init__(self, plan: Plan, parts: Parts, asked: tuple[Case | Switch, ...], telling: Telling) -> None:
        self.plan, self.parts, self.asked, self.telling = plan, parts, asked, telling
        self.rows: Mapping[Row, str] = {self.row(case): parts.constants.add(self.row(case)) for case in plan.all_cases}
        self._settled: dict[tuple[int, Row], Node] = {}
        self.starts: list[tuple[int, str]] = []
        """The line at which each case begins."""

    def row(self, case: Case) -> Row:
        """What a case decides."""
        return case.outcome, case.id, self.plan.outcomes[case.outcome]

    def write(self, emitter: Emitter) -> None:
        """Every case in order, `otherwise` last."""
        at = 0
        while at < len(self.asked):
            self.pending(emitter, at)
            one = self.asked[at]
            first = one.cases[0] if isinstance(one, Switch) else one
            self.starts.append((len(emitter.lines.lines) + 1, first.id))
            at += self.write_at(emitter, at)
        self.starts.append((len(emitter.lines.lines) + 1, self.plan.otherwise.id))
        self.pending(emitter, at)
        self.conclude(emitter, self.plan.otherwise, self.plan.otherwise.reason)

    def pending(self, emitter: Emitter, at: int) -> None:
        """Say what is still to be written from a case on."""
        emitter.pending = [node for later in self.asked[at:] for node in asking(later)]

    def write_at(self, emitter: Emitter, at: int) -> int:
        """The case at a place, or several that are written together; gives how many."""
        one = self.asked[at]
        if isinstance(one, Switch):
            self._switch(emitter, one)
        else:
            self.case(emitter, one)
        return 1

    def uses(self) -> Counter[Key]:
        """How often each part is read on the way to a conclusion and in it: the most over all conclusions."""
        most: Counter[Key] = Counter()
        asked = self.parts.emitter({})
        asked.count([node for one in self.asked for node in asking(one)])
        for case in self.plan.all_cases:
            depth = self.telling.depth(self.row(case))
            for reason in reasons(case):
                told = written(reason) if depth is None else []
                way_there = self.parts.emitter({})
                way_there.uses = asked.uses.copy()
                way_there.count([*told, *self.concluding(case, depth)[2]])
                most |= way_there.uses
        return most

    def concluding(
        self, case: Case, depth: Depth
    ) -> tuple[list[tuple[Output, bool | None]], list[Requirement], list[Node]]:
        """Outputs (and whether each is there, where that is known), requirements still open, and what they read.

        What is not told is computed only where it may make the decision fail.
        """
        row = self.row(case)
        outputs = [(o, True if o.when is None else static_truth(o.when, row)) for o in self.plan.outputs]
        ensures = [requirement for requirement in self.plan.ensures if static_truth(requirement.that, row) is not True]
        if depth is not None:
            outputs = [
                (output, there if output.name in depth or (there is not False and may_fail(output)) else False)
                for output, there in outputs
            ]
        nodes = [output.value for output, there in outputs if there is not False]
        nodes += [output.when for output, there in outputs if there is None and output.when is not None]
        nodes += [requirement.that for requirement in ensures]
        return outputs, ensures, [self._for_row(node, row) for node in nodes]

    def _for_row(self, node: Node, row: Row) -> Node:
        """An expression as it reads once the row is known: one node, however often it is asked for."""
        key = (id(node), row)
        if key not in self._settled:
            self._settled[key] = settled(node, row)
        return self._settled[key]

    def case(self, emitter: Emitter, case: Case) -> None:
        """`if` it applies: what is told of it."""
        assert case.when is not None
        emitter.prepare_now(case.when)
        emitter.lines.add(f"if {emitter.write(case.when)}:")
        outside = dict(emitter.known)
        emitter.lines.indent += 1
        if not case.alternatives:
            self.conclude(emitter, case, case.reason)
        for way in case.alternatives:
            emitter.prepare(way.when)
            emitter.lines.add(f"if {emitter.write(way.when)}:")
            inside = dict(emitter.known)
            emitter.lines.indent += 1
            self.conclude(emitter, case, way.reason)
            emitter.lines.indent -= 1
            emitter.known = inside
        emitter.lines.indent -= 1
        emitter.known = outside

    def _switch(self, emitter: Emitter, switch: Switch) -> None:
        """The cases of one rule told apart by a word: the row is looked up, what follows is the same for all."""
        for node in switch.nodes:
            emitter.prepare(node)
        rows = {word: self.row(case) for word, case in zip(switch.words, switch.cases, strict=True)}
        code = f"{self.parts.constants.add(rows.get)}({emitter.write(switch.subject)})"
        if switch.guard is not None:
            code = f"{code} if {emitter.write(switch.guard)} else None"
        row = emitter.fresh("r")
        emitter.lines.add(f"{row} = {code}")
        emitter.lines.add(f"if {row} is not None:")
        outside = dict(emitter.known)
        emitter.lines.indent += 1
        first = switch.cases[0]
        self.conclude(emitter, first, first.reason, row)
        emitter.lines.indent -= 1
        emitter.known = outside

    def conclude(self, emitter: Emitter, case: Case, reason: Template | None, looked_up: str = "") -> None:
        """What follows from a case; of a switch the local that holds the row is given."""
        row = self.row(case)
        depth = self.telling.depth(row)
        inner = self.parts.emitter(self._decision(row, looked_up))
        inner.continue_from(emitter)
        outputs, ensures, later = self.concluding(case, depth)
        inner.pending = [*(written(reason) if depth is None else ()), *later]
        inner.count(inner.pending)
        if depth is None:
            self._write_reason(inner, reason)
        for node in later:
            inner.prepare(node)
        values = [self._output(inner, row, output, there) for output, there in outputs]
        names = tuple("UNSET" if v == "UNSET" else f"{self.telling.variables}{at}" for at, v in enumerate(values))
        for name, value in zip(names, values, strict=True):
            if value != "UNSET":
                inner.lines.add(f"{name} = {value}")
        for requirement in ensures:
            site = self.parts.constants.site(requirement.that)
            that = self._for_row(requirement.that, row)
            inner.lines.add(f"if not {inner.write(that)}: FAIL('ensures', {site})")
        self.telling.tell(Conclusion(row, looked_up or self.rows[row], names, inner, dict(emitter.known)))
        emitter.numbers = inner.numbers

    def _output(self, emitter: Emitter, row: Row, output: Output, there: bool | None) -> str:
        """The code of an output."""
        if there is False:
            return "UNSET"
        told = self._for_row(output.value, row)
        value = emitter.write(told)
        if not proves(told.type, output.type):
            value = within(value, output.value, output.type, self.parts.constants)
        if there is None and output.when is not None:
            value = f"({value} if {emitter.write(self._for_row(output.when, row))} else UNSET)"
        return value

    def _decision(self, row: Row, looked_up: str) -> dict[str, str]:
        names = ("outcome", "rule", "effect")
        if looked_up:
            return {name: f"{looked_up}[{at}]" for at, name in enumerate(names)}
        return {name: self.parts.constants.add(value) for name, value in zip(names, row, strict=True)}

    def _write_reason(self, emitter: Emitter, reason: Template | None) -> None:
        if reason is None:
            emitter.lines.add(f"s = {self.parts.constants.add('')}")
            return
        for part in reason.parts:
            if isinstance(part, Placeholder):
                emitter.prepare(part.node)
        text = message(reason.parts, self.parts.constants, emitter.write)
        if all(isinstance(part, str) for part in reason.parts):
            emitter.lines.add(f"s = {text}")
            return
        emitter.lines.add(f"try: s = {text}")
        emitter.lines.add("except Exception: s = BAD")


def reasons(case: Case) -> Iterator[Template | None]:
    """Every reason that a case may give."""
    yield case.reason
    yield from (way.reason for way in case.alternatives)


def may_fail(output: Output) -> bool:
    """Whether computing an output may make the decision fail."""
    asked = output.when is not None and output.when.fails
    return asked or output.value.fails or not proves(output.value.type, output.type)


def asking(one: Case | Switch) -> list[Node]:
    """What is evaluated to tell whether a case applies."""
    if isinstance(one, Switch):
        return one.nodes
    return [*([one.when] if one.when is not None else []), *(way.when for way in one.alternatives)]


def written(template: Template | None) -> list[Node]:
    """The expressions of a message."""
    return [part.node for part in template.parts if isinstance(part, Placeholder)] if template is not None else []
