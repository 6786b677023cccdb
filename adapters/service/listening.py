"""Answering on a socket that listens: every connection has the short way before the usual one."""

from __future__ import annotations

import asyncio
import socket
import ssl

from aiohttp import web

from adapters.service.app import Service
from adapters.service.at_once import AtOnce
from adapters.service.serving import Runner


class Listener:
    """Answers on a socket, from `open` to `aclose`."""

    def __init__(self, service: Service, application: web.Application, grace_s: float) -> None:
        self.at_once = AtOnce(service)
        self._runner = Runner(application, access_log=None, shutdown_timeout=grace_s)
        self._listening: asyncio.Server | None = None

    async def open(self, listening: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        """Answer on a socket from now on; it is closed with the listener."""
        await self._runner.setup()
        accepted = self._runner.server
        assert accepted is not None
        self._listening = await asyncio.get_running_loop().create_server(
            lambda: self.at_once.shortened(accepted()), sock=listening, ssl=tls, backlog=1024
        )

    async def aclose(self) -> None:
        """Take no more connections, and give the answers that are under way."""
        if self._listening is not None:
            self._listening.close()
        await self.at_once.aclose()
        await self._runner.cleanup()
