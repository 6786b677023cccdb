"""Seeded inputs for the oracles of SEEDS.md sections 2 and 4 and for the whole gate, crowded round their thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.oracles.active_inputs import advice, dress, equity, market, near, universe
from tests.oracles.book import open_entries
from tests.oracles.freeze import LIMITS, OPERATIONS
from tests.oracles.gate import GateParameters, decide_gate
from tests.oracles.margin import used_notional
from tests.oracles.router import RouterParameters
from tests.oracles.snapshots import SYMBOLS, generate

Inputs = dict[str, Any]

START = datetime(2026, 2, 3, 12, tzinfo=UTC)
ACTIONS = (*("BUY", "SELL", "CLOSE") * 4, "HOLD", "buy", "PANIC")
FREEZES = (*LIMITS, "PANIC_FREEZE", "full_freeze", None)
AGES = ("0s", "1799.999999s", "30m", "1800.000001s", "1h", "3600.000001s", "3599.999999s", "2h", "7200.000001s", "3h")
SHORTABLE = dict.fromkeys(SYMBOLS, True) | {SYMBOLS[1]: False}
del SHORTABLE[SYMBOLS[2]], SHORTABLE[SYMBOLS[3]]
SHORTING = RouterParameters(short_enabled=True, allow_short=SHORTABLE)


def freezes(count: int, seed: int) -> Iterator[Inputs]:
    """Inputs of `freeze`."""
    rng = _random("freezes", seed)
    for _ in range(count):
        kind = rng.choice(FREEZES)
        operation = rng.choice((*OPERATIONS, *OPERATIONS, "PURCHASES", "lending"))
        yield {"freeze": {} if kind is None else {"type": kind}, "operation": operation}


def signals_of_orders(count: int, seed: int) -> Iterator[Inputs]:
    """Inputs of `router`; the parameters `SHORTING` make shorts possible in most symbols."""
    rng = _random("router", seed)
    for snapshot in generate(count, seed):
        symbol = snapshot["intent"]["symbol"]
        portfolio = snapshot["portfolio"]
        _hold(rng, portfolio, symbol)
        signal = order_signal(rng, symbol)
        yield {"signal": signal, "portfolio": portfolio, "exploration": exploration(rng, signal.get("notional", 0.0))}


def order_signal(rng: Random, symbol: str) -> Inputs:
    """A signal, its quality near the bands."""
    signal: Inputs = {"symbol": symbol, "final_action": rng.choice(ACTIONS)}
    for name in ("is_pilot", "is_exploration", "is_risk"):
        if rng.random() < 0.7:
            signal[name] = rng.random() < (0.4 if name != "is_risk" else 0.2)
    optional = {
        "score": near(rng, (0.65, 0.65, 0.55, 0.30, 0.9), 0.0, 1.0),
        "risk_reward_ratio": near(rng, (1.3, 1.15), 0.0, 100.0),
        "strategy": "momentum",
        "confidence": rng.random(),
        "stop_loss": 98_000.0,
        "take_profit": 102_000.0,
        "notional": rng.choice((0.0, 100.0, 400.0, rng.uniform(0.0, 500.0))),
        "quantity": rng.choice((0.0, 0.0125, rng.uniform(0.0, 10.0))),
    }
    return signal | {name: value for name, value in optional.items() if rng.random() < 0.9}


def exploration(rng: Random, need: float) -> Inputs:
    """A budget that often just suffices."""
    used = rng.choice((0.0, 300.0, rng.uniform(0.0, 300.0)))
    edge = used + need
    limit = rng.choice((edge, math.nextafter(edge, 0.0), math.nextafter(edge, math.inf), 0.0, 300.0, 1e6, 1e6))
    forced = rng.choice((0, 1, 2, 2))
    return {"limit": limit, "used": used, "forced_limit": rng.choice((0, 2, 2, 3)), "forced_used": forced}


def executions(count: int, seed: int) -> Iterator[Inputs]:
    """Single inputs of `execution_policy`, the stale latch and the cut given."""
    rng = _random("executions", seed)
    for _ in range(count):
        state: Inputs = {}
        if rng.random() < 0.9:
            state["prudent"] = {"on": rng.random() < 0.5, "recent": []}
        if rng.random() < 0.8:
            state["cap_daily"] = near(rng, (3.0, 5.0, 7.0, 7.5, 8.0, 10.0, 11.5, 12.0), 0.0, 50.0)
        found = {"now": text(START), "signals": execution_signals(rng), "state": state, "stale": rng.random() < 0.3}
        yield found | {"cut": rng.choice((0.0, 0.0, 1.0, 4.0, 5.0, 9.0, rng.uniform(0.0, 10.0), 100.0))}


def execution_runs(count: int, seed: int) -> Iterator[list[Inputs]]:
    """Sequences of {now, signals} to be fed with each reader's own state."""
    rng = _random("execution_runs", seed)
    for _ in range(count):
        now, run = START, []
        for _ in range(rng.randint(2, 12)):
            now += _pause(rng)
            run.append({"now": text(now), "signals": execution_signals(rng)})
        yield run


def execution_signals(rng: Random) -> Inputs:
    """ML signals near the rows of the table."""
    found = {
        "contradiction": near(rng, (0.8, 0.7, 0.45, 0.40, 0.2), 0.0, 1.0),
        "confidence": near(rng, (0.3, 0.6, 0.8), 0.0, 1.0),
        "blended": near(rng, (70.0,), 0.0, 100.0),
        "volatility": near(rng, (16.0,), 0.0, 100.0),
        "age": rng.choice((*AGES, "0s", "60s", "60s", "60s")),
    }
    if rng.random() < 0.3:
        found["alert_cut"] = rng.choice((0.0, 1.0, 3.0, 5.0, 9.0, rng.uniform(0.0, 12.0)))
    return found


def alert_runs(count: int, seed: int) -> Iterator[list[Inputs]]:
    """Sequences of {now, signals, cap_daily} for `alert`."""
    rng = _random("alert_runs", seed)
    for _ in range(count):
        now, run = START, []
        for _ in range(rng.randint(2, 12)):
            now += rng.choice(
                (timedelta(minutes=30), timedelta(hours=1), timedelta(minutes=30, microseconds=-1), _pause(rng))
            )
            signals = execution_signals(rng)
            run.append({"now": text(now), "signals": signals, "cap_daily": near(rng, (3.0, 8.0, 12.0), 0.0, 50.0)})
        yield run


def latch_runs(count: int, seed: int, on: float = 75.0, off: float = 65.0) -> Iterator[list[tuple[str, float | None]]]:
    """Sequences of (now, reading) for `latches`; each leans to one side for a while."""
    rng = _random("latch_runs", seed)
    for _ in range(count):
        now, run, high = START, [], rng.random() < 0.5
        for _ in range(rng.randint(3, 24)):
            now += _pause(rng)
            high = high if rng.random() < 0.8 else not high
            beyond = (
                (on, math.nextafter(on, math.inf), on * 1.2, on * 2) if high else (off, math.nextafter(off, 0.0), 0.0)
            )
            reading = rng.choice((*beyond, *beyond, (on + off) / 2)) if rng.random() > 0.04 else None
            run.append((text(now), reading))
        yield run


def phase_runs(count: int, seed: int) -> Iterator[list[Inputs]]:
    """Sequences of signals for `phase`; each set of readings stays for a few observations."""
    rng = _random("phase_runs", seed)
    for _ in range(count):
        run: list[Inputs] = []
        for _ in range(rng.randint(1, 5)):
            run += [phase_signals(rng)] * rng.randint(1, 4)
        yield run


def phase_signals(rng: Random) -> Inputs:
    """Readings near the conditions of every phase, some of them missing."""
    found = {
        "dominance_change": near(rng, (0.5, -0.5), -2.0, 2.0),
        "eth_rs7": near(rng, (0.95, 0.98, 1.05), 0.5, 1.5),
        "eth_rs30": near(rng, (1.02,), 0.5, 1.5),
        "large_rs7": near(rng, (0.95, 1.05), 0.5, 1.5),
        "large_rs30": near(rng, (1.02,), 0.5, 1.5),
        "alt_rs7": near(rng, (0.95, 1.05), 0.5, 1.5),
        "breadth": near(rng, (0.5, 0.65), 0.0, 1.0),
        "dispersion": near(rng, (0.6,), 0.0, 1.0),
        "concentration": near(rng, (0.7,), 0.0, 1.0),
    }
    some = {name: value for name, value in found.items() if rng.random() < 0.95}
    quality = {"quality": near(rng, (0.0, 0.5), 0.0, 1.0)} if rng.random() < 0.7 else {}
    return execution_signals(rng) | some | quality


def safety_inputs(count: int, seed: int) -> Iterator[Inputs]:
    """Inputs of `safety`."""
    rng = _random("safety", seed)
    for _ in range(count):
        symbol = rng.choice(SYMBOLS)
        price = rng.choice((1.0, 1.0, 0.5, 50_000.0, 0.0, -1.0, rng.uniform(0.01, 100.0)))
        size = near(rng, (1000.0, 800.0, 10.0), -10.0, 2000.0)
        volume = near(rng, (10_000.0, 8_000.0, 9_000.0, 7_000.0), 0.0, 12_000.0)
        some = rng.sample(SYMBOLS, 4)
        venue: Inputs = {
            "testnet": rng.random() < 0.7,
            "known_symbols": [*some, symbol] if rng.random() < 0.85 else some,
        }
        if rng.random() < 0.7:
            venue["live_armed"] = rng.random() < 0.5
        yield {
            "order": {
                "symbol": symbol,
                "side": rng.choice(("BUY", "SELL", "SKIP")),
                "quantity": size if price == 0 else size / price,
                "price": price,
            },
            "day": {"volume": rng.choice((volume, max(0.0, 10_000.0 - size), max(0.0, 8_000.0 - size)))},
            "level": rng.choice(("STRICT", "MODERATE", "PERMISSIVE")),
            "venue": venue,
        }


def gate_inputs(
    count: int, seed: int, parameters: GateParameters | None = None, *, mismatches: bool = False
) -> Iterator[Inputs]:
    """Inputs of the whole `gate`; four of five are calm up to the entry policy.

    With `mismatches` some signals and intents name different symbols or sides.
    """
    rng, p = _random("gate", seed), parameters or GateParameters()
    for snapshot in generate(count, seed):
        snapshot.pop("size_multiplier", None)
        calm = rng.random() < 0.8
        facts = snapshot | {"market": market(rng), "freeze": _gate_freeze(rng, calm=calm)} | advice(rng, calm=calm)
        symbol = snapshot["intent"]["symbol"]
        facts["universe"] = universe(rng, symbol, calm=calm)
        if calm:
            facts["market"] = {"trend_strength": 0.8, "atr_pct": 1.5, "momentum_consistency": 0.7}
        _gate_book(rng, facts, calm=calm)
        facts["signal"] = _gate_signal(rng, facts["intent"], mismatches=mismatches)
        facts["exploration"] = exploration(rng, facts["signal"].get("notional", 0.0))
        found = decide_gate(facts, p)
        if found.get("reserve") and rng.random() < 0.5:
            facts["exploration"] = exploration(rng, found["reserve"]["amount"])
        yield facts


def _gate_book(rng: Random, facts: Inputs, *, calm: bool) -> None:
    """A book that slots, margin and correlation mostly let pass, the headroom often the tightest cap."""
    portfolio, intent = facts["portfolio"], facts["intent"]
    if calm and rng.random() < 0.7:
        portfolio["pending"] = portfolio["pending"][:2]
        portfolio["positions"] = portfolio["positions"][-(5 - len(portfolio["pending"])) :]
    dress(rng, facts, calm=calm)
    if calm and rng.random() < 0.6:
        facts |= {"risk": {"drawdown_pct": 1.0, "losing_streak": 0}, "multipliers": {}}
        portfolio["available_capital"] = rng.choice((4500.0, 1000.0, rng.uniform(100.0, 1e4)))
    if calm and rng.random() < 0.4:
        portfolio |= {"last_trade_at": None, "last_trade_at_by_symbol": {}}
        intent |= {"confidence": rng.choice((0.85, 1.0)), "risk_score": rng.choice((1.0, 0.8))}
    if calm and any(entry["symbol"] == intent["symbol"] for entry in open_entries(portfolio)):
        intent["action"] = "EXPAND_POSITION"
    if calm and rng.random() < 0.3:
        left = near(rng, (10.0, 100.0, 500.0), 0.0, 1000.0)
        edge = (left * intent["leverage"] + used_notional(portfolio)) * 100 / 65
        portfolio["equity"] = rng.choice((edge, math.nextafter(edge, math.inf), equity(rng, portfolio, calm=False)))


def _gate_signal(rng: Random, intent: Inputs, *, mismatches: bool) -> Inputs:
    signal = order_signal(rng, intent["symbol"])
    if rng.random() < 0.8:
        signal["final_action"] = "BUY" if intent["side"] == "LONG" else "SELL"
    if rng.random() < 0.6:
        signal |= {"score": near(rng, (0.65, 0.9), 0.0, 1.0), "risk_reward_ratio": near(rng, (1.3, 2.0), 1.15, 3.0)}
    if mismatches and rng.random() < 0.1:
        signal["symbol"] = rng.choice(SYMBOLS)
    opens = {"LONG": "BUY", "SHORT": "SELL"}[intent["side"]]
    if not mismatches and signal["final_action"] in ("BUY", "SELL") and signal["final_action"] != opens:
        intent["side"] = "LONG" if signal["final_action"] == "BUY" else "SHORT"
    return signal


def _gate_freeze(rng: Random, *, calm: bool) -> Inputs:
    kind = None if calm else rng.choice(FREEZES)
    return {} if kind is None else {"type": kind}


def _hold(rng: Random, portfolio: Inputs, symbol: str) -> None:
    """Filled positions in a symbol: none, some, on both sides, with or without quantities."""
    positions = [one for one in portfolio["positions"] if one["symbol"] != symbol]
    for at, side in enumerate(
        rng.choice(((), (), ("LONG",), ("SHORT",), ("LONG",) * 2, ("SHORT",) * 3, ("LONG", "SHORT")))
    ):
        held = {"id": f"h{at}", "symbol": symbol, "side": side, "exposure": 100.0, "leverage": 1.0}
        held |= {"confidence": 0.8, "regime": "RANGE", "adds": 0}
        if rng.random() < 0.9:
            held["quantity"] = rng.choice((0.0, 0.0125, 0.1, rng.uniform(0.0, 10.0)))
        positions.insert(rng.randint(0, len(positions)), held)
    portfolio["positions"] = positions


def _pause(rng: Random) -> timedelta:
    minutes = rng.choice((0, 1, 5, 5, 7, 15, 15, 45))
    return timedelta(minutes=minutes, microseconds=rng.choice((0, 0, 0, -1, 1)) if minutes else 0)


def text(instant: datetime) -> str:
    """RFC 3339 text in UTC."""
    return instant.isoformat().replace("+00:00", "Z")


def _random(name: str, seed: int) -> Random:
    return Random(f"{name}:{seed}")  # noqa: S311 - made-up inputs need a seed, not secrecy
