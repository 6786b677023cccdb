"""The execution router in plain Python, from SEEDS.md section 2.

Order of judgement: route, shorting, quality, budget. Exits meet only the first.

Silent points:
- HOLD and an unknown action are judged before what is held: their reasons are hold and unknown_action also when the
  symbol is held both ways.
- `is_risk` replaces the intent `exit` and nothing else, as SEEDS has it: a stop's SELL with nothing held is judged as
  an entry like any other SELL.
- Every SKIP has intent normal, exploration_limit too. Its log line keeps the intent that was asked for.
- An entry without a score, or without a risk-reward ratio where its band asks for one, is below_quality.
- Need is the signal's `notional`; without one, or without `exploration`, a pilot or explore entry is exploration_limit.
- Both tests hold for explore: money, and `forced_used + 1 <= forced_limit`. A pilot is no forced entry.
- `max_quantity` is the sum of the held quantities, left to right; None when one of them is not told. The exit goes on.
- A filled position of quantity 0, or of unknown quantity, is held.
- Metadata is written for a SKIP as well, with its intent; `is_exploration`, `is_pilot` and `is_normal` follow the order
  intent, not the signal's flags (an exit is none of the three).
- `reserve` is {amount, forced}; only approved pilot and explore orders carry one.
- A POSITION_SIZE line is written when a quantity is known, for an exit the held one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.oracles.book import ALLOW, BLOCK, Facts, Verdict, closing_action, failed, filled, held_side, lacking

ENTRIES = {
    ("BUY", "NONE"): ("BUY", "open_long"),
    ("BUY", "LONG"): ("BUY", "add_long"),
    ("SELL", "NONE"): ("SELL", "open_short"),
    ("SELL", "SHORT"): ("SELL", "add_short"),
}
ENTRY_INTENTS = ("normal", "pilot", "explore")
BUDGETED = ("pilot", "explore")


@dataclass(frozen=True)
class RouterParameters:
    """Who may be shorted, and the quality bands."""

    short_enabled: bool = False
    allow_short: Mapping[str, bool] = field(default_factory=dict)
    normal_score: float = 0.65
    normal_rr: float = 1.3
    pilot_score: float = 0.55
    pilot_rr: float = 1.15
    explore_score: float = 0.30


ROUTER_DEFAULTS = RouterParameters()


def decide_route(facts: Facts, parameters: RouterParameters = ROUTER_DEFAULTS) -> Verdict:
    """What becomes of a signal: a side, an order intent and the reason."""
    p, cause = parameters, lacking(facts, "signal", "portfolio")
    if cause:
        return failed(cause)
    signal, positions = facts["signal"], filled(facts["portfolio"], facts["signal"]["symbol"])
    side, intent, reason = route(signal, held_side(positions), p)
    if intent in ("exit", "risk"):
        bound = {"reduce_only": True, "max_quantity": held_quantity(positions)}
        return _routed(signal, side, intent, reason) | bound
    if side == "SKIP":
        return _routed(signal, side, intent, reason)
    if not meets_quality(signal, intent, p):
        return _routed(signal, "SKIP", "normal", "below_quality")
    need = signal.get("notional")
    if not within_budget(intent, need, facts.get("exploration")):
        return _routed(signal, "SKIP", "normal", "exploration_limit")
    found = _routed(signal, side, intent, reason)
    return found | {"reserve": reserve(intent, need)} if intent in BUDGETED else found


def route(signal: Facts, held: str, p: RouterParameters) -> tuple[str, str, str]:
    """Side, order intent and reason from the table, shorting judged."""
    action, symbol = signal["final_action"], signal["symbol"]
    if action == "HOLD":
        return "SKIP", "normal", "hold"
    if action not in ("BUY", "SELL", "CLOSE"):
        return "SKIP", "normal", "unknown_action"
    if held == "BOTH":
        return "SKIP", "normal", "held_both_ways"
    if action == "CLOSE" and held == "NONE":
        return "SKIP", "normal", "nothing_to_close"
    if is_exit(action, held):
        return closing_action(held), "risk" if signal.get("is_risk") else "exit", f"close_{held.lower()}"
    side, reason = ENTRIES[(action, held)]
    if side == "SELL" and not shorting_allowed(symbol, p):
        return "SKIP", "normal", "shorting_disabled"
    return side, entry_intent(signal), reason


def is_exit(action: str, held: str) -> bool:
    """Whether this action on a symbol held on exactly one side only reduces it."""
    return held in ("LONG", "SHORT") and action in ("CLOSE", closing_action(held))


def shorting_allowed(symbol: str, p: RouterParameters) -> bool:
    """Both the desk and the symbol must allow it; an unlisted symbol does not."""
    return p.short_enabled and bool(p.allow_short.get(symbol, False))


def entry_intent(signal: Facts) -> str:
    """Explore, else pilot, else normal."""
    if signal.get("is_exploration"):
        return "explore"
    return "pilot" if signal.get("is_pilot") else "normal"


def meets_quality(signal: Facts, intent: str, p: RouterParameters) -> bool:
    """Whether an entry meets the band of its own intent."""
    score, ratio = signal.get("score"), signal.get("risk_reward_ratio")
    if score is None:
        return False
    if intent == "explore":
        return bool(score >= p.explore_score)
    least_score, least_ratio = (p.pilot_score, p.pilot_rr) if intent == "pilot" else (p.normal_score, p.normal_rr)
    return bool(score >= least_score and ratio is not None and ratio >= least_ratio)


def within_budget(intent: str, need: float | None, exploration: Facts | None) -> bool:
    """Whether the day's exploration budget can pay for this order; normal orders never look."""
    if intent not in BUDGETED:
        return True
    if need is None or exploration is None:
        return False
    if exploration["used"] + need > exploration["limit"]:
        return False
    return intent == "pilot" or bool(exploration["forced_used"] + 1 <= exploration["forced_limit"])


def reserve(intent: str, need: float | None) -> Verdict:
    """What an approved order takes from the budget."""
    return {"amount": need, "forced": 1 if intent == "explore" else 0}


def held_quantity(positions: Sequence[Facts]) -> float | None:
    """The bound of an exit."""
    total = 0.0
    for position in positions:
        if position.get("quantity") is None:
            return None
        total += position["quantity"]
    return total


def metadata(signal: Facts, intent: str) -> Verdict:
    """What every order is tagged with; what the signal did not say is None."""
    return {
        "strategy": signal.get("strategy"),
        "order_intent": intent,
        "is_exploration": intent == "explore",
        "is_pilot": intent == "pilot",
        "is_normal": intent == "normal",
        "signal_score": signal.get("score"),
        "confidence": signal.get("confidence"),
        "stop_loss": signal.get("stop_loss"),
        "take_profit": signal.get("take_profit"),
        "risk_reward_ratio": signal.get("risk_reward_ratio"),
    }


def _routed(signal: Facts, side: str, intent: str, reason: str) -> Verdict:
    skipped = side == "SKIP"
    return {
        "outcome": "SKIPPED" if skipped else "ROUTED",
        "effect": BLOCK if skipped else ALLOW,
        "side": side,
        "order_intent": intent,
        "route_reason": reason,
        "metadata": metadata(signal, intent),
        "reserve": None,
        "reduce_only": False,
        "max_quantity": None,
    }


def log_lines(signal: Facts, verdict: Verdict) -> list[str]:
    """The lines of the seed for one routed signal."""
    side, intent, reason = verdict["side"], verdict["order_intent"], verdict["route_reason"]
    action, symbol = signal["final_action"], signal["symbol"]
    lines = [f"ACTION_ROUTE: {action} → {side} (intent={intent}, reason={reason})"]
    if side == "SKIP":
        asked = {"explore": "EXPLORATION ", "pilot": "PILOT ", "normal": ""}[entry_intent(signal)]
        prefix = asked if reason == "exploration_limit" else ""
        return [*lines, f"SKIP {prefix}{symbol} {action} reason={reason}"]
    if verdict["reduce_only"]:
        quantity, notional = verdict["max_quantity"], ""
    else:
        quantity = signal.get("quantity")
        notional = "" if signal.get("notional") is None else f" notional=${signal['notional']:,.2f}"
    if quantity is not None:
        lines.append(f"POSITION_SIZE: {symbol} {side.lower()} qty={quantity:.6f}{notional} (order_intent={intent})")
    return lines
