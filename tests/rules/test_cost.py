"""What expressions cost: the prices of the language page, counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.cel.cost import Meter, length
from rules.cel.tree import Node, walk
from rules.kinds.cost import BUDGET
from tests.engine.small import checked, rule_list

PRICES = [
    ("true", 0),
    ("thing.x > 1.0", 3),  # thing, .x, >
    ("has(thing.maybe) && thing.maybe > 1.0", 7),
    ("thing.x > 1.0 ? thing.n > 1 : thing.wide * thing.wide > 1.0", 1 + 3 + 6),  # the dearer way
    ("thing.items.size() == 0", 4),
    ("thing.items.exists(p, p.count > 1)", 2 + 16 * (1 + 3)),
    ("thing.items.filter(p, p.count > 1).size() == 0", 2 + 16 * 4 + 10 + 1 + 1),
    ("thing.items.map(p, p.amount).sum() > 1.0", 2 + 16 * 3 + 10 + 17 + 1),
    ("thing.items.exists(p, thing.more.exists(q, q.count > 1))", 2 + 16 * (1 + 2 + 16 * 4)),
    ("thing.prices.exists(k, thing.prices[k] > 1.0)", 2 + 20 * (1 + 1 + 1 + 2 + 1)),
    ("1 in [1, 2]", 10 + 1 + 2),
    ('"a" in {"a": 1.0}', 30 + 1),
    ('thing.items.exists(p, p.name.contains("abc"))', 2 + 16 * (1 + 2 + 1 + 2 * 1)),  # 20 characters, 3 characters
    ("thing.items.map(p, p.name) == thing.more.map(p, p.name)", 2 * (2 + 16 * 3 + 10) + 1 + 2 * 16 * (1 + 2)),
    (
        'thing.items.exists(p, p.name + p.name == "ab")',
        2 + 16 * (1 + 4 + (1 + 2 + 2 + 4) + 2),
    ),
    ('"ab".lastIndexOf("b") == 1', 1 + 1 * 1 + 1),
    ('thing.items.exists(p, p.name.matches("^[a-c]+$"))', 2 + 16 * (1 + 2 + 1 + 2 * 2)),
    ("v > 1.0", 1 + 1 + 2 + 16 * 3 + 10 + 17),
    ("v > 1.0 && v > 2.0", 1 + 2 + 2 + (2 + 16 * 3 + 10 + 17)),  # once, however often it is read
    ("thing.items.exists(p, p.amount > v)", 2 + 16 * (1 + 2 + 1 + 1) + (2 + 16 * 3 + 10 + 17)),  # not for each item
]


def condition(folder: Path, text: str) -> Node:
    body = (
        "inputs: {thing: Thing}\nvariables: {v: 'thing.items.map(p, p.amount).sum()'}\n"
        f"rules:\n  - id: a\n    when: >-\n      {text}\n    outcome: YES\n    reason: r\n"
        "otherwise: {outcome: NO, reason: r}"
    )
    found = checked(folder, rule_list("small", body))
    assert found.bundle is not None, [d.message for d in found.diagnostics]
    when = found.bundle.plans["small"].cases[0].when
    assert when is not None
    return when


@pytest.mark.parametrize(("text", "units"), PRICES, ids=[text for text, _ in PRICES])
def test_price(tmp_path: Path, text: str, units: int) -> None:
    assert Meter().units(condition(tmp_path, text)) == units


def test_every_list_of_an_input_has_a_length(tmp_path: Path) -> None:
    found = condition(tmp_path, "(thing.items + thing.more).tail(3).filter(p, has(p.at)).map(p, p.at).size() > 1")
    assert {length(node.type) for node in walk(found)} <= {0, 3, 16, 32}


@pytest.mark.parametrize(("callers", "refused"), [(1, False), (4, True)])
def test_a_call_costs_what_it_asks(tmp_path: Path, callers: int, refused: bool) -> None:
    """Each of a chain of policies costs less than the budget, and together they may cost more."""
    over = "(thing.items + thing.more).exists"
    loops = f"{over}(a, {over}(b, {over}(c, a.count == b.count || a.count == c.count)))"
    documents = [
        rule_list(
            f"p{i}",
            ("inputs: {thing: Thing}\n" + (f"calls: {{asked: {{policy: p{i - 1}}}}}\n" if i else ""))
            + f"rules:\n  - {{id: a, when: '{loops}', outcome: YES, reason: r}}\n"
            + ('  - {id: b, when: asked.effect == "allow", outcome: YES, reason: r}\n' if i else "")
            + "otherwise: {outcome: NO, reason: r}",
        )
        for i in range(callers)
    ]
    found = checked(tmp_path, *documents)
    assert [d.code for d in found.diagnostics] == ["cost-budget"] * refused
    assert (found.bundle is None) == refused
    assert BUDGET == 1_000_000


SHORT = """
inputs: {thing: Thing}
rules:
  - {id: a, when: thing.n > 0, outcome: YES, reason: a reason of thirty characters}
"""
CALLER = """
inputs: {thing: Thing}
calls: {asked: {policy: p0}}
variables: {v0: asked.reason, v1: 'v0.replace("", v0)', v2: 'v1.replace("", v1)', v3: 'v2.replace("", v2)'}
"""


@pytest.mark.parametrize(("variable", "refused"), [("v1", False), ("v2", True), ("v3", True)])
def test_texts_that_are_made_cost_what_they_may_come_to(tmp_path: Path, variable: str, refused: bool) -> None:
    rules = f"rules:\n  - {{id: a, when: {variable}.size() > 3, outcome: YES, reason: r}}\n"
    otherwise = "otherwise: {outcome: NO, reason: r}"
    found = checked(tmp_path, rule_list("p0", SHORT + otherwise), rule_list("p1", CALLER + rules + otherwise))
    assert [d.code for d in found.diagnostics if d.severity == "error"] == ["cost-budget"] * refused


def test_each_call_of_a_policy_costs_what_it_asks(tmp_path: Path) -> None:
    over = "(thing.items + thing.more).exists"
    loops = f"{over}(a, {over}(b, {over}(c, a.count == b.count || a.count == c.count)))"
    deep = f"inputs: {{thing: Thing}}\nrules:\n  - {{id: a, when: '{loops}', outcome: YES, reason: r}}\n"
    calls = ", ".join(f"a{i}: {{policy: p0}}" for i in range(4))
    many = f"inputs: {{thing: Thing}}\ncalls: {{{calls}}}\nrules:\n"
    many += "".join(f"  - {{id: r{i}, when: a{i}.effect == 'block', outcome: NO, reason: r}}\n" for i in range(4))
    otherwise = "otherwise: {outcome: NO, reason: r}"
    found = checked(tmp_path, rule_list("p0", deep + otherwise), rule_list("p1", many + otherwise))
    assert [d.code for d in found.diagnostics if d.severity == "error"] == ["cost-budget"]
