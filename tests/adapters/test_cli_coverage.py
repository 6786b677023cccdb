"""`bascule test --coverage`: what is not shown, beside its line, to a person and to a program."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from adapters.cli.coverage_text import coverage_lines
from engine.coverage import DocumentCover, RuleCover
from rules.source import Source
from tests.adapters.running import POLICIES, run

ALL_SHOWN = """    - {id: noted-opens, set: {note: x}, expect: {rule: noted}}
  unreachable:
    - {rule: steep, because: "`dear` takes what is dearer"}
    - {condition: share < 1.0, because: "`dear` takes what is dearer"}
"""


def more_cases(bundle: Path, text: str) -> None:
    suite = bundle / "suites" / "gate.yaml"
    suite.write_text(suite.read_text("utf-8") + text, encoding="utf-8")


def test_what_is_not_shown_stands_beside_its_line(bundle: Path) -> None:
    done = run("test", bundle, "--coverage")
    place = f"{bundle}/gate.yaml"
    assert (
        f"""coverage
  gate                rules         2 of 4  50.0%  conditions         1 of 3  33.3%
    {place}:17:11: `steep` never decided
      |     - id: steep                                  # fails when the price is 0
      |           ^^^^^
    {place}:18:13: `share < 1.0` never true
      |       when: share < 1.0
      |             ^^^^^^^^^^^
    {place}:21:11: `noted` never decided
      |     - id: noted
      |           ^^^^^
    {place}:22:13: `has(inputs.note)` never true
      |       when: has(inputs.note)
      |             ^^^^^^^^^^^^^^^^
  in all              rules         2 of 4  50.0%  conditions         1 of 3  33.3%

2 cases in 1 suite: all passed"""
        in done.stdout
    )
    assert "\x1b" not in done.stdout


def test_without_being_asked_nothing_is_said_of_it(bundle: Path) -> None:
    assert "coverage" not in run("test", bundle).stdout
    assert "coverage" not in json.loads(run("test", bundle, "--json").stdout)


def test_a_program_is_told_the_same(bundle: Path) -> None:
    more_cases(bundle, "  unreachable: [{rule: steep, because: so we think}]\n")
    done = run("test", bundle, "--min", "40", "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["ok"], found["min"], found["short"]) == (1, False, 40, ["gate"])
    (gate,) = found["coverage"]["documents"]
    assert gate["rules"] == {"covered": 2, "total": 3, "percent": 66.6}
    assert found["coverage"]["conditions"] == gate["conditions"] == {"covered": 1, "total": 3, "percent": 33.3}
    assert gate["uncovered"][1] == {
        "rule": "noted",
        "file": f"{bundle}/gate.yaml",
        "line": 21,
        "column": 11,
        "missing": "never decided",
        "elsewhere": [],
    }
    assert [(one["rule"], one["because"]) for one in gate["unreachable"]] == [("steep", "so we think")]


def test_nothing_is_said_of_what_is_covered(bundle: Path) -> None:
    more_cases(bundle, ALL_SHOWN)
    done = run("test", bundle, "--min", "100")
    assert done.exit_code == 0, done.stdout
    assert "rules         3 of 3 100.0%  conditions         2 of 2 100.0%  2 said to be unreachable\n" in done.stdout
    assert "never" not in done.stdout


def test_the_last_line_says_why_it_fails(bundle: Path) -> None:
    done = run("test", bundle, "--min", "100")
    assert done.exit_code == 1
    assert "all passed, 1 document covered too little" in done.stdout.splitlines()[-1]


def test_a_mistaken_unreachable_is_told(bundle: Path) -> None:
    more_cases(bundle, f"{ALL_SHOWN}    - {{rule: dear, because: a mistake}}\n")
    done = run("test", bundle, "--coverage")
    assert f"{bundle}/gate.yaml:13:11: `dear` is said to be unreachable, and is not\n" in done.stdout


def test_of_some_cases_only_what_they_test_is_told() -> None:
    done = run("test", POLICIES, "--coverage", "-k", "universe-suite/")
    assert "  universe  " in done.stdout
    assert "  entry  " not in done.stdout


@pytest.mark.parametrize("columns", ["60", "100", "300"])
def test_a_long_line_is_cut_around_the_place(columns: str) -> None:
    done = run("test", POLICIES, "--coverage", "-k", "router-suite/an-order*", env={"COLUMNS": columns})
    lines = done.stdout.splitlines()
    shown = [(line, lines[at + 1]) for at, line in enumerate(lines) if "      | " in line and "^" not in line]
    assert len(shown) > 10
    for line, carets in shown:
        assert len(line) <= int(columns)
        assert len(carets) <= len(line)
        assert line[carets.index("^") :].strip("\u2026")


@pytest.mark.parametrize(
    ("elsewhere", "note"),
    [
        ((), []),
        (("gate",), ["        = note: only a suite of gate comes by it"]),
        (("gate", "router"), ["        = note: only suites of gate, router come by it"]),
    ],
)
def test_what_other_suites_come_by_is_told_apart(elsewhere: tuple[str, ...], note: list[str]) -> None:
    span = Source("entry.yaml", "- id: low\n").span(6, 9)
    rule = RuleCover("low", span, 0, elsewhere)
    lines = [click.unstyle(line) for line in coverage_lines([DocumentCover("entry", "RuleList", 0, (rule,), ())], None)]
    assert lines[1].endswith("no suite tests it")
    assert lines[2:-1] == ["    entry.yaml:1:7: `low` never decided", "      | - id: low", "      |       ^^^", *note]
