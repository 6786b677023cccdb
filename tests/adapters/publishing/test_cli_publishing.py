"""The commands of publishing on a store in a folder: exits, what is said, and JSON alone on standard output."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from adapters.cli.at_store import PASSPHRASE_FROM
from adapters.publishing.keys import new_key, public_text, read_key, write_key
from tests.adapters.publishing.desk import PEOPLE, trust_file
from tests.adapters.running import run
from tests.adapters.test_cli_exits import break_, drop_suites, edit, fail_a_case, nothing
from tests.adapters.test_cli_terminal import answered_on_a_terminal, on_a_terminal

DONE, DOES_NOT_HOLD, UNUSABLE = 0, 1, 2


@pytest.fixture
def desk(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a desk: a bundle, everybody's key, trust files, and no store yet."""
    for name, person in PEOPLE.items():
        write_key(tmp_path / f"{name}.pem", person.key, "")
    write_key(tmp_path / "open.pem", PEOPLE["ann"].key, "")
    (tmp_path / "open.pem").chmod(0o644)
    write_key(tmp_path / "locked.pem", PEOPLE["ann"].key, "a horse")
    trust_file(tmp_path / "one.yaml", "ann", "bob")
    trust_file(tmp_path / "two.yaml", "ann", "bob", four_eyes=True)
    (tmp_path / "broken.yaml").write_text("apiVersion: bascule/v1\nkind: Trust\n", encoding="utf-8")
    (tmp_path / "symbols.txt").write_text("BTC/USDT\nETH/USDT\n", encoding="utf-8")
    (tmp_path / "symbols.json").write_text('["BTC", 7]', encoding="utf-8")
    monkeypatch.setenv("USER", "someone")
    monkeypatch.setenv("LOGNAME", "someone")
    monkeypatch.chdir(tmp_path)
    return bundle


def said(*arguments: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    """What a command that succeeds says as JSON."""
    done = run(*arguments, "--json", env=env)
    assert done.exit_code in (DONE, DOES_NOT_HOLD), done.output
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


PUBLISH = ("publish", "bundle", "--store", "store")
ONE = ("--trust", "one.yaml", "--key", "ann.pem")
TWO = ("--trust", "two.yaml", "--key")
HALT = ("halt", "--store", "store")
SHOW = ("show", "--store", "store")


@dataclass(frozen=True)
class Case:
    """Commands on a desk; the last one's exit, and what it says on either stream."""

    commands: tuple[tuple[str, ...], ...]
    exit_code: int
    said: str
    change: Callable[[Path], None] = nothing

    def __str__(self) -> str:
        return " ".join(self.commands[-1]).replace("\0", "0") + f" {self.said[:20]}"


def case(*commands: tuple[str, ...], exits: int, says: str, change: Callable[[Path], None] = nothing) -> Case:
    return Case(commands, exits, says, change)


CASES = [
    case((*PUBLISH, "--unsigned"), exits=DONE, says="of small 0.1.0, unsigned"),
    case((*PUBLISH, "--unsigned", "--dry-run"), exits=DONE, says="nothing was written"),
    case((*PUBLISH, *ONE), exits=DONE, says="signed by ann"),
    case((*PUBLISH, "--trust", "one.yaml", "--dry-run"), exits=DONE, says="nothing was written"),
    case((*PUBLISH, "--unsigned", "--valid-for", "8h"), exits=DONE, says="valid until: 2"),
    case((*PUBLISH, "--unsigned", "--universe", "symbols.txt"), exits=DONE, says="universe: BTC/USDT, ETH/USDT"),
    case((*PUBLISH, "--unsigned", "--universe", "BTC, ETH"), exits=DONE, says="universe: BTC, ETH"),
    # what is refused before anything is looked at
    case(PUBLISH, exits=UNUSABLE, says="Give a trust file with `--trust FILE`"),
    case(("publish", "bundle", "--unsigned"), exits=UNUSABLE, says="which store?"),
    case((*PUBLISH, *ONE, "--unsigned"), exits=UNUSABLE, says="both a trust file and `--unsigned`"),
    case((*PUBLISH, "--trust", "one.yaml"), exits=UNUSABLE, says="no key to sign with"),
    case((*PUBLISH, "--trust", "none.yaml"), exits=UNUSABLE, says="cannot read `none.yaml`"),
    case((*PUBLISH, "--trust", "broken.yaml"), exits=UNUSABLE, says="so nobody is trusted by it"),
    case((*PUBLISH, "--trust", "one.yaml", "--key", "none.pem"), exits=UNUSABLE, says="cannot read `none.pem`"),
    case((*PUBLISH, "--trust", "one.yaml", "--key", "one.yaml"), exits=UNUSABLE, says="may be read"),
    case((*PUBLISH, "--trust", "one.yaml", "--key", "open.pem"), exits=UNUSABLE, says="chmod 600 open.pem"),
    case((*PUBLISH, "--trust", "one.yaml", "--key", "locked.pem"), exits=UNUSABLE, says="set BASCULE_KEY_PASSPHRASE"),
    case((*PUBLISH, "--trust", "one.yaml", "--key", "eve.pem"), exits=DOES_NOT_HOLD, says="counts for nothing"),
    case((*PUBLISH, "--unsigned", "--valid-for", "8"), exits=UNUSABLE, says="--valid-for"),
    case((*PUBLISH, "--unsigned", "--valid-for", "0s"), exits=UNUSABLE, says="as 8h"),
    case((*PUBLISH, "--unsigned", "--universe", "none.txt"), exits=UNUSABLE, says="there is no file `none.txt`"),
    case((*PUBLISH, "--unsigned", "--universe", "symbols.json"), exits=UNUSABLE, says="a symbol is a text"),
    case((*PUBLISH, "--unsigned", "--universe", "BTC,BTC"), exits=UNUSABLE, says="twice"),
    case((*PUBLISH, "--unsigned", "--universe", ","), exits=UNUSABLE, says="holds no symbol"),
    case(("publish", "bundle", "--store", "ftp://x", "--unsigned"), exits=UNUSABLE, says="there is no store `ftp:`"),
    case(("publish", "none", "--store", "store", "--unsigned"), exits=UNUSABLE, says="there is no folder"),
    case((*PUBLISH, "--unsigned", "--key", "ann.pem"), exits=UNUSABLE, says="both a key and `--unsigned`"),
    case(("publish", "bundle", "--store", "embedded:", "--unsigned"), exits=UNUSABLE, says="is gone as soon as"),
    case((*PUBLISH, "--unsigned", "--dry-run"), exits=DONE, says="tested: 2 cases, all of which pass"),
    # what the bundle is refused by
    case((*PUBLISH, "--unsigned"), exits=DOES_NOT_HOLD, says="1 error, so nothing was published", change=break_),
    case((*PUBLISH, "--unsigned"), exits=DOES_NOT_HOLD, says="gate-suite/cheap-opens", change=fail_a_case),
    case((*PUBLISH, "--unsigned"), exits=DOES_NOT_HOLD, says="has no suite", change=drop_suites),
    # four eyes
    case((*PUBLISH, *TWO, "ann.pem"), exits=DONE, says="not in force"),
    case((*PUBLISH, *TWO, "ann.pem"), (*PUBLISH, *TWO, "bob.pem"), exits=DONE, says="signed by ann and bob"),
    case((*PUBLISH, *TWO, "ann.pem"), (*PUBLISH, *TWO, "ann.pem"), exits=DOES_NOT_HOLD, says="ann has signed"),
    case((*PUBLISH, *TWO, "ann.pem"), (*SHOW, "--trust", "two.yaml"), exits=DOES_NOT_HOLD, says="another owner"),
    # showing
    case((*SHOW, "--unsigned"), exits=DOES_NOT_HOLD, says="the store holds no policy"),
    case((*PUBLISH, *ONE), (*SHOW, "--trust", "one.yaml"), exits=DONE, says=": verifies"),
    case((*PUBLISH, *ONE), (*SHOW, "--trust", "two.yaml"), exits=DONE, says="1 of 2 signatures"),
    case((*PUBLISH, *ONE), (*SHOW, "--unsigned"), exits=DONE, says="may decide with it"),
    case((*PUBLISH, "--unsigned"), (*SHOW, "gate", "--unsigned"), exits=DONE, says='  name: "gate"'),
    case((*PUBLISH, "--unsigned"), (*SHOW, "gat", "--unsigned"), exits=UNUSABLE, says="Did you mean `gate`?"),
    case((*SHOW, "gate", "--unsigned"), exits=DOES_NOT_HOLD, says="the store holds no policy"),
    case(SHOW, exits=UNUSABLE, says="whose signatures count?"),
    case(("history", "--store", "store"), exits=DONE, says="nothing was published"),
    case((*PUBLISH, *ONE, "--note", "why"), ("history", "--store", "store"), exits=DONE, says="signed by ann; why"),
    # going back
    case(("rollback", "1", "--store", "store", "--unsigned"), exits=DOES_NOT_HOLD, says="bascule history"),
    # halts
    case((*HALT, "--note", "why"), exits=DONE, says="openings are halted by someone: why"),
    case((*HALT, "--note", "why", "--by", "eve", "--trust", "broken.yaml"), exits=DONE, says="halted by eve"),
    case(HALT, exits=UNUSABLE, says="Give `--note TEXT`"),
    case((*HALT, "--note", "a"), (*HALT, "--note", "b"), exits=DOES_NOT_HOLD, says="halted already"),
    case((*HALT, "--clear", "--unsigned"), exits=DOES_NOT_HOLD, says="not halted"),
    case((*HALT, "--clear"), exits=UNUSABLE, says="whose signatures count?"),
    case((*HALT, "--clear", "--unsigned", "--note", "x"), exits=UNUSABLE, says="leave it out"),
    case((*HALT, "--note", "a"), (*HALT, "--clear", *ONE), exits=DONE, says="until 1 more clears it"),
    case((*HALT, "--note", "a"), (*HALT, "--clear", *ONE), (*HALT, "--clear", *ONE),
         exits=DOES_NOT_HOLD, says="ann has cleared it"),
    case((*HALT, "--note", "a"), (*HALT, "--clear", *ONE), (*HALT, "--clear", *ONE[:3], "bob.pem"),
         exits=DONE, says="no longer halted"),
    case((*HALT, "--note", "a"), (*HALT, "--clear", "--unsigned", "--by", "x"), (*HALT, "--clear", "--unsigned"),
         exits=DONE, says="no longer halted"),
    case((*HALT, "--note", "a"), (*PUBLISH, "--unsigned"), exits=DONE, says="nothing opens with it now: all openings"),
    # keys
    case(("key", "new", "ann.pem"), exits=UNUSABLE, says="never written over"),
    case(("key", "new", "none/ann.pem"), exits=UNUSABLE, says="cannot write"),
    case(("key", "new", "new.pem", "--passphrase"), exits=UNUSABLE, says="nobody to ask"),
    case(("key", "new", "new.pem"), exits=DONE, says="public  ed25519:"),
    case(("key", "show", "ann.pem"), exits=DONE, says=public_text(PEOPLE["ann"].key.public)),
    case(("key", "show", "open.pem"), exits=UNUSABLE, says="chmod 600"),
    case(("key", "show", "none.pem"), exits=UNUSABLE, says="cannot read"),
]  # fmt: skip


def run_all(found: Case, desk: Path, *more: str) -> Result:
    found.change(desk)
    for command in found.commands[:-1]:
        assert run(*command).exit_code == DONE
    return run(*found.commands[-1], *more)


@pytest.mark.parametrize("found", CASES, ids=str)
def test_a_command(found: Case, desk: Path) -> None:
    done = run_all(found, desk)
    assert done.exit_code == found.exit_code, done.output
    assert found.said in " ".join(done.output.split()) or found.said in done.output, done.output
    assert "Traceback" not in done.output
    assert "internal error" not in done.output


@pytest.mark.parametrize("found", CASES, ids=str)
def test_json_stands_alone_on_standard_output(found: Case, desk: Path) -> None:
    done = run_all(found, desk, "--json")
    assert done.exit_code == found.exit_code, done.output
    assert isinstance(json.loads(done.stdout), dict)


def test_what_is_told_of_a_publication(desk: Path) -> None:
    first = said(*PUBLISH, *ONE, "--note", "why", "--universe", "BTC")
    edit(desk, "gate.yaml", "default: 10.0", "default: 10.5")
    second = said(*PUBLISH, *ONE, "--by", "desk")
    assert [first[name] for name in ("step", "note", "universe", "published_by")] == [
        "published",
        "why",
        ["BTC"],
        "ann",
    ]
    assert second["before"] == {"revision": first["revision"], "digest": first["digest"]}
    assert [one["defaults"] for one in second["changes"]] == [[{"parameter": "dearest", "old": 10.0, "new": 10.5}]]
    assert [one["by"] for one in second["signatures"]] == ["ann"]
    assert (second["published_by"], second["refusal"], second["revision"] > first["revision"]) == ("desk", None, True)
    assert any("a new version would tell them apart" in told for told in second["notices"])
    back = said("rollback", str(first["revision"]), "--store", "store", *ONE)
    assert (back["digest"], back["change"], back["note"]) == (
        first["digest"],
        "rollback",
        f"back to revision {first['revision']}",
    )
    shown = said(*SHOW, "--trust", "one.yaml")
    assert (shown["record"]["revision"], shown["record"]["signatures"][0]["verifies"]) == (back["revision"], True)
    assert (shown["record"]["universe"], shown["refusal"], shown["record"]["age_s"] >= 0) == (["BTC"], None, True)
    told = said("history", "--store", "store", "--most", "2")["changes"]
    assert [(one["change"], one["revision"]) for one in told] == [
        ("rollback", back["revision"]),
        ("publish", second["revision"]),
    ]


def test_the_options_may_come_from_the_environment(desk: Path) -> None:
    env = {"BASCULE_STORE": "store", "BASCULE_TRUST": "one.yaml", "BASCULE_KEY": "locked.pem"}
    env[PASSPHRASE_FROM] = "a horse"
    assert said("publish", "bundle", env=env)["step"] == "published"
    assert said("show", env=env)["refusal"] is None
    assert said("key", "show", env=env)["public"] == public_text(PEOPLE["ann"].key.public)


def test_a_new_key_with_a_passphrase(desk: Path) -> None:
    told = said("key", "new", "new.pem", "--passphrase", env={"BASCULE_KEY_PASSPHRASE": "a mule"})
    assert b"ENCRYPTED" in Path("new.pem").read_bytes()
    assert public_text(read_key(Path("new.pem"), lambda: "a mule").public) == told["public"]


def test_what_was_put_in_the_place_of_a_bundle_is_not_rolled_back_to(desk: Path) -> None:
    first = said(*PUBLISH, "--unsigned")
    edit(desk, "gate.yaml", "default: 10.0", "default: 10.5")
    said(*PUBLISH, "--unsigned")
    place = next(path for path in Path("store").rglob("*") if first["digest"].removeprefix("sha256:") in path.name)
    place.write_bytes(place.read_bytes().replace(b"10.0", b"99.0"))
    done = run("rollback", first["digest"], "--store", "store", "--unsigned")
    assert (done.exit_code, "is not that" in done.output) == (DOES_NOT_HOLD, True)


@pytest.mark.parametrize(
    ("more", "typed", "told", "written"),
    [
        ((), b"n", b"nothing was written", False),
        ((), b" ", b"nothing was written", False),
        ((), b"y", b"published revision", True),
        (("--yes",), b"", b"published revision", True),
        (("--json",), b"n", b"nothing was written", False),
        (("--dry-run",), b"", b"nothing was written", False),
    ],
)
def test_a_terminal_is_shown_the_changes_and_asked(
    desk: Path, more: tuple[str, ...], typed: bytes, told: bytes, written: bool
) -> None:
    here = Path.cwd()
    publish = ("publish", f"{here}/bundle", "--store", f"{here}/store", "--unsigned", *more)
    found = answered_on_a_terminal([typed] if typed else [], *publish, NO_COLOR="1")
    assert told in found
    assert b"added gate 0.1.0" in found
    assert (b"put this in force?" in found) is bool(typed)
    assert (said(*SHOW, "--unsigned")["record"] is not None) is written


def test_a_halt_is_set_unasked_and_cleared_when_somebody_says_yes(desk: Path) -> None:
    store = ("--store", f"{Path.cwd()}/store")
    assert b"openings are halted" in on_a_terminal("halt", *store, "--note", "why")
    assert b"nothing was written" in answered_on_a_terminal([b"n"], "halt", "--clear", *store, "--unsigned")
    assert b"until 1 more" in answered_on_a_terminal([b"y"], "halt", "--clear", *store, "--unsigned")


def test_a_passphrase_is_asked_for_and_not_shown(desk: Path) -> None:
    file = f"{Path.cwd()}/new.pem"
    for command in (("key", "new", file, "--passphrase"), ("key", "show", file)):
        shown = answered_on_a_terminal([b"a mule", b"a mule"], *command)
        assert b"public" in shown
        assert b"mule" not in shown
    read_key(Path("new.pem"), lambda: "a mule")


def test_a_stranger_has_no_key_here(desk: Path) -> None:
    write_key(Path("stranger.pem"), new_key(), "")
    done = run(*HALT, "--clear", "--trust", "one.yaml", "--key", "stranger.pem")
    assert (done.exit_code, "counts for nothing" in done.output) == (DOES_NOT_HOLD, True)
