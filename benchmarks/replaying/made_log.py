"""A log of as many decisions as are wanted, made from real trades and prices with generated books.

Rules, so that it can be made again. Trades are those of `replay_mit`, in the order in which they were opened; decision
k is about trade k mod N, and each time the trades have all been gone through, every time is 37 seconds later. Symbol,
side, leverage, price and time are the trade's; its confidence, score and risk score, and the regime of its day, are
drawn as `tests/oracles/trades.py` says. A generator of NumPy, seeded with the row group, draws the book:
- its size, Poisson of 3.5, at most 12; each position is one of the 40 trades that were opened before (round about the
  first), with a stake of 50 to 950 dollars in place of its own, and was added to once in one case of four;
- equity is normal around 10 000 (deviation 1 500); the stakes of the book are committed;
- the last trade was up to 10 minutes before; of six decisions in ten a last trade of the symbol is known, up to 20
  minutes before; nothing is pending, and there are no hourly returns.
Every other decision asks `entry`, the rest `allocation`; on record is what a bundle decided, which was then in force.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adapters.parquet import chunk_of
from adapters.records.facts import Facts
from adapters.records.table import KNOWN, ROWS, schema_of
from engine.columnar.ragged import Array
from engine.columnar.reader import Reader
from engine.comparison import decided_side
from engine.policy import compile_bundle
from rules.bundle import Bundle
from tests.oracles.trades import Trade, flows

SEED = 20260203
ASKED = ("entry", "allocation")
LAP_US = 37_000_000
BEFORE = 40
HELD_ON_AVERAGE, MOST_HELD = 3.5, 12
STAKES = (50.0, 950.0)
ADDED = 0.25
EQUITY, DEVIATION = 10_000.0, 1_500.0
SECOND_US = 1_000_000
RESTED_S = 600
OF_SYMBOL, OF_SYMBOL_S = 0.6, 1_200
"""The share of decisions before which a trade of the symbol is known, and up to how long before it was."""
HELD = ("symbol", "side", "leverage", "confidence", "regime")
"""What a position has of its trade."""


@dataclass(frozen=True)
class Trades:
    """The trades as columns."""

    opened_us: Array
    symbol: Array
    side: Array
    leverage: Array
    price: Array
    confidence: Array
    score: Array
    risk_score: Array
    regime: Array

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.opened_us)


def trades(data: Path) -> Trades:
    """Those of a folder of recorded data, in the order in which they were opened."""
    listed = sorted((one for file in flows(data) for one in file), key=lambda one: (one.opened, one.file, one.row))
    told = [_told(one) for one in listed]
    columns = {name: np.array([one[name] for one in told]) for name in told[0]}
    return Trades(**columns)


def _told(one: Trade) -> dict[str, Any]:
    held = one.position
    opened = round((one.opened - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * SECOND_US)
    copied = {name: held[name] for name in ("symbol", "side", "leverage", "confidence", "score", "regime")}
    return {"opened_us": opened, "price": one.price, "risk_score": one.risk_score, **copied}


def write(path: Path, decisions: int, data: Path, in_force: Bundle, glossary: Bundle) -> None:
    """Write a table of so many decisions by a bundle, with the facts of a glossary."""
    known, facts = trades(data), Facts(glossary.types)
    schema = schema_of(facts.fields)
    machine = compile_bundle(in_force, {}, ASKED)
    readers = [Reader(machine.policies[name]) for name in ASKED]
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, decisions, ROWS):
            rows = min(ROWS, decisions - start)
            given = _facts(known, start, rows, schema.field("inputs").type)
            arrays = [given.get(f.name, pa.nulls(rows, f.type)) for f in schema.field("inputs").type]
            inputs = pa.StructArray.from_arrays(arrays, fields=list(schema.field("inputs").type))
            meta = _known(start, rows, given, readers, in_force)
            columns = [pa.array(meta[f.name]).cast(f.type) for f in KNOWN]
            writer.write_batch(pa.RecordBatch.from_arrays([*columns, inputs], schema=schema), row_group_size=ROWS)


def again(path: Path, times: int, folder: Path) -> Iterator[Path]:
    """The same decisions so many times, each time in a table of its own and under other ids."""
    for time in range(times):
        source = pq.ParquetFile(path)
        copy = folder / f"again-{time}.parquet"
        with pq.ParquetWriter(copy, source.schema_arrow, compression="zstd") as writer:
            for number in range(source.num_row_groups):
                table = source.read_row_group(number)
                at = table.schema.get_field_index("decision_id")
                ids = pc.binary_join_element_wise(f"{time}", table.column(at), "-")
                writer.write_table(table.set_column(at, table.schema.field(at), ids), row_group_size=ROWS)
        yield copy


def _facts(known: Trades, start: int, rows: int, types: Any) -> dict[str, Any]:
    """The facts of some decisions, as Arrow has them."""
    rng = np.random.default_rng([SEED, start // ROWS])
    number = np.arange(start, start + rows)
    trade = number % known.count
    now = known.opened_us[trade] + number // known.count * LAP_US
    return {
        "now": _times(now),
        "intent": _intent(known, trade, types.field("intent").type),
        "portfolio": _portfolio(known, trade, now, rng, types.field("portfolio").type),
    }


def _intent(known: Trades, trade: Array, t: Any) -> Any:
    return _record(
        t,
        len(trade),
        action=pa.array(["NEW_TRADE"] * len(trade)),
        **{name: pa.array(getattr(known, name)[trade]) for name in
           ("symbol", "side", "confidence", "regime", "price", "leverage", "risk_score", "score")},
    )  # fmt: skip


def _portfolio(known: Trades, trade: Array, now: Array, rng: np.random.Generator, t: Any) -> Any:
    rows = len(trade)
    sizes = np.minimum(rng.poisson(HELD_ON_AVERAGE, rows), MOST_HELD)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    total = int(offsets[-1])
    held = (np.repeat(trade, sizes) - rng.integers(1, BEFORE + 1, total)) % known.count
    stakes = np.round(rng.uniform(*STAKES, total), 2)
    added = (rng.random(total) < ADDED).astype(np.int64)
    position = t.field("positions").type.value_type
    positions = _record(
        position,
        total,
        id=pa.array(held).cast(pa.string()),
        exposure=pa.array(stakes),
        adds=pa.array(added),
        **{name: pa.array(getattr(known, name)[held]) for name in HELD},
    )
    committed = np.bincount(np.repeat(np.arange(rows), sizes), stakes, rows)
    equity = np.round(rng.normal(EQUITY, DEVIATION, rows), 2)
    last = now - rng.integers(0, RESTED_S * SECOND_US, rows)
    of_symbol = rng.random(rows) < OF_SYMBOL
    by_symbol = pa.MapArray.from_arrays(
        pa.array(np.concatenate([[0], np.cumsum(of_symbol)]).astype(np.int32)),
        pa.array(known.symbol[trade][of_symbol]),
        _times((now - rng.integers(0, OF_SYMBOL_S * SECOND_US, rows))[of_symbol]),
    )
    nobody = pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1, np.int32)), pa.nulls(0, position))
    return _record(
        t,
        rows,
        equity=pa.array(equity),
        available_capital=pa.array(np.maximum(0.0, np.round(equity - committed, 2))),
        positions=pa.ListArray.from_arrays(pa.array(offsets), positions),
        pending=nobody,
        last_trade_at=_times(last),
        last_trade_at_by_symbol=by_symbol,
    )


def _times(microseconds: Array) -> Any:
    return pa.array(microseconds.astype(np.int64)).cast(pa.timestamp("us", tz="UTC"))


def _record(t: Any, rows: int, **given: Any) -> Any:
    """A record with some of its fields; the others are not there."""
    arrays = [given[f.name].cast(f.type) if f.name in given else pa.nulls(rows, f.type) for f in t]
    return pa.StructArray.from_arrays(arrays, fields=list(t))


def _known(start: int, rows: int, given: Mapping[str, Any], readers: list[Reader], in_force: Bundle) -> dict[str, Any]:
    """What is known of some decisions: every other one asked the first policy."""
    number = np.arange(start, start + rows)
    first = number % 2 == 0
    outcome, effect, rule = (np.empty(rows, object) for _ in range(3))
    for reader, mine in zip(readers, (first, ~first), strict=True):
        arrays = {f.name: given[f.name] for f in reader.plan.inputs if f.name in given}
        side = decided_side(reader.decide(chunk_of("made up", reader.plan.inputs, arrays, reads=reader.reads)), {})
        for at, column in enumerate((outcome, effect, rule)):
            column[mine] = np.array([verdict[at] for verdict in side.verdicts], object)[side.codes][mine]
    asked = np.where(first, *ASKED)
    version = readers[0].plan.version
    return {
        "decision_id": [f"d-{one}" for one in number.tolist()],
        "request_id": [f"r-{one}" for one in number.tolist()],
        "caller": ["desk"] * rows,
        "decided_at": given["now"],
        "asked": asked,
        "policy": asked,
        "version": [version] * rows,
        "bundle": [in_force.digest] * rows,
        "revision": np.ones(rows, np.int64),
        "outcome": outcome,
        "effect": effect,
        "rule": rule,
        "source": ["made up"] * rows,
        "line": number + 1,
        "cause": pa.nulls(rows, pa.string()),
        "found": pa.nulls(rows, pa.string()),
    }
