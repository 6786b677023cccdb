"""What is said in vain in a small bundle, one kind of it after the other; and that what is found is so, input by input.

The second part asks no solver: every input of policies over few words is decided, with and without what was found.
"""

from __future__ import annotations

import itertools
import random
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from engine.mutation.changed import compiled
from engine.policy import Machine, compile_bundle
from engine.redundancy.finding import Finding
from engine.redundancy.looking import Looker, units
from engine.suites import STAMP
from engine.symbolic.proving import Patience
from rules.bundle import Bundle, load
from rules.diagnostics import render
from rules.mutation.replaced import replaced

HEAD = "apiVersion: bascule/v1\nkind: {}\nmetadata: {{name: {}, version: 1.0.0, title: x, owner: tests}}\nspec:\n"
BUNDLE = HEAD.format("Bundle", "small") + '  includes: ["*.yaml"]\n'
GATE = HEAD.format("RuleList", "gate") + (
    "  inputs: {x: {type: double, minimum: 0.0, maximum: 100.0}, n: {type: int, minimum: 0, maximum: 9}, on: bool}\n"
    "  parameters:\n"
    "    top: {type: double, min: 50.0, max: 60.0, default: 50.0, description: d}\n"
    "    open: {type: bool, default: false, description: d}\n"
    "    also: {type: bool, default: false, description: d}\n"
    "    idle: {type: double, min: 0.0, max: 1.0, default: 0.5, description: d}\n"
    "    fees: {per: Key, type: double, min: 0.0, max: 10.0, default: {LONG: 0.0}, unlisted: 0.0,"
    " maxEntries: 2, description: d}\n"
    "  outcomes: {NO: {effect: block}, YES: {effect: allow}}\n"
    "  rules:\n"
    "    - {id: high, when: x > params.top, outcome: NO, reason: a}\n"
    "    - {id: higher, when: x > params.top + 1.0, outcome: NO, reason: b}\n"
    "    - {id: waits, when: params.open && params.also && n == 0, outcome: NO, reason: c}\n"
    "    - {id: few, when: n > 2 && n > 1, outcome: NO, reason: d}\n"
    "    - {id: uncased, when: n == 2 && on, outcome: NO, reason: e}\n"
    "    - id: ways\n"
    "      when: n == 1\n"
    "      outcome: NO\n"
    "      any:\n"
    "        - {when: x < 10.0, reason: f}\n"
    "        - {when: x < 5.0, reason: g}\n"
    "    - {id: small, when: 'x < params.idle && x > params.idle + 1.0 || x < 1.0', outcome: NO, reason: h}\n"
    "    - {id: dear, when: 'params.fees[\"LONG\"] > x', outcome: NO, reason: i}\n"
    "  otherwise: {outcome: YES, reason: j}\n"
    "  onError: NO\n"
)
TYPES = HEAD.format("Types", "types") + "  scalars: {Key: {type: string, maxLength: 20}}\n"
SUITE = HEAD.format("Suite", "gate-suite") + (
    "  policy: gate\n  given: plain\n  fixtures: {plain: {x: 20.0, n: 0, on: false}}\n  cases:\n"
    "    - {id: yes, expect: {outcome: YES}}\n"
    "    - {id: high, set: {x: 55.0}, expect: {outcome: NO, rule: high}}\n"
    "    - {id: few, set: {n: 3}, expect: {outcome: NO, rule: few}}\n"
    "    - {id: ways, set: {n: 1, x: 5.0}, expect: {outcome: NO, rule: ways}}\n"
    "    - {id: small, set: {x: 0.5}, expect: {outcome: NO, rule: small}}\n"
    "  unreachable: [{rule: uncased, because: somebody thinks so}, {rule: higher, because: it stands for the reader}]\n"
)
TABLE = HEAD.format("DecisionTable", "table") + (
    "  inputs: {x: {type: double, minimum: 0.0, maximum: 100.0}, 'y?': {type: double, minimum: 0.0, maximum: 100.0}}\n"
    "  columns: {sum: x + x, there: has(inputs.y), late: y}\n"
    "  outcomes: {NO: {effect: block}, YES: {effect: allow}}\n"
    "  table: |\n"
    "    | id     | there | sum     | late   | => outcome |\n"
    "    | absent | false | -       | -      | NO         |\n"
    "    | low    | -     | < 50.0  | -      | NO         |\n"
    "    | high   | -     | > 150.0 | -      | YES        |\n"
    "    | both   | -     | -       | > 90.0 | YES        |\n"
    "  otherwise: {outcome: NO}\n"
    "  reason: r\n  onError: NO\n"
)
WRITTEN = {"bundle": BUNDLE, "types": TYPES, "gate": GATE, "suite": SUITE, "table": TABLE}


def bundle_of(folder: Path, **written: str) -> Bundle:
    for name, text in written.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    found = load(folder)
    assert found.bundle is not None, "\n".join(map(render, found.diagnostics))
    return found.bundle


def found_in(bundle: Bundle, part: str, document: str = "gate") -> dict[str, Finding]:
    looker, patience = Looker(bundle), Patience(lambda: 20.0)
    wanted = (unit for unit in units(bundle, [document]) if unit.part == part)
    return {one.name: one for unit in wanted for one in looker.looked(unit, patience)}


def test_rules(tmp_path: Path) -> None:
    found = found_in(bundle_of(tmp_path, **WRITTEN), "rule")
    assert {name: one.result for name, one in found.items()} == {
        "higher": "never",
        "waits": "never as published",
        "uncased": "reached",
        "ways": "never",
        "dear": "never as published",
    }
    assert found["waits"].parameters == {"open": True, "also": True}
    assert found["uncased"].inputs is not None
    assert (found["uncased"].inputs["n"], found["uncased"].inputs["on"]) == (2, True)
    line, column = map(int, found["ways"].place.split(":")[1:])
    assert GATE.splitlines()[line - 1][column - 1 :].startswith("x < 5.0")
    assert {name: one.must_be_looked_at for name, one in found.items()} == {
        "higher": False, "waits": False, "uncased": True, "ways": True, "dear": False,
    }  # fmt: skip


def test_conditions(tmp_path: Path) -> None:
    found = found_in(bundle_of(tmp_path, **WRITTEN), "condition")
    assert {name: one.result for name, one in found.items()} == {
        "n > 1": "idle",
        "x < params.idle && x > params.idle + 1.0": "idle",
        "x > params.idle + 1.0": "idle",
    }
    assert not any(one.must_be_looked_at for one in found.values())


def test_parameters(tmp_path: Path) -> None:
    """`open` and `also` wait for each other, and `fees` has a value for each key: each has its part in a decision."""
    found = found_in(bundle_of(tmp_path, **WRITTEN), "parameter")
    assert {name: (one.result, one.must_be_looked_at) for name, one in found.items()} == {"idle": ("idle", True)}


def test_tables(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, **WRITTEN)
    found = found_in(bundle, "table", "table")
    assert {name: one.result for name, one in found.items()} == {
        "low, both": "overlap",
        "high, both": "overlap",
        "absent, low": "overlap",
        "absent, high": "overlap",
        "otherwise": "gap",
    }
    policy = compile_bundle(bundle).policies["table"]
    decided = {
        name: policy.decide(policy.decoder.from_plain(one.inputs or {}), STAMP).rule for name, one in found.items()
    }
    first = {name: name.partition(",")[0] for name in found}
    assert {name: rule for name, rule in decided.items() if name.startswith(("low", "high", "other"))} == {
        name: first[name] for name in found if not name.startswith("absent")
    }


def test_what_is_not_known_must_be_looked_at(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, **WRITTEN)
    looker = Looker(bundle)
    unit = next(unit for unit in units(bundle, ["gate"]) if unit.part == "rule")
    found = looker.looked(unit, Patience(lambda: 0.0))
    assert {one.result for one in found} <= {"never", "unknown", "never as published", "reached"}
    assert all(one.must_be_looked_at for one in found if one.result == "unknown")


PAUSED = HEAD.format("RuleList", "gate") + (
    "  inputs: {name: {type: string, maxLength: 8}}\n"
    "  parameters: {paused: {per: Key, type: bool, unlisted: false, default: {}, maxEntries: 8, description: d}}\n"
    "  calls: {other: {policy: other}}\n"
    "  outcomes: {NO: {effect: block}, YES: {effect: allow}}\n"
    "  rules:\n"
    "    - {id: paused, when: 'params.paused[name]', outcome: NO, reason: a}\n"
    "    - {id: asked, when: 'other.outcome == \"NO\"', outcome: NO, reason: b}\n"
    "  otherwise: {outcome: YES, reason: j}\n  onError: NO\n"
)
OTHER = HEAD.format("RuleList", "other") + (
    "  inputs: {name: {type: string, maxLength: 8}}\n"
    "  parameters: {most: {type: int, min: 0, max: 10, default: 0, description: d}}\n"
    "  outcomes: {NO: {effect: block}, YES: {effect: allow}}\n"
    "  rules: [{id: r, when: params.most > 5, outcome: NO, reason: a}]\n"
    "  otherwise: {outcome: YES, reason: j}\n  onError: NO\n"
)


def test_a_key_that_nobody_listed_and_a_parameter_of_another_policy_may_be_waited_for(tmp_path: Path) -> None:
    """Whoever takes such a rule for a dead one takes out a switch."""
    bundle = bundle_of(tmp_path, bundle=BUNDLE, types=TYPES, gate=PAUSED, other=OTHER)
    found = found_in(bundle, "rule")
    assert {name: one.result for name, one in found.items()} == {
        "paused": "never as published", "asked": "never as published", "otherwise": "reached",
    }  # fmt: skip
    assert found_in(bundle, "parameter") == {}


LISTED = HEAD.format("RuleList", "gate") + (
    "  inputs: {name: {type: string, maxLength: 8}}\n"
    "  parameters: {fees: {per: Key, type: int, min: 0, max: 9, unlisted: 0, default: {A: 1, B: 2}, maxEntries: 2,"
    " description: d}}\n"
    "  outcomes: {NO: {effect: block}, YES: {effect: allow}}\n"
    "  rules:\n"
    "    - {id: gone, when: '!(\"A\" in params.fees)', outcome: NO, reason: a}\n"
    "    - {id: many, when: size(params.fees) > 2, outcome: NO, reason: b}\n"
    '    - {id: other, when: \'"C" in params.fees && "B" in params.fees\', outcome: NO, reason: c}\n'
    "  otherwise: {outcome: YES, reason: j}\n  onError: NO\n"
)


def test_a_key_that_is_listed_may_be_so_no_more(tmp_path: Path) -> None:
    """The rule that watches for it is no dead one."""
    bundle = bundle_of(tmp_path, bundle=BUNDLE, types=TYPES, gate=LISTED)
    found = found_in(bundle, "rule")
    assert {name: one.result for name, one in found.items()} == {
        "gone": "never as published", "many": "never", "other": "never", "otherwise": "reached",
    }  # fmt: skip
    assert found["gone"].parameters == {"fees[A] gone": True}
    policy = compile_bundle(bundle).policies["gate"].with_parameters({"fees": {"B": 2}})
    assert policy.decide(policy.decoder.from_plain({"name": "x"}), STAMP).rule == "gone"


CUBES = HEAD.format("RuleList", "gate") + (
    "  inputs: {x: {type: double, minimum: -1.0e+9, maximum: 1.0e+9}}\n"
    "  parameters:\n"
    "    k: {type: double, min: -1000.0, max: 1000.0, default: 0.0, description: d}\n"
    "    l: {type: double, min: -1000.0, max: 1000.0, default: 0.0, description: d}\n"
    "    m: {type: double, min: -1000.0, max: 1000.0, default: 0.0, description: d}\n"
    "  outcomes: {NO: {effect: block}, YES: {effect: allow}}\n"
    "  rules:\n"
    "    - id: cubes\n"
    "      when: >-\n"
    "        params.m * params.k > 1.0 && params.l * params.m > 1.0 && x * x * x * params.m ==\n"
    "        params.k * params.k * params.k + params.l * params.l * params.l + 0.123\n"
    "      outcome: NO\n      reason: a\n"
    "  otherwise: {outcome: YES, reason: j}\n  onError: NO\n"
)


def test_a_rule_that_may_wait_for_parameters_nobody_knows_must_be_looked_at(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, bundle=BUNDLE, types=TYPES, gate=CUBES)
    until = time.monotonic() + 4.0
    unit = next(unit for unit in units(bundle, ["gate"]) if unit.part == "rule")
    looked = Looker(bundle).looked(unit, Patience(lambda: until - time.monotonic()))
    (found,) = (one for one in looked if one.name == "cubes")
    assert (found.result, found.must_be_looked_at) == ("unknown", True)
    assert found.why.startswith("never with the parameters as published; with others: ")


# -- every input of policies over few words, without a solver

INPUTS: dict[str, list[Any]] = {"a": ["A", "B"], "b": ["A", "B"], "c": [False, True], "n": [0, 1, 2]}
ATOMS = (
    'a == "A"',
    'b == "B"',
    "c",
    "!c",
    "n > 0",
    "n < 2",
    "n == 1",
    "a == b",
    "n > params.p",
    "params.s",
    "!params.s",
)
PARAMETERS = [(p, s) for p in (0, 1, 2) for s in (False, True)]


def small(seed: int) -> str:
    """A policy over few words."""
    rng = random.Random(seed)  # noqa: S311 - made-up policies need a seed, not secrecy
    rules = []
    for at in range(rng.randint(2, 5)):
        when = f" {rng.choice(['&&', '||'])} ".join(rng.sample(ATOMS, rng.randint(1, 3)))
        if "&&" in when and "||" in when:
            when = when.replace("||", "&&")
        rules.append(f"    - {{id: r{at}, when: '{when}', outcome: {rng.choice(['YES', 'NO'])}, reason: r{at}}}\n")
    return HEAD.format("RuleList", "gate") + (
        "  inputs: {a: Word, b: Word, c: bool, n: {type: int, minimum: 0, maximum: 2}}\n"
        "  parameters:\n"
        "    p: {type: int, min: 0, max: 2, default: 1, description: d}\n"
        "    s: {type: bool, default: true, description: d}\n"
        "  outcomes: {NO: {effect: block}, YES: {effect: allow}}\n"
        f"  rules:\n{''.join(rules)}"
        "  otherwise: {outcome: YES, reason: j}\n  onError: NO\n"
    )


WORDS = HEAD.format("Types", "types") + "  enums: {Word: [A, B]}\n"
Rows = dict[tuple[Any, ...], tuple[str, str | None]]


def rows(machine: Machine) -> Rows:
    """The outcome and the rule for all inputs and all parameters."""
    found: Rows = {}
    for p, s in PARAMETERS:
        policy = machine.policies["gate"].with_parameters({"p": p, "s": s})
        for values in itertools.product(*INPUTS.values()):
            decision = policy.decide(policy.decoder.from_plain(dict(zip(INPUTS, values, strict=True))), STAMP)
            found[p, s, *values] = decision.outcome, decision.rule
    return found


def never(all_rows: Rows, bundle: Bundle) -> dict[str, str]:
    """The rules that never apply, or not with the parameters as published."""
    ids = [case.id for case in bundle.plans["gate"].all_cases]
    ever = {rule for _, rule in all_rows.values()}
    published = {rule for (p, s, *_), (_, rule) in all_rows.items() if (p, s) == (1, True)}
    out = {name: "never" for name in ids if name not in ever}
    return out | {name: "never as published" for name in ids if name in ever - published}


def idle_parameters(all_rows: Rows) -> set[str]:
    """The parameters on which no outcome rests."""
    moves = set()
    for (p, s, *rest), (outcome, _) in all_rows.items():
        moves |= {"p"} if any(all_rows[other, s, *rest][0] != outcome for other in (0, 1, 2)) else set()
        moves |= {"s"} if all_rows[p, not s, *rest][0] != outcome else set()
    return {"p", "s"} - moves


@pytest.mark.parametrize("seed", range(25))
def test_what_is_found_is_so_of_every_input(tmp_path: Path, seed: int) -> None:
    bundle = bundle_of(tmp_path, bundle=BUNDLE, types=WORDS, gate=small(seed))
    machine = compile_bundle(bundle)
    all_rows = rows(machine)
    told = found_in(bundle, "rule")
    assert {name: one.result for name, one in told.items() if one.result != "reached"} == never(all_rows, bundle)
    read = {p.name for p in bundle.plans["gate"].parameters if f"params.{p.name}" in small(seed)}
    assert found_in(bundle, "parameter").keys() & read == idle_parameters(all_rows) & read
    looker, text = Looker(bundle), (tmp_path / "gate.yaml").read_text("utf-8")
    for unit in (unit for unit in units(bundle, ["gate"]) if unit.mutant is not None):
        assert unit.mutant is not None
        changed = replaced(bundle, "gate", unit.mutant.of(text))
        without = None if changed is None else compiled(machine, changed)
        same = without is not None and rows(without) == all_rows
        assert bool(looker.looked(unit, Patience(lambda: 20.0))) == same, unit.mutant
