"""What suites cover: each thing that has not been shown is told, and nothing else is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from engine.coverage import DocumentCover, Share, Watch
from engine.decision import Decision
from engine.faults import InputsRefused
from engine.policy import Machine, compile_bundle
from engine.suites import STAMP
from rules.suites import Suite
from tests.engine.shipped import bundle, machine
from tests.engine.small import HEADER, checked, machine_of, rule_list
from tests.engine.test_generated_programs import compare
from tests.oracles.programs import bundle_texts

FIXTURE = (
    "{thing: {x: 2.0, n: 1, wide: 1.0, nothing: null, items: [], more: [], prices: {}, "
    'when: "2026-01-01T00:00:00Z", wait: 1s}}'
)
ITEM = "{name: a, amount: 1.0, count: 1}"
RULES = rule_list(
    "small",
    """
    inputs: {thing: Thing}
    parameters: {floor: {type: Amount, default: 1.0, description: least x}}
    variables:
      both: thing.x > 3.0 && thing.n > 3
      unread: thing.n > 7 || thing.n < -7
    rules:
      - {id: low, when: thing.x < params.floor && !(thing.n > 5), outcome: NO, reason: low}
      - {id: two, when: both, outcome: NO, any: [{when: thing.x > 8.0, reason: far}, {when: 'true', reason: near}]}
      - {id: odd, when: 'thing.items.exists(i, i.amount > 0.5 && i.count > 0)', outcome: NO, reason: odd}
      - {id: bad, when: thing.x / thing.x > 2.0 || thing.n == 4, outcome: NO, reason: never}
    otherwise: {outcome: YES, reason: '{thing.n == 9 ? "nine" : "fine"}'}
    outputs:
      maybe?: {type: Amount, value: thing.x, when: decision.effect == "allow" && thing.x > 0.0}
    """,
)


def suite_of(policy: str, fixture: str, cases: tuple[str, ...], more: str = "") -> str:
    listed = "".join(f"    - {{id: case-{index}, {case}}}\n" for index, case in enumerate(cases))
    return (
        f"{HEADER}kind: Suite\nmetadata: {{name: {policy}-suite, version: 1.0.0, title: t, owner: o}}\n"
        f"spec:\n  policy: {policy}\n  given: base\n  fixtures:\n    base: {fixture}\n  cases:\n{listed}{more}"
    )


def measured(watched: Machine, *suites: Suite) -> dict[str, DocumentCover]:
    watch = Watch(watched)
    for suite in suites:
        watch.run(suite)
    return {one.name: one for one in watch.documents()}


def cover(folder: Path, policy: str, documents: tuple[str, ...], fixture: str, cases: tuple[str, ...]) -> DocumentCover:
    found = machine_of(folder, *documents, suite_of(policy, fixture, cases))
    return measured(found, *found.bundle.suites)[policy]


def told(found: DocumentCover) -> list[str]:
    return [f"{place.name} {place.missing}" for place in found.uncovered]


NOT_MET = ("never decided", "never evaluated")


def met(found: DocumentCover) -> set[str]:
    """What decided, and what the conditions that were evaluated did not come to."""
    decided = {f"{rule.name} {rule.times}" for rule in found.rules if rule.times}
    return decided | {line for line in told(found) if not line.endswith(NOT_MET)}


EVALUATED: list[tuple[str, set[str]]] = [
    ("set: {thing.x: high}, expect: {error: high}", set()),  # inputs that are refused evaluate nothing
    (
        "set: {thing.x: 0.5}, expect: {outcome: 'NO'}",
        {"low 1", "thing.x < params.floor never false", "thing.n > 5 never true",
         'decision.effect == "allow" never true'},
    ),
    (
        "set: {thing.x: 5.0, thing.n: 5}, parameters: {floor: 6.0}, expect: {outcome: 'NO'}",  # moved for it alone
        {"low 1", "thing.x < params.floor never false", "thing.n > 5 never true",
         'decision.effect == "allow" never true'},
    ),
    (
        "expect: {outcome: 'YES'}",  # what `&&` need not look at is not evaluated
        {"otherwise 1", "thing.x > 3.0 never true", "thing.x < params.floor never true", "both never true",
         "thing.items.exists(i, i.amount > 0.5 && i.count > 0) never true", "thing.x / thing.x > 2.0 never true",
         "thing.n == 4 never true", "thing.n == 9 never true", 'decision.effect == "allow" never false',
         "thing.x > 0.0 never false"},
    ),
    (
        "set: {thing.x: 9.0, thing.n: 4}, expect: {outcome: 'NO'}",  # the way that applied, and a variable once read
        {"two 1", "thing.x > 3.0 never false", "thing.n > 3 never false", "both never false",
         "thing.x < params.floor never true", "thing.x > 8.0 never false", 'decision.effect == "allow" never true'},
    ),
    (
        f"set: {{thing.items: [{ITEM}]}}, expect: {{outcome: 'NO'}}",
        {"odd 1", "thing.x > 3.0 never true", "thing.x < params.floor never true", "both never true",
         "thing.items.exists(i, i.amount > 0.5 && i.count > 0) never false", "i.amount > 0.5 never false",
         "i.count > 0 never false", 'decision.effect == "allow" never true'},
    ),
    (
        "set: {thing.x: 0.0}, parameters: {floor: -1.0}, expect: {outcome: ERROR}",  # an error is neither
        {"thing.x > 3.0 never true", "thing.x < params.floor never true", "both never true",
         "thing.items.exists(i, i.amount > 0.5 && i.count > 0) never true", "thing.x / thing.x > 2.0 always failed",
         "thing.n == 4 never true"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("case", "wanted"), EVALUATED)
def test_what_one_case_shows(tmp_path: Path, case: str, wanted: set[str]) -> None:
    assert met(cover(tmp_path, "small", (RULES,), FIXTURE, (case,))) == wanted


def test_an_error_that_is_absorbed_lets_the_other_side_decide(tmp_path: Path) -> None:
    case = "set: {thing.x: 0.0, thing.n: 4}, parameters: {floor: -1.0}, expect: {outcome: 'NO'}"
    found = cover(tmp_path, "small", (RULES,), FIXTURE, (case,))
    assert "bad 1" in met(found)
    assert "thing.x / thing.x > 2.0 always failed" in met(found)


ALL_BUT_THE_ERROR = (
    "set: {thing.x: 0.5}, expect: {outcome: 'NO'}",
    "set: {thing.x: 0.5, thing.n: 6}, expect: {outcome: 'YES'}",
    "set: {thing.x: 4.0, thing.n: 3}, expect: {outcome: 'YES'}",
    "set: {thing.x: 4.0, thing.n: 4}, expect: {outcome: 'NO'}",
    "set: {thing.x: 9.0, thing.n: 4}, expect: {outcome: 'NO'}",
    "set: {thing.n: 4}, expect: {outcome: 'NO'}",
    "set: {thing.n: 9}, expect: {outcome: 'YES'}",
    f"set: {{thing.items: [{ITEM}]}}, expect: {{outcome: 'NO'}}",
    f"set: {{thing.items: [{ITEM.replace('t: 1.0', 't: 0.0')}]}}, expect: {{outcome: 'YES'}}",
    f"set: {{thing.items: [{ITEM.replace('t: 1}', 't: 0}')}]}}, expect: {{outcome: 'YES'}}",
)


def test_what_is_shown_from_both_sides_is_covered(tmp_path: Path) -> None:
    found = cover(tmp_path, "small", (RULES,), FIXTURE, ALL_BUT_THE_ERROR)
    assert told(found) == [
        "thing.n > 7 never evaluated",  # a variable that nothing reads
        "thing.n < -7 never evaluated",
        "thing.x / thing.x > 2.0 never true",
        "thing.x > 0.0 never false",
    ]
    assert (found.of_rules, found.of_conditions) == (Share(6, 6), Share(12, 16))
    assert found.of_conditions.percent == 75.0
    assert found.below(75.1)
    assert not found.below(75.0)


UNREACHABLE = """  unreachable:
    - {rule: bad, because: nothing is more than twice itself}
    - {condition: 'thing.x  /  thing.x > 2.0', because: nothing is more than twice itself}
    - {rule: otherwise, because: a mistake}
"""


def test_what_is_said_to_be_unreachable_is_not_counted_unless_it_is_reached(tmp_path: Path) -> None:
    cases = ("expect: {outcome: 'YES'}",)
    said = UNREACHABLE.replace("  /  ", " / ")
    small = machine_of(tmp_path, RULES, suite_of("small", FIXTURE, cases, said))
    found = measured(small, *small.bundle.suites)["small"]
    assert (found.of_rules, found.of_conditions) == (Share(1, 5), Share(0, 15))
    assert [place.name for place in found.unreachable] == ["bad", "thing.x / thing.x > 2.0"]
    assert [place.name for place in found.reached] == ["otherwise"]
    assert not {"bad never decided", "thing.x / thing.x > 2.0 never true"} & set(told(found))


# A rule, in each kind.

META = "metadata: {name: small, version: 1.0.0, title: t, owner: o}\nspec:\n  inputs: {thing: Thing}\n"
OUTCOMES = "  outcomes: {YES: {effect: allow}, NO: {effect: block}}\n  onError: NO\n"
TABLE = f"""{HEADER}kind: DecisionTable
{META}{OUTCOMES}  columns: {{x: thing.x, n: thing.n}}
  table: |
    | id   | x          | n    | => outcome |
    | mid  | [1.0..2.0) | 1, 2 | NO         |
    | high | >= 2.0     | -    | YES        |
    | low  | < 2.0      | -    | YES        |
  reason: '{{decision.rule}}'
"""
COLLECT = f"""{HEADER}kind: RuleList
{META}{OUTCOMES}  hitPolicy: collect
  finding: Note
  rules:
    - {{id: far, when: thing.x > 3.0, reason: far, finding: {{amount: 1.0, side: LONG}}}}
    - {{id: many, when: thing.n > 3 && thing.x > 1.0, reason: many, finding: {{amount: 1.0, side: LONG}}}}
  conclude:
    rules: [{{id: some, when: size(findings) > 0, outcome: 'NO', reason: some}}]
    otherwise: {{outcome: 'YES', reason: none}}
"""
CARD = f"""{HEADER}kind: Scorecard
{META}{OUTCOMES}  by: {{side: Side}}
  table: |
    | side  | id  | when                        | weight |
    | LONG  | up  | thing.x > 0.0               | 0.5    |
    | SHORT | dip | thing.x < 0.0 && thing.n > 0 | 0.5    |
  conclude:
    otherwise: {{outcome: 'YES', reason: '{{best}}'}}
"""
GRID = f"""{HEADER}kind: Whitelist
metadata: {{name: small, version: 1.0.0, title: t, owner: o}}
spec:
  inputs: {{one: Side, other: Side}}
{OUTCOMES}  row: one
  column: other
  unknownColumn: {{outcome: 'NO', reason: column}}
  unknownRow: {{outcome: 'NO', reason: row}}
  listed: {{outcome: 'YES', reason: listed}}
  unlisted: {{outcome: 'NO', reason: unlisted}}
  table: |
    |       | LONG | SHORT |
    | LONG  | yes  | no    |
    | SHORT | no   | no    |
"""
STEP = rule_list("step", "inputs: {thing: Thing}\nrules: [{id: low, when: thing.x < 0.0, outcome: NO, reason: low}]\n"
                 "otherwise: {outcome: YES, reason: fine}")  # fmt: skip
SAFE = f"""{HEADER}kind: Formula
metadata: {{name: safe, version: 1.0.0, title: t, owner: o}}
spec:
  inputs: {{thing: Thing}}
  outcomes: {{DONE: {{effect: allow}}, UNDONE: {{effect: block}}}}
  onError: UNDONE
  steps: {{ratio: thing.x / thing.x}}
  otherwise: {{outcome: DONE, reason: '{{ratio:.1f}}'}}
  outputs: {{ratio: {{type: double, value: ratio}}}}
"""
PIPE = f"""{HEADER}kind: Pipeline
{META}  outcomes: {{SENT: {{effect: allow}}, HELD: {{effect: block}}}}
  onError: HELD
  steps:
    - {{id: first, policy: step}}
    - {{id: sizing, policy: safe, if: thing.n > 3 && steps.first.effect == "allow"}}
  otherwise: {{outcome: SENT, reason: sent}}
  outputs:
    ratio?: {{type: double, value: steps.sizing.ratio}}
"""

KINDS: list[tuple[str, tuple[str, ...], str, str, set[str], list[str]]] = [
    (
        "a table: each row, and each test of each cell",
        (TABLE,), FIXTURE, "set: {thing.x: 1.5, thing.n: 2}, expect: {outcome: 'NO'}",
        {"mid 1"},
        ["[1.0..2.0) never false", "1 never true", "2 never false", "high never decided", ">= 2.0 never evaluated",
         "low never decided", "< 2.0 never evaluated"],
    ),
    (
        "rules that collect: each that found, and those that conclude",
        (COLLECT,), FIXTURE, "set: {thing.x: 4.0}, expect: {outcome: 'NO'}",
        {"far 1", "some 1"},
        ["thing.x > 3.0 never false", "many never decided", "thing.n > 3 never true", "thing.x > 1.0 never evaluated",
         "size(findings) > 0 never false", "otherwise never decided"],
    ),
    (
        "a scorecard: each row that weighed",
        (CARD,), FIXTURE, "expect: {outcome: 'YES'}",
        {"LONG/up 1", "otherwise 1"},
        ["thing.x > 0.0 never false", "SHORT/dip never decided", "thing.x < 0.0 never true",
         "thing.n > 0 never evaluated"],
    ),
    (
        "a whitelist: each cell, and what is none of them",
        (GRID,), "{one: LONG, other: SHORT}", "expect: {outcome: 'NO'}",
        {"unlisted 1", "LONG/SHORT 1"},
        ["unknown-column never decided", "unknown-row never decided", "listed never decided",
         "LONG/LONG never decided", "SHORT/LONG never decided", "SHORT/SHORT never decided"],
    ),
    (
        "a pipeline: each step that may deny otherwise than by failing",
        (STEP, SAFE, PIPE), FIXTURE, "expect: {outcome: SENT}",
        {"otherwise 1"},
        ["first never decided", "thing.n > 3 never true", 'steps.first.effect == "allow" never evaluated'],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("documents", "fixture", "case", "decided", "missing"), [k[1:] for k in KINDS],
                         ids=[k[0] for k in KINDS])  # fmt: skip
def test_kinds(
    tmp_path: Path, documents: tuple[str, ...], fixture: str, case: str, decided: set[str], missing: list[str]
) -> None:
    found = cover(tmp_path, "small", documents, fixture, (case,))
    assert {f"{rule.name} {rule.times}" for rule in found.rules if rule.times} == decided
    assert sorted(told(found)) == sorted(missing)


# Whose suites count.


def test_what_is_asked_in_passing_is_told_apart(tmp_path: Path) -> None:
    small = machine_of(tmp_path, STEP, SAFE, PIPE, suite_of("small", FIXTURE, ("expect: {outcome: SENT}",)))
    found = measured(small, *small.bundle.suites)["step"]
    assert (found.cases, found.of_rules) == (0, Share(0, 2))
    assert {place.name: place.elsewhere for place in found.uncovered} == {
        "low": (), "thing.x < 0.0": (), "otherwise": ("small",),
    }  # fmt: skip


LIBRARY = f"""{HEADER}kind: Library
metadata: {{name: shared, version: 1.0.0, title: t, owner: o}}
spec:
  inputs: {{thing: Thing}}
  variables: {{far: thing.x > 3.0 || thing.n > 3}}
"""


def test_a_library_is_covered_by_all_that_take_it(tmp_path: Path) -> None:
    body = "inputs: {thing: Thing}\nuses: {shared: [far]}\nrules: [{id: a, when: far, outcome: NO, reason: far}]\n"
    body += "otherwise: {outcome: YES, reason: near}"
    cases = ("set: {thing.x: 4.0}, expect: {outcome: 'NO'}", "expect: {outcome: 'YES'}")
    suites = (suite_of("one", FIXTURE, cases[:1]), suite_of("two", FIXTURE, cases[1:]))
    small = machine_of(tmp_path, LIBRARY, rule_list("one", body), rule_list("two", body), *suites)
    found = measured(small, *small.bundle.suites)
    assert (found["shared"].kind, found["shared"].of_conditions) == ("Library", Share(1, 2))
    assert told(found["shared"]) == ["thing.n > 3 never true"]
    assert [told(found[name]) for name in ("one", "two")] == [
        ["far never false", "otherwise never decided"], ["a never decided", "far never true"],
    ]  # fmt: skip


# Constants, and what only fails.

CONSTANTS = rule_list(
    "small",
    """
    inputs: {thing: Thing}
    rules:
      - {id: bare, when: '!has(thing.maybe)', outcome: NO, reason: bare}
    otherwise: {outcome: YES, reason: fine}
    outputs:
      told?: {type: Amount, value: thing.x, when: decision.outcome == "YES"}
      maybe?: {type: Amount, value: thing.maybe, when: decision.outcome == "YES" && has(thing.maybe)}
    log:
      - {event: LINE, when: decision.outcome == "YES" && has(outputs.told), line: '{outputs.told:.1f}'}
      - {event: NONE, when: decision.outcome == "ERROR", line: none}
    """,
)


def test_what_the_rule_settles_is_no_condition(tmp_path: Path) -> None:
    found = cover(tmp_path, "small", (CONSTANTS,), FIXTURE, ("expect: {outcome: 'NO'}",))
    conditions = [one.name for one in found.conditions]
    assert conditions == ["has(thing.maybe)", *['decision.outcome == "YES"'] * 3]


# It decides as the program in service does.


def decisions(decided_by: Machine) -> Iterator[tuple[Decision, list[tuple[str, str]]]]:
    """What the cases of the shipped suites come to, those apart whose inputs are refused."""
    for suite in bundle().suites:
        policy = decided_by.policies[suite.policy]
        for case in suite.cases:
            moved = policy.with_parameters(case.parameters)
            with suppress(InputsRefused):
                yield moved.decide_and_log(moved.decoder.from_plain(case.inputs), STAMP)


def test_what_is_measured_decides_as_what_is_in_service() -> None:
    found = list(decisions(machine()))
    assert len(found) > 800
    assert list(decisions(Watch(machine()).machine)) == found


def test_so_it_does_on_policies_that_nobody_would_write(tmp_path: Path) -> None:
    accepted = 0
    for seed in range(1000, 1020):
        found = checked(tmp_path, *bundle_texts(seed))
        if found.bundle is not None:
            accepted += 1
            differences = list(compare(Watch(compile_bundle(found.bundle)).machine, seed, Counter()))
            assert not differences, "\n".join([f"seed {seed}", *differences[:3]])
    assert accepted >= 10
