"""What two versions of a policy decide otherwise over all inputs."""

from __future__ import annotations

import math
import shutil
from functools import lru_cache
from pathlib import Path

import pytest

pytest.importorskip("z3", reason="proofs need z3: pip install '.[prove]'")

from engine.policy import Machine, compile_bundle
from engine.symbolic.differing import OUTPUTS, Compared, compared, where_they_differ
from engine.symbolic.proving import Patience, Problem
from rules.bundle import load
from tests.engine.shipped import HISTORY, ROOT, machine

ENOUGH = Patience(lambda: 60.0)


def edited(folder: Path, file: str, *edits: tuple[str, str]) -> Machine:
    """The shipped policies with other words in one of their files."""
    shutil.copytree(ROOT / "policies", folder / "policies", ignore=shutil.ignore_patterns("history"))
    path = folder / "policies" / file
    text = path.read_text("utf-8")
    for before, after in edits:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path.write_text(text, "utf-8")
    checked = load(folder / "policies", with_suites=False)
    assert checked.bundle is not None, [str(one) for one in checked.diagnostics]
    return compile_bundle(checked.bundle)


@lru_cache
def history(policy: str) -> Compared:
    return compared(machine(HISTORY), machine(), policy, ENOUGH)


def shown(found: Compared) -> set[tuple[str, str, str | None, str | None]]:
    """Each pair of outcomes that comes about, with the rules of the witness; all others are excluded for any inputs."""
    assert all(one.result == "some" or (one.result == "none" and one.up_to is None) for one in found.differences)
    some = ((one, one.decisions) for one in found.differences if one.result == "some")
    return {(one.old, one.new, both[0].rule, both[1].rule) for one, both in some if both is not None}


def test_the_older_entry_lets_scale_ins_past_the_caps_and_nothing_else_differs() -> None:
    assert shown(history("entry")) == {
        ("ALLOW_SCALE_IN", "BLOCK_REGIME_RULE", "scale-in", "regime"),
        ("ALLOW_SCALE_IN", "BLOCK_MAX_POSITIONS", "scale-in", "positions-symbol"),
    }


def test_the_hole_is_told_in_the_words_of_the_policy() -> None:
    (found,) = [one for one in history("entry").differences if one.new == "BLOCK_REGIME_RULE" and one.result == "some"]
    assert found.decisions is not None
    assert found.decisions[1].reason == "regime_positions=5 >= max=5"
    assert found.inputs is not None
    book = [*found.inputs["portfolio"]["positions"], *found.inputs["portfolio"]["pending"]]
    assert sum(1 for one in book if one["regime"] == found.inputs["intent"]["regime"]) == 5


def test_the_older_allocation_is_raised_to_the_minimum_and_nothing_else_differs() -> None:
    assert shown(history("allocation")) == {
        ("ALLOCATED", "BLOCK_INSUFFICIENT_CAPITAL", "otherwise", "minimum"),
        ("BLOCK_POLICY_ERROR", "BLOCK_INSUFFICIENT_CAPITAL", "otherwise", "minimum"),
    }


REFACTORED = {
    "entry": (
        (
            "when: intent.confidence < params.min_confidence\n",
            "when: '!(params.min_confidence <= intent.confidence)'\n",
        ),
        ("when: size(book) >= params.max_positions_total\n", "when: '!(params.max_positions_total > book.size())'\n"),
        (
            "in_regime: size(book.filter(p, p.regime == intent.regime))",
            "in_regime: 'book.map(q, q.regime == intent.regime ? 1 : 0).sum()'",
        ),
    ),
    "allocation": (
        (
            "base: portfolio.available_capital * params.share_of_available",
            "available: portfolio.available_capital\n    base: params.share_of_available * available",
        ),
        (
            "math.least(wanted, symbol_room, total_room)",
            "'symbol_room < total_room ? math.least(symbol_room, wanted) : math.least(wanted, total_room)'",
        ),
    ),
}


@pytest.mark.parametrize("policy", REFACTORED)
def test_a_refactoring_that_changes_nothing_is_proved_equal(tmp_path: Path, policy: str) -> None:
    found = compared(machine(), edited(tmp_path, f"{policy}.yaml", *REFACTORED[policy]), policy, ENOUGH)
    assert [one for one in found.differences if one.result != "none"] == []
    assert found.equal


def test_a_boundary_moved_by_one_ulp_is_found(tmp_path: Path) -> None:
    moved = math.nextafter(0.7, 1.0)
    new = edited(tmp_path, "entry.yaml", ("type: Unit, default: 0.7,", f"type: Unit, default: {moved!r},"))
    found = compared(machine(), new, "entry", ENOUGH)
    witnesses = [one.inputs for one in found.differences if one.result == "some" and one.new == "BLOCK_LOW_CONFIDENCE"]
    assert witnesses
    assert {one["intent"]["confidence"] for one in witnesses if one is not None} == {0.7}


def test_a_comparison_that_lets_equality_through_is_found(tmp_path: Path) -> None:
    new = edited(
        tmp_path,
        "entry.yaml",
        ("size(book) >= params.max_positions_total\n", "size(book) > params.max_positions_total\n"),
    )
    found = compared(machine(), new, "entry", ENOUGH)
    opened = [one for one in found.differences if one.old == "BLOCK_MAX_POSITIONS" and one.new == "ALLOW_NEW_ENTRY"]
    assert [one.result for one in opened] == ["some"]


def test_other_outputs_under_the_same_outcome_are_found(tmp_path: Path) -> None:
    new = edited(tmp_path, "allocation.yaml", ("default: 0.20,", "default: 0.21,"))
    found = compared(machine(), new, "allocation", ENOUGH)
    assert [one.result for one in found.differences if (one.old, one.new) == ("ALLOCATED", OUTPUTS)] == ["some"]
    assert not found.equal


def test_what_both_versions_of_the_gate_compute_alike_is_one_term() -> None:
    """No solver is asked: what lies beyond lists, the ends of series among it, is the same in both."""
    gate = machine().policies["open-position"].plan
    problem = Problem.of(machine().bundle.plans, gate.inputs, 2)
    first = problem.deciding.decide("open-position", problem.inputs)
    second = problem.deciding.beside(machine().bundle.plans).decide("open-position", problem.inputs)
    assert {truth for _, truth in where_they_differ(first, second)} == {False}
