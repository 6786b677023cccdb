"""Seeded inputs for the oracles of SEEDS.md section 5, crowded round their thresholds.

Intents and books come from `snapshots.generate`; scores, returns, equity and the rest are drawn here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from tests.oracles import series
from tests.oracles.book import open_entries
from tests.oracles.margin import used_notional
from tests.oracles.snapshots import SYMBOLS, generate

Inputs = dict[str, Any]

SCORES = (60.0, 60.0, 60.0, 61.0, 70.0, 75.0, 0.5)
OPENED = (
    "2024-01-01T00:00:00Z",
    "2024-01-01T00:00:00.000001Z",
    "2024-01-01T02:00:00+02:00",
    "2023-12-31T23:59:59.999999Z",
)
FULL_UNIVERSE = list(SYMBOLS)
FEATURES_BY_SLOTS = {
    3: {"trend_strength": 0.29, "atr_pct": 2.5, "momentum_consistency": 0.39},
    4: {"trend_strength": 0.35, "atr_pct": 2.5, "momentum_consistency": 0.39},
    6: {"trend_strength": 0.75, "atr_pct": 2.5, "momentum_consistency": 0.6},
}


def near(rng: Random, thresholds: Sequence[float], low: float, high: float) -> float:
    """A threshold, a double or a step beside one, an end, or anything between."""
    one = rng.choice(thresholds)
    step = rng.choice((1e-9, 0.01, 1.0))
    beside = (one, one, math.nextafter(one, -math.inf), math.nextafter(one, math.inf), one - step, one + step)
    drawn = rng.choice((*beside, low, high, rng.uniform(low, high), rng.uniform(low, high)))
    return min(max(drawn, low), high)


def market(rng: Random) -> Inputs:
    """Market features, some of them missing now and then."""
    features: Inputs = {
        "trend_strength": near(rng, (0.75, 0.45, 0.3, 0.4), 0.0, 1.0),
        "atr_pct": near(rng, (2.5,), 0.0, rng.choice((2.5, 2.5, 5.0, 100.0))),
        "momentum_consistency": near(rng, (0.6, 0.4), 0.0, 1.0),
    }
    if rng.random() < 0.1:
        for name in rng.sample(list(features), rng.randint(1, 3)):
            del features[name]
    return features


def markets(count: int, seed: int) -> Iterator[Inputs]:
    """Inputs of `regime`."""
    rng = _random("markets", seed)
    for _ in range(count):
        yield {"market": market(rng)}


def books(count: int, seed: int, *, most: int = 8, calm: float = 0.0) -> Iterator[Inputs]:
    """Snapshots with scores, ages and returns, of at most `most` open entries; this share of them is calm."""
    rng = _random("books", seed)
    for snapshot in generate(count, seed):
        snapshot.pop("size_multiplier", None)
        _trim(rng, snapshot["portfolio"], most)
        dress(rng, snapshot, calm=rng.random() < calm)
        yield snapshot


def dress(rng: Random, snapshot: Inputs, *, calm: bool) -> None:
    """Gives intent and book what slots, correlation and margin look at."""
    intent, portfolio = snapshot["intent"], snapshot["portfolio"]
    held = any(entry["symbol"] == intent["symbol"] for entry in open_entries(portfolio))
    intent["action"] = "EXPAND_POSITION" if rng.random() < (0.5 if held else 0.05) else "NEW_TRADE"
    if rng.random() < 0.2:
        del intent["action"]
    entries = [*portfolio["positions"], *portfolio["pending"]]
    first, *returns = series.draw_all(rng, 1 + len(entries), calm=calm)
    _set(intent, "returns", first)
    for entry, own in zip(entries, returns, strict=True):
        bare = not calm and rng.random() < 0.03
        _set(entry, "score", None if bare else rng.choice((*SCORES, rng.uniform(1.0, 100.0))))
        _set(entry, "opened_at", rng.choice((*OPENED, None)))
        _set(entry, "returns", own)
    if not calm and portfolio["positions"] and rng.random() < 0.03:
        rng.choice(portfolio["positions"])["score"] = rng.choice((0.0, 5e-324, 1000.0))
    _set(intent, "score", _intent_score(rng, portfolio["positions"]))
    portfolio["equity"] = equity(rng, portfolio, calm=calm)


def equity(rng: Random, portfolio: Inputs, *, calm: bool) -> float:
    """Often such that margin usage lies within doubles of the cap."""
    if calm:
        return 1.0e7
    edge = used_notional(portfolio) * 100 / 65
    beside = (edge, math.nextafter(edge, 0.0), math.nextafter(edge, math.inf), edge * 0.99, edge * 1.01, edge * 2)
    drawn = rng.choice((*beside, 1e7, 1e7, 0.0, -0.0, -1.0, -1e9, 1e-12, rng.uniform(0.0, 1e6)))
    return min(max(drawn, -1e9), 1e9)


def universe(rng: Random, symbol: str, *, calm: bool = False) -> Inputs:
    """A universe with or without the symbol, small, doubled, empty or missing."""
    if calm or rng.random() < 0.6:
        return {"symbols": FULL_UNIVERSE}
    others = [one for one in SYMBOLS if one != symbol]
    some = rng.sample(others, rng.randint(0, 7))
    return rng.choice(
        (
            {"symbols": [symbol, *some]},
            {"symbols": [*some, symbol]},
            {"symbols": [symbol, *some, *some]},
            {"symbols": some},
            {"symbols": [one[:-1] for one in FULL_UNIVERSE]},
            {"symbols": []},
            {},
        )
    )


def slot_inputs(count: int, seed: int) -> Iterator[Inputs]:
    """Inputs of `slots`: about every second book is exactly full."""
    rng = _random("slots", seed)
    for facts in books(count, seed):
        size = len(open_entries(facts["portfolio"]))
        wanted = max(0, size + rng.choice((0, 0, 0, 0, 1, 1, -1, -2, 3)))
        slots = rng.choice((wanted, wanted, wanted, wanted, 0, 3, 4, 6, 10, 11))
        yield {
            "intent": facts["intent"],
            "portfolio": facts["portfolio"],
            "universe": universe(rng, facts["intent"]["symbol"]),
            "regime_slots": slots,
        }


def margin_inputs(count: int, seed: int) -> Iterator[Inputs]:
    """Inputs of `margin`."""
    for facts in books(count, seed, most=12):
        yield {"intent": facts["intent"], "portfolio": facts["portfolio"]}


def correlation_inputs(count: int, seed: int) -> Iterator[Inputs]:
    """Inputs of `correlation`; `excluding` names a position now and then."""
    rng = _random("correlation", seed)
    for facts in books(count, seed, most=4):
        positions = facts["portfolio"]["positions"]
        found = {"intent": facts["intent"], "portfolio": facts["portfolio"]}
        if positions and rng.random() < 0.3:
            found["excluding"] = rng.choice(positions)["id"]
        yield found


def active_inputs(count: int, seed: int) -> Iterator[Inputs]:
    """Inputs of `active_positions`; two of three are calm in everything but slots."""
    rng = _random("active", seed)
    for facts in books(count, seed, most=7, calm=0.66):
        size = len(open_entries(facts["portfolio"]))
        features = FEATURES_BY_SLOTS.get(size)
        if features is not None and rng.random() < 0.6:
            _twin(rng, facts)
        else:
            features = market(rng)
        yield {
            "intent": facts["intent"],
            "portfolio": facts["portfolio"],
            "market": features,
            "universe": universe(rng, facts["intent"]["symbol"], calm=rng.random() < 0.66),
        }


def _twin(rng: Random, facts: Inputs) -> None:
    """Now and then the candidate moves like one of the positions, most often the one that scores least."""
    scored = [one for one in facts["portfolio"]["positions"] if one.get("score") is not None]
    if scored and rng.random() < 0.4:
        least = min(scored, key=lambda one: float(one["score"]))
        twin = least if rng.random() < 0.7 else rng.choice(scored)
        twin["returns"] = facts["intent"]["returns"] = series.correlated()[0]


def governor_inputs(count: int, seed: int) -> Iterator[Inputs]:
    """Inputs of `governor`, `now` included."""
    rng = _random("governor", seed)
    for facts in active_inputs(count, seed):
        yield facts | {"now": "2026-02-03T12:30:00Z"} | advice(rng, calm=rng.random() < 0.5)


def advice(rng: Random, *, calm: bool) -> Inputs:
    """Health, risk and the advisers' word."""
    drawdown = near(rng, (5.0, 8.0), 0.0, rng.choice((7.5, 10.0, 100.0)))
    streak = rng.choice((0, 0, 1, 1, 4, 4, 5, 6, 7, 7, 8, 9, 1000))
    healthy = calm or rng.random() < 0.85
    health: Inputs = {"healthy": healthy}
    if not healthy and rng.random() < 0.5:
        health["cause"] = "exchange-down"
    advisers = {name: _adviser(rng, calm=calm) for name in ("coordinator", "balancer", "amplification")}
    return {
        "health": health,
        "risk": {
            "drawdown_pct": min(drawdown, math.nextafter(8.0, 0.0)) if calm else drawdown,
            "losing_streak": min(streak, 7) if calm else streak,
        },
        "multipliers": {name: one for name, one in advisers.items() if one is not None},
    }


def _adviser(rng: Random, *, calm: bool) -> Inputs | None:
    if rng.random() < 0.4:
        return None
    found: Inputs = {}
    if rng.random() < 0.7:
        found["deny"] = not calm and rng.random() < 0.3
    if rng.random() < 0.7:
        found["multiplier"] = rng.choice((0.0, 0.6, 0.59, 1.0, 1.5, rng.uniform(0.0, 1.5)))
    return found


def _intent_score(rng: Random, positions: list[Inputs]) -> float | None:
    """Often the score at which a rotation just does or does not pay."""
    scores = [one["score"] for one in positions if one.get("score")]
    edge = min(scores, default=60.0) * 1.15
    beside = (edge, 69.0, math.nextafter(edge, 0.0), math.nextafter(edge, math.inf), edge * 1.01, edge * 1.3)
    return rng.choice((*(min(one, 1000.0) for one in beside), *beside[1:2], 0.0, None, rng.uniform(0.0, 100.0)))


def _trim(rng: Random, portfolio: Inputs, most: int) -> None:
    """At most `most` entries; those kept are drawn, their order stays."""
    entries = [("positions", one) for one in portfolio["positions"]] + [
        ("pending", one) for one in portfolio["pending"]
    ]
    keep = set(rng.sample(range(len(entries)), min(len(entries), rng.randint(0, most))))
    for name in ("positions", "pending"):
        portfolio[name] = [one for at, (where, one) in enumerate(entries) if where == name and at in keep]


def _set(record: Inputs, name: str, value: Any) -> None:
    record.pop(name, None)
    if value is not None:
        record[name] = value


def _random(name: str, seed: int) -> Random:
    return Random(f"{name}:{seed}")  # noqa: S311 - made-up inputs need a seed, not secrecy
