"""What every command exits with, and what it says: the contract of the command line as a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

from tests.adapters.running import CHEAP, DEAR, run

DONE, DOES_NOT_HOLD, UNUSABLE = 0, 1, 2


def edit(bundle: Path, file: str, old: str, new: str) -> None:
    """Replace a text in a file of the bundle, which must be there."""
    text = (bundle / file).read_text("utf-8")
    assert old in text
    (bundle / file).write_text(text.replace(old, new), encoding="utf-8")


def break_(bundle: Path) -> None:
    edit(bundle, "gate.yaml", "when: price >", "when: prise >")


def warn(bundle: Path) -> None:
    edit(bundle, "gate.yaml", "when: has(inputs.note)", "when: has(inputs.price)")
    edit(bundle, "gate.yaml", "noted: {note}", "noted")


def fail_a_case(bundle: Path) -> None:
    edit(bundle, "suites/gate.yaml", "expect: {outcome: OPEN}", "expect: {outcome: TOO_DEAR, outputs: {paid: 11.0}}")


def price_of_the_store(bundle: Path) -> None:
    edit(bundle, "types.yaml", "price: {type: Price, from: caller}", "price: {type: Price, from: store}")


def drop_suites(bundle: Path) -> None:
    edit(bundle, "bundle.yaml", ', "suites/*.yaml"', "")


def drop_manifest(bundle: Path) -> None:
    (bundle / "bundle.yaml").unlink()


def misname(bundle: Path) -> None:
    (bundle / "lib").mkdir()
    (bundle / "lib" / "extra.yml").write_text("kind: Library\n", encoding="utf-8")


def nothing(_: Path) -> None:
    pass


INPUT_FILES = {
    "cheap.json": CHEAP,
    "dear.json": DEAR,
    "zero.json": b'{"now": "2026-02-03T12:00:00Z", "price": 0}',
    "empty.json": b"  \n",
    "empty.jsonl": b"",
    "latin.json": b'{"note": "\xe9"}',
    "lines.jsonl": CHEAP + b"\n" + DEAR + b"\n",
}

DECIDE = ("decide", "gate", "--policies", "BUNDLE")
CASES: list[tuple[tuple[str, ...], Callable[[Path], None], bytes, int, str, str]] = [
    # command, change to the bundle, standard input, exit, on stdout, on stderr
    (("check", "BUNDLE"), nothing, b"", DONE, "1 policy, 0 libraries, 2 types, 1 suite", ""),
    (("check", "BUNDLE"), warn, b"", DONE, "warning[cel-has-always]", ""),
    (("check", "BUNDLE"), break_, b"", DOES_NOT_HOLD, "write: `price`", ""),
    (("check", "BUNDLE"), drop_manifest, b"", UNUSABLE, "", "has no `bundle.yaml`"),
    (("check", "BUNDLE/nowhere"), nothing, b"", UNUSABLE, "", "there is no folder"),
    (("check", "BUNDLE/gate.yaml"), nothing, b"", UNUSABLE, "", "is a file, and a bundle is a folder"),
    (("check", "BUNDLE"), drop_suites, b"", DONE, "`suites/gate.yaml` lies in the folder and no include reads it", ""),
    (("check", "BUNDLE"), misname, b"", DONE, "`lib/extra.yml` lies in the folder and no include reads it", ""),
    (("check", "nul\0"), nothing, b"", UNUSABLE, "", "bascule"),
    (("check", "--colour"), nothing, b"", UNUSABLE, "", "no such option"),
    (("test", "BUNDLE"), nothing, b"", DONE, "2 cases in 1 suite: all passed", ""),
    (("test", "BUNDLE", "--coverage"), nothing, b"", DONE, "`noted` never decided", ""),
    (("test", "BUNDLE", "--min", "50"), nothing, b"", DOES_NOT_HOLD, "less than 50% of gate is covered", ""),
    (("test", "BUNDLE", "--min", "0"), nothing, b"", DONE, "conditions         1 of 3", ""),
    (("test", "BUNDLE", "--min", "101"), nothing, b"", UNUSABLE, "", "--min"),
    (("test", "BUNDLE", "--min", "0"), fail_a_case, b"", DOES_NOT_HOLD, "`noted` never decided", ""),
    (("test", "BUNDLE", "-v"), nothing, b"", DONE, "dear-blocks", ""),
    (("test", "BUNDLE"), fail_a_case, b"", DOES_NOT_HOLD, "outcome: expected TOO_DEAR", ""),
    (("test", "BUNDLE", "-k", "dear"), fail_a_case, b"", DONE, "1 case in 1 suite", ""),
    (("test", "BUNDLE", "-k", "gate-suite/d*"), fail_a_case, b"", DONE, "1 case in 1 suite", ""),
    (("test", "BUNDLE", "-k", "zzz"), nothing, b"", DOES_NOT_HOLD, "", "no case matches `zzz`"),
    (("test", "BUNDLE"), drop_suites, b"", DOES_NOT_HOLD, "", "has no suite"),
    (("test", "BUNDLE"), break_, b"", DOES_NOT_HOLD, "", "1 error, so no test was run"),
    (("test", "BUNDLE/nowhere"), nothing, b"", UNUSABLE, "", "there is no folder"),
    (("test", "BUNDLE", "--junit", "BUNDLE/no/such.xml"), nothing, b"", UNUSABLE, "", "cannot write"),
    (("eval", "1 + 1"), nothing, b"", DONE, "type: int\nvalue: 2\n", ""),
    (("eval", "1 +"), nothing, b"", DOES_NOT_HOLD, "", "the expression has errors"),
    (("eval", "1 / 0"), nothing, b"", DOES_NOT_HOLD, "error: division by zero", ""),
    (("eval",), nothing, b"", UNUSABLE, "", "give an expression"),
    (("eval", "1", "--jsonl"), nothing, b"", UNUSABLE, "", "from standard input alone"),
    (("eval", "1", "--policy", "gate", "--policies", "BUNDLE"), break_, b"", UNUSABLE, "", "1 error"),
    (("eval", "price", "--policy", "gate", "--policies", "BUNDLE"), nothing, b"", UNUSABLE, "", "give `--inputs FILE`"),
    (DECIDE, nothing, CHEAP, DONE, "OPEN (allow)", ""),
    (DECIDE, nothing, DEAR, DONE, "TOO_DEAR (block)", ""),
    ((*DECIDE, "--exit-code"), nothing, CHEAP, DONE, "OPEN (allow)", ""),
    ((*DECIDE, "--exit-code"), nothing, DEAR, DOES_NOT_HOLD, "TOO_DEAR (block)", ""),
    ((*DECIDE, "--exit-code"), nothing, b"{}", UNUSABLE, "FAILED (block)", ""),
    (DECIDE, nothing, b"{", UNUSABLE, "FAILED (block)", ""),
    (DECIDE, nothing, b"", UNUSABLE, "", "standard input is empty"),
    ((*DECIDE, "--inputs", "cheap.json"), nothing, b"", DONE, "OPEN (allow)", ""),
    ((*DECIDE, "--inputs", "zero.json"), nothing, b"", DONE, "division by zero", ""),
    ((*DECIDE, "--inputs", "latin.json"), nothing, b"", UNUSABLE, "not UTF-8", ""),
    ((*DECIDE, "--inputs", "empty.json"), nothing, b"", UNUSABLE, "", "`empty.json` is empty"),
    ((*DECIDE, "--inputs", "empty.jsonl"), nothing, b"", UNUSABLE, "", "`empty.jsonl` is empty"),
    ((*DECIDE, "--inputs", "none.json"), nothing, b"", UNUSABLE, "", "there is no file `none.json`"),
    ((*DECIDE, "--inputs", "BUNDLE"), nothing, b"", UNUSABLE, "", "is a folder"),
    ((*DECIDE, "--inputs", "lines.jsonl"), nothing, b"", DONE, '"TOO_DEAR"', "2 decisions: 1 allow, 1 block"),
    ((*DECIDE, "--inputs", "lines.jsonl", "--exit-code"), nothing, b"", DOES_NOT_HOLD, '"OPEN"', ""),
    (DECIDE, break_, CHEAP, UNUSABLE, "", "prise"),
    (("decide", "gat", "--policies", "BUNDLE"), nothing, CHEAP, UNUSABLE, "", "Did you mean `gate`?"),
    (("decide", "gate", "cheap.json"), nothing, b"", UNUSABLE, "", "inputs are given with `--inputs cheap.json`"),
    (DECIDE, nothing, b'{"price": 5.0}', DONE, "OPEN (allow)", "`now` was the system clock, 2"),
    (("decide",), nothing, CHEAP, UNUSABLE, "", "missing argument"),
    (("decide", "gate", "--policies", "BUNDLE/nowhere"), nothing, CHEAP, UNUSABLE, "BLOCKED_NO_POLICY", "no folder"),
    (
        ("decide", "gate"),
        nothing,
        CHEAP,
        UNUSABLE,
        "",
        "`policies`; name the folder of a bundle with `--policies DIR`",
    ),
    (("eval", "x", "--policy", "gate"), nothing, b"", UNUSABLE, "", "with `--policies DIR`"),
    (
        ("check",),
        nothing,
        b"",
        UNUSABLE,
        "",
        "`policies`; name the folder of a bundle, as in `bascule check",
    ),
    (("decide", "gate", "--store", "redis://x"), nothing, CHEAP, UNUSABLE, "", "whose signatures count?"),
    (("explain", *DECIDE[1:]), nothing, DEAR, DONE, "price > params.dearest", ""),
    (("explain", *DECIDE[1:]), nothing, b"[]", UNUSABLE, "No rule was tried", ""),
    (("completion", "bash"), nothing, b"", DONE, "_BASCULE_COMPLETE", ""),
    (("completion", "tcsh"), nothing, b"", UNUSABLE, "", "tcsh"),
    (("--version",), nothing, b"", DONE, "bascule ", ""),
    (("chek",), nothing, b"", UNUSABLE, "", "no such command"),
    ((), nothing, b"", UNUSABLE, "", "Usage: bascule"),
]


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    command: tuple[str, ...]
    change: Callable[[Path], None]
    stdin: bytes
    exit_code: int
    on_stdout: str
    on_stderr: str

    def run(self, bundle: Path, *more: str) -> Result:
        """The command, on the changed bundle, beside the files of inputs."""
        self.change(bundle)
        for name, content in INPUT_FILES.items():
            (bundle.parent / name).write_bytes(content)
        return run(*(part.replace("BUNDLE", str(bundle)) for part in self.command), *more, stdin=self.stdin)

    def __str__(self) -> str:
        change = "" if self.change is nothing else f", {self.change.__name__}"
        return " ".join(self.command).replace("\0", "0") + change


TABLE = [Case(*case) for case in CASES]
TAKES_JSON = ("check", "test", "eval", "decide", "explain")
WITH_JSON = [case for case in TABLE if case.command and case.command[0] in TAKES_JSON]


@pytest.fixture
def beside(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bundle, with the folder above it as the current one."""
    monkeypatch.chdir(bundle.parent)
    return bundle


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_exit(case: Case, beside: Path) -> None:
    done = case.run(beside)
    assert done.exit_code == case.exit_code, done.output
    assert case.on_stdout in done.stdout
    assert case.on_stderr in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("case", WITH_JSON, ids=str)
def test_json_stands_alone_on_standard_output(case: Case, beside: Path) -> None:
    done = case.run(beside, "--json")
    assert done.exit_code == case.exit_code, done.output
    found = [json.loads(line) for line in done.stdout_bytes.splitlines()]
    assert found, "nothing was said"
    assert all(isinstance(value, dict) for value in found)
    if case.exit_code == UNUSABLE and case.command[0] in ("decide", "explain"):
        assert {value["effect"] for value in found} == {"block"}


def test_a_file_beyond_the_limit_is_refused(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.cli.inputs.MOST_BYTES", 100)
    big = tmp_path / "big.json"
    big.write_bytes(CHEAP + b" " * 100)
    done = run("decide", "gate", "--policies", bundle, "--inputs", big)
    assert done.exit_code == UNUSABLE
    assert "holds more than" in done.stderr


def test_an_unexpected_error_is_one_line(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("adapters.bootstrap.examine", fail)
    done = run("check", bundle)
    assert (done.exit_code, done.stderr) == (UNUSABLE, "bascule: internal error: KeyError: 'surprise'\n")
    assert "Traceback" in run("--debug", "check", bundle).stderr
    assert "Traceback" in run("check", bundle, env={"BASCULE_DEBUG": "1"}).stderr
    told = json.loads(run("decide", "gate", "--policies", bundle, "--json", stdin=CHEAP).stdout)
    assert told["effect"] == "block"
