"""What the supervisor does with a worker that it cannot understand."""

from __future__ import annotations

import asyncio
import socket
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import closing

import pytest

from adapters.publishing.trust import unsigned
from adapters.service import supervisor as module
from adapters.service.messages import LONGEST, Line
from adapters.service.running import Options, settings_of
from adapters.service.supervisor import Supervisor, _Worker
from tests.adapters.service.running import PATIENCE
from tests.adapters.stores.loops import in_loop

GARBLED = {
    "no MessagePack": b"\0\0\0\1\xc1",
    "no message": b"\0\0\0\1\x2a",
    "a message of another version": b"\0\0\0\5\x91\xa3Huh",
    "no end": (LONGEST + 1).to_bytes(4, "big"),
}
WAITS = "import signal; print(flush=True); signal.pause()"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"


class Workers(Supervisor):
    """A supervisor whose workers are programs of a test, which says what they say."""

    def __init__(self, *programs: str) -> None:
        options = Options("store", unsigned(), grace_s=0.05)
        super().__init__(settings_of(options, ()), socket.socket(), len(programs))
        self.programs, self.processes = list(programs), list[Process]()
        self.theirs: list[socket.socket] = []
        self.started: asyncio.Queue[socket.socket] = asyncio.Queue()
        """The other ends of the lines, as workers are started."""

    async def _start(self) -> _Worker:
        mine, theirs = socket.socketpair()
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", self.programs.pop(0), stdout=PIPE)
        assert process.stdout is not None
        await process.stdout.readline()
        self.processes.append(process)
        self.theirs.append(theirs)
        self.started.put_nowait(theirs)
        return _Worker(process, Line(*await asyncio.open_connection(sock=mine)))

    def close(self) -> None:
        for process in self.processes:
            if process.returncode is None:
                process.kill()
        for one in (*self.theirs, self._sock):
            one.close()


@pytest.mark.parametrize("said", GARBLED.values(), ids=GARBLED)
@in_loop
async def test_a_worker_that_cannot_be_understood_is_ended(said: bytes) -> None:
    with closing(Workers(WAITS)) as found:
        worker = await found._start()
        found.theirs[0].sendall(said)
        async with asyncio.timeout(PATIENCE):
            await found._hear(worker)
            assert await worker.process.wait() == -15
        await worker.line.aclose()


@in_loop
async def test_another_is_started_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it does not hear that it is to end."""
    monkeypatch.setattr(module, "AGAIN_S", 0.0)
    with closing(Workers(DEAF, WAITS)) as found:
        keeping = asyncio.create_task(found._keep(0))
        async with asyncio.timeout(PATIENCE):
            (await found.started.get()).sendall(GARBLED["no message"])
            await found.started.get()
            found._stopping.set()
            found.processes[1].terminate()
            await keeping
        assert [one.returncode for one in found.processes] == [-9, -15]
