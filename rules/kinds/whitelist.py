"""Whitelist: rows by columns, `yes` or `no` in each cell; whatever is not listed is refused.

The column is judged first: a word it does not know is refused whatever the row; then an absent row, then an unknown
one.
"""

from __future__ import annotations

from collections.abc import Iterable

from rules.cel import presence
from rules.cel.expressions import text_of, typed
from rules.cel.functions import BY_ID
from rules.cel.paths import is_guarded
from rules.cel.presence import Facts
from rules.cel.syntax import Apply, Constant, Name, Syntax
from rules.cel.tree import Call, Definition, Has, Node
from rules.diagnostics import did_you_mean
from rules.documents.findings import one_of
from rules.documents.sections import Conclusion
from rules.documents.shape import Step
from rules.documents.tables import WhitelistSpec
from rules.kinds.assembly import plan_of
from rules.kinds.lowering import Body, Lowering
from rules.kinds.rules import not_applied, preconditions, told
from rules.plan import Case, Plan
from rules.plan import Row as CellRow
from rules.tables.pipe import Cell, PipeTable, read_table
from rules.types import BOOL, EnumType, show

ROW, COLUMN = "row", "column"
"""The names of the two keys inside the whitelist."""
KEYS = {
    "unknown-column": "unknownColumn",
    "absent-row": "absentRow",
    "unknown-row": "unknownRow",
    "listed": "listed",
    "unlisted": "unlisted",
}
"""Where the outcome of each rule is written."""
TEXTS = {
    "unknown-column": "{column} is none of the columns",
    "absent-row": "{row} is absent",
    "unknown-row": "{row} is none of the rows",
    "listed": "the table says yes to {row} and {column}",
    "unlisted": "",
}
"""How the condition of each rule reads."""
REFUSING = frozenset(("unknown-column", "unknown-row", "unlisted"))
"""Rules that can only block: what is not listed is refused."""


_MEANT = {
    **dict.fromkeys(("yes", "y", "yess", "true", "on", "x"), "yes"),
    **dict.fromkeys(("no", "n", "noo", "false", "off", "-"), "no"),
}
"""What is written in place of `yes` and `no`, in small letters."""


def lower_whitelist(lowering: Lowering) -> Plan | None:
    """The plan of a Whitelist, or None when it has faults."""
    spec = lowering.spec
    assert isinstance(spec, WhitelistSpec)
    keys = {ROW: spec.row, COLUMN: spec.column}
    return plan_of(lowering, {("spec",): keys}, whitelist_body)


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
    _report_unlisted(lowering, COLUMN, columns)
    _report_unlisted(lowering, ROW, rows)
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
    _note_cells(lowering, table, everything)
    done = [case for case in found if case is not None]
    return None if len(done) < len(found) or last is None else Body(tuple(done), last)


def _words_known(lowering: Lowering, table: PipeTable) -> bool:
    """Whether every row and column is a word of its key's enum, once, and every cell says yes or no."""
    fine = _words(lowering, COLUMN, table.header[1:]) & _words(lowering, ROW, [row.cells[0] for row in table.rows])
    for row in table.rows:
        for cell in row.cells[1:]:
            if cell.text not in ("yes", "no"):
                fine = False
                remedy = f"`{_MEANT[cell.text.lower()]}`" if cell.text.lower() in _MEANT else ""
                message = f"`{cell.text}` is neither yes nor no" if cell.text else "the cell is empty"
                lowering.diagnostics.error("table-cell", cell.span, message, expected="`yes` or `no`", remedy=remedy)
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
            _unknown_word(lowering, cell, meaning.type, twice=cell.text in seen)
        seen.add(cell.text)
    return fine


def _report_unlisted(lowering: Lowering, key: str, cells: Iterable[Cell]) -> None:
    """Warn of words of a key that the table lacks: they are judged as words that nobody knows."""
    enum = lowering.scope.names[key].type
    assert isinstance(enum, EnumType)
    listed = {cell.text for cell in cells}
    for word in enum.members:
        if word not in listed:
            message = f"the table has no {key} `{word}`, which is judged as an unknown {key}"
            span = lowering.document.key_span("spec", "table")
            lowering.diagnostics.warning("table-incomplete", span, message, remedy=f"a {key} `{word}`")


def _unknown_word(lowering: Lowering, cell: Cell, enum: EnumType, *, twice: bool) -> None:
    if twice:
        lowering.diagnostics.error("table-key", cell.span, f"`{cell.text}` stands twice", remedy="one of them")
        return
    near = did_you_mean(cell.text, enum.members)
    lowering.diagnostics.error(
        "table-key",
        cell.span,
        f"`{cell.text}` is not a word of `{enum.name}`",
        expected=one_of(enum.members),
        remedy=f"`{near}`" if near else "",
    )


def _note_cells(lowering: Lowering, table: PipeTable, whole: Cell) -> None:
    """Note each cell, looked up for the decisions of the rule that it leads to."""
    for row in table.rows:
        for at, cell in enumerate(row.cells[1:], 1):
            pair = _both(_is(ROW, row.cells[0]), _is(COLUMN, table.header[at]), whole)
            text = text_of(lowering.scalar("spec", "table"))
            when = typed(pair, text, lowering.scope, lowering.diagnostics, expected=BOOL, known=presence.ALL)
            if when is not None:
                ident = f"{row.cells[0].text}/{table.header[at].text}"
                case = "listed" if cell.text == "yes" else "unlisted"
                lowering.rows.append(CellRow(ident, when, cell.span, case))


def _may_be_absent(lowering: Lowering) -> bool:
    """Whether the row's key reads something that may be absent."""
    return bool(presence.needs(_key(lowering), presence.NONE))


def _key(lowering: Lowering) -> Node:
    """A read of the row's key."""
    node = lowering.scope.read(ROW, lowering.document.span("spec", ROW))
    assert node is not None
    return node


def _absent_row(lowering: Lowering, spec: WhitelistSpec, known: Facts) -> Case | None:
    """The case of a row's key that is not there; it has to be said what holds then."""
    definition = lowering.scope.names[ROW]
    assert isinstance(definition, Definition)
    path = definition.node
    if spec.absentRow is None:
        expected = "`absentRow: {outcome: …, reason: …}`"
        lowering.error("table-key", ("spec", ROW), f"`{path.span.text}` may be absent", expected=expected)
        return None
    if not is_guarded(path):
        lowering.error("table-key", ("spec", ROW), "a row's key that may be absent is an input or a field by itself")
        return None
    there = Has(path, path.span)
    absent = Call(BY_ID["not"], (there,), BOOL, path.span, raises=False)
    return _conclusion(lowering, "absent-row", absent, spec.absentRow, known)


def _case(lowering: Lowering, ident: str, condition: Syntax, conclusion: Conclusion, known: Facts) -> Case | None:
    """A case from syntax over the two keys."""
    scalar = lowering.scalar("spec", "table")
    text = text_of(scalar)
    when = typed(condition, text, lowering.scope, lowering.diagnostics, expected=BOOL, known=known)
    return None if when is None else _conclusion(lowering, ident, when, conclusion, known)


def _conclusion(lowering: Lowering, ident: str, when: Node | None, conclusion: Conclusion, known: Facts) -> Case | None:
    """The case of an outcome and a reason that the document writes under a key of its own."""
    path: tuple[Step, ...] = ("spec", KEYS[ident])
    lowering.outcome((*path, "outcome"), conclusion.outcome, must_block=ident in REFUSING)
    knows = known if when is None else told(when, True, known)
    reason = lowering.message((*path, "reason"), known=knows)
    span = lowering.document.span(*path, "outcome")
    text = TEXTS[ident].format(row=_written(lowering, ROW), column=_written(lowering, COLUMN))
    return None if reason is None else Case(ident, when, (), conclusion.outcome, reason, span, text)


def _written(lowering: Lowering, key: str) -> str:
    return " ".join(lowering.scalar("spec", key).text.split())


def _none(key: str, words: Iterable[Cell], table: Cell) -> Syntax:
    """That a key is none of some words."""
    start, end = table.start, table.end
    return Apply("!_", None, (_either([_is(key, word) for word in words], table),), start, end)


def _listed(table: PipeTable, whole: Cell) -> Syntax:
    """That the cell of the row and the column says yes."""
    permitted = [
        _both(_is(ROW, row.cells[0]), _either([_is(COLUMN, table.header[at]) for at in yes], whole), whole)
        for row in table.rows
        if (yes := [at for at, cell in enumerate(row.cells) if at > 0 and cell.text == "yes"])
    ]
    return _either(permitted, whole) if permitted else Constant(False, whole.start, whole.end)


def _is(key: str, word: Cell) -> Syntax:
    name, text = Name(key, word.start, word.end), Constant(word.text, word.start, word.end)
    return Apply("_==_", None, (name, text), word.start, word.end)


def _either(parts: list[Syntax], whole: Cell) -> Syntax:
    """One of the parts, as a tree that is as flat as can be."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    halves = (_either(parts[:middle], whole), _either(parts[middle:], whole))
    return Apply("_||_", None, halves, whole.start, whole.end)


def _both(left: Syntax, right: Syntax, whole: Cell) -> Syntax:
    return Apply("_&&_", None, (left, right), whole.start, whole.end)
