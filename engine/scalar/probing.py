"""Writes a plan so that it tells what it meets: what each condition came to, and which case decided.

It decides as the program does that decides in service, but nothing is computed ahead, folded into a loop or looked up:
what is probed is evaluated where it stands in the document, when it is reached, and not otherwise. A policy that is
asked is asked for all of its decision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from engine.scalar.asked import Depth
from engine.scalar.deciding import Conclusion, DecisionWriter, Telling
from engine.scalar.emitter import Emitter
from engine.scalar.known import Row as Decided
from engine.scalar.lines import Attributes
from engine.scalar.parts import Parts
from engine.scalar.program import Program, link_plan, written_by
from engine.scalar.runtime import EvaluationError
from engine.scalar.shapes import Key
from engine.scalar.switches import Switch
from engine.scalar.writer import ProgramWriter
from rules.cel.expressions import Template
from rules.cel.tree import Definition, Node, Root, Variable, walk
from rules.plan import Case, Output, Plan, Requirement, Row, expressions


@dataclass(frozen=True, slots=True)
class Probes:
    """What is counted of one plan: conditions, and what decides (a case, a way of one, a cell), each by its number."""

    conditions: tuple[Node, ...]
    deciding: tuple[Case | Template | Row, ...]
    """A case, the reason of one of its ways, or a row that is looked up for the decisions of a case."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each thing was met, by its number."""

    true: list[int]
    false: list[int]
    failed: list[int]
    decided: list[int]

    @classmethod
    def of(cls, probes: Probes) -> Tally:
        """Nothing met yet."""
        none = [0] * len(probes.conditions)
        return cls(none, [*none], [*none], [0] * len(probes.deciding))

    def reset(self) -> None:
        """Forget what was met; whatever counts here goes on doing so."""
        for counts in self._counts:
            counts[:] = [0] * len(counts)

    def add(self, other: Tally) -> None:
        """Add what another has met of the same plan."""
        for mine, theirs in zip(self._counts, other._counts, strict=True):
            mine[:] = [a + b for a, b in zip(mine, theirs, strict=True)]

    @property
    def any(self) -> bool:
        """Whether anything was met."""
        return any(any(counts) for counts in self._counts)

    @property
    def _counts(self) -> tuple[list[int], ...]:
        return self.true, self.false, self.failed, self.decided

    def seen(self, number: int, value: bool) -> bool:
        """Count what a condition came to, and give it."""
        counts = self.true if value else self.false
        counts[number] += 1
        return value

    def tried(self, number: int, ask: Callable[[], bool]) -> bool:
        """The same for a condition that may fail."""
        try:
            value = ask()
        except EvaluationError:
            self.failed[number] += 1
            raise
        return self.seen(number, value)

    def decides(self, number: int) -> None:
        """Count a decision."""
        self.decided[number] += 1


def compile_probed(program: Program, probes: Probes, tally: Tally, programs: Mapping[str, Program]) -> Program:
    """The program that counts into `tally`; it asks those of `programs`."""
    plan = program.plan
    parts = ProbedParts(plan, program.attributes, {call.policy: programs[call.policy].plan for call in plan.calls})
    parts.probe(probes, tally)
    written = written_by(ProbedWriter(parts))
    return link_plan(plan, written, program.attributes, programs, program.parameters)


class ProbedEmitter(Emitter):
    """Writes expressions as they stand, each condition that is probed inside the call that counts it."""

    probed: ProbedParts

    def count(self, nodes: list[Node]) -> None:
        """Nothing is computed ahead, so no reads are counted."""

    def prepare(self, node: Node) -> None:
        """Nothing is computed ahead."""

    def prepare_now(self, node: Node) -> None:
        """Nothing is computed ahead."""

    def write(self, node: Node, items: Mapping[int, str] | None = None) -> str:
        """The Python expression of a node; a definition is a function that remembers."""
        found = self.probed.named.get(id(node.definition)) if isinstance(node, Variable) else None
        code = super().write(node, items) if found is None else found
        number = self.probed.numbers.get(id(node))
        if number is None:
            return code
        if node.fails:
            return f"{self.probed.tried}({number}, lambda: {code})"
        return f"{self.probed.seen}({number}, {code})"


class ProbedParts(Parts):
    """Parts whose expressions count."""

    emits = ProbedEmitter

    def __init__(self, plan: Plan, attributes: Attributes, callees: Mapping[str, Plan]) -> None:
        super().__init__(plan, attributes, callees)
        self.numbers: Mapping[int, int] = {}
        """The number of each condition, by its identity."""
        self.deciding: Mapping[int, int] = {}
        """The number of all that decides, by its identity."""
        self.seen = self.tried = self.decides = ""
        self.named: dict[int, str] = {}
        """The call of the function that each definition is, in the function that is being written."""

    def probe(self, probes: Probes, tally: Tally) -> None:
        """Say what is counted, and where."""
        self.numbers = {id(node): number for number, node in enumerate(probes.conditions)}
        self.deciding = {id(one): number for number, one in enumerate(probes.deciding)}
        self.seen, self.tried, self.decides = map(self.constants.add, (tally.seen, tally.tried, tally.decides))

    def emitter(self, decision: Mapping[str, str]) -> Emitter:
        """Writes expressions that count."""
        found = super().emitter(decision)
        assert isinstance(found, ProbedEmitter)
        found.probed = self
        return found


class ProbedDecisionWriter(DecisionWriter):
    """Writes every case by itself, and everything about it whatever the row makes of it."""

    parts: ProbedParts
    number: int | None = None
    """What is being concluded."""

    def uses(self) -> Counter[Key]:
        """Nothing is computed ahead."""
        return Counter()

    def concluding(
        self, case: Case, depth: Depth
    ) -> tuple[list[tuple[Output, bool | None]], list[Requirement], list[Node]]:
        """All outputs and requirements, as they are written."""
        return [(o, None if o.when else True) for o in self.plan.outputs], list(self.plan.ensures), []

    def _for_row(self, node: Node, row: Decided) -> Node:
        return node

    def conclude(self, emitter: Emitter, case: Case, reason: Template | None, looked_up: str = "") -> None:
        """What follows from a case, or from one of its ways, whose reason it is."""
        deciding = self.parts.deciding
        self.number = deciding.get(id(case), None if reason is None else deciding.get(id(reason)))
        super().conclude(emitter, case, reason, looked_up)


class ProbedWriter(ProgramWriter):
    """Writes the functions of a plan that count."""

    parts: ProbedParts
    decision: ProbedDecisionWriter

    @property
    def asked(self) -> tuple[Case | Switch, ...]:
        """Every case by itself."""
        return self.plan.cases

    def source(self) -> str:
        """The source of `full` and `lines`; nobody asks for the verdict alone."""
        return "\n\n".join([self.function("full", None), self._lines()])

    def deciding(self, telling: Telling) -> DecisionWriter:
        """What writes the decision of a function."""
        self.decision = ProbedDecisionWriter(self.plan, self.parts, self.asked, telling)
        return self.decision

    def begin(self, emitter: Emitter) -> None:
        """A function for every definition and every call, each after those that it reads."""
        self.calling.depths = dict.fromkeys(call.name for call in self.plan.calls)
        self.parts.named = {}
        at = {call.name: index for index, call in enumerate(self.plan.calls)}
        for one in _in_order(self.plan, self._stages()):
            if isinstance(one, Definition):
                code = emitter.write(one.node)
                self.parts.named[id(one)] = emitter.remembered(emitter.fresh("m"), code, nothing="NOT_YET")
            elif (key := self.shapes.key(one)) not in emitter.known:
                code = self.calling.asking(emitter, at[one.name], self.plan.calls[at[one.name]])
                emitter.known[key] = emitter.remembered(emitter.fresh("c"), code, nothing="NOT_YET")

    def _return(self, conclusion: Conclusion, depth: Depth) -> None:
        """Count what decided before the decision is told."""
        emitter, parts = conclusion.emitter, self.parts
        for row in self.plan.rows:
            if row.case == conclusion.row[1] and id(row) in parts.deciding:
                emitter.lines.add(f"if {emitter.write(row.when)}: {parts.decides}({parts.deciding[id(row)]})")
        if self.decision.number is not None:
            emitter.lines.add(f"{parts.decides}({self.decision.number})")
        super()._return(conclusion, depth)


def _in_order(plan: Plan, stages: list[Root]) -> Iterator[Definition | Root]:
    """The definitions and calls that a plan reads, each once, after those that it reads itself."""
    calls = {call.name: call for call in plan.calls}
    seen: set[int | str] = set()

    def below(node: Node) -> Iterator[Definition | Root]:
        for part in walk(node):
            if isinstance(part, Variable) and id(part.definition) not in seen:
                seen.add(id(part.definition))
                yield from below(part.definition.node)
                yield part.definition
            elif isinstance(part, Root) and part.kind == "call" and part.name not in seen:
                seen.add(part.name)
                for given in calls[part.name].nodes:
                    yield from below(given)
                yield part

    for node in (*stages, *expressions(plan), *(row.when for row in plan.rows)):
        yield from below(node)
