"""What was found of one part of a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Part = Literal["rule", "condition", "parameter", "table"]
Result = Literal["never", "never as published", "idle", "idle as published", "reached", "overlap", "gap", "unknown"]
"""Of a rule: it never applies, with any parameters or with those published, or inputs reach it that no case has. Of a
condition or a parameter: `idle`, no decision rests on it, wherever parameters stand or where they are published. Of a
table: two rows apply together, or none does."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something of a document that is in vain, or that may be and is not known."""

    document: str
    part: Part
    name: str
    place: str
    """File, line and column."""
    result: Result
    up_to: int | None = None
    """Of what was found to be in vain for lists of so many items only."""
    declared: str = ""
    """Why the document or a suite says that it is so."""
    inputs: Mapping[str, Any] | None = None
    """That reach the rule, to which both rows apply, or none."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """With which the rule applies, where it does not with those published."""
    why: str = ""
    """Of what is unknown."""

    @property
    def must_be_looked_at(self) -> bool:
        """Whether it says what nobody means: a rule or a parameter without use, or one said to be so that is not.

        A condition may be written for the reader, and rows may overlap where the first decides.
        """
        if self.part in ("condition", "table"):
            return False
        if self.result == "reached":
            return bool(self.declared)
        return self.result == "unknown" or (self.result in ("never", "idle") and not self.declared)
