"""RuleList: ordered rules, the first that applies decides; or, under hit policy `collect`, all are asked."""

from __future__ import annotations

from rules.documents.kinds import CollectSpec, RuleListSpec
from rules.kinds.assembly import plan_of
from rules.kinds.findings import findings_body
from rules.kinds.lowering import Lowering
from rules.kinds.rules import rules_body
from rules.plan import Plan


def lower_rule_list(lowering: Lowering) -> Plan | None:
    """The plan of a RuleList, or None when it has faults."""
    assert isinstance(lowering.spec, RuleListSpec | CollectSpec)
    body = findings_body if isinstance(lowering.spec, CollectSpec) else rules_body
    return plan_of(lowering, {("spec", "variables"): lowering.spec.variables}, body)
