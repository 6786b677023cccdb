"""Load on an HTTP server of this machine, over connections that stay open: closed loops, and a steady rate.

In a closed loop every connection asks again as soon as it is answered, and tells how much a server can do. At a steady
rate requests are sent whether or not the ones before were answered, and a request that finds no connection free waits
within its own time: that tells how long a caller waits. Whatever is not the expected answer ends the load.
"""

from __future__ import annotations

import asyncio
import gc
import math
import time
from array import array
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

LOCAL = "127.0.0.1"
CONNECTIONS = 32
STARTED_WITHIN_S = 30.0


class Unexpected(Exception):
    """A server answered something else than it should have; says what."""


@dataclass(frozen=True, slots=True)
class Target:
    """Who is asked what: a port of this machine, the bytes of the request, and what a right answer holds."""

    port: int
    request: bytes
    holds: bytes


@dataclass(slots=True)
class Load:
    """What came of it: seconds that it took, and the nanoseconds of each answer."""

    seconds: float = 0.0
    answers: array[int] = field(default_factory=lambda: array("q"))

    @property
    def per_second(self) -> float:
        """Answers in a second."""
        return len(self.answers) / self.seconds

    def percentile(self, share: float) -> int:
        """Nanoseconds that this share of the answers took at most."""
        ordered = sorted(self.answers)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def post(path: str, body: bytes) -> bytes:
    """A request with a body of JSON."""
    head = f"POST {path} HTTP/1.1\r\nHost: {LOCAL}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


class Connection(asyncio.Protocol):
    """One connection; `answered` hears of each answer that is all there, and what it is."""

    def __init__(self, target: Target, answered: Callable[[Connection, bytes], None]) -> None:
        self._target, self._answered = target, answered
        self._rest = b""
        self.asked_at = 0
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        self._transport = cast(asyncio.Transport, transport)  # that of uvloop does not say that it is one

    def ask(self, asked_at: int | None = None) -> None:
        """Send the request; its time counts from now, or from when it was due."""
        assert self._transport is not None
        self.asked_at = time.perf_counter_ns() if asked_at is None else asked_at
        self._transport.write(self._target.request)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer, or all of it."""
        if self._rest:
            data = self._rest + data
        head = data.find(b"\r\n\r\n")
        said = data.find(b"Content-Length: ", 0, head) if head >= 0 else -1
        if head < 0 or said < 0:
            self._rest = data
            if head >= 0:
                self._fail(f"an answer without its length: {data[:300]!r}")
            return
        if len(data) < head + 4 + int(data[said + 16 : data.find(b"\r", said)]):
            self._rest = data
            return
        self._rest = b""
        if self._target.holds not in data or not data.startswith(b"HTTP/1.1 200 "):
            self._fail(f"{self._target.holds!r} was expected: {data[:600]!r}")
            return
        self._answered(self, data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits for the end."""
        if not self.lost.done():
            self.lost.set_result(None)

    def _fail(self, said: str) -> None:
        if not self.lost.done():
            self.lost.set_exception(Unexpected(said))
        self.close()


async def connected(
    target: Target, count: int, answered: Callable[[Connection, bytes], None] = lambda _, __: None
) -> list[Connection]:
    """So many connections, all open."""
    loop = asyncio.get_running_loop()
    made: list[Connection] = []
    for _ in range(count):
        _, one = await loop.create_connection(lambda: Connection(target, answered), LOCAL, target.port)
        made.append(one)
    return made


async def closed_loop(target: Target, seconds: float, most: int, connections: int = CONNECTIONS) -> Load:
    """Each connection asks again once answered, until the time is up or so many were asked. Raises `Unexpected`."""
    found = Load()
    until, left = time.perf_counter_ns() + int(seconds * 1e9), most

    def answered(one: Connection, _: bytes) -> None:
        nonlocal left
        now = time.perf_counter_ns()
        found.answers.append(now - one.asked_at)
        if now < until and left > 0:
            left -= 1
            one.ask(now)
        else:
            one.close()

    made = await connected(target, connections, answered)
    with _without_collections():
        began = time.perf_counter_ns()
        until = began + int(seconds * 1e9)
        for one in made:
            left -= 1
            one.ask()
        await _over(made)
        found.seconds = (time.perf_counter_ns() - began) / 1e9
    return found


async def steady_rate(target: Target, rate: float, ended: asyncio.Event, connections: int = CONNECTIONS) -> Load:
    """So many requests a second until `ended`, each measured from when it is sent or waits. Raises `Unexpected`."""
    found = Load()
    waiting: deque[int] = deque()
    free: deque[Connection] = deque()

    def answered(one: Connection, _: bytes) -> None:
        found.answers.append(time.perf_counter_ns() - one.asked_at)
        if waiting:
            one.ask(waiting.popleft())
        else:
            free.append(one)

    made = await connected(target, connections, answered)
    free.extend(made)
    with _without_collections():
        began = time.perf_counter()
        number = 0
        while not ended.is_set() and not any(one.lost.done() for one in made):
            if free:
                free.popleft().ask()
            else:
                waiting.append(time.perf_counter_ns())
            number += 1
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        found.seconds = time.perf_counter() - began
    while waiting or len(free) < len(made):
        if any(one.lost.done() for one in made):
            break
        await asyncio.sleep(0.01)
    for one in made:
        one.close()
    await _over(made)
    return found


async def _over(made: list[Connection]) -> None:
    """Wait until every connection has ended; the first fault ends them all."""
    try:
        await asyncio.gather(*(one.lost for one in made))
    finally:
        for one in made:
            one.close()


@contextmanager
def _without_collections() -> Iterator[None]:
    """The client's own collections are not the server's to answer for."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def until_it_answers(ask: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until a server answers as it should. Raises TimeoutError."""
    try:
        async with asyncio.timeout(STARTED_WITHIN_S):
            while not await ask():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise TimeoutError(f"{what} did not answer within {STARTED_WITHIN_S:g}s") from None


async def answer_to(target: Target) -> bytes:
    """One answer, head and body. Raises `Unexpected`, and OSError where nobody listens."""
    taken: list[bytes] = []

    def answered(one: Connection, data: bytes) -> None:
        taken.append(data)
        one.close()

    (one,) = await connected(target, 1, answered)
    one.ask()
    await one.lost
    if not taken:
        raise Unexpected("the connection was closed before the answer")
    return taken[0]
