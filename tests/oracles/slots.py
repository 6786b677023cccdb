"""Slots and rotation in plain Python, from SEEDS.md section 5.

A `kind` names the cause: takes_no_slot, not_held, slots_off, free, over_by_n, nothing_to_close, no_score,
position_without_score, not_better, rotate.

Silent points:
- The size of the universe counts each symbol once; an absent universe has size 0, so that nothing new opens.
- EXPAND_POSITION of a symbol that is not held is BLOCKED_SLOTS_FULL (no other word fits), also with slots switched off:
  the switch removes slots and rotation, not this. Held means open or pending, as in section 1.
- NEW_TRADE in a symbol that is held takes a slot of its own, and may rotate its own symbol's weaker position.
- Open is a number of entries, not of symbols.
- A free slot asks for no score; scores matter to rotation only.
- An unfilled entry cannot be closed (section 2), so the weakest is sought among filled positions only; all pending is
  nothing_to_close. Pending entries need no score.
- One filled position without a score above 0 is enough to refuse a rotation: the weakest cannot be told.
- Causes are tried in the order over_by_n, nothing_to_close, no_score, position_without_score, not_better.
- Ties: same score, then the oldest; a position of unknown age comes after those of known age; then the symbol, then the
  order of the list. `closes` is the position's id (a symbol may be held twice), `weakest` its symbol.
- `available` is never below 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tests.oracles.book import Facts, Verdict, allowed, blocked, failed, lacking, open_entries, positive
from tests.oracles.entry import microseconds

SLOTS_FULL = "BLOCKED_SLOTS_FULL"
ROTATION = "ROTATION_TRIGGERED"
UNKNOWN_AGE = math.inf


@dataclass(frozen=True)
class SlotParameters:
    """The hard cap, the switch, and by how much a newcomer must be better."""

    enable_active_slots: bool = True
    rotation_threshold: float = 0.15
    hard_cap: int = 10


SLOT_DEFAULTS = SlotParameters()


def decide_slots(facts: Facts, parameters: SlotParameters = SLOT_DEFAULTS) -> Verdict:
    """Whether there is a slot, and if not, whose may be taken."""
    p, cause = parameters, lacking(facts, "intent", "portfolio", "regime_slots")
    if cause:
        return failed(cause)
    intent, entries = facts["intent"], open_entries(facts["portfolio"])
    desired = min(facts["regime_slots"], p.hard_cap, universe_size(facts.get("universe")))
    count = {"desired": desired, "open": len(entries), "available": max(0, desired - len(entries))}
    if intent.get("action", "NEW_TRADE") == "EXPAND_POSITION":
        if all(entry["symbol"] != intent["symbol"] for entry in entries):
            return blocked(SLOTS_FULL, kind="not_held", **count)
        return allowed("ALLOW", kind="takes_no_slot", **count)
    if not p.enable_active_slots:
        return allowed("ALLOW", kind="slots_off", **count)
    if len(entries) < desired:
        return allowed("ALLOW", kind="free", **count)
    if len(entries) > desired:
        return blocked(SLOTS_FULL, kind="over_by_n", over_by=len(entries) - desired, **count)
    return _rotation(intent, facts["portfolio"]["positions"], p, count)


def universe_size(universe: Facts | None) -> int:
    """How many different symbols may be traded."""
    symbols = symbols_of(universe)
    return len(set(symbols or ()))


def symbols_of(universe: Facts | None) -> list[str] | None:
    """The universe when it is a list of texts with something in it, else None."""
    symbols = (universe or {}).get("symbols")
    valid = isinstance(symbols, list) and bool(symbols) and all(isinstance(one, str) for one in symbols)
    return symbols if valid else None


def weakest_of(positions: list[Facts]) -> Facts:
    """The lowest score; ties: the oldest, then the symbol."""
    return min(positions, key=lambda one: (one["score"], _opened(one), one["symbol"]))


def _opened(position: Facts) -> float:
    opened = position.get("opened_at")
    return UNKNOWN_AGE if opened is None else microseconds(opened)


def _rotation(intent: Facts, positions: list[Facts], p: SlotParameters, count: dict[str, int]) -> Verdict:
    if not positions:
        return blocked(SLOTS_FULL, kind="nothing_to_close", **count)
    if not positive(intent.get("score")):
        return blocked(SLOTS_FULL, kind="no_score", **count)
    if not all(positive(position.get("score")) for position in positions):
        return blocked(SLOTS_FULL, kind="position_without_score", **count)
    weakest = weakest_of(positions)
    improvement = (intent["score"] - weakest["score"]) / weakest["score"]
    if not math.isfinite(improvement):
        return failed("improvement is not finite")
    told = {"weakest": weakest["symbol"], "weakest_score": weakest["score"], "improvement": improvement}
    if improvement > p.rotation_threshold:
        return blocked(ROTATION, kind="rotate", closes=weakest["id"], **told, **count)
    return blocked(SLOTS_FULL, kind="not_better", **told, **count)
