"""A desk as it stands in production, on one machine: a real store server, someone who publishes, and the real service.

The harness knows the truth, because it makes it: whatever changes what may be decided with goes through `Desk`, which
notes when.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import rfc8785

from adapters.publishing.candidates import Candidate
from adapters.publishing.proposals import newest
from adapters.publishing.publication import Prepared, Publisher, Terms
from adapters.stores.urls import open_store
from engine.published import Record, Signature
from engine.store import PolicyStore
from rules.canonical import digest_of, read_bytes
from tests.adapters.publishing.desk import ONE, PEOPLE, trust_file
from tests.adapters.stores.proxy import Proxy
from tests.adapters.stores.servers import Server
from tests.faults.bundles import UNIVERSE, Bundle, first, second
from tests.faults.judgement import Answer, State, Truth
from tests.faults.load import Heard, load, ready, steady
from tests.faults.process import ServiceProcess

AT_ONCE = ("--repl-diskless-sync-delay", "0")
"""A replica is served when it asks, not five seconds later."""
OPENING = 30.0
"""Seconds that a desk may take until it opens for the first time."""
BLOCKING = 5.0
"""Seconds in which openings must be refused for the right reason; that none is allowed too late is judged apart."""
RECOVERY = 5.0
"""Seconds in which openings must be allowed again, where nothing has to be made ready first."""
COMPILING = 10.0
"""The same, where a bundle has to be compiled first, which is done at low priority."""
RESTART = 15.0
"""The same, where processes have to be started."""
BEFORE = 100
"""Answers that are heard before a fault strikes."""


@dataclass(frozen=True)
class Form:
    """How much of a desk is set up, and for how long a fault is held."""

    server: str = "valkey"
    hold: float = 1.2
    publications: int = 200
    pause: float = 0.01
    """Seconds between an answer and the next question of a connection."""
    slack: float = 1.0
    """What a machine that is busy otherwise may need times as long for."""
    workers: int = 2
    proxied: bool = False
    log_sync: bool = False


class Desk:
    """A desk; `async with` starts and ends it. What is gone or in force is told to `truth` as it happens."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.server = Server(form.server, *AT_ONCE)
        self.folder = Path(tempfile.mkdtemp(prefix="bascule-test-"))
        self.logs = self.folder / "decisions"
        self.known: dict[str, Bundle] = {}
        """Every bundle that may be named in an answer, by digest."""
        self.heard, self.truth = Heard(), Truth()
        self.lifted = 0.0
        """When the fault was lifted."""
        self.broken: list[str] = []
        """What else did not hold in the scenario."""
        self._looked_at: dict[str, Prepared] = {}
        self._versions = count(1)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Desk:
        try:
            await self._set_up()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def _set_up(self) -> None:
        stack = self._stack
        stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        stack.enter_context(self.server)
        self.store: PolicyStore = open_store(self.server.unix_url, {}, timeout=5)
        stack.push_async_callback(self.store.aclose)
        self.publisher = Publisher(self.store, ONE, PEOPLE["ann"], "ann")
        self.proxy = await stack.enter_async_context(Proxy(self.server.port)) if self.form.proxied else None
        await self.publish(first())
        await self.prepared(second())
        self.service = ServiceProcess(*self._arguments())
        stack.callback(self.service.end)
        self.service.start()
        await ready(lambda: self.service.address, OPENING * self.form.slack)

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _arguments(self) -> Iterator[str]:
        yield from ("--store", self.server.url if self.proxy is None else self.proxy.url)
        yield from ("--trust", str(trust_file(self.folder / "trust.yaml", "ann", "bob")))
        yield from ("--state", str(self.folder / "state"), "--workers", str(self.form.workers))
        yield from ("--decision-log", str(self.logs))
        yield from ("--log-sync", "--log-limit", "1") if self.form.log_sync else ()

    @asynccontextmanager
    async def under_load(self) -> AsyncIterator[None]:
        """Load for as long as this lasts, which is judged once openings are allowed."""
        self.heard, self.broken, self.lifted = Heard(), [], 0.0
        if self.truth.now != State(first().digest):
            await self.publish(first())
        self.lifted = 0.0
        async with load(lambda: self.service.address, self.heard, self.form.pause):
            if not await self.opens(OPENING * self.form.slack):
                raise AssertionError(f"nothing opens at the start: {''.join(self.service.said[-20:])}")
            self.heard.forget()
            await self.heard.until(lambda _: len(self.heard.answers) > BEFORE, RECOVERY)
            yield

    # -- what is in force

    async def publish(self, bundle: Bundle) -> None:
        """Put a bundle in force; what was wrong before is over."""
        prepared = await self.prepared(bundle)
        with self.becomes(bundle):
            await self.publisher.commit(prepared)

    async def prepared(self, bundle: Bundle) -> Prepared:
        """A publication of a bundle, which is looked at once: comparing it with others takes a while."""
        if bundle.digest not in self._looked_at:
            found = await self.publisher.prepare(bundle.candidate, Terms(universe=UNIVERSE), "publish")
            self._looked_at[bundle.digest] = found
        found, reading = self._looked_at[bundle.digest], await self.store.read()
        statement = replace(found.statement, revision=newest(reading.fields.get("revision"), reading.at))
        return replace(found, statement=statement, present=replace(found.present, reading=reading))

    async def put(self, candidate: Candidate, content: bytes | None) -> None:
        """Put a properly signed record in force, and any bytes (None: none) under its digest: nothing may open."""
        prepared = await self.publisher.prepare(candidate, Terms(), "publish")
        if content is not None:
            self.server.do("SET", bundle_key(candidate.digest), content)
        await self.swap(prepared, (signed(prepared),))

    async def swap(self, prepared: Prepared, signatures: Iterable[Signature]) -> None:
        """Write a record with signatures, whatever they are of."""
        fields = Record(prepared.statement, tuple(signatures), None).fields()
        await self.store.swap(prepared.expected, fields, "publish")

    @contextmanager
    def becomes(self, bundle: Bundle, *, listed: bool = True) -> Iterator[None]:
        """What happens inside puts a bundle in force, or lifts what kept it from being so."""
        self.known[bundle.digest] = bundle
        began = steady()
        yield
        self.lifted = steady()
        self.truth.becomes(State(bundle.digest, listed), began, self.lifted)

    def lost(self) -> None:
        """From now on nothing may be decided with."""
        at = steady()
        self.truth.becomes(State(""), at, at)

    async def gone(self, *causes: str) -> None:
        """Nothing may be decided with: await the refusal of openings for one of some causes, and hold."""
        if self.truth.now.digest:
            self.lost()
        await self.refused(*causes)
        await asyncio.sleep(self.form.hold)

    async def refused(self, *causes: str) -> None:
        """Await that an opening is refused for one of some causes."""
        if await self.heard.until(lambda answer: answer.cause in causes, BLOCKING * self.form.slack) is None:
            last = next((one.cause for one in reversed(self.heard.answers) if one.cause), "nothing")
            self.broken.append(f"openings are refused for {last}, and not for {' or '.join(causes)}")

    async def opens(self, patience: float = RESTART) -> bool:
        """Await that an opening is allowed on what is in force."""
        state, since = self.truth.now, self.lifted

        def wanted(answer: Answer) -> bool:
            return answer.opens and answer.asked >= since and state.bears(answer)

        return await self.heard.until(wanted, patience) is not None

    def numbered(self) -> Bundle:
        """The first bundle under a digest that nobody has seen."""
        documents = first().candidate.documents
        version = f"1.0.{next(self._versions)}"
        content = rfc8785.dumps({"name": "desk", "version": version, "documents": dict(documents.documents)})
        candidate = Candidate(digest_of(content), f"desk {version}", content, read_bytes(content))
        return replace(first(), candidate=candidate)

    # -- what is logged

    def logged(self) -> list[str]:
        """The ids of the decisions in the log, in no order; a line that is being written is none yet."""
        files = (file.read_bytes() for file in self.logs.iterdir())
        records = (json.loads(line) for found in files for line in found.split(b"\n")[:-1])
        return [record["decision"]["decision_id"] for record in records if "decision" in record]

    @contextmanager
    def full_disk(self, pids: Iterable[int]) -> Iterator[None]:
        """The files of processes may not grow, which is to them what a full disk is."""
        before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids}
        for pid, (_, hard) in before.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
        try:
            yield
        finally:
            for pid, limits in before.items():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)

    @contextmanager
    def stopped(self, pids: Iterable[int]) -> Iterator[None]:
        """Processes stand still."""
        stopped = list(pids)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)


def signed(prepared: Prepared) -> Signature:
    """The signature that a publication would have."""
    return PEOPLE["ann"].sign(prepared.statement.signed())


def bundle_key(digest: str) -> str:
    return f"{{quantum:policy:current}}:bundle:{digest}"
