"""What a policy store is, whoever keeps it: the port that the folder, the Redis and the tests' own store pass.

A store holds one record (the policy in force, as text fields), bundles that never change once kept, and the list of
changes. Every read of the record is one atomic read. What the fields mean, and whether they may be believed, is not
the store's to say: see `engine.published`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class StoreUnavailable(Exception):
    """The store did not answer, not in time, or with what cannot be read; says what happened. A later call may succeed.

    A write that was not answered may have been made all the same.
    """


class Conflict(Exception):
    """Something was written in the meantime; says by whom and what to do."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The record as one atomic read found it, with the store's clock and whether it is the one that is written to."""

    fields: Mapping[str, str]
    """Empty where nothing was ever published."""
    at: datetime
    primary: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the list of changes: what was written, and when by the store's clock."""

    id: str
    at: datetime
    fields: Mapping[str, str]


class PolicyStore(Protocol):
    """The policy in force, its bundles and its history. Any method may raise `StoreUnavailable`."""

    @property
    def name(self) -> str:
        """What the store calls the record: part of what is signed, so that no record passes for another's."""

    async def read(self) -> Reading:
        """The record in force."""

    async def bundle(self, digest: str) -> bytes | None:
        """The bundle kept under a digest, as it was kept; None where there is none."""

    async def keep(self, digest: str, content: bytes) -> None:
        """Keep a bundle. Raises `Conflict` where another content is kept under its digest, ValueError for no digest."""

    async def swap(self, expected: Mapping[str, str | None], fields: Mapping[str, str | None], change: str) -> Reading:
        """Write fields of the record, and one entry to the changes, where fields are still as `expected`.

        None means that a field is not there: expected to be absent, or to be removed. `change` says what kind of
        change it is, under `change` in the entry, which holds all the fields written. Gives the record as it then is;
        raises `Conflict`, with nothing written, where a field is not as expected. Raises ValueError for a field named
        `change`, and for a text that has no UTF-8.
        """

    async def changes(self, most: int, before: str | None = None) -> Sequence[Change]:
        """The latest changes, newest first; `before` is the id of one, and those that were made before it are given."""

    async def report(self, reader: str, word: str | None) -> None:
        """Leave a reader's word of how far it is, in the place of its last one; None takes it away."""

    async def reports(self) -> Mapping[str, str]:
        """The last word of each reader, those among them that are gone."""

    async def aclose(self) -> None:
        """Let go of connections. The store is of no use afterwards."""
