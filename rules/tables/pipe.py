"""A pipe table as a document holds it: a header, rows, and cells that know their place.

    | id   | trend   | => outcome |
    | high | >= 0.75 | ALLOW      |

Rules kept here: a cell is the text between two bars, blanks trimmed; a bar within double quotes is text; every row
has as many cells as the header; the header's names are told apart. A line of dashes below the header is skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rules.diagnostics import Diagnostics
from rules.source import Span
from rules.yaml_nodes import Scalar

MAX_ROWS = 500
MAX_COLUMNS = 40

_CELL = re.compile(r"""(?:"(?:[^"\\\n]|\\.)*"|[^|\n])*""")
_LINE = re.compile(r"[^\n]*")
_DASHES = re.compile(r":?-{3,}:?")


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of a cell, and where in the table's scalar it starts."""

    text: str
    start: int
    scalar: Scalar

    @property
    def end(self) -> int:
        """Where it ends in the scalar."""
        return self.start + len(self.text)

    @property
    def span(self) -> Span:
        """Where it stands in the document."""
        return self.scalar.span_at(self.start, max(self.end, self.start + 1))

    def part(self, start: int, end: int) -> Cell:
        """A stretch of the cell as a cell of its own, blanks trimmed."""
        text = self.text[start:end]
        return Cell(text.strip(), self.start + start + len(text) - len(text.lstrip()), self.scalar)


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one line."""

    cells: tuple[Cell, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class PipeTable:
    """A header and the rows below it, all of one width."""

    header: tuple[Cell, ...]
    rows: tuple[Row, ...]


def read_table(scalar: Scalar, diagnostics: Diagnostics) -> PipeTable | None:
    """The table in a scalar, or None when it is not one; every row that does not fit is reported."""
    lines = [match for match in _LINE.finditer(scalar.text) if match.group().strip()]
    rows = [row for line in lines if (row := _row(scalar, line, diagnostics)) is not None]
    if len(rows) < len(lines):
        return None
    if len(rows) > 1 and all(_DASHES.fullmatch(cell.text) for cell in rows[1].cells):
        del rows[1]
    return _of_one_width(scalar, rows, diagnostics)


def _row(scalar: Scalar, line: re.Match[str], diagnostics: Diagnostics) -> Row | None:
    """The cells of a line that begins and ends with a bar."""
    text = line.group().rstrip()
    first = line.start() + len(text) - len(text.lstrip())
    span = scalar.span_at(first, line.start() + len(text))
    if not text.lstrip().startswith("|") or not text.endswith("|") or len(text.strip()) < 2:
        diagnostics.error("table-row", span, "a row begins and ends with `|`", remedy="`| … |`")
        return None
    cells: list[Cell] = []
    at, end = first + 1, line.start() + len(text)
    while at < end:
        match = _CELL.match(scalar.text, at, end)
        assert match is not None
        stop = match.end() if scalar.text[match.end() : match.end() + 1] == "|" else scalar.text.find("|", at, end)
        written = scalar.text[at:stop]
        cells.append(Cell(written.strip(), at + len(written) - len(written.lstrip()), scalar))
        at = stop + 1
    return Row(tuple(cells), span)


def _of_one_width(scalar: Scalar, rows: list[Row], diagnostics: Diagnostics) -> PipeTable | None:
    if len(rows) < 2:
        diagnostics.error(
            "table-row", scalar.span, "the table has no rows", expected="a line of names, and a line for each rule"
        )
        return None
    header, *body = rows
    fits = len(body) <= MAX_ROWS and len(header.cells) <= MAX_COLUMNS
    if not fits:
        diagnostics.error(
            "table-row",
            scalar.span,
            f"the table has {len(body)} rows of {len(header.cells)} cells",
            expected=f"at most {MAX_ROWS} rows of {MAX_COLUMNS}",
        )
    for row in body:
        if len(row.cells) != len(header.cells):
            fits = False
            diagnostics.error(
                "table-row",
                row.span,
                f"the row has {len(row.cells)} cells, the header {len(header.cells)}",
                expected="a cell under every name; `-` where any value will do",
                remedy="a variable for a condition with `||`" if any(not c.text for c in row.cells) else "",
            )
    return PipeTable(header.cells, tuple(body)) if fits else None
