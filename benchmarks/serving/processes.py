"""Servers as processes of their own: started, looked at through `/proc`, and ended by their own id."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ENDS_WITHIN_S = 20.0
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers on a port. `pids` are the processes that answer."""

    name: str
    port: int
    pids: tuple[int, ...]


@asynccontextmanager
async def started(
    command: Sequence[str], printed: Path, said: bytes = b"", environment: Mapping[str, str] = {}
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program that runs for as long as this does, with what it prints in a file. It is ended by its id."""
    with printed.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **environment}, stdin=asyncio.subprocess.PIPE, stdout=out, stderr=out
        )
    try:
        assert process.stdin is not None
        process.stdin.write(said)
        process.stdin.close()
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), ENDS_WITHIN_S)
            except TimeoutError:
                process.kill()
                await process.wait()


async def first_match(process: asyncio.subprocess.Process, printed: Path, pattern: re.Pattern[str]) -> re.Match[str]:
    """What a program prints, once it matches. Raises RuntimeError where it ends before."""
    while True:
        text = printed.read_text("utf-8", "replace")
        found = pattern.search(text)
        if found is not None:
            return found
        if process.returncode is not None:
            raise RuntimeError(f"a server ended with {process.returncode}: {text.strip()[-2000:]}")
        await asyncio.sleep(0.02)


def children(pid: int) -> tuple[int, ...]:
    """The processes that a process has started and that still run."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return tuple(int(one) for one in found.split())


def processor_s(pids: Sequence[int]) -> float:
    """Seconds of processor time, user and system, that processes have used so far."""
    return sum(_ticks(pid) for pid in pids) / TICKS


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * PAGE
