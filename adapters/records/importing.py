"""Lines into a table: nothing twice, nothing left out, and a count of what became of every line."""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from adapters.records.facts import Facts, Row
from adapters.records.lines import Kept, Unusable, read_lines
from adapters.records.table import Writer
from engine.columnar.ragged import Array
from engine.exits import FIXED

LATELY = 10_000
"""Requests among which one is sought that a later line takes back."""
AT_A_TIME = 65_536
Source: TypeAlias = tuple[str, Iterator[Kept | Unusable]]
"""The name of a file, and its lines."""


@dataclass(slots=True)
class Imported:
    """What became of the lines."""

    decisions: int = 0
    usable: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    """How many cannot be decided on again, by cause."""
    first: dict[str, str] = field(default_factory=dict)
    """The first of each cause: where it is, and what was found."""
    bundles: Counter[str] = field(default_factory=Counter)
    """Decisions by the digest of their bundle."""
    policies: Counter[str] = field(default_factory=Counter)
    """Decisions by the policy that was asked."""

    def add(self, source: str, row: Row | Unusable) -> None:
        """Count a line."""
        self.decisions += 1
        kept = row.kept
        if kept is not None:
            self.bundles[kept.said.bundle] += 1
            self.policies[kept.asked] += 1
        if isinstance(row, Row):
            self.usable += 1
        else:
            self.causes[row.cause] += 1
            self.first.setdefault(row.cause, f"{source}:{row.line}: {row.found}")


class Seen:
    """Which ids have been seen: eight bytes each, in a few sorted arrays."""

    def __init__(self) -> None:
        self._sorted: list[Array] = []

    def are_new(self, ids: Sequence[str]) -> Array:
        """Which of some ids have not been seen, nor stand before in the same sequence; all of them are seen now."""
        digests = [hashlib.blake2b(one.encode(), digest_size=8).digest() for one in ids]
        found = np.frombuffer(b"".join(digests), np.uint64)
        new = np.zeros(len(found), np.bool_)
        new[np.unique(found, return_index=True)[1]] = True
        for known in self._sorted:
            at = np.searchsorted(known, found)
            new &= known[np.minimum(at, len(known) - 1)] != found
        fresh = np.sort(found[new])
        while self._sorted and len(self._sorted[-1]) <= len(fresh):
            fresh = np.sort(np.concatenate([self._sorted.pop(), fresh]))
        if len(fresh):
            self._sorted.append(fresh)
        return new


class _TakenBack:
    """Tells the lines that take back an allow: of the same request, on the same inputs, by the fixed rule."""

    def __init__(self) -> None:
        self._lately: OrderedDict[tuple[str, str, int], None] = OrderedDict()

    def is_one(self, kept: Kept) -> bool:
        key = kept.request_id, kept.asked, hash(kept.inputs)
        if kept.said.policy == FIXED:
            return self._lately.pop(key, ()) is None
        if kept.said.effect == "allow":
            self._lately[key] = None
            if len(self._lately) > LATELY:
                self._lately.popitem(last=False)
        return False


@dataclass(frozen=True, slots=True)
class _Once:
    """What there has been, so that nothing is twice; a line that lacks something does not stand in for a whole one."""

    whole: Seen
    left_out: Seen
    taken_back: _TakenBack


def import_lines(
    paths: Sequence[Path], facts: Facts, out: Path, reached: Callable[[int], None] = lambda _: None
) -> Imported:
    """Write a table of the decisions of some files, in their order; `reached` hears how many bytes have been read.

    Raises OSError, and leaves no table behind then.
    """

    def sources() -> Iterator[Source]:
        done = 0
        for path in paths:
            yield path.name, read_lines(path)
            done += path.stat().st_size
            reached(done)

    return import_sources(sources(), facts, out)


def import_sources(sources: Iterable[Source], facts: Facts, out: Path) -> Imported:
    """The same of lines wherever they come from, each source with its name. Raises as `import_lines` does."""
    told, once = Imported(), _Once(Seen(), Seen(), _TakenBack())
    beside = out.with_name(f".{out.name}.part")
    try:
        writer = Writer(beside, facts)
        for name, lines in sources:
            for some in _batched(lines):
                for row in _rows(some, facts, once):
                    writer.add(name, row)
                    told.add(name, row)
        writer.close()
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
    return told


def _batched(lines: Iterator[Kept | Unusable]) -> Iterator[list[Kept | Unusable]]:
    some: list[Kept | Unusable] = []
    for one in lines:
        some.append(one)
        if len(some) == AT_A_TIME:
            yield some
            some = []
    yield some


def _rows(some: Sequence[Kept | Unusable], facts: Facts, once: _Once) -> Iterator[Row | Unusable]:
    whole = iter(once.whole.are_new([one.said.decision_id for one in some if isinstance(one, Kept)]).tolist())
    faulty = [one.kept.said.decision_id for one in some if isinstance(one, Unusable) and one.kept is not None]
    left_out = iter(once.left_out.are_new(faulty).tolist())
    for one in some:
        kept = one if isinstance(one, Kept) else one.kept
        if kept is not None and not next(whole if isinstance(one, Kept) else left_out):
            yield Unusable(kept.line, "repeated", kept.said.decision_id, kept)
        elif isinstance(one, Unusable):
            yield one
        elif once.taken_back.is_one(one):
            yield Unusable(one.line, "taken-back", one.request_id, one)
        else:
            yield facts.row(one)
