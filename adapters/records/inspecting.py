"""What is on record in some tables, counted: decisions by policy, bundle, outcome and day, and what is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow.compute as pc

from adapters.records.table import Group, read, together

COLUMNS = ("decided_at", "asked", "bundle", "outcome", "effect", "source", "cause")


@dataclass(slots=True)
class Inspected:
    """What was counted."""

    rows: int = 0
    usable: int = 0
    first: datetime | None = None
    last: datetime | None = None
    policies: Counter[str] = field(default_factory=Counter)
    bundles: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By the policy that was asked, outcome and effect."""
    sources: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)

    def add(self, group: Group) -> None:
        """Count a row group."""
        known = read(group, COLUMNS, ()).known
        self.rows += group.rows
        self.usable += known["cause"].null_count
        for name, counter in (("asked", self.policies), ("bundle", self.bundles), ("source", self.sources)):
            counter.update(_counts(known[name]))
        self.causes.update(_counts(known["cause"]))
        there = pc.is_valid(known["asked"])
        told, of_row = together([known[name].filter(there) for name in ("asked", "outcome", "effect")])
        for (asked, outcome, effect), count in zip(told, np.bincount(of_row).tolist(), strict=True):
            self.outcomes[asked, outcome, effect] += count
        span = pc.min_max(known["decided_at"]).as_py()
        if span["min"] is not None:
            self.first = span["min"] if self.first is None else min(self.first, span["min"])
            self.last = span["max"] if self.last is None else max(self.last, span["max"])


def inspect(groups: Sequence[Group], reached: Callable[[int], None] = lambda _: None) -> Inspected:
    """Count the rows of some groups; `reached` hears how many are done. Raises UnusableFile and OSError."""
    found = Inspected()
    for group in groups:
        found.add(group)
        reached(found.rows)
    return found


def _counts(array: Any) -> dict[str, int]:
    return {one["values"]: one["counts"] for one in pc.value_counts(array.drop_null()).to_pylist()}
