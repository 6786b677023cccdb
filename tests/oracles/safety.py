"""The safety validator in plain Python, from SEEDS.md section 4.

Finding ids: quantity, price, symbol, venue, order-size, day-volume.

Silent points:
- A limit is broken strictly above it; its warning is strictly above 80% of it and not when the error is there already.
- The size is `quantity * price` as given; a negative size breaks no limit, its quantity or price is an error anyway.
- STRICT refuses on errors too, not on warnings only.
- The score is not below 0.
- A size that is not finite although quantity and price are is an exception in both limits; a quantity or price that is
  not finite is an error of its own and makes the limits exceptions too.
- Every check runs, whatever the others found; findings come in the order of the ids above.
- An order of side SKIP is judged like any other.
- A level that is none of the three refuses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tests.oracles.book import Facts, Verdict, allowed, blocked, failed, lacking

LEVELS = ("STRICT", "MODERATE", "PERMISSIVE")
COST = {"error": 30, "warning": 10, "exception": 20}


@dataclass(frozen=True)
class SafetyParameters:
    """Limits in USD and where their warnings start."""

    max_day: float = 10_000.0
    max_order: float = 1_000.0
    warning_share: float = 0.8
    least_score: int = 80


SAFETY_DEFAULTS = SafetyParameters()


def decide_safety(facts: Facts, parameters: SafetyParameters = SAFETY_DEFAULTS) -> Verdict:
    """What the checks found, the score, and whether the level accepts it."""
    p, cause = parameters, lacking(facts, "order", "day", "level", "venue")
    if cause or facts["level"] not in LEVELS:
        return failed(cause or "unknown level")
    found = findings(facts, p)
    tally = {severity: sum(1 for one in found if one["severity"] == severity) for severity in COST}
    score = max(0, 100 - sum(COST[severity] * count for severity, count in tally.items()))
    refused = bool(tally["exception"] or tally["error"])
    refused |= facts["level"] == "STRICT" and tally["warning"] > 0
    refused |= facts["level"] == "MODERATE" and score < p.least_score
    told = {"score": score, "findings": found}
    return blocked("REFUSED", **told) if refused else allowed("ACCEPTED", **told)


def findings(facts: Facts, p: SafetyParameters) -> list[Verdict]:
    """All that the checks have to say, in their order."""
    order, venue = facts["order"], facts["venue"]
    quantity, price = order["quantity"], order["price"]
    size = quantity * price
    severities = (
        ("quantity", None if math.isfinite(quantity) and quantity > 0 else "error"),
        ("price", None if math.isfinite(price) and price > 0 else "error"),
        ("symbol", None if order["symbol"] in venue["known_symbols"] else "error"),
        ("venue", None if venue["testnet"] or venue.get("live_armed", False) else "error"),
        ("order-size", _against(size, p.max_order, p)),
        ("day-volume", _against(facts["day"]["volume"] + size, p.max_day, p)),
    )
    return [{"id": name, "severity": severity} for name, severity in severities if severity]


def _against(value: float, limit: float, p: SafetyParameters) -> str | None:
    if not math.isfinite(value):
        return "exception"
    if value > limit:
        return "error"
    return "warning" if value > p.warning_share * limit else None
