"""A sample of the mutants of the shipped policies, of which none survives.

`BASCULE_SEED` says which, `BASCULE_MUTANTS` how many.
"""

from __future__ import annotations

import os
import time

import pytest

pytest.importorskip("z3")

from adapters.proving.mutants import all_mutants, sample
from engine.mutation.judging import Judge
from engine.symbolic.proving import Patience
from tests.engine.shipped import bundle

SEED = int(os.environ.get("BASCULE_SEED", "1"))
COUNT = int(os.environ.get("BASCULE_MUTANTS", "300"))
EACH_S = 10.0


def test_none_survives() -> None:
    judge, survived, killed = Judge(bundle()), [], 0
    for mutant in sample(all_mutants(bundle()), SEED, COUNT):
        until = time.monotonic() + EACH_S
        found = judge.judged(mutant, Patience(lambda until=until: until - time.monotonic()))  # type: ignore[misc]
        killed += found.fate in ("suite", "invariant")
        if found.fate == "survived":
            survived.append((str(mutant), found.telling.case if found.telling else ""))
    assert survived == []
    assert killed > COUNT / 2
