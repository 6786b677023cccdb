"""`publish` and `rollback` show what becomes of decisions on record, and write nothing where it must not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

pytest.importorskip("pyarrow")

from adapters.bootstrap import NO_ENVIRONMENT, open_machine
from adapters.cli.on_record import as_files
from adapters.publishing.candidates import Candidate
from adapters.publishing.keys import write_key
from adapters.service.listening import tls
from rules.bundle import load
from rules.canonical import read_bytes
from tests.adapters.publishing.desk import PEOPLE, trust_file
from tests.adapters.running import POLICIES, run
from tests.adapters.service.admin_desk import TOKENS
from tests.adapters.service.running import Served, served, token
from tests.adapters.stores.servers import certificates
from tests.adapters.test_cli_exits import edit
from tests.adapters.test_cli_terminal import answered_on_a_terminal

PRICES = (1.0, 4.5, 9.0, 10.2, 10.4, 11.0)
PUBLISH = ("publish", "bundle", "--store", "store", "--unsigned")
ROLLBACK = ("--store", "store", "--unsigned")
FAIL = ("--fail-on", "block-to-allow")


@pytest.fixture
def desk(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle that is live and has decided, its log, and an edit of it that opens what was blocked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USER", "someone")
    assert run(*PUBLISH, "--universe", "BTC").exit_code == 0
    with deciding(Path("log")) as service:
        for price in PRICES:
            assert service.as_("desk").decide({"price": price}, "gate").status == 200
    edit(bundle, "gate.yaml", "default: 10.0", "default: 10.5")
    for name, text in {"token": "ci\n", "watching": "watcher\n", "empty": "", "open": "ci\n"}.items():
        Path(name).write_text(text)
        Path(name).chmod(0o600)
    Path("open").chmod(0o644)
    return bundle


@contextmanager
def deciding(log: Path | None, *, secured: bool = False) -> Iterator[Served]:
    """A service of the store, that decides with the bundle as it is now."""
    made = certificates(Path()) if secured else None
    context = None if made is None else tls(str(made.certificate), str(made.key))
    machine = open_machine(Path("bundle"), NO_ENVIRONMENT)
    tokens = (*TOKENS, token("desk", "decide"))
    folder = None if log is None else log.resolve()
    with served(machine, Path("store").resolve(), tokens=tokens, log_folder=folder, tls=context) as found:
        yield found


def revision() -> str:
    fields = json.loads(Path("store/current.json").read_text("utf-8"))["fields"]
    return str(fields["revision"])


def logged() -> str:
    return str(next(Path("log").iterdir()))


def said(done: Result) -> Any:
    return json.loads(done.stdout)


SHOWN = ("blocked before, allowed now", "TOO_DEAR (block by dear)", "4  the same")


def test_a_log_shows_what_becomes_of_it(desk: Path) -> None:
    before = revision()
    done = run(*PUBLISH, "--log", logged(), "--dry-run")
    assert done.exit_code == 0, done.output
    assert all(one in done.stdout for one in ("dearest: 10.0 → 10.5", *SHOWN)), done.stdout
    assert revision() == before
    offline = run("diff", "live", "bundle", *ROLLBACK, "--log", logged(), "--format", "json")
    told = said(run(*PUBLISH, "--log", logged(), "--json"))
    assert told["decisions"]["new"].pop("given") == "to be published"
    expected = said(offline)
    expected["new"].pop("given")
    assert told["decisions"] == expected
    assert revision() > before


def test_what_must_not_be_is_not_published(desk: Path) -> None:
    before = revision()
    done = run(*PUBLISH, "--log", logged(), *FAIL)
    assert (done.exit_code, revision()) == (1, before), done.output
    assert "2 decisions block-to-allow: nothing was written" in done.stderr
    assert all(one in done.stdout for one in SHOWN)
    told = run(*PUBLISH, "--log", logged(), *FAIL, "--json")
    assert (told.exit_code, revision()) == (1, before)
    assert said(told)["decisions"]["replays"][0]["policy"] == "gate"
    assert run(*PUBLISH, "--log", logged(), "--fail-on", "allow-to-block").exit_code == 0
    back = run("rollback", before, *ROLLBACK, "--log", logged(), "--fail-on", "allow-to-block")
    assert (back.exit_code, "allowed before, blocked now" in back.stdout) == (1, True)


def test_a_policy_that_was_asked_before_it_was_there_is_not_published(desk: Path) -> None:
    """What became of its decisions nobody can tell: what is in force does not have it."""
    text = (desk / "gate.yaml").read_text("utf-8").replace("name: gate", "name: extra").replace("GATE_", "EXTRA_")
    (desk / "extra.yaml").write_text(text, "utf-8")
    asked = Path(logged()).read_text("utf-8").replace('"asked":"gate"', '"asked":"extra"', 1)
    Path("both.jsonl").write_text(asked, "utf-8")
    before = revision()
    done = run(*PUBLISH, "--log", "both.jsonl", "--fail-on", "allow-to-block")
    assert (done.exit_code, revision()) == (2, before), done.output
    assert "`extra` is new, and 1 decision on record asked it: nothing was written" in done.stderr


def test_a_service_is_asked(desk: Path) -> None:
    before = revision()
    with deciding(Path("log")) as service:
        url = f"http://127.0.0.1:{service.port}"
        env = {"BASCULE_SERVICE": url, "BASCULE_TOKEN_FILE": "token"}
        done = run(*PUBLISH, *FAIL, env=env)
        assert (done.exit_code, revision()) == (1, before), done.output
        assert "the 6 most recent decisions on the log of the service" in done.stdout
        assert all(one in done.stdout for one in SHOWN)
        by_log = run(*PUBLISH, "--dry-run", "--log", logged(), env={**env, "BASCULE_TOKEN_FILE": "none"})
        assert (by_log.exit_code, "2 decisions" not in by_log.stderr) == (0, True)
        both = run(*PUBLISH, "--log", logged(), "--service", url)
        assert (both.exit_code, "leave one out" in both.stderr) == (2, True)
        assert said(run(*PUBLISH, "--json", env=env))["decisions"]["recent"]["looked_at"] == 6


def test_a_service_is_asked_over_https(desk: Path) -> None:
    with deciding(Path("log"), secured=True) as service:
        asked = (*PUBLISH, "--service", f"https://127.0.0.1:{service.port}", "--token", "token", "--dry-run")
        trusted = run(*asked, "--tls-ca", "ca.pem")
        assert all(one in trusted.stdout for one in SHOWN), trusted.output
        assert "certificate verify failed" in " ".join(run(*asked).stderr.split())


UNASKED: dict[str, tuple[tuple[str, ...], str]] = {
    "no token": (("--service", "URL"), "give the file that holds it with `--token FILE`"),
    "no such token": (("--service", "URL", "--token", "none"), "cannot read `none`"),
    "an empty token": (("--service", "URL", "--token", "empty"), "holds no token"),
    "a token for all to read": (("--service", "URL", "--token", "open"), "chmod 600 open"),
    "another role": (("--service", "URL", "--token", "watching"), "has no role `publish`"),
    "a token in the open": (("--service", "http://desk.invalid:8181", "--token", "token"), "without TLS"),
    "no URL": (("--service", "desk:8181", "--token", "token"), "is no URL of a service"),
    "nobody there": (("--service", "http://127.0.0.1:1", "--token", "token"), "cannot be asked"),
    "no log kept": (("--service", "URL", "--token", "token"), "--decision-log"),
    "no such log": (("--log", "none.jsonl"), "no such file"),
    "a log of nothing": (("--log", "empty.jsonl"), "none of those on record can be decided again"),
}


@pytest.mark.parametrize("name", UNASKED)
def test_who_cannot_be_asked_stops_only_what_depends_on_it(desk: Path, name: str) -> None:
    options, why = UNASKED[name]
    Path("empty.jsonl").write_bytes(b"nonsense\n")
    before = revision()
    with deciding(None) as service:
        given = [one.replace("URL", f"http://127.0.0.1:{service.port}") for one in options]
        refused = run(*PUBLISH, *given, *FAIL)
        assert (refused.exit_code, revision()) == (2, before), refused.output
        assert why in " ".join(refused.stderr.split())
        assert "nothing was written" in refused.stderr
        done = run(*PUBLISH, *given, "--json")
    assert (done.exit_code, revision() > before) == (0, True), done.output
    assert any(why in notice for notice in said(done)["notices"])
    assert why in " ".join(done.stderr.split())


def test_another_service_than_that_of_the_store_is_noticed(desk: Path) -> None:
    with served(None, Path("other").resolve(), tokens=TOKENS) as service:
        done = run(*PUBLISH, "--service", f"http://127.0.0.1:{service.port}", "--token", "token", *FAIL)
    assert (done.exit_code, "has nothing in force, and the store had sha256:" in done.stderr) == (2, True), done.output


def test_a_condition_without_decisions_is_refused(desk: Path) -> None:
    done = run(*PUBLISH, *FAIL)
    assert (done.exit_code, "give `--log FILE`, or `--service URL`" in done.stderr) == (2, True)


def test_it_is_shown_before_the_question(desk: Path) -> None:
    here, before = Path.cwd(), revision()
    command = ("publish", f"{here}/bundle", "--store", f"{here}/store", "--unsigned", "--log", f"{here}/{logged()}")
    found = answered_on_a_terminal([b"n"], *command, NO_COLOR="1").decode()
    assert 0 < found.index(SHOWN[0]) < found.index("put this in force?")
    assert revision() == before


def test_who_completes_a_proposal_sees_what_it_changes(desk: Path) -> None:
    """Against what is live, in words and in decisions, as who proposed it did."""
    for name in ("ann", "bob"):
        write_key(Path(f"{name}.pem"), PEOPLE[name].key, "")
    trust_file(Path("two.yaml"), "ann", "bob", four_eyes=True)
    both = ("publish", "bundle", "--store", "store", "--trust", "two.yaml", "--key")
    edit(desk, "gate.yaml", "default: 10.5", "default: 10.0")
    for name in ("ann.pem", "bob.pem"):
        assert run(*both, name).exit_code == 0
    edit(desk, "gate.yaml", "default: 10.0", "default: 10.5")
    before = revision()
    for name, step in (("ann.pem", "not in force"), ("bob.pem", "signed by ann and bob")):
        stopped = run(*both, name, "--log", logged(), *FAIL)
        assert (stopped.exit_code, revision()) == (1, before)
        done = run(*both, name, "--log", logged())
        assert all(one in done.stdout for one in ("dearest: 10.0 → 10.5", *SHOWN, step)), done.output


@pytest.mark.parametrize("folder", [POLICIES, POLICIES / "history" / "0.9.0"])
def test_a_bundle_that_is_sent_is_the_bundle(folder: Path, tmp_path: Path) -> None:
    """Overlays and all: the same digest."""
    checked = load(folder, with_suites=False).bundle
    assert checked is not None
    found = Candidate(checked.digest, "", checked.content, read_bytes(checked.content))
    for path, text in as_files(found).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    sent = load(tmp_path).bundle
    assert sent is not None
    assert sent.digest == checked.digest
