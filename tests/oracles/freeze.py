"""The freeze whitelist in plain Python, from the table of SEEDS.md section 4.

Silent points:
- An unknown operation is named before an unknown freeze type when both are unknown.
- No `type`, or a null one, is no freeze in force; no `freeze` at all is a decision that cannot be made.
- emergency_exit under an unknown freeze type is refused with everything else (SEEDS: an unknown freeze type is
  refused). A real exit never asks: it is decided before the freeze is looked at.
- `cap_daily` and `ramp_hours` are given under a known freeze, whether or not the operation is permitted.
- `operation_of` names an order's operation: an order that only reduces is emergency_exit, a rotation and the opening
  that the journal vouches for are rotations, every other opening is purchases.
"""

from __future__ import annotations

from tests.oracles.book import Facts, Verdict, allowed, blocked, failed, lacking

OPERATIONS = (
    "purchases",
    "sell_to_stables",
    "rotations",
    "hedging",
    "rebalancing",
    "risk_reduction",
    "emergency_exit",
)
PERMITTED: dict[str, tuple[str, ...]] = {
    "FULL_FREEZE": ("emergency_exit",),
    "S3_ALERT_FREEZE": ("sell_to_stables", "rotations", "hedging", "risk_reduction", "emergency_exit"),
    "ERROR_FREEZE": ("sell_to_stables", "risk_reduction", "emergency_exit"),
}
LIMITS = {"FULL_FREEZE": (1.0, 1), "S3_ALERT_FREEZE": (3.0, 6), "ERROR_FREEZE": (5.0, 12)}


def decide_freeze(facts: Facts) -> Verdict:
    """Whether an operation may go on under the freeze in force."""
    cause = lacking(facts, "freeze", "operation")
    if cause:
        return failed(cause)
    freeze, operation = facts["freeze"].get("type"), facts["operation"]
    if operation not in OPERATIONS:
        return blocked("UNKNOWN_OPERATION")
    if freeze is None:
        return allowed("NOT_FROZEN")
    if freeze not in PERMITTED:
        return blocked("UNKNOWN_FREEZE")
    cap, ramp = LIMITS[freeze]
    if operation in PERMITTED[freeze]:
        return allowed("PERMITTED", cap_daily=cap, ramp_hours=ramp)
    return blocked("FROZEN", cap_daily=cap, ramp_hours=ramp)


def operation_of(*, reduces: bool, rotates: bool = False, vouched_for: bool = False) -> str:
    """The operation that an order is."""
    if reduces:
        return "emergency_exit"
    return "rotations" if rotates or vouched_for else "purchases"
