"""The most recent lines of a log that is being written: where they stand at the ends of its files, newest first.

Rules kept here: nothing is read but the ends of the files that hold those lines, save that a compressed file has no end
without its beginning, and that a series is sought before the lines that name it; files are only read, whoever writes to
them meanwhile; a line that cannot be read is one of the lines.

Each worker writes one file at a time: lines of several files are taken in the order of their times, from the end.
"""

from __future__ import annotations

import gzip
import heapq
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from adapters.records.lines import MARK, UNREADABLE, Kept, Opened, Unusable, opened, read_lines, series_of

BLOCK = 256 * 1024
"""Bytes that are read at a time."""
SLACK_S = 1.0
"""How much earlier than its last decision a file may say that it was written to: the clock of files is a coarse one."""
SUFFIXES = (".jsonl", ".jsonl.gz")


class _Decided(msgspec.Struct, frozen=True):
    decided_at: datetime | None = None


class _Stamped(msgspec.Struct, frozen=True):
    series: str = ""
    decision: _Decided = _Decided()


_stamped = msgspec.json.Decoder(_Stamped).decode
_Line = tuple[int, bytes]
"""Where a line begins, in bytes of what the file holds, and the line."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The last lines of a file: those that begin from one place on, and before another, in bytes of what it holds."""

    path: Path
    begin: int
    end: int
    lines: int

    def read(self) -> Iterator[Kept | Unusable]:
        """The decisions, each series that they name in its place. Raises OSError."""
        return read_lines(self.path, self.begin, self.end, _series(self))


def most_recent(folder: Path, most: int) -> list[Ending]:
    """Where the most recent decisions of a log stand, by the names of its files. Raises OSError."""
    waiting = deque(sorted(_files(folder), key=lambda one: one.changed, reverse=True))
    newest: list[tuple[float, int, _File]] = []
    found: list[_File] = []
    while most > 0:
        while waiting and (not newest or waiting[0].changed + SLACK_S >= -newest[0][0]):
            file = waiting.popleft()
            found.append(file)
            if file.next(most):
                heapq.heappush(newest, (-file.when, len(found), file))
        if not newest:
            break
        _, at, file = heapq.heappop(newest)
        file.take()
        most -= 1
        if most and file.next(most):
            heapq.heappush(newest, (-file.when, at, file))
    return sorted((one.ending() for one in found if one.taken), key=lambda ending: ending.path.name)


class _File:
    """A file of lines, from its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changed = path.stat().st_mtime
        self.when = self.changed + SLACK_S
        """When the next line was decided; of one that does not say, when that after it was."""
        self.taken = 0
        self._lines: Iterator[tuple[int, float | None]] | None = None
        self._begin = self._next = self._end = 0

    def next(self, most: int) -> bool:
        """Look at the line before; whether there is one. Of so many lines the last are told at all."""
        if self._lines is None:
            self._lines = self._backwards(most)
        found = next(self._lines, None)
        if found is None:
            return False
        self._next, when = found
        self.when = self.when if when is None else when
        return True

    def take(self) -> None:
        """Take the line that was looked at."""
        self._begin = self._next
        self.taken += 1

    def ending(self) -> Ending:
        """What was taken."""
        return Ending(self.path, self._begin, self._end, self.taken)

    def _backwards(self, most: int) -> Iterator[tuple[int, float | None]]:
        """Where each decision begins and when it was made, the last first."""
        if self.path.suffix == ".gz":
            lines, self._end = _last_of_compressed(self.path, most)
            yield from reversed(lines)
            return
        with self.path.open("rb") as file:
            self._end = file.seek(0, 2)
            yield from _decisions(_backwards(file, self._end))


def _files(folder: Path) -> Iterator[_File]:
    for path in folder.iterdir():
        if path.name.endswith(SUFFIXES) and path.is_file():
            yield _File(path)


def _decisions(lines: Iterable[_Line]) -> Iterator[tuple[int, float | None]]:
    """Of some lines those that are decisions, or no line that can be read: where they begin, and when."""
    for at, text in lines:
        if not text.strip():
            continue
        try:
            found = _stamped(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            yield at, None
            continue
        if not found.series:
            when = found.decision.decided_at
            yield at, None if when is None else when.timestamp()


def _backwards(file: Opened, before: int) -> Iterator[_Line]:
    """The lines of a file before a place, the last first; the last may be cut short."""
    rest, at = b"", before
    while at > 0:
        size = min(BLOCK, at)
        at -= size
        file.seek(at)
        rest = file.read(size) + rest
        stop = len(rest)
        while (cut := rest.rfind(b"\n", 0, stop - 1)) >= 0:
            yield at + cut + 1, rest[cut + 1 : stop]
            stop = cut + 1
        rest = rest[:stop]
    if rest:
        yield 0, rest


def _last_of_compressed(path: Path, most: int) -> tuple[deque[tuple[int, float | None]], int]:
    """The last decisions of a compressed file, in order, and where it ends; that it is cut short is one of them."""
    found: deque[tuple[int, float | None]] = deque(maxlen=most)
    at = 0

    def lines() -> Iterator[_Line]:
        nonlocal at
        with opened(path) as file:
            for text in file:
                yield at, text
                at += len(text)

    try:
        found.extend(_decisions(lines()))
    except (EOFError, zlib.error, gzip.BadGzipFile):
        found.append((at, None))
        at += 1
    return found, at


def _series(ending: Ending) -> dict[str, Any]:
    """The series that some lines name and do not hold, from the lines before them; what is not there is left out."""
    wanted, held = set[str](), set[str]()
    at = ending.begin
    with opened(ending.path) as file:
        try:
            file.seek(at)
            for text in file:
                if at >= ending.end:
                    break
                at += len(text)
                name, _ = series_of(text)
                held.add(name)
                wanted |= _named(text) - held if MARK in text else set()
        except (EOFError, zlib.error, gzip.BadGzipFile):
            pass  # told by whoever reads the lines
    return _sought(ending, wanted) if wanted else {}


def _sought(ending: Ending, wanted: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with opened(ending.path) as file:
        lines = _forwards(file, ending.begin) if ending.path.suffix == ".gz" else _backwards(file, ending.begin)
        for _, text in lines:
            name, values = series_of(text)
            if name in wanted:
                with suppress(*UNREADABLE):  # then it is not there, which the lines that name it tell
                    found[name] = msgspec.json.decode(values)
                wanted.discard(name)
                if not wanted:
                    break
    return found


def _forwards(file: Opened, before: int) -> Iterator[_Line]:
    at = 0
    while at < before:
        text = file.readline()
        yield at, text
        at += len(text)


def _named(text: bytes) -> set[str]:
    """The series that a line names."""
    try:
        return set(_names(msgspec.json.decode(text)))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return set()


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        name = value.get("$series")
        if isinstance(name, str):
            yield name
        for one in value.values():
            yield from _names(one)
    elif isinstance(value, list):
        for one in value:
            yield from _names(one)
