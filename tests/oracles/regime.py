"""The market's regime and its slots in plain Python, from the table of SEEDS.md section 5.

Silent points:
- A `market` that is absent as a whole is a market without features: UNKNOWN. So is a feature that is null.
- A missing feature comes before the volatility test, as the table has it, although UNKNOWN gives 4 slots and a spike 3.
- ACTIVE_SLOTS_BASE moves TREND_MODERATE, RANGE and UNKNOWN; ACTIVE_SLOTS_CHOP only CHOP, although the seed names it
  `regime_slots_range_chop` (RANGE has 4 in the table); the spike's slots have a parameter and no override.
- The slots given here are capped at 10 already; the size of the universe caps them in `slots`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.oracles.book import Facts, Verdict

FEATURES = ("trend_strength", "atr_pct", "momentum_consistency")
CONFIDENCE = {
    "VOLATILITY_SPIKE": 0.90,
    "TREND_STRONG": 0.85,
    "TREND_MODERATE": 0.70,
    "CHOP": 0.75,
    "RANGE": 0.65,
    "UNKNOWN": 0.50,
}


@dataclass(frozen=True)
class RegimeParameters:
    """Thresholds of the table, and slots by regime."""

    spike_atr_pct: float = 2.5
    strong_trend: float = 0.75
    strong_momentum: float = 0.6
    moderate_trend: float = 0.45
    chop_trend: float = 0.3
    chop_momentum: float = 0.4
    range_trend: float = 0.4
    slots_base: int = 4
    slots_trend_strong: int = 6
    slots_chop: int = 3
    slots_spike: int = 3
    hard_cap: int = 10


REGIME_DEFAULTS = RegimeParameters()


def decide_regime(facts: Facts, parameters: RegimeParameters = REGIME_DEFAULTS) -> Verdict:
    """The regime, how sure it is, and how many positions it gives room for."""
    regime = regime_of(facts.get("market") or {}, parameters)
    slots = min(_slots(regime, parameters), parameters.hard_cap)
    return {"outcome": regime, "regime": regime, "confidence": CONFIDENCE[regime], "slots": slots}


def regime_of(market: Facts, p: RegimeParameters) -> str:
    """The first row of the table that holds."""
    if any(market.get(name) is None for name in FEATURES):
        return "UNKNOWN"
    trend, momentum = market["trend_strength"], market["momentum_consistency"]
    if market["atr_pct"] > p.spike_atr_pct:
        return "VOLATILITY_SPIKE"
    if trend >= p.strong_trend and momentum >= p.strong_momentum:
        return "TREND_STRONG"
    if trend >= p.moderate_trend:
        return "TREND_MODERATE"
    if trend < p.chop_trend and momentum < p.chop_momentum:
        return "CHOP"
    if trend < p.range_trend:
        return "RANGE"
    return "UNKNOWN"


def _slots(regime: str, p: RegimeParameters) -> int:
    own = {"TREND_STRONG": p.slots_trend_strong, "CHOP": p.slots_chop, "VOLATILITY_SPIKE": p.slots_spike}
    return own.get(regime, p.slots_base)
