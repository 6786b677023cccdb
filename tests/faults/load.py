"""Load on a service, without a pause to speak of: eight connections that ask, and a record of all that they hear."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count, cycle
from typing import Any

import aiohttp

from tests.faults.bundles import REQUESTS
from tests.faults.judgement import SLOW, Answer

CONNECTIONS = 8
PATIENCE = 10.0
TURNS = ("entry", "open", "exit", "blocked", "several", "info", "open", "entry", "exit", "several")
TOGETHER = ("entry", "exit", "open", "info", "open", "entry")
_JSON = {"Content-Type": "application/json"}


def steady() -> float:
    """Seconds of the clock that policies age by."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Heard:
    """All that was answered, and a way to await an answer of some kind."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.unanswered: list[str] = []
        self._since = 0.0
        self._awaited: list[tuple[Callable[[Answer], bool], asyncio.Future[Answer]]] = []

    def forget(self) -> None:
        """Begin anew: what was asked before now does not count."""
        self.answers, self.unanswered, self._since = [], [], steady()

    def miss(self, asked: float, *requests: str) -> None:
        """Requests were not answered."""
        if asked >= self._since:
            self.unanswered += requests

    def take(self, answer: Answer) -> None:
        if answer.asked < self._since and not answer.opens:
            return
        self.answers.append(answer)
        for wanted, found in self._awaited:
            if not found.done() and wanted(answer):
                found.set_result(answer)

    def refusals(self) -> list[Answer]:
        """Openings that were refused for want of a policy."""
        return [one for one in self.answers if one.cause]

    async def until(self, wanted: Callable[[Answer], bool], patience: float) -> Answer | None:
        """The next answer that is wanted; None where none comes in time."""
        found: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._awaited.append((wanted, found))
        try:
            async with asyncio.timeout(patience):
                return await found
        except TimeoutError:
            return None
        finally:
            self._awaited.remove((wanted, found))


async def ready(address: Callable[[], str], patience: float) -> None:
    """Wait until a service is ready, without any load: it says so when it is asked, and only then."""
    async with asyncio.timeout(patience), aiohttp.ClientSession() as session:
        while True:
            with suppress(aiohttp.ClientError):
                async with session.get(f"{address()}/readyz") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def load(address: Callable[[], str], heard: Heard, pause: float) -> AsyncIterator[None]:
    """Ask the service at an address, which may change, for as long as this lasts; `pause` is between two questions."""
    numbers = count(1)
    clients = [asyncio.create_task(_ask(number, address, heard, numbers, pause)) for number in range(CONNECTIONS)]
    try:
        yield
    finally:
        for client in clients:
            client.cancel()
        ended = await asyncio.gather(*clients, return_exceptions=True)
    for one in ended:
        if isinstance(one, Exception):
            raise one


async def _ask(number: int, address: Callable[[], str], heard: Heard, batches: count[int], pause: float) -> None:
    turns = cycle((*TURNS[number:], *TURNS[:number]))
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1), timeout=timeout) as session:
        for name in turns:
            asked = steady()
            try:
                if name == "several":
                    await _several(session, address(), asked, heard, next(batches))
                else:
                    await _one(session, address(), name, asked, heard)
            except (aiohttp.ClientError, TimeoutError, ConnectionError):
                heard.miss(asked, *_named(name))
            except asyncio.CancelledError:
                if steady() - asked > SLOW:  # whoever asked would not have waited for longer
                    heard.miss(asked, *_named(name))
                raise
            await asyncio.sleep(pause)


def _named(turn: str) -> tuple[str, ...]:
    return TOGETHER if turn == "several" else (turn,)


async def _one(session: aiohttp.ClientSession, address: str, name: str, asked: float, heard: Heard) -> None:
    request = REQUESTS[name]
    async with session.post(f"{address}/v1/decide/{request.policy}", data=request.body, headers=_JSON) as response:
        body = await response.read()
    heard.take(Answer(name, asked, steady(), time.time(), response.status, json.loads(body)))


async def _several(session: aiohttp.ClientSession, address: str, asked: float, heard: Heard, batch: int) -> None:
    async with session.post(f"{address}/v1/decide", data=_BODY, headers=_JSON) as response:
        body = await response.read()
    received, wall = steady(), time.time()
    found: dict[str, Any] = json.loads(body)
    told = found.get("decisions", [found] * len(TOGETHER))
    for name, one in zip(TOGETHER, told, strict=True):
        heard.take(Answer(name, asked, received, wall, int(one.get("status", response.status)), one, batch))


_BODY = json.dumps({"requests": [REQUESTS[name].told for name in TOGETHER]}).encode()
