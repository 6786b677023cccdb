"""`bascule eval`: expressions with their types and values, alone, among facts, in a policy, and one a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.running import POLICIES, SNAPSHOTS, run

ALONE = [
    ("1 + 1", "int", "2"),
    ("0.5 + 1.5", "double", "2.0"),
    ("1e22", "double", "1.0e+22"),
    ("[1.0, 2.5]", "list(double)", "[1.0, 2.5]"),
    ("{'a': 1.0}", "map(string, double)", '{"a": 1.0}'),
    ("'é' + \"\\n\"", "string", '"é\\n"'),
    ("timestamp('2026-01-01T00:00:00Z') + duration('90s')", "timestamp", '"2026-01-01T00:01:30Z"'),
    ("duration('1h')", "duration", '"3600s"'),
    ("!true", "bool", "false"),
]


@pytest.mark.parametrize(("text", "shown", "value"), ALONE)
def test_an_expression_alone(text: str, shown: str, value: str) -> None:
    assert run("eval", text).stdout == f"type: {shown}\nvalue: {value}\n"
    assert json.loads(run("eval", text, "--json").stdout) == {"type": shown, "value": json.loads(value)}


BOOK = SNAPSHOTS / "full-book.json"
AMONG = [
    (("params.min_confidence", "--policy", "entry"), "double", "0.7"),
    (("size(book)", "--policy", "entry", "--inputs", BOOK), "int", "10"),
    (("sizing.outcome", "--policy", "entry", "--inputs", BOOK), None, '"ALLOCATED"'),
    (("has(portfolio.last_trade_at)", "--policy", "entry", "--inputs", BOOK), "bool", "true"),
    (("intent.side", "--policy", "entry", "--inputs", BOOK), "Side", '"LONG"'),
    (("intent.symbol", "--inputs", BOOK), "string", '"ETHUSDT"'),
    (("size(portfolio.pending)", "--inputs", BOOK), "int", "1"),
]


@pytest.mark.parametrize(("arguments", "shown", "value"), AMONG)
def test_an_expression_among_names(arguments: tuple[str | Path, ...], shown: str | None, value: str) -> None:
    done = run("eval", *arguments, "--policies", POLICIES)
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith(f"value: {value}\n")
    assert shown is None or f"type: {shown}\n" in done.stdout


REFUSED = [
    (("intent.symbl", "--inputs", BOOK), b"", 1, "write: `symbol`"),
    (("sizing", "--policy", "entry", "--inputs", BOOK), b"", 1, "`sizing.allocation`"),
    (("sizing.allocation", "--policy", "entry", "--inputs", BOOK), b"", 1, "may be absent"),
    (("intent.symbol", "--inputs", "-"), b'{"intnt": 1}', 2, "did you mean `intent`?"),
    (("intent.symbol", "--inputs", "-"), b'{"intent": 1}', 2, "/intent: found `1`"),
    (("1", "--policy", "entri"), b"", 2, "Did you mean `entry`?"),
    (("x\ud800",), b"", 2, "UTF-8"),
    (("(" * 5000,), b"", 1, "error"),
]


@pytest.mark.parametrize(("arguments", "stdin", "exit_code", "told"), REFUSED)
def test_an_expression_that_is_refused(
    arguments: tuple[str | Path, ...], stdin: bytes, exit_code: int, told: str
) -> None:
    done = run("eval", *arguments, "--policies", POLICIES, stdin=stdin)
    assert done.exit_code == exit_code, done.output
    assert told in done.stderr
    assert "internal" not in done.stderr


def question(expr: str, types: object = None, inputs: object = None) -> str:
    """A line of `eval --jsonl`."""
    said = {"expr": expr, "types": types, "inputs": inputs}
    return json.dumps({name: value for name, value in said.items() if value is not None})


RECORD = {"r": {"record": {"a": "int", "b?": "double", "c": "timestamp | null"}}}
LINES: list[tuple[str, dict[str, Any]]] = [
    (question("x * 2.0", {"x": "double"}, {"x": 1}), {"type": "double", "value": 2.0}),
    (question("1"), {"type": "int", "value": 1}),
    (question("1", {"x": "int"}), {"type": "int", "value": 1}),
    (question("r", RECORD, {"r": {"a": 1, "c": None}}), {"type": "r", "value": {"a": 1, "c": None}}),
    (question("r.b", RECORD, {"r": {"a": 1, "c": None}}), {"code": "cel-absent"}),
    (question("has(r.b) ? r.b : 0.5", RECORD, {"r": {"a": 1, "c": None}}), {"type": "double", "value": 0.5}),
    (question("has(inputs.x) ? x : 7", {"x?": "int"}, {}), {"type": "int", "value": 7}),
    (question("has(inputs.x) ? x : 7", {"x": "int | null"}, {"x": None}), {"type": "int", "value": 7}),
    (question("has(inputs.x) ? x : 7", {"x": "int | null"}, {}), {"type": "int", "code": "inputs"}),
    (question("l[0]", {"l": {"list": "string"}}, {"l": ["a"]}), {"type": "string", "value": "a"}),
    (question("l[1]", {"l": {"list": "string"}}, {"l": ["a"]}), {"type": "string", "code": "index"}),
    (question("'a' in m ? m['a'] : 0", {"m": {"map": "int"}}, {"m": {"a": 3}}), {"type": "int", "value": 3}),
    (question("e == 'A'", {"e": {"enum": ["A", "B"]}}, {"e": "A"}), {"type": "bool", "value": True}),
    (question("e == 'C'", {"e": {"enum": ["A", "B"]}}, {"e": "A"}), {"code": "cel-enum"}),
    (question("t + d", {"t": "timestamp", "d": "duration"}, {"t": "2026-01-01T00:00:00Z", "d": 1.5}),
     {"type": "timestamp", "value": "2026-01-01T00:00:01.5Z"}),
    (question("d", {"d": "duration"}, {"d": "1h"}), {"type": "duration", "value": "3600s"}),
    (question("1 / 0"), {"type": "int", "error": "division by zero", "code": "division-by-zero"}),
    (question("9223372036854775807 + x", {"x": "int"}, {"x": 1}), {"type": "int", "code": "overflow"}),
    (question("1 +"), {"code": "cel-syntax"}),
    (question("1 + 1.0"), {"code": "cel-type"}),
    (question("x", {"x": "dbl"}), {"code": "types"}),
    (question("x", {"x": {"list": "int | null"}}), {"code": "types"}),
    (question("x", {"x": {"enum": []}}), {"code": "types"}),
    (question("x", {"if": "int"}), {"code": "types"}),
    (question("x", {"x": {"record": {"a": "int", "a?": "int"}}}), {"code": "types"}),
    (question("x", {"x": "int"}, {"y": 1}), {"type": "int", "code": "inputs"}),
    (question("(" * 4000), {"code": "cel-too-deep"}),
    ('{"expr": "1", "expr": "2"}', {"code": "line"}),
    ('{"exp": "1"}', {"code": "line"}),
    ('{"expr": "x", "types": {"x": ' + '{"list":' * 300 + '"int"' + "}" * 300 + "}}", {"code": "types"}),
    ("nonsense", {"code": "line"}),
    ("", {"code": "line"}),
    ("[]", {"code": "line"}),
    (question("true"), {"type": "bool", "value": True}),
]  # fmt: skip


def test_every_line_is_answered_in_its_place() -> None:
    done = run("eval", "--jsonl", stdin="\n".join(line for line, _ in LINES))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert len(answers) == len(LINES)
    for (line, expected), answer in zip(LINES, answers, strict=True):
        assert expected.items() <= answer.items(), line
        assert ("value" in answer) != ("error" in answer), line
