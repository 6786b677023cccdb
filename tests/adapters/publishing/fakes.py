"""The store in memory as the tests of publishing want it: its clock stands still, and another may be faster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from engine.store import Change, Reading
from tests.adapters.stores.memory import Held, MemoryStore

START = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)


class FakeStore(MemoryStore):
    """A store whose clock the test sets."""

    def __init__(self) -> None:
        super().__init__(Held(at=START), "desk")
        self.before_swap: Callable[[], Awaitable[object]] | None = None
        """What somebody else does just before the next write."""

    @property
    def fields(self) -> dict[str, str]:
        """The record, to be changed by hand."""
        return self.held.fields

    @property
    def bundles(self) -> dict[str, bytes]:
        return self.held.bundles

    @property
    def entries(self) -> list[Change]:
        """The changes, newest first."""
        return self.held.changes[::-1]

    @property
    def at(self) -> datetime:
        return self.held.now()

    @at.setter
    def at(self, at: datetime) -> None:
        self.held.at = at

    async def swap(self, expected: Mapping[str, str | None], fields: Mapping[str, str | None], change: str) -> Reading:
        if self.before_swap is not None:
            faster, self.before_swap = self.before_swap, None
            await faster()
        return await super().swap(expected, fields, change)
