"""Trying a rule makes nothing: what a decision allocates does not grow with the rules tried before."""

from pathlib import Path

import pytest

from benchmarks.allocations import instructions
from benchmarks.contenders import shipped_entry
from benchmarks.path import rules
from benchmarks.snapshots import everyday
from engine.policy import Policy
from tests.engine.shipped import STAMP
from tests.engine.small import machine_of, rule_list, thing

ROOT = Path(__file__).resolve().parents[2]
RULES = 60
TRIED = (0, 1, 30, RULES - 1)
MOST_COMPUTED = 8
"""Objects that the conditions of the shipped policy may compute: ages, a joined list, sums."""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """A policy of many rules; the one whose number `thing.n` is applies."""
    listed = "\n".join(
        f"  - {{id: r{at}, when: \"thing.n == {at} && thing.x < 2.0 && size(thing.items) < 50 && !('z{at}' in "
        f"thing.prices) && thing.items.exists(p, p.side == 'LONG')\", outcome: 'NO', reason: because}}"
        for at in range(RULES)
    )
    document = rule_list(
        "many", f"inputs: {{thing: Thing}}\nrules:\n{listed}\notherwise: {{outcome: 'YES', reason: so}}"
    )
    return machine_of(tmp_path_factory.mktemp("many"), document).policies["many"]


@pytest.mark.parametrize("part", ["verdict", "verdict and reason", "decision"])
def test_what_is_made_does_not_grow_with_the_rules_tried(many: Policy, part: str) -> None:
    ran, made = [], []
    for at in TRIED:
        inputs = many.decoder.from_plain({"thing": thing(n=at)})
        assert many.verdict(inputs)[1] == f"r{at}"
        calls = {
            "verdict": (many.program.verdict, *many.unpack(inputs)),
            "verdict and reason": (many.program.full, *many.unpack(inputs)),
            "decision": (many.decide, inputs, STAMP),
        }
        counted = instructions(*calls[part])
        ran.append(counted[0])
        made.append(counted[1])
    assert ran == sorted(set(ran)), "trying more rules runs more instructions, or nothing was watched"
    assert len(set(made)) == 1, f"objects made by {part} after {TRIED} rules: {made}"
    assert part != "verdict" or made[0] <= 1  # what walks through the list


def test_something_made_for_each_rule_is_noticed() -> None:
    def verdict(tried: int) -> int:
        kept = []
        for rule in range(tried):
            kept.append([rule])
        return len(kept)

    assert instructions(verdict, 30)[1] >= instructions(verdict, 1)[1] + 29


def test_the_shipped_verdict_makes_only_what_its_conditions_compute() -> None:
    counted = rules(shipped_entry(ROOT), everyday())
    assert len(counted) == 10
    assert [rule for rule in counted if rule["most_objects"] > min(MOST_COMPUTED, rule["tried_before"])] == []
