"""The document that asks several policies in turn: Pipeline."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rules.documents.sections import (
    STEP,
    Conclusion,
    Expression,
    Identifier,
    Message,
    Name,
    Outcome,
    RuledSpec,
    RuleSpec,
    Strict,
    VariableRef,
)

StepId = Annotated[str, Field(pattern=STEP, max_length=64)]


class StepSpec(Strict):
    """One policy asked. Its inputs bind by name, the rest as `with` says; it is asked only where `if` holds."""

    id: StepId
    policy: Name
    with_: dict[Identifier, Expression] = Field(default_factory=dict, alias="with")
    if_: Expression | None = Field(default=None, alias="if")


class ExemptionSpec(Strict):
    """What is decided before any step is asked."""

    id: Name
    when: Expression
    outcome: Outcome
    reason: Message


class PipelineSpec(RuledSpec):
    """Steps in the order in which they are computed; a step that blocks denies."""

    exits: Outcome | None = Field(
        default=None,
        description="The outcome of an order that only reduces what is held: decided first, whatever fails.",
    )
    exempt: list[ExemptionSpec] = Field(default_factory=list)
    steps: Annotated[list[StepSpec], Field(min_length=1)]
    priority: list[StepId] = Field(
        default_factory=list,
        description="Which step names the reason when several deny; the order of the steps, unsaid.",
    )
    deny: Conclusion | None = Field(
        default=None, description="One outcome for every denial; the step's own outcome and reason, unsaid."
    )
    variables: dict[Identifier, VariableRef] = Field(default_factory=dict)
    rules: list[RuleSpec] = Field(default_factory=list, description="Decide where no step denies.")
