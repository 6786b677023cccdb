"""The gate as a careful engineer writes it by hand: the same checks in the same order, one pass over the book.

Like `handwritten.py` it reads the objects that the decoder makes, its fields written `<Record.field>`. Correlation is
asked of `numpy.corrcoef` for each position, as most would, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from msgspec import UNSET

from benchmarks.handwritten import LIMITS, with_attributes
from engine.structs import StructTable

SOURCE = """
def gate(now, intent, signal, portfolio, market, universe, freeze, health, risk, multipliers, exploration):
    symbol = signal.<Signal.symbol>
    action = signal.<Signal.final_action>
    positions = portfolio.<Portfolio.positions>
    long = short = False
    for position in positions:
        if position.<Position.symbol> == symbol:
            if position.<Position.side> == "LONG":
                long = True
            else:
                short = True
    if long != short and (action == "CLOSE" or action == ("SELL" if long else "BUY")):
        return EXIT
    if action not in ("BUY", "SELL", "CLOSE", "HOLD"):
        return UNKNOWN_ACTION
    if action in ("HOLD", "CLOSE") or (long and short):
        return SKIPPED
    if action == "SELL" and not (SHORT_ENABLED and ALLOW_SHORT.get(symbol, False)):
        return SKIPPED
    if intent.<Intent.symbol> != symbol or intent.<Intent.side> != ("LONG" if action == "BUY" else "SHORT"):
        return MISMATCH
    symbols = universe.<Universe.symbols>
    if symbols is UNSET or symbol not in symbols:
        return NO_POLICY
    frozen = freeze.<Freeze.type>
    if frozen is not UNSET:
        return FROZEN if frozen in FREEZES else UNKNOWN_FREEZE
    if not health.<Health.healthy>:
        return UNHEALTHY
    drawdown = risk.<Risk.drawdown_pct>
    streak = risk.<Risk.losing_streak>
    if drawdown >= 8.0:
        return DRAWDOWN
    if streak >= 8:
        return STREAK
    confidence = intent.<Intent.confidence>
    regime_of_intent = intent.<Intent.regime>
    side = intent.<Intent.side>
    pending = portfolio.<Portfolio.pending>
    book = positions + pending
    opened = len(book)
    used = total = symbol_exposure = held_confidence = 0.0
    held = adds = in_regime = 0
    other_side = False
    for position in book:
        exposure = position.<Position.exposure>
        used += exposure * position.<Position.leverage>
        total += exposure
        if position.<Position.symbol> == symbol:
            held += 1
            symbol_exposure += exposure
            adds += position.<Position.adds>
            if position.<Position.confidence> > held_confidence:
                held_confidence = position.<Position.confidence>
            if position.<Position.side> != side:
                other_side = True
        if position.<Position.regime> == regime_of_intent:
            in_regime += 1
    equity = portfolio.<Portfolio.equity>
    if equity <= 0.0 or used / equity * 100.0 >= MAX_MARGIN:
        return MARGIN
    expands = intent.<Intent.action> == "EXPAND_POSITION"
    weakest = closes = None
    slots_outcome = None
    if expands:
        if not held:
            slots_outcome = SLOTS_FULL
    else:
        atr = market.<Market.atr_pct>
        trend = market.<Market.trend_strength>
        momentum = market.<Market.momentum_consistency>
        if atr is UNSET or trend is UNSET or momentum is UNSET:
            slots = 4
        elif atr > 2.5:
            slots = 3
        elif trend >= 0.75 and momentum >= 0.6:
            slots = 6
        elif trend >= 0.45:
            slots = 4
        elif trend < 0.3 and momentum < 0.4:
            slots = 3
        else:
            slots = 4
        desired = min(slots, 10, len(set(symbols)))
        if opened >= desired:
            slots_outcome = SLOTS_FULL
            score = intent.<Intent.score>
            if opened == desired and positions and score is not UNSET and score > 0.0:
                for position in positions:
                    value = position.<Position.score>
                    if value is UNSET or value <= 0.0:
                        break
                    since = position.<Position.opened_at>
                    key = (value, LAST if since is UNSET else since, position.<Position.symbol>)
                    if weakest is None or key < weakest:
                        weakest, closes = key, position.<Position.id>
                else:
                    if (score - weakest[0]) / weakest[0] > ROTATION:
                        slots_outcome = ROTATION_TRIGGERED
                    else:
                        closes = None
                if slots_outcome is not ROTATION_TRIGGERED:
                    closes = None
    if CORRELATES:
        returns = intent.<Intent.returns>
        candidate = [] if returns is UNSET else returns[-100:]
        largest = None
        for position in book:
            if closes is not None and position.<Position.id> == closes:
                continue
            if expands and position.<Position.symbol> == symbol:
                continue
            theirs = position.<Position.returns>
            points = 0 if theirs is UNSET else min(len(candidate), len(theirs))
            if points < 20:
                return CORRELATION
            a, b = candidate[-points:], theirs[-points:]
            if min(a) == max(a) or min(b) == max(b):
                return CORRELATION
            found = corrcoef(a, b)[0, 1]
            if largest is None or found > largest:
                largest = found
        if largest is not None and largest > MAX_CORRELATION:
            return CORRELATION
    if slots_outcome is not None:
        return slots_outcome
    multiplier = 0.6 if drawdown >= 5.0 or streak >= 5 else None
    for adviser in (
        multipliers.<Multipliers.coordinator>,
        multipliers.<Multipliers.balancer>,
        multipliers.<Multipliers.amplification>,
    ):
        if adviser is not UNSET:
            if adviser.<Adviser.deny>:
                return ADVISER
            if multiplier is None or adviser.<Adviser.multiplier> < multiplier:
                multiplier = adviser.<Adviser.multiplier>
    if confidence < MIN_CONFIDENCE:
        return LOW_CONFIDENCE
    last = portfolio.<Portfolio.last_trade_at>
    if last is not None and now - last < COOLDOWN_GLOBAL:
        return COOLDOWN
    last = portfolio.<Portfolio.last_trade_at_by_symbol>.get(symbol)
    if last is not None and now - last < COOLDOWN_SYMBOL:
        return COOLDOWN
    if opened >= MAX_POSITIONS:
        return POSITIONS
    if total >= MAX_EXPOSURE:
        return EXPOSURE
    if held and (
        other_side
        or confidence <= held_confidence + CONFIDENCE_DELTA
        or adds >= SCALE_IN_MAX
        or symbol_exposure >= MAX_SYMBOL_EXPOSURE
    ):
        return SCALE_IN_RULE
    if held >= MAX_PER_SYMBOL:
        return POSITIONS
    if in_regime >= MAX_PER_REGIME:
        return REGIME
    leverage = intent.<Intent.leverage>
    allocation = portfolio.<Portfolio.available_capital> * 0.2
    allocation = allocation * (0.7 + 0.3 * confidence) * intent.<Intent.risk_score>
    allocation = allocation * (1.0 if multiplier is None else multiplier)
    headroom = (MAX_MARGIN * equity / 100.0 - used) / leverage
    room = min(allocation, MAX_SYMBOL_EXPOSURE - symbol_exposure, MAX_EXPOSURE - total)
    allocation = min(room, headroom)
    if allocation < 10.0:
        return CAPITAL
    score = signal.<Signal.score>
    ratio = signal.<Signal.risk_reward_ratio>
    explores = signal.<Signal.is_exploration>
    pilots = signal.<Signal.is_pilot> and not explores
    if score is UNSET:
        return BELOW_QUALITY
    if explores:
        if score < 0.3:
            return BELOW_QUALITY
    elif ratio is UNSET or score < (0.55 if pilots else 0.65) or ratio < (1.15 if pilots else 1.3):
        return BELOW_QUALITY
    if explores or pilots:
        if exploration.<Exploration.used> + allocation * leverage > exploration.<Exploration.limit>:
            return BUDGET
        if explores and exploration.<Exploration.forced_used> + 1 > exploration.<Exploration.forced_limit>:
            return BUDGET
    return OPEN
"""

RESULTS = {
    "EXIT": ("EXIT", "exit"),
    "UNKNOWN_ACTION": ("UNKNOWN_ACTION", "route"),
    "SKIPPED": ("SKIPPED", "route"),
    "MISMATCH": ("INTENT_MISMATCH", "order"),
    "NO_POLICY": ("BLOCKED_NO_POLICY", "universe"),
    "FROZEN": ("FROZEN", "freeze"),
    "UNKNOWN_FREEZE": ("UNKNOWN_FREEZE", "freeze"),
    "UNHEALTHY": ("BLOCKED_UNHEALTHY", "governor"),
    "DRAWDOWN": ("BLOCKED_DRAWDOWN", "governor"),
    "STREAK": ("BLOCKED_STREAK", "governor"),
    "MARGIN": ("BLOCKED_MARGIN", "governor"),
    "CORRELATION": ("BLOCKED_CORRELATION", "governor"),
    "SLOTS_FULL": ("BLOCKED_SLOTS_FULL", "governor"),
    "ROTATION_TRIGGERED": ("ROTATION_TRIGGERED", "governor"),
    "ADVISER": ("BLOCKED_ADVISER", "governor"),
    "LOW_CONFIDENCE": ("BLOCK_LOW_CONFIDENCE", "entry"),
    "COOLDOWN": ("BLOCK_COOLDOWN", "entry"),
    "POSITIONS": ("BLOCK_MAX_POSITIONS", "entry"),
    "EXPOSURE": ("BLOCK_MAX_EXPOSURE", "entry"),
    "SCALE_IN_RULE": ("BLOCK_SCALE_IN_RULE", "entry"),
    "REGIME": ("BLOCK_REGIME_RULE", "entry"),
    "CAPITAL": ("BLOCK_INSUFFICIENT_CAPITAL", "allocation"),
    "BELOW_QUALITY": ("BELOW_QUALITY", "quality"),
    "BUDGET": ("EXPLORATION_LIMIT", "budget"),
    "OPEN": ("OPEN", "otherwise"),
}


def handwritten_gate(structs: StructTable, *, correlates: bool) -> Callable[..., tuple[str, str]]:
    """The function over the gate's decoded inputs in the policy's order; gives (outcome, rule)."""
    space: dict[str, Any] = {
        **RESULTS,
        **LIMITS,
        "UNSET": UNSET,
        "corrcoef": np.corrcoef,
        "CORRELATES": correlates,
        "SHORT_ENABLED": False,
        "ALLOW_SHORT": {},
        "FREEZES": frozenset({"FULL_FREEZE", "S3_ALERT_FREEZE", "ERROR_FREEZE"}),
        "MAX_MARGIN": 65.0,
        "MAX_CORRELATION": 0.8,
        "ROTATION": 0.15,
        "LAST": datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
    }
    exec(compile(with_attributes(SOURCE, structs), "<handwritten>", "exec"), space)  # noqa: S102 -- our own text above
    found: Callable[..., tuple[str, str]] = space["gate"]
    return found
