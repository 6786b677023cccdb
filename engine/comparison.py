"""What two ways of deciding make of the same inputs, counted: pure sums that can be added in any grouping of rows.

A side is a policy that decides anew, or what is on record. `Tally` holds, for every pair of verdicts, how many
decisions had it and what they amount to, over all, by day and by symbol, and the first decisions of each change by
their ids. Sums are added in the order of the rows, so that whoever did the counting comes to the same digits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np

from engine.columnar.columns import Column, Numbers
from engine.columnar.ragged import Array
from engine.columnar.reader import Decided
from engine.exits import RULE as EXIT

EXAMPLES: Final = 5
"""Decisions that are named for each change of verdict."""

K = TypeVar("K")

Change: TypeAlias = Literal["block-to-allow", "allow-to-block", "outcome", "rule", "same"]
CHANGES: tuple[Change, ...] = ("block-to-allow", "allow-to-block", "outcome", "rule", "same")
"""From what a committee looks at first: what opens, what closes, another outcome of the same effect, another rule."""


class Verdict(NamedTuple):
    """What was decided, and which rule said so."""

    outcome: str
    effect: str
    rule: str


@dataclass(slots=True)
class Cell:
    """Decisions, and what each side admits of every amount."""

    decisions: int = 0
    old: dict[str, float] = field(default_factory=dict)
    new: dict[str, float] = field(default_factory=dict)

    def add(self, other: Cell) -> None:
        """Add another's."""
        self.decisions += other.decisions
        for mine, others in ((self.old, other.old), (self.new, other.new)):
            for name, amount in others.items():
                mine[name] = mine.get(name, 0.0) + amount


def _add(mine: dict[K, Cell], others: Mapping[K, Cell]) -> None:
    for key, cell in others.items():
        mine.setdefault(key, Cell()).add(cell)


@dataclass(slots=True)
class Tally:
    """What was counted."""

    decisions: int = 0
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What could not be decided anew: the cause and what was found, without the row."""
    bundles: Counter[str] = field(default_factory=Counter)
    """Of what was decided anew, the digest on record."""
    pairs: dict[tuple[Verdict, Verdict], Cell] = field(default_factory=dict)
    by_day: dict[tuple[int, Change], Cell] = field(default_factory=dict)
    """Days since 1970, UTC."""
    by_symbol: dict[tuple[str, Change], Cell] = field(default_factory=dict)
    examples: dict[tuple[Verdict, Verdict], list[str]] = field(default_factory=dict)
    as_recorded: int = 0
    """How many are decided as they are on record: by the old side, or by the only one."""

    def add(self, other: Tally) -> None:
        """Add what was counted of the rows that follow."""
        self.decisions += other.decisions
        self.as_recorded += other.as_recorded
        self.left_out.update(other.left_out)
        self.bundles.update(other.bundles)
        _add(self.pairs, other.pairs)
        _add(self.by_day, other.by_day)
        _add(self.by_symbol, other.by_symbol)
        for pair, ids in other.examples.items():
            known = self.examples.setdefault(pair, [])
            known += ids[: EXAMPLES - len(known)]


@dataclass(frozen=True, slots=True)
class Side:
    """The verdicts of one side: their names, which of them each row has, and what a row admits of every amount."""

    verdicts: Sequence[Verdict]
    codes: Array
    """int64[rows], places in `verdicts`."""
    amounts: Mapping[str, Array] = field(default_factory=dict)
    """float64[rows]; 0 where nothing is admitted."""


def decided_side(decided: Decided, amounts: Mapping[str, str]) -> Side:
    """The side of a policy; `amounts` names the output of each amount."""
    named = [Verdict(outcome, effect, rule) for outcome, rule, effect in decided.rows]
    failed = [
        verdict if decided.plan.exits is not None and verdict.rule == EXIT else _failed(decided, verdict.rule)
        for verdict in named
    ]
    codes = decided.case.astype(np.int64) + np.where(decided.errors != 0, len(named), 0)
    admits = np.array([verdict.effect == "allow" for verdict in (*named, *failed)])[codes]
    sums = {name: _amount(decided.outputs[output], admits) for name, output in amounts.items()}
    return Side((*named, *failed), codes, sums)


def _failed(decided: Decided, rule: str) -> Verdict:
    return Verdict(decided.plan.on_error, "block", rule)


def _amount(column: Column, admits: Array) -> Array:
    assert isinstance(column, Numbers)
    there = admits if column.present is None else admits & column.present
    return np.where(there, np.broadcast_to(column.values, len(admits)), 0.0).astype(np.float64)


def change_of(old: Verdict, new: Verdict) -> Change:
    """What becomes of a decision."""
    if old.effect != new.effect:
        return "block-to-allow" if new.effect == "allow" else "allow-to-block"
    if old.outcome != new.outcome:
        return "outcome"
    return "rule" if old.rule != new.rule else "same"


class Ids(Protocol):
    """The id of each row."""

    def __getitem__(self, at: int, /) -> str:
        """That of one."""
        ...


def tally(old: Side, new: Side, days: Array, symbols: tuple[Sequence[str], Array], ids: Ids, recorded: Array) -> Tally:
    """Count some rows: `days` int64[rows]; of `symbols` the words and which each row has; `recorded` bool[rows]."""
    rows = len(old.codes)
    width = len(new.verdicts)
    pairs, of_row = np.unique(old.codes * width + new.codes, return_inverse=True)
    named = [(old.verdicts[code // width], new.verdicts[code % width]) for code in pairs.tolist()]
    found = Tally(decisions=rows, as_recorded=int(np.count_nonzero(recorded)))
    for pair, cell in zip(named, _cells(of_row, len(pairs), old, new), strict=True):
        found.pairs.setdefault(pair, Cell()).add(cell)
    changes = np.array([CHANGES.index(change_of(*pair)) for pair in named], np.int64)[of_row]
    words, codes = symbols
    _group(found.by_day, days, changes, old, new, int)
    _group(found.by_symbol, codes, changes, old, new, words.__getitem__)
    for at, pair in enumerate(named):
        if change_of(*pair) != "same":
            known = found.examples.setdefault(pair, [])
            known += [ids[place] for place in np.flatnonzero(of_row == at)[: EXAMPLES - len(known)].tolist()]
    return found


def _cells(group: Array, count: int, old: Side, new: Side) -> list[Cell]:
    """A cell for each of so many groups; int64[rows] says the group of a row."""
    counts = np.bincount(group, minlength=count).tolist()
    cells = [Cell(number) for number in counts]
    for side, sums in ((old, [cell.old for cell in cells]), (new, [cell.new for cell in cells])):
        for name, amount in side.amounts.items():
            for own, total in zip(sums, np.bincount(group, amount, count).tolist(), strict=True):
                own[name] = total
    return cells


def _group(
    into: dict[tuple[K, Change], Cell], keys: Array, changes: Array, old: Side, new: Side, named: Callable[[int], K]
) -> None:
    """Count the changes of each key; those that change nothing only as many as they are, with what is admitted."""
    width = len(CHANGES)
    groups, of_row = np.unique(keys * width + changes, return_inverse=True)
    for group, cell in zip(groups.tolist(), _cells(of_row, len(groups), old, new), strict=True):
        into.setdefault((named(group // width), CHANGES[group % width]), Cell()).add(cell)
