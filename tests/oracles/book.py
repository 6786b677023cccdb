"""What the oracles of the desk share: how a verdict is written, what is held, which facts are absent.

Rules these oracles keep:
- facts are what `json.loads` gives: timestamps RFC 3339 text, lengths of time text such as "90s" or "1h30m";
- a verdict is a dict with `outcome`, `effect` ("allow" or "block") where the decision gates an order, and its outputs;
- an output that has no value is None; a comparison may drop it;
- a fact that must be told and is absent, or a result that is not finite, is BLOCK_POLICY_ERROR and blocks.

Silent points:
- SEEDS names no word for a decision that could not be made: BLOCK_POLICY_ERROR, the word of the entry oracle, is used
  everywhere. Compare the effect.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

Facts = Mapping[str, Any]
Verdict = dict[str, Any]

ALLOW = "allow"
BLOCK = "block"
POLICY_ERROR = "BLOCK_POLICY_ERROR"


def allowed(outcome: str, **outputs: Any) -> Verdict:
    """A verdict that lets the order pass."""
    return {"outcome": outcome, "effect": ALLOW, **outputs}


def blocked(outcome: str, **outputs: Any) -> Verdict:
    """A verdict that stops the order."""
    return {"outcome": outcome, "effect": BLOCK, **outputs}


def failed(cause: str) -> Verdict:
    """A decision that could not be made, which blocks."""
    return blocked(POLICY_ERROR, cause=cause)


def is_error(verdict: Verdict) -> bool:
    """Whether no decision could be made."""
    return bool(verdict["outcome"] == POLICY_ERROR)


def lacking(facts: Facts, *names: str) -> str | None:
    """The first of these facts that is absent or null, as a cause; None when all are there."""
    return next((f"no {name}" for name in names if facts.get(name) is None), None)


def positive(value: float | None) -> bool:
    """Whether a number is there, finite and above zero."""
    return value is not None and math.isfinite(value) and value > 0


def open_entries(portfolio: Facts) -> list[Facts]:
    """Open positions, then pending entries: pending ones count as open."""
    return [*portfolio["positions"], *portfolio["pending"]]


def filled(portfolio: Facts, symbol: str) -> list[Facts]:
    """The filled positions in a symbol; pending entries are not among them."""
    return [position for position in portfolio["positions"] if position["symbol"] == symbol]


def held_side(positions: Sequence[Facts]) -> str:
    """NONE, LONG, SHORT or BOTH."""
    sides = {position["side"] for position in positions}
    if len(sides) > 1:
        return "BOTH"
    return str(next(iter(sides), "NONE"))


def closing_action(side: str) -> str:
    """The word of a signal that closes a position of this side."""
    return "SELL" if side == "LONG" else "BUY"
