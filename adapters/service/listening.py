"""Answering on a socket that listens: who may connect does, has the short way before the usual one, and is watched.

Connections are accepted here, and not by a server of asyncio: that accepts whatever comes, and knows of a connection
only once its TLS is agreed on.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Coroutine
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from adapters.service.app import Service
from adapters.service.at_once import AtOnce
from adapters.service.connections import Bounds, close
from adapters.service.serving import Connection, Runner

LOGGER = logging.getLogger("bascule.service")
AT_ONE_TIME = 16
"""How many are accepted before those who are connected already get their turn."""
AGAIN_S = 0.5
"""How long nothing is accepted where the system has nothing left for a connection."""


def tls(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    """What answers with TLS; None where that is not asked for. Raises OSError (`ssl.SSLError` is one)."""
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


class Listener:
    """Answers on a socket, from `open` to `aclose`."""

    def __init__(self, service: Service, application: web.Application, bounds: Bounds, grace_s: float) -> None:
        self.at_once = AtOnce(service)
        self._bounds = bounds
        self._runner = Runner(application, access_log=None, shutdown_timeout=grace_s)
        self._socket: socket.socket | None = None
        self._tls: ssl.SSLContext | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._beginning: set[RequestHandler] = set()
        """Connections that are accepted, and that the server does not know yet."""
        self._turned_away = 0

    async def open(self, listening: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        """Answer on a socket from now on; it is closed with the listener."""
        await self._runner.setup()
        self._tls = tls
        self._socket = listening
        listening.setblocking(False)
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)
        self._start(self._sweep())

    async def aclose(self) -> None:
        """Take no more connections, and give the answers that are under way."""
        listening, self._socket = self._socket, None
        if listening is not None:
            asyncio.get_running_loop().remove_reader(listening)
            listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.at_once.aclose()
        await self._runner.cleanup()

    @property
    def connections(self) -> list[RequestHandler]:
        """Those that are open, and those that are about to be."""
        return list(self._beginning.union(self._server.connections))

    @property
    def _server(self) -> web.Server:
        server = self._runner.server
        assert server is not None
        return server

    # -- letting in

    def _accept(self, listening: socket.socket) -> None:
        """Let in some of those who wait, and turn away those who are too many."""
        for _ in range(AT_ONE_TIME):
            try:
                accepted, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                LOGGER.error("no connection can be accepted: %s", (error.strerror or str(error)).lower())
                self._rest(listening)
                return
            if len(self.connections) >= self._bounds.most:
                self._turned_away += 1
                accepted.close()
                continue
            connection = self.at_once.shortened(self._server())
            self._beginning.add(connection)
            self._start(self._begin(accepted, connection))

    def _rest(self, listening: socket.socket) -> None:
        """Accept nothing for a while: what waits would wake us at once, again and again."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(listening)

        def again() -> None:
            if self._socket is not None:
                loop.add_reader(listening, self._accept, listening)

        loop.call_later(AGAIN_S, again)

    async def _begin(self, accepted: socket.socket, connection: RequestHandler) -> None:
        """Make a connection of a socket."""
        accepted.setblocking(False)
        patience = self._bounds.head_s if self._tls is not None else None
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=patience,
                ssl_shutdown_timeout=patience,
            )
        except OSError:
            pass  # who speaks no TLS, does not go on with it, or has gone: there is nobody to be told
        finally:
            self._beginning.discard(connection)

    # -- watching

    async def _sweep(self) -> None:
        """Close connections that nothing comes of, and tell how many were turned away."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._bounds.every_s)
            now = loop.time()
            for connection in self._server.connections:
                if isinstance(connection, Connection) and connection.watch.overdue(now, self._bounds):
                    close(connection)
            if self._turned_away:
                LOGGER.warning("%d were not let in: %d connections may be open", self._turned_away, self._bounds.most)
                self._turned_away = 0

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
