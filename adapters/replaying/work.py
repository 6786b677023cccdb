"""One row group of a replay: read, decided by one policy or two, counted.

What is decided anew are the rows whose inputs fit the glossary and that have every fact that the policies need; all
others are counted by what they lack. Bundles are compiled once in each process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adapters.bootstrap import NO_ENVIRONMENT
from adapters.parquet import chunk_of
from adapters.records.table import Batch, Group, read, together
from engine.columnar.ragged import Array
from engine.columnar.reader import Reader
from engine.comparison import Side, Tally, Verdict, decided_side, tally
from engine.policy import compile_bundle
from rules.bundle import read_content
from rules.types import DoubleType, RecordType

KNOWN = ("decision_id", "asked", "bundle", "outcome", "effect", "rule", "decided_at", "cause", "found")
AMOUNTS: Mapping[str, str] = {"capital": "allocation", "notional": "notional"}
"""By the name of an amount, the output that says how much of it is admitted."""
DAY_US = 86_400_000_000
NO_SYMBOL = ""
_NUMBER = re.compile(r"/[0-9]+")


@dataclass(frozen=True, slots=True)
class Job:
    """Policies of a bundle, to be replayed beside the record or the same of another. Contents are a store's."""

    policies: tuple[str, ...]
    new: bytes
    old: bytes | None = None


@lru_cache(maxsize=4)
def _readers(content: bytes, policies: tuple[str, ...]) -> dict[str, Reader]:
    """The policies of a content, compiled as far as they are asked."""
    bundle = read_content(content).bundle
    assert bundle is not None, "what is replayed has been checked"
    machine = compile_bundle(bundle, NO_ENVIRONMENT, policies)
    return {name: Reader(machine.policies[name]) for name in policies}


def replayed(job: Job, group: Group) -> dict[str, Tally]:
    """The tally of each policy over a row group. Raises UnusableFile."""
    sides = [_readers(content, job.policies) for content in (job.old, job.new) if content is not None]
    readers = {name: [side[name] for side in sides] for name in job.policies}
    facts = sorted({f.name for side in sides for reader in side.values() for f in reader.plan.inputs})
    batch = read(group, KNOWN, facts)
    return {name: _replayed(name, readers[name], batch, f"{group.path}") for name in job.policies}


def _replayed(policy: str, readers: list[Reader], batch: Batch, where: str) -> Tally:
    found = Tally()
    usable = _usable(batch, policy, readers, found)
    if not len(usable):
        return found
    index = pa.array(usable)
    wanted = {f.name for reader in readers for f in reader.plan.inputs}
    known = {name: batch.known[name].take(index) for name in KNOWN}
    columns = {name: array.take(index) for name, array in batch.facts.items() if name in wanted}
    sides = [_side(reader, columns, where) for reader in readers]
    recorded = _recorded(known)
    old, new = sides if len(sides) == 2 else (recorded, sides[0])
    days = np.asarray(known["decided_at"].cast(pa.int64())) // DAY_US
    symbols = _symbols(readers[-1], columns, len(usable))
    counted = tally(old, new, days, symbols, _Ids(known["decision_id"]), _same(recorded, sides[0]))
    counted.bundles.update({one["values"]: one["counts"] for one in pc.value_counts(known["bundle"]).to_pylist()})
    found.add(counted)
    return found


def _usable(batch: Batch, policy: str, readers: list[Reader], found: Tally) -> Array:
    """The rows that can be decided anew; the others that asked the policy are counted."""
    asked = _mask(pc.equal(batch.known["asked"].cast(pa.string()), policy))
    nobody_knows = _mask(pc.is_null(batch.known["asked"]))
    faulty = _mask(pc.is_valid(batch.known["cause"]))
    for at in np.flatnonzero(faulty & (asked | nobody_knows)).tolist():
        cause = batch.known["cause"][at].as_py()
        found.left_out[cause, _place(cause, batch.known["found"][at].as_py())] += 1
    able = asked & ~faulty
    for f in {f.name: f for reader in readers for f in reader.plan.inputs if not f.optional}.values():
        there = _mask(pc.is_valid(batch.facts[f.name])) if f.name in batch.facts else np.zeros(batch.rows, np.bool_)
        if lacking := int(np.count_nonzero(able & ~there)):
            found.left_out["no-fact", f.name] += lacking
        able &= there
    return np.flatnonzero(able)


def _mask(array: Any) -> Array:
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), np.bool_)


def _place(cause: str, found: str) -> str:
    """Of what was found, what can be counted: the fact, or the place in the inputs."""
    if cause in ("inputs", "unknown-fact", "schema"):
        return _NUMBER.sub("/*", found.partition(": ")[0])[:100]
    return ""


def _side(reader: Reader, columns: Mapping[str, Any], where: str) -> Side:
    mine = {f.name: columns[f.name] for f in reader.plan.inputs if f.name in columns}
    chunk = chunk_of(where, reader.plan.inputs, mine, reads=reader.reads)
    amounts = {name: output for name, output in AMOUNTS.items() if _is_amount(reader, output)}
    return decided_side(reader.decide(chunk, outputs=bool(amounts)), amounts)


def _is_amount(reader: Reader, output: str) -> bool:
    return any(one.name == output and isinstance(one.type, DoubleType) for one in reader.plan.outputs)


def _recorded(known: Mapping[str, Any]) -> Side:
    """What is on record, as a side without amounts."""
    told, of_row = together([known[name] for name in ("outcome", "effect", "rule")])
    return Side([Verdict(*one) for one in told], of_row)


def _same(recorded: Side, old: Side) -> Array:
    """Where a side decides what is on record."""
    first: dict[Verdict, int] = {}  # a rule that fails may say what it says when it applies
    places = np.array([first.setdefault(verdict, place) for place, verdict in enumerate(old.verdicts)], np.int64)
    wanted = np.array([first.get(verdict, -1) for verdict in recorded.verdicts], np.int64)
    return np.asarray(wanted[recorded.codes] == places[old.codes])


def _symbols(reader: Reader, columns: Mapping[str, Any], rows: int) -> tuple[list[str], Array]:
    """The symbol that each row is about: the first that an input of the policy says of itself."""
    for f in reader.plan.inputs:
        if isinstance(f.type, RecordType) and any(m.name == "symbol" for m in f.type.fields) and f.name in columns:
            words = columns[f.name].field("symbol").fill_null(NO_SYMBOL).dictionary_encode()
            return words.dictionary.to_pylist(), np.asarray(words.indices.to_numpy(zero_copy_only=False), np.int64)
    return [NO_SYMBOL], np.zeros(rows, np.int64)


class _Ids:
    """The ids of decisions, made texts when they are asked for."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __getitem__(self, at: int) -> str:
        return str(self._array[at].as_py())
