"""What only a folder has: files that people edit and disks that stop half-way, and several processes at once."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import subprocess
import sys
from contextlib import aclosing
from functools import partial
from pathlib import Path

import pytest

from adapters.stores.folder import FolderStore
from engine.store import Conflict, StoreUnavailable
from tests.adapters.running import ROOT
from tests.adapters.stores.loops import in_loop
from tests.adapters.stores.test_contract import CONTENT, DIGEST

WRITER = """
import asyncio, sys
from pathlib import Path
from adapters.stores.folder import FolderStore
from engine.store import Conflict

async def main():
    store = FolderStore(Path(sys.argv[1]))
    won = 0
    sys.stdin.readline()
    for _ in range(20):
        before = (await store.read()).fields.get("revision")
        try:
            await store.swap({"revision": before}, {"revision": str(int(before or 0) + 1)}, "publish")
            won += 1
        except Conflict:
            pass
    print(won)

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"change": 1}',
        b'{"change": 1, "fields": []}',
        b'{"change": "1", "fields": {}}',
        b'{"change": 1, "fields": {"revision": 1}}',
        b'{"change": 1, "fields": {"halt": null}}',
        b'{"change": 1, "fields": {}, "more": 1}',
        b'{"change": 1, "fields": {"note": "\xff"}}',
        b'{"change": 1, "fields": {}}}',
    ],
    ids=repr,
)
@in_loop
async def test_a_record_that_cannot_be_read_is_none_and_its_file_is_named(tmp_path: Path, content: bytes) -> None:
    async with aclosing(FolderStore(tmp_path)) as store:
        await store.swap({}, {"revision": "1"}, "publish")
        (tmp_path / "current.json").write_bytes(content)
        for ask in (store.read, lambda: store.changes(1), lambda: store.swap({}, {"revision": "2"}, "publish")):
            with pytest.raises(StoreUnavailable, match=r"current\.json cannot be read.*put it back"):
                await ask()
        assert (tmp_path / "current.json").read_bytes() == content


@in_loop
async def test_the_files_are_as_a_person_would_look_for_them(tmp_path: Path) -> None:
    async with aclosing(FolderStore(tmp_path / "desk")) as store:
        assert store.name == "desk"
        await store.keep(DIGEST, CONTENT)
        await store.swap({}, {"revision": "1", "note": "ü"}, "publish")
        found = {path.relative_to(tmp_path / "desk").as_posix() for path in tmp_path.rglob("*") if path.is_file()}
        assert found - {".lock"} == {"current.json", "changes.jsonl", f"bundles/{DIGEST.removeprefix('sha256:')}.json"}
        current = json.loads((tmp_path / "desk" / "current.json").read_text())
        assert current == {"change": 1, "fields": {"note": "ü", "revision": "1"}}
    assert FolderStore(tmp_path / "desk", name="other").name == "other"


@pytest.mark.parametrize("stopped_at", ["rename", "fsync"])
@in_loop
async def test_a_writer_that_stops_half_way_leaves_the_record_and_its_changes(
    tmp_path: Path, stopped_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*given: object) -> None:
        raise OSError("the power is gone")

    async with aclosing(FolderStore(tmp_path)) as store:
        await store.swap({}, {"revision": "1"}, "publish")
        with monkeypatch.context() as patched:
            patched.setattr(*{"rename": (Path, "rename"), "fsync": (os, "fsync")}[stopped_at], stop)
            for _ in range(3):
                with pytest.raises(StoreUnavailable, match="the power is gone"):
                    await store.swap({"revision": "1"}, {"revision": "2"}, "lost")
        assert dict((await store.read()).fields) == {"revision": "1"}
        assert [one.fields["change"] for one in await store.changes(10)] == ["publish"]
        await store.swap({"revision": "1"}, {"revision": "3"}, "after")
        assert [one.fields["change"] for one in await store.changes(10)] == ["after", "publish"]
        assert len((tmp_path / "changes.jsonl").read_bytes().splitlines()) == 2


@in_loop
async def test_a_line_that_was_cut_is_no_change(tmp_path: Path) -> None:
    async with aclosing(FolderStore(tmp_path)) as store:
        await store.swap({}, {"revision": "1"}, "publish")
        with (tmp_path / "changes.jsonl").open("ab") as file:
            file.write(b'{"id":2,"at":"20')
        assert len(await store.changes(10)) == 1
        await store.swap({}, {"revision": "2"}, "publish")
        assert [one.fields["revision"] for one in await store.changes(10)] == ["2", "1"]


@pytest.mark.parametrize(
    ("content", "match"),
    [(b"", "ends before change 2"), (b'{"id":1}\n', "line 1 cannot be read"), (None, "No such file")],
)
@in_loop
async def test_changes_that_are_missing_are_told_and_the_record_is_read(
    tmp_path: Path, content: bytes | None, match: str
) -> None:
    async with aclosing(FolderStore(tmp_path)) as store:
        for number in ("1", "2"):
            await store.swap({}, {"revision": number}, "publish")
        (tmp_path / "changes.jsonl").unlink()
        if content is not None:
            (tmp_path / "changes.jsonl").write_bytes(content)
        with pytest.raises(StoreUnavailable, match=match):
            await store.changes(10)
        assert dict((await store.read()).fields) == {"revision": "2"}


@in_loop
async def test_a_record_that_was_removed_is_not_begun_anew_over_its_changes(tmp_path: Path) -> None:
    async with aclosing(FolderStore(tmp_path)) as store:
        for number in ("1", "2"):
            await store.swap({}, {"revision": number}, "publish")
        (tmp_path / "current.json").unlink()
        before = (tmp_path / "changes.jsonl").read_bytes()
        with pytest.raises(StoreUnavailable, match=r"current\.json is gone"):
            await store.swap({"revision": None}, {"revision": "3"}, "publish")
        assert (tmp_path / "changes.jsonl").read_bytes() == before


@in_loop
async def test_writers_of_several_processes_lose_no_write(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    start = partial(asyncio.create_subprocess_exec, *command, env=environment)
    writers = [await start(stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(3)]
    told = await asyncio.gather(*(writer.communicate(b"go\n") for writer in writers))
    won = sum(int(out) for out, _ in told)
    async with aclosing(FolderStore(tmp_path)) as store:
        assert (await store.read()).fields["revision"] == str(won)
        found = await store.changes(1000)
        assert [one.fields["revision"] for one in found] == [str(number) for number in range(won, 0, -1)]


@in_loop
async def test_a_writer_that_holds_the_lock_is_not_waited_for_without_end(tmp_path: Path) -> None:
    async with aclosing(FolderStore(tmp_path, patience=0.05)) as store:
        await store.swap({}, {"revision": "1"}, "publish")
        with (tmp_path / ".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(StoreUnavailable, match=r"another writer held .*lock for 0\.05s"):
                await store.swap({}, {"revision": "2"}, "publish")
            assert dict((await store.read()).fields) == {"revision": "1"}
        await store.swap({"revision": "1"}, {"revision": "2"}, "publish")


@in_loop
async def test_a_bundle_that_was_changed_on_the_disk_is_given_as_it_is(tmp_path: Path) -> None:
    async with aclosing(FolderStore(tmp_path)) as store:
        await store.keep(DIGEST, CONTENT)
        (tmp_path / "bundles" / f"{DIGEST.removeprefix('sha256:')}.json").write_bytes(b"other")
        assert await store.bundle(DIGEST) == b"other"
        with pytest.raises(Conflict, match="another content"):
            await store.keep(DIGEST, CONTENT)


@in_loop
async def test_a_folder_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    async with aclosing(FolderStore(tmp_path / "file")) as store:
        for ask in (store.read, lambda: store.bundle(DIGEST), lambda: store.swap({}, {"revision": "1"}, "publish")):
            with pytest.raises(StoreUnavailable, match="file"):
                await ask()
