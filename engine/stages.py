"""What the steps of a pipeline decided, as a tree: a step that is a pipeline tells of its own steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from engine.decision import Stage
from engine.scalar.program import Program, Untold


def stages_of(program: Program, results: Sequence[Any]) -> list[Stage]:
    """The stages of a decision, from the result of each step in the order in which they were asked."""
    told = zip(program.written.steps, results, strict=True)
    return [_stage(step, program.callees[policy], result) for (step, policy), result in told]


def _stage(step: str, callee: Program, result: Any) -> Stage:
    if result is UNSET:
        return Stage(step, callee.plan.name, asked=False)
    if isinstance(result, Untold):
        return Stage(step, callee.plan.name, effect="block", error=result.code)
    (outcome, rule, effect), reason, _, stages = result
    return Stage(step, callee.plan.name, outcome, effect, rule, reason, stages=stages_of(callee, stages))
