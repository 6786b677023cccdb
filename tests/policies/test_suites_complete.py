"""Every shipped policy is shown whole by its suite: each rule by name, each outcome, each reason word for word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest

from engine.suites import CaseResult, run_suite
from rules.cel.expressions import Template
from rules.documents.kinds import SuiteDocument
from rules.plan import Case, Plan
from tests.engine.shipped import bundle, machine
from tests.policies.pending import PENDING

PLANS = {name: plan for name, plan in bundle().plans.items() if name not in PENDING}

CANNOT_BE = {
    "active-positions": {"regime", "NO_REGIME"},
    "governor": {"NO_REGIME", "ACTIVE_POSITIONS_ERROR"},
    "open-position": {"NO_REGIME", "ACTIVE_POSITIONS_ERROR", "GOVERNOR_ERROR", "ROUTE_ERROR", "UNKNOWN_OPERATION"},
    "execution-policy": {"prudent", "stale", "mode", "cap"},
    "safety": {"check-failed"},
}
"""What no inputs bring about: denials of a step whose policy cannot fail once its inputs are read, or of an operation
that the gate writes itself (the rules among them are unreached in `pipelines.py` too); and that a check of `safety`
fails, which SEEDS.md rules on, while the bounds of an order keep each of today's checks from it."""


@cache
def results(policy: str) -> tuple[CaseResult, ...]:
    """What became of each case of a policy's suites."""
    suites = [suite for suite in bundle().suites if suite.policy == policy]
    return tuple(result for suite in suites for result in run_suite(suite, machine()).results)


def cases_of(plan: Plan) -> tuple[Case, ...]:
    """The cases that can apply: a table that leaves nothing out ends in one that only guards it."""
    cannot = CANNOT_BE.get(plan.name, set())
    return tuple(case for case in plan.all_cases if case.id not in cannot and not case.guards)


def reasons(case: Case) -> Iterator[Template]:
    """Every reason a case may give: its own, or that of each of its ways to apply."""
    yield from (way.reason for way in case.alternatives)
    if case.reason is not None:
        yield case.reason


def shape(template: Template) -> re.Pattern[str]:
    """The messages a template can give."""
    return re.compile("".join(re.escape(part) if isinstance(part, str) else "(.+)" for part in template.parts))


@pytest.mark.parametrize("name", PLANS)
def test_every_case_passes(name: str) -> None:
    assert results(name), "no suite"
    assert [(result.case.id, result.mismatches) for result in results(name) if not result.passed] == []


@pytest.mark.parametrize("name", PLANS)
def test_every_rule_is_expected_by_name(name: str) -> None:
    expected = {result.case.expect.rule for result in results(name)}
    assert {case.id for case in cases_of(PLANS[name])} - expected == set()


@pytest.mark.parametrize("name", PLANS)
def test_every_outcome_is_expected(name: str) -> None:
    expected = {result.case.expect.outcome for result in results(name)}
    assert PLANS[name].outcomes.keys() - expected == CANNOT_BE.get(name, set()) & PLANS[name].outcomes.keys()


@pytest.mark.parametrize("name", PLANS)
def test_every_reason_is_expected_verbatim(name: str) -> None:
    said = [(r.decision.rule, r.case.expect.reason) for r in results(name) if r.decision is not None]
    for case in cases_of(PLANS[name]):
        given = [reason for rule, reason in said if rule == case.id and reason is not None]
        for template in reasons(case):
            assert any(shape(template).fullmatch(reason) for reason in given), (case.id, template.parts)


@pytest.mark.parametrize("name", PLANS)
def test_every_output_is_expected_present_and_absent(name: str) -> None:
    told = [result.case.expect.outputs or {} for result in results(name)]
    for output in PLANS[name].outputs:
        found = {given[output.name] is None for given in told if output.name in given}
        assert found >= ({True, False} if output.optional else {False}), output.name


def test_what_overrules_a_seed_says_so() -> None:
    for document in bundle().documents:
        if isinstance(document.model, SuiteDocument):
            for case in document.model.spec.cases:
                said = "SEEDS.md overrules" in (case.description or "")
                assert said == ("overrules-seed" in case.tags), f"{document.name} {case.id}"
