"""Seeded snapshots valid against `types.yaml` for the entry policy of SEEDS.md section 1: crowded
round its thresholds to compare readers, and realistic ones by result to measure them.

A boundary snapshot aims at one result: earlier steps are passed, that step blocks, later ones fall
as they may, about every second by the least margin (one ulp, one microsecond, one position).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

from tests.oracles.entry import (
    BLOCKS,
    DEFAULTS,
    EntryParameters,
    decide_entry,
    exposure_of,
    microseconds,
)

Snapshot = dict[str, Any]
Record = dict[str, Any]

UNREACHED = ("already-held", "exposure-symbol")  # at the default parameters
STEPS = (*BLOCKS, "scale-in", "otherwise")
RESULTS = tuple(step for step in STEPS if step not in UNREACHED)
HELD_RESULTS = ("already-held", "scale-in-refused", "positions-symbol", "scale-in")
UNHELD_RESULTS = ("exposure-symbol", "otherwise")
REFUSALS = ("side", "confidence", "adds", "exposure")

COINS = ("BTC", "ETH", "SOL", "XRP", "ADA", "LINK", "DOGE", "AVAX", "DOT", "LTC", "NEAR", "ATOM")
SYMBOLS = (*(f"{coin}USDT" for coin in COINS), "BTC/USDT", "1INCH/USDT")
REGIMES = ("TREND_STRONG", "TREND_MODERATE", "RANGE", "CHOP", "VOLATILITY_SPIKE", "UNKNOWN")
OPPOSITE = {"LONG": "SHORT", "SHORT": "LONG"}
SIDES = tuple(OPPOSITE)
START = datetime(2024, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
HOUR = 3600 * SECOND
ZONES = (timezone(timedelta(hours=2)), timezone(-timedelta(hours=5, minutes=30)))
MOST_LISTED = 64
NUDGES = 40
COUNTS = ("max_positions_total", "max_per_symbol", "max_per_regime", "scale_in_max")
UNITS = ("scale_in_conf_delta", "min_confidence", "share", "base", "slope")
COOLDOWNS = (("cooldown_global", 3_600), ("cooldown_symbol", 86_400))
LARGEST_USD = 1.0e9
TINY_PRICE = 1.0e-305  # a quantity at this price is not finite


def generate(count: int, seed: int) -> Iterator[Snapshot]:
    """`count` boundary snapshots for the default parameters, the ten results about equal."""
    rng = Random(f"generate:{seed}")  # noqa: S311 - made-up inputs need a seed, not secrecy
    for _ in range(count):
        yield _Aim(rng, DEFAULTS, rng.choice(RESULTS)).snapshot()


def generate_with_parameters(count: int, seed: int) -> Iterator[tuple[Snapshot, EntryParameters]]:
    """Boundary snapshots, each with the drawn parameters that its boundaries belong to."""
    rng = Random(f"generate_with_parameters:{seed}")  # noqa: S311
    for _ in range(count):
        result = rng.choice(STEPS)
        parameters = _parameters(rng, result)
        yield _Aim(rng, parameters, result).snapshot(), parameters


def outcome_samples(per_result: int, seed: int) -> dict[str, list[Snapshot]]:
    """Exactly `per_result` realistic snapshots of each of the ten results, by rule id."""
    samples: dict[str, list[Snapshot]] = {}
    for result in RESULTS:
        rng = Random(f"outcome_samples:{seed}:{result}")  # noqa: S311
        found = samples[result] = []
        while len(found) < per_result:
            candidate = _realistic(rng, result)
            if decide_entry(candidate).rule == result:
                found.append(candidate)
    return samples


@dataclass(frozen=True)
class _Aim:
    """One boundary snapshot in the making: the parameters, and the result aimed at."""

    rng: Random
    p: EntryParameters
    result: str

    def snapshot(self) -> Snapshot:
        rng = self.rng
        now = START + timedelta(microseconds=rng.randrange(2 * 365 * 24 * HOUR))
        if rng.random() < 0.5:
            now = now.replace(microsecond=0)
        intent = self._intent()
        positions, pending = self._book(intent, now)
        multiplier = rng.choice((None, None, None, 0.0, 0.6, 1.0, 1.5, rng.uniform(0.0, 3.0)))
        snapshot = {
            "now": self._text(now),
            "intent": intent,
            "portfolio": {
                "equity": rng.choice((10_000.0, 0.0, -250.0, rng.uniform(-1e4, 1e6))),
                "available_capital": self._available_capital(intent, multiplier),
                "positions": positions,
                "pending": pending,
                "last_trade_at": self._last(now, "global-cooldown", self.p.cooldown_global),
                "last_trade_at_by_symbol": self._last_by_symbol(now, intent["symbol"]),
            },
        }
        return snapshot if multiplier is None else {**snapshot, "size_multiplier": multiplier}

    def _blocks(self, step: str) -> bool:
        ahead = STEPS.index(self.result) - STEPS.index(step)
        return ahead == 0 or (ahead < 0 and self.rng.random() < 0.3)

    def _intent(self) -> Record:
        rng = self.rng
        price = rng.choice((50_000.0, 0.1, 3.0, 10.0 ** rng.uniform(-5.0, 5.0)))
        intent = {
            "symbol": rng.choice(SYMBOLS),
            "side": rng.choice(SIDES),
            "confidence": self._confidence(),
            "regime": rng.choice(REGIMES),
            "price": price if rng.random() > 0.005 else TINY_PRICE,
            "leverage": rng.choice((1.0, 10.0, 125.0, rng.uniform(1.0, 125.0))),
            "risk_score": rng.choice((0.0, 1.0, 1.0, 0.5, rng.random(), rng.random())),
        }
        optional = {
            "id": f"intent-{rng.randrange(10**6)}",
            "workspace": "desk-1",
            "action": rng.choice(("NEW_TRADE", "EXPAND_POSITION")),
            "score": rng.uniform(0.0, 1000.0),
            "returns": [rng.gauss(0.0, 0.01) for _ in range(3)],
        }
        return intent | self._some_of(optional)

    def _confidence(self) -> float:
        rng, least = self.rng, self.p.min_confidence
        if self._blocks("confidence"):
            near = [*_ulps(least), least - 0.01, 0.0, rng.uniform(0.0, least)]
            return rng.choice([c for c in near if 0.0 <= c < least] or [0.0])
        above_held = round(rng.uniform(0.5, 1.0), 2) + self.p.scale_in_conf_delta
        near = [*_ulps(least), 1.0, *_ulps(above_held), rng.uniform(least, 1.0)]
        return rng.choice([c for c in near if least <= c <= 1.0] or [1.0])

    def _book(self, intent: Record, now: datetime) -> tuple[list[Record], list[Record]]:
        """Open positions and pending entries."""
        rng = self.rng
        of_symbol = self._count_of_symbol()
        in_regime = self._count("regime", self.p.max_per_regime)
        total = max(self._count("positions-total", self.p.max_positions_total), of_symbol)
        needed = {"regime": in_regime, "exposure-total": of_symbol + 1}
        total = max(total, needed.get(self.result, 0))
        elsewhere = [symbol for symbol in SYMBOLS if symbol != intent["symbol"]]
        other_regimes = [regime for regime in REGIMES if regime != intent["regime"]]
        book = [self._entry(now, rng.choice(elsewhere)) for _ in range(total - of_symbol)]
        held = [self._entry(now, intent["symbol"]) for _ in range(of_symbol)]
        refusals: list[str] = []
        if held and self._blocks("scale-in-refused"):
            refusals = rng.sample(REFUSALS, rng.choice((1, 1, 1, 2, 4)))
        if held:
            self._hold(held, intent, refusals)
        pending_only = bool(held) and rng.random() < 0.25
        book += held
        if not pending_only:
            rng.shuffle(book)
        for at, entry in enumerate(rng.sample(book, len(book))):
            entry["regime"] = intent["regime"] if at < in_regime else rng.choice(other_regimes)
            entry["id"] = f"p{at}"
        self._expose(book, held, breach="exposure" in refusals)
        pending = len(held) if pending_only else rng.choice((0, 1, rng.randint(0, total)))
        filled = total - max(min(pending, total, MOST_LISTED), total - MOST_LISTED)
        return book[:filled], book[filled:]

    def _count_of_symbol(self) -> int:
        either = self.result not in HELD_RESULTS and self.rng.random() < 0.5
        if self.result in UNHELD_RESULTS or either:
            return 0
        return max(1, self._count("positions-symbol", self.p.max_per_symbol))

    def _count(self, step: str, limit: int) -> int:
        rng = self.rng
        if self._blocks(step):
            return limit + rng.choice((0, 0, 1, 2))
        return max(0, rng.choice((limit - 1, limit - 1, rng.randint(0, max(0, limit - 1)))))

    def _entry(self, now: datetime, symbol: str) -> Record:
        rng = self.rng
        entry = {
            "id": "",
            "symbol": symbol,
            "side": rng.choice(SIDES),
            "exposure": 0.0,
            "leverage": rng.choice((1.0, 5.0, rng.uniform(1.0, 125.0))),
            "confidence": rng.random(),
            "regime": "",
            "adds": rng.choice((0, 0, 1, 5, 100)),
        }
        optional = {
            "quantity": rng.uniform(0.0, 1e4),
            "score": rng.uniform(0.0, 1000.0),
            "opened_at": self._text(now - timedelta(microseconds=rng.randrange(HOUR))),
        }
        return entry | self._some_of(optional)

    def _hold(self, held: list[Record], intent: Record, refusals: list[str]) -> None:
        """Gives the entries of the intent's symbol what the scale-in rule looks at."""
        rng = self.rng
        highest = self._held_confidence(intent["confidence"], refuse="confidence" in refusals)
        for entry in held:
            entry.update(side=intent["side"], confidence=rng.uniform(0.0, highest), adds=0)
        rng.choice(held)["confidence"] = highest
        if "side" in refusals:
            for entry in rng.sample(held, rng.randint(1, len(held))):
                entry["side"] = OPPOSITE[intent["side"]]
        most = self.p.scale_in_max
        adds = most + rng.choice((0, 1)) if "adds" in refusals else rng.choice((0, most - 1))
        for _ in range(adds):
            rng.choice(held)["adds"] += 1

    def _held_confidence(self, confidence: float, *, refuse: bool) -> float:
        """At the edge where `confidence <= held + delta`, as doubles add, is `refuse`."""
        rng, delta = self.rng, self.p.scale_in_conf_delta
        edge = confidence - delta
        near = [two for one in _ulps(edge) for two in _ulps(one)]
        near += [round(edge, 2)] * 3 + [rng.random()] * 3
        fits = [h for h in near if 0.0 <= h <= 1.0 and (confidence <= h + delta) == refuse]
        return rng.choice(fits or [1.0 if refuse else 0.0])

    def _expose(self, book: list[Record], held: list[Record], *, breach: bool) -> None:
        """Gives every entry an exposure, so that symbol and total sum to a drawn edge exactly."""
        others = [entry for entry in book if all(entry is not one for one in held)]
        of_symbol = self._sum_near(self.p.max_exposure_per_symbol, reaches=breach) if held else 0.0
        full = self._blocks("exposure-total")
        total = self._sum_near(self.p.max_exposure_total, reaches=full, least=of_symbol)
        self._spread(of_symbol, held, of_symbol, held)
        self._spread(total - of_symbol, others, total, book)

    def _sum_near(self, limit: float, *, reaches: bool, least: float = 0.0) -> float:
        rng = self.rng
        near = [*_ulps(limit), *_ulps(limit - self.p.min_trade)]
        near += [rng.uniform(0.0, limit), rng.uniform(0.0, limit), limit + rng.uniform(0.0, 500.0)]
        fits = [x for x in near if least <= x <= LARGEST_USD and (x >= limit) == reaches]
        return rng.choice(fits or [max(least, limit if reaches else 0.0)])

    def _spread(self, share: float, over: list[Record], target: float, of: list[Record]) -> None:
        """Shares `share` out `over` entries, then nudges these until `of` adds up to `target`."""
        for entry in over:
            entry["exposure"] = round(share / len(over) * self.rng.uniform(0.5, 1.5), 2)
        for _ in range(NUDGES if over else 0):
            gap = target - exposure_of(of)
            if gap == 0.0:
                return
            entry = self.rng.choice(over)
            moved = entry["exposure"] + gap
            if moved == entry["exposure"]:
                moved = math.nextafter(moved, math.copysign(math.inf, gap))
            entry["exposure"] = min(max(0.0, moved), LARGEST_USD)

    def _available_capital(self, intent: Record, multiplier: float | None) -> float:
        """Often such that the wanted allocation lies within ulps of `min_trade`."""
        rng, p = self.rng, self.p
        factor: float = p.share * (p.base + p.slope * intent["confidence"]) * intent["risk_score"]
        factor *= 1.0 if multiplier is None else multiplier
        if factor > 1e-6 and rng.random() < 0.35:
            near = _ulps(rng.choice(_ulps(p.min_trade / factor)))
            return min(rng.choice(near), LARGEST_USD)
        some = rng.uniform(0.0, 500.0)
        return rng.choice((0.0, some, 4500.0, rng.uniform(0.0, 1e4), LARGEST_USD))

    def _last(self, now: datetime, step: str, cooldown: int) -> str | None:
        rng, span = self.rng, cooldown * SECOND
        blocks = self._blocks(step)
        if not blocks and rng.random() < 0.25:
            return None
        ages = [span - 1, span - 1, span, span, span + 1, 0, -1, -HOUR]
        ages += [rng.randint(0, span), span + rng.randrange(HOUR), span + 24 * HOUR]
        age = rng.choice([age for age in ages if (age < span) == blocks])
        return self._text(now - timedelta(microseconds=age))

    def _last_by_symbol(self, now: datetime, symbol: str) -> dict[str, str]:
        others = self.rng.sample(SYMBOLS, self.rng.randint(0, 3))
        found = {other: self._text(now - timedelta(seconds=1)) for other in others}
        found.pop(symbol, None)
        last = self._last(now, "symbol-cooldown", self.p.cooldown_symbol)
        return found if last is None else found | {symbol: last}

    def _text(self, instant: datetime) -> str:
        if self.rng.random() < 0.05:
            return instant.astimezone(self.rng.choice(ZONES)).isoformat()
        return _utc(instant)

    def _some_of(self, optional: Record) -> Record:
        return {name: value for name, value in optional.items() if self.rng.random() < 0.3}


def _parameters(rng: Random, result: str) -> EntryParameters:
    """Each parameter at its default or anywhere within its bounds; `result` left reachable."""
    total = rng.choice((5000.0, 5000.0, 5000.0, 0.0, 1.0e7, rng.uniform(0.0, 1.0e7)))
    drawn: Record = {
        "allow_scale_in": False,
        "min_trade": rng.choice((0.01, 5.0, rng.uniform(0.01, 1000.0))),
    }
    drawn |= {name: rng.choice((0, 1, 2, 4, 8, 64, rng.randint(0, 64))) for name in COUNTS}
    drawn |= {name: rng.choice((0.0, 1.0, 0.1, 0.65, rng.random())) for name in UNITS}
    drawn |= {name: rng.choice((0, 1, most, rng.randint(0, most))) for name, most in COOLDOWNS}
    per_symbol = rng.choice((min(1000.0, total), total, 0.0, rng.uniform(0.0, total)))
    changes: Record = {n: value for n, value in drawn.items() if rng.random() < 0.25}
    changes |= {"max_exposure_total": total, "max_exposure_per_symbol": per_symbol}
    if result == "already-held":
        changes["allow_scale_in"] = False
    elif result == "exposure-symbol":
        changes["max_exposure_per_symbol"] = 0.0
    return replace(DEFAULTS, **changes)


def _realistic(rng: Random, result: str) -> Snapshot:
    """A desk's snapshot that most likely gives `result`; the caller checks."""
    now = START + timedelta(microseconds=rng.randrange(365 * 24 * HOUR))
    symbol, *others = rng.sample(SYMBOLS[: len(COINS)], len(COINS))
    confidence = round(rng.uniform(*((0.4, 0.69) if result == "confidence" else (0.8, 0.97))), 3)
    intent = {
        "id": f"intent-{rng.randrange(10**8):08d}",
        "workspace": "desk-1",
        "action": "NEW_TRADE",
        "symbol": symbol,
        "side": rng.choice(SIDES),
        "confidence": confidence,
        "regime": rng.choice(REGIMES),
        "price": round(10.0 ** rng.uniform(-1.0, 4.8), 4),
        "leverage": rng.choice((1.0, 3.0, 5.0, 10.0)),
        "risk_score": round(rng.uniform(0.3, 1.0), 3),
        "score": round(rng.uniform(0.4, 0.95), 3),
    }
    book = _realistic_book(rng, result, intent, others)
    for entry in book:
        age = timedelta(microseconds=rng.randrange(HOUR // 6, 72 * HOUR))
        entry["opened_at"] = _utc(now - age)
    filled = len(book) - rng.choice((0, 0, 1))
    by_age = sorted(book[:filled], key=lambda entry: microseconds(entry["opened_at"]))
    by_symbol: dict[str, str] = {entry["symbol"]: entry["opened_at"] for entry in by_age}
    if result == "global-cooldown":
        by_symbol[others[-1]] = _utc(now - timedelta(microseconds=rng.randrange(59 * SECOND)))
    if result == "symbol-cooldown":
        by_symbol[symbol] = _utc(now - timedelta(seconds=rng.uniform(61.0, 299.0)))
    return {
        "now": _utc(now),
        "intent": intent,
        "portfolio": {
            "equity": round(rng.uniform(6_000.0, 12_000.0), 2),
            "available_capital": round(rng.uniform(2_000.0, 6_000.0), 2),
            "positions": book[:filled],
            "pending": book[filled:],
            "last_trade_at": max(by_symbol.values(), key=microseconds),
            "last_trade_at_by_symbol": by_symbol,
        },
    }


def _realistic_book(rng: Random, result: str, intent: Record, others: list[str]) -> list[Record]:
    held = {"scale-in": 1, "scale-in-refused": 1, "positions-symbol": 3}.get(result, 0)
    size = rng.randint(10, 11) if result == "positions-total" else rng.randint(5, 7)
    capital = {"positions-total": (150.0, 420.0), "exposure-total": (700.0, 980.0)}
    low, high = capital.get(result, (200.0, 650.0))
    book = []
    for at in range(size):
        entry = {
            "id": f"pos-{rng.randrange(10**8):08d}",
            "symbol": others[at],
            "side": rng.choice(SIDES),
            "exposure": round(rng.uniform(low, high), 2),
            "leverage": rng.choice((1.0, 3.0, 5.0, 10.0)),
            "confidence": round(rng.uniform(0.7, 0.95), 3),
            "regime": intent["regime"] if result == "regime" and at < 5 else rng.choice(REGIMES),
            "adds": rng.choice((0, 0, 0, 1, 2)),
            "score": round(rng.uniform(0.4, 0.95), 3),
        }
        if at < held:
            entry |= {"symbol": intent["symbol"], "side": intent["side"], "adds": 0}
            entry["exposure"] = round(rng.uniform(low, high) / held, 2)
            entry["confidence"] = round(intent["confidence"] - rng.uniform(0.06, 0.1), 3)
        book.append(entry)
    if result == "scale-in-refused":
        too_large = round(rng.uniform(1000.0, 1200.0), 2)
        faults = {"side": OPPOSITE[intent["side"]], "adds": 2, "exposure": too_large}
        name, value = rng.choice([*faults.items(), ("confidence", intent["confidence"])])
        book[0][name] = value
    rng.shuffle(book)
    return book


def _ulps(value: float) -> list[float]:
    """The double below, the value itself, the double above."""
    return [math.nextafter(value, -math.inf), value, math.nextafter(value, math.inf)]


def _utc(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
