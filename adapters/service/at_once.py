"""The short way to one decision: a request that is all there is answered as it is read, without a task of its own.

It stands between a connection of `aiohttp` and its parser. A request that has arrived whole while nothing else waits on
its connection, asks for one decision of a policy in force, and is allowed to, is decided in the same turn of the loop;
this halves what an answer costs. Everything else goes the usual way, through `Service.application`, and so does
whatever goes wrong here: nothing but a decision is answered here, by the same code as there, and asking twice does no
harm, since what raises has made no decision.

Where an allow has to be on the disk first, its answer is held until it is: what arrives on its connection meanwhile
waits, unread. Rules kept here: requests of a connection are answered in their order; `Deciding.confirmed` is asked
last, right before an answer is written.
"""

from __future__ import annotations

import logging
import re
import time
from asyncio import TimerHandle, Transport, timeout
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import HttpVersion11
from aiohttp.web_protocol import RequestHandler

from adapters.service import bodies
from adapters.service.answers import JSON
from adapters.service.deciding import Asked, Made

if TYPE_CHECKING:
    from aiohttp.http_parser import RawRequestMessage
    from aiohttp.streams import StreamReader

    from adapters.service.app import Service

LOGGER = logging.getLogger("bascule.service")
_ONE = re.compile(r"/v1/decide/([A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class Begun:
    """A decision that is made and not yet answered."""

    made: Made
    began: float
    """When its request had arrived, by `time.perf_counter`."""


class AtOnce:
    """The short way of a service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._ending = False

    def shortened(self, connection: RequestHandler) -> RequestHandler:
        """A connection, with the short way before its own."""
        parser: Any = _Parser(connection, connection._parser, self)
        connection._parser = parser
        return connection

    def begun(self, message: RawRequestMessage, content: StreamReader, peer: object) -> Begun | None:
        """The decision that a request asks for, where it asks for one and nothing has to be explained."""
        began = time.perf_counter()
        service, headers, body = self.service, message.headers, bodies.arrived(content)
        path = _ONE.fullmatch(message.path)
        if body is None or path is None or self._ending or message.method != "POST":
            return None
        if len(body) > service.limits.body or headers.get("Content-Type") != JSON or "Expect" in headers:
            return None
        try:
            caller = service.auth.caller(headers, str(peer[0]) if isinstance(peer, tuple) else "", "decide")
            asked = Asked(service.request_id(message), caller)
            return Begun(service.deciding.decide(path[1], bodies.one(body), asked), began)
        except Exception:  # noqa: BLE001 -- the usual way says what is wrong
            return None

    def answer(self, begun: Begun, *, kept: bool) -> bytes:
        """The whole answer, head and body, to be written now; `kept` says whether the log has what had to be in it."""
        service = self.service
        made = service.deciding.confirmed(begun.made, kept=kept)
        service.tally.took(time.perf_counter() - begun.began, 200)
        return service.heads.whole(made.asked.request_id, made.body)

    async def aclose(self) -> None:
        """Give the answers that are held; from now on everything goes the usual way."""
        self._ending = True
        with suppress(TimeoutError):
            async with timeout(self.service.deciding.in_force.max_age_s):  # none is held for longer
                await self.service.log.durable()


@dataclass(frozen=True, slots=True)
class _Held:
    """A request whose answer waits for the log."""

    begun: Begun
    patience: TimerHandle


class _Parser:
    """The parser of a connection, without the requests that are answered at once."""

    def __init__(self, connection: RequestHandler, parser: Any, at_once: AtOnce) -> None:
        self._connection, self._parser, self._at_once = connection, parser, at_once
        self._feed, self.message_consumed = parser.feed_data, parser.message_consumed
        self._held: _Held | None = None
        self._later = b""
        """What has arrived while an answer is held."""

    def __getattr__(self, name: str) -> Any:
        """Whatever else is asked of a parser."""
        return getattr(self._parser, name)

    def feed_data(self, data: bytes) -> tuple[Any, bool, bytes]:
        """What is left of the requests that arrive with some bytes."""
        if self._held is not None:
            self._wait_with(data)
            return (), False, b""
        read: tuple[Any, bool, bytes] = self._feed(data)
        messages, upgraded, rest = read
        if len(messages) == 1 and not upgraded and self._taken(*messages[0]):
            return (), upgraded, rest
        return read

    def _taken(self, message: RawRequestMessage, payload: StreamReader) -> bool:
        """Answer a request, or hold its answer, where that can be done."""
        connection = self._connection
        transport, waits = connection.transport, connection._waiter
        if waits is None or waits.done() or connection._messages or transport is None or transport.is_closing():
            return False  # another request is under way, or the connection ends
        if message.should_close or message.version != HttpVersion11 or connection.writing_paused:
            return False
        begun = self._at_once.begun(message, payload, connection.peername)
        if begun is None:
            return False
        if self._at_once.service.waits_for_log([begun.made]):
            self._hold(begun)
        else:
            self._answer(begun, transport, kept=True)
        return True

    def _answer(self, begun: Begun, transport: Transport, *, kept: bool) -> None:
        connection = self._connection
        transport.write(self._at_once.answer(begun, kept=kept))
        connection._next_keepalive_close_time = connection._loop.time() + connection.keepalive_timeout
        self.message_consumed()

    # -- an answer that waits

    def _hold(self, begun: Begun) -> None:
        """Answer when the log has what was decided, or with a block after as long as a policy may be old."""
        service, loop = self._at_once.service, self._connection._loop
        max_age_s = service.deciding.in_force.max_age_s
        self._held = _Held(begun, loop.call_later(max_age_s, lambda: self._release(begun, kept=False)))
        service.log.when_durable(lambda: self._release(begun, kept=True))

    def _wait_with(self, data: bytes) -> None:
        transport = self._connection.transport
        self._later += data
        if transport is not None and not transport.is_closing():
            transport.pause_reading()

    def _release(self, begun: Begun, *, kept: bool) -> None:
        """Answer the request that is held, if it still is, and go on with what has arrived since."""
        held, connection = self._held, self._connection
        if held is None or held.begun is not begun:
            return
        self._held = None
        held.patience.cancel()
        transport = connection.transport
        if transport is None or transport.is_closing():
            return
        try:
            self._answer(begun, transport, kept=kept)
        except Exception:
            LOGGER.exception("an answer that was held could not be given")
            transport.abort()
            return
        later, self._later = self._later, b""
        if later:
            transport.resume_reading()
            connection.data_received(later)
