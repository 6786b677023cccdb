"""The header of a decision table: which column is the id, which are conditions, which are results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.cel.tree import Definition
from rules.diagnostics import did_you_mean
from rules.documents.tables import RoutingMapSpec, TableSpec
from rules.kinds.lowering import Lowering
from rules.tables.pipe import Cell, PipeTable
from rules.types import Type

ARROW = "=>"
OUTCOME = "outcome"
ON = "on"


@dataclass(frozen=True, slots=True)
class Header:
    """Positions of the cells of a row: its id, its conditions by column, its results (`outcome` among them) by name."""

    id: int
    conditions: Mapping[str, int]
    results: Mapping[str, int]


def read_header(lowering: Lowering, table: PipeTable, results: Mapping[str, Type]) -> Header | None:
    """The header of a table, or None when a name in it means nothing or is missing."""
    spec = lowering.spec
    assert isinstance(spec, TableSpec)
    columns = [*spec.columns, *([ON] if isinstance(spec, RoutingMapSpec) else [])]
    wanted_results = [*results, *([] if spec.outcomeFrom else [OUTCOME])]
    arrow = next((at for at, cell in enumerate(table.header) if cell.text.startswith(ARROW)), None)
    if arrow is None:
        _fault(lowering, table.header[0], "nothing says where the results begin", "`=>` before the first result")
        return None
    found: dict[str, int] = {}
    fine = True
    for at, cell in enumerate(table.header):
        name = cell.text.removeprefix(ARROW).strip() if at == arrow else cell.text
        allowed = wanted_results if at >= arrow else ["id", *columns]
        if name in found:
            fine = _fault(lowering, cell, f"`{name}` stands twice in the header", "one of them")
        elif name not in allowed:
            near = did_you_mean(name, allowed)
            what = "result" if at >= arrow else "column"
            fine = _fault(lowering, cell, f"there is no {what} `{name}`", f"`{near}`" if near else "")
        found[name] = at
    missing = [name for name in ("id", *columns, *wanted_results) if name not in found]
    if fine and missing:
        lacking = ", ".join(f"`{name}`" for name in missing)
        fine = _fault(lowering, table.header[0], f"the header lacks {lacking}", lacking)
    if not fine:
        return None
    return Header(found["id"], {name: found[name] for name in columns}, {name: found[name] for name in wanted_results})


def _fault(lowering: Lowering, cell: Cell, message: str, remedy: str) -> bool:
    lowering.failed = True
    lowering.diagnostics.error("table-header", cell.span, message, remedy=remedy)
    return False


def column_type(lowering: Lowering, name: str) -> Type | None:
    """The type of a column; None when its expression has a fault."""
    meaning = lowering.scope.names.get(name)
    return meaning.type if isinstance(meaning, Definition) else None
