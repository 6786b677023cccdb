"""A policy store in memory whose clock the test sets, and where another may be faster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from engine.store import Change, Conflict, Reading

START = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)


@dataclass
class FakeStore:
    """The port, in memory."""

    name: str = "desk"
    at: datetime = START
    primary: bool = True
    fields: dict[str, str] = field(default_factory=dict)
    bundles: dict[str, bytes] = field(default_factory=dict)
    entries: list[Change] = field(default_factory=list)
    before_swap: Callable[[], Awaitable[object]] | None = None
    """What somebody else does just before the next write."""

    async def read(self) -> Reading:
        return Reading(dict(self.fields), self.at, self.primary)

    async def bundle(self, digest: str) -> bytes | None:
        return self.bundles.get(digest)

    async def keep(self, digest: str, content: bytes) -> None:
        if self.bundles.setdefault(digest, content) != content:
            raise Conflict("another content")

    async def swap(self, expected: Mapping[str, str | None], fields: Mapping[str, str | None], change: str) -> Reading:
        if self.before_swap is not None:
            faster, self.before_swap = self.before_swap, None
            await faster()
        for name, wanted in expected.items():
            if self.fields.get(name) != wanted:
                raise Conflict(f"`{name}` is not as expected")
        written = {name: text for name, text in fields.items() if text is not None}
        self.fields = {name: text for name, text in self.fields.items() if name not in fields} | written
        self.entries.insert(0, Change(str(len(self.entries) + 1), self.at, {"change": change, **written}))
        return await self.read()

    async def changes(self, most: int) -> Sequence[Change]:
        return self.entries[:most]

    async def aclose(self) -> None:
        pass
