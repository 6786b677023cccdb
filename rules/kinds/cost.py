"""The static cost of a decision: everything a policy may evaluate, the policies it calls with it, against the budget.

Every case is counted, although one applies; of messages every one, although one is written: a decision never costs
more than this says.
"""

from __future__ import annotations

from collections.abc import Mapping

from rules.cel.cost import LoopCost, Meter
from rules.diagnostics import Diagnostics
from rules.plan import Plan, expressions

BUDGET = 1_000_000
"""Units a decision may cost."""
MOST_LOOPS_NAMED = 3


def check_cost(plan: Plan, costs: Mapping[str, int], diagnostics: Diagnostics) -> int:
    """The units a decision of the plan may cost; beyond the budget it is refused, with the loops that cost most.

    `costs` holds those of the policies it calls.
    """
    meter = Meter()
    own = meter.all(expressions(plan))
    called = {call.name: costs[call.policy] for call in plan.calls}
    units = own + sum(called.values())
    if units > BUDGET:
        dearest = sorted(meter.loops, key=lambda cost: cost.units, reverse=True)[:MOST_LOOPS_NAMED]
        asked = "".join(f", {cost:,} of them in `{name}`" for name, cost in called.items())
        diagnostics.error(
            "cost-budget",
            dearest[0].loop.span if dearest and own > BUDGET // 2 else plan.span,
            f"a decision of `{plan.name}` may cost {units:,} units{asked}",
            expected=f"at most {BUDGET:,}",
            remedy="smaller bounds of its lists (`maxItems`, `maxEntries`), or fewer loops within loops",
            notes=[(cost.loop.span, _told(cost)) for cost in dearest],
        )
        return 0  # its callers are not told of it again
    return units


def _told(cost: LoopCost) -> str:
    return f"`{cost.loop.macro}` over up to {cost.items:,} items, {cost.each:,} units each: {cost.units:,}"
