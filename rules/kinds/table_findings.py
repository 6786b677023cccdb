"""What the analysis of a table found, told with a row and an example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rules.cel.literals import bounded
from rules.diagnostics import did_you_mean
from rules.documents.tables import DecisionTableSpec
from rules.kinds.table_header import column_type
from rules.tables.analysis import Column, analyse
from rules.tables.regions import Value
from rules.types import DurationType

if TYPE_CHECKING:
    from rules.kinds.table_rows import TableBody


def check_rows(body: TableBody) -> None:
    """Report rows that never apply, rows that the hit policy does not let meet, and values that no row admits."""
    lowering, spec = body.lowering, body.spec
    columns = [Column(name, t) for name in body.header.conditions if (t := column_type(lowering, name)) is not None]
    if len(columns) < len(body.header.conditions):
        return
    at: Mapping[str, Value] = {
        p.name: p.default for p in lowering.parameters if isinstance(p.default, bool | int | float | str)
    }
    found = analyse(columns, [row.tests for row in body.rows], at)
    hit_policy = spec.hitPolicy if isinstance(spec, DecisionTableSpec) else "first"
    table = lowering.document.span("spec", "table")
    if not found.told and hit_policy in ("unique", "any"):
        lowering.failed = True
        message = f"whether two rows apply together cannot be told, and hit policy {hit_policy} forbids it"
        lowering.diagnostics.error("table-overlap", table, message, remedy="`hitPolicy: first`")
    for index, by in found.never.items():
        if hit_policy == "priority" or body.rows[index].id in spec.unreachable:
            continue
        lowering.failed = True
        if index in found.barren:
            _barren(body, index, found.barren[index], columns)
        else:
            _taken(body, index, by)
    _declared_unreachable(body, {body.rows[index].id for index in found.never} if found.told else None)
    for first, second, values in found.overlaps:
        _overlap(body, hit_policy, first, second, _shown(columns, values))
    if found.gap is not None and spec.otherwise is None:
        lowering.failed = True
        shown = _shown(columns, found.gap)
        lowering.diagnostics.error(
            "table-gap", table, f"no row applies for {shown}", expected="a row for it, or `otherwise`"
        )


def _barren(body: TableBody, index: int, at: int, columns: Sequence[Column]) -> None:
    """Report a row of which a cell admits nothing: the cell, and what the column can be."""
    row, column, test = body.rows[index], columns[at], body.rows[index].tests[at]
    assert test is not None
    body.lowering.diagnostics.error(
        "table-unreachable",
        test.cell.span,
        f"`{row.id}` never applies: `{test.cell.text}` admits no value of `{column.name}`",
        expected=f"a test of {bounded(column.type)}",
    )


def _taken(body: TableBody, index: int, by: Sequence[int]) -> None:
    """Report a row that comes too late: the rows above it take all that it admits."""
    row = body.rows[index]
    remedy = "the table without the row"
    if len(by) == 1:
        above = body.rows[by[0]].id
        remedy = f"`{row.id}` above `{above}`, a narrower `{above}`, or {remedy}"
    takes = "takes" if len(by) == 1 else "take"
    message = f"`{row.id}` never applies: {_rows(body, by)} {takes} all it admits"
    body.lowering.diagnostics.error("table-unreachable", row.row.span, message, remedy=remedy)


def _declared_unreachable(body: TableBody, never: set[str] | None) -> None:
    """Report what stands under `unreachable` and is no row, or is one that does apply."""
    ids = {row.id for row in body.rows}
    for index, name in enumerate(body.spec.unreachable):
        path = ("spec", "unreachable", index)
        if name not in ids:
            near = did_you_mean(name, ids)
            body.lowering.error(
                "table-unreachable", path, f"there is no row `{name}`", remedy=f"`{near}`" if near else ""
            )
        elif never is not None and name not in never:
            body.lowering.error("table-unreachable", path, f"`{name}` does apply", remedy="the list without it")


def _overlap(body: TableBody, hit_policy: str, first: int, second: int, shown: str) -> None:
    """Report two rows that apply together where the hit policy forbids that."""
    one, other = body.rows[first], body.rows[second]
    alike = one.outcome == other.outcome and _texts(body, first) == _texts(body, second)
    if hit_policy == "unique" or (hit_policy == "any" and not alike):
        body.lowering.failed = True
        differ = "" if hit_policy == "unique" else " and differ"
        body.lowering.diagnostics.error(
            "table-overlap",
            other.row.span,
            f"`{one.id}` and `{other.id}` both apply{differ} for {shown}",
            expected=f"rows that do not, under hit policy {hit_policy}",
            notes=[(one.row.span, "the other row")],
        )


def _texts(body: TableBody, index: int) -> list[str]:
    """What a row's result cells say."""
    row = body.rows[index].row
    return [row.cells[at].text for at in body.header.results.values()]


def _rows(body: TableBody, indices: Sequence[int]) -> str:
    return ", ".join(f"`{body.rows[index].id}`" for index in indices)


def _shown(columns: Sequence[Column], values: Sequence[Value]) -> str:
    """The values of an example, column by column."""
    return ", ".join(f"{column.name}={_value(column, value)}" for column, value in zip(columns, values, strict=True))


def _value(column: Column, value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(column.type, DurationType) and isinstance(value, int):
        return f"{value / 1_000_000:g}s"
    return str(value)
