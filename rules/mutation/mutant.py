"""A mutant: a document with one stretch of its text replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rules.yaml_nodes import Scalar

Kind = Literal[
    "comparison", "logic", "operand", "negation", "arithmetic", "function", "number", "truth", "word", "parameter",
    "default", "bound", "order", "outcome", "effect", "cell", "latch", "argument",
]  # fmt: skip
"""What is changed, in one word each."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A document's name, the stretch `[start, end)` of its text, what stands there instead, and that in words."""

    document: str
    kind: Kind
    start: int
    end: int
    text: str
    place: str
    """File, line and column, as a person would type it."""
    sentence: str
    left_out: str = ""
    """The condition that is left out, as it is written; empty where the change is another."""

    @property
    def line(self) -> int:
        """The line of the document on which the stretch begins."""
        return int(self.place.split(":")[-2])

    def of(self, original: str) -> str:
        """The text of the document with the change."""
        return original[: self.start] + self.text + original[self.end :]

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Edit:
    """A change within a text: of an expression, a cell, a word."""

    kind: Kind
    start: int
    end: int
    text: str
    sentence: str
    left_out: str = ""

    def later(self, by: int) -> Edit:
        """The same change where the text begins later."""
        return Edit(self.kind, self.start + by, self.end + by, self.text, self.sentence, self.left_out)


def became(kind: Kind, start: int, old: str, new: str) -> Edit:
    """One token in place of another, and said so."""
    return Edit(kind, start, start + len(old), new, f"`{old}` became `{new}`")


def written_into(scalar: Scalar, edit: Edit) -> tuple[int, int, str]:
    """The stretch of the document and its replacement that make the change in a scalar's text.

    The whole scalar is quoted where the changed text could not stand as it is.
    """
    span = scalar.span_at(edit.start, edit.end)
    match scalar.span.text[:1]:
        case "'":
            return span.start, span.end, edit.text.replace("'", "''")
        case '"':
            return span.start, span.end, edit.text.replace("\\", "\\\\").replace('"', '\\"')
        case "|" | ">":
            return span.start, span.end, edit.text
        case _:
            changed = scalar.text[: edit.start] + edit.text + scalar.text[edit.end :]
            if changed[:1] in _NO_BEGINNING:
                return scalar.span.start, scalar.span.end, "'" + changed.replace("'", "''") + "'"
            return span.start, span.end, edit.text


_NO_BEGINNING = frozenset("!&*\"'[]{}|>%@`?:#,-= ")
"""What no text without quotes begins with."""
