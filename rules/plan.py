"""The plan: what every kind of decision document lowers to, and all that a reader is given.

A plan is a list of guarded cases under a hit policy, typed outputs, requirements, log lines and an outcome for errors.
Whatever is particular to a kind has been said in these terms before a reader sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rules.cel.expressions import Template
from rules.cel.literals import inner, outer
from rules.cel.scope import Name
from rules.cel.tree import ConstantValue, Definition, Node, Placeholder
from rules.cel.written import longest
from rules.source import Span
from rules.types import EnumType, Field, MapType, StringType, Type, proves

Effect = Literal["allow", "block", "info"]
HitPolicy = Literal["first"]
Direction = Literal["up", "down"]
ParameterValue: TypeAlias = ConstantValue | Mapping[str, ConstantValue]
"""What a parameter stands at: one value, or one for each key that it lists."""
EFFECTS = EnumType("Effect", ("allow", "block", "info"))


@dataclass(frozen=True, slots=True)
class EnvironmentOverride:
    """The variable that may tighten a parameter; `unit_us`, for durations, is its unit in microseconds."""

    name: str
    tighten: Direction
    unit_us: int | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number the risk team sets, or one for each key. Values are in the engine's form (durations in microseconds)."""

    name: str
    type: Type
    default: ParameterValue
    description: str
    unit: str
    env: EnvironmentOverride | None
    origin: str
    """The document that declares it."""
    span: Span
    unlisted: ConstantValue = None
    """Of a parameter per key, whose type is a map: its value for a key that it does not list."""

    @property
    def meaning(self) -> Name:
        """What its name means in an expression."""
        return Name("parameter", self.name, self.type, unlisted=self.unlisted)

    def read(self, written: object) -> ParameterValue:
        """A value from a document, keys laid over those published. Raises ValueError where it does not fit."""
        if not isinstance(self.type, MapType):
            return inner(written, self.type)
        if not isinstance(written, Mapping) or not isinstance(self.default, Mapping):
            raise ValueError("a parameter per key takes a mapping, key by key")
        changed = {str(inner(key, self.type.key)): inner(value, self.type.value) for key, value in written.items()}
        found = {**self.default, **changed}
        if self.type.max_entries is not None and len(found) > self.type.max_entries:
            raise ValueError(f"these are {len(found)} keys with those published, and {self.type.max_entries} may be")
        return found

    def written(self, value: ParameterValue) -> object:
        """A value as documents write it."""
        if not isinstance(self.type, MapType):
            assert not isinstance(value, Mapping)
            return outer(value, self.type)
        assert isinstance(value, Mapping)
        return {key: outer(one, self.type.value) for key, one in value.items()}

    def is_published(self, value: ParameterValue) -> bool:
        """Whether a value is the published one: to the sign of a zero, and to the keys that are listed."""
        if not isinstance(value, Mapping) or not isinstance(self.default, Mapping):
            return repr(value) == repr(self.default)
        return value.keys() == self.default.keys() and not self._other_keys(value)

    def moved(self, value: ParameterValue) -> object:
        """A value that is not the published one, as decisions tell it; of a parameter per key, the keys that differ."""
        return self.written(self._other_keys(value) if isinstance(value, Mapping) else value)

    def _other_keys(self, value: Mapping[str, ConstantValue]) -> dict[str, ConstantValue]:
        """The keys that are not listed as published: also where their value is the one of any other key."""
        published = self.default if isinstance(self.default, Mapping) else {}
        listed = ((key, one, key in published) for key, one in value.items())
        return {key: one for key, one, known in listed if not known or repr(published[key]) != repr(one)}


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way a case applies."""

    when: Node
    reason: Template


@dataclass(frozen=True, slots=True)
class Case:
    """A guarded outcome: applies when `when` holds and, where there are alternatives, the first of them that holds."""

    id: str
    """What decisions name as their rule. Cases may share one where they differ in the outcome."""
    when: Node | None
    alternatives: tuple[Alternative, ...]
    outcome: str
    reason: Template | None
    span: Span
    text: str = ""
    """How the condition reads, where it does not stand in the document as an expression."""
    guards: bool = False
    """It is no rule of the document: it blocks what should not come about, should it come about all the same."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line or a cell that has its part in a decision without deciding it: a finding, a weight, a yes or no."""

    id: str
    when: Node
    span: Span
    case: str | None = None
    """The case whose decisions it is looked up for; None where `when` is evaluated on the way to every decision."""


@dataclass(frozen=True, slots=True)
class Output:
    """A typed result; an optional one is there only when `when` holds."""

    name: str
    type: Type
    value: Node
    when: Node | None
    optional: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something that must hold, by name."""

    id: str
    that: Node
    span: Span


@dataclass(frozen=True, slots=True)
class LogLine:
    """`event`, `separator`, the line; written when `when` holds (always when it is None)."""

    event: str
    separator: str
    line: Template
    when: Node | None


@dataclass(frozen=True, slots=True)
class InheritedLines:
    """The log lines of a called policy, as it writes them itself; written when `when` holds."""

    call: str
    when: Node


@dataclass(frozen=True, slots=True)
class Binding:
    """What an input of a called policy is given: `node`, and nothing where `when` does not hold.

    Without a node the input has its default, or is absent.
    """

    name: str
    node: Node | None
    when: Node | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """Another policy's decision: its inputs, each bound to an expression of this policy, in the callee's order."""

    name: str
    policy: str
    bindings: tuple[Binding, ...]
    span: Span
    when: Node | None = None
    """Asked only where this holds; elsewhere the call is absent."""

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every expression of the call."""
        given = (node for binding in self.bindings for node in (binding.node, binding.when))
        return tuple(node for node in (*given, self.when) if node is not None)


@dataclass(frozen=True, slots=True)
class Plan:
    """A decision document, ready for a reader."""

    kind: str
    name: str
    version: str
    title: str
    hit_policy: HitPolicy
    inputs: tuple[Field, ...]
    parameters: tuple[Parameter, ...]
    parameter_requirements: tuple[Requirement, ...]
    calls: tuple[Call, ...]
    definitions: tuple[Definition, ...]
    outcomes: Mapping[str, Effect]
    cases: tuple[Case, ...]
    otherwise: Case
    outputs: tuple[Output, ...]
    ensures: tuple[Requirement, ...]
    log: tuple[LogLine | InheritedLines, ...]
    on_error: str
    span: Span
    stages: tuple[str, ...] = ()
    """The calls that every decision tells of, in the order in which they are made."""
    exits: str | None = None
    """The outcome of an order that only reduces what is held: no fault may block it."""
    rows: tuple[Row, ...] = ()
    """What its kind writes in lines or cells that are no cases by themselves."""
    written: tuple[Node, ...] = ()
    """The expressions that stand in the document itself, each as it was read: what suites are measured against."""

    @property
    def reason_type(self) -> StringType:
        """The type of its reasons: texts as long as the longest that its messages can be."""
        return reason_type(self.all_cases)

    @property
    def all_cases(self) -> tuple[Case, ...]:
        """Every case, `otherwise` last."""
        return (*self.cases, self.otherwise)


FAILED_REASON = 200
"""Characters of the reason that a caller sees of a policy that failed, at most."""


def reason_type(cases: Iterable[Case]) -> StringType:
    """The type of the reasons of some cases; without a length when a message may quote a text that has none."""
    written = [reason for case in cases for reason in (case.reason, *(way.reason for way in case.alternatives))]
    lengths = [longest(reason.parts) for reason in written if reason is not None]
    known = [length for length in lengths if length is not None]
    return StringType(max([FAILED_REASON, *known]) if len(known) == len(lengths) else None)


def expressions(plan: Plan) -> Iterator[Node]:
    """Every expression that deciding, telling and logging may evaluate; definitions count where they are read."""
    for call in plan.calls:
        yield from call.nodes
    for case in plan.all_cases:
        yield from () if case.when is None else (case.when,)
        yield from _written(case.reason)
        for way in case.alternatives:
            yield way.when
            yield from _written(way.reason)
    for output in plan.outputs:
        yield output.value
        yield from () if output.when is None else (output.when,)
    yield from (requirement.that for requirement in plan.ensures)
    for line in plan.log:
        yield from () if line.when is None else (line.when,)
        yield from _written(line.line) if isinstance(line, LogLine) else ()


def _written(template: Template | None) -> Iterator[Node]:
    """The expressions of a message."""
    yield from (part.node for part in (template.parts if template else ()) if isinstance(part, Placeholder))


def reached_parameters(plan: Plan, plans: Mapping[str, Plan]) -> dict[str, Parameter]:
    """Every parameter that decisions of a plan depend on.

    Its own stand under their names, those of the policies it asks under `document.name`, by the document that declares
    them; one that both have, taken from one library, stands under its own name alone.
    """
    return joined(plan.parameters, (reached_parameters(plans[call.policy], plans) for call in plan.calls))


def joined(own: Sequence[Parameter], asked: Iterable[Mapping[str, Parameter]]) -> dict[str, Parameter]:
    """A policy's own parameters and what each policy it asks depends on, named as `reached_parameters` has it."""
    known = {(p.origin, p.name) for p in own}
    further = (p for reached in asked for p in reached.values() if (p.origin, p.name) not in known)
    return {p.name: p for p in own} | {f"{p.origin}.{p.name}": p for p in further}


def reached_events(plan: Plan, plans: Mapping[str, Plan]) -> Iterator[str]:
    """The event of every log line that a plan may write, those of the policies whose lines it writes included."""
    asked = {call.name: plans[call.policy] for call in plan.calls}
    for line in plan.log:
        yield from (line.event,) if isinstance(line, LogLine) else reached_events(asked[line.call], plans)


def may_fail(plan: Plan) -> bool:
    """Whether a decision of a plan may fail: a condition, an output, or what must hold of it."""
    conditions = (node for case in plan.all_cases for node in (case.when, *(way.when for way in case.alternatives)))
    asked = (node for output in plan.outputs for node in (output.value, output.when))
    outside = (output for output in plan.outputs if not proves(output.value.type, output.type))
    return bool(plan.ensures) or any(node is not None and node.fails for node in (*conditions, *asked)) or any(outside)
