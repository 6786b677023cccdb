"""What may be changed in a pipe table: a cell, or two neighbouring rows in each other's place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from rules.diagnostics import Diagnostics
from rules.mutation.expressions import Meanings, edits
from rules.mutation.mutant import Edit, became
from rules.mutation.values import next_of, other_values
from rules.tables.pipe import Cell, PipeTable, Row, read_table
from rules.yaml_nodes import Scalar

ANY = "-"
_SIGNED = re.compile(r"(<=|>=|!=|<|>)\s*")
_SIGNS = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "!=": ("<=",)}
_INTERVAL = re.compile(r"([\[(])\s*(\S+?)\s*\.\.\s*(\S+?)\s*([\])])")
_BRACKETS = {"[": "(", "(": "[", "]": ")", ")": "]"}
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Told:
    """What the cells of a document's table may say."""

    meanings: Meanings
    outcomes: tuple[str, ...]


def table_edits(scalar: Scalar, kind: str, told: Told) -> Iterator[Edit]:
    """Every change of a table; `kind` is that of its document."""
    table = read_table(scalar, Diagnostics())
    if table is None:
        return
    if kind == "Whitelist":
        for row in table.rows:
            for cell in row.cells[1:]:
                if cell.text in ("yes", "no"):
                    yield became("cell", cell.start, cell.text, "no" if cell.text == "yes" else "yes")
    elif kind == "Scorecard":
        yield from _scored(table, told)
    else:
        yield from _decided(table, told)
        yield from _reordered(table, scalar)


def _scored(table: PipeTable, told: Told) -> Iterator[Edit]:
    """The changes of a scorecard: words, conditions and weights."""
    for row in table.rows:
        for name, cell in zip(table.header, row.cells, strict=True):
            if name.text == "when":
                yield from _expression(cell, told, condition=True)
            elif name.text == "weight":
                yield from _expression(cell, told)
            elif name.text != "id":
                yield from _word(cell, told)


def _decided(table: PipeTable, told: Told) -> Iterator[Edit]:
    """The changes of a decision table: left of `=>` tests, right of it results."""
    results = next((at for at, cell in enumerate(table.header) if cell.text.startswith("=>")), len(table.header))
    for at, name in enumerate(table.header):
        said = [row.cells[at].text for row in table.rows]
        for row in table.rows:
            cell = row.cells[at]
            if at >= results:
                named = name.text.removeprefix("=>").strip()
                yield from _result(cell, told, outcome=named == "outcome")
            elif name.text != "id":
                yield from _test(cell, said, told)


def _test(cell: Cell, column: list[str], told: Told) -> Iterator[Edit]:
    """The changes of a cell that asks: it asks otherwise, or nothing."""
    text, at = cell.text, cell.start
    if text == ANY:
        words = [word for word in column if _WORD.fullmatch(word)]
        if words:
            yield became("cell", at, ANY, words[0])
        return
    yield Edit("cell", at, at + len(text), ANY, f"`{text}` became `{ANY}`", text)
    signed, interval = _SIGNED.match(text), _INTERVAL.fullmatch(text)
    if text.startswith("="):
        yield from _expression(cell.part(1, len(text)), told, condition=True)
    elif interval is not None:
        for group in (1, 4):
            yield became("comparison", at + interval.start(group), interval[group], _BRACKETS[interval[group]])
        for group in (2, 3):
            yield from _values(interval[group], at + interval.start(group))
    elif signed is not None:
        yield from (became("comparison", at, signed[1], other) for other in _SIGNS[signed[1]])
        yield from _values(text[signed.end() :], at + signed.end())
    elif _WORD.fullmatch(text) and text not in ("true", "false"):
        yield from _other_word(cell, column, told)
    else:
        yield from _values(text, at)


def _result(cell: Cell, told: Told, *, outcome: bool) -> Iterator[Edit]:
    """The changes of a cell that gives a result."""
    if cell.text == ANY:
        return
    if outcome:
        other = next_of(cell.text, told.outcomes)
        if other is not None:
            yield became("outcome", cell.start, cell.text, other)
    elif cell.text.startswith("="):
        yield from _expression(cell.part(1, len(cell.text)), told)
    elif _WORD.fullmatch(cell.text) and cell.text not in ("true", "false"):
        yield from _word(cell, told)
    else:
        yield from _values(cell.text, cell.start, compared=False)


def _values(text: str, at: int, *, compared: bool = True) -> Iterator[Edit]:
    yield from (became("number", at, text, other) for other in other_values(text, compared=compared))


def _word(cell: Cell, told: Told) -> Iterator[Edit]:
    other = told.meanings.words.other(cell.text)
    if other is not None:
        yield became("cell", cell.start, cell.text, other)


def _other_word(cell: Cell, column: list[str], told: Told) -> Iterator[Edit]:
    """Another word of the same enum, or else of the same column."""
    other = told.meanings.words.other(cell.text)
    if other is None:
        other = next_of(cell.text, tuple(dict.fromkeys(word for word in column if _WORD.fullmatch(word))))
    if other is not None:
        yield became("cell", cell.start, cell.text, other)


def _expression(cell: Cell, told: Told, *, condition: bool = False) -> Iterator[Edit]:
    yield from (edit.later(cell.start) for edit in edits(cell.text, told.meanings, condition=condition))


def _reordered(table: PipeTable, scalar: Scalar) -> Iterator[Edit]:
    """Two rows in each other's place, each pair of neighbours once."""
    for first, second in pairwise(table.rows):
        (a, b), (c, d) = _stretch(first), _stretch(second)
        text = scalar.text[c:d] + scalar.text[b:c] + scalar.text[a:b]
        names = [row.cells[0].text for row in (first, second)]
        yield Edit("order", a, d, text, f"`{names[1]}` came before `{names[0]}`")


def _stretch(row: Row) -> tuple[int, int]:
    """Where a row begins and ends in the table's text, bars included."""
    scalar = row.cells[0].scalar
    start = scalar.text.rindex("|", 0, row.cells[0].start + 1 if not row.cells[0].text else row.cells[0].start)
    end = scalar.text.find("\n", start)
    return start, len(scalar.text[: end if end >= 0 else len(scalar.text)].rstrip())
