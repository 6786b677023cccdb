"""Publishing: what is in force, what would change, the statement that is signed, and the one write that puts it there.

Rules kept here: the only clock is the store's; nothing is written before everything was looked at, and nothing where
the record is no longer the one that was looked at; under four eyes one signature puts nothing in force; a halt is not
touched, neither set nor cleared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from adapters.publishing.candidates import Candidate, Unpublishable
from adapters.publishing.comparison import DocumentChange, compare
from adapters.publishing.present import Present, look_to_write, universe_missing
from adapters.publishing.proposals import FIELD, Kind, Proposal, newest, proposal_of, waiting
from adapters.publishing.readers import live, wait_for
from adapters.publishing.signing import Signer
from engine.published import MAX_REVISION, Record, Refusal, Seen, Signature, Statement, Trust, judge
from engine.store import Conflict, PolicyStore, StoreUnavailable

UNIVERSE = "universe_symbols"
STAGED = "staged"
"""The field that says which bundle is coming, so that readers load it before it is in force."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person says of a publication; what is left out is None."""

    by: str | None = None
    note: str | None = None
    valid_for: timedelta | None = None
    universe: tuple[str, ...] | None = None
    replace: bool = False
    """Whether a proposal that waits gives way to this one."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A publication before it is signed and written; nothing is in the store yet."""

    change: Kind
    candidate: Candidate
    statement: Statement
    present: Present
    universe: tuple[str, ...] | None
    completes: Proposal | None
    """The proposal that this is the second signature of."""
    proposes: bool
    """Whether this is the first signature of two, and puts nothing in force."""
    notices: tuple[str, ...]

    @property
    def changes(self) -> tuple[DocumentChange, ...]:
        """What becomes of each document; nothing can be told where those in force are missing."""
        return () if self.present.missing else compare(self.present.documents, self.candidate.documents)

    @property
    def expected(self) -> dict[str, str | None]:
        """The fields that must still be as they were read."""
        return {name: self.present.reading.fields.get(name) for name in ("revision", "digest", FIELD)}


@dataclass(frozen=True, slots=True)
class Published:
    """What was written: in force unless it is a proposal; `refusal` says why nothing can be decided with it now."""

    prepared: Prepared
    signatures: tuple[Signature, ...]
    refusal: Refusal | None
    late: tuple[str, ...] = ()
    """The readers that had not loaded it when it was put in force."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Whoever publishes to a store: with a key where the trust wants signatures, by name where it wants none."""

    store: PolicyStore
    trust: Trust
    signer: Signer | None
    user: str
    """By whom, where neither a key nor `Terms.by` says it."""
    patience_s: float = 0.0
    """How long readers are given to load a bundle before it is put in force; 0 puts it in force at once."""
    waiting: Callable[[int, int], None] = lambda _done, _of: None

    async def prepare(self, candidate: Candidate, terms: Terms, change: Kind) -> Prepared:
        """Look at everything that a publication depends on. Raises `Unpublishable`."""
        present = await look_to_write(self.store, self.trust)
        notices = list(present.notices())
        proposal, dropped = waiting(present.reading, self.store.name, self.trust)
        if proposal is not None and terms.replace:
            dropped, proposal = f"{proposal.told()} gives way to this one", None
        notices += [dropped] if dropped else []
        statement = self._statement(candidate, terms, present)
        universe = terms.universe
        if proposal is not None:
            self._check_completes(proposal, candidate, terms)
            statement = proposal.statement(self.store.name)
            universe = None if proposal.universe is None else tuple(proposal.universe)
        elif change == "rollback" and present.record is not None and present.record.digest == candidate.digest:
            raise Unpublishable(f"{candidate.bundle} ({candidate.digest}) is in force already")
        notices += self._more_notices(present, candidate, universe)
        proposes = self.trust.wanted > 1 and proposal is None
        return Prepared(change, candidate, statement, present, universe, proposal, proposes, tuple(notices))

    async def commit(self, prepared: Prepared) -> Published:
        """Sign, keep the bundle, and write. Raises `Conflict` with who was faster; then nothing was written."""
        if self.signer is not None:
            return await self.put(prepared, [self.signer.sign(prepared.statement.signed())])
        if self.trust.wanted:
            raise Unpublishable("signatures are wanted, and there is no key to sign with: give one with `--key FILE`")
        return await self.put(prepared, [])

    async def put(self, prepared: Prepared, own: Sequence[Signature]) -> Published:
        """The same, with signatures of the statement that were made by whoever holds the keys. Raises as `commit`."""
        prepared, signatures = self._signed(prepared, own)
        statement = prepared.statement
        await self.store.keep(statement.digest, prepared.candidate.content)
        late = [] if prepared.proposes else await self._staged(prepared)
        kind = "propose" if prepared.proposes else prepared.change
        try:
            after = await self.store.swap(prepared.expected, _fields(prepared, signatures), kind)
        except Conflict as conflict:
            raise Conflict(await self._overtaken(prepared, conflict)) from conflict
        refusal = judge(after, self.store.name, Seen(), self.trust, after.at, timedelta()).refusal
        return Published(prepared, signatures, refusal, tuple(late))

    async def _staged(self, prepared: Prepared) -> list[str]:
        """Announce what is coming, and wait for the readers: then the switch itself takes no time anywhere."""
        if not self.patience_s or not live(await self.store.reports(), (await self.store.read()).at):
            return []
        digest = prepared.statement.digest
        if prepared.present.reading.fields.get(STAGED) != digest:
            await self.store.swap({}, {STAGED: digest}, "stage")
        return await wait_for(self.store, digest, self.patience_s, self.waiting)

    def _statement(self, candidate: Candidate, terms: Terms, present: Present) -> Statement:
        at = present.reading.at
        # the number of a record that is not trusted binds nobody who requires the trust, and may be made up
        base = present.reading.fields.get("revision") if present.trusted else None
        revision = newest(base, at)
        if revision > MAX_REVISION:
            raise Unpublishable(f"the store holds revision {base}, and none above {MAX_REVISION} can be signed")
        note = terms.note
        if note is None:
            note = "" if candidate.since is None else f"back to revision {candidate.since.revision}"
        statement = Statement(
            store=self.store.name,
            revision=revision,
            digest=candidate.digest,
            bundle=candidate.bundle,
            published_at=_written(at),
            published_by=terms.by or (self.signer.owner if self.signer else self.user),
            note=note,
            valid_until=_end(at, terms.valid_for),
        )
        try:
            statement.signed()
        except ValueError:
            raise Unpublishable("the note or the name is no text in UTF-8: write it otherwise") from None
        return statement

    def _check_completes(self, proposal: Proposal, candidate: Candidate, terms: Terms) -> None:
        """Raise `Unpublishable` where what is asked for is not what waits for its second signature."""
        told, otherwise = proposal.told(), "or put this in its place with `--replace`"
        if (proposal.digest, proposal.bundle) != (candidate.digest, candidate.bundle):
            found = f"{told} is of {proposal.digest}, and this is {candidate.digest}"
            raise Unpublishable(f"{found}: complete that one first, {otherwise}")
        if self.signer is not None and any(one.key == self.signer.key.id for one in proposal.signatures):
            raise Unpublishable(
                f"{self.signer.owner} has signed {told}: another owner completes it, by the same command"
            )
        differing = [
            option
            for option, differs in (
                ("--note", terms.note not in (None, proposal.note)),
                ("--by", terms.by not in (None, proposal.published_by)),
                ("--valid-for", terms.valid_for is not None),
                ("--universe", terms.universe is not None and list(terms.universe) != proposal.universe),
            )
            if differs
        ]
        if differing:
            raise Unpublishable(f"{told} says what is signed: leave out {' and '.join(differing)}, {otherwise}")

    def _more_notices(self, present: Present, candidate: Candidate, universe: Sequence[str] | None) -> list[str]:
        found = []
        was = present.record
        if was is not None and was.statement.bundle == candidate.bundle and was.digest != candidate.digest:
            found.append(f"{candidate.bundle} is in force with other documents: a new version would tell them apart")
        if was is not None and was.signatures and not self.trust.keys:
            found.append("what is in force is signed, and this is not: readers that want signatures will open nothing")
        if universe is None and (fault := universe_missing(present.reading.fields.get(UNIVERSE))):
            found.append(fault)
        if candidate.untested:
            found.append(
                f"no suite asks {', '.join(f'`{name}`' for name in candidate.untested)}: what is said there is untested"
            )
        return found

    def _signed(self, prepared: Prepared, own: Sequence[Signature]) -> tuple[Prepared, tuple[Signature, ...]]:
        """Every signature that the statement then has, and whether that puts it in force or proposes it.

        Raises `Unpublishable` where they are not those wanted.
        """
        if not self.trust.wanted:
            return prepared, ()
        before = prepared.completes.signatures if prepared.completes else []
        try:
            owners = self.trust.owners(prepared.statement.signed(), [*before, *own])
        except Refusal as refusal:
            raise Unpublishable(f"{refusal}: nothing was written") from None
        wanted = 1 if prepared.completes is None else self.trust.wanted
        if len(owners) < wanted:
            raise Unpublishable(f"{len(owners)} of {wanted} owners have signed, so nothing was written")
        named = [msgspec.structs.replace(one, by=self.trust.keys[one.key].owner) for one in own]
        return replace(prepared, proposes=len(owners) < self.trust.wanted), (*before, *named)

    async def _overtaken(self, prepared: Prepared, conflict: Conflict) -> str:
        """Who published what in the meantime."""
        try:
            present = await look_to_write(self.store, self.trust)
        except (StoreUnavailable, Unpublishable):
            return f"{conflict}: nothing was written, run it again"
        proposal, _ = waiting(present.reading, self.store.name, self.trust)
        if present.record is not None and str(present.record.revision) != prepared.expected["revision"]:
            told = present.record.statement
            faster = f"{told.published_by} published revision {told.revision} ({told.bundle}) at {told.published_at}"
        elif proposal is not None:
            faster = f"{proposal.published_by} proposed {proposal.bundle} at {proposal.published_at}"
        else:
            faster = str(conflict)
        return f"{faster} in the meantime: nothing was written, run it again"


def _fields(prepared: Prepared, signatures: tuple[Signature, ...]) -> dict[str, str | None]:
    """What is written: the proposal alone, or the record, with no proposal left."""
    if prepared.proposes:
        base = prepared.expected["revision"]
        proposal = proposal_of(prepared.statement, base, prepared.change, prepared.universe, signatures[0])
        return {FIELD: msgspec.json.encode(proposal).decode()}
    fields = Record(prepared.statement, signatures, None).fields()
    if prepared.expected[FIELD] is not None:
        fields[FIELD] = None
    if prepared.universe is not None:
        fields[UNIVERSE] = msgspec.json.encode(prepared.universe).decode()
    return fields


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def _end(at: datetime, valid_for: timedelta | None) -> str | None:
    try:
        return None if valid_for is None else _written(at + valid_for)
    except OverflowError:
        raise Unpublishable("it would be valid beyond the year 9999: give a shorter time, or none") from None
