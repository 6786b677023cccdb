"""The snapshots that every contender decides, as the bytes that arrive.

`everyday` is what is timed: 100 snapshots for each of the ten results reachable at the defaults, in a fixed random
order. `edges` is what is only compared: about every second lies one ulp, one microsecond or one position from a
threshold.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence

from tests.oracles.entry import decide_entry
from tests.oracles.snapshots import generate, outcome_samples

PER_RESULT = 100
SEED = 20260203


def everyday() -> list[bytes]:
    """The snapshots that are timed."""
    samples = [sample for found in outcome_samples(PER_RESULT, SEED).values() for sample in found]
    rows = [_bytes(sample) for sample in samples]
    random.Random(SEED).shuffle(rows)
    return rows


def edges(count: int) -> list[bytes]:
    """Snapshots at the thresholds."""
    return [_bytes(snapshot) for snapshot in generate(count, SEED)]


def same_mix(rows: Sequence[bytes], per_result: int) -> list[int]:
    """The places of the first `per_result` snapshots of each result: fewer of them, in the same mix and order."""
    seen: Counter[str | None] = Counter()
    places: list[int] = []
    for place, row in enumerate(rows):
        rule = decide_entry(json.loads(row)).rule
        seen[rule] += 1
        if seen[rule] <= per_result:
            places.append(place)
    return places


def _bytes(snapshot: dict[str, object]) -> bytes:
    """Without the input that only allocation takes."""
    return json.dumps({name: value for name, value in snapshot.items() if name != "size_multiplier"}).encode()
