"""Proofs in a process of their own, one after the other or several at once, each within its time.

A solver looks at the clock when it comes by it. What has not answered soon after its time is up is ended with its
process, and is unknown, as is what a process died of or its solver failed at; what it was working at is told. The next
proof gets another one.
Who interrupts the command at a terminal interrupts its processes too; they are deaf to it, and end with the command.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, Generic, TypeVar

T = TypeVar("T")
GRACE_S = 2.0
"""How long after its time a proof may take to end by itself."""
START_S = 20.0
"""How long a process may take to be ready."""


@dataclass(frozen=True, slots=True)
class Timed(Generic[T]):
    """What came of a piece of work and how many seconds it took; None where it was ended, with what it was at."""

    answer: T | None
    seconds: float
    working_at: str = ""
    ended: str = "the time was up"
    """Why there is no answer, where there is none."""

    @property
    def why(self) -> str:
        """Why there is no answer, and at what."""
        return f"{self.ended}, at `{self.working_at}`" if self.working_at else self.ended


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """A function of a name, the seconds there are left, and who hears what it is working at; fit for a process."""

    run: Callable[[Any, str, Callable[[], float], Callable[[str], None]], T]
    given: Any
    """What it is given besides, once."""


def each(work: Work[T], names: Iterable[str], seconds: float) -> Iterator[tuple[str, Timed[T]]]:
    """The work for each name, in order; each has so many seconds."""
    process: _Process[T] | None = None
    try:
        for name in names:
            process = process or _Process(work)
            found = process.ask(name, seconds)
            if found.answer is None:
                process.end()
                process = None
            yield name, found
    finally:
        if process is not None:
            process.end()


def spread(work: Work[T], names: Sequence[str], seconds: float, processes: int) -> Iterator[tuple[str, Timed[T]]]:
    """The work for each name in several processes at once, each answer as it comes."""
    waiting, found = iter(names), SimpleQueue[tuple[str, Timed[T]] | BaseException | None]()
    taking, stopped = Lock(), Event()

    def taken() -> Iterator[str]:
        while not stopped.is_set():
            with taking:
                name = next(waiting, None)
            if name is None:
                return
            yield name

    def run() -> None:
        try:
            for one in each(work, taken(), seconds):
                found.put(one)
        except BaseException as fault:  # noqa: BLE001 -- raised again where the answers are taken
            found.put(fault)
        found.put(None)

    running = [Thread(target=run, daemon=True) for _ in range(min(processes, len(names)))]
    for thread in running:
        thread.start()
    try:
        yield from _answers(found, len(running))
    finally:
        stopped.set()


def _answers(
    found: SimpleQueue[tuple[str, Timed[T]] | BaseException | None], running: int
) -> Iterator[tuple[str, Timed[T]]]:
    """What arrives until all that run have ended."""
    while running:
        one = found.get()
        if isinstance(one, BaseException):
            raise one
        if one is None:
            running -= 1
        else:
            yield one


class _Process(Generic[T]):
    """A process that does the work for one name after the other."""

    def __init__(self, work: Work[T]) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process: SpawnProcess = context.Process(target=_serve, args=(there,), daemon=True)
        with _deaf():
            self._process.start()
        there.close()
        if not self._here.poll(START_S) or self._here.recv() != "ready":
            self.end()
            raise RuntimeError("the process of a proof does not begin")
        self._here.send(work)  # not with the process: half of it would be read where the command ends meanwhile

    def ask(self, name: str, seconds: float) -> Timed[T]:
        """The answer for a name, or that there is none in time."""
        began, working_at = time.monotonic(), ""
        kind: str = "at"
        found: Any = ""
        try:
            self._here.send((name, seconds))
            while kind == "at":
                working_at = found
                left = began + seconds + GRACE_S - time.monotonic()
                if left <= 0 or not self._here.poll(left):
                    return Timed(None, time.monotonic() - began, working_at)
                kind, found = self._here.recv()
        except (EOFError, OSError):
            return Timed(None, time.monotonic() - began, working_at, ended="its process died")
        if kind == "failed":
            return Timed(None, time.monotonic() - began, working_at, ended=f"the solver failed: {found}")
        if kind == "fault":
            raise found
        return Timed(found, time.monotonic() - began)

    def end(self) -> None:
        """End the process."""
        self._here.close()
        self._process.kill()
        self._process.join()


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that this thread starts meanwhile get no SIGINT, from their first instruction on.

    They inherit what is blocked here, in whatever thread; a handler could be set only once their modules are read.
    """
    resource_tracker.ensure_running()  # beginning it with the first process would unblock what is blocked here
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(there: Connection) -> None:
    """What the process does, until whoever asks has gone."""
    with suppress(EOFError, OSError):
        there.send("ready")
        work: Work[Any] = there.recv()
        while True:
            name, seconds = there.recv()
            there.send(_came_of(work, name, seconds, there))


def _came_of(work: Work[Any], name: str, seconds: float, there: Connection) -> tuple[str, Any]:
    """The answer for a name, or what was wrong."""
    try:
        return "answer", work.run(work.given, name, _countdown(seconds), lambda at: there.send(("at", at)))
    except Exception as fault:  # noqa: BLE001 -- raised again where the work was asked for
        return ("failed", str(fault)) if _of_the_solver(fault) else ("fault", fault)


def _of_the_solver(fault: Exception) -> bool:
    """Whether it is the solver that failed, for want of memory as a rule."""
    from z3 import Z3Exception

    return isinstance(fault, Z3Exception)


def _countdown(seconds: float) -> Callable[[], float]:
    """How many seconds are left, from now on."""
    until = time.monotonic() + seconds
    return lambda: until - time.monotonic()
