"""A verdict with the policies asked written into it says what a decision in full says, which asks them one by one."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from engine.policy import Policy
from tests.engine.small import HEADER, checked, machine_of, rule_list, thing
from tests.engine.test_calls import CALLEE
from tests.oracles.agreement import verdict_alone

TELLING = rule_list(
    "telling",
    """
    inputs: {thing: Thing}
    rules:
      - {id: low, when: thing.x < 4.0, outcome: NO, reason: low}
    otherwise: {outcome: YES, reason: high}
    outputs:
      scaled: {type: double, value: 'thing.x * (decision.effect == "block" ? 10.0 : 1.0)'}
    """,
)
CAREFUL = rule_list(
    "careful",
    """
    inputs: {thing: Thing, factor: Huge}
    parameters: {limit: {type: Amount, default: 4.0, description: d}}
    variables:
      ratio: thing.x / factor
    rules:
      - {id: none, when: factor > 100.0, outcome: YES, reason: none}
      - {id: much, when: ratio > params.limit, outcome: NO, reason: '{ratio:.1f}'}
      - {id: some, when: ratio > 1.0, outcome: YES, reason: '{ratio:.1f}'}
    otherwise: {outcome: YES, reason: little}
    outputs:
      ratio?: {type: Amount, value: ratio, when: factor != 0.0}
      told: {type: Amount, value: ratio * 1000.0}
    """,
)
COUNTING = rule_list(
    "counting",
    """
    inputs: {thing: Thing, most: Amount}
    rules:
      - {id: many, when: 'thing.items.map(i, i.amount).sum() > most', outcome: NO, reason: many}
    otherwise: {outcome: YES, reason: few}
    """,
)


def pipeline(name: str, body: str, inputs: str = "thing: Thing") -> str:
    return (
        f"{HEADER}kind: Pipeline\nmetadata: {{name: {name}, version: 1.0.0, title: t, owner: o}}\nspec:\n"
        f"  inputs: {{{inputs}}}\n  onError: ERROR\n"
        "  outcomes: {YES: {effect: allow}, ERROR: {effect: block}, REFUSED: {effect: block}}\n"
        f"  otherwise: {{outcome: YES, reason: all agree}}\n{body}"
    )


SHAPES = {
    "a step that may fail": pipeline(
        "asker", "  steps:\n    - {id: one, policy: careful, with: {factor: thing.x - 3.0}}\n"
    ),
    "one outcome for every denial": pipeline(
        "asker",
        "  steps:\n    - {id: one, policy: careful, with: {factor: thing.x - 3.0}}\n"
        "  deny: {outcome: REFUSED, reason: no}\n",
    ),
    "what a step tells given on": pipeline(
        "asker",
        "  steps:\n    - {id: one, policy: careful, with: {factor: thing.x - 3.0}}\n"
        "    - {id: two, policy: careful, with: {factor: 'has(steps.one.ratio) ? steps.one.ratio : 0.5'}}\n"
        "  priority: [two, one]\n",
    ),
    "an output of its own that fails after a denial": pipeline(
        "asker",
        "  steps:\n    - {id: one, policy: careful, with: {factor: thing.x - 3.0}}\n"
        "  outputs:\n    far?: {type: Amount, value: 1.0 / (thing.x - 5.0), when: thing.x > 1.0}\n",
    ),
    "an output that a failed step lacks": pipeline(
        "asker",
        "  steps:\n    - {id: one, policy: careful, with: {factor: thing.x - 3.0}}\n"
        "  outputs:\n    told: {type: Amount, value: steps.one.told}\n",
    ),
    "a step that is not always asked": pipeline(
        "asker",
        "  steps:\n    - {id: one, policy: careful, with: {factor: thing.x - 3.0}, if: thing.x > 2.0}\n",
    ),
    "defaults and absence": pipeline(
        "asker",
        "  steps:\n    - {id: plain, policy: callee}\n    - {id: given, policy: callee, with: {bonus: thing.maybe}}\n"
        "  outputs:\n    extra?: {type: Amount, value: steps.given.extra}\n",
    ),
    "an argument that may be beyond what is taken": pipeline(
        "asker", "  steps:\n    - {id: one, policy: callee, with: {factor: thing.x * 3.0}}\n"
    ),
    "decisions read in what is told of another": rule_list(
        "asker",
        """
        inputs: {thing: Thing}
        calls:
          told: {policy: telling}
        rules:
          - {id: most, when: thing.x > 9.0e+8, outcome: NO, reason: most}
        otherwise: {outcome: YES, reason: fine}
        ensures:
          - {id: own, that: 'thing.x - (decision.effect == "block" ? 1.0 : 0.0) < 1.0e+8'}
          - {id: told, that: '(has(told.scaled) ? told.scaled : 9.0) - (decision.effect == "block" ? 9.0 : 0.0) < 5.0'}
        """,
    ),
    "a loop over what the policy asked loops over": rule_list(
        "asker",
        """
        inputs: {thing: Thing}
        calls:
          one: {policy: counting, with: {most: thing.x}}
        rules:
          - id: seen
            when: 'thing.n > 5 && thing.items.exists(i, i.count > 2 && one.rule == "many")'
            outcome: NO
            reason: seen
        otherwise: {outcome: YES, reason: '{one.rule}'}
        """,
    ),
    "rules over what was asked": rule_list(
        "asker",
        """
        inputs: {thing: Thing}
        calls:
          one: {policy: careful, with: {factor: thing.x - 3.0}}
          two: {policy: careful, with: {factor: thing.x}}
        rules:
          - {id: both, when: one.effect == "block" && two.effect == "block", outcome: NO, reason: both}
          - {id: first, when: one.effect == "block" && thing.n > 5, outcome: NO, reason: first}
          - {id: second, when: two.rule == "some" || one.rule == "none", outcome: YES, reason: second}
        otherwise: {outcome: NO, reason: '{one.rule}'}
        """,
    ),
}
STAY_CALLS = {"a step that is not always asked", "defaults and absence", "an argument that may be beyond what is taken"}
WORLDS = [
    thing(x=x, n=n, **extra)
    for x, n, extra in product(
        (-9.5, -1.0, 0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0, 3.2, 3.5, 4.0, 5.0, 12.0, 103.5, 1e9),
        (1, 7),
        ({}, {"maybe": 2.0}, {"maybe": -4.0}),
    )
]


def asked(policy: Policy, world: dict[str, object]) -> tuple[object, object]:
    """The verdict alone, and as the decision in full has it."""
    inputs = policy.unpack(policy.decoder.decode(json.dumps({"thing": world})))
    full: object
    try:
        full = policy.program.full(*inputs)[0]
    except Exception as error:  # noqa: BLE001 -- its code is compared
        full = getattr(error, "code", error)
    return verdict_alone(policy.program, inputs), full


@pytest.mark.parametrize("shape", SHAPES)
def test_a_verdict_is_that_of_the_full_decision(tmp_path: Path, shape: str) -> None:
    policy = machine_of(tmp_path, CALLEE, CAREFUL, TELLING, COUNTING, SHAPES[shape]).policies["asker"]
    seen = set()
    for world in WORLDS:
        alone, full = asked(policy, world)
        assert alone == full, world
        seen.add(alone)
    assert len(seen) > 1, seen
    calls = "R0" in policy.program.source.partition("def full")[0]
    assert calls == (shape in STAY_CALLS)


def test_policies_inside_one_another_deeper_than_blocks_nest(tmp_path: Path) -> None:
    levels = [
        pipeline(
            f"level{at}", f"  steps:\n    - {{id: a, policy: level{at - 1}}}\n    - {{id: b, policy: level{at - 1}}}\n"
        )
        for at in range(1, 12)
    ]
    lowest = pipeline("level0", "  steps:\n    - {id: one, policy: careful, with: {factor: thing.x - 3.0}}\n")
    policy = machine_of(tmp_path, CAREFUL, lowest, *levels).policies["level11"]
    for world in WORLDS[::7]:
        alone, full = asked(policy, world)
        assert alone == full
    assert len(policy.program.source) < 200_000


def test_an_end_that_asks_another_policy_is_written_once(tmp_path: Path) -> None:
    rules = "".join(f"  - {{id: r{at}, when: thing.x > {1000 + at}.0, outcome: NO, reason: r}}\n" for at in range(60))
    many = f"inputs: {{thing: Thing}}\nrules:\n{rules}otherwise: {{outcome: YES, reason: fine}}\n"
    asker = """
        inputs: {thing: Thing}
        calls: {p: {policy: p}, q: {policy: q}}
        rules:
          - {id: p, when: p.effect == "block", outcome: NO, reason: r}
        otherwise: {outcome: YES, reason: fine}
        ensures:
          - {id: e, that: 'has(q.o) && q.o < 1.0e6'}
        """
    outputs = "outputs: {o: {type: double, value: thing.x * 2.0}}\n"
    texts = rule_list("p", many), rule_list("q", many + outputs), rule_list("asker", asker)
    policy = machine_of(tmp_path, *texts).policies["asker"]
    assert len(policy.program.source.partition("def full")[0].splitlines()) < 1_000
    for world in WORLDS:
        alone, full = asked(policy, world)
        assert alone == full


def test_moved_parameters_of_policies_asked_count(tmp_path: Path) -> None:
    policy = machine_of(tmp_path, CALLEE, CAREFUL, TELLING, SHAPES["a step that may fail"]).policies["asker"]
    world = thing(x=3.5)
    assert asked(policy, world)[0] == ("NO", "one", "block")
    moved = policy.with_parameters({"careful.limit": 50.0})
    assert asked(moved, world) == (("YES", "otherwise", "allow"),) * 2
    assert asked(policy, world)[0] == ("NO", "one", "block")


def test_what_is_asked_is_written_into_the_verdict(tmp_path: Path) -> None:
    found = machine_of(tmp_path, CALLEE, CAREFUL, TELLING, SHAPES["a step that may fail"]).policies["asker"].program
    verdict = found.source.partition("def full")[0]
    assert "R0" not in verdict
    assert "except ERROR:" in verdict


def test_the_shapes_check(tmp_path: Path) -> None:
    for text in SHAPES.values():
        assert checked(tmp_path, CALLEE, CAREFUL, TELLING, COUNTING, text).bundle is not None
