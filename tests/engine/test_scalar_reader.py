"""The scalar reader computes what the language says: values, errors, absorption, order of evaluation, shared work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.scalar.translations import MISSING, TRANSLATIONS
from rules.cel.functions import BY_ID
from tests.engine.shipped import STAMP, decide, policy
from tests.engine.small import machine_of, rule_list, thing
from tests.oracles.snapshots import generate, generate_with_parameters

CONDITIONS = [
    # arithmetic and order of evaluation
    ("thing.x + 1.0 == 2.5", True),
    ("thing.n / 2 == 3 && thing.n % 4 == 3", True),
    ("-thing.n / 2 == -3 && -thing.n % 4 == -3", True),
    ("thing.x >= 1 && thing.x < 2", True),
    # sums go left to right and are not compensated
    ("[0.1, 0.2, 0.3].sum() == 0.6000000000000001", True),
    ("[1.0e16, 1.0, -1.0e16].sum() == 0.0", True),
    # aggregates over one list, joined lists, filters of filters
    ("thing.items.map(p, p.amount).sum() == 2.5", True),
    ("(thing.items + thing.more).map(p, p.count).sum() == 5", True),
    ("thing.items.filter(p, p.side == 'LONG').filter(p, p.amount > 1.0).map(p, p.count).max() == 3", True),
    ("thing.items.map(p, p.amount).min() == 0.5 && thing.items.map(p, p.amount).max() == 2.0", True),
    ("size(thing.items.filter(p, p.amount > 100.0)) == 0", True),
    ("thing.items.all(p, p.amount > 0.0) && !thing.items.exists(p, p.amount > 2.0)", True),
    ("thing.items.exists_one(p, p.side == 'SHORT')", True),
    ("thing.items.exists(p, thing.more.exists(q, q.name == p.name && q.amount == p.amount))", True),
    ("thing.items.leastBy(p, p.amount).name == 'b'", True),
    ("thing.items.leastBy(p, 1, p.count).name == 'b'", True),
    ("thing.items.filter(p, has(p.score)).leastBy(p, p.score).score == 5.0", True),
    ("(thing.items + thing.items).map(p, p.name).distinct() == thing.items.map(p, p.name).distinct()", True),
    ("thing.items.tail(1).exists(p, p.name == 'b') && size(thing.items.tail(0)) == 0", True),
    ("thing.items[1].name == 'b'", True),
    # presence
    ("!has(thing.maybe) && !has(thing.nothing)", True),
    ("has(thing.maybe) ? thing.maybe > 0.0 : true", True),
    ("'a' in thing.prices && thing.prices['a'] == 10.0 && !('b' in thing.prices)", True),
    ("thing.prices.all(k, thing.prices[k] > 1.0)", True),
    # times
    ("thing.when > timestamp('2026-02-03T12:30:15Z') && thing.when.getMilliseconds() == 250", True),
    ("thing.when - thing.wait < thing.when && thing.wait == duration('1m30s')", True),
    ("thing.when + thing.wait - thing.when == thing.wait", True),
    # text
    ("thing.items[0].name + 'b' == 'ab' && 'ab'.contains('b')", True),
]


@pytest.mark.parametrize(("condition", "value"), CONDITIONS)
def test_conditions(tmp_path: Path, condition: str, value: bool) -> None:
    found = judged(tmp_path, condition)
    assert (found.outcome, found.error) == ("YES" if value else "NO", None)


ERRORS = [
    ("thing.n + 9223372036854775807 > 0", "overflow"),
    ("thing.n * 9223372036854775807 > 0", "overflow"),
    ("thing.n / (thing.n - 7) > 0", "division-by-zero"),
    ("thing.n % (thing.n - 7) > 0", "division-by-zero"),
    ("thing.x / (thing.x - 1.5) > 0.0", "division-by-zero"),
    ("thing.wide + thing.wide > 0.0", "not-finite"),
    ("thing.wide * 10.0 > 0.0", "not-finite"),
    ("[thing.wide, thing.wide].sum() > 0.0", "not-finite"),
    ("thing.items.filter(p, p.amount > 100.0).map(p, p.amount).max() > 0.0", "empty"),
    ("thing.items.filter(p, p.amount > 100.0).leastBy(p, p.amount).amount > 0.0", "empty"),
    ("thing.items[2].amount > 0.0", "index"),
    ("thing.items[-1].amount > 0.0", "index"),
    ("timestamp('9999-12-31T23:59:59Z') + thing.wait > thing.when", "overflow"),
    ("int(thing.wide) > 0", "overflow"),
    ("thing.items.map(p, thing.n + 9223372036854775807).sum() > 0", "overflow"),
]


@pytest.mark.parametrize(("condition", "code"), ERRORS)
def test_errors_fail_closed_and_say_where(tmp_path: Path, condition: str, code: str) -> None:
    found = judged(tmp_path, condition)
    assert (found.outcome, found.effect, found.rule) == ("ERROR", "block", "yes")
    assert found.error is not None
    assert found.error.code == code
    assert found.error.at is not None
    assert "p0.yaml:" in found.error.at
    assert found.error.expression is not None
    assert found.error.expression in condition


FAILS = "1 / (thing.n - 7) > 0"
ABSORBED = [
    (f"{FAILS} && thing.x > 5.0", False),
    (f"thing.x > 5.0 && {FAILS}", False),
    (f"{FAILS} || thing.x < 5.0", True),
    (f"thing.x < 5.0 || {FAILS}", True),
    (f"({FAILS} && {FAILS}) || thing.x < 5.0", True),
    (f"!({FAILS}) || thing.x < 5.0", True),
    ("thing.items.exists(p, 1 / (p.count - 3) > 0 || p.name == 'b')", True),
    ("thing.items.exists(p, 6 / (p.count - 3) > 0) || thing.x < 5.0", True),
    ("thing.items.all(p, 6 / (p.count - 3) > 0)", False),
    (f"thing.x < 5.0 ? true : {FAILS}", True),
    (f"thing.items.exists(p, {FAILS} || p.name == 'b')", True),
    (f"thing.items.all(p, {FAILS} && p.name == 'b')", False),
]
SURVIVES = [
    f"{FAILS} && thing.x < 5.0",
    f"{FAILS} || thing.x > 5.0",
    f"thing.x < 5.0 && {FAILS}",
    "thing.items.exists(p, 1 / (p.count - 3) > 5)",
    "thing.items.all(p, 1 / (p.count - 3) > 5 || p.name == 'b')",
    f"thing.x < 5.0 ? {FAILS} : true",
    f"thing.items.exists_one(p, p.name == 'a' || {FAILS})",
    f"size(thing.items.filter(p, {FAILS})) >= 0",
]


@pytest.mark.parametrize(("condition", "value"), ABSORBED)
def test_logic_absorbs_errors(tmp_path: Path, condition: str, value: bool) -> None:
    found = judged(tmp_path, condition)
    assert (found.outcome, found.error) == ("YES" if value else "NO", None)


@pytest.mark.parametrize("condition", SURVIVES)
def test_errors_that_survive_block(tmp_path: Path, condition: str) -> None:
    found = judged(tmp_path, condition)
    assert found.outcome == "ERROR"
    assert found.error is not None
    assert found.error.code == "division-by-zero"


def judged(folder: Path, condition: str, **changed: object):  # type: ignore[no-untyped-def]
    """The decision of a policy that says YES when the condition holds."""
    quoted = json.dumps(condition)
    text = rule_list(
        "small",
        f"""
        inputs: {{thing: Thing}}
        rules: [{{id: yes, when: {quoted}, outcome: YES, reason: it holds}}]
        otherwise: {{outcome: NO, reason: it does not}}
        """,
    )
    return machine_of(folder, text).policies["small"].decide_json(json.dumps({"thing": thing(**changed)}), STAMP)


def test_a_rule_that_fails_ends_the_decision_and_is_named(tmp_path: Path) -> None:
    body = """
        inputs: {thing: Thing}
        rules:
          - {id: first, when: thing.x > 100.0, outcome: YES, reason: large}
          - {id: second, when: 1.0 / (thing.x - 1.5) > 0.0, outcome: NO, reason: never}
          - {id: third, when: 'true', outcome: YES, reason: 'last'}
        otherwise: {outcome: YES, reason: none}
        """
    policy_ = machine_of(tmp_path, rule_list("small", body)).policies["small"]
    found = policy_.decide_json(json.dumps({"thing": thing()}), STAMP)
    assert (found.outcome, found.rule) == ("ERROR", "second")
    assert found.error is not None
    assert found.error.values == {"thing.x": 1.5}
    traced = policy_.decide_json(json.dumps({"thing": thing()}), STAMP, trace=True).trace
    assert traced is not None
    assert [(t.rule, t.tried, t.value, t.error) for t in traced] == [
        ("first", True, False, None),
        ("second", True, None, "division-by-zero"),
        ("third", False, None, None),
        ("otherwise", False, None, None),
    ]


def test_a_message_that_fails_changes_nothing(tmp_path: Path) -> None:
    body = """
        inputs: {thing: Thing}
        rules: [{id: yes, when: thing.x > 0.0, outcome: YES, reason: 'ratio={1.0 / (thing.x - 1.5):.2f}'}]
        otherwise: {outcome: NO, reason: no}
        log: [{event: LINE, line: '{1.0 / (thing.x - 1.5):.2f}'}, {event: OTHER, line: '{decision.outcome}'}]
        """
    policy_ = machine_of(tmp_path, rule_list("small", body)).policies["small"]
    inputs = policy_.decoder.from_plain({"thing": thing()})
    found, lines = policy_.decide_and_log(inputs, STAMP)
    assert (found.outcome, found.reason) == ("YES", "the reason could not be written")
    assert lines == [("LINE", "LINE the reason could not be written"), ("OTHER", "OTHER YES")]


def test_what_repeats_is_computed_once(tmp_path: Path) -> None:
    """A chain of variables, each read twice, would double at every step were it written out."""
    steps = "\n".join(f"  v{i}: v{i - 1} * 0.5 + v{i - 1} * 0.25" for i in range(1, 10))
    failing = "\n".join(f"  w{i}: w{i - 1} / 2 + w{i - 1} % 3" for i in range(1, 10))
    body = (
        "inputs: {thing: Thing}\nvariables:\n  v0: thing.x\n"
        + steps
        + "\n  w0: thing.n / (thing.n - 6)\n"
        + failing
        + "\n"
        "rules:\n  - {id: yes, when: v9 < 1000.0 && w9 < 1000, outcome: YES, reason: '{v9:.3f} {w9}'}\n"
        "otherwise: {outcome: NO, reason: no}\n"
    )
    policy_ = machine_of(tmp_path, rule_list("small", body)).policies["small"]
    assert len(policy_.program.source) < 6_000
    assert policy_.decide_json(json.dumps({"thing": thing()}), STAMP).outcome == "YES"


def test_one_loop_serves_all_aggregates_of_entry() -> None:
    verdict = policy("entry").program.source.partition("def full")[0]
    assert verdict.count("for ") == 1


def test_reasons_and_traces_tell_the_same_story() -> None:
    for snapshot in generate(300, seed=5):
        for name in ("entry", "allocation"):
            found = decide(name, snapshot, trace=True)
            assert found.trace is not None
            applied = [t.rule for t in found.trace if t.applied]
            assert applied == ([found.rule] if found.error is None else [])
            tried = [t.tried for t in found.trace]
            assert tried == sorted(tried, reverse=True), "a rule was tried after the one that decided"


def test_moved_parameters_are_told_apart() -> None:
    snapshot, _ = next(generate_with_parameters(1, seed=1))
    moved = policy("entry").with_parameters({"min_confidence": 1.0})
    found = moved.decide_json(json.dumps({k: v for k, v in snapshot.items() if k != "size_multiplier"}), STAMP)
    assert found.parameters == {"min_confidence": 1.0}


def test_every_function_has_a_translation() -> None:
    assert frozenset() == MISSING
    assert set(TRANSLATIONS) == set(BY_ID)


def test_an_error_names_the_rule_that_read_it_not_the_one_that_began_the_loop(tmp_path: Path) -> None:
    body = """
        inputs: {thing: Thing}
        variables: {large: 'thing.items.filter(p, p.amount > 100.0)'}
        rules:
          - {id: many, when: size(large) > 20, outcome: NO, reason: many}
          - {id: highest, when: 'large.map(p, p.amount).max() > 1.0', outcome: NO, reason: high}
        otherwise: {outcome: YES, reason: fine}
        """
    found = machine_of(tmp_path, rule_list("small", body)).policies["small"]
    decision = found.decide_json(json.dumps({"thing": thing()}), STAMP)
    assert (decision.outcome, decision.rule) == ("ERROR", "highest")


def test_a_precondition_is_traced_as_what_it_refuses(tmp_path: Path) -> None:
    body = """
        inputs: {thing: Thing}
        requires: [{id: positive, that: thing.x > 0.0, outcome: NO, reason: 'x={thing.x:.1f}'}]
        rules: [{id: large, when: thing.x > 100.0, outcome: NO, reason: large}]
        otherwise: {outcome: YES, reason: fine}
        """
    found = machine_of(tmp_path, rule_list("small", body)).policies["small"]
    decision = found.decide_json(json.dumps({"thing": thing(x=-1.0)}), STAMP, trace=True)
    assert (decision.outcome, decision.rule, decision.reason) == ("NO", "positive", "x=-1.0")
    assert decision.trace is not None
    assert (decision.trace[0].condition, decision.trace[0].applied) == ("!(thing.x > 0.0)", True)
