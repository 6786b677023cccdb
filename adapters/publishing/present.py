"""What a store holds when somebody looks: its record, whether it may be decided with, and its documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from adapters.publishing.candidates import Unpublishable
from engine.published import Record, Refusal, Seen, Trust, check_signatures, judge, read_record, universe_of
from engine.store import PolicyStore, Reading
from rules.canonical import Content, NoContent, digest_of, read_bytes


@dataclass(frozen=True, slots=True)
class Present:
    """What a store holds."""

    reading: Reading
    record: Record | None
    """None where nothing is published, or what is there cannot be read."""
    refusal: Refusal | None
    """Why nothing can be decided with it, by a reader who sees it for the first time."""
    trusted: bool
    """Whether the record is signed as it must be."""
    documents: Content | None
    missing: str
    """Why there are no documents, where there is a record."""

    def notices(self) -> Iterator[str]:
        """What whoever changes it should know."""
        if self.refusal is not None and self.refusal.cause not in ("no-policy", "halted"):
            yield f"nothing opens with what is in force: {self.refusal}"
        if self.missing:
            yield f"what changes cannot be told: {self.missing}"


async def look(store: PolicyStore, trust: Trust) -> Present:
    """What a store holds; the clock is the store's."""
    reading = await store.read()
    refusal = judge(reading, store.name, Seen(), trust, reading.at, timedelta()).refusal
    try:
        record = read_record(reading.fields, store.name)
    except Refusal:
        return Present(reading, None, refusal, trusted=False, documents=None, missing="")
    try:
        check_signatures(record, trust)
        trusted = True
    except Refusal:
        trusted = False
    documents, missing = await documents_of(store, record.digest)
    return Present(reading, record, refusal, trusted, documents, missing)


async def look_to_write(store: PolicyStore, trust: Trust) -> Present:
    """The same, of a store that can be written to. Raises `Unpublishable`."""
    present = await look(store, trust)
    if not present.reading.primary:
        raise Unpublishable("the store that answered is not the one that is written to: give the URL of the primary")
    return present


async def documents_of(store: PolicyStore, digest: str) -> tuple[Content | None, str]:
    """The documents that a store holds under a digest, or why it holds none."""
    content = await store.bundle(digest)
    if content is None:
        return None, "the store does not hold its bundle"
    if digest_of(content) != digest:
        return None, "what the store holds as its bundle is not that"
    try:
        return read_bytes(content), ""
    except NoContent as fault:
        return None, f"its bundle cannot be read: {fault}"


def universe_missing(universe: str | None) -> str | None:
    """What to say where a store's universe, as it is written, names no symbols."""
    try:
        universe_of(universe)
    except Refusal as refusal:
        return f"{refusal}: give it with `--universe`, or have its owner write it"
    return None
