"""Entry and allocation agree with plain Python that was written from the source documents, not from the policies."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.decision import Decision
from engine.policy import Policy
from tests.engine.shipped import HISTORY, STAMP, as_json, decide, policy
from tests.oracles import entry as oracle
from tests.oracles.entry import AllocationVerdict, EntryParameters, EntryVerdict
from tests.oracles.snapshots import RESULTS, STEPS, generate, generate_with_parameters
from tests.oracles.trades import intents

COUNT = 20_000


def entry_of(decision: Decision) -> EntryVerdict:
    return EntryVerdict(decision.outcome, None if decision.error is not None else decision.rule)


def allocation_of(decision: Decision) -> AllocationVerdict:
    out = decision.outputs
    return AllocationVerdict(decision.outcome, out.get("allocation"), out.get("notional"), out.get("quantity"))


@pytest.mark.parametrize(
    ("folder", "entry", "allocation"),
    [
        ("policies", oracle.decide_entry, oracle.decide_allocation),
        (HISTORY, oracle.decide_entry_0_9_0, oracle.decide_allocation_0_9_0),
    ],
)
def test_twenty_thousand_snapshots(folder: str, entry: Any, allocation: Any) -> None:
    seen: Counter[str | None] = Counter()
    for snapshot in generate(COUNT, seed=2026):
        wanted = entry(snapshot)
        assert entry_of(decide("entry", snapshot, folder)) == wanted, snapshot
        assert allocation_of(decide("allocation", snapshot, folder)) == allocation(snapshot), snapshot
        seen[wanted.rule] += 1
    if folder == "policies":
        assert set(RESULTS) <= set(seen), "a result never came up"
        assert min(seen[rule] for rule in RESULTS) >= COUNT * 3 // 100


def with_parameters(name: str, parameters: EntryParameters) -> Policy:
    """The policy with the oracle's parameters, in the engine's form (durations in microseconds)."""
    chosen = policy(name)
    values: dict[str, Any] = {
        "min_confidence": parameters.min_confidence,
        "cooldown_global": parameters.cooldown_global * 1_000_000,
        "cooldown_symbol": parameters.cooldown_symbol * 1_000_000,
        "max_positions_total": parameters.max_positions_total,
        "max_per_symbol": parameters.max_per_symbol,
        "max_per_regime": parameters.max_per_regime,
        "allow_scale_in": parameters.allow_scale_in,
        "scale_in_max": parameters.scale_in_max,
        "scale_in_conf_delta": parameters.scale_in_conf_delta,
        "max_exposure_total": parameters.max_exposure_total,
        "max_exposure_per_symbol": parameters.max_exposure_per_symbol,
        "share_of_available": parameters.share,
        "confidence_base": parameters.base,
        "confidence_slope": parameters.slope,
        "min_trade": parameters.min_trade,
    }
    own = {p.name for p in chosen.plan.parameters}
    return chosen.with_parameters({name: value for name, value in values.items() if name in own})


def test_every_rule_with_parameters_of_all_kinds() -> None:
    seen: Counter[str | None] = Counter()
    for snapshot, parameters in generate_with_parameters(5_000, seed=2026):
        wanted = oracle.decide_entry(snapshot, parameters)
        found = with_parameters("entry", parameters).decide_json(as_json("entry", snapshot), STAMP)
        assert entry_of(found) == wanted, (snapshot, parameters)
        size = with_parameters("allocation", parameters).decide_json(as_json("allocation", snapshot), STAMP)
        assert allocation_of(size) == oracle.decide_allocation(snapshot, parameters), (snapshot, parameters)
        seen[wanted.rule] += 1
    assert set(STEPS) <= set(seen), "a rule never came up"


def test_every_recorded_trade(shared_data: Path) -> None:
    """Each trade as an intent against the book as it then stood; `tests/oracles/trades.py` says how."""
    seen: Counter[str] = Counter()
    for name, snapshot in intents(shared_data):
        assert entry_of(decide("entry", snapshot)) == oracle.decide_entry(snapshot), (name, snapshot["intent"])
        assert allocation_of(decide("allocation", snapshot)) == oracle.decide_allocation(snapshot), name
        seen[name] += 1
    assert len(seen) == 4
    assert sum(seen.values()) == 3_593


def test_the_worked_example_of_the_source() -> None:
    snapshot = {
        "intent": {
            **{"symbol": "BTCUSDT", "side": "LONG", "confidence": 0.85, "regime": "TREND_STRONG"},
            **{"price": 50000.0, "leverage": 10.0, "risk_score": 0.5817335660267597},
        },
        "portfolio": {
            **{"equity": 10000.0, "available_capital": 4500.0, "positions": [], "pending": []},
            **{"last_trade_at": None, "last_trade_at_by_symbol": {}},
        },
    }
    found = allocation_of(decide("allocation", snapshot))
    assert found.outcome == "ALLOCATED"
    assert found.allocation == pytest.approx(500.0)
    assert found.quantity == pytest.approx(0.1)
