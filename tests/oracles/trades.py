"""Every trade of `data/replay_mit` as an entry intent against the book as it then stood, a real
order flow for SEEDS.md section 1.

Rules, so that two readings give the same snapshots:
- each file is its own book; rows are taken in file order and only earlier rows are known;
- `now` = open_date, price = open_rate; side LONG unless is_short is True; leverage 1.0 unless
  given;
- an earlier row is an open position while its close_date > now, with exposure = stake_amount,
  quantity = amount; `pending` is empty; positions stand in file order;
- last_trade_at is the latest open_date of earlier rows, likewise by symbol: earlier rows of the
  same instant count;
- adds = 1 where an earlier trade of the symbol was open when this one opened, else 0;
- equity = 10000 + profit_abs of earlier rows closed by now, added in file order of those that
  closed since the row before, and rounded to 8 decimals; available_capital = equity less the open
  stakes, at least 0;
- what a trade lacks comes from `u(k)`, the k-th 8 bytes of sha256("<file name>:<row>") as a
  fraction of 2**64, the first trade being row 0: confidence = 0.55 + 0.45 u(0), to 4 decimals;
  risk_score = 0 where u(1) < 0.02, else 0.25 + 0.75 u(1), to 4 decimals;
  score = 0.3 + 0.7 u(2), to 4 decimals;
- regime is the market's, not the trade's: u(0) of sha256("<file name>:<open day>") picks one of the
  six, so what opens on one day shares it;
- returns (intent and positions): up to 100 log-returns between consecutive rows of the pair's
  hourly closes, the last candle being one that had closed by now (ts + 1 h <= now); from the 2021
  close matrix or the 2024 file, by the year of now; absent where there is none.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

Record = dict[str, Any]
START_EQUITY = 10_000.0
REGIMES = ("TREND_STRONG", "TREND_MODERATE", "RANGE", "CHOP", "VOLATILITY_SPIKE", "UNKNOWN")
HOUR = timedelta(hours=1)
LONGEST_RETURNS = 100


@dataclass(frozen=True)
class Trade:
    """One row; `position` is how it stands in the book while open, returns apart."""

    opened: datetime
    closed: datetime
    symbol: str
    price: float
    stake: float
    profit: float
    risk_score: float
    position: Record


@dataclass(frozen=True)
class Series:
    """Hourly log-returns of one pair and when each became known."""

    known_at: list[datetime]
    returns: list[float]

    def until(self, now: datetime) -> list[float]:
        end = bisect_right(self.known_at, now)
        return self.returns[max(0, end - LONGEST_RETURNS) : end]


ReturnsByPair = dict[tuple[int, str], Series]  # by (year, symbol spelt as the trades spell it)


def intents(data: Path) -> Iterator[tuple[str, Record]]:
    """Each trade as (file name, snapshot); `data` holds `replay_mit` and `hourly_mit`."""
    series = _series(data / "hourly_mit")
    for path in sorted((data / "replay_mit").glob("*.csv.gz")):
        for snapshot in _replay(path, series):
            yield path.name, snapshot


def _replay(path: Path, series: ReturnsByPair) -> Iterator[Record]:
    book: list[Trade] = []
    equity = START_EQUITY
    last_trade_at: datetime | None = None
    last_by_symbol: dict[str, datetime] = {}
    for row, columns in enumerate(_rows(path)):
        now = _instant(columns["open_date"])
        for trade in book:
            if trade.closed <= now:
                equity += trade.profit
        equity = round(equity, 8)
        book = [trade for trade in book if trade.closed > now]
        trade = _trade(path.name, row, columns, book)
        yield _snapshot(trade, book, equity, last_trade_at, last_by_symbol, series)
        book.append(trade)
        last_trade_at = now if last_trade_at is None else max(last_trade_at, now)
        last_by_symbol[trade.symbol] = max(last_by_symbol.get(trade.symbol, now), now)


def _snapshot(
    trade: Trade,
    book: list[Trade],
    equity: float,
    last_trade_at: datetime | None,
    last_by_symbol: dict[str, datetime],
    series: ReturnsByPair,
) -> Record:
    now = trade.opened
    committed = 0.0
    for held in book:
        committed += held.stake
    position = trade.position
    copied = ("id", "symbol", "side", "confidence", "regime", "leverage", "score")
    intent = {name: position[name] for name in copied}
    intent |= {"action": "NEW_TRADE", "price": trade.price, "risk_score": trade.risk_score}
    return {
        "now": _text(now),
        "intent": _with_returns(intent, now, series),
        "portfolio": {
            "equity": equity,
            "available_capital": max(0.0, round(equity - committed, 8)),
            "positions": [_with_returns(held.position, now, series) for held in book],
            "pending": [],
            "last_trade_at": None if last_trade_at is None else _text(last_trade_at),
            "last_trade_at_by_symbol": {name: _text(at) for name, at in last_by_symbol.items()},
        },
    }


def _trade(file: str, row: int, columns: dict[str, str], book: list[Trade]) -> Trade:
    opened = _instant(columns["open_date"])
    symbol = columns["pair"]
    fractions = _fractions(f"{file}:{row}")
    day = _fractions(f"{file}:{opened:%Y-%m-%d}")
    position = {
        "id": f"{file.removesuffix('.csv.gz')}:{row}",
        "symbol": symbol,
        "side": "SHORT" if columns.get("is_short") == "True" else "LONG",
        "quantity": float(columns["amount"]),
        "exposure": float(columns["stake_amount"]),
        "leverage": float(columns.get("leverage") or 1.0),
        "confidence": round(0.55 + 0.45 * fractions[0], 4),
        "regime": REGIMES[int(day[0] * len(REGIMES))],
        "adds": int(any(held.symbol == symbol for held in book)),
        "score": round(0.3 + 0.7 * fractions[2], 4),
        "opened_at": _text(opened),
    }
    return Trade(
        opened=opened,
        closed=_instant(columns["close_date"]),
        symbol=symbol,
        price=float(columns["open_rate"]),
        stake=float(columns["stake_amount"]),
        profit=float(columns["profit_abs"]),
        risk_score=0.0 if fractions[1] < 0.02 else round(0.25 + 0.75 * fractions[1], 4),
        position=position,
    )


def _with_returns(record: Record, now: datetime, series: ReturnsByPair) -> Record:
    known = series.get((now.year, record["symbol"]))
    returns = known.until(now) if known else []
    return {**record, "returns": returns} if returns else dict(record)


def _series(hourly: Path) -> ReturnsByPair:
    found: ReturnsByPair = {}
    matrix = _rows(hourly / "close_1h_2021h1_50pairs.csv.gz")
    for pair in matrix[0]:
        if pair != "ts":
            closes = [(_instant(row["ts"]), float(row[pair])) for row in matrix if row[pair]]
            found[2021, _spelt(pair)] = _log_returns(closes)
    for path in sorted(hourly.glob("*_1h_2024.csv.gz")):
        closes = [(_instant(row["ts"]), float(row["close"])) for row in _rows(path)]
        found[2024, _spelt(path.name.split("_")[0])] = _log_returns(closes)
    return found


def _log_returns(closes: list[tuple[datetime, float]]) -> Series:
    steps = list(pairwise(closes))
    return Series(
        known_at=[ts + HOUR for _, (ts, _) in steps],
        returns=[math.log(close / before) for (_, before), (_, close) in steps],
    )


def _spelt(pair: str) -> str:
    return f"{pair.removesuffix('USDT')}/USDT"


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def _fractions(text: str) -> list[float]:
    digest = hashlib.sha256(text.encode()).digest()
    return [int.from_bytes(digest[at : at + 8], "big") / 2**64 for at in range(0, 32, 8)]


@cache
def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
