"""The environment may tighten parameters and nothing else; what it may not do refuses the bundle."""

from __future__ import annotations

from typing import Any

import pytest

from engine.overrides import read_overrides
from engine.policy import compile_bundle
from rules.diagnostics import Refused
from tests.engine.shipped import STAMP, as_json, bundle, machine
from tests.oracles.snapshots import generate

TIGHTENS = [
    ("POLICY_MAX_POSITIONS_TOTAL", "5", "max_positions_total", 5),
    ("POLICY_MAX_POSITIONS_TOTAL", " 5 ", "max_positions_total", 5),
    ("POLICY_MAX_POSITIONS_TOTAL", "0", "max_positions_total", 0),
    ("POLICY_MIN_CONFIDENCE", "0.75", "min_confidence", 0.75),
    ("POLICY_MIN_CONFIDENCE", "1", "min_confidence", 1.0),
    ("POLICY_MIN_CONFIDENCE", "7.5e-1", "min_confidence", 0.75),
    ("POLICY_ALLOW_SCALE_IN", "false", "allow_scale_in", False),
    ("POLICY_ALLOW_SCALE_IN", "FALSE", "allow_scale_in", False),
    ("POLICY_COOLDOWN_GLOBAL", "90", "cooldown_global", "90s"),
    ("POLICY_COOLDOWN_GLOBAL", "90.5", "cooldown_global", "90.5s"),
    ("POLICY_COOLDOWN_SYMBOL", "600", "cooldown_symbol", "600s"),
    ("POLICY_MAX_EXPOSURE_TOTAL", "2500", "max_exposure_total", 2500.0),
    ("POLICY_SCALE_IN_CONF_DELTA", "0.06", "scale_in_conf_delta", 0.06),
]


@pytest.mark.parametrize(("variable", "text", "parameter", "value"), TIGHTENS)
def test_tightening_is_obeyed_and_reported(variable: str, text: str, parameter: str, value: Any) -> None:
    tightened = compile_bundle(bundle(), {variable: text, "UNRELATED": "x"})
    snapshot = next(iter(generate(1, seed=3)))
    found = tightened.policies["entry"].decide_json(as_json("entry", snapshot), STAMP)
    assert found.parameters == {parameter: value}
    assert found.effective_digest == tightened.effective_digest
    assert found.effective_digest is not None
    assert found.effective_digest != found.bundle
    assert found.bundle == bundle().digest


REFUSED = [
    ("POLICY_MAX_POSITIONS_TOTAL", "11", "loosens"),
    ("POLICY_MAX_POSITIONS_TOTAL", "-1", "outside"),
    ("POLICY_MAX_POSITIONS_TOTAL", "5.0", "whole number"),
    ("POLICY_MAX_POSITIONS_TOTAL", "", "to nothing"),
    ("POLICY_MAX_POSITIONS_TOTAL", "ten", "whole number"),
    ("POLICY_MAX_POSITIONS_TOTAL", "9" * 400, "whole number"),
    ("POLICY_MIN_CONFIDENCE", "0.69", "loosens"),
    ("POLICY_MIN_CONFIDENCE", "1.01", "outside"),
    ("POLICY_MIN_CONFIDENCE", "nan", "not a number"),
    ("POLICY_MIN_CONFIDENCE", "inf", "not a number"),
    ("POLICY_MIN_CONFIDENCE", "0,8", "not a number"),
    ("POLICY_MIN_CONFIDENCE", "1e999", "not finite"),
    ("POLICY_ALLOW_SCALE_IN", "0", "true or false"),
    ("POLICY_ALLOW_SCALE_IN", "no", "true or false"),
    ("POLICY_COOLDOWN_GLOBAL", "59", "loosens"),
    ("POLICY_COOLDOWN_GLOBAL", "90s", "not a number"),
    ("POLICY_COOLDOWN_GLOBAL", "3601", "outside"),
    ("POLICY_COOLDOWN_GLOBAL", "1e300", "outside"),
    ("POLICY_COOLDOWN_GLOBAL", "60.0000001", "finer"),
    ("POLICY_MAX_EXPOSURE_TOTAL", "5000.01", "loosens"),
    ("POLICY_MIN_CONFIDENC", "0.9", "`POLICY_MIN_CONFIDENCE` would"),
    ("POLICY_MAX_POSITION_TOTAL", "5", "moves nothing"),
    ("POLICY_MAX_EXPOSURE_TOTAL", "999", "symbol-within-total"),
]


@pytest.mark.parametrize(("variable", "text", "words"), REFUSED)
def test_a_bad_override_refuses_the_bundle(variable: str, text: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        compile_bundle(bundle(), {variable: text})
    said = [d.message for d in refused.value.diagnostics]
    assert any(words in message for message in said), said
    assert all(d.span.line > 1 for d in refused.value.diagnostics)


def test_every_variable_of_the_sources_is_there() -> None:
    named = {p.env.name: p for plan in bundle().plans.values() for p in plan.parameters if p.env is not None}
    assert sorted(named) == sorted(
        [
            *("POLICY_MAX_POSITIONS_TOTAL", "POLICY_MAX_PER_SYMBOL", "POLICY_MAX_PER_REGIME"),
            *("POLICY_MAX_EXPOSURE_TOTAL", "POLICY_MAX_EXPOSURE_PER_SYMBOL", "POLICY_ALLOW_SCALE_IN"),
            *("POLICY_SCALE_IN_MAX", "POLICY_SCALE_IN_CONF_DELTA", "POLICY_COOLDOWN_SYMBOL"),
            *("POLICY_COOLDOWN_GLOBAL", "POLICY_MIN_CONFIDENCE"),
            *("GOVERNOR_ENABLE_ACTIVE_SLOTS", "ACTIVE_SLOTS_BASE", "ACTIVE_SLOTS_TREND_STRONG", "ACTIVE_SLOTS_CHOP"),
            *("ROTATION_THRESHOLD", "MAX_MARGIN_PCT", "MAX_CORRELATION"),
        ]
    )


def test_the_published_value_itself_is_no_override() -> None:
    same = read_overrides(bundle().plans.values(), {"POLICY_MIN_CONFIDENCE": "0.7", "POLICY_COOLDOWN_GLOBAL": "60"})
    assert same.values == {}
    assert same.faults == ()
    assert machine().effective_digest is None


def test_a_shared_limit_moves_in_both_policies() -> None:
    tightened = compile_bundle(bundle(), {"POLICY_MAX_EXPOSURE_PER_SYMBOL": "400"})
    for name in ("entry", "allocation"):
        assert tightened.policies[name].program.parameters["max_exposure_per_symbol"] == 400.0
    moved = machine().policies["entry"].with_parameters({"max_exposure_per_symbol": 300.0})
    assert moved.program.callees["allocation"].parameters["max_exposure_per_symbol"] == 300.0
    assert machine().policies["allocation"].program.parameters["max_exposure_per_symbol"] == 1000.0


WRITTEN = [
    (
        "POLICY_COOLDOWN_GLOBAL",
        "90s",
        "a number of seconds, at least 60 (the published 60s)",
        "POLICY_COOLDOWN_GLOBAL=90",
    ),
    ("POLICY_COOLDOWN_GLOBAL", "2m", "a number of seconds", "POLICY_COOLDOWN_GLOBAL=120"),
    ("POLICY_COOLDOWN_GLOBAL", "30s", "a number of seconds", "unset POLICY_COOLDOWN_GLOBAL, or publish a policy"),
    ("POLICY_ALLOW_SCALE_IN", "no", "`false` or `true`", "POLICY_ALLOW_SCALE_IN=false"),
    ("POLICY_ALLOW_SCALE_IN", "", "`false` or `true`", "unset POLICY_ALLOW_SCALE_IN, or publish a policy"),
    ("POLICY_MIN_CONFIDENCE", "0,8", "at least the published 0.7", "POLICY_MIN_CONFIDENCE=0.8"),
    ("POLICY_MIN_CONFIDENCE", "80%", "at least the published 0.7", "POLICY_MIN_CONFIDENCE=0.8"),
    ("POLICY_MAX_POSITIONS_TOTAL", "5.0", "at most the published 10", "POLICY_MAX_POSITIONS_TOTAL=5"),
    ("POLICY_MAX_EXPOSURE_TOTAL", "$2,500", "at most the published 5000.0", "POLICY_MAX_EXPOSURE_TOTAL=2500"),
]


@pytest.mark.parametrize(("variable", "text", "expected", "remedy"), WRITTEN)
def test_what_to_set_it_to_is_said_and_is_right(variable: str, text: str, expected: str, remedy: str) -> None:
    (fault,) = read_overrides(bundle().plans.values(), {variable: text}).faults
    assert expected in fault.expected
    assert fault.remedy == remedy
    name, sets, value = remedy.partition("=")
    assert not sets or not read_overrides(bundle().plans.values(), {name: value}).faults
