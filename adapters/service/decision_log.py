"""The decision log: one line of JSON a decision, with all its inputs, written by one thread behind the loop.

Rules kept here: records are written in the order in which they were offered, and none is dropped; what cannot be
written waits and is tried again, and while much waits openings are refused; a long series of numbers is written once a
file, under its hash. All state belongs to the loop's thread; the writing thread is handed bytes.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from engine.published import Refusal

SCHEMA = "bascule/v1 decision-log"
_LINE = b'{"schema":"' + SCHEMA.encode() + b'",%b,"decision":%b,"inputs":%b}\n'
LONG = 4096
"""Bytes of inputs from which they are searched for series."""
SERIES = 32
"""Numbers in a row that are a series."""

GATHERED_S = 0.004
"""How long records wait for others to be written with, where no answer waits for them."""
AT_ONCE = 256
"""Records that are written at a time. Many more, and their buffer is not given back; fewer, and the thread, which waits
for its turn after each write, does not keep up with a busy loop."""
MOST_SERIES = 100_000

Record = tuple[bytes, bytes, bytes]


class NoLog:
    """The log of a service that keeps none."""

    refusal: Refusal | None = None
    is_full = False
    backlog = 0

    def offer(self, head: bytes, decision: bytes, inputs: bytes) -> None:
        """Keep nothing."""

    async def durable(self) -> None:
        """Nothing is waited for."""

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

    def __init__(self, folder: Path, *, sync: bool, limit: int = 64 * 1024 * 1024, rotate: int = 256 * 1024**2) -> None:
        self._folder, self._sync, self._limit, self._rotate = folder, sync, limit, rotate
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "decision-log")
        self._pending: list[Record] = []
        self._writing = False
        self._waiters: list[asyncio.Future[None]] = []
        self._fault = ""
        self._file: _File | None = None
        self._held: list[Record] = []
        self._rest = b""
        """What has been handed over and is not written: records, and the bytes of others. The writing thread's own."""
        self._closing = False
        self.retry_s = 0.5
        """After how many seconds a write that failed is tried again."""
        self.backlog = 0
        """Bytes that have been offered and are not written."""
        folder.mkdir(parents=True, exist_ok=True)

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
        self._pending.append((head, decision, inputs))
        self.backlog += len(head) + len(decision) + len(inputs)
        if not self._writing:
            self._writing = True
            self._write_soon()

    async def durable(self) -> None:
        """Wait until everything offered so far is written, and on the disk where the log is synchronous."""
        if not self._writing:
            return
        done = self._loop.create_future()
        self._waiters.append(done)
        await done

    async def aclose(self) -> None:
        """Write what is left, as far as it can be written, and close the file."""
        self._closing = True
        if not self._fault:
            await self.durable()
        await asyncio.to_thread(self._thread.shutdown)
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
        batch, self._pending = self._pending, []
        waiters, self._waiters = self._waiters, []
        taken = self.backlog
        task = self._loop.run_in_executor(self._thread, self._written, batch)
        task.add_done_callback(lambda done: self._done(done, taken, waiters))

    def _done(self, done: asyncio.Future[None], taken: int, waiters: list[asyncio.Future[None]]) -> None:
        error = done.exception()
        if error is not None:
            self._fault = f"{type(error).__name__}: {error}"
            self._waiters = [*waiters, *self._waiters]
            if self._closing:
                self._release(self._waiters)
            else:
                self._loop.call_later(self.retry_s, self._write)
            return
        self._fault = ""
        self.backlog -= taken
        self._release(waiters)
        if self._pending or self._waiters:
            self._write_soon()
        else:
            self._writing = False

    @staticmethod
    def _release(waiters: list[asyncio.Future[None]]) -> None:
        for one in waiters:
            if not one.done():
                one.set_result(None)

    # -- on the writing thread

    def _written(self, batch: list[Record]) -> None:
        """Write a batch after what is left of the one before. Raises OSError with the rest kept."""
        self._held += batch
        if self._file is None or self._file.size > self._rotate:
            self._next_file()
        assert self._file is not None
        while self._rest or self._held:
            lines, some = [self._rest], self._held[:AT_ONCE]
            for record in some:
                _add_lines(lines, record, self._file.series)
            self._rest = b"".join(lines)
            del self._held[:AT_ONCE]
            while self._rest:
                count = os.write(self._file.descriptor, self._rest)
                self._file.size += count
                self._rest = self._rest[count:]
        if self._sync:
            os.fdatasync(self._file.descriptor)

    def _next_file(self) -> None:
        name = f"decisions-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{os.getpid()}.jsonl"
        opened = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o640)
        if self._file is not None:
            os.close(self._file.descriptor)
        self._file = _File(opened)
        if self._sync:
            folder = os.open(self._folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)


def _add_lines(lines: list[bytes], record: Record, known: set[str]) -> None:
    """Add the lines of a record: the series that it needs and the file does not hold, then its own."""
    head, decision, inputs = record
    if len(inputs) > LONG:
        series, inputs = without_series(inputs)
        for name, values in series.items():
            if name not in known:
                known.add(name)
                lines.append(b'{"series":"%b","values":%b}\n' % (name.encode(), values))
        if len(known) > MOST_SERIES:
            known.clear()
    if b"\n" in inputs or b"\r" in inputs:
        inputs = inputs.replace(b"\n", b" ").replace(b"\r", b" ")
    lines.append(_LINE % (head[1:-1], decision, inputs))


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
