"""Whether the record of a policy store may be decided with: a pure judgement, with a code for each refusal.

Rules kept here: what cannot be read in full is refused; a revision never goes back; a signature is over everything that
decides, with the revision and the store's name, so that none can be used twice; a halt, once seen, is over only when
two have said so; the universe is another system's to change, and is not signed.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeAlias

import msgspec
import rfc8785

from engine.store import Reading

Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time that says its zone: times with and without one cannot be compared."""

MAX_REVISION = 2**53 - 1
"""The largest whole number that canonical JSON holds, and so the largest that can be signed."""

LONGEST_UNIVERSE = 1024 * 1024
"""Characters of a universe: it is read many times a second, and checked between requests."""

Verifier: TypeAlias = Callable[[bytes, bytes, bytes], bool]
"""Whether a signature (second) of a message (third) is that of a public key (first); never raises."""

CAUSES: Mapping[str, str] = {
    "no-policy": "the store holds no policy",
    "unreadable": "the record in the store cannot be read",
    "not-primary": "the store that answered is not the one that is written to",
    "clock": "this machine's clock and the store's differ",
    "revision": "the store holds an older revision than was seen before",
    "forked": "the store holds another policy under a revision that was seen before",
    "unsigned": "the policy is not signed as this reader requires",
    "signature": "a signature of the policy does not verify",
    "expired": "the policy was valid until a time that has passed",
    "halted": "all openings are halted",
    "halt-gone": "a halt is gone without having been cleared by two",
    "no-bundle": "the store does not hold the bundle of the policy",
    "digest": "the bundle in the store is not the one that was published",
    "refused": "the bundle does not check",
    "universe": "the universe in the store is missing, empty or no list of texts",
    "stale": "the store has not answered for longer than is allowed",
    "starting": "no policy has been loaded yet",
    "log-full": "the decision log cannot be written",
    "supervisor": "the process that follows the store is gone",
}
"""Why nothing opens. Each is explained in docs/operations.md."""


class Refusal(Exception):
    """Why a record may not be decided with: one of `CAUSES`, and what was found."""

    def __init__(self, cause: str, found: str) -> None:
        super().__init__(f"{CAUSES[cause]}: {found}" if found else CAUSES[cause])
        self.cause, self.found = cause, found


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signature: who signed, the id of the key, and the signature itself in base64."""

    by: str
    key: str
    signature: str


class Halt(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stop of all openings: who asked for it, when and why, and who has cleared it so far."""

    id: str
    by: str
    at: Instant
    note: str
    cleared: list[Signature] = []


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed: everything in a record that decides, and where and when it does."""

    store: str
    revision: int
    digest: str
    bundle: str
    published_at: str
    published_by: str
    note: str
    valid_until: str | None = None

    def signed(self) -> bytes:
        """The bytes that are signed. Raises ValueError for what no JSON holds; `read_record` lets none of it in."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return b"bascule/v1 policy\n" + rfc8785.dumps(told)


def clearing(store: str, halt: Halt) -> bytes:
    """The bytes that are signed to clear a halt."""
    told = {"store": store, "halt": halt.id, "at": halt.at.isoformat()}
    return b"bascule/v1 clear halt\n" + rfc8785.dumps(told)


@dataclass(frozen=True, slots=True)
class Record:
    """The record of a store, read."""

    statement: Statement
    signatures: tuple[Signature, ...]
    universe: str | None
    """As it is written; `universe_of` reads it."""

    @property
    def revision(self) -> int:
        """The number of the publication."""
        return self.statement.revision

    @property
    def digest(self) -> str:
        """The bundle in force."""
        return self.statement.digest

    def fields(self) -> dict[str, str | None]:
        """The record as the store keeps it, without the universe."""
        told = self.statement
        return {
            "revision": str(told.revision),
            "digest": told.digest,
            "bundle": told.bundle,
            "published_at": told.published_at,
            "published_by": told.published_by,
            "note": told.note,
            "signatures": msgspec.json.encode(self.signatures).decode(),
            "valid_until": told.valid_until,
        }


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key whose signatures count: its owner, and the public key (32 bytes)."""

    owner: str
    public: bytes


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose signatures a reader wants: none where there are no keys, which has to be said; two under four eyes."""

    keys: Mapping[str, TrustedKey]
    """By the id of the key."""
    four_eyes: bool
    verify: Verifier
    name: str = ""
    """The name of this trust, which signatures are bound to: those for one desk's store are none for another's."""

    def bound(self, message: bytes) -> bytes:
        """What is signed of a message: it and the name of the trust."""
        return f"{self.name}\n".encode() + message

    @property
    def wanted(self) -> int:
        """How many signatures, of different owners."""
        return 0 if not self.keys else 2 if self.four_eyes else 1

    def owners(self, message: bytes, signatures: Iterable[Signature]) -> set[str]:
        """Those who signed. Raises `Refusal` for a signature that does not verify, or of a key that is not trusted."""
        found: set[str] = set()
        for one in signatures:
            key = self.keys.get(one.key)
            if key is None:
                raise Refusal("signature", f"the key {one.key} of {one.by} is not trusted here")
            try:
                raw = base64.b64decode(one.signature, validate=True)
            except (binascii.Error, ValueError):
                raw = b""
            if not self.verify(key.public, raw, self.bound(message)):
                raise Refusal("signature", f"the signature of {key.owner} is not of this record")
            found.add(key.owner)
        return found


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader remembers, across restarts, of what it has accepted from a store."""

    revision: int = 0
    digest: str = ""
    halt: Halt | None = None
    """The halt that was in force when it last looked."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a reading is good for: the policy that may be decided with, unless `refusal` says why none may.

    `seen` is to be kept before anything is decided with it. The record may be there beside a refusal: it can be made
    ready while openings are halted.
    """

    record: Record | None
    refusal: Refusal | None
    seen: Seen


def judge(reading: Reading, store: str, seen: Seen, trust: Trust, now: datetime, max_skew: timedelta) -> Judged:
    """Whether the record that a store gave may be decided with; `now` is this machine's clock."""
    try:
        if not reading.primary:
            raise Refusal("not-primary", "ask the primary, or wait until it is one")
        skew = now - reading.at
        if abs(skew) > max_skew:
            raise Refusal("clock", f"by {skew.total_seconds():+.3f}s, and {max_skew.total_seconds():g}s is allowed")
    except Refusal as refusal:
        return Judged(None, refusal, seen)
    halted, seen = _halted(reading, store, seen, trust)
    try:
        record = read_record(reading.fields, store)
        _check_order(record, seen)
        check_signatures(record, trust)
    except Refusal as refusal:
        return Judged(None, halted or refusal, seen)
    seen = replace(seen, revision=record.revision, digest=record.digest)
    return Judged(record, halted or _expired(record, now), seen)


def read_record(fields: Mapping[str, str], store: str) -> Record:
    """The record of a store's fields. Raises `Refusal`."""
    if "revision" not in fields and "digest" not in fields:
        raise Refusal("no-policy", "publish one with `bascule publish`")
    try:
        revision = int(_told(fields, "revision"))
    except ValueError:
        raise Refusal("unreadable", f"`revision` is `{fields['revision']}`, no whole number") from None
    if not 0 < revision <= MAX_REVISION or str(revision) != fields["revision"]:
        raise Refusal("unreadable", f"`revision` is `{fields['revision']}`, no whole number from 1 to {MAX_REVISION}")
    for name in ("published_at", "valid_until"):
        if name in fields:
            _instant(fields[name], name)
    statement = Statement(
        store=store,
        revision=revision,
        digest=_told(fields, "digest"),
        bundle=_told(fields, "bundle"),
        published_at=_told(fields, "published_at"),
        published_by=_told(fields, "published_by"),
        note=fields.get("note", ""),
        valid_until=fields.get("valid_until"),
    )
    try:
        statement.signed()
    except ValueError:
        raise Refusal("unreadable", "a field holds what is no text") from None
    signatures = _decoded(fields.get("signatures", "[]"), list[Signature], "signatures")
    return Record(statement, tuple(signatures), fields.get("universe_symbols"))


def read_halt(fields: Mapping[str, str]) -> Halt | None:
    """The halt in a store's fields. Raises `Refusal` where there is something that cannot be read as one."""
    return _decoded(fields["halt"], Halt, "halt") if "halt" in fields else None


def universe_of(text: str | None) -> list[str]:
    """The symbols that may be traded. Raises `Refusal`."""
    if text is None:
        raise Refusal("universe", "`universe_symbols` is not there")
    if len(text) > LONGEST_UNIVERSE:
        raise Refusal("universe", f"`universe_symbols` has {len(text)} characters, at most {LONGEST_UNIVERSE} are read")
    try:
        found = msgspec.json.decode(text, type=list[str])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Refusal("universe", f"`universe_symbols`: {error}") from None
    if not found:
        raise Refusal("universe", "`universe_symbols` is empty")
    return found


def check_signatures(record: Record, trust: Trust) -> None:
    """Raise `Refusal` where a record is not signed as it must be."""
    if not trust.wanted:
        return
    owners = trust.owners(record.statement.signed(), record.signatures)
    if len(owners) < trust.wanted:
        found = f"{len(owners)} of {trust.wanted} signatures"
        raise Refusal("unsigned", f"{found}, by {' and '.join(sorted(owners))}" if owners else found)


def is_cleared(store: str, halt: Halt, trust: Trust) -> bool:
    """Whether two have cleared a halt: by signatures of different owners, or by name where nothing is signed here."""
    if not trust.keys:
        return len({one.by for one in halt.cleared}) >= 2
    try:
        return len(trust.owners(clearing(store, halt), halt.cleared)) >= 2
    except Refusal:
        return False


def _halted(reading: Reading, store: str, seen: Seen, trust: Trust) -> tuple[Refusal | None, Seen]:
    """Whether openings are halted, by what is read or by what is remembered.

    A later halt that two have cleared clears the one that was seen before it: a reader may have missed its end.
    """
    try:
        halt = read_halt(reading.fields)
    except Refusal as refusal:
        return Refusal("halted", f"the halt itself is unreadable: {refusal.found}"), seen
    before = seen.halt
    if halt is not None and is_cleared(store, halt, trust):
        if before is not None and before.id != halt.id and halt.at <= before.at:
            return Refusal("halt-gone", _told_of(before)), seen
        return None, replace(seen, halt=None)
    if halt is not None:
        return Refusal("halted", _told_of(halt)), replace(seen, halt=halt)
    if before is not None:
        return Refusal("halt-gone", _told_of(before)), seen
    return None, seen


def _told_of(halt: Halt) -> str:
    note = f": {halt.note}" if halt.note else ""
    return f"{halt.id} by {halt.by} at {halt.at.isoformat(timespec='seconds')}{note}"


def _check_order(record: Record, seen: Seen) -> None:
    if record.revision < seen.revision:
        raise Refusal("revision", f"{record.revision}, and {seen.revision} was seen before")
    if record.revision == seen.revision and record.digest != seen.digest:
        raise Refusal("forked", f"revision {record.revision} was {seen.digest}, and is now {record.digest}")


def _expired(record: Record, now: datetime) -> Refusal | None:
    until = record.statement.valid_until
    if until is None or now < _instant(until, "valid_until"):
        return None
    return Refusal("expired", until)


def _told(fields: Mapping[str, str], name: str) -> str:
    found = fields.get(name)
    if not found:
        raise Refusal("unreadable", f"`{name}` is missing")
    return found


def _instant(text: str, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal("unreadable", f"`{name}` is `{text}`, no time") from None
    if found.tzinfo is None:
        raise Refusal("unreadable", f"`{name}` is `{text}`, a time without a zone")
    try:
        found.astimezone(UTC)
    except OverflowError:
        raise Refusal("unreadable", f"`{name}` is `{text}`, outside the years 1 to 9999 in UTC") from None
    return found


def _decoded(text: str, form: Any, name: str) -> Any:
    try:
        return msgspec.json.decode(text, type=form)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Refusal("unreadable", f"`{name}`: {error}") from None
