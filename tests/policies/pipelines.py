"""The shipped pipelines beside their oracles: the same outcome, the same step to blame, the same outputs.

An oracle knows words of its own for some denials; what it calls them, and which step it speaks of, is told here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from tests.oracles import active_inputs, order_inputs
from tests.oracles.active_positions import decide_active_positions
from tests.oracles.agreement import Told
from tests.oracles.book import Facts, Verdict, is_error
from tests.oracles.execution_policy import decide_execution
from tests.oracles.gate import GateParameters, decide_gate
from tests.oracles.governor import decide_governor, risk_level
from tests.oracles.margin import decide_margin
from tests.oracles.router import RouterParameters, decide_route
from tests.policies.systems import ROUTED_SHORTS, System

ACTIVE_OUTPUTS = {
    **{"desired_slots": "desired", "open": "open", "available": "available", "margin_usage_pct": "usage_pct"},
    **{name: name for name in ("regime", "regime_confidence", "over_by", "weakest", "weakest_score", "improvement")},
    **{name: name for name in ("closes", "max_correlation", "headroom")},
}
ACTIVE_STEPS = {
    **{"universe": "universe", "margin": "margin", "correlation": "correlation", "slots": "slots", "otherwise": "none"},
}
GOVERNOR_STEPS = {
    **{"health": "self_healing", "risk": "risk_manager", "active": "active_slots", "coordinator": "coordinator"},
    **{"balancer": "balancer", "amplification": "amplification", "otherwise": None},
}
GATE_STEPS = {
    **{"exit": "exit", "route": "route", "order": "route", "otherwise": "open"},
    **{name: name for name in ("universe", "freeze", "governor", "entry", "allocation", "quality", "budget")},
}
DENIALS = {
    **{"BLOCKED_UNHEALTHY": "DENIED_SELF_HEALING", "BLOCKED_DRAWDOWN": "DENIED_RISK", "BLOCKED_STREAK": "DENIED_RISK"},
    **{"UNKNOWN_ACTION": "SKIPPED", "INTENT_MISMATCH": "SKIPPED", "BELOW_QUALITY": "SKIPPED"},
    "EXPLORATION_LIMIT": "SKIPPED",
}


class Asked(System):
    """A pipeline: a step that cannot be computed blocks with the step's own outcome, where the oracle fails."""

    def differs(self, told: Told, wanted: Verdict) -> str:
        """What a decision says otherwise than the oracle; nothing where they agree."""
        if len(told) == 2 and is_error(wanted):
            return "" if told[0][2] == "block" else f"allowed by {told[0][1]}"
        return super().differs(told, wanted)


def active(facts: Facts) -> Verdict:
    """The oracle of active positions, with the headroom that margin leaves."""
    verdict = decide_active_positions(facts)
    check = {"policy": "universe", "rotation": "slots"}.get(verdict["check"], verdict["check"])
    return verdict | {"kind": check, "headroom": decide_margin(facts).get("headroom")}


def governor(facts: Facts) -> Verdict:
    """The oracle of the governor, with what active positions found out."""
    verdict = decide_governor(facts)
    found = active(facts)
    nobody = _nobody_sizes(facts)
    adviser = verdict["subsystem"] in ("coordinator", "balancer", "amplification")
    return found | {
        **{name: verdict[name] for name in ("effect", "closes", "weakest")},
        "outcome": "BLOCKED_ADVISER" if adviser else verdict["outcome"],
        "kind": verdict["subsystem"],
        "headroom": found["headroom"] if verdict["effect"] == "allow" else None,
        "size_multiplier": None if nobody else verdict["size_multiplier"],
        "weakest": verdict["weakest"] if verdict["outcome"] == "ROTATION_TRIGGERED" else None,
    }


def _nobody_sizes(facts: Facts) -> bool:
    return risk_level(facts["risk"]) == "calm" and all(said is None for said in facts["multipliers"].values())


def gate(facts: Facts, parameters: GateParameters) -> Verdict:
    """The oracle of the gate."""
    verdict = decide_gate(facts, parameters)
    adviser = verdict.get("subsystem") in ("coordinator", "balancer", "amplification")
    opened = verdict["stage"] == "open"
    nobody = (
        opened and risk_level(facts["risk"]) == "calm" and all(said is None for said in facts["multipliers"].values())
    )
    reserve = verdict.get("reserve")
    return verdict | {
        "outcome": "OPEN" if opened else "BLOCKED_ADVISER" if adviser else verdict["outcome"],
        "kind": verdict["stage"],
        "reduce_only": verdict.get("reduce_only") or None,
        "reserve": None if reserve is None else reserve["amount"],
        "size_multiplier": None if nobody else verdict.get("size_multiplier"),
    }


def router(facts: Facts, parameters: RouterParameters) -> Verdict:
    """The oracle of the router; what the signal did not say is absent from the metadata."""
    verdict = decide_route(facts, parameters)
    reserve = verdict.get("reserve")
    metadata = {name: value for name, value in verdict["metadata"].items() if value is not None}
    return verdict | {
        "metadata": metadata,
        "reserve": None if reserve is None else reserve["amount"],
        "reduce_only": verdict.get("reduce_only") or None,
    }


def executions(count: int, seed: int) -> Iterator[Facts]:
    """Inputs of `execution-policy`: the stale latch is its own, and an alert's cut comes with the signals."""
    for facts in order_inputs.executions(count, seed):
        facts.pop("stale", None)
        cut = facts.pop("cut", None)
        yield facts if cut is None else facts | {"signals": facts["signals"] | {"alert_cut": cut}}


def execution(facts: Facts) -> Verdict:
    """The oracle of the execution policy, whose outcomes are the modes."""
    return decide_execution(facts) | {"outcome": "POLICY", "kind": "policy", "effect": "info"}


def _gate(
    label: str,
    count: int,
    parameters: GateParameters,
    *,
    mismatches: bool = False,
    moved: Mapping[str, Any] = MappingProxyType({}),
) -> System:
    generated: Callable[[int, int], Iterator[Facts]] = partial(
        order_inputs.gate_inputs, parameters=parameters, mismatches=mismatches
    )
    outputs = ("side", "order_intent", "route_reason", "reduce_only", "max_quantity", "allocation", "notional")
    return Asked(
        "open-position",
        generated,
        lambda facts: gate(facts, parameters),
        outputs={name: name for name in (*outputs, "quantity", "reserve", "size_multiplier", "closes")},
        words=DENIALS,
        kinds=GATE_STEPS,
        parameters=moved,
        unreached=frozenset() if mismatches else frozenset({"order"}),
        label=label,
        count=count,
    )


ROUTER = Asked(
    "router",
    order_inputs.signals_of_orders,
    lambda facts: router(facts, RouterParameters()),
    outputs={
        name: name
        for name in ("side", "order_intent", "route_reason", "metadata", "reduce_only", "max_quantity", "reserve")
    },
)
PIPELINES = (
    Asked(
        "active-positions",
        active_inputs.active_inputs,
        active,
        outputs=ACTIVE_OUTPUTS,
        kinds=ACTIVE_STEPS,
        within=1e-12,
    ),
    Asked(
        "governor",
        active_inputs.governor_inputs,
        governor,
        outputs={
            name: theirs
            for name, theirs in ACTIVE_OUTPUTS.items()
            if name not in ("over_by", "weakest_score", "improvement")
        }
        | {"size_multiplier": "size_multiplier"},
        words=DENIALS,
        kinds=GOVERNOR_STEPS,  # type: ignore[arg-type]
        within=1e-12,
    ),
    Asked(
        "execution-policy",
        executions,
        execution,
        outputs={
            name: name
            for name in ("mode", "cap_daily", "ramp_hours", "min_trade", "slippage_limit_bps", "no_trade_threshold_pct")
        }
        | {"state": "state"},
        kinds={"otherwise": "policy"},
        within=1e-12,
    ),
    ROUTER,
    replace(
        ROUTER,
        oracle=lambda facts: router(facts, order_inputs.SHORTING),
        parameters=ROUTED_SHORTS,
        label="shorting",
        count=5_000,
    ),
    _gate("", 20_000, GateParameters()),
    _gate("mismatched", 5_000, GateParameters(), mismatches=True),
    _gate("shorting", 5_000, GateParameters(router=order_inputs.SHORTING), moved=ROUTED_SHORTS),
)
