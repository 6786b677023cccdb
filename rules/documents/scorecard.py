"""The document of a scorecard: weights in rows, summed by a word; the word with the highest sum is the best."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rules.documents.sections import WORD, ConcludeSpec, DecisionSpec, Identifier, VariableRef

Rows = Annotated[
    str, Field(max_length=200_000, description="A pipe table of a word, an id, a CEL condition and its weight.")
]
Word = Annotated[str, Field(pattern=WORD, max_length=64)]


class ScorecardSpec(DecisionSpec):
    """What speaks for each word of an enum, row by row, and what is concluded from the sums."""

    variables: dict[Identifier, VariableRef] = Field(default_factory=dict)
    by: Annotated[dict[Identifier, str], Field(min_length=1, max_length=1)] = Field(
        description="The column of the words, and the enum they are of."
    )
    table: Rows
    unscored: list[Word] = Field(default_factory=list, description="Words that have no rows and are never the best.")
    conclude: ConcludeSpec
