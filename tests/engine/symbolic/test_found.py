"""What comparing the readers found of the symbolic one, made small: it stays mended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from rules.types import INT_MAX
from tests.engine.small import machine_of, rule_list, thing
from tests.oracles.symbolic import Asked, by_constants, by_scalar, differs, plain_inputs

SHORT = rule_list(
    "short",
    """
    inputs: {word: {type: string, maxLength: 2}}
    rules: [{id: long, when: size(word) > 3, outcome: NO, reason: long}]
    otherwise: {outcome: 'YES', reason: fine}
    """,
)
ASKS = "calls: {asked: {policy: short, with: {word: 'size(thing.items) > 0 ? thing.items[0].name : \"\"'}}}\n"
ITEM = {"name": "abcdef", "amount": 1.0, "count": 1}
HUGE = {"prices": {"a": 1.0, "b": 2.0}, "n": INT_MAX}
FOUND: dict[str, tuple[str, str, list[dict[str, Any]]]] = {
    # what stands beside the rules, a condition, and changes of `thing`
    "a time out of range is handed on": ("", "string(timestamp(thing.n)) != ''", [{"n": INT_MAX}, {"n": 0}]),
    "a sum out of range is handed on": (
        "", "timestamp([thing.n, thing.n].sum()) > thing.when", [{"n": INT_MAX}, {"n": 0}],
    ),
    "a largest of what failed, of a map of any size": (
        "", "thing.prices.map(k, timestamp(thing.n)).max() > thing.when", [HUGE, {"prices": {"a": 1.0}, "n": 9}],
    ),
    "a smallest of what failed, of a map of any size": (
        "", "thing.prices.map(k, timestamp(thing.n)).min() > thing.when", [HUGE, {"prices": {"a": 1.0}, "n": 9}],
    ),
    "a sum of what failed, of a list of any size": (
        "", "thing.items.map(p, 1.0 / math.abs(p.amount)).sum() > 3.0",
        [{"items": [{**ITEM, "amount": 0.0}, ITEM]}, {"items": [ITEM, ITEM]}, {"items": [ITEM] * 6}],
    ),
    "a text that is longer than the policy asked admits": (ASKS, "asked.rule == 'long'", [{"items": [ITEM]}, {}]),
    "what a policy that was asked says": (ASKS, "asked.reason == 'fine'", [{}]),
    "the text of a zero": (
        "outputs: {o: {type: string, value: string(thing.x)}}\n", "thing.n > 0", [{"x": -0.0}, {"x": 0.0}, {"x": 0.5}],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_stays_mended(name: str, tmp_path: Path) -> None:
    beside, condition, changes = FOUND[name]
    rules = f"rules: [{{id: r, when: {json.dumps(condition)}, outcome: NO, reason: r}}]\n"
    body = f"inputs: {{thing: Thing}}\n{beside}{rules}otherwise: {{outcome: 'YES', reason: fine}}\n"
    machine = machine_of(tmp_path, SHORT, rule_list("small", body))
    policy, plans = machine.policies["small"], machine.bundle.plans
    for places in (0, 2):
        asked = Asked.of(plans, policy, places)
        for change in changes:
            decoded = policy.decoder.decode(json.dumps({"thing": thing(**change)}))
            assert not differs(plans, policy, decoded)
            assert asked.ways(plain_inputs(policy, decoded), by_scalar(policy, decoded)[0]).this is True


def test_a_message_that_is_read_is_told(tmp_path: Path) -> None:
    rules = "rules: [{id: r, when: asked.reason == 'fine', outcome: NO, reason: r}]\n"
    body = f"inputs: {{thing: Thing}}\n{ASKS}{rules}otherwise: {{outcome: 'YES', reason: fine}}\n"
    machine = machine_of(tmp_path, SHORT, rule_list("small", body))
    policy = machine.policies["small"]
    told = by_constants(machine.bundle.plans, policy, policy.decoder.decode(json.dumps({"thing": thing()})))
    assert (told.row, dict(told.loose)) == (None, {"asked.reason": "a message"})
