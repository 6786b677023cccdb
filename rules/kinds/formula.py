"""Formula: named steps in order, rules that may refuse what they computed, typed outputs."""

from __future__ import annotations

from rules.documents.kinds import FormulaSpec
from rules.kinds.assembly import plan_of
from rules.kinds.lowering import Lowering
from rules.kinds.rules import rules_body
from rules.plan import Plan


def lower_formula(lowering: Lowering) -> Plan | None:
    """The plan of a Formula, or None when it has faults; its steps are variables that outputs usually read."""
    assert isinstance(lowering.spec, FormulaSpec)
    return plan_of(lowering, {("spec", "steps"): lowering.spec.steps}, rules_body)
