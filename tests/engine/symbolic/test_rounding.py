"""What holds of doubles whatever they are, since rounding steps over none: proved, where it is the claim of a desk."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from engine.symbolic.verifying import verified
from tests.engine.symbolic.test_soundness import ENOUGH, bundle_of, never

INPUTS = """{
  held: {list: {type: double, minimum: 0.0, maximum: 1.0e+9}, maxItems: 8},
  amount: {type: double, minimum: 0.0, maximum: 1.0e+9},
  cap: {type: double, minimum: 0.0, maximum: 1.0e+9},
  change: {type: double, minimum: -1.0e+9, maximum: 1.0e+9},
  share: {type: double, minimum: 0.0, maximum: 1.0},
  leverage: {type: double, minimum: 1.0, maximum: 100.0},
  margin: {type: double, minimum: 0.01, maximum: 1.0}
}"""


@pytest.mark.parametrize(
    "expression",
    [
        "held.sum() + amount <= cap && held.sum() > cap",
        "held.sum() + amount <= cap && amount > cap",
        "held.exists(one, one > held.sum())",
        "cap - amount > cap",
        "cap - amount < 0.0 - amount",
        "change + amount < change",
        "change - amount > change",
        "amount * leverage < amount",
        "amount * 0.1 > amount",
        "amount * 1.1 < amount",
        "(0.0 - amount) * leverage > 0.0 - amount",
        "amount / leverage > amount",
        "amount / margin < amount",
        "amount / 3.0 > amount",
        "amount / 0.3 < amount",
        "(0.0 - amount) / 3.0 < 0.0 - amount",
    ],
)
def test_what_no_rounding_does_is_proved(expression: str, tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, never(expression, INPUTS))
    verdict = verified(bundle, bundle.invariants[0], ENOUGH)
    assert (verdict.result, verdict.up_to) == ("proved", None)


@pytest.mark.parametrize(
    "expression",
    [
        "amount > 0.0 && cap + amount == cap",
        "amount > 0.0 && share < 1.0 && amount * share == amount",
        "held.sum() + amount <= cap && held.sum() + amount + amount > cap",
        "change * share > change",
        "change / leverage > change",
        "cap + change > cap",
        "amount / share < amount",
    ],
)
def test_what_rounding_or_a_sign_does_is_not(expression: str, tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, never(expression, INPUTS))
    assert verified(bundle, bundle.invariants[0], ENOUGH).result in ("refuted", "unknown")
