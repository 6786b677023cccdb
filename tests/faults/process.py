"""The service as a process of its own: started, found, and ended by its own id."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from adapters.stores import leash
from tests.faults.bundles import SHIPPED

START = 20.0
END = 15.0
_ADDRESS = re.compile(r"listening on (http://\S+)")


class ServiceProcess:
    """`bascule serve` with some arguments, on a port that the system chooses."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None
        self._reading: threading.Thread | None = None
        self.address = "http://127.0.0.1:1"
        self.said: list[str] = []
        """What it has written to its standard error."""

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = leash.command(sys.executable, "-m", "adapters.cli", "serve", *self._arguments, "--port", "0")
        environment = {**os.environ, "PYTHONPATH": str(SHIPPED.parent)}
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
        )
        listens = threading.Event()
        self._reading = threading.Thread(target=self._read, args=(self._process, listens), daemon=True)
        self._reading.start()
        assert listens.wait(START), f"it does not listen: {''.join(self.said)}"

    def _read(self, process: subprocess.Popen[str], listens: threading.Event) -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                self.said.append(line)
                found = _ADDRESS.search(line)
                if found is not None:
                    self.address = found[1]
                    listens.set()

    @property
    def supervisor(self) -> int:
        """The process that follows the store."""
        assert self._process is not None
        return self._process.pid

    def workers(self) -> list[int]:
        """The processes that answer."""
        return self._children("adapters.service.worker")

    def compiling(self) -> list[int]:
        """The process that compiles a bundle, while there is one."""
        return self._children("adapters.service.compiling")

    def _children(self, module: str) -> list[int]:
        found = Path(f"/proc/{self.supervisor}/task/{self.supervisor}/children").read_text("ascii").split()
        return [pid for pid in map(int, found) if module in _command(pid)]

    def end(self) -> None:
        """Ask it to end; kill it where it does not."""
        if self._process is None:
            return
        workers = [] if self._process.poll() is not None else self.workers()
        self._process.terminate()
        try:
            self._process.wait(END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            kill(workers)
        self._forget()

    def kill(self) -> None:
        """End the supervisor at once; its workers are left to themselves."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def _forget(self) -> None:
        self._process = None
        if self._reading is not None:
            self._reading.join(END)


def kill(pids: list[int]) -> None:
    """End processes that are still there, by their ids."""
    for pid in pids:
        if is_there(pid):
            os.kill(pid, signal.SIGKILL)


def is_there(pid: int) -> bool:
    """Whether a worker is there; one that has ended and was not waited for is not."""
    return "adapters.service" in _command(pid)


def gone(pids: list[int], patience: float) -> bool:
    """Whether processes that are no children of ours have ended in time; there is nothing to await."""
    until = time.monotonic() + patience
    while any(is_there(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""
