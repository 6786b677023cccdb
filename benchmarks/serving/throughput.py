"""How much one worker answers in closed loops, beside the others that are asked in the same rounds.

Every contender runs throughout and is asked in turn, A B C A B C, so that a machine that slows down slows all alike.
What is told is the median of the rounds; a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.serving.load import Load, Target, closed_loop
from benchmarks.serving.processes import Server, processor_s

MOST_A_ROUND = 500_000
"""Requests: a round ends with its time, or with these."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A server, what it is asked, and over how many connections."""

    server: Server
    target: Target
    connections: int


@dataclass(slots=True)
class Rounds:
    """What was measured of a contender in each round."""

    contender: Contender
    loads: list[Load] = field(default_factory=list)
    processor_us: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers in a second."""
        return statistics.median(load.per_second for load in self.loads)

    def percentile_us(self, share: float) -> float:
        """Microseconds that this share of the answers took at most."""
        return statistics.median(load.percentile(share) for load in self.loads) / 1000

    def of(self, other: Rounds, figure: Callable[[Load], float]) -> float:
        """The ratio of a figure to that of another contender."""
        return statistics.median(figure(a) / figure(b) for a, b in zip(self.loads, other.loads, strict=True))


async def in_rounds(contenders: Sequence[Contender], rounds: int, seconds: float) -> Mapping[str, Rounds]:
    """Every contender in every round, by name; a first round is not counted."""
    found = {one.server.name: Rounds(one) for one in contenders}
    for number in range(rounds + 1):
        for one in found.values():
            load, processor_us = await _round(one.contender, seconds if number else seconds / 3)
            if number:
                one.loads.append(load)
                one.processor_us.append(processor_us)
    return found


async def _round(one: Contender, seconds: float) -> tuple[Load, float]:
    before = processor_s(one.server.pids)
    load = await closed_loop(one.target, seconds, MOST_A_ROUND, one.connections)
    return load, (processor_s(one.server.pids) - before) * 1e6 / len(load.answers)
