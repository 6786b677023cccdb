"""All three readers decide alike what a solver finds, and random inputs of generated policies.

`BASCULE_PROOF_MODELS` and `BASCULE_PROOF_PROGRAMS` say how many are tried; `make symbolic` tries many.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from tests.engine.shipped import HISTORY, machine
from tests.oracles.agreement_of_proofs import models, programs

MODELS = int(os.environ.get("BASCULE_PROOF_MODELS", "2"))
"""For each shipped policy."""
PROGRAMS = int(os.environ.get("BASCULE_PROOF_PROGRAMS", "80"))
PARTS = 4
SHIPPED = [(folder, name) for folder in ("policies", HISTORY) for name in machine(folder).policies]


@pytest.mark.parametrize("part", range(PARTS))
def test_what_a_solver_finds_is_decided_alike(part: int) -> None:
    ended: Counter[str] = Counter()
    for folder, name in SHIPPED[part::PARTS]:
        differences = list(models(folder, name, MODELS, 5, ended))
        assert not differences, differences[0]
    assert ended["fixed"] > len(SHIPPED[part::PARTS]) * MODELS * 0.8, ended
    assert ended["not found out"] + ended["refused"] + ended["none found"] < ended["fixed"] / 10, ended
    assert ended["tight, shown"] > ended["tight"] * 0.8, ended


@pytest.mark.parametrize("part", range(PARTS))
def test_generated_policies_are_decided_alike(part: int) -> None:
    ended: Counter[str] = Counter()
    differences = [one for _, one in programs(range(part, PROGRAMS, PARTS), ended)]
    assert not differences, differences[0]
    assert ended["bundles"] > PROGRAMS / PARTS / 2
    assert {"allow", "block", "info", "fails"} <= ended.keys()
