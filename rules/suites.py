"""Policy tests as written: fixtures, cases, what each expects. Running them is the engine's.

What can be known without running is checked here: the policy exists, the fixture exists, the outcome and the
parameters named are the policy's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.cel.literals import inner
from rules.cel.tree import ConstantValue
from rules.diagnostics import Diagnostics, did_you_mean
from rules.documents.kinds import CaseSpec, Expectation, SuiteDocument, SuiteSpec
from rules.documents.shape import Shaped, Step
from rules.plan import Plan
from rules.source import Span


@dataclass(frozen=True, slots=True)
class TestCase:
    """One case: its inputs before decoding, the parameters it moves, and what must come out."""

    __test__ = False  # not a test of ours, whatever pytest thinks of the name

    id: str
    tags: tuple[str, ...]
    inputs: Mapping[str, object]
    parameters: Mapping[str, ConstantValue]
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


def read_suite(document: Shaped, plans: Mapping[str, Plan], diagnostics: Diagnostics) -> Suite | None:
    """The suite of a document, or None when it has faults."""
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
    reader = _Reader(document, spec, plan, diagnostics)
    cases = reader.cases()
    return (
        None
        if reader.failed
        else Suite(document.name, plan.name, spec.tolerance, tuple(cases), document.span("metadata", "name"))
    )


class _Reader:
    def __init__(self, document: Shaped, spec: SuiteSpec, plan: Plan, diagnostics: Diagnostics) -> None:
        self.document, self.spec, self.plan, self.diagnostics = document, spec, plan, diagnostics
        self.failed = False

    def fail(self, code: str, path: tuple[Step, ...], message: str, remedy: str = "") -> _Faulty:
        self.failed = True
        self.diagnostics.error(code, self.document.span(*path), message, remedy=remedy)
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
        name = case.given or self.spec.given
        inputs: dict[str, object] = self.fixture(name, path, ()) if name is not None else {}
        for key, value in case.set.items():
            self._set(inputs, key.split("."), value, (*path, "set", key))
        for index, key in enumerate(case.drop):
            self._drop(inputs, key.split("."), (*path, "drop", index))
        parameters = {
            key: self._parameter(key, value, (*path, "parameters", key)) for key, value in case.parameters.items()
        }
        outcome = case.expect.outcome
        if outcome is not None and outcome not in self.plan.outcomes:
            near = did_you_mean(outcome, self.plan.outcomes)
            raise self.fail(
                "suite-outcome",
                (*path, "expect", "outcome"),
                f"`{outcome}` is not an outcome of `{self.plan.name}`",
                f"`{near}`" if near else "",
            )
        if not case.expect.model_fields_set:
            raise self.fail("suite-empty", (*path, "id"), f"`{case.id}` expects nothing", "`expect: {outcome: …}`")
        return TestCase(case.id, tuple(case.tags), inputs, parameters, case.expect, self.document.span(*path, "id"))

    def fixture(self, name: str, path: tuple[Step, ...], open_: tuple[str, ...]) -> dict[str, object]:
        """The inputs of a fixture, laid over the one it extends."""
        if name in open_:
            raise self.fail("suite-fixture", ("spec", "fixtures", name), f"`{name}` extends itself")
        found = self.spec.fixtures.get(name)
        if found is None:
            near = did_you_mean(name, self.spec.fixtures)
            raise self.fail("suite-fixture", path, f"there is no fixture `{name}`", f"`{near}`" if near else "")
        base = found.get("extends")
        inputs = _copy({key: value for key, value in found.items() if key != "extends"})
        assert isinstance(inputs, dict)
        if base is None:
            return inputs
        return _laid_over(self.fixture(str(base), ("spec", "fixtures", name, "extends"), (*open_, name)), inputs)

    def _walk(self, inputs: object, steps: list[str], path: tuple[Step, ...]) -> tuple[object, str | int]:
        at = inputs
        for position, step in enumerate(steps):
            last = position == len(steps) - 1
            if isinstance(at, list) and step.isdigit() and int(step) < len(at):
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
                raise self.fail("suite-path", path, f"`{'.'.join(steps)}` leads nowhere at `{step}`")
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
            raise self.fail("suite-path", path, f"`{'.'.join(steps)}` is not there to be dropped")

    def _parameter(self, name: str, value: object, path: tuple[Step, ...]) -> ConstantValue:
        found = next((p for p in self.plan.parameters if p.name == name), None)
        if found is None:
            near = did_you_mean(name, [p.name for p in self.plan.parameters])
            raise self.fail(
                "suite-parameter", path, f"`{self.plan.name}` has no parameter `{name}`", f"`{near}`" if near else ""
            )
        try:
            return inner(value, found.type)
        except ValueError as error:
            raise self.fail("suite-parameter", path, f"the value does not fit: {error}") from None


_ABSENT = object()


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
