"""The policies of governance agree with plain Python that was written from the source, in both readers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from engine.columnar.reader import Reader
from engine.decision import Decision
from tests.engine.shipped import STAMP, policy
from tests.oracles.agreement import compare
from tests.oracles.order_inputs import safety_inputs
from tests.oracles.safety import decide_safety

COUNT = 20_000
BATCH = 5_000


def decided(name: str, snapshots: Sequence[dict[str, Any]]) -> list[Decision]:
    """The decisions on some inputs; both readers give them."""
    found = policy(name)
    decoded = [found.decoder.decode(json.dumps(one)) for one in snapshots]
    reader = Reader(found)
    for at in range(0, len(decoded), BATCH):
        differences = list(compare(reader, decoded[at : at + BATCH], Counter()))
        assert not differences, differences[0]
    return [found.decide(one, STAMP) for one in decoded]


def test_safety() -> None:
    snapshots = list(safety_inputs(COUNT, seed=2026))
    seen: Counter[str] = Counter()
    for snapshot, found in zip(snapshots, decided("safety", snapshots), strict=True):
        wanted = decide_safety(snapshot)
        said = [(one["rule"].removesuffix("-near"), one["severity"]) for one in found.outputs["findings"]]
        told = (found.outcome, found.effect, found.outputs["score"], said)
        findings = [(one["id"], one["severity"]) for one in wanted["findings"]]
        assert told == (wanted["outcome"], wanted["effect"], wanted["score"], findings), snapshot
        seen[f"{snapshot['level']} {found.rule}"] += 1
        seen.update(one["rule"] for one in found.outputs["findings"])
    assert len(seen) == 7 + 8, seen
