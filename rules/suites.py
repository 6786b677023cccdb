"""Policy tests as written: fixtures, cases, sweeps, what each expects. Running them is the engine's.

What can be known without running is checked here: the policy exists, the fixture exists, and what is named of the
policy (outcomes, rules, steps, parameters, log events, conditions) is its own. A sweep becomes a case for every fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rules.conditions import conditions, text_of_condition
from rules.diagnostics import Diagnostics, did_you_mean
from rules.documents.kinds import SuiteDocument
from rules.documents.shape import Shaped, Step
from rules.documents.suites import CaseSpec, Expectation, SuiteSpec, SweepSpec
from rules.documents.types_document import Fact
from rules.expectations import Expecting
from rules.plan import Parameter, ParameterValue, Plan, reached_parameters
from rules.source import Span
from rules.sweeps import facts_of
from rules.types import ListType, MapType, RecordType, Type


@dataclass(frozen=True, slots=True)
class TestCase:
    """One case: its inputs before decoding, the parameters it moves, and what must come out."""

    __test__ = False  # not a test of ours, whatever pytest thinks of the name

    id: str
    tags: tuple[str, ...]
    inputs: Mapping[str, object]
    parameters: Mapping[str, ParameterValue]
    expect: Expectation
    span: Span


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A rule that no inputs bring about, or a condition (as it is written) that none turn, and why."""

    rule: str | None
    condition: str | None
    because: str


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one policy."""

    name: str
    policy: str
    tolerance: float
    cases: tuple[TestCase, ...]
    span: Span
    unreachable: tuple[Unreachable, ...] = ()


class _Faulty(Exception):
    """A case has a fault, which has been reported."""


def read_suite(
    document: Shaped, plans: Mapping[str, Plan], diagnostics: Diagnostics, facts: Mapping[str, Fact] | None = None
) -> Suite | None:
    """The suite of a document, or None when it has faults. `facts` are those of the glossary."""
    assert isinstance(document.model, SuiteDocument)
    spec = document.model.spec
    plan = plans.get(spec.policy)
    if plan is None:
        near = did_you_mean(spec.policy, plans)
        diagnostics.error(
            "suite-policy",
            document.span("spec", "policy"),
            f"there is no policy `{spec.policy}`",
            remedy=f"`{near}`" if near else "",
        )
        return None
    glossary = {name: fact.type for name, fact in (facts or {}).items()}
    inputs = {f.name: f.type for f in plan.inputs}
    reader = _Reader(document, spec, plan, plans, diagnostics, glossary | inputs)
    cases, unreachable = tuple(reader.cases()), tuple(reader.unreachable())
    if reader.failed:
        return None
    return Suite(document.name, plan.name, spec.tolerance, cases, document.span("metadata", "name"), unreachable)


class _Reader:
    def __init__(
        self,
        document: Shaped,
        spec: SuiteSpec,
        plan: Plan,
        plans: Mapping[str, Plan],
        diagnostics: Diagnostics,
        roots: Mapping[str, Type],
    ) -> None:
        self.document, self.spec, self.plan, self.diagnostics = document, spec, plan, diagnostics
        self.parameters: Mapping[str, Parameter] = reached_parameters(plan, plans)
        """What a case may move, those of the policies asked included."""
        self.expecting = Expecting(plan, plans, self.fail)
        self.roots = roots
        """What a path may begin with: the inputs of the policy and the facts of the glossary."""
        self.failed = False

    def fail(
        self,
        code: str,
        path: tuple[Step, ...],
        message: str,
        remedy: str = "",
        *,
        expected: str = "",
        at_key: bool = False,
    ) -> _Faulty:
        self.failed = True
        span = self.document.key_span(*path) if at_key else self.document.span(*path)
        self.diagnostics.error(code, span, message, expected=expected, remedy=remedy)
        return _Faulty()

    def cases(self) -> Iterator[TestCase]:
        """The cases, then those that the sweeps come to; one with a fault is reported and left out."""
        seen: set[str] = set()
        written: list[tuple[tuple[Step, ...], CaseSpec | SweepSpec]] = [
            *((("spec", "cases", index), case) for index, case in enumerate(self.spec.cases)),
            *((("spec", "sweeps", index), sweep) for index, sweep in enumerate(self.spec.sweeps)),
        ]
        for path, one in written:
            if one.id in seen:
                self.fail("suite-duplicate", (*path, "id"), f"`{one.id}` is the id of another case", "another id")
            seen.add(one.id)
            try:
                found = [self._case(path, one)] if isinstance(one, CaseSpec) else list(self._sweep(path, one))
            except _Faulty:
                continue
            yield from found

    def unreachable(self) -> Iterator[Unreachable]:
        """What coverage is not to count, each a rule or a condition of the policy."""
        rules = {case.id for case in self.plan.all_cases} | {row.id for row in self.plan.rows}
        written = {text_of_condition(node) for node in conditions(self.plan)}
        for index, one in enumerate(self.spec.unreachable):
            path: tuple[Step, ...] = ("spec", "unreachable", index)
            condition = None if one.condition is None else " ".join(one.condition.split())
            if one.rule is None and condition is None:
                message, remedy = "this names neither a rule nor a condition", "`rule: …`, or `condition: …`"
                self.fail("suite-empty", (*path, "because"), message, remedy)
            if one.rule is not None and one.rule not in rules:
                self._not_there("suite-rule", "rule", one.rule, rules, (*path, "rule"))
            if condition is not None and condition not in written:
                self._not_there("suite-condition", "condition", condition, written, (*path, "condition"))
            yield Unreachable(one.rule, condition, one.because)

    def _not_there(self, code: str, what: str, name: str, known: Iterable[str], path: tuple[Step, ...]) -> None:
        near = did_you_mean(name, known)
        self.fail(code, path, f"`{self.plan.name}` has no {what} `{name}`", f"`{near}`" if near else "")

    def _case(self, path: tuple[Step, ...], case: CaseSpec) -> TestCase:
        inputs = self._inputs(path, case)
        for index, key in enumerate(case.drop):
            self._drop(inputs, key.split("."), (*path, "drop", index))
        self.expecting.check(case.expect, case.id, path, (*path, "expect"))
        parameters = self._parameters(path, case)
        return TestCase(case.id, tuple(case.tags), inputs, parameters, case.expect, self.document.span(*path, "id"))

    def _sweep(self, path: tuple[Step, ...], sweep: SweepSpec) -> Iterator[TestCase]:
        """A case for every fact that is left out."""
        inputs, parameters = self._inputs(path, sweep), self._parameters(path, sweep)
        facts = {".".join(steps): steps for steps in facts_of(inputs, self.plan.inputs)}
        for index, root in enumerate(sweep.of or ()):
            self._is_fact(root, facts, (*path, "of", index))
        if sweep.of is not None:
            facts = {name: steps for name, steps in facts.items() if any(_within(name, root) for root in sweep.of)}
        self.expecting.check(sweep.expect, sweep.id, path, (*path, "expect"))
        for name, expect in sweep.instead.items():
            self._is_fact(name, facts, (*path, "instead", name), at_key=True)
            self.expecting.check(expect, sweep.id, path, (*path, "instead", name))
        own, tags = self.document.span(*path, "id"), tuple(sweep.tags)
        for name, steps in facts.items():
            left = _copied(inputs)
            self._drop(left, list(steps), path)
            span = self.document.key_span(*path, "instead", name) if name in sweep.instead else own
            expect = sweep.instead.get(name, sweep.expect)
            yield TestCase(f"{sweep.id}/{name}", tags, left, parameters, expect, span)

    def _is_fact(
        self, name: str, facts: Mapping[str, tuple[str, ...]], path: tuple[Step, ...], *, at_key: bool = False
    ) -> None:
        if name not in facts:
            near = did_you_mean(name, facts)
            message = f"`{name}` is no fact that is left out here"
            raise self.fail("suite-path", path, message, f"`{near}`" if near else "", at_key=at_key)

    def _inputs(self, path: tuple[Step, ...], case: CaseSpec | SweepSpec) -> dict[str, object]:
        """The fixture of a case with what the case sets."""
        name, said = (case.given, (*path, "given")) if case.given else (self.spec.given, ("spec", "given"))
        inputs: dict[str, object] = self.fixture(name, said) if name is not None else {}
        for key, value in case.set.items():
            if case.expect.error is None:  # what is refused may be just what the case is about
                self._leads_somewhere(key.split("."), (*path, "set", key))
            self._set(inputs, key.split("."), value, (*path, "set", key))
        return inputs

    def _parameters(self, path: tuple[Step, ...], case: CaseSpec | SweepSpec) -> dict[str, ParameterValue]:
        return {key: self._parameter(key, value, (*path, "parameters", key)) for key, value in case.parameters.items()}

    def fixture(self, name: str, path: tuple[Step, ...]) -> dict[str, object]:
        """The inputs of a fixture, laid over the one it extends; `path` is where it is named."""
        layers: dict[str, dict[str, object]] = {}
        wanted: object = name
        while wanted is not None:
            if str(wanted) in layers:
                raise self.fail("suite-fixture", path, f"`{wanted}` extends itself")
            found = self.spec.fixtures.get(str(wanted))
            if found is None:
                near = did_you_mean(str(wanted), self.spec.fixtures)
                raise self.fail("suite-fixture", path, f"there is no fixture `{wanted}`", f"`{near}`" if near else "")
            layers[str(wanted)] = {key: value for key, value in found.items() if key != "extends"}
            path, wanted = ("spec", "fixtures", str(wanted), "extends"), found.get("extends")
        inputs: dict[str, object] = {}
        for layer in reversed(layers.values()):
            inputs = _laid_over(inputs, {key: _copy(value) for key, value in layer.items()})
        return inputs

    def _leads_somewhere(self, steps: list[str], path: tuple[Step, ...]) -> None:
        """Each step of a path is an input, or a field where its type has fields."""
        t: Type | None = None
        for position, step in enumerate(steps):
            match t:
                case None:
                    known, holder = self.roots, f"`{self.plan.name}` has no input"
                case RecordType():
                    known, holder = {f.name: f.type for f in t.fields}, f"`{'.'.join(steps[:position])}` has no field"
                case ListType(item=inner) | MapType(value=inner):
                    t = inner
                    continue
                case _:
                    return  # what leads below a value is told where the path is walked
            if isinstance(t, RecordType) and step in t.ignored:
                return
            if step not in known:
                near = did_you_mean(step, known)
                remedy = f"`{'.'.join([*steps[:position], near, *steps[position + 1 :]])}`" if near else ""
                raise self.fail("suite-path", path, f"{holder} `{step}`", remedy, at_key=True)
            t = known[step]

    def _walk(self, inputs: object, steps: list[str], path: tuple[Step, ...]) -> tuple[object, str | int]:
        at = inputs
        for position, step in enumerate(steps):
            last = position == len(steps) - 1
            if isinstance(at, list) and _INDEX.fullmatch(step) and int(step) < len(at):
                if last:
                    return at, int(step)
                at = at[int(step)]
            elif isinstance(at, dict):
                if last:
                    return at, step
                if step not in at:
                    at[step] = {}
                at = at[step]
            else:
                raise self.fail("suite-path", path, f"`{'.'.join(steps)}` leads nowhere at `{step}`", at_key=True)
        raise AssertionError("a path has at least one step")

    def _set(self, inputs: dict[str, object], steps: list[str], value: object, path: tuple[Step, ...]) -> None:
        holder, key = self._walk(inputs, steps, path)
        if isinstance(holder, list):
            holder[int(key)] = _copy(value)
        elif isinstance(holder, dict):
            holder[key] = _copy(value)

    def _drop(self, inputs: dict[str, object], steps: list[str], path: tuple[Step, ...]) -> None:
        holder, key = self._walk(inputs, steps, path)
        if isinstance(holder, list) and isinstance(key, int):
            del holder[key]
        elif isinstance(holder, dict) and holder.pop(key, _ABSENT) is _ABSENT:
            near = did_you_mean(str(key), holder)
            remedy = f"`{'.'.join([*steps[:-1], near])}`" if near else ""
            raise self.fail("suite-path", path, f"`{'.'.join(steps)}` is not there to be dropped", remedy)

    def _parameter(self, name: str, value: object, path: tuple[Step, ...]) -> ParameterValue:
        found = self.parameters.get(name)
        if found is None:
            near = did_you_mean(name, self.parameters)
            message, remedy = f"`{self.plan.name}` has no parameter `{name}`", f"`{near}`" if near else ""
            raise self.fail("suite-parameter", path, message, remedy, at_key=True)
        try:
            return found.read(value)
        except ValueError as error:
            key = _faulty_key(found, value)
            place = path if key is None else (*path, key)
            raise self.fail("suite-parameter", place, f"the value does not fit: {error}") from None


def given_by(spec: SuiteSpec) -> dict[str, object]:
    """What the cases of a suite begin with where they name no fixture; of a suite that has no faults."""
    layers: list[dict[str, object]] = []
    name: object = spec.given
    while name is not None:
        layers.append(spec.fixtures[str(name)])
        name = layers[-1].get("extends")
    inputs: dict[str, object] = {}
    for layer in reversed(layers):
        inputs = _laid_over(inputs, {key: value for key, value in layer.items() if key != "extends"})
    return inputs


def _faulty_key(parameter: Parameter, written: object) -> str | None:
    """The key under which a parameter per key is given what it cannot take."""
    for key, value in written.items() if isinstance(written, dict) and isinstance(parameter.type, MapType) else ():
        try:
            parameter.read({key: value})
        except ValueError:
            return str(key)
    return None


_ABSENT = object()
_INDEX = re.compile(r"[0-9]{1,6}")


def _within(name: str, root: str) -> bool:
    """Whether a fact is another one, or in it."""
    return name == root or name.startswith(f"{root}.")


def _copied(inputs: dict[str, object]) -> dict[str, object]:
    return {key: _copy(value) for key, value in inputs.items()}


def _copy(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value


def _laid_over(base: dict[str, object], over: dict[str, object]) -> dict[str, object]:
    out = dict(base)
    for key, value in over.items():
        below = out.get(key)
        out[key] = _laid_over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return out
