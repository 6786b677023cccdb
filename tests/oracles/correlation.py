"""Correlation of a candidate with the book, in plain Python, from SEEDS.md section 5.

A `kind` names the cause: nothing_to_compare, correlated, cannot_be_computed, within_cap.

Silent points:
- Series are aligned at their end: the last `n` of each, n the shortest of both and 100.
- Pearson is `cov / (sqrt(var_a) * sqrt(var_b))` with means and sums taken left to right, held within -1..1. A different
  order of the same arithmetic may move the last digits: compare with a tolerance, and no case sits closer to the cap.
- A series that is the same number throughout, or whose variance comes out as 0, cannot be correlated: it counts as no
  returns. The first test matters: rounding of the mean gives a constant series a variance that is not quite 0.
- An empty book (nothing left after the exclusions) has nothing to compare with: allowed, with or without returns.
- Pending entries are compared like positions. A NEW_TRADE is compared with positions in its own symbol too.
- One pair that cannot be computed blocks, whatever the others say. With `missing_blocks` off it is passed over.
- When one pair is too high and another cannot be computed, the kind is `correlated`.
- SIDE_AWARE negates whenever the two sides differ, both ways round.
- `excluding` is a position id; EXPAND_POSITION leaves out every entry of its own symbol.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tests.oracles.book import Facts, Verdict, allowed, blocked, failed, lacking, open_entries

CORRELATION = "BLOCKED_CORRELATION"


@dataclass(frozen=True)
class CorrelationParameters:
    """The cap, the sign rule, and what is enough to compute with."""

    max_correlation: float = 0.80
    sign: str = "SIGNED"
    window: int = 100
    min_points: int = 20
    missing_blocks: bool = True


CORRELATION_DEFAULTS = CorrelationParameters()


def decide_correlation(facts: Facts, parameters: CorrelationParameters = CORRELATION_DEFAULTS) -> Verdict:
    """Whether the candidate moves too much like something that is open."""
    p, cause = parameters, lacking(facts, "intent", "portfolio")
    if cause:
        return failed(cause)
    intent = facts["intent"]
    entries = compared(intent, facts["portfolio"], facts.get("excluding"))
    if not entries:
        return allowed("ALLOW", kind="nothing_to_compare", max_correlation=None, against=None)
    largest, against, unknown = None, None, False
    for entry in entries:
        found = pearson(intent.get("returns") or (), entry.get("returns") or (), p.window, p.min_points)
        if found is None:
            unknown = True
            continue
        counted = signed(found, p.sign, same_side=intent["side"] == entry["side"])
        if largest is None or counted > largest:
            largest, against = counted, entry["symbol"]
    told = {"max_correlation": largest, "against": against}
    if largest is not None and largest > p.max_correlation:
        return blocked(CORRELATION, kind="correlated", **told)
    if unknown and p.missing_blocks:
        return blocked(CORRELATION, kind="cannot_be_computed", **told)
    return allowed("ALLOW", kind="within_cap", **told)


def compared(intent: Facts, portfolio: Facts, excluding: str | None) -> list[Facts]:
    """The entries a candidate is compared with."""
    own = intent["symbol"] if intent.get("action", "NEW_TRADE") == "EXPAND_POSITION" else None
    filled = [one for one in portfolio["positions"] if excluding is None or one["id"] != excluding]
    kept = open_entries({"positions": filled, "pending": portfolio["pending"]})
    return [one for one in kept if one["symbol"] != own]


def signed(correlation: float, sign: str, *, same_side: bool) -> float:
    """A correlation as the sign rule counts it."""
    if sign == "ABSOLUTE":
        return abs(correlation)
    if sign == "SIDE_AWARE" and not same_side:
        return -correlation
    return correlation


def pearson(a: Sequence[float], b: Sequence[float], window: int, min_points: int) -> float | None:
    """Pearson's correlation of the last aligned points; None when it cannot be computed."""
    n = min(window, len(a), len(b))
    if n < min_points or n == 0:
        return None
    a, b = a[-n:], b[-n:]
    if min(a) == max(a) or min(b) == max(b):
        return None
    mean_a, mean_b = _sum(a) / n, _sum(b) / n
    covariance = variance_a = variance_b = 0.0
    for x, y in zip(a, b, strict=True):
        covariance += (x - mean_a) * (y - mean_b)
        variance_a += (x - mean_a) * (x - mean_a)
        variance_b += (y - mean_b) * (y - mean_b)
    spread = math.sqrt(variance_a) * math.sqrt(variance_b)
    if spread == 0 or not math.isfinite(spread) or not math.isfinite(covariance):
        return None
    return max(-1.0, min(1.0, covariance / spread))


def _sum(values: Sequence[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total
