"""A publication that one has signed and that waits for the second: kept in the record, and not in force.

Rules kept here: a proposal is of one statement, and whoever completes it signs that and nothing else; it is good only
while the record is the one that it was made on; what is wrong with it is told, and then it is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from engine.published import Refusal, Signature, Statement, Trust
from engine.store import Reading

FIELD = "proposal"
Kind: TypeAlias = Literal["publish", "rollback"]


class Proposal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A statement without its store, the signatures it has, and the revision (as written) that it follows."""

    base: str | None
    change: Kind
    revision: int
    digest: str
    bundle: str
    published_at: str
    published_by: str
    note: str
    valid_until: str | None
    universe: list[str] | None
    signatures: list[Signature]

    def statement(self, store: str) -> Statement:
        """What was signed, of the store that it is read from."""
        return Statement(
            store=store,
            revision=self.revision,
            digest=self.digest,
            bundle=self.bundle,
            published_at=self.published_at,
            published_by=self.published_by,
            note=self.note,
            valid_until=self.valid_until,
        )

    def told(self) -> str:
        """The proposal in a few words."""
        return f"the proposal of {self.bundle} by {self.published_by} at {self.published_at}"


def proposal_of(
    statement: Statement, base: str | None, change: Kind, universe: tuple[str, ...] | None, signature: Signature
) -> Proposal:
    """A statement with its first signature."""
    return Proposal(
        base=base,
        change=change,
        revision=statement.revision,
        digest=statement.digest,
        bundle=statement.bundle,
        published_at=statement.published_at,
        published_by=statement.published_by,
        note=statement.note,
        valid_until=statement.valid_until,
        universe=None if universe is None else list(universe),
        signatures=[signature],
    )


def read_proposal(fields: Mapping[str, str]) -> Proposal | None:
    """The proposal in a record. Raises ValueError where there is something that is none."""
    if FIELD not in fields:
        return None
    try:
        return msgspec.json.decode(fields[FIELD], type=Proposal)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError(f"the proposal in the store cannot be read: {error}") from None


def dropped_because(proposal: Proposal, reading: Reading, store: str, trust: Trust) -> str | None:
    """Why a proposal is no longer good; None where it may be completed."""
    told = proposal.told()
    if proposal.base != reading.fields.get("revision"):
        since = reading.fields.get("revision", "none")
        return f"{told} is dropped: it follows revision {proposal.base or 'none'}, and {since} is in force"
    if not 0 < proposal.revision <= newest(proposal.base, reading.at):
        return f"{told} is dropped: its revision {proposal.revision} is not one that a publication has now"
    try:
        if proposal.valid_until is not None and datetime.fromisoformat(proposal.valid_until) <= reading.at:
            return f"{told} is dropped: it was to be valid until {proposal.valid_until}"
        signers = trust.owners(proposal.statement(store).signed(), proposal.signatures)
    except (ValueError, TypeError):
        return f"{told} is dropped: it cannot be read"
    except Refusal as refusal:
        return f"{told} is dropped: {refusal}"
    return None if len(signers) == 1 else f"{told} is dropped: {len(signers)} have signed it, and one should have"


def newest(base: str | None, at: datetime) -> int:
    """The revision of a publication that follows another at a time of the store."""
    known = int(base) if base is not None and base.isascii() and base.isdecimal() and len(base) <= 16 else 0
    return max(known + 1, int(at.timestamp() * 1000))


def waiting(reading: Reading, store: str, trust: Trust) -> tuple[Proposal | None, str]:
    """The proposal that waits for its second signature; or why the one that is there is dropped, if one is."""
    try:
        proposal = read_proposal(reading.fields)
    except ValueError as fault:
        return None, f"{fault}: it is dropped"
    if proposal is None:
        return None, ""
    if not trust.four_eyes:
        return None, f"{proposal.told()} is dropped: nobody need sign after another here"
    why = dropped_because(proposal, reading, store, trust)
    return (proposal, "") if why is None else (None, why)
