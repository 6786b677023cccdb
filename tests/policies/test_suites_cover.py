"""The shipped suites cover every rule, row and cell, and nearly every condition; what they lack is seen at its line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from engine.coverage import DocumentCover, Share, Watch, total
from engine.faults import InputsRefused
from engine.policy import Policy
from rules.suites import Suite
from tests.engine.shipped import STAMP, bundle, machine

LEAST = 95.0
"""Percent of the conditions of each document."""


def covered(keep: Callable[[str, str], bool] = lambda suite, case: True) -> dict[str, DocumentCover]:
    """What the shipped suites cover with those of their cases that are kept."""
    watch = Watch(machine())
    for suite in bundle().suites:
        watch.run(less(suite, keep))
    return {document.name: document for document in watch.documents()}


def less(suite: Suite, keep: Callable[[str, str], bool]) -> Suite:
    return replace(suite, cases=tuple(case for case in suite.cases if keep(suite.name, case.id)))


@pytest.fixture(scope="module")
def documents() -> dict[str, DocumentCover]:
    return covered()


def told(document: DocumentCover) -> list[str]:
    return [f"{place.span}: `{place.name}` {place.missing}" for place in document.uncovered]


def test_every_rule_row_and_cell_is_covered(documents: dict[str, DocumentCover]) -> None:
    assert documents.keys() == bundle().plans.keys() | {"book"}
    for document in documents.values():
        assert document.of_rules.covered == document.of_rules.total, told(document)


def test_the_conditions_are_covered(documents: dict[str, DocumentCover]) -> None:
    for document in documents.values():
        assert not document.below(LEAST), told(document)


def test_so_they_are_with_what_is_said_to_be_unreachable_counted(documents: dict[str, DocumentCover]) -> None:
    _, conditions = total(documents.values())
    aside = sum(len(document.unreachable) for document in documents.values())
    assert conditions.total > 300
    assert Share(conditions.covered, conditions.total + aside).percent >= LEAST


def test_what_is_said_to_be_unreachable_is(documents: dict[str, DocumentCover]) -> None:
    said = {
        (suite.policy, one.rule or one.condition, one.because) for suite in bundle().suites for one in suite.unreachable
    }
    seen = {(d.name, place.name, place.unreachable) for d in documents.values() for place in d.unreachable}
    assert seen == said
    assert [place for document in documents.values() for place in document.reached] == []


REMOVED: list[tuple[str, str, str, str]] = [
    # the suite, the rule whose cases are taken from it, the file and text of the line at which it is missed
    ("entry", "confidence", "entry.yaml", "    - id: confidence"),
    ("entry", "regime", "entry.yaml", "    - id: regime"),
    ("regime", "chop", "regime.yaml", "    | chop     |"),
    ("route", "both-sides", "route.yaml", "    | BUY, SELL, CLOSE | both-sides"),
    ("freeze", "unknown-row", "freeze.yaml", "  unknownRow: {outcome: UNKNOWN_FREEZE"),
    ("safety", "strict", "safety.yaml", "      - {id: strict,"),
    ("governor", "balancer", "governor.yaml", "    - {id: balancer, policy: adviser"),
    ("hysteresis-var", "switched-on", "hysteresis-var.yaml", "  on: reading > params.on_above"),
    ("phases", "otherwise", "phases.yaml", "    otherwise: {outcome: PHASE"),
]


@pytest.mark.parametrize(("policy", "rule", "file", "line"), REMOVED, ids=[f"{one[0]}-{one[1]}" for one in REMOVED])
def test_a_rule_without_its_cases_is_uncovered_at_its_line(policy: str, rule: str, file: str, line: str) -> None:
    decides: dict[str, str | None] = {}
    for suite in bundle().suites:
        if suite.policy == policy:
            tested = machine().policies[policy]
            decides |= {case.id: rule_of(tested.with_parameters(case.parameters), case.inputs) for case in suite.cases}
    found = covered(lambda suite, case: suite != f"{policy}-suite" or decides[case] != rule)[policy]
    missing = [place for place in found.uncovered if place.name == rule and place.missing == "never decided"]
    assert len(missing) == 1, told(found)
    span = missing[0].span
    assert span.source.name.endswith(f"/{file}")
    assert span.source.line(span.line).startswith(line)
    assert found.below(100.0)


def rule_of(policy: Policy, inputs: Mapping[str, object]) -> str | None:
    """The rule that decides a case; none where its inputs are refused."""
    try:
        return policy.decide(policy.decoder.from_plain(inputs), STAMP).rule
    except InputsRefused:
        return None
