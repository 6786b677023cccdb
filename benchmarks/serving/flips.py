"""How long a publication takes to be obeyed, and what a caller feels of a large bundle that is being made ready.

A flip is what the last step of `bascule publish` is: the bundle has been announced, every worker has it ready, and the
record is written. Its time runs from the store's answer to that write until each worker has answered a request with the
new digest; requests are sent to each some milliseconds apart. Publications are at random moments, so that they fall
anywhere between two reads of the store.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from array import array
from collections.abc import Sequence
from typing import Any

from adapters.publishing.publication import STAGED
from adapters.publishing.readers import wait_for
from adapters.stores.embedded import EmbeddedStore
from benchmarks.serving.desk import SEED, Content, publish
from benchmarks.serving.load import Connection, Load, Target, Unexpected, connected, steady_rate

ASKED_EVERY_S = 0.004
PATIENCE_S = 120.0
MOST_CONNECTIONS = 600
BETWEEN_S = (0.05, 0.25)
_MADE_BY = re.compile(rb'"decision_id":"([0-9a-f]+)-')
_DIGEST = re.compile(rb'"bundle":"([^"]+)"')


class Watch:
    """A connection to each worker, told apart by the ids of their decisions."""

    def __init__(self, target: Target, workers: int) -> None:
        self._target, self._count = target, workers
        self._workers: dict[bytes, Connection] = {}
        self._asks: dict[Connection, asyncio.Future[bytes]] = {}

    def _answered(self, one: Connection, data: bytes) -> None:
        self._asks.pop(one).set_result(data)

    async def open(self) -> None:
        """Connect until every worker has answered. Raises RuntimeError where some never do."""
        for _ in range(MOST_CONNECTIONS):
            (one,) = await connected(self._target, 1, self._answered)
            try:
                made_by = _MADE_BY.search(await self._asked(one))
            except Unexpected:  # a worker that is not ready yet
                await asyncio.sleep(ASKED_EVERY_S)
                continue
            assert made_by is not None
            if made_by[1] in self._workers:
                one.close()
            else:
                self._workers[made_by[1]] = one
            if len(self._workers) == self._count:
                return
        raise RuntimeError(f"{len(self._workers)} of {self._count} workers answered on {MOST_CONNECTIONS} connections")

    async def until_all_say(self, digest: str) -> int:
        """The nanosecond at which the last of the workers answered with a digest. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            return max(await asyncio.gather(*(self._until_says(one, digest) for one in self._workers.values())))

    async def _until_says(self, one: Connection, digest: str) -> int:
        while True:
            said = _DIGEST.search(await self._asked(one))
            if said is not None and digest.startswith(said[1].decode()):
                return time.perf_counter_ns()
            await asyncio.sleep(ASKED_EVERY_S)

    async def _asked(self, one: Connection) -> bytes:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asks[one] = answer
        one.ask()
        waited: set[asyncio.Future[Any]] = {answer, one.lost}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            await one.lost
            raise Unexpected("a worker closed its connection")
        return answer.result()

    def close(self) -> None:
        """End the connections."""
        for one in self._workers.values():
            one.close()


async def stage(store: EmbeddedStore, bundle: Content) -> None:
    """Announce a bundle, and wait until every worker has it ready, as `bascule publish` does."""
    await store.keep(bundle.digest, bundle.content)
    await store.swap({}, {STAGED: bundle.digest}, "stage")
    late = await wait_for(store, bundle.digest, PATIENCE_S)
    if late:
        raise RuntimeError("; ".join(late))


async def flips(store: EmbeddedStore, watch: Watch, bundles: Sequence[Content], count: int) -> Load:
    """The time of each of so many flips between bundles, in nanoseconds."""
    found = Load(answers=array("q"))
    chance = random.Random(SEED)
    began = time.perf_counter()
    for number in range(count):
        bundle = bundles[number % len(bundles)]
        await stage(store, bundle)
        await asyncio.sleep(chance.uniform(*BETWEEN_S))
        await publish(store, bundle)
        written = time.perf_counter_ns()
        found.answers.append(await watch.until_all_say(bundle.digest) - written)
    found.seconds = time.perf_counter() - began
    return found


async def while_staging(
    store: EmbeddedStore, target: Target, watch: Watch, bundle: Content, rate: float, idle_s: float
) -> tuple[Load, Load]:
    """Answers at a steady rate while nothing happens, and while a bundle is announced, made ready and put in force."""
    idle_over, staging_over = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().call_later(idle_s, idle_over.set)
    idle = await steady_rate(target, rate, idle_over)

    async def staged() -> None:
        try:
            await stage(store, bundle)
            await publish(store, bundle)
            await watch.until_all_say(bundle.digest)
        finally:
            staging_over.set()

    loaded, _ = await asyncio.gather(steady_rate(target, rate, staging_over), staged())
    return idle, loaded
