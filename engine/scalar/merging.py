"""One function for a policy and those that it asks, so that what they share is computed once.

A policy that is asked is written where its decision is first read, in the words of the policy that asks (see
`substitution`). Where its row alone settles which of the cases next in order applies, and that ends the function, the
end is written in its place: a step that denies returns at once. Other rows go on to what follows; the locals
`c3`, `c3_0`, … then hold the row and the outputs. An error inside is that policy's own, as it is in a real call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.scalar.asked import ROW, Depth, depths_of
from engine.scalar.calling import computed_anywhere
from engine.scalar.deciding import Conclusion, DecisionWriter, Known, Telling, asking, may_fail
from engine.scalar.emitter import Emitter
from engine.scalar.known import Row, truth_for
from engine.scalar.lines import Attributes
from engine.scalar.parts import Parts
from engine.scalar.shapes import Key
from engine.scalar.substitution import Substitution, given_by
from rules import plan as planned
from rules.cel.tree import Node, Root, walk
from rules.plan import Call, Case, Plan
from rules.types import RecordType

DEEPEST = 5
"""Policies inside one another: Python's blocks nest twenty deep at most."""
MOST_CASES = 400
"""Cases of one function, as it is laid out."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a decision stands in a function: what becomes of it, and what may follow."""

    telling: Telling
    ends: Callable[[Row], bool]
    """Whether what follows a row returns."""
    fails: Callable[[Row], bool]
    """Whether what follows a row may raise an error."""


class MergedWriter:
    """Writes `verdict` of a plan together with those of the plans that it asks: `plans` are all it reaches, by name."""

    def __init__(self, plan: Plan, attributes: Attributes, plans: Mapping[str, Plan]) -> None:
        self.plan, self.plans = plan, plans
        self.parts = Parts(plan, attributes, plans)
        self.parts.prepare_call = self._prepare_call
        self.parts.calling.calls = []
        self.labels = {(p.origin, p.name): label for label, p in planned.reached_parameters(plan, plans).items()}
        self.parts.parameters = {label: f"P{index}" for index, label in enumerate(self.labels.values())}
        self.cases = len(plan.cases)
        self.owners: dict[str, MergedDecision] = {}
        """By the name of a call, the decision into which the policy called is written."""

    def source(self) -> str:
        """The source of `verdict`."""
        telling = Telling(lambda _: ROW, lambda end: end.emitter.lines.add(f"return {end.code}"))
        top = MergedDecision(self.plan, self, Place(telling, lambda _: True, lambda _: False))
        emitter = self.parts.emitter({})
        emitter.lines.add(f"def verdict({self.parts.signature}):")
        emitter.lines.indent += 1
        emitter.uses = top.all_uses()
        top.write(emitter)
        return emitter.lines.text()

    def merged(self, call: Call, depth: Depth, level: int) -> MergedDecision | None:
        """The decision of a call, to be written where it is asked; None where it stays a call."""
        callee = self.plans[call.policy]
        given = given_by(call, callee)
        fits = level < DEEPEST and self.cases + len(callee.cases) <= MOST_CASES
        if depth is None or given is None or call.when is not None or not fits:
            return None
        if not computed_anywhere(call, callee.inputs, self.parts.shapes):
            return None
        self.cases += len(callee.cases)
        labels = {p.name: self.labels[p.origin, p.name] for p in callee.parameters}
        plan = Substitution(given, labels, f"{call.name}/").plan(callee)
        telling = Telling(lambda _: depth, lambda _: None)
        return MergedDecision(plan, self, Place(telling, lambda _: False, lambda _: False), level + 1)

    def _prepare_call(self, emitter: Emitter, node: Root, key: Key) -> None:
        owner = self.owners.get(node.name)
        if owner is None:
            self.parts.calling.prepare(emitter, node, key)
        else:
            owner.ask(emitter, node.name, ())


class MergedDecision(DecisionWriter):
    """A decision with those that it asks written into it."""

    def __init__(self, plan: Plan, function: MergedWriter, place: Place, level: int = 0) -> None:
        super().__init__(plan, function.parts, plan.cases, place.telling)
        self.ends, self.fails = place.ends, place.fails
        self.nodes = [node for case in plan.all_cases for node in [*asking(case), *self._told(case)]]
        self.outside: list[Node] = []
        """What is still to be written after this decision."""
        self.inside: dict[str, MergedDecision] = {}
        self.depths = depths_of(self.nodes, plan)
        self.calls = {call.name: call for call in plan.calls}
        for name, depth in self.depths.items():
            inner = function.merged(self.calls[name], depth, level)
            if inner is None:
                self.parts.calling.calls.append(self.calls[name])
                self.parts.calling.depths = {**self.parts.calling.depths, name: depth}
            else:
                self.inside[name], function.owners[name] = inner, self

    @property
    def failed(self) -> Row:
        """What is decided where deciding fails."""
        return self.plan.on_error, "error", "block"

    @property
    def tries(self) -> bool:
        """Whether deciding may fail."""
        return planned.may_fail(self.plan)

    def _told(self, case: Case) -> list[Node]:
        """What telling of a case reads."""
        return self.concluding(case, self.telling.depth(self.row(case)))[2]

    def sure_nodes(self) -> list[Node]:
        """What is read here, and in decisions asked from here, whenever the function goes on after this decision."""
        found: list[Node] = []
        for case in self.plan.cases:
            found += asking(case)
            if self.plan.outcomes[case.outcome] != "block":
                break
        asked = depths_of(found, self.plan)
        return [*found, *(node for name in asked if name in self.inside for node in self.inside[name].sure_nodes())]

    def all_uses(self) -> Counter[Key]:
        """How often each part is read in this decision and in those in it."""
        return sum((inner.all_uses() for inner in self.inside.values()), self.uses())

    def pending(self, emitter: Emitter, at: int) -> None:
        """Say what is still to be written from a case on, here and after this decision."""
        super().pending(emitter, at)
        later = [inner for name, inner in self.inside.items() if self.key(name) not in emitter.known]
        emitter.pending += [node for inner in later for node in inner.sure_nodes()]
        emitter.pending += self.outside

    def key(self, name: str) -> Key:
        """The key under which the decision of a call is known."""
        span = self.calls[name].span
        return self.parts.shapes.key(Root("call", name, RecordType(f"call:{name}", ()), span))

    def write_at(self, emitter: Emitter, at: int) -> int:
        """A case, or those that one policy's row settles, with the asking of it."""
        for name, inner in self.inside.items():
            if self.key(name) in emitter.known:
                continue
            run = self._run(at, name, inner)
            if run:
                ended = self.ask(emitter, name, run)
                for case in run:
                    if any(self._first(run, name, row) is case for row in inner.possible() - ended):
                        self.case(emitter, case)
                return len(run)
        return super().write_at(emitter, at)

    def possible(self) -> frozenset[Row]:
        """Every row that it may decide."""
        return frozenset([*self.rows, self.failed] if self.tries else self.rows)

    def _run(self, at: int, name: str, inner: MergedDecision) -> list[Case]:
        """The cases from one on that the row of a call settles."""
        run: list[Case] = []
        for case in self.plan.cases[at:]:
            if case.when is None or case.alternatives or name not in depths_of([case.when], self.plan):
                break
            if any(truth_for(case.when, name, row) is None for row in inner.possible()):
                break
            run.append(case)
        return run

    @staticmethod
    def _first(run: Sequence[Case], name: str, row: Row) -> Case | None:
        """The case that applies for a row."""
        return next((case for case in run if case.when is not None and truth_for(case.when, name, row)), None)

    def ask(self, emitter: Emitter, name: str, run: Sequence[Case]) -> frozenset[Row]:
        """Write the asking of a policy, with the ends of the cases that its row settles; gives the rows that ended."""
        inner, call = self.inside[name], self.calls[name]
        for node in call.nodes:
            for part in walk(node, into_variables=True):
                if isinstance(part, Root) and part.kind == "call":
                    emitter.prepare(part)
        asking_ = Asking(self, inner, name, emitter.fresh("c"), self._ending(inner, name, run))
        inner.outside = list(emitter.pending)
        asking_.write(emitter)
        emitter.known[self.key(name)] = asking_.result
        return frozenset(asking_.ending)

    def _ending(self, inner: MergedDecision, name: str, run: Sequence[Case]) -> dict[Row, Case]:
        """For the rows of a call after which the function returns, the case that then applies here."""
        found = {row: self._first(run, name, row) for row in inner.possible()}
        return {
            row: case
            for row, case in found.items()
            if case is not None and self.ends(self.row(case)) and not (inner.tries and self.end_fails(case))
            if depths_of(self._told(case), self.plan).keys() <= {name}  # else each end would ask another policy anew
        }

    def end_fails(self, case: Case) -> bool:
        """Whether telling of a case may raise an error, here or in what follows."""
        outputs, ensures, nodes = self.concluding(case, self.telling.depth(self.row(case)))
        outside = any(may_fail(output) for output, there in outputs if there is not False)
        return outside or bool(ensures) or any(node.fails for node in nodes) or self.fails(self.row(case))


class Asking:
    """One decision written into another, in one place."""

    def __init__(
        self, outer: MergedDecision, inner: MergedDecision, name: str, result: str, ending: Mapping[Row, Case]
    ) -> None:
        self.outer, self.inner, self.name, self.result, self.ending = outer, inner, name, result, ending
        self.exits: list[Known] = []
        """What is known where the function goes on."""
        rows = (inner.row(case) for case in inner.plan.cases)
        self.leaves = any(row not in ending for row in rows)
        """Whether a row goes on before the last case."""
        outer.parts.merged.add(result)

    def write(self, emitter: Emitter) -> None:
        """The block that decides. What is told of a row here is part of what the decision was laid out to tell."""
        before, lines, inner = dict(emitter.known), emitter.lines, self.inner
        depth = self.outer.depths[self.name]
        inner.telling = Telling(lambda row: self._depth(row, depth), self._tell, f"{self.result}_")
        inner.ends = self.ending.__contains__
        inner.fails = lambda row: self.outer.end_fails(self.ending[row])
        indent = lines.indent
        for word in ("while True:",) * self.leaves + ("try:",) * inner.tries:
            lines.add(word)
            lines.indent += 1
        inner.write(emitter)
        if inner.tries:
            lines.indent -= 1
            lines.add("except ERROR:")
            lines.indent += 1
            emitter.known = before
            failed = self.outer.parts.emitter({})
            failed.continue_from(emitter)
            nothing = ("UNSET",) * len(inner.plan.outputs)
            self._tell(
                Conclusion(inner.failed, self.outer.parts.constants.add(inner.failed), nothing, failed, dict(before))
            )
            emitter.numbers = failed.numbers
        lines.indent = indent
        first, *others = self.exits or [before]
        emitter.known = {key: code for key, code in first.items() if all(known.get(key) == code for known in others)}

    def _depth(self, row: Row, otherwise: Depth) -> Depth:
        """How much of a row is read."""
        case = self.ending.get(row)
        if case is None:
            return otherwise
        outer = self.outer
        return depths_of(outer.concluding(case, outer.telling.depth(outer.row(case)))[2], outer.plan).get(
            self.name, ROW
        )

    def _tell(self, found: Conclusion) -> None:
        """What follows a row: the end of the decision that asks, or what is written next."""
        case = self.ending.get(found.row)
        lines = found.emitter.lines
        lines.add(f"{self.result} = {found.code}")
        depth = self._depth(found.row, self.outer.depths[self.name]) or ROW
        for at, output in enumerate(self.inner.plan.outputs):
            if output.name in depth and found.outputs[at] == "UNSET":
                lines.add(f"{self.result}_{at} = UNSET")
        if case is None:
            self.exits.append(found.known)
            if self.leaves:
                lines.add("break")
            return
        emitter = self.outer.parts.emitter({})
        emitter.continue_from(found.emitter)
        emitter.known = {**found.known, self.outer.key(self.name): self.result}
        self.outer.conclude(emitter, case, case.reason)
        found.emitter.numbers = emitter.numbers
