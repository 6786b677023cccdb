"""What `deploy/ci` gives to repositories of policies does as it says, and asks for what there is."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("pyarrow")

from adapters.cli.main import cli
from adapters.cli.replaying import FAILING
from engine.decision import Stamp, to_json
from engine.policy import compile_bundle
from rules.bundle import load
from tests.adapters.records.logs import as_lines, line
from tests.engine.shipped import ROOT, STAMP

CI = ROOT / "deploy" / "ci"
SMALL = ROOT / "tests" / "adapters" / "bundle"
PRICES = (5.0, 11.0, 13.0)
ACTION: dict[str, Any] = yaml.safe_load((CI / "action.yml").read_text("utf-8"))
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
STEPS = [step for step in ACTION["runs"]["steps"] if "run" in step]
SCRIPT = (CI / "compare.sh").read_text("utf-8")


# The script, run as the action runs it.


@dataclass(frozen=True)
class Desk:
    """A repository of policies with a commit on its base, one more on top, and a log of decisions by the base."""

    folder: Path

    def compare(self, **settings: str) -> subprocess.CompletedProcess[str]:
        """The script, with the `bascule` of the interpreter that runs the tests."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "POLICY_"))}
        path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
        known = {"PATH": path, "PYTHONPATH": str(ROOT), "POLICIES": "policies", "BASE": "base"}
        command = [shutil.which("bash") or "bash", str(CI / "compare.sh")]
        environment = {**kept, **known, **settings}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=120
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """The dearest price was 10; it is 12 now."""

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
        command = [shutil.which("git") or "git", *who, *arguments]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    shutil.copytree(SMALL, tmp_path / "policies")
    (tmp_path / "log.jsonl").write_bytes(on_record())
    (tmp_path / "empty.jsonl").write_bytes(b"")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "before")
    git("branch", "base")
    put(tmp_path, "12.0")
    git("commit", "-qam", "a dearer one")
    return Desk(tmp_path)


def put(folder: Path, dearest: str) -> None:
    gate = folder / "policies" / "gate.yaml"
    text, count = re.subn(r"default: 1[02]\.0", f"default: {dearest}", gate.read_text("utf-8"))
    assert count == 1
    gate.write_text(text, encoding="utf-8")


def on_record() -> bytes:
    found = load(SMALL).bundle
    assert found is not None
    gate = compile_bundle(found).policies["gate"]
    told = []
    for number, price in enumerate(PRICES):
        inputs = {"now": "2026-02-03T12:00:00Z", "price": price}
        stamp = Stamp(f"d-{number}", STAMP.decided_at)
        decision = json.loads(to_json(gate.decide_json(json.dumps(inputs), stamp)))
        told.append(line(asked="gate", decision=decision, inputs=inputs))
    return as_lines(told)


IN_WORDS, OPENS = "`dearest` has the default `12.0`, not `10.0`", "1 blocked before, allowed now"
RUNS: dict[str, tuple[dict[str, str], int, tuple[str, ...], tuple[str, ...]]] = {
    "without a log, words": ({}, 0, (IN_WORDS,), (OPENS,)),
    "with a log, what becomes of it": ({"LOG": "log.jsonl"}, 0, (IN_WORDS, OPENS), ()),
    "empty settings are none": ({"LOG": "", "FAIL_ON": ""}, 0, (IN_WORDS,), (OPENS,)),
    "a change that must not be": ({"LOG": "log.jsonl", "FAIL_ON": "block-to-allow"}, 1, (IN_WORDS, OPENS), ()),
    "any change": ({"LOG": "log.jsonl", "FAIL_ON": "any"}, 1, (OPENS,), ()),
    "a change that is not there": ({"LOG": "log.jsonl", "FAIL_ON": "allow-to-block"}, 0, (OPENS,), ()),
    "no such log": ({"LOG": "none.jsonl"}, 2, (), ("desk",)),
    "no such base": ({"BASE": "no-such-branch"}, 2, (), ("desk",)),
    "a condition without a log": ({"FAIL_ON": "any"}, 2, (), ("desk",)),
    "a condition that nobody can tell": ({"LOG": "empty.jsonl", "FAIL_ON": "any"}, 2, (IN_WORDS,), (OPENS,)),
    "no such change": ({"LOG": "log.jsonl", "FAIL_ON": "sideways"}, 2, (), ("desk",)),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_pull_request_is_shown_what_it_changes(name: str, desk: Desk) -> None:
    settings, code, told, untold = RUNS[name]
    summary = desk.folder / "summary.md"
    summary.write_text("of an earlier step\n", encoding="utf-8")
    (desk.folder / "bascule-diff.md").write_text("desk: of an earlier run\n", encoding="utf-8")
    done = desk.compare(GITHUB_STEP_SUMMARY=str(summary), **settings)
    assert done.returncode == code, done.stderr
    text = summary.read_text("utf-8")
    assert text.startswith("of an earlier step\n")
    assert [one for one in told if one not in text] == []
    assert [one for one in untold if one in text] == []


def test_without_a_summary_it_is_printed(desk: Desk) -> None:
    done = desk.compare()
    assert done.returncode == 0, done.stderr
    assert IN_WORDS in done.stdout


# What the action and the hooks ask for.


def values(step: dict[str, Any]) -> dict[str, str]:
    """The variables of a step, each with the default of the input that it is given, or one that does not skip it."""
    defaults = {name: str(one["default"]) for name, one in ACTION["inputs"].items()}
    defaults |= dict.fromkeys(re.findall(r"inputs\.([a-z-]+) != '0'", step.get("if", "")), "200")
    given = {name: re.findall(r"inputs\.([a-z-]+)", text) for name, text in step.get("env", {}).items()}
    return {name: defaults[inputs[0]] for name, inputs in given.items()}


def parsed(command: str) -> None:
    """Parse a command line as the program does; an option or command that there is not fails."""
    program, name, *arguments = shlex.split(command)
    assert program == "bascule"
    cli.commands[name].make_context(name, arguments).close()


def commands() -> list[str]:
    """Every line of the action and the hooks that starts `bascule`, with what is put into it."""
    return [hook["entry"] for hook in HOOKS] + [filled(one) for one in STEPS if one["run"].startswith("bascule ")]


def filled(step: dict[str, Any]) -> str:
    """The command of a step with the values of its variables."""
    known = values(step)
    return re.sub(r'"\$([A-Z_]+)"', lambda match: known[match[1]], step["run"])


@pytest.mark.parametrize("command", commands())
def test_every_command_is_one_that_there_is(command: str) -> None:
    parsed(command)


def test_a_command_that_there_is_not_is_noticed() -> None:
    import click

    for wrong in ("bascule chekc policies", "bascule test policies --least 95", "bascule test policies --min many"):
        with pytest.raises((click.ClickException, KeyError)):
            parsed(wrong)


def test_every_input_is_declared_used_and_described() -> None:
    text = (CI / "action.yml").read_text("utf-8")
    declared = set(ACTION["inputs"])
    assert set(re.findall(r"inputs\.([a-z-]+)", text)) == declared
    assert [name for name, one in ACTION["inputs"].items() if not one["description"]] == []
    example = re.search(r"with: (\{policies.*\})", text)
    assert example is not None
    assert set(yaml.safe_load(example[1])) <= declared
    told = ACTION["inputs"]["fail-on"]["description"].partition(": ")[2].split(", ")
    assert told == [*FAILING, "any"]


def test_every_variable_is_given_by_the_step_that_reads_it() -> None:
    for step in STEPS:
        text = SCRIPT if "compare.sh" in step["run"] else step["run"]
        read = {name for name in re.findall(r"\$\{?([A-Z][A-Z_]*)", text) if not name.startswith("GITHUB_")}
        assert read == set(step.get("env", {})), step["name"]


def test_the_hooks_can_be_installed_and_named() -> None:
    assert [hook["id"] for hook in HOOKS] == ["bascule-check", "bascule-test"]
    for hook in HOOKS:
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False
        assert re.search(hook["files"], "policies/entry.yaml")
