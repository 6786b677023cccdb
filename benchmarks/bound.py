"""A figure and what must hold of it, as every benchmark with bounds says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Side: TypeAlias = Literal["most", "least"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A figure, and the most that it may be, or the least."""

    what: str
    measured: float
    limit: float
    side: Side = "most"

    @property
    def holds(self) -> bool:
        """Whether it is kept."""
        return self.measured <= self.limit if self.side == "most" else self.measured >= self.limit

    def as_json(self) -> dict[str, object]:
        """As a report keeps it."""
        return {"what": self.what, "measured": round(self.measured, 3), self.side: self.limit, "holds": self.holds}

    def __str__(self) -> str:
        word = "holds" if self.holds else "fails"
        return f"{word} {self.measured:>9.3f}, at {self.side} {self.limit:g}: {self.what}"
