"""The tests' own store: what others of their tests hand to whatever needs a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.stores.writes import check_writable, digits_of, not_a_digest
from engine.store import Change, Conflict, Reading, StoreUnavailable


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass
class Held:
    """What a store holds, to be looked at and changed by a test; several stores may be of one."""

    fields: dict[str, str] = field(default_factory=dict)
    bundles: dict[str, bytes] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    reports: dict[str, str] = field(default_factory=dict)
    primary: bool = True
    fault: StoreUnavailable | None = None
    """Raised by every call while it is set."""
    asked: list[tuple[int, str | None]] = field(default_factory=list)
    """The pages of changes that were asked for: how many, and before which."""
    at: datetime | None = None
    """The store's clock; the system's where None."""

    def now(self) -> datetime:
        return self.at or system_clock()


class MemoryStore:
    """A store without a disk or a server."""

    def __init__(self, held: Held | None = None, name: str = "memory") -> None:
        self.held = held or Held()
        self.name = name
        self._open = True

    async def read(self) -> Reading:
        self._check()
        return Reading(dict(self.held.fields), self.held.now(), self.held.primary)

    async def bundle(self, digest: str) -> bytes | None:
        self._check()
        return self.held.bundles.get(digest)

    async def keep(self, digest: str, content: bytes) -> None:
        self._check()
        if digits_of(digest) is None:
            raise not_a_digest(digest)
        if self.held.bundles.setdefault(digest, content) != content:
            raise Conflict(f"another content is kept under {digest}")

    async def swap(self, expected: Mapping[str, str | None], fields: Mapping[str, str | None], change: str) -> Reading:
        check_writable(fields, change)
        self._check()
        for name, text in expected.items():
            if self.held.fields.get(name) != text:
                raise Conflict(f"`{name}` is {self.held.fields.get(name)!r}, and {text!r} was expected: read again")
        written = {name: text for name, text in fields.items() if text is not None}
        left = {name: text for name, text in self.held.fields.items() if name not in fields}
        self.held.fields = left | written
        number = str(len(self.held.changes) + 1)
        self.held.changes.append(Change(number, self.held.now(), {"change": change, **written}))
        return await self.read()

    async def changes(self, most: int, before: str | None = None) -> Sequence[Change]:
        self._check()
        self.held.asked.append((most, before))
        made = self.held.changes if before is None else self.held.changes[: int(before) - 1]
        return made[::-1][: max(most, 0)]

    async def report(self, reader: str, word: str | None) -> None:
        self._check()
        if word is None:
            self.held.reports.pop(reader, None)
        else:
            self.held.reports[reader] = word

    async def reports(self) -> Mapping[str, str]:
        self._check()
        return dict(self.held.reports)

    async def aclose(self) -> None:
        self._open = False

    def _check(self) -> None:
        if not self._open:
            raise StoreUnavailable("the store was closed")
        if self.held.fault is not None:
            raise self.held.fault
