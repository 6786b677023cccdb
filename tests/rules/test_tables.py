"""Tables: what their cells mean, what their hit policies decide, and what their analysis tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.decision import Decision
from engine.policy import Policy
from tests.engine.shipped import STAMP
from tests.engine.small import HEADER, checked, machine_of, thing

TABLE = """kind: DecisionTable
metadata: {name: table, version: 1.0.0, title: t, owner: o}
spec:
  inputs: {thing: Thing}
  parameters: {floor: {type: Amount, default: 2.0, description: d}}
  columns: {x: thing.x, n: thing.n, wait: thing.wait, side: SIDE, many: size(thing.items) > 1}
  outcomes: {YES: {effect: allow}, NO: {effect: block}, ERROR: {effect: block}}
"""
SIDE = {"type": "Side", "value": 'thing.n > 0 ? "LONG" : "SHORT"'}


def table(rows: str, *, more: str = "", otherwise: str = "  otherwise: {outcome: NO}\n") -> str:
    lines = "".join(f"    {line.strip()}\n" for line in rows.strip().splitlines())
    head = TABLE.replace("SIDE", json.dumps(SIDE))
    return f"{HEADER}{head}{more}  table: |\n{lines}{otherwise}  reason: '{{decision.rule}}'\n  onError: ERROR\n"


def one_cell(column: str, cell: str) -> str:
    columns = ("x", "n", "wait", "side", "many")
    cells = " | ".join(cell if name == column else "-" for name in columns)
    return table(f"| id | {' | '.join(columns)} | => outcome |\n| row | {cells} | YES |")


def decided(policy: Policy, **changed: Any) -> Decision:
    return policy.decide_json(json.dumps({"thing": thing(**changed)}), STAMP)


CELLS = [
    ("x", "-", {"x": 9.0}, {}),
    ("x", "1.5", {"x": 1.5}, {"x": 1.25}),
    ("x", "> 1.5", {"x": 1.75}, {"x": 1.5}),
    ("x", ">= 1.5", {"x": 1.5}, {"x": 1.25}),
    ("x", "< -1", {"x": -1.5}, {"x": -1.0}),
    ("x", "!= 1.5", {"x": 1.0}, {"x": 1.5}),
    ("x", "[1.0..2.0)", {"x": 1.0}, {"x": 2.0}),
    ("x", "(1.0..2.0]", {"x": 2.0}, {"x": 1.0}),
    ("x", "< 1.0, > 2.0", {"x": 3.0}, {"x": 1.5}),
    ("x", "not(1.0, [2.0..3.0])", {"x": 1.5}, {"x": 2.5}),
    ("x", ">= params.floor", {"x": 2.0}, {"x": 1.75}),
    ("x", "= thing.x * 2.0 > 3.0", {"x": 2.0}, {"x": 1.0}),
    ("n", "1, 3", {"n": 3}, {"n": 2}),
    ("wait", "> 60s", {"wait": "61s"}, {"wait": "60s"}),
    ("side", "LONG", {"n": 1}, {"n": 0}),
    ("side", "not(LONG)", {"n": 0}, {"n": 1}),
    ("many", "false", {"items": []}, None),
    ("many", "true", None, {"items": []}),
]


@pytest.mark.parametrize(("column", "cell", "holds", "fails"), CELLS, ids=[f"{c} {t}" for c, t, _, _ in CELLS])
def test_what_a_cell_means(tmp_path: Path, column: str, cell: str, holds: Any, fails: Any) -> None:
    policy = machine_of(tmp_path, one_cell(column, cell)).policies["table"]
    if holds is not None:
        assert decided(policy, **holds).rule == "row"
    if fails:
        assert decided(policy, **fails).rule == "otherwise"


RESULTS = table(
    """
    | id   | x       | => outcome | word   | size            | side  |
    | high | >= 5.0  | YES        | a text | = thing.x * 2.0 | LONG  |
    | low  | >= 1.0  | NO         | other  | -               | SHORT |
    """.replace("| x ", "| x "),
    more="  results: {word: Word, size: Amount, side: Side}\n",
    otherwise="  otherwise: {outcome: NO, word: none, side: SHORT}\n",
).replace("columns: {x: thing.x, n: thing.n, wait: thing.wait, ", "columns: {x: thing.x} #")


@pytest.mark.parametrize(
    ("x", "outputs"),
    [
        (6.0, {"word": "a text", "size": 12.0, "side": "LONG"}),
        (2.0, {"word": "other", "side": "SHORT"}),
        (0.0, {"word": "none", "side": "SHORT"}),
    ],
)
def test_results_are_outputs_of_the_row_that_applied(tmp_path: Path, x: float, outputs: dict[str, Any]) -> None:
    assert decided(machine_of(tmp_path, RESULTS).policies["table"], x=x).outputs == outputs


TWO = """| id | x | n | wait | side | many | => outcome |
| one | >= 1.0 | - | - | - | - | {0} |
| two | - | >= 1 | - | - | - | {1} |"""


@pytest.mark.parametrize(
    ("more", "first", "second", "rule"),
    [
        ("  hitPolicy: first\n", "YES", "NO", "one"),
        ("  hitPolicy: any\n", "YES", "YES", "one"),
        ("  hitPolicy: priority\n  priority: [NO, YES]\n", "YES", "NO", "two"),
        ("  hitPolicy: priority\n  priority: [YES, NO]\n", "YES", "NO", "one"),
    ],
)
def test_which_of_two_rows_decides(tmp_path: Path, more: str, first: str, second: str, rule: str) -> None:
    policy = machine_of(tmp_path, table(TWO.format(first, second), more=more)).policies["table"]
    assert decided(policy, x=3.0, n=3).rule == rule


def test_a_table_that_leaves_nothing_out_needs_no_otherwise(tmp_path: Path) -> None:
    head = "| id | x | n | wait | side | many | => outcome |\n"
    rows = f"{head}| a | < 2.0 | - | - | - | - | YES |\n| b | >= 2.0 | - | - | - | - | NO |"
    found = checked(tmp_path, table(rows, otherwise=""))
    assert found.bundle is not None
    (tmp_path / "less").mkdir()
    less = checked(tmp_path / "less", table(rows.replace("< 2.0", "< 1.5"), otherwise=""))
    assert [(d.code, "x=1.5" in d.message) for d in less.diagnostics if d.severity == "error"] == [("table-gap", True)]


def test_a_trace_says_conditions_in_words_of_the_table(tmp_path: Path) -> None:
    policy = machine_of(tmp_path, table(TWO.format("YES", "NO"))).policies["table"]
    trace = policy.decide_json(json.dumps({"thing": thing(x=0.0, n=3)}), STAMP, trace=True).trace
    assert [rule.condition for rule in trace or ()] == ["x >= 1.0", "n >= 1", "otherwise"]
