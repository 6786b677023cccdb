"""HTTP below the application: what does not get as far as that is refused in the same words.

Rules kept here: a request that is no HTTP is answered with a problem that has an effect, as any other, and logged in
one line without what was sent.
"""

from __future__ import annotations

import logging
from asyncio import AbstractEventLoop
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from adapters.service.connections import Watch
from adapters.service.problems import CONTENT_TYPE, Problem

LOGGER = logging.getLogger("bascule.service")


def _nothing(_: bytes) -> bool:
    return False


class Connection(RequestHandler):
    """A connection, which is watched, and on which some requests may be taken before `aiohttp` hears of them."""

    __slots__ = ("takes", "watch")

    def __init__(self, manager: web.Server, *, loop: AbstractEventLoop, **more: Any) -> None:
        super().__init__(manager, loop=loop, **more)
        self.watch = Watch(self, self._parser)
        parser: Any = self.watch
        self._parser = parser
        self.takes: Callable[[bytes], bool] = _nothing

    def data_received(self, data: bytes) -> None:
        """Hear what arrives."""
        if not self.takes(data):
            super().data_received(data)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what is no request, or to one that could not be answered; the connection is closed."""
        del message
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            LOGGER.warning("refused what %s sent: it is not HTTP (%s)", request.remote, type(exc).__name__)
            problem = Problem(HTTPStatus(status), "the request is not HTTP as it should be")
        else:
            LOGGER.error("answering %s failed", request.remote, exc_info=exc)
            problem = Problem(HTTPStatus(status), "the service failed")
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has been begun: nothing can be said any more")
        response = web.Response(
            body=problem.body(), status=status, headers={"Content-Type": CONTENT_TYPE, "Server": "bascule"}
        )
        response.force_close()
        return response


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Runs an application."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made.request_handler, request_factory=made.request_factory, loop=made._loop, **made._kwargs)


async def continued(request: web.Request) -> web.StreamResponse | None:
    """What is answered to `Expect` before anything else; None where the request is to go on."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
        return None
    problem = Problem(HTTPStatus.EXPECTATION_FAILED, "`Expect` may be `100-continue`, or not be there")
    return web.Response(body=problem.body(), status=problem.status, headers={"Content-Type": CONTENT_TYPE})
