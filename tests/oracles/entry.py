"""The entry decision and its allocation in plain Python, from SEEDS.md section 1, so that the
product's policies have something written independently of them to agree with.

Rules this module keeps:
- a snapshot is what `json.loads` gives: timestamps are RFC 3339 text, durations seconds;
- the book is `positions` followed by `pending`; sums run left to right from 0.0, never `sum()`;
- products are multiplied in the order SEEDS writes them; timestamps are whole microseconds;
- a required fact that is absent, or a result that is not finite, is BLOCK_POLICY_ERROR.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Facts = Mapping[str, Any]

ALLOW_NEW_ENTRY = "ALLOW_NEW_ENTRY"
ALLOW_SCALE_IN = "ALLOW_SCALE_IN"
ALLOCATED = "ALLOCATED"
BLOCK_INSUFFICIENT_CAPITAL = "BLOCK_INSUFFICIENT_CAPITAL"
BLOCK_POLICY_ERROR = "BLOCK_POLICY_ERROR"

BLOCKS: Mapping[str, str] = {
    "confidence": "BLOCK_LOW_CONFIDENCE",
    "global-cooldown": "BLOCK_COOLDOWN",
    "symbol-cooldown": "BLOCK_COOLDOWN",
    "positions-total": "BLOCK_MAX_POSITIONS",
    "exposure-total": "BLOCK_MAX_EXPOSURE",
    "already-held": "BLOCK_EXISTING_POSITION",
    "scale-in-refused": "BLOCK_SCALE_IN_RULE",
    "exposure-symbol": "BLOCK_MAX_EXPOSURE",
    "positions-symbol": "BLOCK_MAX_POSITIONS",
    "regime": "BLOCK_REGIME_RULE",
}

REQUIRED_OF_INTENT = ("symbol", "side", "confidence", "regime", "price", "leverage", "risk_score")
REQUIRED_OF_POSITION = (
    "id",
    "symbol",
    "side",
    "exposure",
    "leverage",
    "confidence",
    "regime",
    "adds",
)
REQUIRED_OF_PORTFOLIO = (
    "equity",
    "available_capital",
    "positions",
    "pending",
    "last_trade_at_by_symbol",
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class EntryParameters:
    """Thresholds of entry and allocation; money in USD, cooldowns in whole seconds."""

    max_positions_total: int = 10
    max_per_symbol: int = 3
    max_per_regime: int = 5
    max_exposure_total: float = 5000.0
    max_exposure_per_symbol: float = 1000.0
    allow_scale_in: bool = True
    scale_in_max: int = 2
    scale_in_conf_delta: float = 0.05
    cooldown_symbol: int = 300
    cooldown_global: int = 60
    min_confidence: float = 0.7
    share: float = 0.20
    base: float = 0.70
    slope: float = 0.30
    min_trade: float = 10.0


DEFAULTS = EntryParameters()


@dataclass(frozen=True)
class EntryVerdict:
    """An outcome and the SEEDS rule that gave it; `rule` is None only for a policy error."""

    outcome: str
    rule: str | None


@dataclass(frozen=True)
class AllocationVerdict:
    """An outcome and, when it is ALLOCATED, capital, capital x leverage, and units to buy."""

    outcome: str
    allocation: float | None = None
    notional: float | None = None
    quantity: float | None = None


ENTRY_ERROR = EntryVerdict(BLOCK_POLICY_ERROR, None)
ALLOCATION_ERROR = AllocationVerdict(BLOCK_POLICY_ERROR)


def decide_entry(snapshot: Facts, parameters: EntryParameters | None = None) -> EntryVerdict:
    """The nine ordered steps; a scale-in that passes step 6 still meets steps 7 to 9."""
    return _decide_entry(snapshot, parameters or DEFAULTS, scale_in_ends_at_step_6=False)


def decide_entry_0_9_0(snapshot: Facts, parameters: EntryParameters | None = None) -> EntryVerdict:
    """The seed's literal order: a scale-in that passes step 6 is allowed before steps 7 to 9."""
    return _decide_entry(snapshot, parameters or DEFAULTS, scale_in_ends_at_step_6=True)


def decide_allocation(
    snapshot: Facts,
    parameters: EntryParameters | None = None,
    *,
    headroom: float = math.inf,
) -> AllocationVerdict:
    """The capped size; below `min_trade` it is refused, never raised. `now` plays no part.

    In the gate the margin headroom is the last of the caps.
    """
    p = parameters or DEFAULTS
    if _lacks_a_fact(snapshot):
        return ALLOCATION_ERROR
    wanted = _wanted(snapshot, p) * float(snapshot.get("size_multiplier", 1.0))
    capped = min(_capped(wanted, snapshot, p), headroom)
    if not math.isfinite(capped):
        return ALLOCATION_ERROR
    if capped < p.min_trade:
        return AllocationVerdict(BLOCK_INSUFFICIENT_CAPITAL)
    return _allocated(capped, snapshot)


def decide_allocation_0_9_0(
    snapshot: Facts,
    parameters: EntryParameters | None = None,
) -> AllocationVerdict:
    """The seed's literal formula: raised to `min_trade` after the caps, so no size is refused.

    The seed knows no governor; the overlay still obeys one, as `docs/decisions.md` says.
    """
    p = parameters or DEFAULTS
    if _lacks_a_fact(snapshot):
        return ALLOCATION_ERROR
    wanted = _wanted(snapshot, p) * float(snapshot.get("size_multiplier", 1.0))
    capped = _capped(wanted, snapshot, p)
    if not math.isfinite(capped):
        return ALLOCATION_ERROR
    return _allocated(max(capped, p.min_trade), snapshot)


def microseconds(timestamp: str) -> int:
    """RFC 3339 text as whole microseconds since 1970, exactly."""
    return (datetime.fromisoformat(timestamp) - EPOCH) // MICROSECOND


def book_of(snapshot: Facts) -> list[Facts]:
    """Open positions, then pending entries: both count everywhere."""
    portfolio = snapshot["portfolio"]
    return [*portfolio["positions"], *portfolio["pending"]]


def exposure_of(entries: Sequence[Facts]) -> float:
    """Capital committed, added left to right."""
    total = 0.0
    for entry in entries:
        total += float(entry["exposure"])
    return total


def _decide_entry(
    snapshot: Facts,
    p: EntryParameters,
    *,
    scale_in_ends_at_step_6: bool,
) -> EntryVerdict:
    if snapshot.get("now") is None or _lacks_a_fact(snapshot):
        return ENTRY_ERROR
    intent = snapshot["intent"]
    book = book_of(snapshot)
    same_symbol = [entry for entry in book if entry["symbol"] == intent["symbol"]]
    same_regime = [entry for entry in book if entry["regime"] == intent["regime"]]

    last_at, now = snapshot["portfolio"]["last_trade_at"], microseconds(snapshot["now"])
    last_of_symbol = snapshot["portfolio"]["last_trade_at_by_symbol"].get(intent["symbol"])

    to_step_6 = (
        ("confidence", float(intent["confidence"]) < p.min_confidence),
        ("global-cooldown", _is_cooling(now, last_at, p.cooldown_global)),
        ("symbol-cooldown", _is_cooling(now, last_of_symbol, p.cooldown_symbol)),
        ("positions-total", len(book) >= p.max_positions_total),
        ("exposure-total", exposure_of(book) >= p.max_exposure_total),
        ("already-held", bool(same_symbol) and not p.allow_scale_in),
        ("scale-in-refused", bool(same_symbol) and _refuses_scale_in(intent, same_symbol, p)),
    )
    from_step_7 = (
        ("exposure-symbol", exposure_of(same_symbol) >= p.max_exposure_per_symbol),
        ("positions-symbol", len(same_symbol) >= p.max_per_symbol),
        ("regime", len(same_regime) >= p.max_per_regime),
    )
    skips_the_rest = scale_in_ends_at_step_6 and bool(same_symbol)
    for rule, applies in to_step_6 if skips_the_rest else to_step_6 + from_step_7:
        if applies:
            return EntryVerdict(BLOCKS[rule], rule)
    if same_symbol:
        return EntryVerdict(ALLOW_SCALE_IN, "scale-in")
    return EntryVerdict(ALLOW_NEW_ENTRY, "otherwise")


def _is_cooling(now: int, last: str | None, cooldown_seconds: int) -> bool:
    if last is None:
        return False
    return now - microseconds(last) < cooldown_seconds * 1_000_000


def _refuses_scale_in(intent: Facts, held: list[Facts], p: EntryParameters) -> bool:
    held_confidence = max(float(entry["confidence"]) for entry in held)
    adds = 0
    for entry in held:
        adds += int(entry["adds"])
    return (
        any(entry["side"] != intent["side"] for entry in held)
        or float(intent["confidence"]) <= held_confidence + p.scale_in_conf_delta
        or adds >= p.scale_in_max
        or exposure_of(held) >= p.max_exposure_per_symbol
    )


def _wanted(snapshot: Facts, p: EntryParameters) -> float:
    """The size before multiplier and caps."""
    intent = snapshot["intent"]
    base = float(snapshot["portfolio"]["available_capital"]) * p.share
    conf_mult = p.base + p.slope * float(intent["confidence"])
    return base * conf_mult * float(intent["risk_score"])


def _capped(wanted: float, snapshot: Facts, p: EntryParameters) -> float:
    """`wanted` within the room left for the symbol and in all; rooms may be negative."""
    book = book_of(snapshot)
    symbol = snapshot["intent"]["symbol"]
    same_symbol = [entry for entry in book if entry["symbol"] == symbol]
    symbol_room = p.max_exposure_per_symbol - exposure_of(same_symbol)
    total_room = p.max_exposure_total - exposure_of(book)
    steps = (wanted, symbol_room, total_room)
    if not all(math.isfinite(step) for step in steps):
        return math.nan
    return min(steps)


def _allocated(allocation: float, snapshot: Facts) -> AllocationVerdict:
    intent = snapshot["intent"]
    notional = allocation * float(intent["leverage"])
    quantity = notional / float(intent["price"])
    if not (math.isfinite(notional) and math.isfinite(quantity)):
        return ALLOCATION_ERROR
    return AllocationVerdict(ALLOCATED, allocation, notional, quantity)


def _lacks_a_fact(snapshot: Facts) -> bool:
    """Whether something entry or allocation must be told is absent (`now` apart)."""
    intent, portfolio = snapshot.get("intent"), snapshot.get("portfolio")
    if intent is None or portfolio is None:
        return True
    if "size_multiplier" in snapshot and snapshot["size_multiplier"] is None:
        return True
    if "last_trade_at" not in portfolio:  # null is a statement, silence is not
        return True
    if any(intent.get(name) is None for name in REQUIRED_OF_INTENT):
        return True
    if any(portfolio.get(name) is None for name in REQUIRED_OF_PORTFOLIO):
        return True
    required = REQUIRED_OF_POSITION
    return any(entry.get(name) is None for entry in book_of(snapshot) for name in required)
