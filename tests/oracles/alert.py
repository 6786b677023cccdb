"""Alert cuts in plain Python, from SEEDS.md section 4: the maximum, held 60 min, recovering 1 pt per 30 min.

Silent points:
- After the hold, one point comes back at the end of each whole 30 minutes: the first 90 minutes after the alert.
- A new cut that is at least the cut still in force replaces it and starts the hold anew; a smaller one changes nothing.
- A cut of 0 is no alert. When nothing is left of a cut the state is None.
- A clock that went back is within the hold.
- The cap is cut down to 3 at most, and a cap below 3 already stays as it is.
"""

from __future__ import annotations

from tests.oracles.book import Facts, Verdict, failed, lacking
from tests.oracles.entry import microseconds

MINUTE = 60_000_000
HOLD = 60 * MINUTE
RECOVERY = 30 * MINUTE
FLOOR = 3.0


def decide_alert(facts: Facts) -> Verdict:
    """The cut in force: {now, signals, state?, cap_daily?} in."""
    cause = lacking(facts, "now", "signals")
    if cause:
        return failed(cause)
    state, now, asked = facts.get("state"), facts["now"], facts["signals"].get("alert_cut") or 0.0
    cut = cut_in_force(state, now)
    if asked > 0 and asked >= cut:
        cut, state = asked, {"cut": asked, "raised_at": now}
    if cut <= 0:
        state = None
    cap = facts.get("cap_daily")
    left = None if cap is None else cut_cap(cap, cut)
    return {"outcome": "ALERT" if cut > 0 else "NO_ALERT", "cut": cut, "cap_daily": left, "state": state}


def cut_in_force(state: Facts | None, now: str) -> float:
    """What is left of the last cut."""
    if state is None:
        return 0.0
    since_hold = microseconds(now) - microseconds(state["raised_at"]) - HOLD
    recovered = max(0, since_hold // RECOVERY)
    return max(0.0, float(state["cut"]) - recovered)


def cut_cap(cap: float, cut: float) -> float:
    """The cap less the cut, not below 3 and never above what it was."""
    return cap if cut <= 0 else min(cap, max(FLOOR, cap - cut))
