"""Publishing and taking back over HTTP, checked as by the commands; a refusal does nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.publishing.candidates import candidate
from adapters.publishing.publication import Terms
from tests.adapters.conftest import BUNDLE
from tests.adapters.publishing.desk import publish, publisher
from tests.adapters.service.admin_desk import (
    CHECK,
    HALT,
    NOTHING,
    PUBLISH,
    Files,
    dearer,
    publish_to,
    record,
    refused,
    rollback_to,
    tag,
)
from tests.adapters.service.running import Served

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


def test_it_is_said_what_is_checked(unsigned_desk: Served, files: Files) -> None:
    for body in ({}, {"files": files, "revision": 7}, {"revision": 7, "digest": "sha256:" + "0" * 64}):
        assert refused(unsigned_desk.ask("POST", CHECK, body), 422, "give `")


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
    found = publish_to(unsigned_desk, files, universe=["BTC", "ETH"], valid_for="8h", by="ci")
    told = found.json
    assert (found.status, told["step"], told["refusal"], told["before"]) == (200, "published", None, None)
    there = record(unsigned_desk)
    assert (there["revision"], there["digest"]) == (str(told["revision"]), told["digest"])
    assert (there["published_by"], there["note"], json.loads(there["universe_symbols"])) == (
        "ci",
        "a change",
        ["BTC", "ETH"],
    )
    assert tag(found) == f'"{told["revision"]}"'
    again = publish_to(unsigned_desk, dearer(files), tag(found))
    assert (again.status, again.json["before"]["revision"]) == (200, told["revision"])
    assert "ci has put in force small 0.1.0" in caplog.text


def test_nobody_publishes_unsigned_in_the_name_of_another(
    unsigned_desk: Served, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    said = {"by": "the head of risk"}
    assert refused(unsigned_desk.ask("POST", CHECK, {"files": files, **said}), 422, "/by", "by `ci`", "leave it out")
    assert refused(publish_to(unsigned_desk, files, **said), 422, "/by", "by `ci`", "leave it out")
    assert record(unsigned_desk) == {}
    assert "ci may not publish: /by" in caplog.text
    first = publish_to(unsigned_desk, files).json
    there = record(unsigned_desk)
    assert there["published_by"] == "ci"
    assert refused(rollback_to(unsigned_desk, f'"{first["revision"]}"', digest=first["digest"], **said), 422, "/by")
    assert record(unsigned_desk) == there


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


def test_who_is_overtaken_while_documents_are_checked_does_nothing(unsigned_desk: Served, files: Files) -> None:
    first = publish_to(unsigned_desk, files)
    administration: Any = unsigned_desk.administration
    usual = administration._examined

    async def slowly(sent: Any) -> Any:
        await unsigned_desk.store.swap({}, {"revision": str(first.json["revision"] + 1)}, "publish")
        return await usual(sent)

    administration._examined = slowly
    assert refused(publish_to(unsigned_desk, dearer(files), tag(first)), 412, str(first.json["revision"] + 1))
    assert record(unsigned_desk)["digest"] == first.json["digest"]


def test_nothing_is_checked_for_who_is_late(unsigned_desk: Served, files: Files) -> None:
    async def never(_: Any) -> Any:
        raise AssertionError

    administration: Any = unsigned_desk.administration
    administration._examined = never
    assert refused(publish_to(unsigned_desk, files, '"7"'), 412)


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


def price_of_the_store(files: Files) -> Files:
    types = files["types.yaml"].replace("price: {type: Price, from: caller}", "price: {type: Price, from: store}")
    return {**files, "types.yaml": types}


UNFIT: tuple[tuple[Callable[[Files], Files], str], ...] = (
    (broken, "the bundle has 1 error"),
    (lambda files: dearer(files, "4.0"), "1 case of its suites fails"),
    (without_suites, "the bundle has no suite"),
    (price_of_the_store, "a service cannot say `price` of the store"),
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


# -- going back


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


def test_what_the_command_published_is_known_here(unsigned_desk: Served, files: Files) -> None:
    first = candidate(BUNDLE)
    asyncio.run(publish(publisher(unsigned_desk.store), first, Terms(note="by command")))
    assert refused(publish_to(unsigned_desk, dearer(files)), 412)
    assert publish_to(unsigned_desk, dearer(files), f'"{record(unsigned_desk)["revision"]}"').status == 200


# -- the store


def test_a_store_that_does_not_answer_is_told(unsigned_desk: Served, store_folder: Path, files: Files) -> None:
    store_folder.mkdir()
    (store_folder / "current.json").write_text("{")
    for way, body in ((PUBLISH, {"files": files, "note": "x"}), (HALT, {"note": "x"}), (CHECK, {"files": files})):
        found = unsigned_desk.ask("POST", way, body, {"If-Match": NOTHING})
        assert refused(found, 503)
        assert found.headers["Retry-After"] == "1"
