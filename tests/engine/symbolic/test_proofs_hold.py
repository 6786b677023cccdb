"""Nothing is proved of expressions that are easily confused and that the scalar reader tells apart."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from engine.policy import Machine
from engine.symbolic.differing import OUTPUTS, Compared, Difference
from engine.symbolic.proving import Patience
from tests.oracles import proofs_hold
from tests.oracles.proofs_hold import Ended, false_proofs, of_rows

PATIENCE_S = 0.05
SEED = 6
ROWS = 400
PAIRS = 100
SETTLED = ("equal", "proved", "moved: impossible", "vacuous")


def test_no_proof_of_two_wordings_is_false() -> None:
    ended: Ended = Counter()
    found = list(of_rows(SEED, PATIENCE_S, ended, most=ROWS))
    assert not found, "\n".join(map(str, found))
    assert_settles(ended)


def test_no_proof_of_an_edited_expression_is_false() -> None:
    ended: Ended = Counter()
    found = [one for _, one in false_proofs(PAIRS, 0, PATIENCE_S, ended) if one is not None]
    assert not found, "\n".join(map(str, found))
    assert_settles(ended)


def assert_settles(ended: Ended) -> None:
    """The check says something only of what is proved."""
    assert sum(ended[one] for one in SETTLED) > sum(ended.values()) / 4, ended


def test_a_false_proof_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs_hold, "compared", all_alike)
    assert any(one is not None for _, one in false_proofs(100, 0, PATIENCE_S, Counter()))


def all_alike(old: Machine, new: Machine, policy: str, patience: Patience) -> Compared:
    outcomes: dict[str, Any] = {**old.policies[policy].plan.outcomes}
    pairs = [(one, other) for one in outcomes for other in (*outcomes, OUTPUTS)]
    return Compared(policy, tuple(Difference(*pair, "none") for pair in pairs))
