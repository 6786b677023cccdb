"""Publishing, taking back and halting over HTTP: checked as by the commands, signed elsewhere."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.publishing.candidates import candidate
from adapters.publishing.publication import Terms
from adapters.service.auth import Role
from engine.published import Trust
from tests.adapters.conftest import BUNDLE
from tests.adapters.publishing.desk import ONE, PEOPLE, TWO, UNSIGNED, publish, publisher
from tests.adapters.service.running import Reply, Served, served, token

Files = dict[str, str]
TOKENS = (
    token("ci", "publish"),
    token("boss", "admin"),
    token("chief", "admin"),
    token("watcher", "read"),
)
CHECK, PUBLISH, ROLLBACK, HALT = (f"/v1/policies:{what}" for what in ("check", "publish", "rollback", "halt"))
NOTHING = '"0"'


@contextmanager
def desk(folder: Path, trust: Trust = UNSIGNED) -> Iterator[Served]:
    """A service that nothing is in force at, asked by one who may publish."""
    with served(None, folder, tokens=TOKENS, trust=trust) as found:
        yield found.as_("ci")


@pytest.fixture
def unsigned_desk(store_folder: Path) -> Iterator[Served]:
    with desk(store_folder) as found:
        yield found


@pytest.fixture
def files() -> Files:
    """The small bundle, as it is sent."""
    return {path.relative_to(BUNDLE).as_posix(): path.read_text("utf-8") for path in BUNDLE.rglob("*.yaml")}


def dearer(files: Files, default: str = "10.5") -> Files:
    """The bundle with another default."""
    gate = files["gate.yaml"].replace("default: 10.0", f"default: {default}").replace("0.1.0", "0.2.0")
    return {**files, "gate.yaml": gate}


def publish_to(service: Served, files: Files, if_match: str | None = NOTHING, **more: object) -> Reply:
    body = {"files": files, "note": "a change", **more}
    return service.ask("POST", PUBLISH, body, {"If-Match": if_match})


def record(service: Served) -> Mapping[str, str]:
    """What the store holds."""
    return asyncio.run(service.store.read()).fields


def tag(reply: Reply) -> str:
    return reply.headers["ETag"]


def refused(reply: Reply, status: int, *said: str) -> bool:
    assert (reply.status, reply.effect) == (status, "block"), reply.body
    assert reply.headers["Content-Type"] == "application/problem+json"
    for one in said:
        assert one in reply.json["detail"], reply.json["detail"]
    return True


# -- checking


def test_what_is_checked_is_told_and_nothing_is_written(unsigned_desk: Served, files: Files) -> None:
    found = unsigned_desk.ask("POST", CHECK, {"files": files, "note": "why"})
    told = found.json
    assert (found.status, told["ok"], told["bundle"], told["version"]) == (200, True, "small", "0.1.0")
    assert [(one["suite"], one["passed"], one["failed"]) for one in told["suites"]] == [("gate-suite", 2, 0)]
    statement = told["statement"]
    assert (statement["digest"], statement["published_by"], statement["note"]) == (told["digest"], "ci", "why")
    assert statement["revision"] > 1_770_000_000_000
    assert tag(found) == NOTHING
    assert record(unsigned_desk) == {}


def test_findings_have_their_place(unsigned_desk: Served, files: Files) -> None:
    files["gate.yaml"] = files["gate.yaml"].replace("when: price > params.dearest", "when: prise > params.dearest")
    told = unsigned_desk.ask("POST", CHECK, {"files": files}).json
    assert (told["ok"], told["why_not"]) == (False, "the bundle has 1 error")
    (finding,) = told["diagnostics"]
    assert (finding["file"], finding["line"], finding["column"]) == ("gate.yaml", 14, 13)
    assert {"code", "message", "severity"} <= finding.keys()
    assert "price" in finding["message"] + finding.get("remedy", "")
    assert "statement" not in told


def test_a_case_that_fails_is_told(unsigned_desk: Served, files: Files) -> None:
    told = unsigned_desk.ask("POST", CHECK, {"files": dearer(files, "4.0")}).json
    assert (told["ok"], told["why_not"]) == (False, "1 case of its suites fails")
    ((failure,),) = [one["failures"] for one in told["suites"]]
    assert (failure["id"], failure["at"].split(":")[0]) == ("cheap-opens", "suites/gate.yaml")
    assert {"what": "outcome", "expected": "OPEN", "found": "TOO_DEAR"} in failure["mismatches"]


PATHS = (
    "/etc/passwd.yaml", "../gate.yaml", "suites/../../gate.yaml", "a\\b.yaml", "gate.yml", "gate.py", "gate", "",
    ".hidden.yaml", ".git/config.yaml", "a//b.yaml", "./gate.yaml", "a/./b.yaml", "gate.yaml/", "gate.yaml/x.yaml",
    "nul\x00.yaml", "line\nbreak.yaml", "ä.yaml", "~/gate.yaml", "C:/gate.yaml", "x" * 200 + ".yaml",
    "/".join("abcdefghijkl") + ".yaml", "gate.yaml\n",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("way", [CHECK, PUBLISH])
def test_a_path_stays_in_its_folder(unsigned_desk: Served, files: Files, way: str, path: str) -> None:
    files[path] = files["gate.yaml"]
    found = unsigned_desk.ask("POST", way, {"files": files, "note": "x"}, {"If-Match": NOTHING})
    assert refused(found, 422)
    assert found.json["faults"][0]["pointer"].startswith("/files/")
    assert record(unsigned_desk) == {}


@pytest.mark.parametrize("overlay", ["..", "../..", "/", str(BUNDLE), "suites/../..", "../" * 12 + str(BUNDLE)[1:]])
def test_an_overlay_stays_in_its_folder(unsigned_desk: Served, files: Files, overlay: str) -> None:
    files["bundle.yaml"] = files["bundle.yaml"].replace("spec:", f"spec:\n  overlay: {overlay}")
    told = unsigned_desk.ask("POST", CHECK, {"files": files}).json
    assert not told["ok"]
    assert "bundle-overlay" in [one["code"] for one in told["diagnostics"]]


def test_too_many_files_are_not_looked_at(unsigned_desk: Served, files: Files) -> None:
    many = {f"f{number}.yaml": "" for number in range(501)}
    assert refused(unsigned_desk.ask("POST", CHECK, {"files": many}), 422, "/files: 501 files")
    assert refused(unsigned_desk.ask("POST", CHECK, {"files": {}}), 422, "/files: 0 files")
    large = {**files, "x.yaml": "#" * (9 * 1024 * 1024)}
    assert refused(unsigned_desk.ask("POST", CHECK, {"files": large}), 413)


def test_no_bundle_is_told(unsigned_desk: Served, files: Files) -> None:
    del files["bundle.yaml"]
    assert "there is no `bundle.yaml`" in unsigned_desk.ask("POST", CHECK, {"files": files}).json["why_not"]


def test_one_is_checked_at_a_time(unsigned_desk: Served, files: Files) -> None:
    lock: Any = unsigned_desk.administration._checking
    lock._locked = True
    found = unsigned_desk.ask("POST", CHECK, {"files": files})
    lock._locked = False
    assert refused(found, 503)
    assert found.headers["Retry-After"] == "1"


# -- publishing


def test_who_publishes_puts_it_in_force(unsigned_desk: Served, files: Files, caplog: pytest.LogCaptureFixture) -> None:
    found = publish_to(unsigned_desk, files, universe=["BTC", "ETH"], valid_for="8h", by="ann")
    told = found.json
    assert (found.status, told["step"], told["refusal"], told["before"]) == (200, "published", None, None)
    there = record(unsigned_desk)
    assert (there["revision"], there["digest"]) == (str(told["revision"]), told["digest"])
    assert (there["published_by"], there["note"], json.loads(there["universe_symbols"])) == (
        "ann",
        "a change",
        ["BTC", "ETH"],
    )
    assert tag(found) == f'"{told["revision"]}"'
    again = publish_to(unsigned_desk, dearer(files), tag(found))
    assert (again.status, again.json["before"]["revision"]) == (200, told["revision"])
    assert "ci has put in force small 0.1.0" in caplog.text


def test_who_says_no_revision_does_nothing(unsigned_desk: Served, files: Files) -> None:
    assert refused(publish_to(unsigned_desk, files, None), 428, "If-Match")
    assert refused(publish_to(unsigned_desk, files, "*"), 428, "If-Match")
    assert record(unsigned_desk) == {}


@pytest.mark.parametrize("said", ['"1"', 'W/"{}"', "{}", '"{}1"', '"0"', '""', '"{}', "'{}'", '"*"', '"0", "7"'])
def test_who_says_another_revision_does_nothing(unsigned_desk: Served, files: Files, said: str) -> None:
    first = publish_to(unsigned_desk, files)
    found = publish_to(unsigned_desk, dearer(files), said.format(first.json["revision"]))
    assert refused(found, 412, str(first.json["revision"]))
    assert tag(found) == tag(first)
    assert record(unsigned_desk)["digest"] == first.json["digest"]


def test_several_revisions_may_be_said(unsigned_desk: Served, files: Files) -> None:
    assert publish_to(unsigned_desk, files, '"7", "0"').status == 200


def test_who_was_faster_is_told(unsigned_desk: Served, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the write."""
    swap = unsigned_desk.store.__class__.swap
    first = publish_to(unsigned_desk, files)

    async def slower(store: Any, expected: Any, fields: Any, change: str) -> Any:
        monkeypatch.undo()
        await swap(store, {}, {"revision": str(first.json["revision"] + 1)}, "publish")
        return await swap(store, expected, fields, change)

    monkeypatch.setattr(unsigned_desk.store.__class__, "swap", slower)
    assert refused(publish_to(unsigned_desk, dearer(files), tag(first)), 412, "in the meantime")
    assert record(unsigned_desk)["digest"] == first.json["digest"]


def broken(files: Files) -> Files:
    return {**files, "gate.yaml": files["gate.yaml"].replace("price > params", "prise > params")}


def without_suites(files: Files) -> Files:
    manifest = files["bundle.yaml"].replace(', "suites/*.yaml"', "")
    return {"bundle.yaml": manifest, "gate.yaml": files["gate.yaml"], "types.yaml": files["types.yaml"]}


UNFIT: tuple[tuple[Callable[[Files], Files], str], ...] = (
    (broken, "the bundle has 1 error"),
    (lambda files: dearer(files, "4.0"), "1 case of its suites fails"),
    (without_suites, "the bundle has no suite"),
    (lambda files: {"bundle.yaml": files["bundle.yaml"]}, "the bundle has"),
    (lambda files: {"gate.yaml": files["gate.yaml"]}, "there is no `bundle.yaml`"),
    (lambda files: {**files, "gate.yaml": "\x00"}, "the bundle has"),
    (lambda files: {**files, "gate.yaml": "a: &a [*a, *a]\n" * 3}, "the bundle has"),
)


@pytest.mark.parametrize(("change", "why"), UNFIT)
def test_what_is_unfit_is_not_published(
    unsigned_desk: Served, files: Files, change: Callable[[Files], Files], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = publish_to(unsigned_desk, change(files))
    assert refused(found, 422, why, "nothing was published")
    assert record(unsigned_desk) == {}
    assert "ci may not publish" in caplog.text


FAULTY: tuple[tuple[Mapping[str, object], str], ...] = (
    ({"note": ""}, "/note"),
    ({"note": None}, "/note"),
    ({"valid_for": "soon"}, "/valid_for"),
    ({"valid_for": "0s"}, "/valid_for"),
    ({"valid_for": "-1h"}, "/valid_for"),
    ({"universe": []}, "/universe"),
    ({"universe": ["BTC", "BTC"]}, "/universe"),
    ({"universe": ["a b"]}, "/universe"),
    ({"universe": "BTC"}, "/universe"),
    ({"signatures": [{"key": "x", "signature": "y"}]}, "/signatures"),
    ({"force": True}, ""),
    ({"skip_suites": True}, ""),
    ({"files": {"gate.yaml": 1}}, "/files"),
)


@pytest.mark.parametrize(("said", "pointer"), FAULTY)
def test_a_body_with_a_fault_does_nothing(
    unsigned_desk: Served, files: Files, said: Mapping[str, object], pointer: str
) -> None:
    body = {"files": files, "note": "a change", **said}
    found = unsigned_desk.ask("POST", PUBLISH, body, {"If-Match": NOTHING})
    assert refused(found, 422)
    assert found.json["faults"][0]["pointer"] == pointer
    assert record(unsigned_desk) == {}


def test_a_member_said_twice_does_nothing(unsigned_desk: Served, files: Files) -> None:
    told = json.dumps(files)
    for body in (
        f'{{"files": {told}, "note": "a", "note": "b"}}',
        f'{{"files": {told}, "note": "a", "n\\u006fte": "b"}}',
        f'{{"files": {{"gate.yaml": "", {told[1:]}, "note": "a"}}',
    ):
        found = unsigned_desk.ask("POST", PUBLISH, body.encode(), {"If-Match": NOTHING})
        assert refused(found, 422, "is said twice")
    assert record(unsigned_desk) == {}


# -- signatures


def sealed(name: str, to_sign: str) -> dict[str, str]:
    """A signature, made where the key is."""
    key = PEOPLE[name].key
    return {"key": key.id, "signature": base64.b64encode(key.sign(to_sign.encode())).decode()}


def offered(service: Served, body: Mapping[str, object]) -> Any:
    found = service.ask("POST", CHECK, body)
    assert found.json["ok"], found.body
    return found.json


def signed(service: Served, files: Files, *names: str, if_match: str = NOTHING, note: str = "a change") -> Reply:
    """Checked, signed by people, and published."""
    told = offered(service, {"files": files, "note": note})
    signatures = [sealed(name, told["to_sign"]) for name in names]
    return publish_to(service, files, if_match, note=note, statement=told["statement"], signatures=signatures)


def test_what_is_signed_is_put_in_force(store_folder: Path, files: Files) -> None:
    with desk(store_folder, ONE) as service:
        found = signed(service, files, "ann")
        assert (found.status, found.json["step"], found.json["refusal"]) == (200, "published", None)
        assert [one["by"] for one in found.json["signatures"]] == ["ann"]
        again = signed(service, dearer(files), "bob", if_match=tag(found))
        assert (again.status, again.json["signatures"][0]["by"]) == (200, "bob")


def test_without_a_signature_nothing_is_published(store_folder: Path, files: Files) -> None:
    with desk(store_folder, ONE) as service:
        told = offered(service, {"files": files, "note": "a change"})
        assert refused(publish_to(service, files), 422, "signatures are wanted")
        assert refused(publish_to(service, files, statement=told["statement"]), 422, "signatures are wanted")
        assert refused(publish_to(service, files, statement=told["statement"], signatures=[]), 422)
        assert record(service) == {}


def test_a_signature_of_someone_else_counts_for_nothing(store_folder: Path, files: Files) -> None:
    with desk(store_folder, ONE) as service:
        told = offered(service, {"files": files, "note": "a change"})
        eve, ann = sealed("eve", told["to_sign"]), sealed("ann", told["to_sign"])
        other = sealed("ann", told["to_sign"] + " ")
        for signatures in ([eve], [ann, eve], [{**ann, "key": eve["key"]}], [{**eve, "key": ann["key"]}], [other]):
            found = publish_to(service, files, statement=told["statement"], signatures=signatures)
            assert refused(found, 409, "a signature of the policy does not verify")
        for wrong in ("", "AAAA", "not base64", ann["signature"][:-4]):
            found = publish_to(service, files, statement=told["statement"], signatures=[{**ann, "signature": wrong}])
            assert refused(found, 409)
        assert record(service) == {}


CHANGED: tuple[tuple[str, object, str], ...] = (
    ("store", "paper", "the statement's store is"),
    ("digest", "sha256:" + "0" * 64, "the statement's digest is"),
    ("bundle", "small 9.9.9", "the statement's bundle is"),
    ("revision", 1, "does not verify"),
    ("revision", 2**53 - 1, "comes next"),
    ("published_at", "2020-01-01T00:00:00+00:00", "good for a day"),
    ("published_at", "2999-01-01T00:00:00+00:00", "good for a day"),
    ("published_at", "yesterday", "cannot be read"),
    ("published_at", "2026-01-01T00:00:00", "cannot be read"),
    ("published_by", "eve", "does not verify"),
    ("published_by", "", "cannot be read"),
    ("valid_until", "2020-01-01T00:00:00+00:00", "was valid until"),
    ("valid_until", "for ever", "cannot be read"),
    ("valid_until", "2999-01-01T00:00:00+00:00", "does not verify"),
)


@pytest.mark.parametrize(("name", "value", "why"), CHANGED)
def test_a_statement_is_of_what_is_published(
    store_folder: Path, files: Files, name: str, value: object, why: str
) -> None:
    with desk(store_folder, ONE) as service:
        told = offered(service, {"files": files, "note": "a change"})
        statement, signatures = {**told["statement"], name: value}, [sealed("ann", told["to_sign"])]
        assert refused(publish_to(service, files, statement=statement, signatures=signatures), 409, why)
        assert record(service) == {}


def test_the_note_is_that_of_the_statement(store_folder: Path, files: Files) -> None:
    with desk(store_folder, ONE) as service:
        told = offered(service, {"files": files, "note": "another"})
        more = {"statement": told["statement"], "signatures": [sealed("ann", told["to_sign"])]}
        assert refused(publish_to(service, files, **more), 422, "/note")
        assert refused(publish_to(service, files, note="another", by="ann", **more), 422, "/by")
        assert publish_to(service, files, note="another", **more).status == 200


def test_a_statement_of_other_files_is_refused(store_folder: Path, files: Files) -> None:
    with desk(store_folder, ONE) as service:
        told = offered(service, {"files": files, "note": "a change"})
        more = {"statement": told["statement"], "signatures": [sealed("ann", told["to_sign"])]}
        assert refused(publish_to(service, dearer(files), **more), 409, "the statement's digest is")
        assert record(service) == {}


def test_what_was_signed_once_is_not_signed_for_ever(store_folder: Path, files: Files) -> None:
    """A statement of before, replayed: once published, and once laid by."""
    with desk(store_folder, ONE) as service:
        laid_by = offered(service, {"files": dearer(files, "10.7"), "note": "a change"})
        told = offered(service, {"files": files, "note": "a change"})
        more = {"statement": told["statement"], "signatures": [sealed("ann", told["to_sign"])]}
        first = publish_to(service, files, **more)
        second = signed(service, dearer(files), "ann", if_match=tag(first))
        assert second.status == 200
        assert refused(publish_to(service, files, tag(second), **more), 409, "comes next")
        late = {"statement": laid_by["statement"], "signatures": [sealed("bob", laid_by["to_sign"])]}
        assert refused(publish_to(service, dearer(files, "10.7"), tag(second), **late), 409, "comes next")
        assert record(service)["digest"] == second.json["digest"]


def test_two_pairs_of_eyes(store_folder: Path, files: Files) -> None:
    with desk(store_folder, TWO) as service:
        first = signed(service, files, "ann")
        assert (first.status, first.json["step"], tag(first)) == (202, "proposed", NOTHING)
        assert "revision" not in record(service)
        told = offered(service, {"files": files})
        assert told["completes"]
        same = {"note": "a change", "statement": told["statement"]}
        again = publish_to(service, files, signatures=[sealed("ann", told["to_sign"])], **same)
        assert refused(again, 409, "1 of 2 owners have signed")
        other = {**told["statement"], "published_by": "bob"}
        assert refused(publish_to(service, files, statement=other, signatures=[sealed("bob", told["to_sign"])]), 409)
        done = publish_to(service, files, signatures=[sealed("bob", told["to_sign"])], **same)
        assert (done.status, done.json["step"], done.json["refusal"]) == (200, "published", None)
        assert [one["by"] for one in done.json["signatures"]] == ["ann", "bob"]


def test_both_may_sign_at_once(store_folder: Path, files: Files) -> None:
    with desk(store_folder, TWO) as service:
        found = signed(service, files, "ann", "bob")
        assert (found.status, found.json["step"]) == (200, "published")
        twice = signed(service, dearer(files), "ann", "ann", if_match=tag(found))
        assert (twice.status, twice.json["step"]) == (202, "proposed")


def test_another_proposal_is_told(store_folder: Path, files: Files) -> None:
    with desk(store_folder, TWO) as service:
        assert signed(service, files, "ann").status == 202
        told = offered(service, {"files": dearer(files), "note": "a change"})
        assert "complete that one first" in told["withheld"]
        told = offered(service, {"files": dearer(files), "note": "a change", "replace": True})
        assert told["proposes"]


# -- going back


def rollback_to(service: Served, if_match: str | None, **said: object) -> Reply:
    return service.ask("POST", ROLLBACK, {"note": "back", **said}, {"If-Match": if_match})


def test_an_earlier_one_comes_back(unsigned_desk: Served, files: Files) -> None:
    first = publish_to(unsigned_desk, files)
    second = publish_to(unsigned_desk, dearer(files), tag(first))
    assert refused(rollback_to(unsigned_desk, None, revision=first.json["revision"]), 428)
    assert refused(rollback_to(unsigned_desk, tag(first), revision=first.json["revision"]), 412)
    back = rollback_to(unsigned_desk, tag(second), revision=first.json["revision"])
    assert (back.status, back.json["digest"]) == (200, first.json["digest"])
    assert back.json["revision"] > second.json["revision"]
    forth = rollback_to(unsigned_desk, tag(back), digest=second.json["digest"])
    assert (forth.status, record(unsigned_desk)["digest"]) == (200, second.json["digest"])


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, 422),
        ({"revision": 7, "digest": "sha256:" + "0" * 64}, 422),
        ({"digest": "sha256:0000"}, 422),
        ({"digest": "latest"}, 422),
        ({"revision": 0}, 422),
        ({"revision": "1"}, 422),
        ({"revision": 7}, 409),
        ({"digest": "sha256:" + "0" * 64}, 409),
    ],
)
def test_what_was_never_published_does_not_come(
    unsigned_desk: Served, files: Files, said: Mapping[str, object], status: int
) -> None:
    first = publish_to(unsigned_desk, files)
    assert refused(rollback_to(unsigned_desk, tag(first), **said), status)
    assert record(unsigned_desk)["revision"] == str(first.json["revision"])


def edited(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"default: 10", b"default: 99"))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("change", "why"), [(edited, "is not that"), (emptied, "is not that"), (Path.unlink, "no longer holds")]
)
def test_a_bundle_that_was_edited_does_not_come_back(
    unsigned_desk: Served, files: Files, store_folder: Path, change: Callable[[Path], None], why: str
) -> None:
    first = publish_to(unsigned_desk, files)
    second = publish_to(unsigned_desk, dearer(files), tag(first))
    digits = first.json["digest"].partition(":")[2]
    change(store_folder / "bundles" / f"{digits}.json")
    assert refused(rollback_to(unsigned_desk, tag(second), revision=first.json["revision"]), 409, why)
    assert record(unsigned_desk)["digest"] == second.json["digest"]


def test_to_go_back_is_signed_as_well(store_folder: Path, files: Files) -> None:
    with desk(store_folder, ONE) as service:
        first = signed(service, files, "ann")
        second = signed(service, dearer(files), "ann", if_match=tag(first))
        earlier = {"revision": first.json["revision"]}
        assert refused(rollback_to(service, tag(second), **earlier), 422, "signatures are wanted")
        told = offered(service, {**earlier, "note": "back"})
        more = {"statement": told["statement"], "signatures": [sealed("bob", told["to_sign"])]}
        done = rollback_to(service, tag(second), **earlier, **more)
        assert (done.status, done.json["digest"]) == (200, first.json["digest"])


def test_what_others_signed_does_not_come_back(store_folder: Path, files: Files) -> None:
    """Published without signatures, then wanted with them."""
    with desk(store_folder) as service:
        first = publish_to(service, files)
        second = publish_to(service, dearer(files), tag(first))
    with desk(store_folder, ONE) as service:
        found = service.ask("POST", CHECK, {"revision": first.json["revision"]})
        assert refused(found, 409, "nobody signed it")
        assert record(service)["digest"] == second.json["digest"]


def test_what_the_command_published_is_known_here(unsigned_desk: Served, files: Files) -> None:
    first = candidate(BUNDLE)
    asyncio.run(publish(publisher(unsigned_desk.store), first, Terms(note="by command")))
    assert refused(publish_to(unsigned_desk, dearer(files)), 412)
    assert publish_to(unsigned_desk, dearer(files), f'"{record(unsigned_desk)["revision"]}"').status == 200


# -- halting


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


HALTS: tuple[tuple[Mapping[str, object], Role | str], ...] = (
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


# -- the store


def test_a_store_that_does_not_answer_is_told(unsigned_desk: Served, store_folder: Path, files: Files) -> None:
    store_folder.mkdir()
    (store_folder / "current.json").write_text("{")
    for way, body in ((PUBLISH, {"files": files, "note": "x"}), (HALT, {"note": "x"}), (CHECK, {"files": files})):
        found = unsigned_desk.ask("POST", way, body, {"If-Match": NOTHING})
        assert refused(found, 503)
        assert found.headers["Retry-After"] == "1"
