"""The source of a function while it is written, and where it finds the fields of records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from rules.types import RecordType


class Attributes(Protocol):
    """Where a record's field lives in a decoded input."""

    def attribute(self, record: str, field: str) -> str:
        """The attribute name of a field; never the field's own text."""

    def maker(self, record: RecordType) -> Callable[..., object]:
        """What makes a record of its fields, by their attributes."""


@dataclass(slots=True)
class Lines:
    """Source lines with indentation."""

    lines: list[str] = field(default_factory=list)
    indent: int = 0

    def add(self, text: str) -> None:
        """One line at the current indentation."""
        self.lines.append("    " * self.indent + text)

    def text(self) -> str:
        """The whole source."""
        return "\n".join(self.lines) + "\n"
