"""The process that holds the service together: it follows the store, and starts, tells and ends the workers.

Rules kept here: the listening socket is made once and inherited, so that what waits on it outlives a worker; a worker
that ends unasked is started again; what a worker has not taken is not piled up: the next word says it all.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field

import msgspec

from adapters.publishing.readers import EVERY_S, Told, encoded
from adapters.service.counting import added, nothing_counted
from adapters.service.following import Follower
from adapters.service.messages import Counts, Garbled, Line, Obeys, Piece, Stage, Staged, Word
from adapters.service.providing import Provision
from adapters.service.worker import Settings
from engine.store import StoreUnavailable

LOGGER = logging.getLogger("bascule.service")
BACKLOG = 1024
MOST_WAITING = 1024 * 1024
BETWEEN_PIECES_S = 0.002
"""Between two policies of the bundle in force, for a worker that lacks it."""
BETWEEN_COMING_S = 0.01
"""Between two policies of a bundle that is announced."""
LARGE_APART = {"MALLOC_MMAP_THRESHOLD_": "131072"}
"""Has the allocator of glibc always keep large blocks by themselves, and give them back: what a log holds while its
disk is slow would otherwise stay with the process."""
AGAIN_S = 0.5
"""How long a worker that has ended is left down."""


@dataclass(slots=True)
class _Worker:
    """One worker as the supervisor knows it."""

    process: asyncio.subprocess.Process
    line: Line
    provision: Provision = field(default_factory=Provision)
    staging: asyncio.Task[None] | None = None
    counts: Counts = field(default_factory=nothing_counted)
    obeys: int = 0


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 lets the system choose. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    found = socket.socket(family, kind, protocol)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(BACKLOG)
    except OSError:
        found.close()
        raise
    found.setblocking(False)
    return found


class Supervisor:
    """Runs `count` workers on a socket. `follower` must say its words to `say`."""

    def __init__(self, settings: Settings, sock: socket.socket, count: int) -> None:
        self._settings, self._sock, self._count = settings, sock, count
        self._workers: dict[int, _Worker] = {}
        self._ended = nothing_counted()
        """What workers had counted that are gone."""
        self._stopping = asyncio.Event()
        self._coming = asyncio.Semaphore(max(1, (os.cpu_count() or 1) // 2))
        """Held while a worker loads a bundle that is announced."""
        self.follower: Follower | None = None
        self._news = asyncio.Event()
        """Set when a worker has loaded a bundle or obeys another revision."""

    async def run(self, follower: Follower) -> None:
        """Follow and serve until asked to end."""
        self.follower = follower
        follower.on_staged = self._provide_all
        ending = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ending.set)
        following = asyncio.create_task(follower.run())
        reporting = asyncio.create_task(self._report())
        following.add_done_callback(lambda _: ending.set())
        keeping = [asyncio.create_task(self._keep(slot)) for slot in range(self._count)]
        await ending.wait()
        self._stopping.set()
        LOGGER.info("ending: answers that are under way are given first")
        for worker in self._workers.values():
            if worker.process.returncode is None:
                worker.process.terminate()
        await asyncio.wait(keeping, timeout=self._settings.grace_s + 5.0)
        for worker in self._workers.values():
            if worker.process.returncode is None:
                LOGGER.error("worker %d does not end: it is killed", worker.process.pid)
                worker.process.kill()
        following.cancel()
        reporting.cancel()
        await asyncio.gather(*keeping, following, reporting, return_exceptions=True)

    def say(self, word: Word) -> None:
        """Tell every worker what the store holds."""
        for worker in self._workers.values():
            self._say(worker, word)

    # -- what the store is told

    async def _report(self) -> None:
        """Tell the store how far this service is, once a second and when there is news; take it away at the end."""
        assert self.follower is not None
        store, reader = self.follower.store, f"{socket.gethostname()}:{self._sock.getsockname()[1]}"
        try:
            while True:
                self._news.clear()
                with suppress(StoreUnavailable):
                    await store.report(reader, encoded(self._told()))
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY_S):
                        await self._news.wait()
        finally:
            with suppress(StoreUnavailable):
                await store.report(reader, None)

    def _told(self) -> Told:
        """How far this service is: as far as its last worker."""
        assert self.follower is not None
        word, workers = self.follower.word, self._workers.values()
        revision = min((worker.obeys for worker in workers), default=0)
        loaded = {worker.provision.loaded for worker in workers}
        ready = loaded.pop() if len(loaded) == 1 and len(workers) == self._count else ""
        refuses = {digest: str(refusal) for digest, refusal in self.follower.refused.items()}
        in_force = word.digest if revision == word.revision else ""
        return Told(self.follower.clocks.now(), revision, in_force, ready, refuses, word.cause)

    # -- workers

    async def _keep(self, slot: int) -> None:
        """Keep a worker running."""
        while not self._stopping.is_set():
            try:
                worker = await self._start()
            except OSError:
                LOGGER.exception("a worker cannot be started")
                await asyncio.sleep(AGAIN_S)
                continue
            self._workers[slot] = worker
            if self._stopping.is_set():
                worker.process.terminate()
            hearing = asyncio.create_task(self._hear(worker))
            code = await worker.process.wait()
            tasks = [hearing] if worker.staging is None else [hearing, worker.staging]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await worker.line.aclose()
            self._ended = replace_backlog(added([self._ended, worker.counts]))
            if not self._stopping.is_set():
                LOGGER.error("worker %d ended with %s: another is started", worker.process.pid, code)
                await asyncio.sleep(AGAIN_S)

    async def _start(self) -> _Worker:
        mine, theirs = socket.socketpair()
        settings = msgspec.structs.replace(self._settings, listening=self._sock.fileno(), line=theirs.fileno())
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # what lies in the current folder is not ours
                "-m",
                "adapters.service.worker",
                env=LARGE_APART | os.environ,
                pass_fds=(settings.listening, settings.line),
                stdin=asyncio.subprocess.PIPE,  # an environment holds no file of a thousand tokens
            )
        except OSError:
            mine.close()
            raise
        finally:
            theirs.close()
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(settings))
        process.stdin.close()
        worker = _Worker(process, Line(*await asyncio.open_connection(sock=mine)))
        assert self.follower is not None
        self._say(worker, self.follower.word)
        return worker

    async def _hear(self, worker: _Worker) -> None:
        """Listen to a worker until it is gone; one that cannot be understood is ended, so that another is started."""
        try:
            while True:
                match await worker.line.receive():
                    case Counts() as counts:
                        worker.counts = counts
                        worker.line.send(self._others(worker))
                    case Staged(digest=digest, fault=fault) if fault:
                        LOGGER.error("worker %d cannot load %s: %s", worker.process.pid, digest, fault)
                        asyncio.get_running_loop().call_later(AGAIN_S, worker.provision.lacks, digest)
                    case Staged(digest=digest):
                        worker.provision.has(digest)
                        self._say_again(worker)
                        self._news.set()
                    case Obeys(revision=revision, digest=digest):
                        worker.obeys = revision
                        worker.provision.decides_with(digest)
                        self._news.set()
                    case _:
                        LOGGER.error("worker %d said what only the supervisor says", worker.process.pid)
        except EOFError:
            return
        except Garbled as error:
            LOGGER.error("worker %d says what is no message, and is ended: %s", worker.process.pid, error)
        except Exception:
            LOGGER.exception("listening to worker %d failed: it is ended", worker.process.pid)
        await self._end(worker)

    async def _end(self, worker: _Worker) -> None:
        """End a worker: it is asked to, and then made to."""
        with suppress(ProcessLookupError):
            worker.process.terminate()
            try:
                async with asyncio.timeout(self._settings.grace_s):
                    await worker.process.wait()
            except TimeoutError:
                worker.process.kill()

    def _others(self, worker: _Worker) -> Counts:
        assert self.follower is not None
        others = [one.counts for one in self._workers.values() if one is not worker]
        return msgspec.structs.replace(added([self._ended, *others]), store_errors=self.follower.errors)

    # -- what is said to them

    def _say_again(self, worker: _Worker) -> None:
        assert self.follower is not None
        self._say(worker, self.follower.word)

    def _say(self, worker: _Worker, word: Word) -> None:
        if worker.process.returncode is not None or worker.line.waiting > MOST_WAITING:
            return
        self._provide(worker)
        worker.line.send(word)

    def _provide_all(self) -> None:
        for worker in self._workers.values():
            self._provide(worker)

    def _provide(self, worker: _Worker) -> None:
        """Begin to send a worker the bundle that it needs next, where there is one."""
        assert self.follower is not None
        word = self.follower.word
        wanted = "" if word.cause else word.digest
        digest = worker.provision.next(wanted, self.follower.coming or word.digest)
        pieces = self.follower.bundles.get(digest)
        if pieces is None:
            return
        if worker.staging is not None:
            worker.staging.cancel()
        worker.provision.begun(digest)
        worker.staging = asyncio.create_task(self._send(worker.line, digest, pieces))

    async def _send(self, line: Line, digest: str, pieces: list[bytes]) -> None:
        """Send a bundle a policy at a time: words go in between, and the worker answers meanwhile.

        What is in force is sent to all at once; what is only coming has time, and takes one processor in two.
        """
        assert self.follower is not None
        follower = self.follower
        async with nullcontext() if follower.word.digest == digest else self._coming:
            line.send(Stage(digest, pieces[0], len(pieces) - 1))
            for piece in pieces[1:]:
                line.send(Piece(digest, piece))
                await line.sent()
                await asyncio.sleep(BETWEEN_PIECES_S if follower.word.digest == digest else BETWEEN_COMING_S)


def replace_backlog(counts: Counts) -> Counts:
    """Counts of a process that is gone: nothing of it waits any more."""
    return msgspec.structs.replace(counts, log_backlog=0)
