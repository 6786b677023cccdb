"""A store in memory that is followed, and everything that is said of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from adapters.publishing.trust import unsigned
from adapters.service.following import Follower, Pace
from adapters.service.memory import Memory
from adapters.service.messages import Word
from engine.published import Record, Statement
from rules.canonical import digest_of
from tests.adapters.service.desk import Moving
from tests.adapters.stores.memory import Held, MemoryStore

CONTENT, OTHER, ANNOUNCED = b'{"a":1}', b'{"b":2}', b'{"c":3}'
UNIVERSE = '["BTCUSDT"]'


def fields(revision: int = 5, content: bytes = CONTENT, **changed: str | None) -> dict[str, str]:
    """The fields of a record, with some changed or left out."""
    told = Statement("memory", revision, digest_of(content), "desk 1.0.0", "2026-02-03T11:00:00+00:00", "ann", "")
    found = {**Record(told, (), None).fields(), "universe_symbols": UNIVERSE, **changed}
    return {name: text for name, text in found.items() if text is not None}


class Followed:
    """A follower of a store in memory, and everything that it says."""

    def __init__(self, folder: Path, compiled: Callable[[bytes], Awaitable[list[bytes]]] | None = None) -> None:
        self.moving, self.words, self.asked = Moving(), list[Word](), list[bytes]()
        self.held = Held(fields(), {digest_of(one): one for one in (CONTENT, OTHER)}, at=self.moving.wall)
        self.store, self.path = MemoryStore(self.held), folder / "seen.json"
        self._compiled = compiled or self._pieces
        self.follower = self.new()

    def new(self) -> Follower:
        """Another follower, as after a restart."""
        pace = Pace(0.01, 0.5, again_s=0.01)
        found = Follower(self.store, unsigned(), Memory(self.path), self._asked, self.words.append, pace)
        found.clocks = self.moving.clocks()
        return found

    async def look(self) -> Word:
        """What a look comes to, once whatever it set going is done."""
        await self.follower.look()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.gather(*others)
        return self.words[-1]

    async def settled(self) -> Word:
        await self.look()
        return await self.look()

    async def _asked(self, content: bytes) -> list[bytes]:
        self.asked.append(content)
        return await self._compiled(content)

    @staticmethod
    async def _pieces(content: bytes) -> list[bytes]:
        return [b"header", content]


def run(work: Coroutine[Any, Any, Any]) -> None:
    asyncio.run(work)
