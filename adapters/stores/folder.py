"""A policy store in a folder: for one machine, for a folder that is mounted, and for a first try.

`current.json` is the record, `bundles/<digits of the digest>.json` are the bundles, `changes.jsonl` is the list of
changes, one a line. Rules kept here:

- what is written is on the disk before it is in force: file, then rename, then folder;
- the rename of `current.json` is the one moment at which a change happens: it says which line of the list of changes is
  the last that came true, and any line after it is of a writer that did not get that far;
- one writer at a time, by a lock that the system lets go of with its process; readers need none.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar
from urllib.parse import quote, unquote

import msgspec

from adapters.stores.writes import CHANGE, check_expected, check_kept, check_writable, digits_of, not_a_digest
from engine.store import Change, Reading, StoreUnavailable

CURRENT = "current.json"
CHANGES = "changes.jsonl"
BUNDLES = "bundles"
READERS = "readers"
LOCK = ".lock"
PATIENCE = 5.0
"""Seconds to wait for another writer, and as many for the disk."""
PAUSE = 0.01
"""Seconds between two looks at the lock."""

P = ParamSpec("P")
T = TypeVar("T")


class Current(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of the record: its fields, and the number of the change that made it."""

    change: int
    fields: dict[str, str]


class Entry(msgspec.Struct, frozen=True):
    """A line of the list of changes."""

    id: int
    at: datetime
    fields: dict[str, str]


NOTHING = Current(0, {})


class FolderStore:
    """The store in a folder; `name` is the folder's own unless another is given."""

    def __init__(self, folder: Path, name: str | None = None, patience: float = PATIENCE) -> None:
        self._folder = folder
        self._name = name or folder.resolve().name
        self._patience = patience
        self._open = True

    @property
    def name(self) -> str:
        """What the store calls the record: the folder's name, which is the same where the folder is mounted."""
        return self._name

    async def read(self) -> Reading:
        """The record in force; the clock is this machine's."""
        return await self._run(self._read)

    async def bundle(self, digest: str) -> bytes | None:
        """The bundle kept under a digest."""
        return await self._run(self._bundle, digest)

    async def keep(self, digest: str, content: bytes) -> None:
        """Keep a bundle. Raises `Conflict`."""
        await self._run(self._keep, digest, content)

    async def swap(self, expected: Mapping[str, str | None], fields: Mapping[str, str | None], change: str) -> Reading:
        """Write fields of the record where it is still as expected. Raises `Conflict`."""
        check_writable(fields, change)
        return await self._run(self._swap, dict(expected), dict(fields), change)

    async def changes(self, most: int, before: str | None = None) -> Sequence[Change]:
        """The latest changes, newest first, or those before one."""
        return await self._run(self._changes, most, before)

    async def report(self, reader: str, word: str | None) -> None:
        """Leave a reader's word of how far it is."""
        await self._run(self._report, reader, word)

    async def reports(self) -> Mapping[str, str]:
        """The last word of each reader."""
        return await self._run(self._reports)

    async def aclose(self) -> None:
        """Let go of the folder."""
        self._open = False

    async def _run(self, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """Do what waits for the disk beside the loop."""
        if not self._open:
            raise StoreUnavailable(f"the store in {self._folder} was closed: open it again")
        most = 2 * self._patience  # for the lock, and then for the disk
        try:
            async with asyncio.timeout(most):
                return await asyncio.to_thread(work, *given, **named)
        except TimeoutError as error:
            told = f"the store in {self._folder}: no answer within {most:g}s: is it on a disk that hangs?"
            raise StoreUnavailable(told) from error
        except OSError as error:
            raise StoreUnavailable(f"the store in {self._folder}: {error}") from error

    def _read(self) -> Reading:
        return Reading(self._current().fields, datetime.now(UTC), primary=True)

    def _bundle(self, digest: str) -> bytes | None:
        digits = digits_of(digest)
        if digits is None:
            return None
        try:
            return self._place(digits).read_bytes()
        except FileNotFoundError:
            return None

    def _keep(self, digest: str, content: bytes) -> None:
        digits = digits_of(digest)
        if digits is None:
            raise not_a_digest(digest)
        with self._locked():
            place = self._place(digits)
            if place.exists():
                return check_kept(digest, place.read_bytes(), content)
            place.parent.mkdir(exist_ok=True)
            _replace(place, content)

    def _swap(self, expected: Mapping[str, str | None], fields: Mapping[str, str | None], change: str) -> Reading:
        with self._locked():
            current = self._current()
            check_expected(current.fields, expected)
            written = {name: text for name, text in fields.items() if text is not None}
            left = {name: text for name, text in current.fields.items() if name not in fields}
            now = datetime.now(UTC)
            after = Current(current.change + 1, left | written)
            self._append(current.change, Entry(after.change, now, {CHANGE: change, **written}))
            _replace(self._folder / CURRENT, msgspec.json.format(msgspec.json.encode(after), indent=2) + b"\n")
        return Reading(after.fields, now, primary=True)

    def _changes(self, most: int, before: str | None) -> Sequence[Change]:
        last = self._current().change if before is None else int(before) - 1
        entries = deque(self._entries(last), maxlen=max(most, 0))
        return [Change(str(one.id), one.at, one.fields) for one in reversed(entries)]

    def _report(self, reader: str, word: str | None) -> None:
        place = self._folder / READERS / quote(reader, safe="")
        if word is None:
            place.unlink(missing_ok=True)
            return
        with self._locked():
            place.parent.mkdir(exist_ok=True)
            _replace(place, word.encode())

    def _reports(self) -> Mapping[str, str]:
        places = (self._folder / READERS).glob("*")
        return {unquote(place.name): place.read_text("utf-8") for place in places if place.suffix != ".new"}

    def _place(self, digits: str) -> Path:
        return self._folder / BUNDLES / f"{digits}.json"

    def _current(self) -> Current:
        place = self._folder / CURRENT
        try:
            return msgspec.json.decode(place.read_bytes(), type=Current)
        except FileNotFoundError:
            return NOTHING
        except (msgspec.MsgspecError, ValueError) as error:
            raise StoreUnavailable(f"{place} cannot be read: {error}; put it back from a copy") from None

    def _entries(self, last: int) -> Iterator[Entry]:
        """The changes that came true."""
        place = self._folder / CHANGES
        if not last:
            return
        with place.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    entry = msgspec.json.decode(line, type=Entry)
                except (msgspec.MsgspecError, ValueError) as error:
                    raise StoreUnavailable(f"{place}, line {number} cannot be read: {error}") from None
                yield entry
                if entry.id == last:
                    return
        raise StoreUnavailable(f"{place} ends before change {last}, which {CURRENT} says is the last")

    def _append(self, last: int, entry: Entry) -> None:
        """Write a line after that of the last change that came true, in the place of any that did not."""
        place = self._folder / CHANGES
        with place.open("a+b") as file:
            file.seek(0)
            lines = file.readlines()
            if not last and len(lines) > 1:
                told = f"{place} tells of changes, and {CURRENT} is gone"
                raise StoreUnavailable(f"{told}: put it back from a copy, or move both away")
            file.truncate(sum(len(line) for line, _ in zip(lines, self._entries(last), strict=False)))
            file.write(msgspec.json.encode(entry) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among all writers, of this process and others."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / LOCK).open("ab") as file:
            until = time.monotonic() + self._patience
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= until:
                        told = f"another writer held {file.name} for {self._patience:g}s"
                        raise StoreUnavailable(f"{told}: wait for it, or end it") from None
                    time.sleep(PAUSE)
            yield  # closing the file lets go of the lock


def _replace(place: Path, content: bytes) -> None:
    """Put a file in its place at once and for good."""
    new = place.with_name(place.name + ".new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.rename(place)
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
