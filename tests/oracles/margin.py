"""The margin cap and the headroom it leaves, in plain Python, from SEEDS.md section 5.

A `kind` names the cause: no_equity, over_cap, within_cap.

Silent points:
- `size_usd` is `exposure`, capital; pending entries count, since they count as open.
- Products are taken entry by entry and added left to right from 0.0: `sum(exposure * leverage) / equity * 100`.
- `cap% * equity/100` is read left to right: `cap * equity / 100`.
- Headroom may be negative or zero; whoever caps with it then has nothing to allocate.
- EXPAND_POSITION meets the same cap. Usage is None without equity above 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tests.oracles.book import Facts, Verdict, allowed, blocked, failed, lacking, open_entries

MARGIN = "BLOCKED_MARGIN"


@dataclass(frozen=True)
class MarginParameters:
    """The cap on notional as a share of equity."""

    max_margin_pct: float = 65.0


MARGIN_DEFAULTS = MarginParameters()


def decide_margin(facts: Facts, parameters: MarginParameters = MARGIN_DEFAULTS) -> Verdict:
    """Whether the notional already open leaves room under the cap."""
    cause = lacking(facts, "intent", "portfolio") or lacking(facts.get("portfolio") or {}, "equity")
    if cause:
        return failed(cause)
    equity, cap = float(facts["portfolio"]["equity"]), parameters.max_margin_pct
    used = used_notional(facts["portfolio"])
    if equity <= 0:
        return blocked(MARGIN, kind="no_equity", used=used, usage_pct=None, headroom=None)
    usage = used / equity * 100
    room = headroom(equity, used, facts["intent"]["leverage"], cap)
    if not math.isfinite(usage) or not math.isfinite(room):
        return failed("margin usage is not finite")
    if usage >= cap:
        return blocked(MARGIN, kind="over_cap", used=used, usage_pct=usage, headroom=room)
    return allowed("ALLOW", kind="within_cap", used=used, usage_pct=usage, headroom=room)


def used_notional(portfolio: Facts) -> float:
    """Capital x leverage of all that is open or pending, added left to right."""
    used = 0.0
    for entry in open_entries(portfolio):
        used += float(entry["exposure"]) * float(entry["leverage"])
    return used


def headroom(equity: float, used: float, leverage: float, cap_pct: float) -> float:
    """The capital that may still be committed at this leverage before the cap is reached."""
    return (cap_pct * equity / 100 - used) / leverage
