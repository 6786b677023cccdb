"""What a store holds, as it is shown: each signature with whether it verifies, who has cleared a halt, what waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapters.publishing.halting import Cleared, cleared_by, whose
from adapters.publishing.present import Present, look
from adapters.publishing.proposals import Proposal, waiting
from engine.published import Refusal, Trust, read_halt, universe_of
from engine.store import PolicyStore


@dataclass(frozen=True, slots=True)
class ShownSignature:
    """A signature, and whether it is one of this record by a key that is trusted."""

    by: str
    key: str
    verifies: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What a store holds."""

    store: str
    present: Present
    signatures: tuple[ShownSignature, ...]
    universe: list[str] | str
    """The symbols, or why there are none."""
    halt: Cleared | None
    waits: Proposal | None
    proposal: str
    """What waits for a second signature, or why what is there no longer does; empty without any."""

    def as_json(self) -> dict[str, object]:
        """The same as JSON; the age is in seconds, by the store's clock."""
        present, halt = self.present, self.halt
        refusal = present.refusal
        return {
            "store": self.store,
            "at": present.reading.at,
            "primary": present.reading.primary,
            "record": None if present.record is None else self._record(),
            "halt": None if halt is None else {"halt": halt.halt, "cleared_by": halt.by, "missing": halt.missing},
            "proposal": self.waits,
            "refusal": None if refusal is None else {"cause": refusal.cause, "found": refusal.found},
        }

    def _record(self) -> dict[str, object]:
        assert self.present.record is not None
        told = self.present.record.statement
        age = self.present.reading.at - datetime.fromisoformat(told.published_at)
        return {
            **{name: getattr(told, name) for name in told.__slots__},
            "age_s": age.total_seconds(),
            "signatures": [{"by": one.by, "key": one.key, "verifies": one.verifies} for one in self.signatures],
            "universe": self.universe if isinstance(self.universe, list) else None,
            "documents": sorted(self.present.documents.documents) if self.present.documents else None,
        }


async def shown(store: PolicyStore, trust: Trust) -> Shown:
    """What a store holds, judged by a trust."""
    present = await look(store, trust)
    fields = present.reading.fields
    signatures: tuple[ShownSignature, ...] = ()
    if present.record is not None:
        message = present.record.statement.signed()
        signatures = tuple(
            ShownSignature(one.by, one.key, bool(trust.keys) and whose(one, message, trust) is not None)
            for one in present.record.signatures
        )
    try:
        universe: list[str] | str = universe_of(fields.get("universe_symbols"))
    except Refusal as refusal:
        universe = str(refusal)
    try:
        halt = read_halt(fields)
    except Refusal:
        halt = None  # it is told as the reason why nothing opens
    waits, dropped = waiting(present.reading, store.name, trust)
    told = f"{waits.told()} waits for another owner" if waits else dropped
    return Shown(
        store.name,
        present,
        signatures,
        universe,
        None if halt is None else cleared_by(store.name, halt, trust),
        waits,
        told,
    )
