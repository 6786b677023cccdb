"""The columnar reader on hand-picked cases: each condition over a batch of rows, beside what the scalar reader says."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.columnar import frames
from engine.columnar.reader import Reader
from engine.policy import Policy
from tests.engine import small
from tests.engine.shipped import STAMP, as_json, policy
from tests.engine.small import machine_of, rule_list, thing
from tests.engine.test_calls import CALLEE
from tests.engine.test_scalar_reader import ABSORBED, CONDITIONS, ERRORS, SURVIVES
from tests.oracles.agreement import compare
from tests.oracles.snapshots import generate

FAILS = "1 / (thing.n - 7) > 0"


def item(name: str = "a", amount: float = 1.0, count: int = 1, **more: object) -> dict[str, object]:
    return {"name": name, "amount": amount, "count": count, **more}


LARGEST = 2**63 - 1
ROWS: list[dict[str, object]] = [
    thing(),
    thing(items=[], more=[], prices={}),
    thing(items=[item(amount=-0.0), item(amount=0.0)], more=[item("b", 0.0), item("a", -0.0)]),
    thing(items=[item("c"), item("b", 2.0), item("b", 2.0, 5)], more=[], n=0, x=0.0, maybe=-0.0),
    thing(items=[item(f"n{at}", 0.1 * at, at - 3) for at in range(12)], more=[item()], prices={"b": 1.0, "a": -1.0}),
    thing(items=[item("é", 1e9, 1000)] * 3, more=[item(at="2026-01-01T00:00:00Z", score=-0.0)], n=-LARGEST - 1),
    thing(n=LARGEST, x=-1e9, wide=-1e308, wait="-1us", nothing=3.0),
    thing(when="0001-01-01T00:00:00Z", wait="-1000h", prices={"a": 0.0, "": -0.0, "z": 1e9}),
    thing(when="9999-12-31T23:59:59.999999Z", items=[item(side="SHORT")], maybe=5e-324, x=3.0),
    thing(n=1, x=0.5, items=[item("b", -1.5, -1), item("a", 1.5, 2, score=1.0)], more=[item("b")] * 5),
]
"""Rows of every length of list, with zeros of both signs, extremes, and what may be absent there or not."""


def decoded(found: Policy, rows: list[dict[str, object]] = ROWS) -> list[Any]:
    return [found.decoder.decode(json.dumps({"thing": row})) for row in rows]


def small_policy(folder: Path, condition: str, beside: str = "") -> Policy:
    rules = f"rules:\n  - {{id: yes, when: {json.dumps(condition)}, outcome: YES, reason: it holds}}\n"
    body = f"inputs: {{thing: Thing}}\n{beside}\n{rules}otherwise: {{outcome: NO, reason: it does not}}"
    return machine_of(folder, CALLEE, rule_list("small", body)).policies["small"]


def agreeing(found: Policy, rows: list[dict[str, object]] = ROWS) -> Counter[str]:
    """How the rows ended, once both readers are known to agree on each."""
    ended: Counter[str] = Counter()
    differences = list(compare(Reader(found), decoded(found, rows), ended))
    assert not differences, differences[0]
    return ended


@pytest.mark.parametrize(("condition", "value"), [*CONDITIONS, *ABSORBED])
def test_conditions(tmp_path: Path, condition: str, value: bool) -> None:
    found = small_policy(tmp_path, condition)
    reader = Reader(found)
    first = reader.decide(reader.chunk(decoded(found, ROWS[:1])))
    assert first.row(0)[:2] == (("YES", "yes") if value else ("NO", "otherwise"))
    agreeing(found)


@pytest.mark.parametrize(("condition", "code"), [*ERRORS, *((condition, "division-by-zero") for condition in SURVIVES)])
def test_errors(tmp_path: Path, condition: str, code: str) -> None:
    found = small_policy(tmp_path, condition)
    reader = Reader(found)
    first = reader.decide(reader.chunk(decoded(found, ROWS[:1])))
    failed = first.error(0)
    assert first.row(0) == ("ERROR", "yes", "block")
    assert failed is not None
    assert failed[0] == code
    assert failed[1].span.text in condition
    agreeing(found)


AGREE = {
    "ints up to the edge": "thing.n + 1 > thing.n - 1 || thing.n * 3 == 0 || -thing.n > 0 || math.abs(thing.n) > 3",
    "products near the edge": "thing.n * 3037000500 > 0 || thing.n / -1 > 0 || thing.n % -1 == 0",
    "sums of ints that overflow on the way": "[thing.n, thing.n, -1, 0 - thing.n].sum() > 0",
    "quotients towards zero": "thing.items.exists(p, p.count / 2 * 2 + p.count % 2 != p.count || p.count % -3 > 0)",
    "the sign of zeros": "thing.items.exists(p, math.round(p.amount) / 2.0 > 0.0 || 1.0 / (p.amount + 1.0) > 2.0)",
    "extremes of equals": "1.0 / (thing.items.map(p, p.amount).min() + 1.0e-300) > 0.0",
    "sums of none": "[0.0].sum() == thing.items.filter(p, false).map(p, p.amount).sum() && size(thing.more) < 5",
    "an extreme of joined lists": "(thing.items + thing.more).map(p, p.name).max() > 'b'",
    "smallest and largest times": "thing.items.map(p, thing.when + thing.wait).max() > thing.when",
    "nested loops that read the outer item": "thing.items.exists(p, thing.more.exists(q, q.name == p.name && "
    "thing.items.exists(r, r.count > p.count + q.count)))",
    "loops over what an outer item makes": "thing.items.exists(p, [p.count, 2].map(n, n * p.count).sum() == 8)",
    "the first failing item": "thing.items.map(p, 6 / (p.count - 2)).sum() > thing.more.map(p, 1 / p.count).sum()",
    "the first of two errors": "thing.items.map(p, p.count > 1 ? 6 / (p.count - 3) : thing.more[p.count + 5].count)"
    ".sum() > 0",
    "an error of the test, and of what it would choose": f"({FAILS} ? thing.items[9].count : thing.more[9].count) > 0",
    "absorbed by a later item": "thing.items.exists(p, 6 / (p.count - 3) > 9 || p.name == 'b')",
    "an absorbed error of joined lists": "(thing.items + thing.more).all(p, 1 / (p.count - 1) > 0 && p.amount > 0.0)",
    "the least by several keys": "(thing.items + thing.more).leastBy(p, p.amount, p.name, -p.count).name == 'a'",
    "the least by a bool": "thing.items.leastBy(p, p.side == 'LONG', p.name).count > 0",
    "keys that fail": "thing.items.leastBy(p, 1 / p.count).count > 0",
    "the last and an index": "thing.items.tail(2)[1].name == thing.items[thing.n].name",
    "each name once": "size((thing.items + thing.more).map(p, p.name).distinct()) > 2",
    "the names once, in order": "(thing.more + thing.items).map(p, p.name).distinct().tail(2)[0] == 'b'",
    "each name of a tail once": "size(thing.items.map(p, p.name).tail(3).distinct()) == 1",
    "a tail of joined lists": "(thing.items + thing.more).tail(thing.n).map(p, p.count).sum() > 3",
    "maps gone over, looked up": "thing.prices.exists(k, thing.prices[k] < 0.0 || k in {'z': 1.0, 'q': 2.0})",
    "a map looked up by items": "thing.items.exists(p, p.name in thing.prices && thing.prices[p.name] > p.amount)",
    "maps compared": "{'a': thing.x} == {'a': 1.5} || thing.prices == {'b': 1.0, 'a': -1.0}",
    "lists compared": "thing.items.map(p, p.name) == ['a', 'b'] || [[thing.n], [0]] != [[7], [0]]",
    "lists of lists": "thing.items.map(p, thing.more.map(q, q.count + p.count)).exists(row, 3 in row && size(row) > 1)",
    "texts": "thing.items.exists(p, (p.name + 'é').endsWith('bé') || size(p.name + p.name) > 4) || 'b' < 'aa'",
    "order of texts by code point": "thing.items.exists(p, p.name >= 'z' || p.name < thing.more[0].name)",
    "conversions": "string(thing.n).startsWith('-') || string(thing.wait) == '-0.000001s' || int(thing.x * 1.0e10) > 3",
    "calendars": "thing.when.getFullYear() == 9999 || thing.when.getDayOfYear() == 0 || thing.wait.getHours() < 0",
    "presence": "has(thing.maybe) && thing.maybe >= 0.0 || has(thing.nothing) && thing.nothing > 1.0",
    "presence in items": "thing.more.exists(p, has(p.score) && p.score == 0.0 && "
    "(has(p.at) ? p.at < thing.when : false))",
    "conditionals of records": "(thing.n > 0 ? thing.items : thing.more).map(p, p.amount).sum() > 0.3",
    "conditionals that guard": "size(thing.items) > 2 ? thing.items[2].name == 'b' : size(thing.more) > 0",
    "membership": "thing.items.exists(p, p.side in ['SHORT', 'SHORT'] || p.count in thing.more.map(q, q.count))",
    "errors on both sides": f"({FAILS} && thing.items[9].amount > 0.0) || thing.more[0].amount > 0.0",
}


@pytest.mark.parametrize("condition", AGREE.values(), ids=AGREE)
def test_readers_agree(tmp_path: Path, condition: str) -> None:
    ended = agreeing(small_policy(tmp_path, condition))
    assert len(ended) > 1, f"the rows do not show it: {ended}"


WITH = {
    "a call and its outputs": (
        "calls: {asked: {policy: callee}}",
        "asked.scaled > 0.0 && asked.rule != 'low' && asked.outcome == 'YES'",
    ),
    "a call that fails, and one whose argument does": (
        "calls: {asked: {policy: callee, with: {bonus: '1.0 / thing.x'}}}",
        "has(asked.extra) ? asked.extra > 0.0 : asked.effect == 'block'",
    ),
    "a failed call says so": (
        "calls: {asked: {policy: callee}}",
        "asked.outcome == 'ERROR' && asked.rule == 'error' && asked.effect == 'block'",
    ),
    "reasons of a call": ("calls: {asked: {policy: callee}}", "asked.reason.contains('1') || asked.reason == 'low'"),
    "a call asked by items": (
        "calls: {asked: {policy: callee}}",
        "thing.items.exists(p, asked.effect == 'allow' && p.amount < asked.scaled)",
    ),
    "outputs out of range": (
        "outputs: {o: {type: {type: int, minimum: 0, maximum: 3}, value: 'thing.items[0].count'},"
        " l: {type: {list: Amount, maxItems: 2}, value: 'thing.items.map(p, p.amount)'}}",
        "size(thing.more) > 1",
    ),
    "outputs of every type": (
        "outputs: {'i?': {type: Item, value: 'thing.items[0]', when: size(thing.items) > 0},"
        " m: {type: {map: Amount}, value: thing.prices}, t: {type: timestamp, value: thing.when},"
        " d: {type: duration, value: thing.wait}, z: {type: double, value: math.trunc(thing.x / 1.0e+10)},"
        " s: {type: string, value: 'decision.rule'}, s2: {type: Side, value: '\"SHORT\"'}}",
        "thing.n > 5",
    ),
    "requirements": ("ensures: [{id: sure, that: thing.x > 0.0 || decision.effect == 'block'}]", "thing.n > 1"),
    "membership of a list by name": ("variables: {v: '[thing.items[0].count, thing.n]'}", "thing.n in v && 3 in v"),
    "a variable read by both": ("variables: {v: 'thing.items.map(p, 6 / p.count).sum()'}", "v > 3 || v < 2"),
}


@pytest.mark.parametrize("said", WITH.values(), ids=WITH)
def test_readers_agree_on_whole_policies(tmp_path: Path, said: tuple[str, str]) -> None:
    beside, condition = said
    ended = agreeing(small_policy(tmp_path, condition, beside))
    assert len(ended) > 1, f"the rows do not show it: {ended}"


def test_a_failing_alternative_ends_the_rule(tmp_path: Path) -> None:
    body = f"""
    inputs: {{thing: Thing}}
    rules:
      - id: ways
        when: thing.x < 2.0
        any:
          - {{when: thing.x < 0.0, reason: small}}
          - {{when: {FAILS}, reason: fails}}
          - {{when: 'thing.items[9].count > 0', reason: fails in another way}}
          - {{when: thing.x > 0.0, reason: large}}
        outcome: YES
      - {{id: after, when: thing.n > 0, outcome: NO, reason: r}}
    otherwise: {{outcome: NO, reason: it does not}}
    """
    found = machine_of(tmp_path, rule_list("small", body)).policies["small"]
    assert agreeing(found) == {"division-by-zero": 5, "overflow": 1, "index": 2, "allow": 1, "block": 1}


def test_an_input_that_is_absent_is_absent_for_the_called_policy(tmp_path: Path) -> None:
    callee = """
    inputs: {thing: Thing, 'bonus?': {type: double, minimum: 1.0, maximum: 9.0}}
    rules: [{id: r, when: has(inputs.bonus), outcome: YES, reason: r}]
    otherwise: {outcome: NO, reason: r}
    """
    body = """
    inputs: {thing: Thing, 'bonus?': {type: double, minimum: -1.0e+12, maximum: 1.0e+12}}
    calls: {asked: {policy: callee}}
    rules: [{id: r, when: asked.outcome == 'YES', outcome: YES, reason: r}]
    otherwise: {outcome: NO, reason: r}
    """
    found = machine_of(tmp_path, rule_list("callee", callee), rule_list("small", body)).policies["small"]
    given: list[dict[str, object]] = [{}, {"bonus": 2.0}, {"bonus": 1e11}, {"bonus": 9.0}, {}]
    rows = [found.decoder.decode(json.dumps({"thing": thing(), **more})) for more in given]
    reader = Reader(found)
    decided = reader.decide(reader.chunk(rows))
    assert [decided.row(at)[1] for at in range(5)] == ["otherwise", "r", "r", "r", "otherwise"]
    assert [decided.row(at)[0] for at in range(5)] == ["NO", "YES", "ERROR", "YES", "NO"]
    assert not list(compare(reader, rows, Counter()))


def test_an_input_that_is_null_stays_null(tmp_path: Path) -> None:
    inputs = "inputs: {thing: Thing, floor: Amount | null, 'both?': Amount | null}"
    callee = f"""
    {inputs}
    rules: [{{id: r, when: has(inputs.floor), outcome: YES, reason: '{{floor:.1f}}'}}]
    otherwise: {{outcome: NO, reason: 'none {{has(inputs.both)}}'}}
    """
    body = f"""
    {inputs}
    calls: {{asked: {{policy: callee}}}}
    rules: [{{id: r, when: asked.reason == 'none false', outcome: YES, reason: '{{asked.reason}}'}}]
    otherwise: {{outcome: NO, reason: '{{asked.reason}}'}}
    """
    found = machine_of(tmp_path, rule_list("callee", callee), rule_list("small", body)).policies["small"]
    given: list[dict[str, object]] = [{"floor": None}, {"floor": 2.0}, {"floor": None, "both": None}]
    rows = [
        found.decoder.decode(json.dumps({"thing": thing(), **more})) for more in [*given, {**given[0], "both": 1.0}]
    ]
    reader = Reader(found)
    assert not list(compare(reader, rows, Counter()))
    decisions = reader.decisions(reader.chunk(rows), range(4), STAMP, trace=True)
    assert decisions == [found.decide(row, STAMP, trace=True) for row in rows]
    assert [decision.reason for decision in decisions] == ["none false", "2.0", "none false", "none true"]


def test_words_that_an_open_enum_does_not_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small, "TYPES", small.TYPES.replace("  enums:", "  openEnums:\n    Act: [BUY, SELL]\n  enums:"))
    body = """
    inputs: {act: Act, acts: {list: Act, maxItems: 3}}
    rules:
      - {id: buy, when: "act == 'BUY' || acts.exists(a, a == 'SELL')", outcome: YES, reason: r}
      - {id: same, when: act in acts, outcome: NO, reason: r}
    otherwise: {outcome: YES, reason: r}
    outputs: {word: {type: string, value: string(act)}}
    """
    found = machine_of(tmp_path, rule_list("small", body)).policies["small"]
    acts = [("BUY", []), ("new", ["old", "new"]), ("old", ["SELL"]), ("new", ["old"]), ("SELL", [])]
    rows = [found.decoder.decode(json.dumps({"act": act, "acts": listed})) for act, listed in acts]
    assert not list(compare(Reader(found), rows, Counter()))
    reader = Reader(found)
    decided = reader.decide(reader.chunk(rows))
    assert [decided.row(at)[1] for at in range(5)] == ["buy", "same", "buy", "otherwise", "otherwise"]


def test_other_parameters(tmp_path: Path) -> None:
    reader = Reader(policy("entry"))
    rows = [reader.policy.decoder.decode(as_json("entry", one)) for one in generate(300, 5)]
    chunk = reader.chunk(rows)
    moved = {"max_exposure_total": 100.0, "min_confidence": 0.9, "allow_scale_in": False}
    other = reader.with_parameters(moved)
    wanted = [policy("entry").with_parameters(moved).verdict(one) for one in rows]
    assert [other.decide(chunk).row(at) for at in range(300)] == wanted
    assert [reader.decide(chunk).row(at) for at in range(300)] == [policy("entry").verdict(one) for one in rows]
    assert wanted != [policy("entry").verdict(one) for one in rows]


def test_chunks_hold_every_row_in_order() -> None:
    reader = Reader(policy("allocation"))
    rows = [reader.policy.decoder.decode(as_json("allocation", one)) for one in generate(50, 6)]
    chunks = list(reader.chunks(iter(rows), 7))
    assert [chunk.size for chunk in chunks] == [7] * 7 + [1]
    found = [decided.row(at) for decided in map(reader.decide, chunks) for at in range(len(decided.case))]
    assert found == [reader.policy.verdict(one) for one in rows]


@pytest.mark.parametrize("name", ["entry", "allocation"])
def test_the_decisions_on_chosen_rows_are_the_policy_s_own(name: str) -> None:
    reader = Reader(policy(name))
    rows = [reader.policy.decoder.decode(as_json(name, one)) for one in generate(40, 8)]
    chosen = [17, 3, 3, 0]
    found = reader.decisions(reader.chunk(rows), chosen, STAMP)
    assert found == [reader.policy.decide(rows[at], STAMP) for at in chosen]


def test_too_many_items_are_looked_at_in_smaller_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = small_policy(tmp_path, AGREE["lists of lists"], WITH["outputs of every type"][0])
    calm = agreeing(found, ROWS * 3)
    monkeypatch.setattr(frames, "MOST_LANES", 90)
    assert agreeing(found, ROWS * 3) == calm
    monkeypatch.setattr(frames, "MOST_LANES", 5)
    with pytest.raises(frames.TooWide):
        agreeing(found)


def test_no_rows(tmp_path: Path) -> None:
    reader = Reader(small_policy(tmp_path, AGREE["lists of lists"]))
    assert len(reader.decide(reader.chunk([])).case) == 0


def test_an_argument_that_fails_may_be_anything_to_the_policy_asked(tmp_path: Path) -> None:
    asked = rule_list(
        "asked",
        """
        inputs: {amount: Amount}
        rules: [{id: zero, when: 'string(amount) == "0"', outcome: YES, reason: nothing}]
        otherwise: {outcome: NO, reason: something}
        """,
    )
    caller = rule_list(
        "caller",
        """
        inputs: {thing: Thing}
        calls: {other: {policy: asked, with: {amount: thing.wide * 10.0}}}
        rules: [{id: yes, when: 'thing.x > 0.0 && other.effect == "allow"', outcome: YES, reason: it does}]
        otherwise: {outcome: NO, reason: it does not}
        """,
    )
    rows = [thing(x=x, wide=wide) for x in (-1.0, 1.0) for wide in (-1e308, 0.0, 1e8, 1e9, 1e308)]
    ended = agreeing(machine_of(tmp_path, asked, caller).policies["caller"], rows)
    assert ended["not-finite"] == 2
