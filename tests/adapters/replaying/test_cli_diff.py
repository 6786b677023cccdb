"""`bascule diff` and `bascule replay` as they are typed: the sides by every name, the forms, the exit codes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

from tests.adapters.records.logs import CLOSE, ENTRY, GATE, as_lines, decision, entry, line, write
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


UNTOLD: dict[str, tuple[Sequence[Any], str]] = {
    "an empty log": ([], "none of those on record can be decided again"),
    "no line that can be read": ([b"nonsense\n"], "none of those on record can be decided again"),
    "a policy that nobody has": ([line(asked="gate-of-old")], "none of those on record can be decided again"),
    "no fact that is needed": ([line(inputs={})], "none of those on record can be decided again"),
    "one policy of two": (
        [line(), line(asked="allocation", inputs={}, decision=decision(decision_id="d-2"))],
        "no decision of `allocation` on record can be decided again",
    ),
}


@pytest.mark.parametrize("name", UNTOLD)
def test_a_condition_that_nobody_can_tell_is_not_met(tmp_path: Path, name: str) -> None:
    said, told = UNTOLD[name]
    log = tmp_path / "log.jsonl"
    log.write_bytes(as_lines(said))
    done = run("diff", NEW, NEW, "--log", log, "--fail-on", "block-to-allow")
    assert (done.exit_code, f"--fail-on: {told}" in done.stderr) == (2, True), done.stderr
    assert "nothing that is written decides otherwise" in done.stdout, "the report is shown all the same"
    assert run("diff", NEW, NEW, "--log", log).exit_code == 0


SMALL = ROOT / "tests" / "adapters" / "bundle"
ONE_SIDED = {
    "opens where it is new": (False, "block-to-allow", 2),
    "is new": (False, "allow-to-block", 2),
    "cannot open where it is gone": (True, "block-to-allow", 0),
    "is gone": (True, "allow-to-block", 2),
    "is gone, whatever becomes of it": (True, "any", 2),
}


@pytest.mark.parametrize("name", ONE_SIDED)
def test_a_policy_on_record_that_one_side_lacks_is_no_pass(tmp_path: Path, name: str) -> None:
    gone, forbidden, code = ONE_SIDED[name]
    more = tmp_path / "more"
    more.mkdir()
    head = "apiVersion: bascule/v1\nkind: Bundle\nmetadata: {name: more, version: 1.0.0, title: t, owner: o}\n"
    (more / "bundle.yaml").write_text(f'{head}spec: {{overlay: "{SMALL}", includes: ["*.yaml"]}}\n')
    text = (SMALL / "gate.yaml").read_text("utf-8")
    (more / "extra.yaml").write_text(text.replace("name: gate", "name: extra").replace("GATE_", "EXTRA_"))
    inputs = {"now": "2026-02-03T12:00:00Z", "price": 5.0}
    log = tmp_path / "log.jsonl"
    said = [line(asked=one, inputs=inputs, decision=decision(decision_id=f"d-{one}")) for one in ("gate", "extra")]
    log.write_bytes(as_lines(said))
    sides = (more, SMALL) if gone else (SMALL, more)
    done = run("diff", *sides, "--log", log, "--fail-on", forbidden)
    assert done.exit_code == code, done.stderr
    told = f"`extra` is {'gone' if gone else 'new'}, and 1 decision on record asked it"
    assert (told in done.stderr) == bool(code)


def test_a_replay_says_first_what_cannot_be_decided_again(log: Path) -> None:
    done = run("replay", "entry", "--log", log, "--policies", NEW)
    assert done.exit_code == 0
    _, head, *rest = [told for told in done.stdout.splitlines() if told]
    assert head.endswith("entry: 3 decisions of 5 decided again")
    assert "left out: the line is no JSON object" in rest[0]
    assert re.search(r"3 +the same", done.stdout)


def test_a_decision_that_two_logs_have_is_not_counted_twice(tmp_path: Path, log: Path) -> None:
    table, other = tmp_path / "table.parquet", write(tmp_path / "other", [("entry", ENTRY)])
    assert run("log", "import", log, "-o", table, "--policies", NEW).exit_code == 0
    for twice in ((table, table), (table, log)):
        done = run("replay", "entry", *(part for one in twice for part in ("--log", one)), "--policies", NEW)
        assert (done.exit_code, "would count twice" in done.stderr) == (2, True), done.stderr
    done = run("replay", "entry", "--log", table, "--log", other, "--policies", NEW)
    assert (done.exit_code, "entry: 4 decisions of 6" in done.stdout) == (0, True), done.stderr


def test_a_log_is_not_written_over_by_its_table(log: Path) -> None:
    before = log.read_bytes()
    done = run("log", "import", log, "-o", log, "--policies", NEW)
    assert (done.exit_code, log.read_bytes() == before) == (2, True), done.stderr


def test_a_rule_that_fails_may_say_what_it_says_when_it_applies(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(SMALL, bundle)
    text = (bundle / "gate.yaml").read_text("utf-8")
    steep = "when: share < 1.0\n      outcome: "
    assert f"{steep}TOO_DEAR" in text
    (bundle / "gate.yaml").write_text(text.replace(f"{steep}TOO_DEAR", "when: share < 2.0\n      outcome: FAILED"))
    said = decision(policy="gate", outcome="FAILED", effect="block", rule="steep")
    made = [
        line(asked="gate", inputs={"price": price}, decision={**said, "decision_id": f"d-{price}"}) for price in (0, 9)
    ]
    other = line(asked="gate", inputs={"price": 9}, decision=decision(policy="gate", outcome="A\0B"))
    (tmp_path / "log.jsonl").write_bytes(as_lines([*made, other]))
    done = run("replay", "gate", "--log", tmp_path / "log.jsonl", "--policies", bundle, "--json")
    assert done.exit_code == 0, done.stderr
    (told,) = json.loads(done.stdout)["replays"]
    assert (told["decisions"], told["as_recorded"]) == (3, 2)
    assert {one["old"][0]: one["decisions"] for one in told["pairs"]} == {"FAILED": 2, "A\0B": 1}


UNUSABLE = {
    "no such folder": (("diff", "nowhere", NEW), "there is no folder"),
    "a revision that is none": (
        ("diff", "no-such-revision:policies", NEW),
        "git has no revision `no-such-revision`",
    ),
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


DEARER = "parameter `dearest` has the default `12.0`, not `10.0`"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a desk in a repository: a parameter is 10 in its last commit, and 12 in the folder at hand."""

    def git(*arguments: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.invalid")
        command = [shutil.which("git") or "git", *who, *arguments]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    desk = tmp_path / "desk"
    shutil.copytree(SMALL, desk / "policies")
    (desk / "elsewhere").symlink_to("/etc")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    gate = desk / "policies" / "gate.yaml"
    gate.write_text(gate.read_text("utf-8").replace("default: 10.0", "default: 12.0"), "utf-8")
    monkeypatch.chdir(desk)
    return desk


def test_a_revision_of_git_is_a_side(repository: Path) -> None:
    """A link of the repository that leads out of it is none of the policies'."""
    for given in ("HEAD:policies", "HEAD:./policies", f"HEAD:{repository / 'policies'}"):
        done = run("diff", given, "policies")
        assert done.exit_code == 0, done.stderr
        assert DEARER in done.stdout, given


@pytest.mark.parametrize("path", ["nothing", "../..", "../../../..", "/etc", "elsewhere"])
def test_a_revision_has_nothing_that_stands_elsewhere(repository: Path, path: str) -> None:
    done = run("diff", f"HEAD:{path}", "policies")
    assert (done.exit_code, "has no folder" in done.stderr) == (2, True), done.stderr


def test_a_revision_is_no_option_of_git(repository: Path) -> None:
    done = run("diff", "--", "--output=written:policies", "policies")
    assert (done.exit_code, "is an option of git" in done.stderr) == (2, True)
    assert not [path.name for path in repository.iterdir() if path.name.startswith("written")]


def test_no_folder_at_hand_stands_in_for_a_revision_or_a_store(repository: Path) -> None:
    """Whoever proposes a change could have it compared with itself."""
    for name in ("HEAD:policies", "live"):
        shutil.copytree("policies", name)
    assert DEARER in run("diff", "HEAD:policies", "policies").stdout
    assert DEARER in run("diff", "HEAD:policies", "./HEAD:policies").stdout
    assert run("diff", "live", "policies").exit_code == 2
    assert run("diff", "./live", "policies").exit_code == 0


def test_what_a_store_has_is_a_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("publish", NEW, "--store", "store", "--unsigned", "--yes").exit_code == 0
    published = json.loads((tmp_path / "store" / "current.json").read_text("utf-8"))["fields"]
    for given in ("live", published["revision"], published["digest"][:19]):
        done = run("diff", given, NEW, "--store", "store", "--unsigned")
        assert done.exit_code == 0, done.stderr
        assert "nothing that is written decides otherwise" in done.stdout
