"""What the steps of a pipeline decided, as a tree: a step that is a pipeline tells of its own steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from engine.decision import Stage
from engine.scalar.program import Program, Untold


def stages_of(program: Program, results: Sequence[Any]) -> list[Stage]:
    """The stages of a decision, from the result of each step in the order in which they were asked."""
    calls = {call.name: call for call in program.plan.calls}
    steps = (calls[name] for name in program.plan.stages)
    return [
        _stage(call.name.removeprefix("steps."), program.callees[call.policy], result)
        for call, result in zip(steps, results, strict=True)
    ]


def _stage(step: str, callee: Program, result: Any) -> Stage:
    if result is UNSET:
        return Stage(step, callee.plan.name, asked=False)
    if isinstance(result, Untold):
        return Stage(step, callee.plan.name, effect="block", error=result.code)
    (outcome, rule, effect), reason, _, stages = result
    return Stage(step, callee.plan.name, outcome, effect, rule, reason, stages=stages_of(callee, stages))
