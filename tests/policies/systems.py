"""The shipped policies that an oracle speaks of: which inputs they are shown, and how the two are compared.

An oracle may know another word for an outcome, and causes (`kind`) where a policy has rules; both are tables here.
What a policy gives as an output the oracle gives as well, to the last bit unless `within` says otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.policy import Policy
from tests.oracles import active_inputs, order_inputs
from tests.oracles.agreement import Told
from tests.oracles.book import Facts, Verdict, is_error
from tests.oracles.correlation import CorrelationParameters, decide_correlation
from tests.oracles.freeze import decide_freeze
from tests.oracles.margin import decide_margin
from tests.oracles.regime import decide_regime
from tests.oracles.router import ROUTER_DEFAULTS, RouterParameters
from tests.oracles.slots import SlotParameters, decide_slots
from tests.policies import parts
from tests.policies.parts import Generator


@dataclass(frozen=True)
class System:
    """A policy, its oracle, and how they are compared."""

    policy: str
    generated: Generator
    oracle: Callable[[Facts], Verdict]
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Each output of the policy, and what the oracle calls it."""
    words: Mapping[str, str] = field(default_factory=dict)
    """The policy's outcome, and the oracle's where it is another word."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """The policy's rule, and the cause that the oracle names."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Parameters that are moved, in the engine's form."""
    unreached: frozenset[str] = frozenset()
    """Rules that these inputs do not reach."""
    within: float = 0.0
    """How far a number may lie from the oracle's."""
    label: str = ""
    count: int = 20_000

    @property
    def name(self) -> str:
        """The name of the comparison."""
        return f"{self.policy}-{self.label}" if self.label else self.policy

    def differs(self, told: Told, wanted: Verdict) -> str:
        """What a decision says otherwise than the oracle; nothing where they agree."""
        if len(told) == 4:
            return "" if is_error(wanted) else f"failed with {told[0]}"
        if is_error(wanted):
            return "did not fail"
        (outcome, rule, effect), outputs = told
        if self.words.get(outcome, outcome) != wanted["outcome"]:
            return f"outcome {outcome}"
        if "effect" in wanted and effect != wanted["effect"]:
            return f"effect {effect}"
        if self.kinds and self.kinds.get(rule, rule) != wanted["kind"]:
            return f"rule {rule}"
        for name, theirs in self.outputs.items():
            if not self._same(outputs.get(name), wanted.get(theirs)):
                return f"output {name} {outputs.get(name)!r}"
        return ""

    def _same(self, mine: Any, theirs: Any) -> bool:
        if self.within and isinstance(mine, float) and isinstance(theirs, float):
            return abs(mine - theirs) <= self.within
        return bool(mine == theirs)


def as_json(chosen: Policy, facts: Facts) -> str:
    """What the policy reads of a snapshot."""
    return json.dumps({name: facts[name] for f in chosen.plan.inputs if (name := f.name) in facts})


SLOTS_OUTPUTS = {
    **{"desired_slots": "desired", "open": "open", "available": "available", "over_by": "over_by"},
    **{name: name for name in ("weakest", "weakest_score", "improvement", "closes")},
}
SLOTS_KINDS = {
    **{"expand-not-held": "not_held", "expand": "takes_no_slot", "free": "free", "over": "over_by_n"},
    **{"nothing-to-close": "nothing_to_close", "unscored-candidate": "no_score", "rotate": "rotate"},
    **{"unscored-position": "position_without_score", "otherwise": "not_better", "slots-off": "slots_off"},
}


SHORTING = {"short_enabled": True, "allow_short": order_inputs.SHORTABLE}
ROUTED_SHORTS = {f"shorting.{name}": value for name, value in SHORTING.items()}
"""The same for a policy that asks `shorting`."""
NO_SHORTS = frozenset({"symbol", "otherwise"})


def route(label: str, unreached: frozenset[str], p: RouterParameters) -> System:
    """The comparison of `route`, shorting allowed or not."""
    return System(
        "route",
        order_inputs.signals_of_orders,
        lambda facts: parts.routed(facts, p),
        outputs={name: name for name in ("side", "order_intent", "route_reason", "reduce_only", "max_quantity")},
        words={"UNKNOWN_ACTION": "SKIPPED"},
        parameters=ROUTED_SHORTS if label else {},
        unreached=unreached,
        label=label,
    )


def correlation(label: str, count: int, **changed: Any) -> System:
    """The comparison of `correlation` with some of the oracle's parameters changed."""
    p = CorrelationParameters(**changed)
    moved = {"sign": p.sign, "block_unknown": p.missing_blocks}
    return System(
        "correlation",
        active_inputs.correlation_inputs,
        lambda facts: decide_correlation(facts, p),
        outputs={"max_correlation": "max_correlation"},
        words={"CORRELATION_OK": "ALLOW"},
        kinds={
            **{"alone": "nothing_to_compare", "correlated": "correlated"},
            **{"unknown": "cannot_be_computed", "otherwise": "within_cap"},
        },
        parameters=moved if changed else {},
        unreached=frozenset() if p.missing_blocks else frozenset({"unknown"}),
        within=1e-12,
        label=label,
        count=count,
    )


SYSTEMS = (
    System(
        "regime",
        active_inputs.markets,
        decide_regime,
        outputs={"regime": "regime", "confidence": "confidence", "slots": "slots"},
    ),
    System(
        "freeze",
        order_inputs.freezes,
        decide_freeze,
        outputs={"cap_daily": "cap_daily", "ramp_hours": "ramp_hours"},
    ),
    System("shorting", parts.shorts, lambda facts: parts.may_short(facts, ROUTER_DEFAULTS), unreached=NO_SHORTS),
    System(
        "shorting", parts.shorts, parts.may_short, parameters=SHORTING, unreached=frozenset({"desk"}), label="allowed"
    ),
    route("", frozenset({"open-short", "add-short"}), ROUTER_DEFAULTS),
    route("shorting", frozenset(), order_inputs.SHORTING),
    System(
        "universe",
        parts.without_returns(active_inputs.slot_inputs),
        parts.universe,
        words={"IN_UNIVERSE": "ALLOW"},
        kinds={"missing": "policy", "unlisted": "universe", "otherwise": "none"},
    ),
    System(
        "margin",
        parts.without_returns(active_inputs.margin_inputs),
        decide_margin,
        outputs={"margin_usage_pct": "usage_pct", "headroom": "headroom"},
        words={"MARGIN_OK": "ALLOW"},
        kinds={"no-equity": "no_equity", "margin": "over_cap", "otherwise": "within_cap"},
    ),
    System(
        "slots",
        parts.without_returns(active_inputs.slot_inputs),
        decide_slots,
        outputs=SLOTS_OUTPUTS,
        kinds=SLOTS_KINDS,
        unreached=frozenset({"slots-off"}),
    ),
    System(
        "slots",
        parts.without_returns(active_inputs.slot_inputs),
        lambda facts: decide_slots(facts, SlotParameters(enable_active_slots=False)),
        outputs=SLOTS_OUTPUTS,
        kinds={"expand-not-held": "not_held", "expand": "takes_no_slot", "slots-off": "slots_off"},
        parameters={"enable_active_slots": False},
        unreached=frozenset(SLOTS_KINDS) - {"expand-not-held", "expand", "slots-off"},
        label="off",
        count=5_000,
    ),
    System("health", parts.advice, parts.health),
    System("risk-manager", parts.advice, parts.risk, outputs={"size_multiplier": "size_multiplier"}),
    System("adviser", parts.advice, parts.adviser, outputs={"size_multiplier": "size_multiplier"}),
    System("quality", parts.orders, parts.quality),
    System("exploration", parts.orders, parts.budget, outputs={"reserve": "amount", "forced": "forced"}),
    System(
        "execution-mode",
        parts.signals,
        parts.mode,
        outputs={"mode": "mode", "cap_daily": "cap_daily", "ramp_hours": "ramp_hours"},
        kinds={
            **{"contradicting": "contradiction_freeze", "doubtful": "contradiction_slow", "unsure": "low_confidence"},
            **{"prudent": "prudent", "hesitant": "prudent", "aggressive": "aggressive", "otherwise": "normal"},
        },
    ),
    System("smoothing", parts.caps, parts.cap, outputs={"cap_daily": "cap_daily", "failed": "failed"}),
    correlation("", 20_000),
    correlation("absolute", 5_000, sign="ABSOLUTE"),
    correlation("side-aware", 5_000, sign="SIDE_AWARE"),
    correlation("missing-passes", 5_000, missing_blocks=False),
)
