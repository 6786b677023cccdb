"""The service as it runs, in a thread of the test: real HTTP on loopback, a policy in force, a store in a folder."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from adapters.publishing.trust import unsigned
from adapters.service.admin import Administration
from adapters.service.app import Limits, Log, Service
from adapters.service.auth import Auth, Role, Token, hashed
from adapters.service.checking import Report, Sent, checked
from adapters.service.connections import Bounds
from adapters.service.deciding import Deciding
from adapters.service.decision_log import DecisionLog, NoLog
from adapters.service.in_force import InForce
from adapters.service.listening import Listener
from adapters.service.worker import loop_factory, whole
from adapters.stores.folder import FolderStore
from engine.policy import Machine
from engine.published import Trust
from engine.standing import Standing

HOUR = 3600.0
UNIVERSE = ("BTCUSDT", "ETHUSDT")
REVISION = 1_770_120_000_000
PATIENCE = 30.0
ROLES: tuple[Role, ...] = ("decide", "simulate", "read", "publish", "admin")


def token(name: str, *roles: Role) -> Token:
    """A token whose text is its name."""
    return Token(name, bytes.fromhex(hashed(name).partition(":")[2]), frozenset(roles))


EACH_ROLE = tuple(token(role, role) for role in ROLES)
"""One token for each role, named like it."""


@dataclass(frozen=True)
class Reply:
    """An answer, its body as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def effect(self) -> object:
        return self.json.get("effect")


class InOnePiece(http.client.HTTPConnection):
    """Sends head and body together, as a caller in a hurry does: what comes in two parts is never answered at once."""

    def request(self, *said: Any, **more: Any) -> None:
        self._pieces: list[Any] = []
        super().request(*said, **more)
        super().send(b"".join(self._pieces))

    def send(self, data: Any) -> None:
        self._pieces.append(data)


@dataclass
class Served:
    """A service that runs."""

    port: int
    service: Service
    application: web.Application
    listener: Listener
    administration: Administration
    in_force: InForce
    store: FolderStore
    token: str | None = None
    """What is said where a request says nothing else."""

    def as_(self, token: str | None) -> Served:
        """The same, asked by another."""
        return replace(self, token=token)

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str | None] | None = None
    ) -> Reply:
        """Ask once; bodies that are no bytes are sent as JSON. A header of None is not sent."""
        said: dict[str, str | None] = {"Content-Type": "application/json"} if body is not None else {}
        said |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        said |= headers or {}
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = InOnePiece("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            kept = {name: value for name, value in said.items() if value is not None}
            connection.request(method, path, sent, kept)
            response = connection.getresponse()
            return Reply(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def decide(self, inputs: object, policy: str = "entry") -> Reply:
        """Ask for a decision."""
        return self.ask("POST", f"/v1/decide/{policy}", {"inputs": inputs})

    def say(self, *pieces: bytes) -> bytes:
        """Everything that comes back on a connection for bytes as they are."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            for piece in pieces:
                connection.sendall(piece)
            return b"".join(iter(lambda: connection.recv(65536), b""))


REPORTS: dict[bytes, Report] = {}


async def checked_once(sent: Sent) -> Report:
    """What is found of documents, by the process that finds it: asked once for each, however many tests send them."""
    key = msgspec.json.encode(sent)
    if key not in REPORTS:
        REPORTS[key] = await checked(sent)
    return REPORTS[key]


def put(in_force: InForce, machine: Machine, universe: Collection[str] = UNIVERSE, revision: int = REVISION) -> None:
    """Put policies in force, read just now."""
    read_at = in_force.clocks.steady()
    in_force.put(Standing(machine, revision, read_at, in_force.max_age, json.dumps(list(universe)).encode()))


@contextmanager
def served(  # noqa: PLR0913 -- each has a default that most tests leave as it is
    machine: Machine | None,
    folder: Path,
    *,
    tokens: Collection[Token] = (),
    trust: Trust | None = None,
    limits: Limits | None = None,
    bounds: Bounds | None = None,
    tls: ssl.SSLContext | None = None,
    log_folder: Path | None = None,
) -> Iterator[Served]:
    """A service that runs until the test is done with it. Without tokens, anyone here decides and reads."""
    started: Future[tuple[Served, Callable[[], object]]] = Future()

    async def run() -> None:
        ending = asyncio.Event()
        in_force = InForce(HOUR)
        log: Log = NoLog() if log_folder is None else DecisionLog(log_folder, sync=False)
        if machine is not None:
            put(in_force, machine)
        service = Service(Deciding(in_force, log), Auth(tokens), log, limits or Limits(), wait=False)
        store = partial(FolderStore, folder)
        administration = Administration(service, store, trust or unsigned(), checked_once, log_folder)
        application = whole(service, administration)
        listener = Listener(service, application, bounds or Bounds(), grace_s=1.0)
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        await listener.open(listening, tls)
        loop = asyncio.get_running_loop()
        found = Served(port, service, application, listener, administration, in_force, FolderStore(folder))
        started.set_result((found, lambda: loop.call_soon_threadsafe(ending.set)))
        await ending.wait()
        await listener.aclose()
        await administration.aclose()
        await log.aclose()

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(run())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        found, end = started.result(PATIENCE)
        try:
            yield found
        finally:
            end()
    finally:
        thread.join(PATIENCE)
