"""What a service decides with at one moment, and why nothing may open when it may not: a value, replaced as a whole.

Rules kept here: age counts from the moment the last good read of the store was sent, on a clock that goes on while the
machine sleeps; whoever decides asks `why_not` before deciding and again before answering, with the same standing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.policy import Machine
from engine.published import CAUSES, Refusal

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Standing:
    """The policy in force as a service knows it. Times of the steady clock are nanoseconds."""

    machine: Machine | None
    revision: int
    read_at: int
    """When the read that it rests on was sent, by the steady clock."""
    max_age: int
    """How long it may be decided with, in nanoseconds."""
    universe: bytes = b"[]"
    """The symbols that may be traded, as JSON."""
    valid_until: datetime | None = None
    refusal: Refusal | None = None
    """Why nothing may open, whatever its age."""
    trouble: str = ""
    """What keeps it from being renewed, where something does."""

    def why_not(self, steady: int, now: datetime) -> Refusal | None:
        """Why nothing may open with it at a moment; None where it may."""
        if self.refusal is not None:
            return self.refusal
        if self.machine is None:
            return Refusal("starting", self.trouble)
        age = steady - self.read_at
        if age > self.max_age:
            found = f"{age / NANOSECONDS:.1f}s, and {self.max_age / NANOSECONDS:g}s is allowed"
            return Refusal("stale", f"{found}; {self.trouble}" if self.trouble else found)
        if self.valid_until is not None and now >= self.valid_until:
            return Refusal("expired", self.valid_until.isoformat())
        return None

    def age_ms(self, steady: int) -> int:
        """How old the read is, in whole milliseconds."""
        return (steady - self.read_at) // 1_000_000

    def until(self, steady: int, now: datetime) -> datetime:
        """Until when an allow that rests on it may be acted on."""
        left = timedelta(microseconds=(self.max_age - (steady - self.read_at)) // 1000)
        ends = now + left
        return ends if self.valid_until is None else min(ends, self.valid_until)

    def troubled(self, trouble: str) -> Standing:
        """The same, not renewed, with what keeps it from being so."""
        return replace(self, trouble=trouble)


def nothing_yet(max_age: int) -> Standing:
    """What there is before a policy has been loaded."""
    return Standing(None, 0, 0, max_age)


def explained(refusal: Refusal) -> str:
    """A refusal as a decision's reason has it: its cause and what was found."""
    assert refusal.cause in CAUSES
    return f"{refusal.cause}: {refusal}"
