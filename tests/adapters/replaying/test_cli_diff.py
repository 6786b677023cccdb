"""`bascule diff` and `bascule replay` as they are typed: the sides by every name, the forms, the exit codes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

from tests.adapters.records.logs import CLOSE, ENTRY, GATE, as_lines, entry, line, write
from tests.adapters.running import run
from tests.engine.shipped import ROOT

OLD, NEW = ROOT / "policies" / "history" / "0.9.0", ROOT / "policies"
EXTENDS = {"action": "EXPAND_POSITION", "symbol": "ETHUSDT", "confidence": 0.95}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of a service with the shipped policies: allowed, blocked, the gate, an exit; and a line that is wrong."""
    asked = [("entry", ENTRY), ("entry", entry(confidence=0.1)), ("entry", entry(**EXTENDS)), ("open-position", GATE)]
    file = write(tmp_path / "log", [*asked, ("open-position", CLOSE)])
    file.write_bytes(file.read_bytes() + as_lines([b"nonsense\n", line(inputs={"weather": 1})]))
    return file


def test_what_changes_in_words() -> None:
    done = run("diff", OLD, NEW)
    assert done.exit_code == 0
    assert "rule `minimum` is new, first of all" in done.stdout
    assert run("diff", NEW, NEW).stdout.rstrip().endswith("nothing that is written decides otherwise")


def test_what_it_means_for_what_was_decided(log: Path) -> None:
    done = run("diff", OLD, NEW, "--log", log, "--format", "json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert [(one["policy"], one["decisions"]) for one in told["replays"]] == [("entry", 3), ("open-position", 2)]
    assert told["replays"][0]["left_out"] == [
        {"cause": "not-json", "place": "", "means": "the line is no JSON object", "decisions": 1},
        {
            "cause": "unknown-fact",
            "place": "weather",
            "means": "the inputs have a fact that the glossary does not",
            "decisions": 1,
        },
    ]
    assert (told["old"]["version"], told["new"]["version"], told["logs"]) == ("0.9.0", "1.0.0", [str(log)])


def test_a_policy_that_a_side_lacks_is_counted_and_named(tmp_path: Path) -> None:
    log = write(tmp_path / "log", [("entry", ENTRY), ("open-position", GATE), ("open-position", CLOSE)])
    lines = log.read_bytes().replace(b'"asked":"open-position"', b'"asked":"gate-of-old"')
    log.write_bytes(lines)
    told = json.loads(run("diff", OLD, NEW, "--log", log, "--format", "json").stdout)
    assert told["not_compared"] == {"gate-of-old": 2}
    assert [one["policy"] for one in told["replays"]] == ["entry"]
    for form in ("text", "markdown"):
        assert "gate-of-old" in run("diff", OLD, NEW, "--log", log, "--format", form).stdout


@pytest.mark.parametrize(("forbidden", "code"), [("block-to-allow", 1), ("any", 1), ("allow-to-block", 0)])
def test_a_change_that_must_not_be_fails(tmp_path: Path, log: Path, forbidden: str, code: int) -> None:
    looser = tmp_path / "looser"
    looser.mkdir()
    head = "apiVersion: bascule/v1\nkind: Bundle\nmetadata: {name: looser, version: 1.0.0, title: t, owner: o}\n"
    (looser / "bundle.yaml").write_text(f'{head}spec: {{overlay: "{NEW}", includes: ["*.yaml"]}}\n')
    text = (NEW / "entry.yaml").read_text("utf-8")
    assert text.count("default: 0.7,") == 1
    (looser / "entry.yaml").write_text(text.replace("default: 0.7,", "default: 0.05,"))
    done = run("diff", NEW, looser, "--log", log, "--policy", "entry", "--fail-on", forbidden)
    assert done.exit_code == code, done.stderr
    assert ("1 decision block-to-allow" in done.stderr) == bool(code)


def test_a_replay_says_first_what_cannot_be_decided_again(log: Path) -> None:
    done = run("replay", "entry", "--log", log, "--policies", NEW)
    assert done.exit_code == 0
    _, head, *rest = [told for told in done.stdout.splitlines() if told]
    assert head.endswith("entry: 3 decisions of 5 decided again")
    assert "left out: the line is no JSON object" in rest[0]
    assert re.search(r"3 +the same", done.stdout)


UNUSABLE = {
    "no such folder": (("diff", "nowhere", NEW), "there is no folder"),
    "a revision that is none": (("diff", "no-such-revision:policies", NEW), "git says"),
    "a store that is not named": (("diff", "live", NEW), "give `--store URL`"),
    "a change without a log": (("diff", OLD, NEW, "--fail-on", "any"), "give `--log FILE`"),
    "no such log": (("diff", OLD, NEW, "--log", "none.parquet"), "no such file"),
    "no such policy": (("replay", "entri", "--log", "LOG", "--policies", NEW), "did you mean `entry`?"),
    "no log": (("replay", "entry", "--policies", NEW), "which decisions?"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_be_used(name: str, log: Path) -> None:
    command, told = UNUSABLE[name]
    done = run(*(log if part == "LOG" else part for part in command))
    assert done.exit_code == 2
    assert told in done.stderr


def test_a_revision_of_git_is_a_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
        command = [shutil.which("git") or "git", *who, *arguments]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    bundle = tmp_path / "desk" / "policies"
    small = ROOT / "tests" / "adapters" / "bundle"
    shutil.copytree(small, bundle)
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    gate = bundle / "gate.yaml"
    gate.write_text(gate.read_text("utf-8").replace("default: 10.0", "default: 12.0"), "utf-8")
    monkeypatch.chdir(tmp_path / "desk")
    done = run("diff", "HEAD:policies", "policies")
    assert done.exit_code == 0, done.stderr
    assert "parameter `dearest` has the default `12.0`, not `10.0`" in done.stdout
    assert run("diff", "HEAD:nothing", "policies").exit_code == 2


def test_what_a_store_has_is_a_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("publish", NEW, "--store", "store", "--unsigned", "--yes").exit_code == 0
    published = json.loads((tmp_path / "store" / "current.json").read_text("utf-8"))["fields"]
    for given in ("live", published["revision"], published["digest"][:19]):
        done = run("diff", given, NEW, "--store", "store", "--unsigned")
        assert done.exit_code == 0, done.stderr
        assert "nothing that is written decides otherwise" in done.stdout
