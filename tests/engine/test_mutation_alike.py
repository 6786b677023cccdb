"""Plans that say the same, and those that do not: a change must never be taken for none."""

from __future__ import annotations

import pytest

from engine.mutation.alike import alike, alike_by_themselves
from rules.mutation.replaced import replaced
from tests.engine.shipped import bundle

CHANGES: dict[str, tuple[str, str, str, bool]] = {
    "nothing": ("entry", "title: When a position may open", "title: When it may", True),
    "a reason": ("entry", "'regime_positions={in_regime} >= max", "'regime={in_regime} >= max", True),
    "another key of a map": (
        "entry", "last_trade_at_by_symbol[intent.symbol] < params", 'last_trade_at_by_symbol["BTC"] < params', False
    ),
    "a default": ("entry", "default: 0.7,", "default: 0.8,", False),
    "a parameter that stands at the same": ("hysteresis-var", "off: params.count_off", "off: params.count_on", True),
    "a parameter that does not": ("hysteresis-var", "reading > params.on_above", "reading > params.off_below", False),
    "what a rule finds that cannot fail": ("safety", "penalty: 20}", "penalty: 21}", True),
    "what a rule finds": ("safety", "penalty: 30}}\n    - {id: price", "penalty: 31}}\n    - {id: price", False),
    "an operator": ("allocation", "allocation * intent.leverage", "allocation / intent.leverage", False),
    "an argument": ("open-position", "{side: steps.route.side}", "{}", False),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_alike(name: str) -> None:
    policy, before, after, expected = CHANGES[name]
    text = next(one.source.text for one in bundle().documents if one.name == policy)
    assert before in text
    changed = replaced(bundle(), policy, text.replace(before, after, 1))
    if changed is None:
        assert name in ("an argument", "another key of a map")
        return
    assert alike(bundle().plans[policy], changed.bundle.plans[policy]) is expected


OTHERS: dict[str, tuple[str, str, str, str, bool]] = {
    "another outcome of a policy that is asked": (
        "allocation", "{ALLOCATED: {effect: allow},", "{LATER: {effect: block}, ALLOCATED: {effect: allow},",
        "entry", True,
    ),
    "nothing": ("entry", "title: When a position may open", "title: When it may", "entry", True),
    "a reason": ("entry", "'regime_positions={in_regime} >= max", "'regime={in_regime} >= max", "entry", False),
    "a default": ("entry", "default: 0.7,", "default: 0.8,", "entry", False),
    "something else is read": (
        "entry", "(sizing.allocation) ? sizing.allocation :", "(sizing.notional) ? sizing.notional :", "entry", False
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_alike_by_themselves(name: str) -> None:
    document, before, after, policy, expected = OTHERS[name]
    text = next(one.source.text for one in bundle().documents if one.name == document)
    assert before in text
    changed = replaced(bundle(), document, text.replace(before, after, 1))
    assert changed is not None
    plans = bundle().plans[policy], changed.bundle.plans[policy]
    assert alike_by_themselves(*plans) is expected
    assert alike_by_themselves(plans[0], plans[0])
