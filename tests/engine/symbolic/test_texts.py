"""Messages are any texts: what two decisions say is not taken for the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("z3", reason="proofs need z3: pip install '.[prove]'")

from engine.symbolic.proving import Patience
from engine.symbolic.verifying import verified
from rules.bundle import load
from tests.engine.shipped import ROOT

CLAIM = """\
apiVersion: bascule/v1
kind: Invariant
metadata: {name: same-words, version: 1.0.0, title: Two orders are refused in the same words, owner: tests}
spec:
  forAll: {order: Order, other: Order, day: Day, venue: Venue}
  decisions:
    one: {policy: safety, with: {level: '"STRICT"'}}
    two: {policy: safety, with: {order: other, level: '"STRICT"'}}
  given:
    - one.findings.exists(f, f.rule == "symbol") && two.findings.exists(f, f.rule == "symbol")
  holds:
    - {id: words, that: 'one.findings.all(f, f.rule != "symbol" || two.findings.exists(g, g.reason == f.reason))'}
"""


def test_two_orders_are_not_refused_in_the_same_words(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "policies", tmp_path / "policies", ignore=shutil.ignore_patterns("history")))
    (folder / "invariants" / "same-words.yaml").write_text(CLAIM, "utf-8")
    checked = load(folder)
    assert checked.bundle is not None, [str(one) for one in checked.diagnostics]
    (claim,) = (one for one in checked.bundle.invariants if one.name == "same-words")
    found = verified(checked.bundle, claim, Patience(lambda: 60.0))
    assert found.result != "proved"
