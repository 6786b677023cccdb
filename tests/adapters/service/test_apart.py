"""Work in a process of its own ends when nobody wants it any more."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from adapters.service.apart import apart

WAITS = """
import signal, sys
with open(sys.argv[1], "w") as told:
    print("begun", file=told, flush=True)
    signal.pause()
"""


def test_work_that_is_given_up_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end of the pipe is closed with it, and by nothing else."""
    (tmp_path / "waits_for_ever.py").write_text(WAITS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    async def work() -> None:
        working = asyncio.create_task(apart("waits_for_ever", b"", str(pipe)))
        with await asyncio.to_thread(pipe.open) as told:
            assert await asyncio.to_thread(told.readline) == "begun\n"
            working.cancel()
            with pytest.raises(asyncio.CancelledError):
                await working
            assert await asyncio.to_thread(told.read) == ""

    asyncio.run(work())
