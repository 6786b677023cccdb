"""Whether a worker's memory stays as it is over very many decisions, with the decision log kept."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.serving.load import Target, closed_loop
from benchmarks.serving.processes import Server, resident

LONGEST_S = 600.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that the worker holds after a fifth of the decisions, and after all of them."""

    decisions: int
    first: int
    last: int

    @property
    def grown(self) -> float:
        """The share by which it has grown."""
        return self.last / self.first - 1


async def memory(server: Server, target: Target, decisions: int) -> Memory:
    """The memory of the one worker of a server. Raises RuntimeError where it cannot decide so often in time."""
    (worker,) = server.pids
    early = decisions // 5
    found: list[int] = []
    for count in (early, decisions - early):
        load = await closed_loop(target, LONGEST_S, count)
        if len(load.answers) < count:
            raise RuntimeError(f"{len(load.answers)} of {count} decisions in {load.seconds:.0f}s")
        found.append(resident(worker))
    return Memory(decisions, *found)
