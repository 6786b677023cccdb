"""Work in a process of its own: niced, with memory and time to keep to, so that no decision waits for it."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

PATIENCE_S = 120.0
MEMORY = 4 * 1024**3
NICENESS = 10
OOM_SCORE = Path("/proc/self/oom_score_adj")
ENDED_FIRST = "1000"
"""Where memory runs out it is this process that the kernel ends, and no worker."""


REFUSED = 3
"""The exit code for what is refused; Python's own for a program that failed is 1."""


class NotDone(Exception):
    """The work did not come to its end, which says nothing of what it was about; a later attempt may."""


class NotTaken(Exception):
    """What was said is refused; says why."""


async def apart(module: str, said: bytes, *arguments: str, patience_s: float = PATIENCE_S) -> bytes:
    """What a module, run as a program, makes of what it is said. Raises `NotTaken` and `NotDone`."""
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # what lies in the current folder is not ours
            "-m",
            module,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise NotDone(f"no process for it can be started: {error}") from error
    try:
        async with asyncio.timeout(patience_s):
            out, words = await process.communicate(said)
    except TimeoutError:
        raise NotDone(f"it was not done within {patience_s:g}s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    told = words.decode(errors="replace").strip()[-2000:]
    if process.returncode == REFUSED:
        raise NotTaken(told)
    if process.returncode != 0:
        raise NotDone(f"exit code {process.returncode}: {told}")
    return out


def keep_to_limits() -> None:
    """In the process of its own, before anything else."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with suppress(OSError):  # no Linux: there the largest is ended all the same
        OOM_SCORE.write_text(ENDED_FIRST)
