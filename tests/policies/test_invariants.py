"""What the shipped invariants claim is proved of the shipped policies, and refuted of those that are wrong."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from engine.columnar.reader import Reader
from engine.policy import compile_bundle
from rules.bundle import Bundle, load
from tests.engine.shipped import HISTORY, ROOT, STAMP, bundle
from tests.oracles.agreement import compare
from tests.oracles.entry import book_of, decide_allocation_0_9_0, decide_entry, decide_entry_0_9_0, exposure_of
from tests.policies.faulty import FAULTY, LESS_FOR_MORE, UNSHOWN, Edit

pytest.importorskip("z3", reason="proofs need z3-solver, the extra `prove`")

from engine.symbolic.proving import Patience
from engine.symbolic.verifying import Verdict, verified, with_invariants

SECONDS = 120.0
"""For one invariant: hundred times what most take."""
NOTICED = 8.0
"""For an edit that is only to be noticed."""
UP_TO = {
    # What a list holds beyond the places is asked anew by each policy, and may answer otherwise.
    "exits-pass": "whether a symbol is held is asked of the positions by the claim and by the route",
    "less-confidence-size": "exposure is summed by each of the two decisions",
    "rotation": "the weakest is looked for by the policy and by the claim",
    "no-universe": "whether a symbol is listed is asked by the policy and by the claim",
}
"""Invariants that are proved for lists of so many items only, and why."""
NAMES = [one.name for one in bundle().invariants]
REFUTED = {
    "available-capital": {"available"},
    "capital-caps": {"symbol-cap", "total-cap"},
    "headroom": {"within-headroom"},
    "margin-cap": {"margin-cap"},
    "positions-regime": {"positions-regime"},
    "positions-symbol": {"positions-symbol"},
}
"""What 0.9.0 does not keep, and the claims of which one fails: the smallest trade breaks whichever cap is nearer."""


def verdict_of(found: Bundle, name: str, seconds: float = SECONDS) -> Verdict:
    (invariant,) = (one for one in found.invariants if one.name == name)
    until = time.monotonic() + seconds
    return verified(found, invariant, Patience(lambda: until - time.monotonic()))


@cache
def refuted(name: str) -> Verdict:
    return verdict_of(bundle(HISTORY), name)


@pytest.mark.parametrize("name", NAMES)
def test_it_holds_of_the_shipped_policies(name: str) -> None:
    found = verdict_of(bundle(), name)
    assert (found.result, found.hard) == ("proved", "")
    assert (found.up_to is None) == (name not in UP_TO)


def test_both_bundles_have_them_all() -> None:
    assert [one.name for one in bundle(HISTORY).invariants] == NAMES
    assert set(FAULTY) | set(REFUTED) | {"less-confidence-size"} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_to_the_letter_keeps_all_but_those(name: str) -> None:
    found = refuted(name)
    assert (found.result, found.hard) == ("refuted" if name in REFUTED else "proved", "")
    assert (found.refutation is None) == (name not in REFUTED)


@pytest.mark.parametrize("name", sorted(REFUTED))
def test_what_refutes_it_is_decided_so_by_both_readers(name: str) -> None:
    refutation = refuted(name).refutation
    assert refutation is not None
    again = compile_bundle(with_invariants(bundle(HISTORY)), asked=[name]).policies[name]
    again = again.with_parameters({label: float(value) for label, value in refutation.parameters.items()})
    decision = again.decide_json(json.dumps(refutation.inputs), STAMP)
    assert decision.outcome == "REFUTED"
    assert decision.rule in REFUTED[name]
    if not refutation.parameters:
        reader = Reader(again)
        decoded = [again.decoder.decode(json.dumps(refutation.inputs))]
        assert list(compare(reader, decoded, Counter())) == []


@pytest.mark.parametrize("name", ["available-capital", "margin-cap", "positions-symbol"])
def test_what_refutes_it_does_not_hang_on_what_was_proved_before(name: str) -> None:
    """Both times others were asked before it, and not the same ones."""
    first = refuted(name)
    for other in ("slots-cap", "headroom", "positions-regime"):
        assert verdict_of(bundle(HISTORY), other).result != "unknown"
    again = verdict_of(bundle(HISTORY), name)
    assert first.refutation is not None
    assert again.refutation is not None
    assert (again.refutation.inputs, again.refutation.parameters) == (
        first.refutation.inputs, first.refutation.parameters,
    )  # fmt: skip


def inputs_of(name: str) -> dict[str, Any]:
    refutation = refuted(name).refutation
    assert refutation is not None
    return refutation.inputs


@pytest.mark.parametrize("name", ["positions-regime", "positions-symbol"])
def test_the_scale_in_that_slips_past_a_cap_is_one_by_the_oracle(name: str) -> None:
    inputs = inputs_of(name)
    assert decide_entry_0_9_0(inputs).outcome == "ALLOW_SCALE_IN"
    assert decide_entry(inputs).outcome in ("BLOCK_REGIME_RULE", "BLOCK_MAX_POSITIONS")
    of = "regime" if name == "positions-regime" else "symbol"
    alike = [one for one in book_of(inputs) if one[of] == inputs["intent"][of]]
    assert len(alike) >= (5 if of == "regime" else 3)


def test_the_smallest_trade_that_breaks_a_cap_does_by_the_oracle() -> None:
    inputs = inputs_of("available-capital")
    raised = decide_allocation_0_9_0(inputs).allocation
    assert raised == 10.0
    assert raised > inputs["portfolio"]["available_capital"]
    assert exposure_of(book_of(inputs)) <= 5000.0


@pytest.mark.parametrize("name", sorted(FAULTY))
def test_an_edit_of_a_policy_refutes_it(name: str, tmp_path: Path) -> None:
    changed = edited(tmp_path, name, FAULTY[name])
    if name in UNSHOWN:
        assert verdict_of(changed, name, NOTICED).result != "proved"
        return
    found = verdict_of(changed, name)
    assert (found.result, found.hard) == ("refuted", "")
    assert found.refutation is not None
    assert found.refutation.decision.outcome == "REFUTED"


@pytest.mark.parametrize(("edits", "outcome"), [((), "HOLDS"), ((LESS_FOR_MORE,), "REFUTED")])
def test_capital_that_falls_with_confidence_is_noticed(edits: tuple[Edit, ...], outcome: str, tmp_path: Path) -> None:
    name = "less-confidence-size"
    intent = {"symbol": "BTC", "side": "LONG", "regime": "CHOP", "price": 1.0, "leverage": 1.0, "risk_score": 1.0}
    held: dict[str, Any] = {"positions": [], "pending": [], "last_trade_at": None, "last_trade_at_by_symbol": {}}
    inputs = {
        "intent": intent | {"confidence": 0.5},
        "surer": intent | {"confidence": 1.0},
        "portfolio": held | {"equity": 1000.0, "available_capital": 1000.0},
    }
    machine = compile_bundle(with_invariants(edited(tmp_path, name, edits)), asked=[name])
    assert machine.policies[name].decide_json(json.dumps(inputs), STAMP).outcome == outcome


def edited(folder: Path, name: str, edits: tuple[Edit, ...]) -> Bundle:
    """The shipped policies without their suites, with edits, and one invariant."""
    policies = ROOT / "policies"
    for path in (*policies.glob("*.yaml"), *policies.glob("lib/*.yaml"), policies / "invariants" / f"{name}.yaml"):
        target = folder / path.relative_to(policies)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    described = (folder / "bundle.yaml").read_text("utf-8")
    (folder / "bundle.yaml").write_text(described.replace('"suites/*.yaml", ', ""), "utf-8")
    for file, old, new in edits:
        text = (folder / file).read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        (folder / file).write_text(text.replace(old, new), "utf-8")
    found = load(folder)
    assert found.bundle is not None, [f"{d.span}: {d.message}" for d in found.diagnostics]
    return found.bundle
