"""The document of a latch: two conditions, how long each must hold, and which side is safe."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Discriminator, Field, Tag

from rules.documents.sections import DecisionSpec, Expression, Identifier, Strict, VariableRef


class DirectionsSpec(Strict):
    """A number of its own for switching on and for switching off."""

    on: Expression
    off: Expression


def _each_or_both(value: object) -> str:
    return "each" if isinstance(value, dict | DirectionsSpec) else "both"


Directions: TypeAlias = Annotated[
    Annotated[Expression, Tag("both")] | Annotated[DirectionsSpec, Tag("each")], Discriminator(_each_or_both)
]


class LatchSpec(DecisionSpec):
    """On or off until enough readings ask for the other side and the latch has rested long enough."""

    variables: dict[Identifier, VariableRef] = Field(default_factory=dict)
    reading: Expression | None = Field(
        default=None, description="What the conditions read as `reading`; where it is absent, the safe side holds."
    )
    on: Expression = Field(description="What asks for switching on, while the latch is off.")
    off: Expression = Field(description="What asks for switching off, while the latch is on.")
    safe: bool = Field(description="Whether on is the safe side: where a missing reading or an error puts the latch.")
    initial: bool | None = Field(
        default=None, description="Whether it is on while there is no state; else the safe side."
    )
    consecutive: Directions = Field(default=1, description="Readings in a row that must ask for a change.")
    dwell: Directions = Field(default="0s", description="How long after a change the next may come.")
