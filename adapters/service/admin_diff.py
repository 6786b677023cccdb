"""The two sides of `/v1/policies:diff`: what was sent or published, beside what is live or was."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from adapters.publishing.candidates import kept, live
from adapters.service.admin_bodies import Diff, faulty, wanted_of
from adapters.service.differing import Answer, Asked, Given
from adapters.service.problems import Problem
from engine.published import Trust
from engine.store import PolicyStore

SENT = "the files that were sent"
LIVE = "live"


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared; without an old side nothing is live, and it is what is on record that the new one is beside."""

    old: Given | None
    new: Given


async def sides_of(asked: Diff, files: dict[str, str] | None, store: PolicyStore, trust: Trust) -> Sides:
    """What is compared. Raises `Problem`, and as `kept` does."""
    wanted = None if files is not None else wanted_of(asked)
    before = None if asked.old is None else wanted_of(asked.old, "/old")
    new = Given(SENT, files=files) if wanted is None else await _earlier(store, trust, wanted)
    if before is not None:
        return Sides(await _earlier(store, trust, before), new)
    found = await live(store, trust)
    return Sides(None if found is None else Given(LIVE, content=found[1]), new)


async def _earlier(store: PolicyStore, trust: Trust, wanted: str) -> Given:
    _, content = await kept(store, trust, wanted)
    return Given(wanted, content=content)


def compared_over(asked: Diff, sides: Sides, log: Path | None) -> Asked:
    """What the process apart is asked."""
    folder = None if log is None else str(log.resolve())
    return Asked(sides.new, sides.old, asked.policies, asked.decisions, folder)


def not_compared(answer: Answer) -> Problem:
    """Why there is no report."""
    if answer.diagnostics:
        more = {"diagnostics": answer.diagnostics}
        return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{answer.fault}: nothing was compared", more=more)
    return faulty(answer.pointer, answer.fault)
