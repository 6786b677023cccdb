"""The columnar reader decides what the scalar one decides, to the last bit, on random policies and inputs.

`BASCULE_AGREE_SNAPSHOTS` and `BASCULE_AGREE_PROGRAMS` say how many are tried; `make agree` tries many.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.oracles.agreement import programs, shipped

SNAPSHOTS = int(os.environ.get("BASCULE_AGREE_SNAPSHOTS", "500"))
PROGRAMS = int(os.environ.get("BASCULE_AGREE_PROGRAMS", "80"))
PARTS = 4


def test_shipped_policies_agree() -> None:
    ended: Counter[str] = Counter()
    differences = [one for batch in shipped(SNAPSHOTS, 11, ended) for one in batch]
    assert not differences, differences[0]
    assert {"allow", "block"} <= ended.keys()
    assert sum(ended.values()) == 4 * SNAPSHOTS


@pytest.mark.parametrize("part", range(PARTS))
def test_generated_policies_agree(part: int) -> None:
    ended: Counter[str] = Counter()
    differences = [one for bundle in programs(range(part, PROGRAMS, PARTS), ended) for one in bundle]
    assert not differences, differences[0]
    assert ended["bundles"] > PROGRAMS / PARTS / 2
    wanted = {"allow", "block", "info", "overflow", "division-by-zero", "index", "empty", "out-of-range", "ensures"}
    assert wanted <= ended.keys()
