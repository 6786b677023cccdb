"""Writes the functions of a plan: cases in order, then reason, outputs and requirements of the one that applies."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from engine.scalar.asked import ROW, Depth, depths_of
from engine.scalar.deciding import Conclusion, DecisionWriter, Telling, asking, reasons, written
from engine.scalar.emitter import Emitter
from engine.scalar.known import Row
from engine.scalar.making import message
from engine.scalar.parts import Parts
from engine.scalar.switches import Switch, switched
from rules.cel.tree import Node, Placeholder, Root
from rules.plan import Case, InheritedLines, LogLine
from rules.types import RecordType


class ProgramWriter:
    """Writes the functions of one plan."""

    def __init__(self, parts: Parts) -> None:
        self.plan, self.callees, self.parts = parts.plan, parts.callees, parts
        self.calling, self.constants, self.shapes = self.parts.calling, self.parts.constants, self.parts.shapes
        self.starts: tuple[tuple[int, str], ...] = ()
        """The line of `full` at which each case begins, once that is written."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """What each case decides."""
        return tuple((case.outcome, case.id, self.plan.outcomes[case.outcome]) for case in self.plan.all_cases)

    @cached_property
    def asked(self) -> tuple[Case | Switch, ...]:
        """The cases as they are looked at."""
        return tuple(switched(self.plan, self.shapes))

    def deciding(self, telling: Telling) -> DecisionWriter:
        """What writes the decision of a function."""
        return DecisionWriter(self.plan, self.parts, self.asked, telling)

    def begin(self, emitter: Emitter) -> None:
        """What stands at the start of a function, before anything is decided."""

    def source(self) -> str:
        """The source of `full` and `lines`, and of `verdict` where no other policy is asked."""
        verdict = [] if self.plan.calls else [self.function("verdict", ROW)]
        return "\n\n".join([*verdict, self.function("full", None), self._lines()])

    def expression(self, node: Node) -> str:
        """The source of a function `value` that evaluates one expression."""
        self.calling.depths = depths_of([node], self.plan)
        emitter = self.parts.emitter({})
        emitter.lines.add(f"def value({self.parts.signature}):")
        emitter.lines.indent += 1
        emitter.count([node])
        emitter.pending = [node]
        emitter.prepare(node)
        emitter.lines.add(f"return {emitter.write(node)}")
        return emitter.lines.text()

    def function(self, name: str, depth: Depth) -> str:
        """The source of a function that decides and tells so much of it: the row, `(row, None, outputs)`, or all."""
        telling = Telling(lambda _: depth, lambda conclusion: self._return(conclusion, depth))
        writer = self.deciding(telling)
        self.calling.depths = self._depths(writer, depth)
        emitter = self.parts.emitter({})
        emitter.lines.add(f"def {name}({self.parts.signature}):")
        emitter.lines.indent += 1
        self.begin(emitter)
        emitter.uses = writer.uses()
        if depth is None:
            for node in self._stages():
                emitter.prepare(node)  # before anything is decided: the decision tells of every step
        writer.write(emitter)
        if depth is None:
            self.starts = tuple(writer.starts)
        return emitter.lines.text()

    def _return(self, conclusion: Conclusion, depth: Depth) -> None:
        told = ", s" if depth is None else ", None" if depth else ""
        if told:
            told += f", ({''.join(f'{name}, ' for name in conclusion.outputs)})"
        if depth is None:
            stages = (conclusion.emitter.known[self.shapes.key(node)] for node in self._stages())
            told += f", ({''.join(f'{_tried(stage)}, ' for stage in stages)})"
        conclusion.emitter.lines.add(f"return {conclusion.code}{told}")

    def _depths(self, writer: DecisionWriter, depth: Depth) -> Mapping[str, Depth]:
        """How much of each call a function reads; of the steps a full decision tells all."""
        nodes = [node for one in self.asked for node in asking(one)]
        nodes += [node for case in self.plan.all_cases for node in writer.concluding(case, depth)[2]]
        if depth is None:
            nodes += [node for case in self.plan.all_cases for reason in reasons(case) for node in written(reason)]
        found = depths_of(nodes, self.plan)
        return {**found, **dict.fromkeys(self.plan.stages)} if depth is None else found

    def _stages(self) -> list[Root]:
        calls = {call.name: call for call in self.plan.calls}
        named = ((calls[name], self.callees[calls[name].policy]) for name in self.plan.stages)
        return [Root("call", call.name, RecordType(f"call:{callee.name}", ()), call.span) for call, callee in named]

    def _lines(self) -> str:
        """The function of the log lines, given a full decision and the inputs; one that fails says so, and no more."""
        own = [line for line in self.plan.log if isinstance(line, LogLine)]
        read = [node for line in own for node in (line.when, *written(line.line)) if node]
        told = {line.call for line in self.plan.log if isinstance(line, InheritedLines)}
        read += [node for call in self.plan.calls if call.name in told for node in call.nodes]
        self.calling.depths = depths_of(read, self.plan)
        emitter = self.parts.emitter({"outcome": "r[0]", "rule": "r[1]", "effect": "r[2]", "reason": "s"})
        emitter.known = {self.shapes.key(node): f"t[{index}]" for index, node in enumerate(self._stages())}
        comma = ", " if self.parts.signature else ""
        emitter.lines.add(f"def lines(r, s, o, t{comma}{self.parts.signature}):")
        emitter.lines.indent += 1
        self.begin(emitter)
        emitter.lines.add("l = []")
        for line in self.plan.log:
            outside = dict(emitter.known)
            emitter.uses.clear()
            emitter.lines.add("try:")
            emitter.lines.indent += 1
            if isinstance(line, LogLine):
                self._line(emitter, line)
            else:
                self._inherited(emitter, line)
            emitter.known = outside
        emitter.lines.add("return l")
        return emitter.lines.text()

    def _line(self, emitter: Emitter, line: LogLine) -> None:
        emitter.pending = [*([line.when] if line.when is not None else []), *written(line.line)]
        emitter.count(emitter.pending)
        if line.when is not None:
            emitter.prepare(line.when)
            emitter.lines.add(f"if {emitter.write(line.when)}:")
            emitter.lines.indent += 1
        for part in line.line.parts:
            if isinstance(part, Placeholder):
                emitter.prepare(part.node)
        event = self.constants.add(line.event)
        start = self.constants.add(line.event + line.separator)
        emitter.lines.add(f"l.append(({event}, {start} + {message(line.line.parts, self.constants, emitter.write)}))")
        emitter.lines.indent -= 2 if line.when is not None else 1
        emitter.lines.add(f"except Exception: l.append(({event}, {start} + BAD))")

    def _inherited(self, emitter: Emitter, line: InheritedLines) -> None:
        """The lines of a called policy, given its own full decision and the inputs it was asked with."""
        index, call = next((i, c) for i, c in enumerate(self.plan.calls) if c.name == line.call)
        emitter.pending = [line.when, *call.nodes]
        emitter.count(emitter.pending)
        emitter.prepare(line.when)
        emitter.lines.add(f"if {emitter.write(line.when)}:")
        emitter.lines.indent += 1
        for node in call.nodes:
            emitter.prepare(node)
        given = ", ".join([f"*t[{self.plan.stages.index(line.call)}]", *self.calling.arguments(emitter, call)])
        emitter.lines.add(f"l += L{index}({given})")
        emitter.lines.indent -= 2
        emitter.lines.add("except Exception: pass")


def _tried(stage: str) -> str:
    """The code of a step's decision as a stage: what could not be asked is told as an error, and raises none."""
    return f"TRIED({stage.removesuffix('()')})" if stage.endswith("()") else stage
