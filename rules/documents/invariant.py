"""An invariant as a person writes it: of what inputs, after which decisions, under what conditions, what must hold."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from rules.documents.sections import (
    AskingSpec,
    CallSpec,
    Expression,
    FieldName,
    Identifier,
    Message,
    Requirement,
    TypeRef,
    VariableRef,
)
from rules.documents.suites import ParameterName

Varied: TypeAlias = Literal["nothing", "everything"] | Annotated[list[ParameterName], Field(min_length=1)]


class ClaimSpec(Requirement):
    """What must hold, by name, and what is said where it does not."""

    reason: Message | None = None


class InvariantSpec(AskingSpec):
    """What must hold of every value of some names, once policies have decided on them."""

    inputs: Annotated[dict[FieldName, TypeRef], Field(min_length=1)] = Field(
        alias="forAll", description="Facts of the glossary, or other names with their types: it holds of all of theirs."
    )
    calls: dict[Identifier, CallSpec] = Field(
        default_factory=dict,
        alias="decisions",
        description="Decisions of policies, by name; `with` gives inputs that do not bind by name, from the decisions "
        "above too.",
    )
    variables: dict[Identifier, VariableRef] = Field(default_factory=dict)
    vary: Varied = Field(
        default="nothing",
        description="The parameters that may stand anywhere within their bounds; all others are at their defaults.",
    )
    given: list[Expression] = Field(
        default_factory=list, description="Conditions, in order: where one does not hold, nothing is claimed."
    )
    holds: Annotated[list[ClaimSpec], Field(min_length=1)]
