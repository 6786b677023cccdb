"""Policy tests as a person writes them: fixtures, cases, sweeps, and what no inputs bring about."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from rules.documents.sections import PARAMETER_NAME, STEP_PATH, WORD, Identifier, Name, Settable, Strict

Json: TypeAlias = Any
Word = Annotated[str, Field(pattern=WORD, max_length=64)]
ParameterName = Annotated[str, Field(pattern=PARAMETER_NAME, max_length=129)]
"""A parameter of the policy, or `document.name`, of a policy that it asks."""
StagePath = Annotated[str, Field(pattern=STEP_PATH, max_length=256)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
Effect: TypeAlias = Literal["allow", "block", "info"]


class StageExpectation(Strict):
    """What a step must have decided; what is not said is not compared."""

    outcome: Word | None = None
    effect: Effect | None = None
    rule: str | None = None
    reason: str | None = None


class Expectation(Strict):
    """What a case must find; what is not said is not compared. A null output must be absent."""

    outcome: Word | None = None
    effect: Effect | None = None
    rule: str | None = None
    reason: str | None = None
    outputs: dict[Identifier, Json] | None = None
    stages: (
        Annotated[
            dict[StagePath, Word | StageExpectation | None],
            Field(min_length=1, description="Steps with the outcome of each, or more of it; null: not asked."),
        ]
        | None
    ) = None
    log: list[str] | None = None
    silent: Annotated[list[Word], Field(min_length=1, description="Events of which no line is written.")] | None = None
    error: Annotated[str, Field(min_length=1, description="A part of the error's message.")] | None = None


class CaseSpec(Strict):
    """One test: a fixture, what is changed in it, and what must come out."""

    id: Name
    tags: list[str] = Field(default_factory=list)
    description: str | None = None
    given: Identifier | None = None
    set: dict[str, Json] = Field(default_factory=dict)
    drop: list[str] = Field(default_factory=list)
    parameters: dict[ParameterName, Settable] = Field(default_factory=dict)
    expect: Expectation


class SweepSpec(Strict):
    """A case for every fact of a fixture, each without that fact: all of them must find the same."""

    id: Name
    tags: list[str] = Field(default_factory=list)
    description: str | None = None
    given: Identifier | None = None
    set: dict[str, Json] = Field(default_factory=dict)
    parameters: dict[ParameterName, Settable] = Field(default_factory=dict)
    of: list[str] | None = Field(default=None, min_length=1, description="The facts, with all that is in them.")
    expect: Expectation
    instead: dict[str, Expectation] = Field(
        default_factory=dict, description="Facts that may be left out, with what must come out then."
    )


class UnreachableSpec(Strict):
    """A rule that no inputs bring about, or a condition that none turn."""

    rule: str | None = None
    condition: str | None = None
    because: Reason


class SuiteSpec(Strict):
    """Fixtures and cases for one policy."""

    policy: Name
    tolerance: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    given: Identifier | None = None
    fixtures: dict[Identifier, dict[str, Json]] = Field(default_factory=dict)
    cases: Annotated[list[CaseSpec], Field(min_length=1)]
    sweeps: list[SweepSpec] = Field(default_factory=list)
    unreachable: list[UnreachableSpec] = Field(
        default_factory=list, description="What coverage does not count, each with the reason."
    )
