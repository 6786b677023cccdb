"""What a command takes: its time, and the memory of all of its processes together."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

EVERY_S = 0.05
KIB = 1024


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds on the wall, and the most bytes that the processes held at once, shared ones counted once."""

    seconds: float
    memory: int


def run(command: Sequence[str], environment: Mapping[str, str]) -> Taken:
    """Run a command to its end. Raises RuntimeError where it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # noqa: S603
    most, over = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(EVERY_S):
            most = max(most, sum(map(_held, _tree(process.pid))))

    watching = threading.Thread(target=watch)
    watching.start()
    _, told = process.communicate()
    seconds = time.perf_counter() - began
    over.set()
    watching.join()
    if process.returncode:
        last = told.decode(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {last}")
    return Taken(seconds, most)


def _tree(pid: int) -> list[int]:
    """A process and those that it started, and they."""
    found = [pid]
    for one in found:
        try:
            listed = Path(f"/proc/{one}/task/{one}/children").read_text("ascii").split()
        except OSError:
            continue
        found += map(int, listed)
    return found


def _held(pid: int) -> int:
    """The bytes that a process holds, its share of those that it shares; 0 once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * KIB for line in lines if line.startswith("Pss:")), 0)
