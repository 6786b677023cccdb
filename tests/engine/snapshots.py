"""The shapes of a trading snapshot, and one of about 1.3 KB, as tests and benchmarks of the decoder use them."""

from __future__ import annotations

from typing import Any

from rules.types import (
    BOOL,
    TIMESTAMP,
    Default,
    DoubleType,
    DurationType,
    EnumType,
    Field,
    IntType,
    ListType,
    MapType,
    RecordType,
    StringType,
)

SYMBOL = StringType(24, "^[A-Z0-9]{2,12}(/[A-Z0-9]{2,8})?$")
ID = StringType(64)
UNIT = DoubleType(0.0, 1.0)
USD = DoubleType(0.0, 1e9)
LEVERAGE = DoubleType(1.0, 125.0)
PRICE = DoubleType(0.0, 1e9, exclusive_minimum=True)
RETURNS = ListType(DoubleType(-1e9, 1e9), 400)
SIDE = EnumType("Side", ("LONG", "SHORT"))
ACTION = EnumType("Action", ("NEW_TRADE", "EXPAND_POSITION"))
REGIME = EnumType("Regime", ("TREND_STRONG", "TREND_MODERATE", "RANGE", "CHOP", "VOLATILITY_SPIKE", "UNKNOWN"))
FINAL_ACTION = EnumType("FinalAction", ("BUY", "SELL", "CLOSE", "HOLD"), open=True)
SCORE = DoubleType(0.0, 1000.0)

INTENT = RecordType(
    "Intent",
    (
        Field("id", ID, optional=True),
        Field("workspace", ID, optional=True),
        Field("action", ACTION, default=Default("NEW_TRADE")),
        Field("symbol", SYMBOL),
        Field("side", SIDE),
        Field("confidence", UNIT),
        Field("regime", REGIME),
        Field("price", PRICE),
        Field("leverage", LEVERAGE),
        Field("risk_score", UNIT),
        Field("score", SCORE, optional=True),
        Field("returns", RETURNS, optional=True),
    ),
)
POSITION = RecordType(
    "Position",
    (
        Field("id", ID),
        Field("quantity", DoubleType(0.0, 1e12), optional=True),
        Field("symbol", SYMBOL),
        Field("side", SIDE),
        Field("exposure", USD),
        Field("leverage", LEVERAGE),
        Field("confidence", UNIT),
        Field("regime", REGIME),
        Field("adds", IntType(0, 100)),
        Field("score", SCORE, optional=True),
        Field("opened_at", TIMESTAMP, optional=True),
        Field("returns", RETURNS, optional=True),
    ),
)
PORTFOLIO = RecordType(
    "Portfolio",
    (
        Field("equity", DoubleType(-1e9, 1e9)),
        Field("available_capital", USD),
        Field("positions", ListType(POSITION, 64)),
        Field("pending", ListType(POSITION, 64)),
        Field("last_trade_at", TIMESTAMP, nullable=True),
        Field("last_trade_at_by_symbol", MapType(TIMESTAMP, SYMBOL, 256)),
    ),
)
SIGNAL = RecordType(
    "Signal",
    (
        Field("symbol", SYMBOL),
        Field("final_action", FINAL_ACTION),
        Field("is_pilot", BOOL, default=Default(False)),
        Field("age", DurationType(0, 3_600_000_000), default=Default("60s")),
        Field("recent", ListType(BOOL, 16), default=Default([])),
    ),
    ignored=("source",),
)
ENTRY = (Field("now", TIMESTAMP), Field("intent", INTENT), Field("portfolio", PORTFOLIO))
RECORDS = (INTENT, POSITION, PORTFOLIO, SIGNAL)


def position(number: int = 0) -> dict[str, Any]:
    """The JSON of a position; numbers from 0 to 5 give different symbols."""
    return {
        "id": f"p{number}",
        "symbol": ("BTC/USDT", "ETH/USDT", "SOL/USDT", "ADA/USDT", "XRP/USDT", "DOT/USDT")[number],
        "side": "SHORT" if number % 2 else "LONG",
        "exposure": 1000.5 + number,
        "leverage": 3,
        "confidence": 0.71,
        "regime": "RANGE",
        "adds": 1,
        "opened_at": "2026-02-03T10:00:00Z",
    }


def snapshot() -> dict[str, Any]:
    """The JSON of the entry inputs with six positions."""
    return {
        "now": "2026-02-03T12:00:00Z",
        "intent": {
            "id": "i1",
            "action": "NEW_TRADE",
            "symbol": "AVAX/USDT",
            "side": "LONG",
            "confidence": 0.8,
            "regime": "TREND_STRONG",
            "price": 31.5,
            "leverage": 3.0,
            "risk_score": 0.2,
        },
        "portfolio": {
            "equity": 100000.0,
            "available_capital": 55000.0,
            "positions": [position(i) for i in range(6)],
            "pending": [],
            "last_trade_at": "2026-02-03T11:00:00Z",
            "last_trade_at_by_symbol": {"BTC/USDT": "2026-02-03T10:00:00Z", "ETH/USDT": "2026-02-03T11:00:00Z"},
        },
    }
