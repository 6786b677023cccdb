"""Verdicts and inputs of policies that the oracles know only as parts of a larger decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from tests.oracles import active_inputs, order_inputs
from tests.oracles.active_positions import decide_universe
from tests.oracles.book import Facts, Verdict, allowed, blocked, filled, held_side
from tests.oracles.execution_policy import decide_execution, table
from tests.oracles.governor import ADVISERS, CAUTION, risk_level
from tests.oracles.router import (
    BUDGETED,
    ENTRY_INTENTS,
    ROUTER_DEFAULTS,
    RouterParameters,
    held_quantity,
    meets_quality,
    reserve,
    route,
    shorting_allowed,
    within_budget,
)
from tests.oracles.snapshots import SYMBOLS

Generator = Callable[[int, int], Iterator[Facts]]
INTENTS = (*ENTRY_INTENTS, *ENTRY_INTENTS, "exit", "risk")


def without_returns(generated: Generator) -> Generator:
    """The same inputs less the series of returns, which are long and which most policies do not read."""

    def lean(count: int, seed: int) -> Iterator[Facts]:
        for facts in generated(count, seed):
            portfolio = facts["portfolio"]
            for record in (facts["intent"], *portfolio["positions"], *portfolio["pending"]):
                record.pop("returns", None)
            yield facts

    return lean


def universe(facts: Facts) -> Verdict:
    """The universe's verdict, its cause under the name that the others use."""
    found = decide_universe(facts)
    return found | {"kind": found["check"]}


def routed(facts: Facts, parameters: RouterParameters = ROUTER_DEFAULTS) -> Verdict:
    """The router's verdict before quality and budget."""
    signal = facts["signal"]
    positions = filled(facts["portfolio"], signal["symbol"])
    side, intent, reason = route(signal, held_side(positions), parameters)
    told: Verdict = {"side": side, "order_intent": intent, "route_reason": reason}
    if side == "SKIP":
        return blocked("SKIPPED", **told)
    if intent in ("exit", "risk"):
        told |= {"reduce_only": True, "max_quantity": held_quantity(positions)}
    return allowed("ROUTED", **told)


def shorts(count: int, seed: int) -> Iterator[Facts]:
    """Inputs of `shorting`: symbols that may be shorted, that may not, and that nobody listed."""
    rng = _random("shorts", seed)
    for _ in range(count):
        yield {"symbol": rng.choice(SYMBOLS)}


def may_short(facts: Facts, parameters: RouterParameters = order_inputs.SHORTING) -> Verdict:
    """Whether a symbol may be shorted."""
    allows = shorting_allowed(facts["symbol"], parameters)
    return allowed("MAY_SHORT") if allows else blocked("SHORTING_DISABLED")


def orders(count: int, seed: int) -> Iterator[Facts]:
    """Inputs of `quality` and of `exploration`: a signal, the intent it was given, and the day's budget."""
    rng = _random("orders", seed)
    for _ in range(count):
        signal = order_inputs.order_signal(rng, "BTC/USDT")
        found = {"signal": signal, "order_intent": rng.choice(INTENTS)}
        found["exploration"] = order_inputs.exploration(rng, signal.get("notional", 0.0))
        if "notional" in signal:
            found["notional"] = signal["notional"]
        yield found


def quality(facts: Facts) -> Verdict:
    """Whether an order meets the band of its intent; an exit has none."""
    intent = facts["order_intent"]
    enough = intent not in ENTRY_INTENTS or meets_quality(facts["signal"], intent, ROUTER_DEFAULTS)
    return allowed("GOOD_ENOUGH") if enough else blocked("BELOW_QUALITY")


def budget(facts: Facts) -> Verdict:
    """What an order takes from the day's budget, or that it cannot pay."""
    intent, need = facts["order_intent"], facts.get("notional")
    if intent not in BUDGETED:
        return allowed("BUDGET_NOT_NEEDED")
    if not within_budget(intent, need, facts["exploration"]):
        return blocked("EXPLORATION_LIMIT")
    return allowed("RESERVED", **reserve(intent, need))


def advice(count: int, seed: int) -> Iterator[Facts]:
    """Inputs of `health` and `risk-manager`, and of `adviser` for one of the three."""
    rng = _random("advice", seed)
    for _ in range(count):
        found = active_inputs.advice(rng, calm=False)
        who = rng.choice(ADVISERS)
        adviser = found["multipliers"].get(who)
        yield found | {"who": who} | ({} if adviser is None else {"adviser": adviser})


def health(facts: Facts) -> Verdict:
    """Whether the system is fit to trade."""
    return allowed("HEALTHY") if facts["health"]["healthy"] else blocked("BLOCKED_UNHEALTHY")


def risk(facts: Facts) -> Verdict:
    """Calm, caution or brake; the brake's word is that of the drawdown where that alone would do."""
    level = risk_level(facts["risk"])
    if level == "calm":
        return allowed("CALM")
    if level == "caution":
        return allowed("CAUTION", size_multiplier=CAUTION)
    word = "BLOCKED_DRAWDOWN" if facts["risk"]["drawdown_pct"] >= 8 else "BLOCKED_STREAK"
    return blocked(word, size_multiplier=CAUTION)


def adviser(facts: Facts) -> Verdict:
    """What one adviser says, if anything."""
    found = facts.get("adviser")
    if found is None:
        return allowed("ADVISED")
    multiplier = found.get("multiplier", 1.0)
    denied = found.get("deny", False)
    return (blocked if denied else allowed)("BLOCKED_ADVISER" if denied else "ADVISED", size_multiplier=multiplier)


def signals(count: int, seed: int) -> Iterator[Facts]:
    """Inputs of `execution-mode`."""
    rng = _random("signals", seed)
    for _ in range(count):
        yield {"signals": order_inputs.execution_signals(rng), "prudent": rng.random() < 0.3}


def mode(facts: Facts) -> Verdict:
    """The row of the execution policy's table."""
    row, found, cap, ramp = table(facts["signals"], prudent=facts["prudent"])
    return {"outcome": found, "kind": row, "mode": found, "cap_daily": cap, "ramp_hours": ramp}


def caps(count: int, seed: int) -> Iterator[Facts]:
    """Inputs of `smoothing`: those of the execution policy, with what its other parts make of them."""
    for facts in order_inputs.executions(count, seed):
        found = facts | {"target": decide_execution(facts)["target"], "alert_cut": facts["cut"]}
        if "cap_daily" in facts["state"]:
            found["previous"] = facts["state"]["cap_daily"]
        yield found


def cap(facts: Facts) -> Verdict:
    """The cap of the execution policy, and whether its backend has failed."""
    found = decide_execution(facts)
    return {"outcome": "CAP", "cap_daily": found["cap_daily"], "failed": "backend_error" in found["limits"]}


def _random(name: str, seed: int) -> Random:
    return Random(f"parts:{name}:{seed}")  # noqa: S311 - made-up inputs need a seed, not secrecy
