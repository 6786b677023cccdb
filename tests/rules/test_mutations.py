"""Mutants of expressions and documents: which there are, that each changes what it says, and nothing else."""

from __future__ import annotations

from typing import get_args

import pytest

from rules.diagnostics import Diagnostics
from rules.documents.shape import Shaped, shaped
from rules.mutation.documents import mutants
from rules.mutation.expressions import Meanings, edits
from rules.mutation.mutant import Kind, Mutant
from rules.mutation.values import Words
from rules.yaml_reader import read_yaml
from tests.engine.shipped import bundle

MEANINGS = Meanings(Words((("LONG", "SHORT"),)), {"low": "high", "high": "low"})

EXPRESSIONS: dict[str, list[str]] = {
    "a < b": ["a <= b", "a >= b"],
    "a == b": ["a != b"],
    "a && b": ["a || b", "a", "b", "!a && b", "a && !b"],
    "(a || b) && c": [
        "(a || b) || c", "c", "(a || b)", "(a && b) && c", "(b) && c", "(a) && c", "(!a || b) && c", "(a || !b) && c",
        "(a || b) && !c",
    ],
    "!has(a.b)": ["has(a.b)"],
    "x in y": ["!(x in y)"],
    "n + 3 == m": ["n - 3 == m", "n + 3 != m", "n + 4 == m", "n + 2 == m", "n + 9 == m"],
    "x > 0.5": ["x >= 0.5", "x <= 0.5", "x > 0.5000000000000001", "x > 0.49999999999999994", "x > 0.75"],
    "x * 2.0 > y": ["x / 2.0 > y", "x * 2.02 > y", "x * 1.98 > y", "x * 3.0 > y", "x * 2.0 >= y", "x * 2.0 <= y"],
    'side == "LONG"': ['side != "LONG"', 'side == "SHORT"'],
    "x < params.low": ["x <= params.low", "x >= params.low", "x < params.high"],
    'd < duration("60s")': [
        'd <= duration("60s")', 'd >= duration("60s")', 'd < duration("61s")', 'd < duration("59s")',
        'd < duration("123s")',
    ],
    "l.exists(p, p.q)": ["!l.exists(p, p.q)", "l.all(p, p.q)", "l.exists(p, !p.q)"],
    "math.least(a, b) < c": ["math.greatest(a, b) < c", "math.least(a, b) <= c", "math.least(a, b) >= c"],
    "no expression (": [],
}  # fmt: skip


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_every_mutant_of_an_expression(text: str) -> None:
    found = [text[: e.start] + e.text + text[e.end :] for e in edits(text, MEANINGS, condition=True)]
    assert sorted(found) == sorted(EXPRESSIONS[text])


HEAD = "apiVersion: bascule/v1\nkind: {kind}\nmetadata: {{name: x, version: 1.0.0, title: x > 1, owner: t}}\nspec:\n"
RULES = HEAD.format(kind="RuleList") + (
    "  inputs: {a: bool, b: {type: int, minimum: 0, maximum: 9}}\n"
    "  parameters: {most: {type: int, default: 3, min: 1, max: 5, description: 1 < 2}}\n"
    "  outcomes: {NO: {effect: block}, YES: {effect: allow}}\n"
    "  rules:\n"
    "    - {id: one, when: b > 7 && !a, outcome: NO, reason: 'b > {b}'}\n"
    "    - id: two                                    # stands behind\n"
    "      when: b == params.most\n"
    "      outcome: NO\n"
    "      reason: 'b < {b}'\n"
    "  otherwise: {outcome: YES, reason: 1 == 1}\n"
    "  log: [{event: X, when: b > 1, line: b}]\n"
    "  onError: NO\n"
)
LATCH = HEAD.format(kind="Latch") + (
    "  inputs: {now: timestamp, x: {type: double, minimum: 0.0, maximum: 9.0}, 'state?': LatchState}\n"
    "  on: x > 3.0\n"
    "  off: x < 2.0\n"
    "  safe: true\n"
    "  consecutive: {on: 2, off: 3}\n"
    "  dwell: 15m\n"
    "  outcomes: {ON: {effect: info}, OFF: {effect: info}, BAD: {effect: block}}\n"
    "  onError: BAD\n"
)
TABLE = HEAD.format(kind="DecisionTable") + (
    "  inputs: {a: bool, x: {type: double, minimum: 0.0, maximum: 9.0}}\n"
    "  columns: {first: a, second: x}\n"
    "  outcomes: {NO: {effect: block}, YES: {effect: allow}}\n"
    "  table: |\n"
    "    | id | first | second     | => outcome |\n"
    "    | u  | true  | [1.0..2.0) | NO         |\n"
    "    | v  | -     | >= 3.0     | YES        |\n"
    "  otherwise: {outcome: NO}\n"
    "  reason: x\n"
    "  onError: NO\n"
)
SENTENCES: dict[str, tuple[str, list[str]]] = {
    "a rule list": (RULES, [
        "`0` became `-1`", "`9` became `10`", "`3` became `4`", "`3` became `2`", "`3` became `9`",
        "`block` became `allow`", "`allow` became `block`", "`two` came before `one`",
        "`>` became `>=`", "`>` became `<=`", "`7` became `8`", "`7` became `6`", "`7` became `17`",
        "`&&` became `||`", "`b > 7 &&` was dropped", "`&& !a` was dropped", "`!` before `a` was dropped",
        "`==` became `!=`", "`NO` became `YES`", "`NO` became `YES`", "`YES` became `NO`", "`NO` became `YES`",
    ]),
    "a latch": (LATCH, [
        "`0.0` became `-0.01`", "`9.0` became `9.09`", "`>` became `>=`", "`>` became `<=`",
        "`3.0` became `3.0000000000000004`", "`3.0` became `2.9999999999999996`", "`3.0` became `4.5`",
        "`<` became `<=`", "`<` became `>=`", "`2.0` became `2.0000000000000004`", "`2.0` became `1.9999999999999998`",
        "`2.0` became `3.0`", "`true` became `false`", "`2` became `3`", "`2` became `1`", "`2` became `7`",
        "`3` became `4`", "`3` became `2`", "`3` became `9`", "`15m` became `16m`", "`15m` became `14m`",
        "`15m` became `33m`", "`info` became `block`", "`info` became `block`", "`block` became `allow`",
        "`BAD` became `ON`",
    ]),
    "a table": (TABLE, [
        "`0.0` became `-0.01`", "`9.0` became `9.09`", "`block` became `allow`", "`allow` became `block`",
        "`v` came before `u`", "`true` became `-`", "`true` became `false`", "`[1.0..2.0)` became `-`",
        "`[` became `(`", "`)` became `]`", "`1.0` became `1.0000000000000002`", "`1.0` became `0.9999999999999999`",
        "`1.0` became `1.5`", "`2.0` became `2.0000000000000004`", "`2.0` became `1.9999999999999998`",
        "`2.0` became `3.0`", "`NO` became `YES`", "`-` became `true`", "`>= 3.0` became `-`", "`>=` became `>`",
        "`>=` became `<`", "`3.0` became `3.0000000000000004`", "`3.0` became `2.9999999999999996`",
        "`3.0` became `4.5`", "`YES` became `NO`", "`NO` became `YES`", "`NO` became `YES`",
    ]),
}  # fmt: skip


def document(text: str) -> Shaped:
    """A document that has no faults."""
    read, diagnostics = read_yaml("x.yaml", text.encode()), Diagnostics()
    assert read.root is not None
    found = shaped(read.source, read.root, diagnostics)
    assert found is not None, list(diagnostics)
    return found


@pytest.mark.parametrize("name", SENTENCES)
def test_every_mutant_of_a_document(name: str) -> None:
    text, sentences = SENTENCES[name]
    assert sorted(one.sentence for one in mutants(document(text))) == sorted(sentences)


def test_neighbours_change_places_and_comments_stay() -> None:
    swapped = next(one for one in mutants(document(RULES)) if one.kind == "order")
    text = swapped.of(RULES)
    assert text.index("- id: two ") < text.index("- {id: one,")
    assert "# stands behind" in text
    assert read_yaml("x.yaml", text.encode()).diagnostics == ()


def test_what_begins_with_a_mark_is_quoted() -> None:
    dropped = next(one for one in mutants(document(RULES)) if one.sentence == "`b > 7 &&` was dropped")
    assert "when: '!a', outcome" in dropped.of(RULES)
    assert dropped.place == "x.yaml:9:23"


def shipped() -> list[tuple[Shaped, Mutant]]:
    """Every mutant of the shipped policies, beside its document."""
    types = tuple(bundle().types.named.values())
    deciding = [one for one in bundle().documents if one.kind not in ("Suite", "Invariant")]
    return [(one, mutant) for one in deciding for mutant in mutants(one, types)]


def test_the_shipped_policies_have_mutants_of_every_kind() -> None:
    found = shipped()
    assert {mutant.kind for _, mutant in found} == set(get_args(Kind))
    assert {one.name for one, _ in found} == {*bundle().plans, *bundle().libraries, "types"}


def test_a_mutant_is_another_text_just_there() -> None:
    for one, mutant in shipped():
        text = one.source.text
        changed = mutant.of(text)
        assert changed != text, str(mutant)
        assert changed[: mutant.start] == text[: mutant.start]
        assert changed.removeprefix(text[: mutant.start] + mutant.text) == text[mutant.end :]
        assert int(mutant.place.split(":")[1]) == one.source.position(mutant.start)[0] or "\n" in mutant.text, str(
            mutant
        )


def test_none_is_there_twice() -> None:
    found = [(mutant.document, mutant.start, mutant.end, mutant.text) for _, mutant in shipped()]
    assert len(found) == len(set(found))
