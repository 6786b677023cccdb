"""Halting over HTTP, and clearing it by two."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.adapters.publishing.desk import ONE
from tests.adapters.service.desks import (
    HALT,
    desk,
    record,
    refused,
    sealed,
)
from tests.adapters.service.running import Reply, Served


def test_who_may_publish_may_halt(unsigned_desk: Served, caplog: pytest.LogCaptureFixture) -> None:
    assert unsigned_desk.as_("watcher").ask("GET", HALT).json == {"halted": False}
    found = unsigned_desk.ask("POST", HALT, {"note": "the feed is wrong"})
    assert (found.status, found.json["halted"], found.json["halt"]["by"]) == (200, True, "ci")
    assert json.loads(record(unsigned_desk)["halt"])["note"] == "the feed is wrong"
    assert unsigned_desk.as_("watcher").ask("GET", HALT).json["missing"] == 2
    assert refused(unsigned_desk.ask("POST", HALT, {"note": "again"}), 409, "halted already")
    assert "ci has halted all openings" in caplog.text


def test_two_who_may_everything_clear_it(unsigned_desk: Served) -> None:
    halt = unsigned_desk.ask("POST", HALT, {"note": "x"}).json["halt"]["id"]
    boss, chief = unsigned_desk.as_("boss"), unsigned_desk.as_("chief")
    assert refused(unsigned_desk.ask("POST", HALT, {"clear": halt}), 403, "no role `admin`")
    assert refused(boss.ask("POST", HALT, {"clear": "another"}), 409, "another halt is in force")
    assert refused(boss.ask("POST", HALT, {"clear": halt, "by": "chief"}), 422, "/by")
    assert refused(boss.ask("POST", HALT, {"clear": halt, "note": "x"}), 422)
    assert boss.ask("POST", HALT, {"clear": halt, "by": "boss"}).json["missing"] == 1
    assert refused(boss.ask("POST", HALT, {"clear": halt}), 409, "boss has cleared it already")
    assert chief.ask("GET", HALT).json["halted"]
    assert not chief.ask("POST", HALT, {"clear": halt}).json["halted"]
    assert refused(chief.ask("POST", HALT, {"clear": halt}), 409, "nothing to clear")


def test_two_owners_clear_it_with_their_keys(store_folder: Path) -> None:
    with desk(store_folder, ONE) as service:
        boss = service.as_("boss")
        told = service.ask("POST", HALT, {"note": "x"}).json
        halt, to_sign = told["halt"]["id"], boss.ask("GET", HALT).json["to_sign"]
        assert refused(boss.ask("POST", HALT, {"clear": halt}), 422, "signatures are wanted")

        def clear(seal: dict[str, str], **more: object) -> Reply:
            return boss.ask("POST", HALT, {"clear": halt, "signature": seal, **more})

        assert refused(clear(sealed("eve", to_sign)), 409, "does not verify")
        assert refused(clear(sealed("ann", to_sign + "x")), 409, "does not verify")
        assert refused(clear(sealed("ann", to_sign), by="bob"), 409, "the signature is not of")
        assert clear(sealed("ann", to_sign), by="ann").json["cleared_by"] == ["ann"]
        assert refused(clear(sealed("ann", to_sign)), 409, "ann has cleared it already")
        done = clear(sealed("bob", to_sign)).json
        assert (done["halted"], done["cleared_by"]) == (False, ["ann", "bob"])


def test_a_signature_clears_one_halt(store_folder: Path) -> None:
    """What cleared the halt before does not clear the next."""
    with desk(store_folder, ONE) as service:
        boss = service.as_("boss")
        kept: list[dict[str, str]] = []
        for _ in range(2):
            halt = service.ask("POST", HALT, {"note": "x"}).json["halt"]["id"]
            for old in kept:
                assert refused(boss.ask("POST", HALT, {"clear": halt, "signature": old}), 409, "does not verify")
            to_sign = boss.ask("GET", HALT).json["to_sign"]
            kept = [sealed(name, to_sign) for name in ("ann", "bob")]
            assert [boss.ask("POST", HALT, {"clear": halt, "signature": one}).status for one in kept] == [200, 200]


HALTS: tuple[tuple[Mapping[str, object], str], ...] = (
    ({}, "give `note`"),
    ({"note": ""}, "/note"),
    ({"note": "x", "by": "ann"}, "leave out"),
    ({"note": "x", "signature": {"key": "x", "signature": "y"}}, "leave out"),
    ({"halt": True}, "unknown field"),
)


@pytest.mark.parametrize(("said", "why"), HALTS)
def test_a_halt_with_a_fault_is_told(unsigned_desk: Served, said: Mapping[str, object], why: str) -> None:
    found = unsigned_desk.ask("POST", HALT, said)
    assert refused(found, 422)
    assert why in found.body.decode()
    assert record(unsigned_desk) == {}
