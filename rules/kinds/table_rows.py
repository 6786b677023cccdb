"""Decision tables: rows become cases, result columns become outputs, hit policies become an order of the rows.

`unique` and `any` are proved while the policy is checked (rows that overlap, or that overlap and differ, are errors),
`priority` puts the rows in the order of their outcomes; so every table runs under `first`, and no reader learns of one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rules.cel import presence
from rules.cel.expressions import Template, report, text_of, typed
from rules.cel.presence import Facts
from rules.cel.syntax import Syntax
from rules.cel.syntax_faults import SyntaxFault
from rules.cel.tree import Conditional, Definition, Node, define
from rules.diagnostics import did_you_mean
from rules.documents.sections import NAME
from rules.documents.tables import DecisionTableSpec, TableSpec
from rules.documents.type_specs import build
from rules.kinds.conditions import all_of, applied
from rules.kinds.lowering import Body, Lowering
from rules.kinds.rules import preconditions, unique_ids
from rules.kinds.table_findings import check_rows
from rules.kinds.table_header import Header, read_header
from rules.plan import Case, Output
from rules.tables.cells import Condition, Test, condition_of, read_result, read_test, shown
from rules.tables.pipe import Cell, Row, read_table
from rules.types import BOOL, EnumType, Type, join
from rules.yaml_nodes import Scalar


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row read: its id, what its cells ask, its outcome, and the syntax of its results."""

    id: str
    row: Row
    tests: tuple[Test | Condition | None, ...]
    outcome: str
    results: dict[str, Syntax]


@dataclass(slots=True)
class TableBody:
    """A table on its way to cases."""

    lowering: Lowering
    header: Header
    results: dict[str, Type]
    rows: list[TableRow]
    given: dict[str, list[tuple[str, Node]]]
    """For each result the rows that give it."""

    @property
    def spec(self) -> TableSpec:
        """What the document says."""
        spec = self.lowering.spec
        assert isinstance(spec, TableSpec)
        return spec


def table_body(lowering: Lowering) -> Body | None:
    """The body of a DecisionTable or a RoutingMap; None when its table cannot be read."""
    spec = lowering.spec
    assert isinstance(spec, TableSpec)
    scalar = lowering.scalar("spec", "table")
    table = read_table(scalar, lowering.diagnostics)
    results = _result_types(lowering, spec)
    header = None if table is None else read_header(lowering, table, results)
    if table is None or header is None:
        lowering.failed = True
        return None
    if not _add_outcomes(lowering, spec, results):
        return None
    body = TableBody(lowering, header, results, [], {name: [] for name in results})
    body.rows = [found for row in table.rows if (found := _read_row(body, row)) is not None]
    unique_ids(lowering, [(row.row.cells[header.id].span, row.id) for row in body.rows])
    return None if lowering.failed else _cases(body)


def _result_types(lowering: Lowering, spec: TableSpec) -> dict[str, Type]:
    named = lowering.around.types.named
    found: dict[str, Type] = {}
    for name, written in spec.results.items():
        path = ("spec", "results", name)
        wanted = build(lowering.document, path, written, named, lowering.diagnostics, bounded=False)
        lowering.failed |= wanted is None
        if wanted is not None:
            found[name] = wanted
    return found


def _add_outcomes(lowering: Lowering, spec: TableSpec, results: dict[str, Type]) -> bool:
    """Add the outcomes that are the words of a result; False when they cannot be told."""
    if spec.outcomeFrom is None:
        return True
    words = results.get(spec.outcomeFrom.result)
    path = ("spec", "outcomeFrom", "result")
    if not isinstance(words, EnumType) or words.open:
        lowering.error("table-outcome", path, f"`{spec.outcomeFrom.result}` is no result whose words are all known")
        return False
    twice = [word for word in words.members if word in lowering.outcomes]
    if twice:
        lowering.error("table-outcome", path, f"`{twice[0]}` is declared under `outcomes` too", remedy="one of them")
        return False
    lowering.outcomes |= dict.fromkeys(words.members, spec.outcomeFrom.effect)
    return True


def _read_row(body: TableBody, row: Row) -> TableRow | None:
    """A row's cells as syntax; a fault of any of them is reported."""
    lowering, header = body.lowering, body.header
    tests: list[Test | Condition | None] = []
    fine = True
    for name, at in header.conditions.items():
        meaning = lowering.scope.names.get(name)
        if meaning is None:
            fine = False
            continue
        try:
            tests.append(read_test(row.cells[at], meaning.type))
        except SyntaxFault as fault:
            fine = _report(body, row.cells[at], fault)
    results: dict[str, Syntax] = {}
    for name, wanted in body.results.items():
        cell = row.cells[header.results[name]]
        if cell.text == "-":
            continue
        try:
            results[name] = read_result(cell, wanted)
        except SyntaxFault as fault:
            fine = _report(body, cell, fault)
    fine &= _has_id(body, row.cells[header.id])
    outcome = _row_outcome(body, row)
    if not fine or outcome is None:
        lowering.failed = True
        return None
    return TableRow(row.cells[header.id].text, row, tuple(tests), outcome, results)


def _has_id(body: TableBody, cell: Cell) -> bool:
    """Whether a row has an id as rules have one."""
    if re.fullmatch(NAME, cell.text):
        return True
    message = f"`{cell.text}` is no id" if cell.text else "the row has no id"
    expected = "small letters, digits and dashes, as `global-cooldown`"
    body.lowering.diagnostics.error("table-row", cell.span, message, expected=expected)
    return False


def _report(body: TableBody, cell: Cell, fault: SyntaxFault) -> bool:
    report(fault, text_of(cell.scalar), body.lowering.diagnostics)
    return False


def _row_outcome(body: TableBody, row: Row) -> str | None:
    """The outcome of a row: a word, declared or one of the result it is taken from."""
    spec = body.spec
    cell = row.cells[body.header.results[spec.outcomeFrom.result if spec.outcomeFrom else "outcome"]]
    if cell.text in body.lowering.outcomes:
        return cell.text
    body.lowering.unknown_outcome(cell.span, cell.text)
    return None


def _cases(body: TableBody) -> Body | None:
    lowering = body.lowering
    cases, known = preconditions(lowering)
    for row in _in_order(body):
        case, known = _case(body, row, known)
        cases += [case] if case is not None else []
    otherwise = _otherwise(body, known)
    if lowering.failed or otherwise is None:
        return None
    check_rows(body)
    concluded = len(cases) + 1
    outputs = tuple(_output(body, name, wanted, concluded) for name, wanted in body.results.items() if body.given[name])
    return Body(tuple(cases), otherwise, outputs)


def _in_order(body: TableBody) -> list[TableRow]:
    """The rows in the order in which they are tried."""
    spec = body.spec
    if not isinstance(spec, DecisionTableSpec) or spec.hitPolicy != "priority":
        return body.rows
    ranks = {outcome: rank for rank, outcome in enumerate(spec.priority)}
    lacking = [row for row in body.rows if row.outcome not in ranks]
    if lacking:
        body.lowering.error(
            "table-priority",
            ("spec", "priority") if spec.priority else ("spec", "hitPolicy"),
            f"`priority` does not say where `{lacking[0].outcome}` stands",
            expected="every outcome of the table, those that win first",
        )
    return sorted(body.rows, key=lambda row: ranks.get(row.outcome, len(ranks)))


def _case(body: TableBody, row: TableRow, known: Facts) -> tuple[Case | None, Facts]:
    """The case of a row, and what is known when it does not apply."""
    lowering = body.lowering
    parts: list[Node] = []
    holds, fails = known, presence.ALL
    for name, test in zip(body.header.conditions, row.tests, strict=True):
        if test is None:
            continue
        text = text_of(test.cell.scalar)
        node = typed(condition_of(test, name), text, lowering.scope, lowering.diagnostics, expected=BOOL, known=holds)
        if node is None:
            lowering.failed = True
            return None, presence.ALL
        fails = presence.intersect(fails, presence.unite(holds, presence.facts(node, False)))
        holds = presence.unite(holds, presence.facts(node, True))
        parts.append(node)
    lowering.written += parts
    when = all_of(parts, row.row.span)
    scalar = row.row.cells[0].scalar
    reason = _results(body, row.id, row.results, holds, dict.fromkeys(row.results, scalar))
    span = row.row.cells[body.header.id].span
    asked = zip(body.header.conditions, row.tests, strict=True)
    condition = " and ".join(shown(test, name) for name, test in asked if test is not None) or "always"
    return Case(row.id, when, (), row.outcome, reason, span, condition), fails


def _results(
    body: TableBody, rule: str, results: dict[str, Syntax], known: Facts, cells: dict[str, Scalar]
) -> Template | None:
    """Note the results of a row, and give its reason, which may read them."""
    lowering = body.lowering
    given: dict[str, Definition] = {}
    for name, parsed in results.items():
        wanted = body.results[name]
        text = text_of(cells[name])
        named = body.spec.results[name]
        called = named if isinstance(named, str) else named.type or ""
        node = typed(parsed, text, lowering.scope, lowering.diagnostics, expected=wanted, known=known, called=called)
        if node is None:
            lowering.failed = True
            continue
        body.given[name].append((rule, node))
        lowering.written.append(node)
        given[name] = define(f"outputs.{name}", node)
    lacking = (f"outputs.{name}" for name in body.results if name not in given and name in results)
    scope = lowering.decision_scope().with_members("outputs", given).with_faulty(*lacking)
    return lowering.message(("spec", "reason"), scope=scope, known=known)


def _otherwise(body: TableBody, known: Facts) -> Case | None:
    """What holds where no row applies; a table that leaves nothing out needs none, and fails closed all the same."""
    lowering, spec = body.lowering, body.spec
    if spec.otherwise is None:
        told = Template(("no row of the table applies",), lowering.document.span("spec", "table"))
        table = lowering.document.span("spec", "table")
        return Case("otherwise", None, (), spec.onError, told, table, guards=True)
    outcome_key = spec.outcomeFrom.result if spec.outcomeFrom else "outcome"
    path = ("spec", "otherwise")
    for key in spec.otherwise.keys() - {*body.results, outcome_key}:
        near = did_you_mean(key, [*body.results, outcome_key])
        remedy = f"`{near}`" if near else ""
        lowering.error_at_key("table-otherwise", (*path, key), f"the table has no result `{key}`", remedy=remedy)
    if outcome_key not in spec.otherwise:
        lowering.error("table-otherwise", path, f"`otherwise` does not say its `{outcome_key}`")
        return None
    cells = {name: lowering.scalar(*path, name) for name in body.results if name in spec.otherwise}
    results: dict[str, Syntax] = {}
    for name, scalar in cells.items():
        cell = Cell(scalar.text, 0, scalar)
        try:
            results[name] = read_result(cell, body.results[name])
        except SyntaxFault as fault:
            lowering.failed = True
            _report(body, cell, fault)
    outcome = str(spec.otherwise[outcome_key])
    lowering.outcome((*path, outcome_key), outcome)
    reason = _results(body, "otherwise", results, known, cells)
    return Case("otherwise", None, (), outcome, reason, lowering.document.span(*path, outcome_key))


def _output(body: TableBody, name: str, wanted: Type, total: int) -> Output:
    """A result as an output: what the row that applied gives; absent where a row gives none."""
    span = body.lowering.document.span("spec", "results", name)
    (_, value), *others = reversed(body.given[name])
    for rule, node in others:
        value = Conditional(applied([rule], span), node, value, join(node.type, value.type), span)
    optional = len(body.given[name]) < total
    when = applied([rule for rule, _ in body.given[name]], span) if optional else None
    return Output(name, wanted, value, when, optional, span)
