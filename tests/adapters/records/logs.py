"""Decision logs for tests, written by the service's own code, and lines that are wrong in every way there is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.service.deciding import Asked, Deciding
from adapters.service.decision_log import DecisionLog
from engine.published import Refusal
from tests.adapters.service.desk import Desk, example

ENTRY, GATE, CLOSE = example("entry"), example("open-position"), example("close")


def entry(**intent: Any) -> bytes:
    """The inputs of the entry example with another intent."""
    facts = json.loads(ENTRY)
    return json.dumps({**facts, "intent": facts["intent"] | intent}).encode()


def write(folder: Path, requests: Sequence[tuple[str, bytes]], *, seconds: float = 60.0) -> Path:
    """The log of a service that was asked this, a while apart, in the one file that it wrote."""

    async def work() -> None:
        found = Desk()
        log = DecisionLog(folder, sync=False)
        deciding = Deciding(found.in_force, log)
        for number, (policy, inputs) in enumerate(requests):
            found.put()
            deciding.decide(policy, inputs, Asked(f"r{number}", "desk"))
            found.moving.pass_by(seconds)
        await log.aclose()

    asyncio.run(work())
    (file,) = folder.glob("*.jsonl")
    return file


def write_taken_back(folder: Path) -> Path:
    """The log of a service whose openings were halted between a decision and its answer."""

    async def work() -> None:
        found = Desk()
        log = DecisionLog(folder, sync=False)
        deciding = Deciding(found.in_force, log)
        found.put()
        made = deciding.decide("entry", ENTRY, Asked("r0", "desk"))
        found.put(refusal=Refusal("halted", "h-1"))
        deciding.confirmed(made)
        deciding.decide("entry", ENTRY, Asked("r1", "desk"))
        await log.aclose()

    asyncio.run(work())
    (file,) = folder.glob("*.jsonl")
    return file


def line(**changed: Any) -> dict[str, Any]:
    """A line of the log, as a mapping, with members changed; one of `...` is left out."""
    decision = {
        "decision_id": "d-1",
        "policy": "entry",
        "version": "1.0.0",
        "bundle": "sha256:abc",
        "outcome": "ALLOW_NEW_ENTRY",
        "effect": "allow",
        "rule": "otherwise",
        "decided_at": "2026-02-03T12:00:00Z",
    }
    told = {
        "schema": "bascule/v1 decision-log", "request_id": "r-1", "caller": "desk", "asked": "entry", "revision": 7,
        "decision": decision, "inputs": json.loads(ENTRY),
    }  # fmt: skip
    return {name: value for name, value in {**told, **changed}.items() if value is not ...}


def decision(**changed: Any) -> dict[str, Any]:
    """The decision of such a line with members changed."""
    return {name: value for name, value in {**line()["decision"], **changed}.items() if value is not ...}


def as_lines(said: Sequence[Mapping[str, Any] | bytes]) -> bytes:
    """Lines as a file holds them; bytes stand as they are."""
    return b"".join(one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in said)
