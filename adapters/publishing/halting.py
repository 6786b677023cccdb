"""Halting all openings at once, and clearing that again.

Rules kept here: to halt needs no policy, no key and no trust; to clear a halt two must say so, each by a signature
where signatures are wanted; a halt that was cleared stays in the record, so that whoever missed it sees that it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from adapters.publishing.candidates import Unpublishable
from adapters.publishing.signing import Signer
from engine.published import Halt, Refusal, Signature, Trust, clearing, is_cleared, read_halt
from engine.store import Conflict, PolicyStore, Reading

FIELD = "halt"
WANTED = 2
"""How many must clear a halt, whatever a publication needs."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """A halt with those who have cleared it; it is over once `missing` is 0."""

    halt: Halt
    by: tuple[str, ...]

    @property
    def missing(self) -> int:
        """How many more must say so."""
        return max(0, WANTED - len(self.by))


async def halt(store: PolicyStore, trust: Trust, by: str, note: str, new_id: str) -> Halt:
    """Halt all openings. Raises `Unpublishable` where they are halted already, and `Conflict`."""
    reading = await _writable(store)
    before = _cleared(reading, store.name, trust)
    at = reading.at if before is None else max(reading.at, _after(before.at))
    fresh = Halt(new_id, by, at, note)
    await _write(store, reading, fresh, "halt")
    return fresh


async def clear(store: PolicyStore, trust: Trust, signer: Signer | None, by: str) -> Cleared:
    """Clear the halt in force, for one of two. Raises `Unpublishable`, and `Conflict`."""

    def own(_: Halt, message: bytes) -> Signature:
        if not trust.keys:
            return Signature(by, "", "")
        if signer is None:
            raise Unpublishable("signatures are wanted, and there is no key to sign with: give one with `--key FILE`")
        return signer.sign(message)

    return await clear_with(store, trust, own)


async def clear_with(store: PolicyStore, trust: Trust, own: Callable[[Halt, bytes], Signature]) -> Cleared:
    """Clear the halt in force with a signature of whoever is one of two. Raises `Unpublishable`, and `Conflict`."""
    reading = await _writable(store)
    found = in_force(reading, store.name, trust)
    if found is None:
        raise Unpublishable("openings are not halted: there is nothing to clear")
    message = clearing(store.name, found)
    before = [one for one in found.cleared if whose(one, message, trust) is not None]
    mine = own(found, message)
    name = whose(mine, message, trust)
    if name is None:
        raise Unpublishable(f"the signature of {mine.by} does not verify: nothing was written")
    if name in {whose(one, message, trust) for one in before}:
        raise Unpublishable(f"{name} has cleared it already: another must clear it too ({told_of(found)})")
    after = msgspec.structs.replace(found, cleared=[*before, msgspec.structs.replace(mine, by=name)])
    await _write(store, reading, after, "clear")
    return cleared_by(store.name, after, trust)


def in_force(reading: Reading, store: str, trust: Trust) -> Halt | None:
    """The halt in force; None where openings are not halted. Raises `Unpublishable` for one that cannot be read."""
    try:
        found = read_halt(reading.fields)
    except Refusal as refusal:
        raise Unpublishable(f"{refusal}: put one that can be read in its place with `bascule halt --note …`") from None
    return None if found is None or is_cleared(store, found, trust) else found


def cleared_by(store: str, found: Halt, trust: Trust) -> Cleared:
    """Who has cleared a halt, counted once each, and only where that counts."""
    message = clearing(store, found)
    names = dict.fromkeys(name for one in found.cleared if (name := whose(one, message, trust)) is not None)
    return Cleared(found, tuple(names))


def whose(signature: Signature, message: bytes, trust: Trust) -> str | None:
    """Whose signature it is, or who is named where nothing is signed; None where it does not count."""
    if not trust.keys:
        return signature.by
    try:
        return next(iter(trust.owners(message, [signature])))
    except Refusal:
        return None


def told_of(found: Halt) -> str:
    """A halt in a few words."""
    note = f": {found.note}" if found.note else ""
    return f"the halt by {found.by} at {found.at.isoformat(timespec='seconds')}{note}"


def _after(at: datetime) -> datetime:
    """The moment after another; the last moment that there is has none, and to halt is never refused for that."""
    try:
        return at + timedelta(microseconds=1)
    except OverflowError:
        return at


async def _writable(store: PolicyStore) -> Reading:
    reading = await store.read()
    if not reading.primary:
        raise Unpublishable("the store that answered is not the one that is written to: give the URL of the primary")
    return reading


def _cleared(reading: Reading, store: str, trust: Trust) -> Halt | None:
    """The halt before, which is over; None where there is none, or something that cannot be read.

    Raises `Unpublishable` where it is in force.
    """
    try:
        found = read_halt(reading.fields)
    except Refusal:
        return None
    if found is not None and not is_cleared(store, found, trust):
        raise Unpublishable(f"openings are halted already, by {told_of(found)}")
    return found


async def _write(store: PolicyStore, reading: Reading, fresh: Halt, change: str) -> None:
    try:
        written = msgspec.json.encode(fresh).decode()
    except UnicodeError:
        raise Unpublishable("the note or the name is no text in UTF-8: write it otherwise") from None
    try:
        await store.swap({FIELD: reading.fields.get(FIELD)}, {FIELD: written}, change)
    except Conflict as conflict:
        raise Conflict(
            f"somebody else halted or cleared a halt in the meantime: look with `bascule show` ({conflict})"
        ) from None
