"""The compiled programs decide what a naive reading of the specification decides, on random policies and inputs.

`BASCULE_PROGRAMS` says how many bundles are tried, `BASCULE_PROGRAMS_SEED` where the seeds start.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.decision import Decision
from engine.evaluation import setting_of_inputs
from engine.policy import Machine, Policy, compile_bundle
from engine.scalar.runtime import EvaluationError
from rules.cel.functions import BY_ID, EXAMPLE_INPUTS, OVERLOADS, Overload
from rules.cel.tree import Call, walk
from rules.diagnostics import Diagnostics
from rules.plan import Plan
from rules.source import Source
from tests.engine.shipped import STAMP
from tests.engine.small import checked, machine_of, rule_list
from tests.engine.test_calls import CALLEE
from tests.oracles import evaluator
from tests.oracles.evaluator import Decided, World
from tests.oracles.expressions import Writer
from tests.oracles.functions import FUNCTIONS
from tests.oracles.held import plain
from tests.oracles.programs import bundle_texts, names_of_thing
from tests.oracles.values import input_values, moved_parameters

BUNDLES = int(os.environ.get("BASCULE_PROGRAMS", "60"))
FIRST = int(os.environ.get("BASCULE_PROGRAMS_SEED", "0"))
INPUTS = 20
TRACED = 2
"""Inputs of each policy that are traced too: a trace compiles every read by itself."""
PARTS = max(4, BUNDLES // 100)


@pytest.mark.parametrize("part", range(PARTS))
def test_compiled_programs_decide_as_the_language_says(tmp_path: Path, part: int) -> None:
    seeds = range(FIRST + part, FIRST + BUNDLES, PARTS)
    accepted = 0
    ended: Counter[str] = Counter()
    for seed in seeds:
        texts = bundle_texts(seed)
        found = checked(tmp_path, *texts)
        if found.bundle is None:
            continue
        accepted += 1
        differences = list(compare(compile_bundle(found.bundle), seed, ended))
        assert not differences, "\n".join([*texts, f"seed {seed}", *differences[:3]])
    assert accepted >= len(seeds) / 2
    assert {"allow", "block", "info", "overflow", "division-by-zero", "index", "empty"} <= ended.keys()


FAILS = "1 / (thing.n - thing.n) > 0"
CHAIN = "".join(f"  v{i}: v{i - 1}.filter(p, p.amount > {i}.0)\n" for i in range(1, 101))
FOUND = {
    "nested loops that read the outer item, and the inner one by way of a variable": (
        "variables: {v: 'thing.more.map(q, q.amount).sum()'}",
        "thing.items.map(p, thing.more.map(q, p.amount).sum()).sum() == thing.items.map(p, v).sum()",
    ),
    "zeros of either sign": (
        "outputs: {a: {type: double, value: math.trunc(0.0)}, b: {type: double, value: math.trunc(-0.0)}}",
        "thing.x <= -0.0 || thing.x >= 0.0",
    ),
    "rounding to zero": ("outputs: {a: {type: double, value: math.ceil(thing.x / 1.0e+10)}}", "thing.x < 0.0"),
    "a failing operand of has": ("", "has(thing.items[2].name)"),
    "both sides fail": ("", f"{FAILS} && thing.items[9].amount > 0.0 || thing.more[9].amount > 0.0"),
    "a failing text, and a part of it that fails": (
        "",
        "string(1 / (thing.n - thing.n)).contains(thing.items[9].name)",
    ),
    "the largest double that is an int": ("", "int(9223372036854774784.0) > thing.n"),
    "a requirement that fails": ("ensures: [{id: sure, that: thing.x > 0.0}]", "thing.n > 0"),
    "an output that fails": ("outputs: {o: {type: int, value: 'thing.items[1].count'}}", "thing.n > 0"),
    "a variable that fails where another rule reads it": (
        "variables: {v: 'thing.items[1].count'}",
        "thing.n > 5 && v > 0 && v < 9",
        "v > 0 || v < -9",
    ),
    "a largest of none where another rule reads it": (
        "",
        "size(thing.items.filter(p, p.amount > 1.0e+8)) > 1",
        "thing.items.map(p, p.amount).max() > 0.0",
    ),
    "many filters": (f"variables:\n  v0: thing.items\n{CHAIN}", "size(v100) > 0"),
    "many brackets": (
        "variables:\n  v0: thing.n\n" + "".join(f"  v{i}: v{i - 1} + thing.n\n" for i in range(1, 12)),
        " + ".join(["v11"] + ["thing.n"] * 92) + " > 0",
    ),
    "a wider input that is absent": ("calls: {asked: {policy: callee}}", "has(asked.extra) && asked.extra > 0.0"),
    "an argument that fails": (
        "calls: {asked: {policy: callee, with: {bonus: 'thing.items[1].amount'}}}",
        "has(asked.extra) || thing.x > 0.0",
    ),
    "an output of a call whose argument fails": (
        "calls: {asked: {policy: callee, with: {bonus: thing.x, factor: thing.x * 4.0}}}",
        "thing.n > 5 || has(asked.scaled) && asked.scaled > 1.0 && asked.scaled < 3.0",
    ),
    "a failed call": (
        "calls: {asked: {policy: callee, with: {bonus: thing.x}}}",
        "has(asked.scaled) && asked.scaled > 1.0 && asked.scaled < 3.0",
    ),
    "a call in what has looks at": (
        "calls: {asked: {policy: callee, with: {bonus: thing.x}}}",
        'has(thing.items[asked.effect == "block" ? 9 : 0].score)',
    ),
    "a variable that stands for one that asks and may fail": (
        "calls: {asked: {policy: callee}}\nvariables: {v: '1 / thing.n > 0 && asked.rule == \"low\"', w: v}",
        "w",
    ),
    "a call that is never read": (
        "calls: {asked: {policy: callee, with: {bonus: thing.x}}}",
        "thing.items.exists(p, false && asked.extra > p.amount)",
    ),
}
"""What generated programs found, made small: what stands beside the rules, and the condition of each rule."""


@pytest.mark.parametrize("said", FOUND.values(), ids=FOUND)
def test_what_was_found_stays_mended(tmp_path: Path, said: tuple[str, ...]) -> None:
    beside, *conditions = said
    rules = "".join(
        f"  - {{id: r{index}, when: {json.dumps(condition)}, outcome: YES, reason: it holds}}\n"
        for index, condition in enumerate(conditions)
    )
    inputs = "inputs: {thing: Thing, 'bonus?': {type: double, minimum: -1.0e+12, maximum: 1.0e+12}}"
    otherwise = "otherwise: {outcome: NO, reason: it does not}"
    machine = machine_of(tmp_path, CALLEE, rule_list("small", f"{inputs}\n{beside}\nrules:\n{rules}{otherwise}"))
    differences = [found for seed in range(5) for found in compare(machine, seed, Counter())]
    assert not differences, "\n".join(differences[:3])


def compare(machine: Machine, seed: int, ended: Counter[str]) -> list[str]:
    """What the compiled policies of a bundle and the naive evaluator differ in, on random inputs."""
    rng = Random(f"inputs:{seed}")  # noqa: S311 - made-up inputs need a seed, not secrecy
    differences: list[str] = []
    for published in machine.policies.values():
        moved = moved_parameters(published.plan, rng) if rng.random() < 0.3 else {}
        policy = published.with_parameters(moved) if moved else published
        where = {(p.origin, p.name): moved[p.name] for p in policy.plan.parameters if p.name in moved}
        for number in range(INPUTS):
            text = json.dumps(input_values(policy.plan.inputs, rng))
            decoded = policy.decoder.decode(text)
            world = World(
                policy.plan, machine.bundle.plans, evaluator.inputs_of(policy.plan, policy.decoder, decoded), where
            )
            wanted = evaluator.decide(world)
            ended[wanted.error or wanted.effect] += 1
            found, log = policy.decide_and_log(decoded, STAMP, trace=number < TRACED)
            pairs = {
                "decision": (told(found), decided(wanted, policy.plan)),
                "verdict": (verdict(policy, decoded), wanted.error or (wanted.outcome, wanted.rule, wanted.effect)),
                "log": (log, [] if wanted.error else evaluator.log_lines(world, wanted)),
                "trace": (applied(found), [wanted.case] if wanted.case else []) if found.trace else ((), ()),
            }
            differences += [
                f"{policy.plan.name} {what}:\n  {mine!r}\n  {theirs!r}\n  {text} {moved}"
                for what, (mine, theirs) in pairs.items()
                if repr(mine) != repr(theirs)  # tells 0.0 from -0.0 and 1 from 1.0
            ]
    return differences


def told(found: Decision) -> tuple[Any, ...]:
    """What is compared of a decision: all that it says, and of an error its code and rule."""
    if found.error is not None:
        return found.outcome, found.effect, found.rule, found.error.code
    return found.outcome, found.effect, found.rule, found.reason, found.outputs


def decided(wanted: Decided, plan: Plan) -> tuple[Any, ...]:
    """The same of the naive evaluator's decision."""
    if wanted.error is not None:
        return wanted.outcome, wanted.effect, wanted.rule, wanted.error
    types = {output.name: output.type for output in plan.outputs}
    outputs = {name: plain(types[name], value) for name, value in wanted.outputs.items()}
    return wanted.outcome, wanted.effect, wanted.rule, wanted.reason, outputs


def verdict(policy: Policy, decoded: object) -> object:
    """The verdict, or the code of its error."""
    try:
        return policy.verdict(decoded)
    except EvaluationError as error:
        return error.code


def applied(found: Decision) -> list[str]:
    """The rules that a trace marks as the ones that applied."""
    return [rule.rule for rule in found.trace or () if rule.applied]


@pytest.mark.parametrize("overload", OVERLOADS, ids=lambda overload: f"{overload.style}-{overload.id}")
def test_the_naive_evaluator_agrees_with_the_examples(overload: Overload) -> None:
    fields = tuple(field for field, _ in EXAMPLE_INPUTS)
    setting, diagnostics = setting_of_inputs(fields), Diagnostics()
    node = setting.check(Source("example", overload.example), diagnostics)
    assert node is not None
    given = {field.name: value for field, value in EXAMPLE_INPUTS}
    assert evaluator.evaluate(node, World(setting.program.plan, {}, given)) is True


def test_the_generated_expressions_use_every_function(tmp_path: Path) -> None:
    body = "inputs: {thing: Thing}\nrules: [{id: r, when: thing.n > 0, outcome: YES, reason: yes}]\n"
    found = checked(tmp_path, rule_list("small", body + "otherwise: {outcome: NO, reason: no}"))
    assert found.bundle is not None
    setting, unseen = setting_of_inputs(found.bundle.plans["small"].inputs), set(BY_ID)
    for seed in range(4_000):
        rng = Random(f"expression:{seed}")  # noqa: S311 - made-up expressions need a seed, not secrecy
        node = setting.check(Source("e", Writer(rng, names_of_thing()).write("bool", 4)), Diagnostics())
        nodes = () if node is None else walk(node)
        unseen -= {part.overload.id for part in nodes if isinstance(part, Call)}
        if not unseen:
            break
    assert not unseen
    assert FUNCTIONS.keys() == BY_ID.keys()
