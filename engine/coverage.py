"""What suites cover: how often each rule, row and cell decided, and what each condition came to.

A document is measured by the suites that test it, a library by those of every policy that takes it: what a policy is
asked in passing, on the way to another's decision, is told apart, since nothing expects what it says there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.conditions import Written, written_in
from engine.policy import Machine
from engine.scalar.probing import Tally, compile_probed
from engine.scalar.program import Program
from engine.suites import run_cases
from engine.tracing import Tracer
from rules.conditions import text_of_condition
from rules.source import Span
from rules.suites import Suite, Unreachable


@dataclass(frozen=True, slots=True)
class RuleCover:
    """A rule, a way of one, a row or a cell, and how often it decided."""

    id: str
    span: Span
    times: int
    elsewhere: tuple[str, ...]
    """The policies by way of whose suites it decided."""
    unreachable: str = ""
    """Why a suite says that no inputs bring it about."""

    @property
    def name(self) -> str:
        """What suites and people call it."""
        return self.id

    @property
    def missing(self) -> str:
        """What has not been shown; empty for what has."""
        return "" if self.times else "never decided"


@dataclass(frozen=True, slots=True)
class ConditionCover:
    """A condition, and how often it came out true, false, or not at all."""

    span: Span
    true: int
    false: int
    failed: int
    elsewhere: tuple[str, ...]
    """The policies by way of whose suites it came to what it did not come to here."""
    unreachable: str = ""
    """Why a suite says that no inputs turn it."""

    @property
    def name(self) -> str:
        """How it reads, on one line."""
        return " ".join(self.span.text.split())

    @property
    def missing(self) -> str:
        """What has not been shown; empty for what has."""
        if self.true and self.false:
            return ""
        if self.true or self.false:
            return "never false" if self.true else "never true"
        return "always failed" if self.failed else "never evaluated"


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    covered: int
    total: int

    @property
    def percent(self) -> float:
        """In percent to a tenth, rounded down: 100 only of all."""
        return 100.0 if not self.total else self.covered * 1000 // self.total / 10

    def __add__(self, other: Share) -> Share:
        return Share(self.covered + other.covered, self.total + other.total)


@dataclass(frozen=True, slots=True)
class DocumentCover:
    """What the suites cover of one document."""

    name: str
    kind: str
    cases: int
    """The cases that count."""
    rules: tuple[RuleCover, ...]
    conditions: tuple[ConditionCover, ...]

    @property
    def of_rules(self) -> Share:
        """The rules, rows and cells that have decided, of those that can."""
        return _covered(self.rules)

    @property
    def of_conditions(self) -> Share:
        """The conditions that were seen both true and false, of those that can be."""
        return _covered(self.conditions)

    @property
    def uncovered(self) -> tuple[RuleCover | ConditionCover, ...]:
        """What has not been shown, in the order of the document."""
        found = (one for one in self.places if one.missing and not one.unreachable)
        return tuple(sorted(found, key=lambda one: (one.span.start, one.span.end)))

    @property
    def unreachable(self) -> tuple[RuleCover | ConditionCover, ...]:
        """What its suites say that nothing shows, and nothing has shown."""
        return tuple(one for one in self.places if one.missing and one.unreachable)

    @property
    def reached(self) -> tuple[RuleCover | ConditionCover, ...]:
        """What its suites say that nothing shows, where all that is called so has been shown."""
        still = {one.name for one in self.unreachable}
        return tuple(one for one in self.places if one.unreachable and one.name not in still)

    @property
    def places(self) -> tuple[RuleCover | ConditionCover, ...]:
        """Everything that can be covered."""
        return (*self.rules, *self.conditions)

    def below(self, percent: float) -> bool:
        """Whether its rules or its conditions fall short."""
        return min(self.of_rules.percent, self.of_conditions.percent) < percent


def _covered(places: Sequence[RuleCover | ConditionCover]) -> Share:
    covered = sum(1 for one in places if not one.missing)
    return Share(covered, covered + sum(1 for one in places if one.missing and not one.unreachable))


@dataclass(slots=True)
class Counted:
    """What was met of one plan, by its own suites and by way of others."""

    written: Written
    tally: Tally
    own: Tally
    others: dict[str, Tally] = field(default_factory=dict)
    cases: int = 0
    unreachable: list[Unreachable] = field(default_factory=list)

    def add(self, suite: Suite, name: str) -> None:
        """Take over what the cases of a suite met of the policy of this name."""
        if suite.policy == name:
            self.own.add(self.tally)
            self.cases += len(suite.cases)
            self.unreachable += suite.unreachable
        elif self.tally.any:
            self.others.setdefault(suite.policy, Tally.of(self.written.probes)).add(self.tally)
        self.tally.reset()

    def by(self, met: str, numbers: Iterable[int]) -> tuple[str, ...]:
        """The policies by way of whose suites something was met, of what a tally counts under a name."""
        wanted = list(numbers)
        return tuple(name for name, other in self.others.items() if any(getattr(other, met)[n] for n in wanted))


class Watch:
    """A machine that decides as another does and counts what it meets; suites run on it one by one."""

    def __init__(self, machine: Machine) -> None:
        self._counted: dict[str, Counted] = {}
        programs: dict[str, Program] = {}
        policies = {}
        for name, policy in machine.policies.items():
            written = written_in(policy.plan)
            tally = Tally.of(written.probes)
            programs[name] = compile_probed(policy.program, written.probes, tally, programs)
            policies[name] = replace(policy, program=programs[name], tracer=Tracer(programs[name]))
            self._counted[name] = Counted(written, tally, Tally.of(written.probes))
        self.machine = replace(machine, policies=policies)

    def run(self, suite: Suite) -> None:
        """Run the cases of a suite, and keep what they met."""
        for _ in run_cases(suite, self.machine):
            pass
        for name, counted in self._counted.items():
            counted.add(suite, name)

    def documents(self) -> list[DocumentCover]:
        """What is covered of each policy, in the order of the bundle, then of each library that one takes."""
        libraries: dict[str, dict[tuple[int, int], ConditionCover]] = {}
        found: list[DocumentCover] = []
        for name, counted in self._counted.items():
            plan = self.machine.policies[name].plan
            own: dict[tuple[int, int], ConditionCover] = {}
            for one in _conditions(counted):
                source = one.span.source.name
                group = own if source == plan.span.source.name else libraries.setdefault(source, {})
                place = (one.span.start, one.span.end)
                group[place] = _united(group[place], one) if place in group else one
            rules = tuple(_rules(counted))
            found.append(DocumentCover(name, plan.kind, counted.cases, rules, tuple(own.values())))
        shared = ((one.name, d) for one in self.machine.bundle.libraries.values() for d in one.definitions.values())
        names = {definition.node.span.source.name: name for name, definition in shared}
        return found + [
            DocumentCover(names.get(source, source), "Library", 0, (), tuple(group.values()))
            for source, group in libraries.items()
        ]


def _rules(counted: Counted) -> Iterator[RuleCover]:
    """What decides in a document, with how often it did."""
    own = counted.own
    said = {one.rule: one.because for one in counted.unreachable}
    for one in counted.written.deciding:
        why = said.get(one.id, "")
        if one.when is not None:
            yield RuleCover(one.id, one.span, own.true[one.when], counted.by("true", [one.when]), why)
        else:
            times = sum(own.decided[number] for number in one.by)
            yield RuleCover(one.id, one.span, times, counted.by("decided", one.by), why)


def _conditions(counted: Counted) -> Iterator[ConditionCover]:
    """The conditions of a plan, with what they came to."""
    own, said = counted.own, {one.condition: one.because for one in counted.unreachable}
    for number in counted.written.conditions:
        true, false = own.true[number], own.false[number]
        lacking = [met for met, times in (("true", true), ("false", false)) if not times]
        elsewhere = [counted.by(met, [number]) for met in lacking]
        both = tuple(name for name in elsewhere[0] if all(name in names for names in elsewhere)) if lacking else ()
        node = counted.written.probes.conditions[number]
        why = said.get(text_of_condition(node), "")
        yield ConditionCover(node.span, true, false, own.failed[number], both, why)


def _united(one: ConditionCover, other: ConditionCover) -> ConditionCover:
    """A condition that several policies evaluate, or that stands in one place for several."""
    elsewhere = tuple(dict.fromkeys((*one.elsewhere, *other.elsewhere)))
    counts = (one.true + other.true, one.false + other.false, one.failed + other.failed)
    return ConditionCover(one.span, *counts, elsewhere, one.unreachable or other.unreachable)


def total(documents: Iterable[DocumentCover]) -> tuple[Share, Share]:
    """The rules and the conditions of several documents."""
    rules, conditions = Share(0, 0), Share(0, 0)
    for one in documents:
        rules, conditions = rules + one.of_rules, conditions + one.of_conditions
    return rules, conditions


def as_json(documents: Iterable[DocumentCover]) -> Mapping[str, object]:
    """The shape printed by `bascule test --coverage --json`."""
    listed = list(documents)
    rules, conditions = total(listed)
    return {
        "rules": _share(rules),
        "conditions": _share(conditions),
        "documents": [
            {
                "name": one.name,
                "kind": one.kind,
                "cases": one.cases,
                "rules": _share(one.of_rules),
                "conditions": _share(one.of_conditions),
                "uncovered": [_place(place) for place in one.uncovered],
                "unreachable": [_place(place) | {"because": place.unreachable} for place in one.unreachable],
            }
            for one in listed
        ],
    }


def _share(share: Share) -> dict[str, object]:
    return {"covered": share.covered, "total": share.total, "percent": share.percent}


def _place(place: RuleCover | ConditionCover) -> dict[str, object]:
    span = place.span
    what: dict[str, object] = {"rule" if isinstance(place, RuleCover) else "condition": place.name}
    at = {"file": span.source.name, "line": span.line, "column": span.column}
    return {**what, **at, "missing": place.missing, "elsewhere": list(place.elsewhere)}
