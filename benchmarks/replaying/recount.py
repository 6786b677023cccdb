"""A difference counted again by other means: row by row, in dictionaries, without the reader of columns.

Rules, so that it is a witness and no echo:
- a row of the table is made plain JSON before anything else; nothing that reads columns sees it;
- every row is decided by both versions, one at a time, by the reader that decides in service;
- it is decided once more by plain Python that was written from the source documents (`tests/oracles/entry.py`), which
  must say the same of outcome, rule and size;
- what is counted is put into the form of a report, so that the two can be compared number by number.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from adapters.replaying.report import OfDay, OfSymbol, Pair, Replayed, Sum
from engine.comparison import Change, Verdict
from engine.decision import Stamp
from engine.policy import compile_bundle
from rules.bundle import Bundle
from tests.oracles import entry as oracle
from tests.oracles.trades import rfc3339

ASKED = ("entry", "allocation")
AT_ONCE = 4_096
"""Rows that are made plain at a time."""
MOST_EXAMPLES = 5
ORDER: tuple[Change, ...] = ("block-to-allow", "allow-to-block", "outcome", "rule", "same")
KNOWN = ("decision_id", "asked", "decided_at", "bundle", "outcome", "effect", "rule", "cause")

NO_RISK, OWN = "a risk score of 0", "its own size"

Inputs = dict[str, Any]
Entry = Callable[[Mapping[str, Any]], oracle.EntryVerdict]
Allocation = Callable[[Mapping[str, Any]], oracle.AllocationVerdict]
Amounts = dict[str, float]


@dataclass(frozen=True, slots=True)
class Said:
    """What a version says of a row: the verdict, and what it admits of each amount."""

    verdict: Verdict
    amounts: Amounts


@dataclass(slots=True)
class Part:
    """Some rows of which the same is said: how many, and what each side admits."""

    decisions: int = 0
    old: Amounts = field(default_factory=dict)
    new: Amounts = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def add(self, row: str, old: Said, new: Said) -> None:
        """Count a row."""
        self.decisions += 1
        for sums, said in ((self.old, old), (self.new, new)):
            for name, amount in said.amounts.items():
                sums[name] = sums.get(name, 0.0) + amount
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(row)


class Version:
    """A version of the policies: the service's reader, and the oracle of the same version."""

    def __init__(self, bundle: Bundle, entry: Entry, allocation: Allocation) -> None:
        self._policies = compile_bundle(bundle, {}, ASKED).policies
        self._entry, self._allocation = entry, allocation

    def said(self, asked: str, inputs: bytes, stamp: Stamp) -> Said:
        """What the reader says."""
        policy = self._policies[asked]
        found = policy.decide(policy.read(inputs), stamp)
        amounts: Amounts = {}
        if asked == "allocation":
            given = found.outputs if found.effect == "allow" else {}
            amounts = {"capital": given.get("allocation", 0.0), "notional": given.get("notional", 0.0)}
        return Said(Verdict(found.outcome, found.effect, found.rule or ""), amounts)

    def agrees(self, asked: str, inputs: Inputs, said: Said) -> bool:
        """Whether the oracle says the same."""
        if asked == "entry":
            told = self._entry(inputs)
            return (told.outcome, told.rule) == (said.verdict.outcome, said.verdict.rule)
        size = self._allocation(inputs)
        amounts = {"capital": size.allocation or 0.0, "notional": size.notional or 0.0}
        return (size.outcome, amounts) == (said.verdict.outcome, said.amounts)


@dataclass(slots=True)
class _Counting:
    """What was counted of a policy."""

    decisions: int = 0
    as_recorded: int = 0
    bundles: Counter[str] = field(default_factory=Counter)
    pairs: dict[tuple[Verdict, Verdict], Part] = field(default_factory=dict)
    days: dict[tuple[date, Change], Part] = field(default_factory=dict)
    symbols: dict[tuple[str, Change], Part] = field(default_factory=dict)


@dataclass
class Recount:
    """All of it: a report's form for each policy, and what only a loop over the rows can say."""

    replays: list[Replayed]
    verdicts: int
    """How many the oracle was asked for."""
    disagreements: list[str]
    """Decisions of which the oracle says otherwise than the reader; there must be none."""
    small: Counter[tuple[str, bool]]
    """Why sizes that are blocked now were small (`why_small`), and whether the old `entry` lets the same inputs in."""
    capital: float
    """What the old `allocation` commits on the inputs of entries that are blocked now."""

    def said(self, version: Version, row: Mapping[str, Any], asked: str) -> Said:
        """What a version says of a row, held against the oracle."""
        inputs = row["inputs"]
        said = version.said(asked, json.dumps(inputs).encode(), Stamp(row["decision_id"], row["decided_at"]))
        self.verdicts += 1
        if not version.agrees(asked, inputs, said):
            self.disagreements.append(f"{row['decision_id']}: {said}")
        return said

    def look_beside(self, old: Version, row: Mapping[str, Any]) -> None:
        """Of a decision that is blocked now: what the other policy said to the same inputs before."""
        if row["asked"] == "entry":
            self.capital += self.said(old, row, "allocation").amounts["capital"]
        else:
            let_in = self.said(old, row, "entry").verdict.effect == "allow"
            self.small[why_small(row["inputs"]), let_in] += 1


def recounted(table: Path, old: Bundle, new: Bundle) -> Recount:
    """Count a table again."""
    versions = (
        Version(old, oracle.decide_entry_0_9_0, oracle.decide_allocation_0_9_0),
        Version(new, oracle.decide_entry, oracle.decide_allocation),
    )
    counting = {name: _Counting() for name in ASKED}
    found = Recount([], 0, [], Counter(), 0.0)
    for row in rows(table):
        before, now = (found.said(version, row, row["asked"]) for version in versions)
        _count(counting[row["asked"]], row, before, now)
        if _change(before.verdict, now.verdict) == "allow-to-block":
            found.look_beside(versions[0], row)
    found.replays.extend(_as_report(name, one) for name, one in counting.items())
    return found


def rows(table: Path) -> Iterator[dict[str, Any]]:
    """The rows of a table: what is known of each, and its inputs as a caller would have sent them."""
    with pq.ParquetFile(table) as file:
        for batch in file.iter_batches(AT_ONCE, columns=[*KNOWN, "inputs"]):
            for row in batch.to_pylist(maps_as_pydicts="strict"):
                assert row["cause"] is None, "every row of a table that was made up can be decided again"
                yield {**row, "inputs": _plain(row["inputs"])}


def _plain(value: Any) -> Any:
    """A value of Arrow as JSON has it; what is not there is left out."""
    match value:
        case dict():
            return {name: _plain(one) for name, one in value.items() if one is not None}
        case list():
            return [_plain(one) for one in value]
        case datetime():
            return rfc3339(value)
        case _:
            return value


def why_small(inputs: Inputs) -> str:
    """What leaves an allocation less than the smallest trade: the room below a cap, a risk score of 0, or its size."""
    least = oracle.DEFAULTS.min_trade
    book = oracle.book_of(inputs)
    held = [entry for entry in book if entry["symbol"] == inputs["intent"]["symbol"]]
    of_symbol = oracle.DEFAULTS.max_exposure_per_symbol - oracle.exposure_of(held) < least
    in_all = oracle.DEFAULTS.max_exposure_total - oracle.exposure_of(book) < least
    match of_symbol, in_all:
        case True, True:
            return "both caps"
        case True, False:
            return "the cap of the symbol"
        case False, True:
            return "the cap of the book"
        case _ if inputs["intent"]["risk_score"] == 0.0:
            return NO_RISK
        case _:
            return OWN


def _count(found: _Counting, row: Mapping[str, Any], old: Said, new: Said) -> None:
    change = _change(old.verdict, new.verdict)
    found.decisions += 1
    found.as_recorded += (row["outcome"], row["effect"], row["rule"]) == tuple(old.verdict)
    found.bundles[row["bundle"]] += 1
    parts = (
        found.pairs.setdefault((old.verdict, new.verdict), Part()),
        found.days.setdefault((row["decided_at"].date(), change), Part()),
        found.symbols.setdefault((row["inputs"]["intent"]["symbol"], change), Part()),
    )
    for part in parts:
        part.add(row["decision_id"], old, new)


def _change(old: Verdict, new: Verdict) -> Change:
    if old.effect == "block" and new.effect == "allow":
        return "block-to-allow"
    if old.effect == "allow" and new.effect == "block":
        return "allow-to-block"
    if old.outcome != new.outcome:
        return "outcome"
    return "same" if old.rule == new.rule else "rule"


def _as_report(policy: str, found: _Counting) -> Replayed:
    pairs = [
        Pair(change, *verdicts, part.decisions, part.old, part.new, part.examples if change != "same" else [])
        for verdicts, part in found.pairs.items()
        for change in [_change(*verdicts)]
    ]
    of_change = {change: [pair for pair in pairs if pair.change == change] for change in ORDER}
    sums = [_together(change, listed) for change, listed in of_change.items() if listed]
    return Replayed(
        policy=policy,
        decisions=found.decisions,
        as_recorded=found.as_recorded,
        left_out=[],
        bundles=dict(found.bundles),
        sums=sums,
        pairs=sorted(pairs, key=lambda pair: (ORDER.index(pair.change), -pair.decisions, pair.old, pair.new)),
        by_day=[OfDay(day, _of(day, found.days)) for day in sorted({day for day, _ in found.days})],
        by_symbol=[OfSymbol(name, _of(name, found.symbols)) for name in sorted({name for name, _ in found.symbols})],
    )


def _together(change: Change, pairs: list[Pair]) -> Sum:
    def summed(side: Callable[[Pair], Amounts]) -> Amounts:
        return {name: sum(side(pair)[name] for pair in pairs) for name in side(pairs[0])}

    decisions = sum(pair.decisions for pair in pairs)
    return Sum(change, decisions, summed(lambda pair: pair.old_amounts), summed(lambda pair: pair.new_amounts))


def _of(key: Any, parts: Mapping[tuple[Any, Change], Part]) -> list[Sum]:
    found = [(change, parts[key, change]) for change in ORDER if (key, change) in parts]
    return [Sum(change, part.decisions, part.old, part.new) for change, part in found]
