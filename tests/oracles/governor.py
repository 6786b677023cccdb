"""The governor in plain Python: subsystems in priority order, from SEEDS.md section 5.

Subsystems: self_healing (1), risk_manager (2), active_slots (2.5), coordinator (3), balancer (4), amplification (5).

Silent points:
- SEEDS names no words for the governor's own denials: DENIED_SELF_HEALING, DENIED_RISK, DENIED_COORDINATOR,
  DENIED_BALANCER, DENIED_AMPLIFICATION; active slots keep their own outcome. Compare `subsystem`.
- A risk manager that has nothing against the trade gives no multiplier (a 1.0 would make every boost idle); an adviser
  that is given counts with its multiplier, 1.0 when it says none. Nobody gives one: 1.0.
- `size_multiplier` is computed whatever the outcome, from all that gave one, and clamped after the minimum.
- The least advice may be above 1: it then enlarges the size.
- An adviser that is absent advises nothing; `multipliers`, `health` or `risk` absent as a whole cannot be decided.
- ROTATION_TRIGGERED denies at priority 2.5 and names the outcome, and `closes` is given, although a later adviser
  denies too: SEEDS lets the first by priority name the reason.
- When an earlier subsystem denies, `closes` is None: nothing is to be closed for an order that is denied anyway.
"""

from __future__ import annotations

from tests.oracles.active_positions import ACTIVE_DEFAULTS, ActiveParameters, decide_active_positions
from tests.oracles.book import BLOCK, Facts, Verdict, failed, is_error, lacking

ADVISERS = ("coordinator", "balancer", "amplification")
PRIORITY = {
    "self_healing": 1.0,
    "risk_manager": 2.0,
    "active_slots": 2.5,
    "coordinator": 3.0,
    "balancer": 4.0,
    "amplification": 5.0,
}
CAUTION = 0.6


def decide_governor(facts: Facts, parameters: ActiveParameters = ACTIVE_DEFAULTS) -> Verdict:
    """ALLOWED, or the first denial by priority; the least multiplier either way."""
    cause = lacking(facts, "health", "risk", "intent", "portfolio", "multipliers")
    if cause:
        return failed(cause)
    active = decide_active_positions(facts, parameters)
    denials = _denials(facts, active)
    first = denials[0] if denials else None
    outcome = "ALLOWED"
    if first is not None:
        outcome = active["outcome"] if first == "active_slots" else f"DENIED_{_word(first)}"
    return {
        "outcome": outcome,
        "effect": "allow" if first is None else BLOCK,
        "subsystem": first,
        "priority": None if first is None else PRIORITY[first],
        "risk_level": risk_level(facts["risk"]),
        "size_multiplier": size_multiplier(facts),
        "closes": active.get("closes") if first == "active_slots" else None,
        "weakest": active.get("weakest") if first == "active_slots" else None,
        "denials": denials,
        "active": active,
        "cause": active["cause"] if first == "active_slots" and is_error(active) else None,
    }


def risk_level(risk: Facts) -> str:
    """calm, caution or brake, whichever of drawdown and losing streak is worse."""
    drawdown, streak = risk["drawdown_pct"], risk["losing_streak"]
    if drawdown >= 8 or streak >= 8:
        return "brake"
    return "caution" if drawdown >= 5 or streak >= 5 else "calm"


def size_multiplier(facts: Facts) -> float:
    """The least of the multipliers given, within 0..1.5."""
    given = [] if risk_level(facts["risk"]) == "calm" else [CAUTION]
    advice = (facts["multipliers"].get(name) for name in ADVISERS)
    given += [float(one.get("multiplier", 1.0)) for one in advice if one is not None]
    return min(1.5, max(0.0, min(given, default=1.0)))


def _denials(facts: Facts, active: Verdict) -> list[str]:
    """The subsystems that deny, by priority."""
    multipliers = facts["multipliers"]
    denies = {
        "self_healing": not facts["health"]["healthy"],
        "risk_manager": risk_level(facts["risk"]) == "brake",
        "active_slots": active["effect"] == BLOCK,
        **{name: bool((multipliers.get(name) or {}).get("deny", False)) for name in ADVISERS},
    }
    return [name for name, denied in denies.items() if denied]


def _word(subsystem: str) -> str:
    return "RISK" if subsystem == "risk_manager" else subsystem.upper()
