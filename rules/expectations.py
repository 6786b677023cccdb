"""What a case may expect: outcomes, rules, outputs, steps and events that the policy has.

An expectation of what the policy lacks would be met by never coming out, or never be met at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from rules.diagnostics import did_you_mean
from rules.documents.findings import one_of
from rules.documents.shape import Step
from rules.documents.suites import Expectation, StageExpectation
from rules.plan import Plan, reached_events

Path = tuple[Step, ...]


class Report(Protocol):
    """Reports a fault at a path of the suite, and gives what ends its case."""

    def __call__(
        self, code: str, path: Path, message: str, remedy: str = "", *, expected: str = "", at_key: bool = False
    ) -> Exception:
        """What ends the case; `remedy` is what to write, and the place is the key of `path` where `at_key`."""


class Expecting:
    """Holds what cases expect against one policy. `plans` are those of the bundle, by name."""

    def __init__(self, plan: Plan, plans: Mapping[str, Plan], report: Report) -> None:
        self.plan, self.plans, self.report = plan, plans, report
        self.events = frozenset(reached_events(plan, plans))
        """What a case may say is silent, the events of inherited lines included."""

    def check(self, expect: Expectation, ident: str, path: Path, at: Path) -> None:
        """Report the first thing that cannot be of an expectation, which stands at `at`; its case stands at `path`."""
        plan = self.plan
        if all(value in (None, {}) for _, value in expect):  # `log: []` expects that nothing is logged
            raise self.report("suite-empty", (*path, "id"), f"`{ident}` expects nothing", "`expect: {outcome: …}`")
        self._outcome(plan, expect.outcome, (*at, "outcome"))
        self._rule(plan, expect.rule, (*at, "rule"))
        for name in expect.outputs or {}:
            outputs = [output.name for output in plan.outputs]
            self._known("suite-output", plan, "output", name, outputs, (*at, "outputs", name), at_key=True)
        for name, stage in (expect.stages or {}).items():
            self._stage(name, stage, (*at, "stages", name))
        for index, event in enumerate(expect.silent or ()):
            self._known("suite-event", plan, "log event", event, self.events, (*at, "silent", index))

    def _stage(self, name: str, expect: str | StageExpectation | None, at: Path) -> None:
        """A step, down through the pipelines that ask it, and what it must have decided."""
        plan = self.plan
        for step in name.split("."):
            steps = {call.name.removeprefix("steps."): call for call in plan.calls if call.name in plan.stages}
            self._known("suite-stage", plan, "step", step, steps, at, at_key=True)
            plan = self.plans[steps[step].policy]
        if isinstance(expect, str):
            self._outcome(plan, expect, at)
        elif expect is not None:
            self._outcome(plan, expect.outcome, (*at, "outcome"))
            self._rule(plan, expect.rule, (*at, "rule"))

    def _outcome(self, plan: Plan, outcome: str | None, at: Path) -> None:
        if outcome is not None:
            self._known("suite-outcome", plan, "outcome", outcome, plan.outcomes, at)

    def _rule(self, plan: Plan, rule: str | None, at: Path) -> None:
        if rule is not None:
            self._known("suite-rule", plan, "rule", rule, [case.id for case in plan.all_cases], at)

    def _known(
        self, code: str, plan: Plan, what: str, name: str, known: Iterable[str], at: Path, *, at_key: bool = False
    ) -> None:
        if name in known:
            return
        near = did_you_mean(name, known)
        remedy = f"`{near}`" if near else ""
        expected = "" if near else one_of(sorted(known)) or f"no {what} at all"
        raise self.report(code, at, f"`{plan.name}` has no {what} `{name}`", remedy, expected=expected, at_key=at_key)
