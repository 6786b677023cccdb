"""Comparing over HTTP: the report of `bascule diff`, over what the service itself has decided; nothing is written."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

pytest.importorskip("pyarrow")

from adapters.bootstrap import NO_ENVIRONMENT, open_machine
from adapters.service.openapi_answers import ANSWERS
from tests.adapters.conftest import BUNDLE
from tests.adapters.running import ROOT, run
from tests.adapters.service.admin_desk import DIFF, TOKENS, Files, dearer, publish_to, record, refused
from tests.adapters.service.running import PATIENCE, Served, served, token

PRICES = (1.0, 4.5, 9.0, 10.2, 10.4, 11.0)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def live(store_folder: Path, log: Path, files: Files) -> Iterator[Served]:
    """A service that has decided with the small bundle, which is live."""
    tokens = (*TOKENS, token("desk", "decide"))
    with served(open_machine(BUNDLE, NO_ENVIRONMENT), store_folder, tokens=tokens, log_folder=log) as service:
        found = service.as_("ci")
        assert publish_to(found, files, universe=["BTC"]).status == 200
        for price in PRICES:
            assert service.as_("desk").decide({"price": price}, "gate").status == 200
        written: Any = service.service.log
        asyncio.run_coroutine_threadsafe(written.durable(), written._loop).result(PATIENCE)
        yield found


def compared(service: Served, **said: object) -> Any:
    found = service.ask("POST", DIFF, said)
    assert found.status == 200, found.body
    return found.json


def folder_of(files: Files, folder: Path) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return folder


def changes(told: Any) -> dict[str, int]:
    return {one["change"]: one["decisions"] for replay in told["replays"] for one in replay["sums"]}


def test_it_is_the_report_of_the_command(
    live: Served, files: Files, log: Path, store_folder: Path, tmp_path: Path
) -> None:
    before = record(live)
    told = compared(live, files=dearer(files))
    new = folder_of(dearer(files), tmp_path / "new")
    given = ("--log", next(log.iterdir()), "--store", store_folder, "--unsigned", "--format", "json")
    offline = json.loads(run("diff", "live", new, *given).stdout)
    assert changes(told) == {"block-to-allow": 2, "same": 4}
    recent = told.pop("recent")
    assert (recent["wanted"], recent["looked_at"], recent["left_out"], recent["why_not"]) == (10_000, 6, {}, "")
    assert recent["first"] < recent["last"]
    assert told.pop("logs") == [path.name for path in log.iterdir()]
    assert told["new"].pop("given") == "the files that were sent"
    offline.pop("logs")
    offline["new"].pop("given")
    assert told == offline
    assert told["schema"] == "bascule/v1 diff"
    assert record(live) == before


def test_the_answer_is_as_its_document_says_and_tells_no_facts(live: Served, files: Files) -> None:
    told = live.ask("POST", DIFF, {"files": dearer(files)})
    jsonschema.Draft202012Validator({**ANSWERS["Compared"], "additionalProperties": False}).validate(told.json)
    assert not any(f'"{price}"' in told.body.decode() or f":{price}" in told.body.decode() for price in PRICES[3:])


def test_the_most_recent_are_decided_again_and_no_others(live: Served, files: Files) -> None:
    told = compared(live, files=dearer(files), decisions=2)
    assert (told["recent"]["looked_at"], changes(told)) == (2, {"block-to-allow": 1, "same": 1})


def test_words_alone(live: Served, files: Files) -> None:
    told = compared(live, files=dearer(files), decisions=0)
    assert [one["name"] for one in told["changes"]] == ["dearest"]
    assert told.keys() == {"schema", "old", "new", "changes"}


def test_what_was_published_is_a_side(live: Served, files: Files) -> None:
    first = record(live)
    assert publish_to(live, dearer(files), f'"{first["revision"]}"').status == 200
    by_digest = compared(live, digest=first["digest"], policies=["gate"])
    assert (by_digest["new"]["given"], by_digest["old"]["given"]) == (first["digest"], "live")
    assert changes(by_digest) == {"allow-to-block": 2, "same": 4}
    back = compared(live, files=dearer(files), old={"revision": int(first["revision"])})
    assert changes(back) == {"block-to-allow": 2, "same": 4}


def test_lines_that_cannot_be_used_are_counted(live: Served, files: Files, log: Path) -> None:
    (file,) = log.iterdir()
    lines = file.read_bytes().splitlines(keepends=True)
    (log / "decisions-20200101T000000.000000Z-1.jsonl").write_bytes(b"nonsense\n" + lines[0] + lines[1][:-40])
    told = compared(live, files=dearer(files))
    left_out = {"not-json": 1, "repeated": 1, "truncated": 1}
    assert (told["recent"]["looked_at"], told["recent"]["left_out"]) == (9, left_out)
    assert {one["cause"]: one["decisions"] for one in told["replays"][0]["left_out"]} == left_out


def test_with_nothing_live_it_stands_beside_the_record(log: Path, live: Served, files: Files, tmp_path: Path) -> None:
    with served(None, tmp_path / "other", tokens=TOKENS, log_folder=log) as service:
        told = compared(service.as_("ci"), files=dearer(files))
    assert ("old" in told, changes(told)) == (False, {"block-to-allow": 2, "same": 4})


def test_why_nothing_was_decided_anew(
    unsigned_desk: Served, live: Served, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--decision-log" in compared(unsigned_desk, files=files)["recent"]["why_not"]
    with served(None, tmp_path / "other", tokens=TOKENS, log_folder=tmp_path / "no-log") as service:
        assert "no decisions" in compared(service.as_("ci"), files=files)["recent"]["why_not"]
    missing = tmp_path / "lacking"
    missing.mkdir()
    (missing / "pyarrow.py").write_text("raise ModuleNotFoundError('no pyarrow', name='pyarrow')\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(missing), str(ROOT)]))
    told = compared(live, files=dearer(files))
    assert "pip install '.[parquet]'" in told["recent"]["why_not"]
    assert [one["name"] for one in told["changes"]] == ["dearest"]


def test_who_may_not_compare(live: Served, files: Files) -> None:
    assert refused(live.as_("watcher").ask("POST", DIFF, {"files": files}), 403, "no role `publish`")
    assert live.as_(None).ask("POST", DIFF, {"files": files}).status == 401


UNKNOWN = "sha256:" + "0" * 64
REFUSED: dict[str, tuple[dict[str, object], int, str]] = {
    "no such digest": ({"digest": UNKNOWN}, 409, "the history has no revision or digest"),
    "no such old digest": ({"files": ..., "old": {"digest": UNKNOWN}}, 409, "the history has no revision or digest"),
    "no such old revision": ({"files": ..., "old": {"revision": 7}}, 409, "the history has no revision or digest"),
    "two new sides": ({"files": ..., "revision": 7}, 422, "not both"),
    "no new side": ({}, 422, "give `revision` or `digest`"),
    "no old side": ({"files": ..., "old": {}}, 422, "/old: give `revision`"),
    "files as the old side": ({"files": ..., "old": {"files": {}}}, 422, "files"),
    "too many decisions": ({"files": ..., "decisions": 100_001}, 422, "100000"),
    "fewer than none": ({"files": ..., "decisions": -1}, 422, "0"),
    "no such policy": ({"files": ..., "policies": ["gat"]}, 422, "/policies/0: there is no policy `gat`"),
    "a path that leads out": ({"files": {"../x.yaml": ""}}, 422, "is no path of a file here"),
    "no bundle": ({"files": {"x.yaml": ""}}, 422, "there is no `bundle.yaml`"),
    "another member": ({"files": ..., "log": "/etc"}, 422, "log"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(live: Served, files: Files, name: str) -> None:
    said, status, told = REFUSED[name]
    body = {key: files if value is ... else value for key, value in said.items()}
    assert refused(live.ask("POST", DIFF, body), status, told)


def test_documents_that_do_not_check_are_told(live: Served, files: Files, caplog: pytest.LogCaptureFixture) -> None:
    files["gate.yaml"] = files["gate.yaml"].replace("when: price > params.dearest", "when: prise > params.dearest")
    found = live.ask("POST", DIFF, {"files": files})
    assert refused(found, 422, "has 1 error: nothing was compared")
    assert [(one["file"], one["line"]) for one in found.json["diagnostics"]] == [("gate.yaml", 14)]
    assert "ci may not compare" in caplog.text


def test_one_is_compared_at_a_time(live: Served, files: Files) -> None:
    lock: Any = live.administration._checking
    lock._locked = True
    found = live.ask("POST", DIFF, {"files": files})
    lock._locked = False
    assert refused(found, 503)
    assert found.headers["Retry-After"] == "1"
