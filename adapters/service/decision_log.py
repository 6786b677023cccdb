"""The decision log: one line of JSON a decision, with all its inputs, written by one thread behind the loop.

Rules kept here: records are written in the order in which they were offered, and none is dropped; what cannot be
written waits and is tried again, and while much waits openings are refused; a long series of numbers is written once a
file, under its hash. All state belongs to the loop's thread; the writing thread is handed bytes.

What waits is kept as lines, in a few large buffers: thousands of small ones that come and go with each pause of the
disk would leave the memory of the process in tatters.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from engine.published import Refusal

LOGGER = logging.getLogger("bascule.service")
SCHEMA = "bascule/v1 decision-log"
_LINE = b'{"schema":"' + SCHEMA.encode() + b'",%b,"decision":%b,"inputs":%b}\n'
LONG = 4096
"""Bytes of inputs from which they are searched for series."""
SERIES = 32
"""Numbers in a row that are a series."""

GATHERED_S = 0.004
"""How long records wait for others to be written with, where no answer waits for them."""
PIECE = 256 * 1024
"""Bytes of lines that are kept in one buffer, roughly."""
AT_ONCE = 32
"""Buffers that are written at a time: after each write the thread waits for its turn, which a busy loop has."""
MOST_SERIES = 100_000

Record = tuple[bytes, bytes, bytes]
"""What stands before a decision, the decision, and its inputs."""


class NoLog:
    """The log of a service that keeps none."""

    keeps = False
    refusal: Refusal | None = None
    is_full = False
    backlog = 0

    def offer(self, head: bytes, decision: bytes, inputs: bytes) -> None:
        """Keep nothing."""

    async def durable(self) -> None:
        """Nothing is waited for."""

    def when_durable(self, call: Callable[[], None]) -> None:
        """Nothing is waited for."""
        call()

    async def aclose(self) -> None:
        """Nothing is left to be written."""


@dataclass(slots=True)
class _File:
    """The file that is written to, and the series that it holds."""

    descriptor: int
    size: int = 0
    series: set[str] = field(default_factory=set)


class DecisionLog:
    """A log in a folder, in files of a size. Make it in the loop that offers to it."""

    keeps = True

    def __init__(self, folder: Path, *, sync: bool, limit: int = 64 * 1024 * 1024, rotate: int = 256 * 1024**2) -> None:
        self._folder, self._sync, self._limit, self._rotate = folder, sync, limit, rotate
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "decision-log")
        self._pending: list[bytearray | Record] = []
        """Lines, and records whose inputs are yet to be searched for series."""
        self._writing = False
        self._waiters: list[Callable[[], None]] = []
        self._fault = ""
        self._retry: asyncio.TimerHandle | None = None
        self._told_full = False
        self._file: _File | None = None
        self._held: list[bytearray | Record] = []
        self._rest: list[memoryview] = []
        self._unsynced: list[bytearray | Record] = []
        """What was written since the file was last on the disk: where that fails, it is written again to another."""
        """What has been handed over and is not written: records, and the bytes of others. The writing thread's own."""
        self._closing = False
        self._closed = asyncio.Event()
        """Set when nothing is left to be written, or when the last attempt has failed."""
        self.retry_s = 0.5
        """After how many seconds a write that failed is tried again."""
        self.backlog = 0
        """Bytes that have been offered and are not written."""

    @property
    def refusal(self) -> Refusal | None:
        """Why no opening may be logged now: half of what may wait is waiting, or writing fails."""
        if self._fault:
            return Refusal("log-full", self._fault)
        if self.backlog > self._limit // 2:
            return Refusal("log-full", f"{self.backlog} bytes are waiting to be written")
        return None

    @property
    def is_full(self) -> bool:
        """Whether nothing but exits may be offered."""
        return self.backlog > self._limit

    def offer(self, head: bytes, decision: bytes, inputs: bytes) -> None:
        """Take a record."""
        if len(inputs) > LONG:
            self._pending.append((head, decision, inputs))
            self.backlog += len(head) + len(decision) + len(inputs)
        else:
            line = _line(head, decision, inputs)
            last = self._pending[-1] if self._pending else None
            if isinstance(last, bytearray) and len(last) < PIECE:
                last += line
            else:
                self._pending.append(bytearray(line))
            self.backlog += len(line)
        if self.backlog > self._limit // 2 and not self._told_full:
            self._told_full = True
            LOGGER.error("nothing opens: log-full: %d bytes wait for the decision log", self.backlog)
        if not self._writing:
            self._writing = True
            self._write_soon()

    async def durable(self) -> None:
        """Wait until everything offered so far is written, and on the disk where the log is synchronous."""
        done = asyncio.Event()
        self.when_durable(done.set)
        await done.wait()

    def when_durable(self, call: Callable[[], None]) -> None:
        """Call once everything offered so far is written, as `durable` waits for it; what is called must not raise."""
        if self._writing:
            self._waiters.append(call)
        else:
            call()

    async def aclose(self) -> None:
        """Write what is left, with one last attempt where writing failed, and close the file."""
        self._closing = True
        if self._retry is not None:
            self._retry.cancel()
            self._write()
        if self._writing:
            self._closed.clear()
            await self._closed.wait()
        await asyncio.to_thread(self._thread.shutdown)
        if self.backlog:
            LOGGER.error("%d bytes of decisions are not in the log and are lost: %s", self.backlog, self._fault)
        if self._file is not None:
            os.close(self._file.descriptor)

    def _write_soon(self) -> None:
        """Have what waits written: at once where answers wait for it, else together with what comes a little later."""
        if self._sync:
            self._loop.call_soon(self._write)
        else:
            self._loop.call_later(GATHERED_S, self._write)

    def _write(self) -> None:
        """Hand everything that waits to the writing thread."""
        self._retry = None
        batch, self._pending = self._pending, []
        waiters, self._waiters = self._waiters, []
        taken = self.backlog
        task = self._loop.run_in_executor(self._thread, self._written, batch)
        task.add_done_callback(lambda done: self._done(done, taken, waiters))

    def _done(self, done: asyncio.Future[None], taken: int, waiters: list[Callable[[], None]]) -> None:
        error = done.exception()
        if error is not None:
            if not self._fault:
                LOGGER.error("nothing opens: log-full: the decision log cannot be written: %s", error)
            self._fault = f"{type(error).__name__}: {error}"
            self._waiters = [*waiters, *self._waiters]
            if self._closing:
                self._closed.set()
            else:
                self._retry = self._loop.call_later(self.retry_s, self._write)
            return
        self.backlog -= taken
        if self._fault or (self._told_full and self.backlog <= self._limit // 2):
            LOGGER.warning("the decision log is written again")
            self._fault, self._told_full = "", False
        _call(waiters)
        if self._pending or self._waiters:
            self._write_soon()
        else:
            self._writing = False
            self._closed.set()

    # -- on the writing thread

    def _written(self, batch: list[bytearray | Record]) -> None:
        """Write a batch after what is left of the one before. Raises OSError with the rest kept."""
        self._held += batch
        while self._rest or self._held:
            if not self._rest:
                self._rest = self._next_pieces(self._file_with_room())
            assert self._file is not None
            count = os.writev(self._file.descriptor, self._rest)
            self._file.size += count
            self._rest = _after(count, self._rest)
        self._on_disk()

    def _on_disk(self) -> None:
        """Have what was written on the disk, where the log is synchronous.

        A system that fails to do so may forget what it had, and say that all is well when it is asked again.
        """
        if not self._sync or self._file is None:
            return
        try:
            os.fdatasync(self._file.descriptor)
        except OSError:
            self._held, self._unsynced = self._unsynced + self._held, []
            os.close(self._file.descriptor)
            self._file = None
            raise
        self._unsynced = []

    def _next_pieces(self, file: _File) -> list[memoryview]:
        """The lines of what is held, as far as they are written at a time."""
        pieces: list[memoryview] = []
        taken = 0
        while taken < len(self._held) and len(pieces) < AT_ONCE:
            one = self._held[taken]
            lines = one if isinstance(one, bytearray) else b"".join(_with_series(one, file.series))
            pieces.append(memoryview(lines))
            taken += 1
        if self._sync:
            self._unsynced += self._held[:taken]
        del self._held[:taken]
        return pieces

    def _file_with_room(self) -> _File:
        """The file to go on with: another once one is large enough."""
        if self._file is None or self._file.size > self._rotate:
            self._on_disk()
            self._next_file()
        assert self._file is not None
        return self._file

    def _next_file(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"decisions-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{os.getpid()}.jsonl"
        opened = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o640)
        if self._file is not None:
            os.close(self._file.descriptor)
        self._file = _File(opened)
        if self._sync:
            folder = os.open(self._folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)


def _call(waiters: list[Callable[[], None]]) -> None:
    for one in waiters:
        one()


def _after(count: int, pieces: list[memoryview]) -> list[memoryview]:
    """What is left of some pieces when so many bytes have been written."""
    for at, piece in enumerate(pieces):
        if count < len(piece):
            return [piece[count:], *pieces[at + 1 :]]
        count -= len(piece)
    return []


def _line(head: bytes, decision: bytes, inputs: bytes) -> bytes:
    if b"\n" in inputs or b"\r" in inputs:
        inputs = inputs.replace(b"\n", b" ").replace(b"\r", b" ")
    return _LINE % (head[1:-1], decision, inputs)


def _with_series(record: Record, known: set[str]) -> list[bytes]:
    """The lines of a record: the series that it needs and the file does not hold, then its own."""
    head, decision, inputs = record
    series, inputs = without_series(inputs)
    lines = []
    for name, values in series.items():
        if name not in known:
            known.add(name)
            lines.append(b'{"series":"%b","values":%b}\n' % (name.encode(), values))
    if len(known) > MOST_SERIES:
        known.clear()
    return [*lines, _line(head, decision, inputs)]


def without_series(inputs: bytes) -> tuple[dict[str, bytes], bytes]:
    """The long series of some inputs by their names, and the inputs with the names in their places."""
    found: dict[str, bytes] = {}
    try:
        rest = _replaced(msgspec.json.decode(inputs), found)
        return found, msgspec.json.encode(rest)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):  # as it was sent: it was refused
        return {}, b'{"unreadable":' + msgspec.json.encode(inputs.decode("utf-8", "replace")) + b"}"


def _replaced(value: Any, found: dict[str, bytes]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(one, found) for key, one in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) < SERIES or not all(isinstance(one, float | int) and not isinstance(one, bool) for one in value):
        return [_replaced(one, found) for one in value]
    said = msgspec.json.encode(value)
    name = "sha256:" + hashlib.sha256(said).hexdigest()
    found[name] = said
    return {"$series": name}
