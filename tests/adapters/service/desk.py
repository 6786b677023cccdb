"""What the tests of the service share: the shipped policies in force, clocks that a test moves, a log that it reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from adapters.service.deciding import Asked, Deciding
from adapters.service.in_force import Clocks, InForce
from engine.policy import Machine
from engine.published import Refusal
from engine.standing import Standing
from tests.engine.shipped import machine

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
START = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)
SECOND = 1_000_000_000
UNIVERSE = b'["BTCUSDT","ETHUSDT","SOLUSDT"]'
ASKED = Asked("request-1", "a test")


@dataclass
class Moving:
    """Two clocks that stand still until a test moves them."""

    steady_ns: int = 100 * SECOND
    wall: datetime = START

    def clocks(self) -> Clocks:
        return Clocks(lambda: self.steady_ns, lambda: self.wall)

    def pass_by(self, seconds: float) -> None:
        self.steady_ns += int(seconds * SECOND)
        self.wall += timedelta(seconds=seconds)


@dataclass
class ReadLog:
    """A log that a test reads, and that it can fill."""

    keeps: ClassVar[bool] = True

    refusal: Refusal | None = None
    is_full: bool = False
    backlog: int = 0
    records: list[dict[str, Any]] = field(default_factory=list)

    def offer(self, head: bytes, decision: bytes, inputs: bytes) -> None:
        self.records.append({**json.loads(head), "decision": json.loads(decision), "inputs": inputs})

    async def durable(self) -> None:
        return

    def when_durable(self, call: Callable[[], None]) -> None:
        call()

    async def aclose(self) -> None:
        return


@cache
def example(name: str) -> bytes:
    """The inputs of an example as a caller of the service sends them."""
    told = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    return json.dumps({fact: one for fact, one in told.items() if fact not in ("now", "universe")}).encode()


@dataclass
class Desk:
    """Deciding with the shipped policies in force, on a universe, read just now."""

    moving: Moving = field(default_factory=Moving)
    log: ReadLog = field(default_factory=ReadLog)

    def __post_init__(self) -> None:
        self.in_force = InForce(1.0, self.moving.clocks())
        self.deciding = Deciding(self.in_force, self.log)

    def put(self, **said: Any) -> None:
        """Put the policies in force, read now unless it is said otherwise."""
        told = {"machine": machine(), "revision": 7, "read_at": self.moving.steady_ns, "universe": UNIVERSE, **said}
        self.in_force.put(Standing(max_age=SECOND, **told))

    def decide(self, policy: str, inputs: bytes) -> dict[str, Any]:
        """The answer to a request, as JSON."""
        made = self.deciding.confirmed(self.deciding.decide(policy, inputs, ASKED))
        told: dict[str, Any] = json.loads(made.body)
        return told


def desk(**said: Any) -> Desk:
    """A desk whose policies are in force."""
    found = Desk()
    found.put(**said)
    return found


def other_machine() -> Machine:
    """Another bundle than the one in force."""
    return machine("policies/history/0.9.0")
