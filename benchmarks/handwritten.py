"""The entry policy as a careful engineer writes it by hand: one pass over the book, early returns, no framework.

It reads the very objects that the decoder makes. Their attributes have numbers for names, so the text below is
written with field names in `<…>`, which are filled in once, before it is compiled.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from engine.structs import StructTable

SOURCE = """
def entry(now, intent, portfolio):
    confidence = intent.<Intent.confidence>
    if confidence < MIN_CONFIDENCE:
        return LOW_CONFIDENCE
    last = portfolio.<Portfolio.last_trade_at>
    if last is not None and now - last < COOLDOWN_GLOBAL:
        return GLOBAL_COOLDOWN
    symbol = intent.<Intent.symbol>
    last = portfolio.<Portfolio.last_trade_at_by_symbol>.get(symbol)
    if last is not None and now - last < COOLDOWN_SYMBOL:
        return SYMBOL_COOLDOWN
    book = portfolio.<Portfolio.positions> + portfolio.<Portfolio.pending>
    if len(book) >= MAX_POSITIONS:
        return POSITIONS_TOTAL
    side = intent.<Intent.side>
    regime = intent.<Intent.regime>
    total = symbol_exposure = 0.0
    held = adds = in_regime = 0
    held_confidence = 0.0
    other_side = False
    for position in book:
        exposure = position.<Position.exposure>
        total += exposure
        if position.<Position.symbol> == symbol:
            held += 1
            symbol_exposure += exposure
            adds += position.<Position.adds>
            if position.<Position.confidence> > held_confidence:
                held_confidence = position.<Position.confidence>
            if position.<Position.side> != side:
                other_side = True
        if position.<Position.regime> == regime:
            in_regime += 1
    if total >= MAX_EXPOSURE:
        return EXPOSURE_TOTAL
    if held:
        if not ALLOW_SCALE_IN:
            return ALREADY_HELD
        if (
            other_side
            or confidence <= held_confidence + CONFIDENCE_DELTA
            or adds >= SCALE_IN_MAX
            or symbol_exposure >= MAX_SYMBOL_EXPOSURE
        ):
            return SCALE_IN_REFUSED
    if symbol_exposure >= MAX_SYMBOL_EXPOSURE:
        return EXPOSURE_SYMBOL
    if held >= MAX_PER_SYMBOL:
        return POSITIONS_SYMBOL
    if in_regime >= MAX_PER_REGIME:
        return REGIME
    if held:
        return SCALE_IN
    return NEW_ENTRY
"""

RESULTS = {
    "LOW_CONFIDENCE": ("BLOCK_LOW_CONFIDENCE", "confidence"),
    "GLOBAL_COOLDOWN": ("BLOCK_COOLDOWN", "global-cooldown"),
    "SYMBOL_COOLDOWN": ("BLOCK_COOLDOWN", "symbol-cooldown"),
    "POSITIONS_TOTAL": ("BLOCK_MAX_POSITIONS", "positions-total"),
    "EXPOSURE_TOTAL": ("BLOCK_MAX_EXPOSURE", "exposure-total"),
    "ALREADY_HELD": ("BLOCK_EXISTING_POSITION", "already-held"),
    "SCALE_IN_REFUSED": ("BLOCK_SCALE_IN_RULE", "scale-in-refused"),
    "EXPOSURE_SYMBOL": ("BLOCK_MAX_EXPOSURE", "exposure-symbol"),
    "POSITIONS_SYMBOL": ("BLOCK_MAX_POSITIONS", "positions-symbol"),
    "REGIME": ("BLOCK_REGIME_RULE", "regime"),
    "SCALE_IN": ("ALLOW_SCALE_IN", "scale-in"),
    "NEW_ENTRY": ("ALLOW_NEW_ENTRY", "otherwise"),
}
LIMITS = {
    "MIN_CONFIDENCE": 0.7,
    "COOLDOWN_GLOBAL": timedelta(seconds=60),
    "COOLDOWN_SYMBOL": timedelta(seconds=300),
    "MAX_POSITIONS": 10,
    "MAX_EXPOSURE": 5000.0,
    "MAX_SYMBOL_EXPOSURE": 1000.0,
    "MAX_PER_SYMBOL": 3,
    "MAX_PER_REGIME": 5,
    "ALLOW_SCALE_IN": True,
    "SCALE_IN_MAX": 2,
    "CONFIDENCE_DELTA": 0.05,
}


def with_attributes(source: str, structs: StructTable) -> str:
    """A text with the attributes of decoded objects in place of `<Record.field>`."""

    def attribute(match: re.Match[str]) -> str:
        record, field = match.group(1).split(".")
        return structs.attribute(record, field)

    return re.sub(r"<(\w+\.\w+)>", attribute, source)


def handwritten_entry(structs: StructTable) -> Callable[[Any, Any, Any], tuple[str, str]]:
    """The function over decoded `now, intent, portfolio`; gives (outcome, rule)."""
    space: dict[str, Any] = {**RESULTS, **LIMITS}
    exec(compile(with_attributes(SOURCE, structs), "<handwritten>", "exec"), space)  # noqa: S102 -- our own text above
    found: Callable[[Any, Any, Any], tuple[str, str]] = space["entry"]
    return found
