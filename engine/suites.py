"""Running policy tests: each case decided, what came out held against what was expected.

A case passes when everything it expects was found; its failures say expected and found, and carry the trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.decision import Decision, RuleTrace, Stage, Stamp
from engine.faults import InputsRefused
from engine.policy import LogLine, Machine, Policy
from engine.requirements import unmet_requirements
from rules.documents.suites import Expectation, StageExpectation
from rules.suites import Suite, TestCase

STAMP = Stamp("test", datetime(2000, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that did not come out as expected."""

    what: str
    expected: object
    found: object


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of one case."""

    case: TestCase
    mismatches: tuple[Mismatch, ...]
    decision: Decision | None
    trace: tuple[RuleTrace, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.mismatches


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What became of the cases of one suite."""

    suite: Suite
    results: tuple[CaseResult, ...]

    @property
    def failed(self) -> int:
        """How many cases failed."""
        return sum(1 for result in self.results if not result.passed)


def run_suite(suite: Suite, machine: Machine) -> SuiteResult:
    """Every case of a suite."""
    return SuiteResult(suite, tuple(run_cases(suite, machine)))


def run_cases(suite: Suite, machine: Machine) -> Iterator[CaseResult]:
    """The cases of a suite one by one, each when it is asked for."""
    policy = machine.policies[suite.policy]
    for case in suite.cases:
        yield _run_case(case, suite, policy)


def _run_case(case: TestCase, suite: Suite, policy: Policy) -> CaseResult:
    moved = policy.with_parameters(case.parameters) if case.parameters else policy
    unmet = unmet_requirements(moved.program) if case.parameters else []
    if unmet:
        return CaseResult(case, (Mismatch("parameters", "values the policy allows together", unmet[0].message),), None)
    lines: list[LogLine] = []
    try:
        inputs = moved.decoder.from_plain(case.inputs)
    except InputsRefused as refused:
        decision = moved.refused(refused, STAMP, case.inputs)
    else:
        decision, lines = moved.decide_and_log(inputs, STAMP)
        if mismatches := tuple(_compare(case, suite.tolerance, moved.plan.on_error, decision, lines)):
            traced = moved.decide(inputs, STAMP, trace=True).trace or []
            return CaseResult(case, mismatches, decision, tuple(traced))
    return CaseResult(case, tuple(_compare(case, suite.tolerance, moved.plan.on_error, decision, lines)), decision)


def _compare(
    case: TestCase, tolerance: float, on_error: str, decision: Decision, lines: list[LogLine]
) -> Iterator[Mismatch]:
    """What did not come out; an error nobody expected is one, although it blocks like the block that was expected."""
    expect = case.expect
    for what in ("outcome", "effect", "rule", "reason"):
        wanted, found = getattr(expect, what), getattr(decision, what)
        if wanted is not None and wanted != found:
            yield Mismatch(what, wanted, found)
    yield from _compare_outputs(expect.outputs or {}, decision, tolerance)
    yield from _compare_stages(expect.stages or {}, decision.stages)
    yield from _compare_log(expect, lines)
    message = decision.error.message if decision.error is not None else None
    if expect.silent and message is not None and expect.outcome == on_error:
        yield Mismatch("silent", "a decision, which may write lines", "one that failed, which writes none")
    if expect.error is not None and (message is None or expect.error not in message):
        yield Mismatch("error", expect.error, message)
    if expect.error is None and message is not None and expect.outcome != on_error:
        yield Mismatch("error", None, message)


def _compare_stages(
    wanted: Mapping[str, str | StageExpectation | None], stages: list[Stage] | None
) -> Iterator[Mismatch]:
    """What steps decided otherwise; a step that was not asked decided nothing, nor did those that it would ask."""
    for name, expect in wanted.items():
        found = _stage(name.split("."), stages or [])
        asked = found if found is not None and found.asked else None
        if stages is None:
            yield Mismatch(f"stages.{name}", _told(expect), "a decision that failed, which tells of no steps")
        elif expect is None or asked is None:
            if expect is not None or asked is not None:
                yield Mismatch(f"stages.{name}", _told(expect), "not asked" if asked is None else asked.outcome)
        else:
            said = StageExpectation(outcome=expect) if isinstance(expect, str) else expect
            for what, value in said:
                if value is not None and value != getattr(asked, what):
                    yield Mismatch(f"stages.{name}.{what}", value, asked.error or getattr(asked, what))


def _stage(path: list[str], stages: list[Stage]) -> Stage | None:
    """The step at a path of ids, through the pipelines that ask it."""
    found = next((stage for stage in stages if stage.id == path[0]), None)
    return found if found is None or len(path) == 1 else _stage(path[1:], found.stages)


def _told(expect: str | StageExpectation | None) -> object:
    if isinstance(expect, StageExpectation):
        return expect.model_dump(exclude_none=True)
    return "not asked" if expect is None else expect


def _compare_log(expect: Expectation, lines: list[LogLine]) -> Iterator[Mismatch]:
    """The lines that must be there, and the events that must not; `lines` are an event and its line each."""
    log = [line for _, line in lines]
    for line in expect.log or ():
        if line not in log:
            yield Mismatch("log", line, log)
    if expect.log == [] and log:
        yield Mismatch("log", [], log)
    for silent in expect.silent or ():
        if written := [line for event, line in lines if event == silent]:
            yield Mismatch("silent", f"no line of {silent}", written)


def _compare_outputs(wanted: Mapping[str, object], decision: Decision, tolerance: float) -> Iterator[Mismatch]:
    for name, value in wanted.items():
        found = decision.outputs.get(name)
        if not _equal(value, found, tolerance):
            yield Mismatch(f"outputs.{name}", value, found)


def _equal(wanted: object, found: object, tolerance: float) -> bool:
    numbers = isinstance(wanted, int | float) and isinstance(found, int | float)
    if numbers and not isinstance(wanted, bool) and not isinstance(found, bool):
        assert isinstance(wanted, int | float)
        assert isinstance(found, int | float)
        return abs(wanted - found) <= tolerance
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(_equal(w, f, tolerance) for w, f in zip(wanted, found, strict=True))
    if isinstance(wanted, dict) and isinstance(found, dict):
        return wanted.keys() == found.keys() and all(_equal(w, found[k], tolerance) for k, w in wanted.items())
    return type(wanted) is type(found) and wanted == found
