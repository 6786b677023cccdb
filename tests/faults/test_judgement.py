"""The judgement sees each broken promise when one is planted, and none where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.faults.bundles import REQUESTS, Bundle, first, second
from tests.faults.judgement import Answer, State, Truth, Verdict, judged

WALL = datetime(2026, 2, 3, 12, tzinfo=UTC)
NOTHING: Mapping[str, Any] = {}
REPLACED = 100.0
"""When the second bundle took the place of the first."""


def answer(request: str, bundle: Bundle, received: float, batch: int = 0, more: Mapping[str, Any] = NOTHING) -> Answer:
    """What a service answers with a bundle in force; `received` is by the steady clock."""
    made = bundle.answers[request][0]
    told = {**vars(made), "bundle": bundle.digest, "decision_id": "d"}
    if made.effect == "allow" and request != "exit":
        told["valid_until"] = (WALL + timedelta(seconds=0.5)).isoformat()
    return Answer(request, received - 0.01, received, WALL.timestamp(), 200, {**told, **more}, batch)


def verdict(
    *answers: Answer, lifted: float = REPLACED, unanswered: tuple[str, ...] = (), stops: bool = False
) -> Verdict:
    truth = Truth()
    truth.becomes(State(first().digest), 0.0, 0.0)
    truth.becomes(State(second().digest), REPLACED - 0.01, REPLACED)
    known = {bundle.digest: bundle for bundle in (first(), second())}
    return judged(list(answers), truth, known, lifted, unanswered=unanswered, stops=stops)


def test_what_keeps_every_promise_is_told_so() -> None:
    found = verdict(
        answer("entry", first(), 50.0),
        answer("open", first(), REPLACED + 0.9),
        answer("open", second(), REPLACED + 0.4),
        *(answer(name, second(), REPLACED + 2.0, 1) for name in REQUESTS),
    )
    assert found.keeps
    assert found.decisions == 8
    assert found.worst_block == pytest.approx(0.9)
    assert found.recovered == pytest.approx(0.4)


def later(seconds: float) -> dict[str, Any]:
    return {"valid_until": (WALL + timedelta(seconds=seconds)).isoformat()}


@pytest.mark.parametrize(
    ("given", "late"),
    [
        (answer("open", first(), REPLACED + 1.01), 1),
        (answer("open", first(), REPLACED + 0.99), 0),
        (answer("open", first(), REPLACED + 5.0, more=later(-0.001)), 0),  # to be read as a block
        (answer("open", first(), 50.0, more=later(1.5)), 1),  # it says that it holds for longer than it may
        (answer("open", first(), 50.0, more={"valid_until": None}), 1),
        (answer("exit", first(), REPLACED + 5.0), 0),
        (answer("blocked", first(), REPLACED + 5.0), 0),
        (answer("open", second(), REPLACED - 0.5), 1),  # before it was published
    ],
)
def test_an_opening_is_late(given: Answer, late: int) -> None:
    assert verdict(given).late == late


def test_an_opening_on_a_universe_that_was_replaced_is_late() -> None:
    truth = Truth()
    truth.becomes(State(first().digest), 0.0, 0.0)
    truth.becomes(State(first().digest, listed=False), REPLACED, REPLACED)
    answers = [answer(name, first(), REPLACED + 2.0) for name in ("entry", "open")]
    assert judged(answers, truth, {first().digest: first()}, 0.0).late == 1


@pytest.mark.parametrize(
    "more",
    [
        {"version": "2.0.0"},
        {"outcome": "BLOCK_LOW_CONFIDENCE"},
        {"reason": second().answers["entry"][0].reason},
        {"bundle": "sha256:00"},
        {"bundle": second().digest},
        {"bundle": ""},
    ],
)
def test_a_decision_of_two_bundles_is_noticed(more: dict[str, Any]) -> None:
    assert verdict(answer("entry", first(), 50.0, more=more)).mixed == 1


def test_outputs_of_the_other_bundle_are_noticed() -> None:
    mixed = answer("open", first(), 50.0, more={"outputs": second().answers["open"][0].outputs})
    assert verdict(mixed).mixed == 1


@pytest.mark.parametrize(("status", "mixed"), [(200, 0), (503, 0), (500, 1), (404, 1), (422, 1)])
def test_an_answer_that_no_bundle_gives_is_noticed(status: int, mixed: int) -> None:
    assert verdict(replace(answer("blocked", first(), 50.0), status=status)).mixed == mixed


def test_a_batch_of_two_bundles_is_noticed() -> None:
    together = [answer("info", bundle, REPLACED + 0.5, 7) for bundle in (first(), second())]
    assert verdict(*together).mixed == 1
    assert verdict(*(replace(one, batch=0) for one in together)).mixed == 0


@pytest.mark.parametrize(
    ("more", "status", "blocked"),
    [
        ({}, 200, 0),
        ({"effect": "block"}, 200, 1),
        ({"outputs": {}}, 200, 1),
        ({"effect": "block"}, 503, 1),
    ],
)
def test_an_exit_that_is_not_let_through_is_noticed(more: dict[str, Any], status: int, blocked: int) -> None:
    assert verdict(replace(answer("exit", first(), 50.0, more=more), status=status)).exits_blocked == blocked


def test_an_exit_that_is_not_answered_is_blocked_unless_parts_of_the_service_stood() -> None:
    slow = replace(answer("exit", first(), 50.0), asked=45.0)
    assert verdict(slow, unanswered=("exit", "open")).exits_blocked == 2
    assert verdict(slow, unanswered=("exit", "open"), stops=True).exits_blocked == 0


def test_what_never_opens_again_has_not_recovered() -> None:
    assert verdict(answer("open", first(), 50.0)).recovered == float("inf")
