"""Who connects and does nothing, or not enough, is not kept; and there are only so many."""

from __future__ import annotations

import errno
import logging
import resource
import select
import socket
import ssl
import threading
from asyncio import Future
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp.web_protocol import RequestHandler

from adapters.service import listening
from adapters.service.connections import ROOM, Bounds, Watch, within_files
from adapters.service.serving import Connection
from engine.policy import Machine
from tests.adapters.service.running import PATIENCE, Served, served
from tests.adapters.service.snapshots import GOOD
from tests.adapters.service.test_ending import started
from tests.adapters.stores.servers import Certificates, certificates

SOON, NEVER = 0.2, 10_000.0
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = b"POST /v1/decide/entry HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
DECIDE = HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(GOOD), GOOD)


def connected(service: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.port), PATIENCE)


def answered(connection: socket.socket, asked: bytes) -> bool:
    """Whether something is answered; what is sent on a connection that is closed may be lost."""
    try:
        connection.sendall(asked)
        return connection.recv(65536).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


def ended(connection: socket.socket) -> bool:
    """Whether the other side closes a connection, without a word."""
    try:
        return connection.recv(65536) == b""
    except ConnectionError:
        return True


# -- what nothing comes of


@pytest.mark.parametrize("sent", [b"P", b"\r\n", HEAD, HEAD + b"X: " + b"x" * 5000], ids=["G", "blank", "half", "long"])
@pytest.mark.parametrize("before", [b"", HEALTH, DECIDE], ids=["first", "after another", "after a decision"])
def test_half_of_a_head_is_not_waited_for(shipped: Machine, tmp_path: Path, before: bytes, sent: bytes) -> None:
    with served(shipped, tmp_path, bounds=Bounds(head_s=SOON, idle_s=NEVER)) as service, connected(service) as mine:
        assert not before or answered(mine, before)
        mine.sendall(sent)
        assert ended(mine)


def test_a_head_that_comes_byte_by_byte_is_not_waited_for(tmp_path: Path) -> None:
    with served(None, tmp_path, bounds=Bounds(head_s=SOON, idle_s=NEVER)) as service, connected(service) as mine:
        mine.sendall(HEAD + b"X: ")
        while not select.select([mine], [], [], SOON / 20)[0]:
            mine.sendall(b"x")
        assert ended(mine)


@pytest.mark.parametrize("before", [b"", HEALTH, DECIDE], ids=["first", "after another", "after a decision"])
def test_a_connection_without_requests_is_closed(shipped: Machine, tmp_path: Path, before: bytes) -> None:
    with served(shipped, tmp_path, bounds=Bounds(head_s=NEVER, idle_s=SOON)) as service, connected(service) as mine:
        assert not before or answered(mine, before)
        assert ended(mine)


def test_who_does_not_take_the_answers_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost, gone = threading.Event(), Connection.connection_lost

    def connection_lost(connection: Connection, error: BaseException | None) -> None:
        gone(connection, error)
        lost.set()

    monkeypatch.setattr(Connection, "connection_lost", connection_lost)
    with served(None, tmp_path, bounds=Bounds(head_s=NEVER, idle_s=SOON)) as service, connected(service) as mine:
        mine.setblocking(False)
        asked = HEALTH.replace(b"healthz", b"openapi.json") * 100
        while not lost.is_set():
            if select.select([], [mine], [], SOON / 20)[1]:
                try:
                    mine.send(asked)
                except ConnectionError:
                    break
        assert lost.wait(PATIENCE)


@dataclass
class Stub:
    """A connection as its watch sees it."""

    waits: bool = True
    writing_paused: bool = False
    keepalive_timeout = 3600.0
    _next_keepalive_close_time = 0.0

    @property
    def _waiter(self) -> Future[None] | None:
        return None if not self.waits else cast("Future[None]", Undone())


class Undone:
    def done(self) -> bool:
        return False


@dataclass
class Fed:
    """A parser that finds what a test says, and the body of what it finds."""

    whole: bool = True

    def feed_data(self, data: bytes) -> tuple[Any, bool, bytes]:
        found = (("head", self),) if data in (b"request", b"begin") else ()
        self.whole = data != b"begin"
        return found, False, b""

    def is_eof(self) -> bool:
        return self.whole


BOUNDS = Bounds(head_s=5, idle_s=75)
LOOKED_AT: dict[str, list[tuple[str, float, bool]]] = {
    "nothing is sent": [("", 0, False), ("", 74, False), ("", 76, True)],
    "a part of a head": [("part", 0, False), ("part", 4, False), ("part", 6, True)],
    "a part of a head after a long time": [("", 0, False), ("part", 74, False), ("", 78, False), ("", 80, True)],
    "a head in two parts": [("part", 0, False), ("request", 4, False), ("", 6, False), ("", 80, True)],
    "requests now and then": [("request", 0, False), ("request", 70, False), ("request", 140, False), ("", 220, True)],
    "a request that takes its time": [("begin", 0, False), ("", 1000, False), ("end", 1001, False), ("", 1077, True)],
    "a body in two parts": [("begin", 0, False), ("body", 1, False), ("end", 2, False), ("", 8, False), ("", 78, True)],
    "an answer that is not taken": [("begin", 0, False), ("pause", 1, False), ("", 75, False), ("", 77, True)],
    "requests, and no answer taken": [("pause", 0, False), ("request", 74, False), ("request", 76, True)],
    "an answer that is taken late": [("pause", 0, False), ("resume", 74, False), ("", 140, False), ("", 150, True)],
}


@pytest.mark.parametrize("what", LOOKED_AT)
def test_each_state_has_its_time(what: str) -> None:
    stub = Stub()
    watch = Watch(cast("RequestHandler", stub), Fed())
    for event, now, overdue in LOOKED_AT[what]:
        match event:
            case "begin" | "end":
                stub.waits = event == "end"
                watch.feed_data(b"begin" if event == "begin" else b"")
            case "pause" | "resume":
                stub.writing_paused = event == "pause"
            case _:
                watch.feed_data(event.encode())
        assert watch.overdue(now, BOUNDS) is overdue, (event, now)


# -- how many there may be


def test_one_more_than_there_may_be_is_closed_at_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told = threading.Event()
    handler = logging.Handler()
    handler.handle = lambda record: told.set() if "not let in" in record.getMessage() else None  # type: ignore[method-assign,assignment,return-value]
    listening.LOGGER.addHandler(handler)
    try:
        bounds = Bounds(most=2, head_s=NEVER, idle_s=NEVER)
        with served(None, tmp_path, bounds=bounds) as service, connected(service) as first, connected(service) as mine:
            assert answered(first, HEALTH)
            assert answered(mine, HEALTH)
            for _ in range(20):
                with connected(service) as more:
                    assert ended(more)
            assert answered(first, HEALTH)
            assert told.wait(PATIENCE)
            assert len([one for one in caplog.messages if "2 connections may be open" in one]) < 5
            mine.close()
            while True:  # as soon as it is known that one has gone
                with connected(service) as another:
                    if answered(another, HEALTH):
                        return
    finally:
        listening.LOGGER.removeHandler(handler)


def test_the_command_says_how_many(tmp_path: Path) -> None:
    with started(tmp_path, "--max-connections", "1") as (_, port):
        here = "127.0.0.1", port
        with socket.create_connection(here, PATIENCE) as mine, socket.create_connection(here, PATIENCE) as more:
            assert answered(mine, HEALTH)
            assert ended(more)


@pytest.mark.parametrize(
    ("files", "wanted", "most"),
    [(1024, 1000, 1024 - ROOM), (65536, 1000, 1000), (200, 1000, 100), (resource.RLIM_INFINITY, 5000, 5000)],
)
def test_there_are_no_more_than_files(monkeypatch: pytest.MonkeyPatch, files: int, wanted: int, most: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert within_files(wanted) == most


def test_where_no_file_is_left_it_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accept, refused = socket.socket.accept, list[OSError]()

    def scarce(listening: socket.socket) -> Any:
        if refused:
            return accept(listening)
        refused.append(OSError(errno.EMFILE, "Too many open files"))
        raise refused[0]

    monkeypatch.setattr(socket.socket, "accept", scarce)
    monkeypatch.setattr(listening, "AGAIN_S", 0.01)
    with served(None, tmp_path) as service, connected(service) as mine:
        assert answered(mine, HEALTH)
    assert refused


def test_it_is_known_who_connects(tmp_path: Path) -> None:
    with served(None, tmp_path) as service, connected(service) as mine:
        assert answered(mine, HEALTH)
        assert [one.peername for one in service.listener.connections] == [mine.getsockname()]


# -- with TLS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls(made: Certificates) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.certificate, made.key)
    return context


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01"], ids=["nothing", "half of a greeting"])
def test_a_handshake_is_not_waited_for(tmp_path: Path, tls: ssl.SSLContext, made: Certificates, sent: bytes) -> None:
    ours = ssl.create_default_context(cafile=made.authority)
    bounds = Bounds(most=1, head_s=SOON, idle_s=NEVER)
    with served(None, tmp_path, bounds=bounds, tls=tls) as service, connected(service) as mine:
        mine.sendall(sent)
        assert ended(mine)
        while True:  # as soon as it is known that it has gone
            with suppress(OSError), ours.wrap_socket(connected(service), server_hostname="127.0.0.1") as another:
                if answered(another, HEALTH):
                    return


def test_who_has_not_agreed_on_tls_counts(tmp_path: Path, tls: ssl.SSLContext, made: Certificates) -> None:
    ours = ssl.create_default_context(cafile=made.authority)
    with (
        served(None, tmp_path, bounds=Bounds(most=2, head_s=NEVER), tls=tls) as service,
        connected(service),
        ours.wrap_socket(connected(service), server_hostname="127.0.0.1") as mine,
        connected(service) as more,
    ):
        assert ended(more)
        assert answered(mine, HEALTH)


def test_a_connection_with_tls_is_closed_as_well(tmp_path: Path, tls: ssl.SSLContext, made: Certificates) -> None:
    ours = ssl.create_default_context(cafile=made.authority)
    with (
        served(None, tmp_path, bounds=Bounds(head_s=SOON, idle_s=NEVER), tls=tls) as service,
        ours.wrap_socket(connected(service), server_hostname="127.0.0.1") as mine,
    ):
        assert answered(mine, HEALTH)
        mine.sendall(HEAD)
        assert ended(mine)


def test_bounds_are_looked_at_often_enough() -> None:
    assert Bounds().every_s == 1.0
    assert Bounds(head_s=0.2, idle_s=inf).every_s == 0.05
