"""Whitelist: rows by columns, `yes` or `no` in each cell; whatever is not listed is refused.

The column is judged first: a word it does not know is refused whatever the row. Then an absent row, then an unknown one.
"""

from __future__ import annotations

from collections.abc import Iterable

from rules.cel import presence
from rules.cel.expressions import text_of, typed
from rules.cel.presence import Facts
from rules.cel.syntax import Apply, Constant, Name, Syntax
from rules.cel.tree import Node, Variable, define, is_guarded
from rules.documents.sections import Conclusion
from rules.documents.shape import Step
from rules.documents.tables import WhitelistSpec
from rules.kinds.assembly import plan_of
from rules.kinds.lowering import Body, Lowering
from rules.kinds.rules import not_applied, preconditions
from rules.plan import Case, Plan
from rules.tables.pipe import Cell, PipeTable, read_table
from rules.types import BOOL, EnumType, show

ROW, COLUMN = "row", "column"
"""The names of the two keys inside the whitelist."""


def lower_whitelist(lowering: Lowering) -> Plan | None:
    """The plan of a Whitelist, or None when it has faults."""
    spec = lowering.spec
    assert isinstance(spec, WhitelistSpec)
    return plan_of(lowering, {("spec",): {ROW: spec.row, COLUMN: spec.column}}, whitelist_body)


def whitelist_body(lowering: Lowering) -> Body | None:
    """The cases: unknown column, absent row, unknown row, listed; otherwise unlisted."""
    spec = lowering.spec
    assert isinstance(spec, WhitelistSpec)
    scalar = lowering.scalar("spec", "table")
    table = read_table(scalar, lowering.diagnostics)
    if table is None or not _words_known(lowering, table):
        lowering.failed = True
        return None
    everything = Cell(scalar.text, 0, scalar)
    columns, rows = table.header[1:], [row.cells[0] for row in table.rows]
    cases, known = preconditions(lowering)
    found: list[Case | None] = [*cases]
    found.append(_case(lowering, "unknown-column", _none(COLUMN, columns, everything), spec.unknownColumn, known))
    known = presence.unite(known, not_applied(found[-1]))
    if _may_be_absent(lowering):
        found.append(_absent_row(lowering, spec, known))
        known = presence.unite(known, not_applied(found[-1]))
    found.append(_case(lowering, "unknown-row", _none(ROW, rows, everything), spec.unknownRow, known))
    known = presence.unite(known, not_applied(found[-1]))
    found.append(_case(lowering, "listed", _listed(table, everything), spec.listed, known))
    known = presence.unite(known, not_applied(found[-1]))
    last = _conclusion(lowering, "unlisted", None, spec.unlisted, known)
    done = [case for case in found if case is not None]
    return None if len(done) < len(found) or last is None else Body(tuple(done), last)


def _words_known(lowering: Lowering, table: PipeTable) -> bool:
    """Whether every row and column is a word of its key's enum, once, and every cell says yes or no."""
    fine = _words(lowering, COLUMN, table.header[1:]) & _words(lowering, ROW, [row.cells[0] for row in table.rows])
    for row in table.rows:
        for cell in row.cells[1:]:
            if cell.text not in ("yes", "no"):
                fine = False
                lowering.diagnostics.error("table-cell", cell.span, f"`{cell.text}` is neither yes nor no")
    return fine


def _words(lowering: Lowering, key: str, cells: Iterable[Cell]) -> bool:
    meaning = lowering.scope.names.get(key)
    if meaning is None:
        return False
    if not isinstance(meaning.type, EnumType):
        lowering.error("table-key", ("spec", key), f"`{key}` is {show(meaning.type)}", expected="an enum")
        return False
    fine, seen = True, set()
    for cell in cells:
        if cell.text not in meaning.type.members or cell.text in seen:
            fine = False
            twice = "stands twice" if cell.text in seen else f"is not a word of `{meaning.type.name}`"
            lowering.diagnostics.error("table-key", cell.span, f"`{cell.text}` {twice}")
        seen.add(cell.text)
    return fine


def _may_be_absent(lowering: Lowering) -> bool:
    """Whether the row's key reads something that may be absent."""
    meaning = lowering.scope.names[ROW]
    return bool(presence.needs(meaning.read(lowering.document.span("spec", ROW)), presence.NONE))
