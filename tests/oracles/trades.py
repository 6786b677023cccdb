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
    """One row; `position` is how it stands in the book while open, returns and adds apart."""

    file: str
    row: int
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


class Book:
    """The book of one file as it goes: it knows the trades that were opened in it, and no later ones."""

    def __init__(self, series: ReturnsByPair) -> None:
        self.equity = START_EQUITY
        self._series = series
        self._open: list[tuple[Trade, Record]] = []
        self._last_trade_at: datetime | None = None
        self._last_by_symbol: dict[str, datetime] = {}

    def close(self, now: datetime) -> list[Trade]:
        """Take out the trades that have closed by now, and count what they made."""
        closed = [trade for trade, _ in self._open if trade.closed <= now]
        for trade in closed:
            self.equity += trade.profit
        self.equity = round(self.equity, 8)
        self._open = [(trade, position) for trade, position in self._open if trade.closed > now]
        return closed

    def snapshot(self, trade: Trade) -> Record:
        """A trade as an intent against the book, which has been closed up to its time."""
        committed = 0.0
        for held, _ in self._open:
            committed += held.stake
        copied = ("id", "symbol", "side", "confidence", "regime", "leverage", "score")
        intent = {name: trade.position[name] for name in copied}
        intent |= {"action": "NEW_TRADE", "price": trade.price, "risk_score": trade.risk_score}
        last = self._last_trade_at
        return {
            "now": rfc3339(trade.opened),
            "intent": self._with_returns(intent, trade.opened),
            "portfolio": {
                "equity": self.equity,
                "available_capital": max(0.0, round(self.equity - committed, 8)),
                "positions": [self._with_returns(position, trade.opened) for _, position in self._open],
                "pending": [],
                "last_trade_at": None if last is None else rfc3339(last),
                "last_trade_at_by_symbol": {name: rfc3339(at) for name, at in self._last_by_symbol.items()},
            },
        }

    def open(self, trade: Trade) -> None:
        """Put a trade in."""
        adds = int(any(held.symbol == trade.symbol for held, _ in self._open))
        self._open.append((trade, trade.position | {"adds": adds}))
        now, last = trade.opened, self._last_trade_at
        self._last_trade_at = now if last is None else max(last, now)
        self._last_by_symbol[trade.symbol] = max(self._last_by_symbol.get(trade.symbol, now), now)

    def _with_returns(self, record: Record, now: datetime) -> Record:
        known = self._series.get((now.year, record["symbol"]))
        returns = known.until(now) if known else []
        return {**record, "returns": returns} if returns else dict(record)


def intents(data: Path) -> Iterator[tuple[str, Record]]:
    """Each trade as (file name, snapshot); `data` holds `replay_mit` and `hourly_mit`."""
    series = returns_by_pair(data)
    for trades in flows(data):
        book = Book(series)
        for trade in trades:
            book.close(trade.opened)
            yield trade.file, book.snapshot(trade)
            book.open(trade)


def flows(data: Path) -> Iterator[list[Trade]]:
    """The trades of each file."""
    for path in sorted((data / "replay_mit").glob("*.csv.gz")):
        yield [_trade(path.name, row, columns) for row, columns in enumerate(_rows(path))]


def _trade(file: str, row: int, columns: dict[str, str]) -> Trade:
    opened = _instant(columns["open_date"])
    symbol = columns["pair"]
    drawn = fractions(f"{file}:{row}")
    day = fractions(f"{file}:{opened:%Y-%m-%d}")
    position = {
        "id": f"{file.removesuffix('.csv.gz')}:{row}",
        "symbol": symbol,
        "side": "SHORT" if columns.get("is_short") == "True" else "LONG",
        "quantity": float(columns["amount"]),
        "exposure": float(columns["stake_amount"]),
        "leverage": float(columns.get("leverage") or 1.0),
        "confidence": round(0.55 + 0.45 * drawn[0], 4),
        "regime": REGIMES[int(day[0] * len(REGIMES))],
        "score": round(0.3 + 0.7 * drawn[2], 4),
        "opened_at": rfc3339(opened),
    }
    return Trade(
        file=file,
        row=row,
        opened=opened,
        closed=_instant(columns["close_date"]),
        symbol=symbol,
        price=float(columns["open_rate"]),
        stake=float(columns["stake_amount"]),
        profit=float(columns["profit_abs"]),
        risk_score=0.0 if drawn[1] < 0.02 else round(0.25 + 0.75 * drawn[1], 4),
        position=position,
    )


def returns_by_pair(data: Path) -> ReturnsByPair:
    """The hourly returns of every pair that `hourly_mit` has."""
    hourly = data / "hourly_mit"
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


def fractions(text: str) -> list[float]:
    """The four `u(k)` of a text."""
    digest = hashlib.sha256(text.encode()).digest()
    return [int.from_bytes(digest[at : at + 8], "big") / 2**64 for at in range(0, 32, 8)]


@cache
def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def rfc3339(instant: datetime) -> str:
    """RFC 3339 text in UTC."""
    return instant.isoformat().replace("+00:00", "Z")
