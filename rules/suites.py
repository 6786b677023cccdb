"""Policy tests as written: fixtures, cases, what each expects. Running them is the engine's.

What can be known without running is checked here: the policy exists, the fixture exists, the outcome, the parameters
and the log events named are the policy's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rules.diagnostics import Diagnostics, did_you_mean
from rules.documents.findings import one_of
from rules.documents.kinds import CaseSpec, Expectation, SuiteDocument, SuiteSpec
from rules.documents.shape import Shaped, Step
from rules.documents.types_document import Fact
from rules.plan import Parameter, ParameterValue, Plan, reached_events, reached_parameters
from rules.source import Span
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
class Suite:
    """The cases of one policy."""

    name: str
    policy: str
    tolerance: float
    cases: tuple[TestCase, ...]
    span: Span


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
    cases = reader.cases()
    return (
        None
        if reader.failed
        else Suite(document.name, plan.name, spec.tolerance, tuple(cases), document.span("metadata", "name"))
    )


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
        self.events = frozenset(reached_events(plan, plans))
        """What a case may say is silent, the events of inherited lines included."""
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

    def cases(self) -> list[TestCase]:
        out: list[TestCase] = []
        seen: set[str] = set()
        for index, case in enumerate(self.spec.cases):
            path: tuple[Step, ...] = ("spec", "cases", index)
            if case.id in seen:
                self.fail("suite-duplicate", (*path, "id"), f"`{case.id}` is the id of another case", "another id")
            seen.add(case.id)
            try:
                out.append(self._case(path, case))
            except _Faulty:
                continue
        return out

    def _case(self, path: tuple[Step, ...], case: CaseSpec) -> TestCase:
        name, said = (case.given, (*path, "given")) if case.given else (self.spec.given, ("spec", "given"))
        inputs: dict[str, object] = self.fixture(name, said) if name is not None else {}
        for key, value in case.set.items():
            if case.expect.error is None:  # what is refused may be just what the case is about
                self._leads_somewhere(key.split("."), (*path, "set", key))
            self._set(inputs, key.split("."), value, (*path, "set", key))
        for index, key in enumerate(case.drop):
            self._drop(inputs, key.split("."), (*path, "drop", index))
        parameters = {
            key: self._parameter(key, value, (*path, "parameters", key)) for key, value in case.parameters.items()
        }
        self._check_expectation(case, path)
        return TestCase(case.id, tuple(case.tags), inputs, parameters, case.expect, self.document.span(*path, "id"))

    def _check_expectation(self, case: CaseSpec, path: tuple[Step, ...]) -> None:
        """An expectation names what the policy has: what it lacks would be met by never coming out."""
        expect, plan = case.expect, self.plan
        if all(value in (None, {}) for _, value in expect):  # `log: []` expects that nothing is logged
            raise self.fail("suite-empty", (*path, "id"), f"`{case.id}` expects nothing", "`expect: {outcome: …}`")
        if expect.outcome is not None:
            self._known("suite-outcome", "outcome", expect.outcome, plan.outcomes, (*path, "expect", "outcome"))
        if expect.rule is not None:
            rules = [case.id for case in plan.all_cases]
            self._known("suite-rule", "rule", expect.rule, rules, (*path, "expect", "rule"))
        for name in expect.outputs or {}:
            outputs = [output.name for output in plan.outputs]
            self._known("suite-output", "output", name, outputs, (*path, "expect", "outputs", name), at_key=True)
        for index, event in enumerate(expect.silent or ()):
            self._known("suite-event", "log event", event, self.events, (*path, "expect", "silent", index))

    def _known(
        self, code: str, what: str, name: str, known: Iterable[str], path: tuple[Step, ...], *, at_key: bool = False
    ) -> None:
        if name in known:
            return
        near = did_you_mean(name, known)
        remedy = f"`{near}`" if near else ""
        expected = "" if near else one_of(sorted(known)) or f"no {what} at all"
        self.fail(code, path, f"`{self.plan.name}` has no {what} `{name}`", remedy, expected=expected, at_key=at_key)

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
