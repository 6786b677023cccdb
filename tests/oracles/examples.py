"""The facts of the source documents' worked examples, for the tests of the oracles."""

from __future__ import annotations

from typing import Any

from tests.oracles import series

UNIVERSE = {"symbols": ["BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "ADAUSDT", "XRPUSDT", "DOTUSDT"]}
STRONG = {"trend_strength": 0.80, "atr_pct": 1.5, "momentum_consistency": 0.7}
MODERATE = {"trend_strength": 0.50, "atr_pct": 1.5, "momentum_consistency": 0.5}
QUIET = series.independent()


def position(symbol: str, score: float, at: int = 0, **more: Any) -> dict[str, Any]:
    """A filled long position that correlates with nothing."""
    entry = {"id": f"p-{symbol}", "symbol": symbol, "side": "LONG", "exposure": 100.0, "leverage": 1.0}
    entry |= {"confidence": 0.8, "regime": "RANGE", "adds": 0, "score": score, "quantity": 0.0125}
    return entry | {"returns": QUIET[at]} | more


def portfolio(*positions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A desk of 10 000 USD that has not traded yet."""
    found: dict[str, Any] = {
        "equity": 10_000.0,
        "available_capital": 4500.0,
        "positions": list(positions),
        "pending": [],
    }
    return found | {"last_trade_at": None, "last_trade_at_by_symbol": {}} | more


def intent(symbol: str, score: float | None = 73.0, **more: Any) -> dict[str, Any]:
    """A long 10x candidate."""
    found = {"symbol": symbol, "side": "LONG", "confidence": 0.85, "regime": "TREND_STRONG", "price": 50_000.0}
    found |= {"leverage": 10.0, "risk_score": 1.0, "action": "NEW_TRADE", "returns": QUIET[9], "score": score}
    return found | more


def signal(action: str, **more: Any) -> dict[str, Any]:
    """A signal that just meets the normal band."""
    found = {"symbol": "BTC/USDT", "final_action": action, "score": 0.65, "risk_reward_ratio": 1.3}
    return found | {"quantity": 0.0125, "notional": 1250.0} | more
