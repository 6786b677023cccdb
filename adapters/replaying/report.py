"""What a replay or a difference says, as plain values: the same for JSON, the terminal, Markdown and HTML.

Amounts are what a side admits: the sum of an output (`adapters.replaying.work.AMOUNTS`) over the decisions it allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TypeVar

import msgspec

from adapters.proving.report import Proof
from adapters.records.lines import CAUSES
from engine.changes import Changed
from engine.comparison import CHANGES, Cell, Change, Tally, Verdict, change_of

SCHEMA = "bascule/v1 diff"
NO_FACT = "the inputs on record lack a fact that the policy needs"
EPOCH = date(1970, 1, 1)

Amounts = dict[str, float]
K = TypeVar("K", int, str)


class Version(msgspec.Struct, frozen=True):
    """One side: how it was named, and the bundle that was found there."""

    given: str
    bundle: str
    version: str
    digest: str


class Said(msgspec.Struct, frozen=True):
    """A change of a document, in words."""

    policy: str
    sort: str
    name: str
    what: str


class LeftOut(msgspec.Struct, frozen=True):
    """Decisions that could not be decided anew: why, and where in the inputs."""

    cause: str
    place: str
    means: str
    decisions: int


class Sum(msgspec.Struct, frozen=True):
    """Decisions of which the same became, and what either side admits of each amount."""

    change: Change
    decisions: int
    old: Amounts
    new: Amounts


class Pair(msgspec.Struct, frozen=True):
    """Decisions on which both sides say the same two things: which rule each applied, and the first of them by id."""

    change: Change
    old: Verdict
    new: Verdict
    decisions: int
    old_amounts: Amounts
    new_amounts: Amounts
    examples: list[str]


class OfDay(msgspec.Struct, frozen=True):
    """What became of the decisions of a day, UTC."""

    day: date
    sums: list[Sum]


class OfSymbol(msgspec.Struct, frozen=True):
    """What became of the decisions about a symbol."""

    symbol: str
    sums: list[Sum]


class Replayed(msgspec.Struct, frozen=True):
    """One policy, decided anew."""

    policy: str
    decisions: int
    as_recorded: int
    left_out: list[LeftOut]
    bundles: dict[str, int]
    sums: list[Sum]
    pairs: list[Pair]
    by_day: list[OfDay]
    by_symbol: list[OfSymbol]

    @property
    def changed(self) -> int:
        """Decisions with another outcome."""
        return sum(one.decisions for one in self.sums if one.change not in ("same", "rule"))


class Recent(msgspec.Struct, frozen=True):
    """Of the log of a service: how many of its most recent decisions were wanted and looked at, from when to when."""

    wanted: int
    looked_at: int = 0
    first: datetime | None = None
    last: datetime | None = None
    left_out: dict[str, int] = {}
    """Those that cannot be decided anew whatever the policy, by cause."""
    why_not: str = ""
    """Why nothing was decided anew, where nothing was."""


class Report(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="schema", tag=SCHEMA):
    """All that is said. `old` is None where the record itself is the old side."""

    old: Version | None = None
    new: Version
    logs: list[str] = []
    recent: Recent | None = None
    """What was looked at of the log of a service, where a service was asked."""
    changes: list[Said] = []
    replays: list[Replayed] = []
    proofs: list[Proof] = []
    not_compared: dict[str, int] = {}
    """Policies on record that one of the sides lacks, with how often each was asked."""

    def count(self, change: Change) -> int:
        """Decisions of which this became, over all policies."""
        return sum(one.decisions for replay in self.replays for one in replay.sums if one.change == change)


def said(found: Iterable[Changed]) -> list[Said]:
    """Changes of documents."""
    return [Said(one.policy, one.sort, one.name, one.what) for one in found]


def replayed(policy: str, found: Tally) -> Replayed:
    """What was counted of a policy, sorted: what opens first, and the most frequent of each change."""
    pairs = [
        Pair(change_of(old, new), old, new, cell.decisions, cell.old, cell.new, found.examples.get((old, new), []))
        for (old, new), cell in found.pairs.items()
    ]
    pairs.sort(key=lambda pair: (CHANGES.index(pair.change), -pair.decisions, pair.old, pair.new))
    return Replayed(
        policy=policy,
        decisions=found.decisions,
        as_recorded=found.as_recorded,
        left_out=_left_out(found),
        bundles=dict(sorted(found.bundles.items(), key=lambda one: (-one[1], one[0]))),
        sums=_sums({pair.change: Cell() for pair in pairs}, pairs),
        pairs=pairs,
        by_day=[OfDay(EPOCH + timedelta(days=day), sums) for day, sums in _keyed(found.by_day)],
        by_symbol=[OfSymbol(symbol, sums) for symbol, sums in _keyed(found.by_symbol)],
    )


def _left_out(found: Tally) -> list[LeftOut]:
    listed = sorted(found.left_out.items(), key=lambda one: (-one[1], one[0]))
    return [LeftOut(cause, place, CAUSES.get(cause, NO_FACT), count) for (cause, place), count in listed]


def _sums(cells: dict[Change, Cell], pairs: Iterable[Pair]) -> list[Sum]:
    for pair in pairs:
        cells[pair.change].add(Cell(pair.decisions, pair.old_amounts, pair.new_amounts))
    return _in_order(cells)


def _in_order(cells: Mapping[Change, Cell]) -> list[Sum]:
    return [
        Sum(change, cells[change].decisions, cells[change].old, cells[change].new)
        for change in CHANGES
        if change in cells
    ]


def _keyed(cells: Mapping[tuple[K, Change], Cell]) -> list[tuple[K, list[Sum]]]:
    grouped: dict[K, dict[Change, Cell]] = {}
    for (key, change), cell in cells.items():
        grouped.setdefault(key, {})[change] = cell
    return [(key, _in_order(grouped[key])) for key in sorted(grouped)]
