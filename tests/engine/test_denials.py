"""Why a step denied: its rules, as they decided inside the pipeline, lead to what the pipeline decided."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.decision import Decision, RuleTrace
from engine.tracing import Denial, denial
from tests.engine.shipped import ROOT, STAMP, bundle, policy

PIPELINES = ("open-position", "governor", "active-positions", "router")
FAILED = "error"
"""The rule of a step that failed: none of its own."""
CASES = [
    pytest.param(suite.policy, case, id=f"{suite.policy}:{case.id}")
    for suite in bundle().suites
    if suite.policy in PIPELINES
    for case in suite.cases
    if not policy(suite.policy).decoder.validate(json.dumps(case.inputs))
]


def told(name: str, inputs: Any, **parameters: Any) -> tuple[Decision, Denial | None]:
    """The decision on inputs, and why a step denied."""
    asked = policy(name).with_parameters(parameters) if parameters else policy(name)
    decoded = asked.decoder.decode(json.dumps(inputs))
    decision = asked.decide(decoded, STAMP)
    return decision, denial(asked.tracer, asked.unpack(decoded), decision)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_the_rules_of_the_step_lead_to_the_decision(name: str, case: Any) -> None:
    decision, found = told(name, case.inputs, **case.parameters)
    steps = {stage.id: stage for stage in decision.stages or []}
    if decision.effect != "block" or decision.rule not in steps:
        assert found is None
        return
    assert found is not None
    stage = steps[decision.rule]
    for step in found.path[1:]:
        assert stage.rule == step
        stage = next(below for below in stage.stages if below.id == step)
    assert stage.policy == found.policy
    if stage.rule != FAILED:
        assert [(rule.rule, rule.outcome) for rule in found.rules if rule.applied] == [(stage.rule, stage.outcome)]


def opening(**changed: Any) -> dict[str, Any]:
    """The order that opens, with other fields in some facts."""
    order = json.loads((ROOT / "examples" / "open-position.json").read_bytes())
    return {**order, **{fact: {**order[fact], **fields} for fact, fields in changed.items()}}


def reads(rule: RuleTrace) -> dict[str, Any]:
    """What a rule read."""
    return {reading.path: reading.value for reading in rule.reads}


def test_the_score_and_its_threshold_are_told() -> None:
    _, found = told("open-position", opening(signal={"score": 0.5}))
    assert found is not None
    assert found.path == ("quality",)
    normal = next(rule for rule in found.rules if rule.rule == "normal")
    assert (reads(normal)["score"], reads(normal)["params.normal_score"]) == (0.5, 0.65)


def test_a_denial_is_followed_through_the_pipelines_that_asked() -> None:
    _, found = told("open-position", opening(portfolio={"equity": 500.0}))
    assert found is not None
    assert (found.path, found.policy) == (("governor", "active", "margin"), "margin")
    assert reads(next(rule for rule in found.rules if rule.applied))["usage_pct"] == 120.0


def test_what_opens_or_exits_has_no_denial() -> None:
    assert told("open-position", opening())[1] is None
    exit_ = json.loads((ROOT / "examples" / "close.json").read_bytes())
    assert told("open-position", exit_)[1] is None
