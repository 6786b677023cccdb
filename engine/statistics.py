"""The statistics of the active positions: a fold over decisions, one after the other.

What is counted are decisions of `active-positions`, or of a pipeline that asks it and gives its outputs on: how many
there were, how many allowed, how many of each block, and the state that the last one found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any

import msgspec

from engine.decision import Decision, Stage

COUNTERS: Mapping[str, str] = MappingProxyType(
    {
        "BLOCKED_SLOTS_FULL": "slots_full_blocks",
        "BLOCKED_NO_POLICY": "no_policy_blocks",
        "BLOCKED_CORRELATION": "correlation_blocks",
        "BLOCKED_MARGIN": "margin_blocks",
        "ROTATION_TRIGGERED": "rotations_triggered",
    }
)
"""The counter of each outcome that blocks; any other block is among `other_blocks`."""


class CurrentState(msgspec.Struct, frozen=True):
    """What the last decision found; None where it could not tell.

    Slots and positions are counts, the confidence 0 to 1, the margin usage a percentage of the equity.
    """

    desired_slots: int | None = None
    open_positions_count: int | None = None
    available_slots: int | None = None
    regime: str | None = None
    regime_confidence: float | None = None
    total_margin_usage_pct: float | None = None
    policy_available: bool = False


class Statistics(msgspec.Struct, frozen=True):
    """How often what was decided, and the state that the last decision found."""

    total_decisions: int = 0
    allows: int = 0
    slots_full_blocks: int = 0
    no_policy_blocks: int = 0
    correlation_blocks: int = 0
    margin_blocks: int = 0
    other_blocks: int = 0
    rotations_triggered: int = 0
    current_state: CurrentState = CurrentState()

    def after(self, decision: Decision) -> Statistics:
        """The statistics once one more decision has been made."""
        counter = "allows" if decision.effect == "allow" else COUNTERS.get(decision.outcome, "other_blocks")
        counted = {counter: getattr(self, counter) + 1} if decision.effect != "info" else {}
        return msgspec.structs.replace(
            self, total_decisions=self.total_decisions + 1, current_state=_state(decision), **counted
        )


def statistics(decisions: Iterable[Decision]) -> Statistics:
    """The statistics of some decisions, in the order in which they were made."""
    return reduce(Statistics.after, decisions, Statistics())


def _state(decision: Decision) -> CurrentState:
    outputs: Mapping[str, Any] = decision.outputs
    return CurrentState(
        desired_slots=outputs.get("desired_slots"),
        open_positions_count=outputs.get("open"),
        available_slots=outputs.get("available"),
        regime=outputs.get("regime"),
        regime_confidence=outputs.get("regime_confidence"),
        total_margin_usage_pct=outputs.get("margin_usage_pct"),
        policy_available=decision.error is None and not _lacks_policy(decision.stages or []),
    )


def _lacks_policy(stages: Iterable[Stage]) -> bool:
    """Whether the universe was missing, wherever in a tree of stages it was asked for."""
    return any((one.policy == "universe" and one.rule == "missing") or _lacks_policy(one.stages) for one in stages)
