"""What a solver does not find out in its time is unknown, says so soon, and names what stood in the way."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from adapters.proving.invariants import verdicts
from tests.engine.test_invariants import checked_bundle, written

SECONDS = 2.0
ALLOWANCE_S = 25.0
"""For a process to begin and another to be ended."""
HARD = """
forAll: {thing: Thing, other: Thing, third: Thing, fourth: Thing}
decisions: {gate: {policy: gate}}
variables:
  a: thing.x * other.x * third.x + other.x * third.x * fourth.x * 0.3
  b: thing.x * thing.x * fourth.x - other.x * other.x * third.x * 0.7
  c: thing.x * fourth.x * third.x * third.x + other.x * fourth.x
holds: [{id: hard, that: '!(a == 12.345678901234567 && b == 7.654321098765432 && c == 31.41592653589793)'}]
"""
EASY = "forAll: {thing: Thing}\ndecisions: {gate: {policy: gate}}\nholds: [{id: easy, that: 'gate.rule != \"none\"'}]\n"


def test_what_is_hard_is_unknown_in_time_and_what_comes_after_it_is_proved(tmp_path: Path) -> None:
    bundle = checked_bundle(tmp_path, written(HARD, "hard"), written(EASY, "easy"))
    began = time.monotonic()
    found = dict(verdicts(bundle, ["hard", "easy"], SECONDS))
    assert time.monotonic() - began < 2 * SECONDS + ALLOWANCE_S
    hard, easy = found["hard"], found["easy"]
    said = hard.working_at if hard.answer is None else hard.answer.hard
    assert hard.answer is None or hard.answer.result == "unknown"
    assert " * " in said
    assert easy.answer is not None
    assert easy.answer.result == "proved"
