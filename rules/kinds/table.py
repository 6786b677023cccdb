"""DecisionTable and RoutingMap: rows of conditions and results."""

from __future__ import annotations

from collections.abc import Mapping

from rules.documents.shape import Step
from rules.documents.tables import RoutingMapSpec, TableSpec
from rules.kinds.assembly import plan_of
from rules.kinds.lowering import Lowering
from rules.kinds.table_rows import table_body
from rules.plan import Plan


def lower_table(lowering: Lowering) -> Plan | None:
    """The plan of a table, or None when it has faults; its columns are variables that the cells test."""
    spec = lowering.spec
    assert isinstance(spec, TableSpec)
    own = {name: written for name, written in spec.columns.items() if name != written or name not in spec.variables}
    groups: dict[tuple[Step, ...], Mapping[str, object]] = {
        ("spec", "variables"): spec.variables,
        ("spec", "columns"): own,
    }
    if isinstance(spec, RoutingMapSpec):
        groups["spec",] = {"on": spec.on}
    return plan_of(lowering, groups, table_body)
