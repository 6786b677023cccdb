"""Every trade of `data/replay_mit` as an order given to the gate: what it asks beyond the intent and the book.

Intent and book are those of `trades.py`. The book is either the one that was *recorded*, in which every trade was
opened, or the gate's *own*, in which only those stand that the gate let open. Rules, so that two readings agree:
- signal: the symbol; BUY for a LONG and SELL for a SHORT; the score and confidence of the intent; notional =
  stake_amount, quantity = amount; risk_reward_ratio = 1 + 2 w(ratio), to 4 decimals; is_exploration where
  w(kind) < 0.1, is_pilot where 0.1 <= w(kind) < 0.25;
- risk, from the book: drawdown_pct = how far equity lies below its highest so far, in percent of that, to 4 decimals;
  losing_streak = trades of the book closed in a row with profit_abs < 0, by close_date, then in file order;
- exploration, each UTC day anew: limit 300, forced_limit 2; used = the stakes of the trades opened in the book that
  day whose signal is a pilot or an exploration; forced_used = how many of these are explorations;
- health: not healthy where w(health) < 0.02;
- each adviser speaks where w(<its name>) >= 0.5, denies where w(<its name>) >= 0.98, and multiplies by
  0.5 + w(<its name>:size), to 4 decimals;
- market, each day anew: trend_strength = d(trend), atr_pct = 3.2 d(atr), momentum_consistency = d(momentum), to
  4 decimals; one whose d is below 0.02 is missing;
- universe, each day anew: a pair of the file is out where d(<pair>) < 0.05; there is no list where d(universe) < 0.02;
- freeze, each day anew: none unless d(freeze) < 0.08, else FULL_FREEZE, S3_ALERT_FREEZE, ERROR_FREEZE or the unknown
  MAINTENANCE, a fourth of that range each.
w(x) is u(0) of sha256("<file name>:<row>:x"), d(x) that of sha256("<file name>:<day>:x").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tests.oracles.book import Facts, Verdict
from tests.oracles.trades import START_EQUITY, Book, Record, ReturnsByPair, Trade, flows, fractions, returns_by_pair

ADVISERS = ("coordinator", "balancer", "amplification")
FREEZES = ("FULL_FREEZE", "S3_ALERT_FREEZE", "ERROR_FREEZE", "MAINTENANCE")
OFTEN_FROZEN = 0.08
LARGEST_ATR = 3.2
LIMIT, FORCED_LIMIT = 300.0, 2


def orders(data: Path, asked: Callable[[Facts], Verdict], opens: Callable[[Verdict], bool]) -> Iterator[Order]:
    """What the gate is given for each trade, and the verdict of who is `asked`; the trade is booked if that `opens`."""
    series = returns_by_pair(data)
    for trades in flows(data):
        desk = _Desk(trades, series)
        for trade in trades:
            facts = desk.facts(trade)
            verdict = asked(facts)
            if opens(verdict):
                desk.open(trade, facts["signal"])
            yield Order(trade, facts, verdict)


@dataclass(frozen=True)
class Order:
    """A trade, what the gate is given for it, and the verdict of who was asked."""

    trade: Trade
    facts: Record
    verdict: Verdict


class _Desk:
    """One file's book with what a desk remembers beside it."""

    def __init__(self, trades: list[Trade], series: ReturnsByPair) -> None:
        self._pairs = sorted({trade.symbol for trade in trades})
        self._book = Book(series)
        self._highest = START_EQUITY
        self._streak = 0
        self._day: date | None = None
        self._used, self._forced = 0.0, 0

    def facts(self, trade: Trade) -> Record:
        """All that the gate asks, at the time of a trade."""
        for closed in sorted(self._book.close(trade.opened), key=lambda one: one.closed):
            self._streak = self._streak + 1 if closed.profit < 0 else 0
        self._highest = max(self._highest, self._book.equity)
        if self._day != trade.opened.date():
            self._day, self._used, self._forced = trade.opened.date(), 0.0, 0
        below = 100 * (self._highest - self._book.equity) / self._highest
        budget = {"limit": LIMIT, "used": self._used, "forced_limit": FORCED_LIMIT, "forced_used": self._forced}
        return self._book.snapshot(trade) | {
            "signal": _signal(trade),
            "risk": {"drawdown_pct": round(below, 4), "losing_streak": self._streak},
            "exploration": budget,
            "health": {"healthy": _of_trade(trade, "health") >= 0.02},
            "multipliers": {name: said for name in ADVISERS if (said := _advice(trade, name))},
            "market": _market(trade),
            "universe": self._universe(trade),
            "freeze": _freeze(trade),
        }

    def open(self, trade: Trade, signal: Record) -> None:
        """Put a trade into the book."""
        self._book.open(trade)
        if signal["is_pilot"] or signal["is_exploration"]:
            self._used += trade.stake
            self._forced += signal["is_exploration"]

    def _universe(self, trade: Trade) -> Record:
        if _of_day(trade, "universe") < 0.02:
            return {}
        return {"symbols": [pair for pair in self._pairs if _of_day(trade, pair) >= 0.05]}


def _signal(trade: Trade) -> Record:
    kind, position = _of_trade(trade, "kind"), trade.position
    return {
        "symbol": trade.symbol,
        "final_action": "BUY" if position["side"] == "LONG" else "SELL",
        "is_exploration": kind < 0.1,
        "is_pilot": 0.1 <= kind < 0.25,
        "score": position["score"],
        "confidence": position["confidence"],
        "risk_reward_ratio": round(1 + 2 * _of_trade(trade, "ratio"), 4),
        "notional": trade.stake,
        "quantity": position["quantity"],
    }


def _advice(trade: Trade, who: str) -> Record | None:
    drawn = _of_trade(trade, who)
    if drawn < 0.5:
        return None
    return {"deny": drawn >= 0.98, "multiplier": round(0.5 + _of_trade(trade, f"{who}:size"), 4)}


def _market(trade: Trade) -> dict[str, float]:
    drawn = {
        "trend_strength": _of_day(trade, "trend"),
        "atr_pct": _of_day(trade, "atr"),
        "momentum_consistency": _of_day(trade, "momentum"),
    }
    scale = {"atr_pct": LARGEST_ATR}
    return {name: round(scale.get(name, 1.0) * value, 4) for name, value in drawn.items() if value >= 0.02}


def _freeze(trade: Trade) -> dict[str, Any]:
    drawn = _of_day(trade, "freeze")
    return {"type": FREEZES[int(drawn / OFTEN_FROZEN * len(FREEZES))]} if drawn < OFTEN_FROZEN else {}


def _of_trade(trade: Trade, word: str) -> float:
    return fractions(f"{trade.file}:{trade.row}:{word}")[0]


def _of_day(trade: Trade, word: str) -> float:
    return fractions(f"{trade.file}:{trade.opened:%Y-%m-%d}:{word}")[0]
