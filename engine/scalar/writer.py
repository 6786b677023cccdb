"""Writes the functions of a plan: cases in order, then reason, outputs and requirements of the one that applies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from engine.scalar.constants import Constants, native
from engine.scalar.emitter import Attributes, Emitter
from engine.scalar.known import Row, static_truth
from engine.scalar.making import message, within
from engine.scalar.shapes import Key, is_safe
from rules.cel.expressions import Template
from rules.cel.literals import inner
from rules.cel.tree import Node, Placeholder, Root
from rules.plan import Case, Output, Plan, Requirement
from rules.types import Field, proves


class ProgramWriter:
    """Writes the functions of one plan. `callees` are the plans of the policies it calls."""

    def __init__(self, plan: Plan, attributes: Attributes, callees: Mapping[str, Plan]) -> None:
        self.plan, self.attributes, self.callees = plan, attributes, callees
        self.constants = Constants()
        self.signature = ", ".join(f"i{index}" for index in range(len(plan.inputs)))
        self.inputs = {f.name: f"i{index}" for index, f in enumerate(plan.inputs)}
        self.parameters = {p.name: f"P{index}" for index, p in enumerate(plan.parameters)}
        self.starts: tuple[tuple[int, str], ...] = ()
        """The line of `full` at which each case begins, once that is written."""
        self.row_names: dict[str, str] = {}
        rows: list[Row] = []
        for case in plan.all_cases:
            row: Row = (case.outcome, case.id, plan.outcomes[case.outcome])
            self.row_names[case.id] = self.constants.add(row)
            rows.append(row)
        self.rows = tuple(rows)

    def source(self) -> str:
        """The source of `verdict`, `full` and `lines`."""
        parts = [self._function("verdict", full=False), self._function("full", full=True), self._lines()]
        return "\n\n".join(parts)

    def expression(self, node: Node) -> str:
        """The source of a function `value` that evaluates one expression."""
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

        return Emitter(self.attributes, self.constants, root, guards, self._prepare_call)

    def _prepare_call(self, emitter: Emitter, node: Root, key: Key) -> None:
        """Ask the called policy, once: at once where its inputs cannot fail, else in a function that remembers."""
        index, call = next((i, c) for i, c in enumerate(self.plan.calls) if c.name == node.name)
        given = dict(call.bindings)
        targets = self.callees[call.policy].inputs
        for binding in given.values():
            if binding is not None:
                emitter.prepare(binding)
        code = f"C{index}({', '.join(self._argument(emitter, target, given[target.name]) for target in targets)})"
        name = emitter.fresh("c")
        if all(_passes(target, given[target.name]) for target in targets):
            emitter.lines.add(f"{name} = {code}")
            emitter.known[key] = name
        else:
            emitter.known[key] = emitter.remembered(name, code)

    def _argument(self, emitter: Emitter, target: Field, binding: Node | None) -> str:
        """What a called policy is given for an input: within its type, absent as that input says absent."""
        if binding is None:
            if target.default is None:
                return "UNSET"
            value = target.default.value
            return self.constants.add([] if value == () else native(inner(value, target.type), target.type))
        code = emitter.write(binding)
        value = within(code, binding, target.type, self.constants)
        if isinstance(binding, Root) and binding.kind == "input" and binding.guarded:
            own = next(f for f in self.plan.inputs if f.name == binding.name)
            alike = (not own.optional or target.optional) and (not own.nullable or target.nullable)
            if value != code or not alike:
                absent = "UNSET" if target.optional else "None"
                return f"({absent} if {code} is UNSET or {code} is None else {value})"
        return value

    def _function(self, name: str, *, full: bool) -> str:
        emitter = self._emitter({})
        emitter.lines.add(f"def {name}({self.signature}):")
        emitter.lines.indent += 1
        starts: list[tuple[int, str]] = []
        verdict_nodes = [node for case in self.plan.cases for node in _conditions(case)]
        if full:
            emitter.uses = self._uses_of_any_way(verdict_nodes)
        else:
            emitter.count(verdict_nodes)
        for index, case in enumerate(self.plan.cases):
            emitter.pending = [node for later in self.plan.cases[index:] for node in _conditions(later)]
            starts.append((len(emitter.lines.lines) + 1, case.id))
            self._case(emitter, case, full=full)
        starts.append((len(emitter.lines.lines) + 1, self.plan.otherwise.id))
        emitter.pending = []
        if full:
            self.starts = tuple(starts)
        self._conclude(emitter, self.plan.otherwise, self.plan.otherwise.reason, full=full)
        return emitter.lines.text()

    def _uses_of_any_way(self, verdict_nodes: list[Node]) -> Counter[Key]:
        """How often each part is read on the way to a conclusion and in it: the most over all conclusions."""
        most: Counter[Key] = Counter()
        for case in self.plan.all_cases:
            for reason in [case.reason, *(way.reason for way in case.alternatives)]:
                way_there = self._emitter({})
                way_there.count([*verdict_nodes, *_written(reason), *self._concluding(case, full=True)[2]])
                most |= way_there.uses
        return most

    def _concluding(
        self, case: Case, *, full: bool
    ) -> tuple[list[tuple[Output, bool | None]], list[Requirement], list[Node]]:
        """Outputs (and whether each is there, where that is known), requirements still open, and what they read.

        A verdict computes only what may make the decision fail.
        """
        row: Row = (case.outcome, case.id, self.plan.outcomes[case.outcome])
        outputs = [(o, True if o.when is None else static_truth(o.when, row)) for o in self.plan.outputs]
        ensures = [requirement for requirement in self.plan.ensures if static_truth(requirement.that, row) is not True]
        if not full:
            outputs = [(output, there) for output, there in outputs if there is not False and _may_fail(output)]
        nodes = [output.value for output, there in outputs if there is not False]
        nodes += [output.when for output, there in outputs if there is None and output.when is not None]
        return outputs, ensures, [*nodes, *(requirement.that for requirement in ensures)]

    def _case(self, emitter: Emitter, case: Case, *, full: bool) -> None:
        assert case.when is not None
        emitter.prepare(case.when)
        emitter.lines.add(f"if {emitter.write(case.when)}:")
        outside = dict(emitter.known)
        emitter.lines.indent += 1
        if not case.alternatives:
            self._conclude(emitter, case, case.reason, full=full)
        for way in case.alternatives:
            emitter.prepare(way.when)
            emitter.lines.add(f"if {emitter.write(way.when)}:")
            within = dict(emitter.known)
            emitter.lines.indent += 1
            self._conclude(emitter, case, way.reason, full=full)
            emitter.lines.indent -= 1
            emitter.known = within
        emitter.lines.indent -= 1
        emitter.known = outside

    def _conclude(self, emitter: Emitter, case: Case, reason: Template | None, *, full: bool) -> None:
        row: Row = (case.outcome, case.id, self.plan.outcomes[case.outcome])
        inner = self._emitter(self._decision(row))
        inner.lines, inner.known, inner._numbers = emitter.lines, dict(emitter.known), emitter._numbers
        inner.perhaps = emitter.perhaps
        outputs, ensures, later = self._concluding(case, full=full)
        inner.pending = [*(_written(reason) if full else ()), *later]
        inner.count(inner.pending)
        if full:
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
            inner.lines.add(f"o{position} = {value}")
        for requirement in ensures:
            site = self.constants.site(requirement.that)
            inner.lines.add(f"if not {inner.write(requirement.that)}: FAIL('ensures', {site})")
        packed = "".join(f"o{position}, " for position in range(len(values)))
        inner.lines.add(f"return {self.row_names[case.id]}" + (f", s, ({packed})" if full else ""))
        emitter._numbers = inner._numbers

    def _decision(self, row: Row) -> dict[str, str]:
        outcome, rule, effect = row
        return {
            "outcome": self.constants.add(outcome),
            "rule": self.constants.add(rule),
            "effect": self.constants.add(effect),
        }

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
        emitter = self._emitter({"outcome": "r[0]", "rule": "r[1]", "effect": "r[2]", "reason": "s"})
        comma = ", " if self.signature else ""
        emitter.lines.add(f"def lines(r, s, o{comma}{self.signature}):")
        emitter.lines.indent += 1
        emitter.lines.add("l = []")
        for line in self.plan.log:
            outside = dict(emitter.known)
            emitter.uses.clear()
            emitter.pending = [*([line.when] if line.when is not None else []), *_written(line.line)]
            emitter.count(emitter.pending)
            emitter.lines.add("try:")
            emitter.lines.indent += 1
            if line.when is not None:
                emitter.prepare(line.when)
                emitter.lines.add(f"if {emitter.write(line.when)}:")
                emitter.lines.indent += 1
            for part in line.line.parts:
                if isinstance(part, Placeholder):
                    emitter.prepare(part.node)
            event = self.constants.add(line.event)
            start = self.constants.add(line.event + line.separator)
            text = message(line.line.parts, self.constants, emitter.write)
            emitter.lines.add(f"l.append(({event}, {start} + {text}))")
            emitter.lines.indent -= 2 if line.when is not None else 1
            emitter.lines.add(f"except Exception: l.append(({event}, {start} + BAD))")
            emitter.known = outside
        emitter.lines.add("return l")
        return emitter.lines.text()


def _passes(target: Field, binding: Node | None) -> bool:
    """Whether an argument can be computed anywhere: nothing in it fails, and its bounds lie within the input's."""
    if binding is None:
        return True
    return (is_safe(binding) or isinstance(binding, Root)) and proves(binding.type, target.type)


def _may_fail(output: Output) -> bool:
    """Whether computing an output may make the decision fail."""
    asked = output.when is not None and output.when.fails
    return asked or output.value.fails or not proves(output.value.type, output.type)


def _conditions(case: Case) -> list[Node]:
    return [*([case.when] if case.when is not None else []), *(way.when for way in case.alternatives)]


def _written(template: Template | None) -> list[Node]:
    """The expressions of a message."""
    return [part.node for part in template.parts if isinstance(part, Placeholder)] if template is not None else []
