"""RuleList: ordered rules, the first that applies decides, `otherwise` when none does."""

from __future__ import annotations

from rules.documents.kinds import RuleListSpec
from rules.kinds.assembly import plan_of
from rules.kinds.lowering import Lowering
from rules.kinds.rules import rules_body
from rules.plan import Plan


def lower_rule_list(lowering: Lowering) -> Plan | None:
    """The plan of a RuleList, or None when it has faults."""
    assert isinstance(lowering.spec, RuleListSpec)
    return plan_of(lowering, {("spec", "variables"): lowering.spec.variables}, rules_body)
