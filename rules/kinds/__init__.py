"""The kinds of decision documents: one module each, and the table that says which lowers what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from rules.kinds.formula import lower_formula
from rules.kinds.latch import lower_latch
from rules.kinds.lowering import Lowering
from rules.kinds.pipeline import lower_pipeline
from rules.kinds.rule_list import lower_rule_list
from rules.kinds.scorecard import lower_scorecard
from rules.kinds.table import lower_table
from rules.kinds.whitelist import lower_whitelist
from rules.plan import Plan

LOWER: Mapping[str, Callable[[Lowering], Plan | None]] = MappingProxyType(
    {
        "RuleList": lower_rule_list,
        "Formula": lower_formula,
        "DecisionTable": lower_table,
        "RoutingMap": lower_table,
        "Whitelist": lower_whitelist,
        "Pipeline": lower_pipeline,
        "Latch": lower_latch,
        "Scorecard": lower_scorecard,
    }
)
