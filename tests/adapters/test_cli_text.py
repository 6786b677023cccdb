"""What a person reads: help, the demo, an explanation, results of suites."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from adapters.cli.main import COMMANDS, SETTINGS, cli
from adapters.cli.terminal import printable, table, wrapped_items
from tests.adapters.running import DEAR, POLICIES, ROOT, SNAPSHOTS, run


@pytest.mark.parametrize("name", ["", *(command.name or "" for command in COMMANDS)])
def test_help_shows_examples_that_name_the_command(name: str) -> None:
    done = run(*name.split(), "--help")
    assert done.exit_code == 0
    examples = done.stdout.partition("Examples:\n")[2]
    assert f"bascule {name}".strip() in examples
    assert max(map(len, done.stdout.splitlines())) <= SETTINGS["max_content_width"]


def test_every_command_is_among_those_listed() -> None:
    assert [command.name for command in COMMANDS] == list(cli.commands)
    listed = run("--help").stdout
    assert [name for name in cli.commands if f"\n  {name} " not in listed] == []


SEED_LINES = (
    "ENTRY_POLICY_DECISION | BTCUSDT | decision=ALLOW_NEW_ENTRY | "
    "confidence=0.85, exposure_after=$500, positions_after=1",
    "CAPITAL_ALLOCATION | BTCUSDT | allocated=$500 (cap=$1000, avail=$4500) | qty=0.100 @ $50000 | lev=10x",
    "ENTRY_POLICY_DECISION | ETHUSDT | decision=BLOCK_MAX_POSITIONS | total_positions=10 >= max=10",
    "ENTRY_POLICY_DECISION | SOLUSDT | decision=ALLOW_SCALE_IN | "
    "confidence=0.88, exposure_after=$1350, positions_after=3",
)


def test_the_demo_shows_the_lines_of_the_seed_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("demo", env={"POLICY_MIN_CONFIDENCE": "0.99"})
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line for line in SEED_LINES if line not in lines] == []
    assert "/portfolio/pending: `pending` is absent" in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert run("demo").stdout == done.stdout


def test_the_commands_of_the_demo_run() -> None:
    commands = [line.strip() for line in run("demo").stdout.partition("What to run next")[2].splitlines()]
    ran = 0
    for command in (part for line in commands for part in line.split("&&") if "bascule " in part):
        words = shlex.split(command)
        at = words.index("bascule")
        env = dict(word.split("=", 1) for word in words[:at])
        done = run(*words[at + 1 :], env=env)
        assert done.exit_code == 0, f"{command}: {done.output}"
        ran += 1
    assert ran >= 4


def test_an_explanation_shows_each_rule_with_its_values() -> None:
    done = run("explain", "entry", "--policies", POLICIES, "--inputs", SNAPSHOTS / "full-book.json")
    lines = done.stdout.splitlines()
    assert lines[1] == "BLOCK_MAX_POSITIONS (block)"
    assert "intent.confidence = 0.91, params.min_confidence = 0.7" in done.stdout
    marks = {line.split()[1]: line.split()[0] for line in lines if line[:3] in ("  \u2713", "  \u2717", "  \u2013")}
    assert (marks["confidence"], marks["positions-total"], marks["regime"]) == ("\u2717", "\u2713", "\u2013")
    assert any(line.split() == ["max_positions_total", "10"] for line in lines)


def test_an_explanation_of_a_denial_shows_why_the_step_denied() -> None:
    order = json.loads((ROOT / "examples" / "open-position.json").read_bytes())
    order["signal"]["score"] = 0.5
    shown = run("explain", "open-position", "--policies", POLICIES, stdin=json.dumps(order)).stdout
    (named,) = (line for line in shown.splitlines() if "names the reason" in line)
    assert named.startswith("  \u2717 quality ")
    assert "Rules of quality, which denied\n  \u2713 applies, \u2717 does not, \u2013 was not tried\n" in shown
    assert "score = 0.5, params.normal_score = 0.65" in shown
    assert "Rules of" not in run("decide", "open-position", "--policies", POLICIES, stdin=json.dumps(order)).stdout


def test_an_explanation_of_a_formula_shows_each_step_and_what_bound_the_result() -> None:
    done = run("explain", "allocation", "--policies", POLICIES, "--inputs", ROOT / "examples" / "scale-in.json")
    steps = [line.split() for line in done.stdout.partition("Steps in order\n")[2].splitlines()]
    assert ["total_room", "4400.0"] in steps
    assert ["within_caps", "400.0", "bound", "by", "symbol_room"] in steps
    assert "Steps in order" not in run("decide", "allocation", "--inputs", ROOT / "examples" / "scale-in.json").stdout


def test_the_demo_names_the_program_as_it_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / ".venv" / "bin" / "bascule"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [".venv/bin/bascule", "demo"])
    assert "\n  .venv/bin/bascule explain entry " in run("demo").stdout
    monkeypatch.setenv("PATH", str(program.parent))
    assert "\n  bascule explain entry " in run("demo").stdout


@pytest.mark.parametrize(
    ("policy", "inputs"),
    [("entry", SNAPSHOTS / "scale-in.json"), ("open-position", ROOT / "examples" / "open-position.json")],
)
@pytest.mark.parametrize("columns", ["60", "100", "200"])
def test_an_explanation_keeps_to_the_width(columns: str, policy: str, inputs: Path) -> None:
    env = {"COLUMNS": columns}
    done = run("explain", policy, "--policies", POLICIES, "--inputs", inputs, env=env)
    rules = done.stdout.partition("Log\n")[0]
    longest_word = max(map(len, rules.split()))
    assert max(map(len, rules.splitlines())) <= max(int(columns), longest_word + 32)


def test_a_failing_case_shows_expected_found_and_the_rules(bundle: Path) -> None:
    suite = bundle / "suites" / "gate.yaml"
    suite.write_text(
        suite.read_text("utf-8").replace("rule: dear}", "rule: steep, outputs: {paid: 1.0}, silent: [GATE]}"), "utf-8"
    )
    brief = run("test", bundle).stdout
    assert "\u2713 dear  price > params.dearest \u2192 TOO_DEAR\n" in brief
    assert "price = 11.0" not in brief
    assert "noted" not in brief, "it was not tried"
    done = run("test", bundle, "--junit", bundle / "out.xml", "-v")
    assert "rule: expected steep\n            found    dear\n" in done.stdout
    assert "outputs.paid: expected 1.0\n                    found    22.0\n" in done.stdout
    assert "silent: expected no line of GATE\n              found    GATE TOO_DEAR 11.00\n" in done.stdout
    assert "price > params.dearest \u2192 TOO_DEAR" in done.stdout
    assert "price = 11.0" in done.stdout
    assert "suites/gate.yaml:12:12" in done.stdout
    root = ElementTree.fromstring((bundle / "out.xml").read_bytes())  # noqa: S314 -- written here a moment ago
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    failure = root.find("testsuite/testcase[@name='dear-blocks']/failure")
    assert failure is not None
    assert failure.get("message") == "rule: expected steep, found dear"


def test_a_failed_decision_shows_its_place_and_values(bundle: Path) -> None:
    done = run("decide", "gate", "--policies", bundle, stdin=DEAR.replace(b"11.0", b"0"))
    assert "FAILED (block)" in done.stdout
    assert f"at       {bundle}/gate.yaml:10:12" in done.stdout
    assert "params.dearest = 10.0" in done.stdout


def test_who_has_no_policies_is_told_where_some_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("decide", "entry", stdin=DEAR)
    assert "there is no folder `policies`" in done.stderr
    assert f"the policies that come with bascule are in `{POLICIES}`" in done.stderr


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain é", "plain é"), ("\x1b[2J", "\\x1b[2J"), ("a\nb", "a\\nb"), ("\u202e", "\\u202e"), ("\ud800", "\\ud800")],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_columns_line_up_and_items_stay_whole() -> None:
    assert table([("a", "x"), ("long", "y")], 2) == ["  a     x", "  long  y"]
    lines = wrapped_items([f"name{i} = value {i}" for i in range(20)], 4)
    assert len(lines) > 1
    assert all(line.startswith("    name") for line in lines)
