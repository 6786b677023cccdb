"""`bascule decide --store`: the policy in force decides, verified as a service verifies it, or nothing does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.publishing.keys import write_key
from adapters.publishing.trust import read_trust, unsigned
from adapters.service.memory import Memory, remembered_at
from engine.published import Seen, Trust
from tests.adapters.publishing.desk import PEOPLE, trust_file
from tests.adapters.running import CHEAP, DEAR, ROOT, run

EXIT = (ROOT / "examples" / "close.json").read_bytes()


class Store:
    """A store in a folder with the small bundle published, unsigned, and a state folder of its own."""

    def __init__(self, folder: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.bundle, self.state = folder / "store", bundle, folder / "state" / "bascule"
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        monkeypatch.chdir(folder)
        self.publish()

    def publish(self) -> None:
        done = run("publish", self.bundle, "--store", self.folder, "--unsigned", "--yes", "--universe", "BTCUSDT")
        assert done.exit_code == 0, done.stderr

    def decide(self, stdin: bytes, *more: str) -> tuple[int, dict[str, Any]]:
        done = run("decide", "gate", "--store", self.folder, "--unsigned", "--json", *more, stdin=stdin)
        return done.exit_code, json.loads(done.stdout)

    def memory(self, trust: Trust) -> Memory:
        """What a service under a trust remembers of this store."""
        return Memory(remembered_at({}, f"folder:{self.folder}", trust, self.state))

    @property
    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "current.json").read_text("utf-8"))
        return found

    def edit(self, **fields: str) -> None:
        record = self.record
        record["fields"] |= fields
        (self.folder / "current.json").write_text(json.dumps(record), encoding="utf-8")


@pytest.fixture
def store(tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    return Store(tmp_path, bundle, monkeypatch)


def test_what_is_in_force_decides(store: Store) -> None:
    assert [store.decide(one)[1]["outcome"] for one in (CHEAP, DEAR)] == ["OPEN", "TOO_DEAR"]
    assert store.decide(CHEAP)[1]["bundle"] == store.record["fields"]["digest"]


def edit_bundle(store: Store) -> None:
    (file,) = (store.folder / "bundles").iterdir()
    file.write_bytes(file.read_bytes().replace(b"10.0", b"99.0"))


def go_back(store: Store) -> None:
    store.memory(unsigned()).keep(Seen(int(store.record["fields"]["revision"]) + 1, "sha256:0"))


def lose_bundles(store: Store) -> None:
    for file in (store.folder / "bundles").iterdir():
        file.unlink()


def halt(store: Store) -> None:
    assert run("halt", "--store", store.folder, "--unsigned", "--note", "stop").exit_code == 0


BROKEN: dict[str, tuple[Callable[[Store], object], str]] = {
    "a bundle that was edited": (edit_bundle, "digest"),
    "no bundle": (lose_bundles, "no-bundle"),
    "an older revision": (go_back, "revision"),
    "a halt": (halt, "halted"),
    "past its end": (lambda store: store.edit(valid_until="2026-01-01T00:00:00+00:00"), "expired"),
    "a revision that is none": (lambda store: store.edit(revision="x"), "unreadable"),
    "no record": (lambda store: (store.folder / "current.json").write_text('{"change":0,"fields":{}}'), "no-policy"),
    "a record that is no JSON": (lambda store: (store.folder / "current.json").write_text("{"), "cannot be read"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_nothing_opens_and_an_exit_passes(store: Store, name: str) -> None:
    come_about, cause = BROKEN[name]
    come_about(store)
    code, found = store.decide(CHEAP)
    assert (code, found["outcome"], found["effect"]) == (2, "BLOCKED_NO_POLICY", "block")
    assert cause in found["reason"]
    code, found = store.decide(EXIT)
    assert (code, found["effect"], found["outputs"]["reduce_only"]) == (0, "allow", True)


def test_whose_signatures_count_has_to_be_said(store: Store) -> None:
    done = run("decide", "gate", "--store", store.folder, stdin=CHEAP)
    assert (done.exit_code, "--unsigned" in done.stderr, done.stdout) == (2, True, "")


def test_what_is_not_signed_is_refused_by_who_wants_signatures(store: Store) -> None:
    trust = ROOT / "examples" / "trust.yaml"
    done = run("decide", "gate", "--store", store.folder, "--trust", trust, "--json", stdin=CHEAP)
    found = json.loads(done.stdout)
    assert (done.exit_code, found["effect"], found["reason"].partition(":")[0]) == (2, "block", "unsigned")


def test_without_signatures_it_remembers_nothing(store: Store) -> None:
    """What a service has seen is not written over by who believes anyone."""
    assert store.decide(CHEAP)[1]["effect"] == "allow"
    assert not store.state.exists()
    seen = Seen(7, "sha256:0")
    store.memory(unsigned()).keep(seen)
    assert store.decide(CHEAP)[1]["effect"] == "allow"
    assert store.memory(unsigned()).seen == seen


def test_with_signatures_it_remembers_what_a_service_of_the_same_trust_does(store: Store, tmp_path: Path) -> None:
    trust = trust_file(tmp_path / "trust.yaml", "ann")
    write_key(tmp_path / "ann.pem", PEOPLE["ann"].key, "")
    signed = ("--store", store.folder, "--trust", trust)
    assert run("publish", store.bundle, *signed, "--key", tmp_path / "ann.pem", "--yes").exit_code == 0

    def decide(stdin: bytes) -> tuple[str, str]:
        found = json.loads(run("decide", "gate", *signed, "--json", stdin=stdin).stdout)
        return found["effect"], found["reason"].partition(":")[0]

    assert decide(CHEAP)[0] == "allow"
    fields = store.record["fields"]
    assert store.memory(read_trust(trust)).seen == Seen(int(fields["revision"]), fields["digest"])
    halt(store)
    assert decide(CHEAP) == ("block", "halted")
    record = store.record
    del record["fields"]["halt"]
    (store.folder / "current.json").write_text(json.dumps(record), encoding="utf-8")
    assert store.decide(CHEAP)[1]["effect"] == "allow", "who wants no signatures has not seen the halt"
    assert decide(CHEAP) == ("block", "halt-gone")


def test_a_memory_that_cannot_be_read_opens_nothing(store: Store) -> None:
    store.memory(unsigned()).keep(Seen(7, "sha256:0"))
    (file,) = store.state.glob("*.json")
    file.write_bytes(b"{")
    code, found = store.decide(CHEAP)
    assert (code, found["effect"], "restore it, or delete it" in found["reason"]) == (2, "block", True)


def test_a_url_of_no_store(store: Store) -> None:
    done = run("decide", "gate", "--store", "redi://x", "--unsigned", stdin=CHEAP)
    assert (done.exit_code, "redis:" in done.stderr) == (2, True)


def test_one_of_two_bundles_has_to_be_left_out(store: Store) -> None:
    done = run("decide", "gate", "--store", store.folder, "--policies", store.bundle, "--unsigned", stdin=CHEAP)
    assert done.exit_code == 2
    assert "both `--policies` and `--store`" in done.stderr
