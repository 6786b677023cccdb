"""The whole gate that decides whether a position may open, in plain Python, from SEEDS.md sections 1, 2, 4 and 5.

An exit is decided first, from the signal and the filled positions alone. Everything else meets, in this order and the
first that refuses named by `stage`: route, universe, freeze, governor, entry, allocation, quality, budget.

Silent points:
- Shorting is judged within the route, before the universe; quality and budget are the router's, after the allocation.
- The outcome is the refusing stage's own word (SKIPPED for the router's), entry's when the order passes
  (ALLOW_NEW_ENTRY or ALLOW_SCALE_IN), and EXIT for an exit. Compare `stage` and `effect`.
- Every opening is the operation `purchases`; the gate knows no journal, so it triggers no rotation under a freeze.
- The budget's need is the notional that was allocated, not the one the signal asked for: that is what will be ordered.
- Allocation always gets the governor's multiplier; the margin headroom is the last of its caps.
- An opening whose signal and intent name different symbols, or whose side is not the intent's (BUY for LONG, SELL for
  SHORT), is refused at the route with reason intent_mismatch, after the router's own reasons. SEEDS says nothing of it.
- Facts that an exit does not need may be absent for it.
- `closes` is given with ROTATION_TRIGGERED only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.oracles import entry as opening
from tests.oracles.active_positions import ActiveParameters, decide_universe
from tests.oracles.book import BLOCK, Facts, Verdict, allowed, blocked, failed, filled, held_side, lacking
from tests.oracles.entry import EntryParameters
from tests.oracles.freeze import decide_freeze
from tests.oracles.governor import decide_governor
from tests.oracles.margin import headroom, used_notional
from tests.oracles.router import (
    BUDGETED,
    RouterParameters,
    decide_route,
    is_exit,
    meets_quality,
    metadata,
    reserve,
    route,
    within_budget,
)

OPENS = {"BUY": "LONG", "SELL": "SHORT"}


@dataclass(frozen=True)
class GateParameters:
    """The parameters of all that the gate asks."""

    entry: EntryParameters = field(default_factory=EntryParameters)
    router: RouterParameters = field(default_factory=RouterParameters)
    active: ActiveParameters = field(default_factory=ActiveParameters)


GATE_DEFAULTS = GateParameters()


def decide_gate(facts: Facts, parameters: GateParameters = GATE_DEFAULTS) -> Verdict:
    """An exit, an opening with its size, or the first stage that refuses."""
    p, cause = parameters, lacking(facts, "signal", "portfolio")
    if cause:
        return failed(cause) | {"stage": "route"}
    signal = facts["signal"]
    held = held_side(filled(facts["portfolio"], signal["symbol"]))
    if is_exit(signal["final_action"], held):
        return decide_route(facts, p.router) | {"outcome": "EXIT", "stage": "exit"}
    side, order_intent, reason = route(signal, held, p.router)
    if side == "SKIP":
        return _refused("route", "SKIPPED", reason=reason)
    cause = lacking(facts, "intent")
    if cause:
        return failed(cause) | {"stage": "route"}
    if facts["intent"]["symbol"] != signal["symbol"] or facts["intent"]["side"] != OPENS[side]:
        return _refused("route", "SKIPPED", reason="intent_mismatch")
    return _opening(facts, p, {"side": side, "order_intent": order_intent, "route_reason": reason})


def _opening(facts: Facts, p: GateParameters, order: Verdict) -> Verdict:
    governor: Verdict = {}
    for stage in ("universe", "freeze", "governor"):
        if stage == "universe":
            verdict = decide_universe(facts)
        elif stage == "freeze":
            verdict = decide_freeze({"freeze": facts.get("freeze"), "operation": "purchases"})
        else:
            verdict = governor = decide_governor(facts, p.active)
        if verdict["effect"] == BLOCK:
            told = {name: verdict[name] for name in ("subsystem", "closes", "check") if name in verdict}
            return _refused(stage, verdict["outcome"], **told)
    entry = opening.decide_entry(facts, p.entry)
    if entry.outcome not in (opening.ALLOW_NEW_ENTRY, opening.ALLOW_SCALE_IN):
        return _refused("entry", entry.outcome, rule=entry.rule)
    size = _size(facts, governor["size_multiplier"], p)
    if size.outcome != opening.ALLOCATED:
        return _refused("allocation", size.outcome)
    if not meets_quality(facts["signal"], order["order_intent"], p.router):
        return _refused("quality", "SKIPPED", reason="below_quality")
    if not within_budget(order["order_intent"], size.notional, facts.get("exploration")):
        return _refused("budget", "SKIPPED", reason="exploration_limit")
    budgeted = order["order_intent"] in BUDGETED
    return allowed(
        entry.outcome,
        stage="open",
        **order,
        metadata=metadata(facts["signal"], order["order_intent"]),
        allocation=size.allocation,
        notional=size.notional,
        quantity=size.quantity,
        size_multiplier=governor["size_multiplier"],
        reserve=reserve(order["order_intent"], size.notional) if budgeted else None,
        reduce_only=False,
        closes=None,
    )


def _size(facts: Facts, multiplier: float, p: GateParameters) -> opening.AllocationVerdict:
    portfolio, cap = facts["portfolio"], p.active.margin.max_margin_pct
    room = headroom(float(portfolio["equity"]), used_notional(portfolio), facts["intent"]["leverage"], cap)
    return opening.decide_allocation({**facts, "size_multiplier": multiplier}, p.entry, headroom=room)


def _refused(stage: str, outcome: str, **told: object) -> Verdict:
    return blocked(outcome, stage=stage, **told)
