"""Writes the functions of a plan: cases in order, then reason, outputs and requirements of the one that applies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property

from engine.scalar.asked import ROW, Depth, depths_of
from engine.scalar.calling import Calling
from engine.scalar.constants import Constants
from engine.scalar.emitter import Attributes, Emitter
from engine.scalar.known import Row, static_truth
from engine.scalar.making import message, within
from engine.scalar.shapes import Key, Shapes
from engine.scalar.switches import Switch, switched
from rules.cel.expressions import Template
from rules.cel.tree import Node, Placeholder, Root
from rules.plan import Case, InheritedLines, LogLine, Output, Plan, Requirement
from rules.types import RecordType, proves


class ProgramWriter:
    """Writes the functions of one plan. `callees` are the plans of the policies it calls."""

    def __init__(self, plan: Plan, attributes: Attributes, callees: Mapping[str, Plan]) -> None:
        self.plan, self.attributes, self.callees = plan, attributes, callees
        self.constants = Constants()
        self.shapes = Shapes()
        self.signature = ", ".join(f"i{index}" for index in range(len(plan.inputs)))
        self.inputs = {f.name: f"i{index}" for index, f in enumerate(plan.inputs)}
        self.parameters = {p.name: f"P{index}" for index, p in enumerate(plan.parameters)}
        self.starts: tuple[tuple[int, str], ...] = ()
        """The line of `full` at which each case begins, once that is written."""
        self.calling = Calling(plan, callees, self.constants)
        self.rows: tuple[Row, ...] = tuple(self._row(case) for case in plan.all_cases)
        self._row_names = {row: self.constants.add(row) for row in self.rows}

    @cached_property
    def _asked(self) -> tuple[Case | Switch, ...]:
        return tuple(switched(self.plan, self.shapes))

    @cached_property
    def _verdict_nodes(self) -> list[Node]:
        return [node for one in self._asked for node in _asking(one)]

    def _row(self, case: Case) -> Row:
        return case.outcome, case.id, self.plan.outcomes[case.outcome]

    def source(self) -> str:
        """The source of `verdict`, `full` and `lines`."""
        return "\n\n".join([self.function("verdict", ROW), self.function("full", None), self._lines()])

    def expression(self, node: Node) -> str:
        """The source of a function `value` that evaluates one expression."""
        self.calling.depths = depths_of([node], self.plan)
        emitter = self._emitter({})
        emitter.lines.add(f"def value({self.signature}):")
        emitter.lines.indent += 1
        emitter.count([node])
        emitter.pending = [node]
        emitter.prepare(node)
        emitter.lines.add(f"return {emitter.write(node)}")
        return emitter.lines.text()

    def _emitter(self, decision: Mapping[str, str]) -> Emitter:
        def root(node: Root) -> str:
            match node.kind:
                case "input":
                    return self.inputs[node.name]
                case "parameter":
                    return self.parameters[node.name]
                case "call":
                    raise AssertionError("a call is prepared before it is read")
                case "decision":
                    return decision[node.name]
                case "output":
                    at = [output.name for output in self.plan.outputs].index(node.name)
                    return f"o[{at}]"

        def guards(node: Root) -> tuple[bool, bool]:
            found = next((f for f in self.plan.inputs if f.name == node.name), None)
            if node.kind == "input" and found is not None:
                return found.optional, found.nullable
            return node.guarded, False

        return Emitter(self.attributes, self.constants, root, guards, self.calling.prepare, self.shapes)

    def function(self, name: str, depth: Depth) -> str:
        """The source of a function that decides and tells so much of it: the row, `(row, None, outputs)`, or all."""
        self.calling.depths = self._depths(depth)
        emitter = self._emitter({})
        emitter.lines.add(f"def {name}({self.signature}):")
        emitter.lines.indent += 1
        starts: list[tuple[int, str]] = []
        emitter.uses = self._uses_of_any_way(depth)
        if depth is None:
            self._ask_stages(emitter)
        for index, one in enumerate(self._asked):
            emitter.pending = [node for later in self._asked[index:] for node in _asking(later)]
            first = one.cases[0] if isinstance(one, Switch) else one
            starts.append((len(emitter.lines.lines) + 1, first.id))
            if isinstance(one, Switch):
                self._switch(emitter, one, depth)
            else:
                self._case(emitter, one, depth)
        starts.append((len(emitter.lines.lines) + 1, self.plan.otherwise.id))
        emitter.pending = []
        if depth is None:
            self.starts = tuple(starts)
        self._conclude(emitter, self.plan.otherwise, self.plan.otherwise.reason, depth)
        return emitter.lines.text()

    def _depths(self, depth: Depth) -> Mapping[str, Depth]:
        """How much of each call a function reads; of the steps a full decision tells all."""
        concluding = (node for case in self.plan.all_cases for node in self._concluding(case, depth)[2])
        nodes = [*self._verdict_nodes, *concluding]
        if depth is None:
            nodes += [node for case in self.plan.all_cases for reason in _reasons(case) for node in _written(reason)]
        found = depths_of(nodes, self.plan)
        return {**found, **dict.fromkeys(self.plan.stages)} if depth is None else found

    def _ask_stages(self, emitter: Emitter) -> None:
        """Ask every step before anything is decided, because the decision tells of all of them."""
        for node in self._stages():
            emitter.prepare(node)

    def _stages(self) -> list[Root]:
        calls = {call.name: call for call in self.plan.calls}
        named = ((calls[name], self.callees[calls[name].policy]) for name in self.plan.stages)
        return [Root("call", call.name, RecordType(f"call:{callee.name}", ()), call.span) for call, callee in named]

    def _uses_of_any_way(self, depth: Depth) -> Counter[Key]:
        """How often each part is read on the way to a conclusion and in it: the most over all conclusions."""
        most: Counter[Key] = Counter()
        asked = self._emitter({})
        asked.count(self._verdict_nodes)
        for case in self.plan.all_cases:
            for reason in _reasons(case):
                told = _written(reason) if depth is None else []
                way_there = self._emitter({})
                way_there.uses = asked.uses.copy()
                way_there.count([*told, *self._concluding(case, depth)[2]])
                most |= way_there.uses
        return most

    def _concluding(
        self, case: Case, depth: Depth
    ) -> tuple[list[tuple[Output, bool | None]], list[Requirement], list[Node]]:
        """Outputs (and whether each is there, where that is known), requirements still open, and what they read.

        What is not told is computed only where it may make the decision fail.
        """
        row = self._row(case)
        outputs = [(o, True if o.when is None else static_truth(o.when, row)) for o in self.plan.outputs]
        ensures = [requirement for requirement in self.plan.ensures if static_truth(requirement.that, row) is not True]
        if depth is not None:
            outputs = [
                (output, there if output.name in depth or (there is not False and _may_fail(output)) else False)
                for output, there in outputs
            ]
        nodes = [output.value for output, there in outputs if there is not False]
        nodes += [output.when for output, there in outputs if there is None and output.when is not None]
        return outputs, ensures, [*nodes, *(requirement.that for requirement in ensures)]

    def _case(self, emitter: Emitter, case: Case, depth: Depth) -> None:
        assert case.when is not None
        emitter.prepare(case.when)
        emitter.lines.add(f"if {emitter.write(case.when)}:")
        outside = dict(emitter.known)
        emitter.lines.indent += 1
        if not case.alternatives:
            self._conclude(emitter, case, case.reason, depth)
        for way in case.alternatives:
            emitter.prepare(way.when)
            emitter.lines.add(f"if {emitter.write(way.when)}:")
            within = dict(emitter.known)
            emitter.lines.indent += 1
            self._conclude(emitter, case, way.reason, depth)
            emitter.lines.indent -= 1
            emitter.known = within
        emitter.lines.indent -= 1
        emitter.known = outside

    def _switch(self, emitter: Emitter, switch: Switch, depth: Depth) -> None:
        """The cases of one rule told apart by a word: the row is looked up, what follows is the same for all."""
        for node in switch.nodes:
            emitter.prepare(node)
        rows = {word: self._row(case) for word, case in zip(switch.words, switch.cases, strict=True)}
        code = f"{self.constants.add(rows.get)}({emitter.write(switch.subject)})"
        if switch.guard is not None:
            code = f"{code} if {emitter.write(switch.guard)} else None"
        row = emitter.fresh("r")
        emitter.lines.add(f"{row} = {code}")
        emitter.lines.add(f"if {row} is not None:")
        outside = dict(emitter.known)
        emitter.lines.indent += 1
        first = switch.cases[0]
        self._conclude(emitter, first, first.reason, depth, row)
        emitter.lines.indent -= 1
        emitter.known = outside

    def _conclude(
        self, emitter: Emitter, case: Case, reason: Template | None, depth: Depth, looked_up: str = ""
    ) -> None:
        """What follows from a case; of a switch the local that holds the row is given."""
        row_code = looked_up or self._row_names[self._row(case)]
        inner = self._emitter(self._decision(case, looked_up))
        inner.lines, inner.known, inner._numbers = emitter.lines, dict(emitter.known), emitter._numbers
        inner.perhaps = emitter.perhaps
        outputs, ensures, later = self._concluding(case, depth)
        inner.pending = [*(_written(reason) if depth is None else ()), *later]
        inner.count(inner.pending)
        if depth is None:
            self._write_reason(inner, reason)
        for node in later:
            inner.prepare(node)
        values = []
        for output, there in outputs:
            value = "UNSET"
            if there is not False:
                value = within(inner.write(output.value), output.value, output.type, self.constants)
            if there is None and output.when is not None:
                value = f"({value} if {inner.write(output.when)} else UNSET)"
            values.append(value)
        for position, value in enumerate(values):
            if value != "UNSET":
                inner.lines.add(f"o{position} = {value}")
        for requirement in ensures:
            site = self.constants.site(requirement.that)
            inner.lines.add(f"if not {inner.write(requirement.that)}: FAIL('ensures', {site})")
        told = ", s" if depth is None else ", None" if depth else ""
        if told:
            told += f", ({''.join(f'{_packed(at, value)}, ' for at, value in enumerate(values))})"
        if depth is None:
            stages = (inner.known[self.shapes.key(node)] for node in self._stages())
            told += f", ({''.join(f'{_tried(stage)}, ' for stage in stages)})"
        inner.lines.add(f"return {row_code}{told}")
        emitter._numbers = inner._numbers

    def _decision(self, case: Case, looked_up: str) -> dict[str, str]:
        names = ("outcome", "rule", "effect")
        if looked_up:
            return {name: f"{looked_up}[{at}]" for at, name in enumerate(names)}
        return {name: self.constants.add(value) for name, value in zip(names, self._row(case), strict=True)}

    def _write_reason(self, emitter: Emitter, reason: Template | None) -> None:
        if reason is None:
            emitter.lines.add(f"s = {self.constants.add('')}")
            return
        for part in reason.parts:
            if isinstance(part, Placeholder):
                emitter.prepare(part.node)
        text = message(reason.parts, self.constants, emitter.write)
        if all(isinstance(part, str) for part in reason.parts):
            emitter.lines.add(f"s = {text}")
            return
        emitter.lines.add(f"try: s = {text}")
        emitter.lines.add("except Exception: s = BAD")

    def _lines(self) -> str:
        """The function of the log lines, given a full decision and the inputs; one that fails says so, and no more."""
        own = [line for line in self.plan.log if isinstance(line, LogLine)]
        read = [node for line in own for node in (line.when, *_written(line.line)) if node]
        told = {line.call for line in self.plan.log if isinstance(line, InheritedLines)}
        read += [node for call in self.plan.calls if call.name in told for node in call.nodes]
        self.calling.depths = depths_of(read, self.plan)
        emitter = self._emitter({"outcome": "r[0]", "rule": "r[1]", "effect": "r[2]", "reason": "s"})
        emitter.known = {self.shapes.key(node): f"t[{index}]" for index, node in enumerate(self._stages())}
        comma = ", " if self.signature else ""
        emitter.lines.add(f"def lines(r, s, o, t{comma}{self.signature}):")
        emitter.lines.indent += 1
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
        emitter.pending = [*([line.when] if line.when is not None else []), *_written(line.line)]
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


def _packed(position: int, value: str) -> str:
    """The code of an output where all of them are put together."""
    return value if value == "UNSET" else f"o{position}"


def _tried(stage: str) -> str:
    """The code of a step's decision as a stage: what could not be asked is told as an error, and raises none."""
    return f"TRIED({stage.removesuffix('()')})" if stage.endswith("()") else stage


def _reasons(case: Case) -> list[Template | None]:
    return [case.reason, *(way.reason for way in case.alternatives)]


def _may_fail(output: Output) -> bool:
    """Whether computing an output may make the decision fail."""
    asked = output.when is not None and output.when.fails
    return asked or output.value.fails or not proves(output.value.type, output.type)


def _asking(one: Case | Switch) -> list[Node]:
    return one.nodes if isinstance(one, Switch) else _conditions(one)


def _conditions(case: Case) -> list[Node]:
    return [*([case.when] if case.when is not None else []), *(way.when for way in case.alternatives)]


def _written(template: Template | None) -> list[Node]:
    """The expressions of a message."""
    return [part.node for part in template.parts if isinstance(part, Placeholder)] if template is not None else []
