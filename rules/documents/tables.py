"""The documents that hold a pipe table: DecisionTable, RoutingMap, Whitelist."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from rules.documents.sections import (
    Conclusion,
    DecisionSpec,
    Expression,
    Identifier,
    Message,
    Name,
    Outcome,
    Strict,
    TypeRef,
    VariableRef,
)

Table = Annotated[
    str,
    Field(
        max_length=200_000,
        description="A pipe table: conditions left of `=>`, results right of it; `-` is any value, `= …` is CEL.",
    ),
]
Written: TypeAlias = str | bool | int | float
HitPolicy: TypeAlias = Literal["first", "unique", "any", "priority"]


class OutcomeFrom(Strict):
    """Says that the outcome is the word in a result column, and what effect all these words have."""

    result: Identifier
    effect: Literal["info", "block"]


class TableSpec(DecisionSpec):
    """Rows of conditions and results. A row applies when all its conditions hold."""

    variables: dict[Identifier, VariableRef] = Field(default_factory=dict)
    columns: Annotated[dict[Identifier, VariableRef], Field(min_length=1)]
    results: dict[Identifier, TypeRef] = Field(
        default_factory=dict, description="The types of the result columns; each is an output of the decision."
    )
    outcomeFrom: OutcomeFrom | None = None
    table: Table
    otherwise: dict[Identifier, Written] | None = Field(
        default=None, description="Outcome and results where no row applies; needed unless the rows leave nothing out."
    )
    reason: Message
    unreachable: list[Name] = Field(
        default_factory=list, description="Rows that are meant never to apply with the parameters as published."
    )


class DecisionTableSpec(TableSpec):
    """A decision table, with DMN's hit policies."""

    hitPolicy: HitPolicy = "first"
    priority: list[Outcome] = Field(
        default_factory=list, description="Outcomes in the order in which they win, for hit policy `priority`."
    )


class RoutingMapSpec(TableSpec):
    """Rows by the action asked for, which stands in the column `on`."""

    on: Expression


class WhitelistSpec(DecisionSpec):
    """What is permitted, row by column; whatever is not listed is refused."""

    row: Expression
    column: Expression
    table: Table
    unknownColumn: Conclusion
    absentRow: Conclusion | None = None
    unknownRow: Conclusion
    listed: Conclusion
    unlisted: Conclusion
