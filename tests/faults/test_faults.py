"""The quick form of every fault: the service keeps its promises. `make faults` plays the full form, on both servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.harness import Desk, Form
from tests.faults.scenarios import SCENARIOS, Scenario, play

QUICK = Form(slack=3.0, pause=0.02)
ALONE = tuple(one for one in SCENARIOS if one.form(QUICK) != QUICK)
TOGETHER = tuple(one for one in SCENARIOS if one not in ALONE)


@contextmanager
def a_desk(form: Form) -> Iterator[tuple[Desk, asyncio.Runner]]:
    with asyncio.Runner() as runner:
        desk = Desk(form)
        runner.run(desk.__aenter__())
        try:
            yield desk, runner
        finally:
            runner.run(desk.__aexit__())


@pytest.fixture(scope="module")
def desk() -> Iterator[tuple[Desk, asyncio.Runner]]:
    """One service for many faults: it recovers from each without being started again."""
    with a_desk(QUICK) as found:
        yield found


PATIENCE_S = 60.0
"""For a scenario that takes some seconds: one that never ends is a promise that was broken."""


def held(scenario: Scenario, desk: Desk, runner: asyncio.Runner) -> None:
    played = runner.run(asyncio.wait_for(play(scenario, desk), PATIENCE_S))
    assert not played.broken, f"{played.line()}\n{''.join(desk.service.said[-20:])}"


@pytest.mark.parametrize("scenario", TOGETHER, ids=lambda one: str(one.name))
def test_a_service_keeps_its_promises(scenario: Scenario, desk: tuple[Desk, asyncio.Runner]) -> None:
    held(scenario, *desk)


@pytest.mark.parametrize("scenario", ALONE, ids=lambda one: str(one.name))
def test_a_service_set_up_otherwise_keeps_its_promises(scenario: Scenario) -> None:
    with a_desk(scenario.form(QUICK)) as found:
        held(scenario, *found)
