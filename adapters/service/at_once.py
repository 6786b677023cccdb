"""The short way to one decision: a request that is all there is answered as it is read, without a task of its own.

It stands before a connection of `aiohttp`, and hears first what arrives. A request that has arrived whole while nothing
else waits on its connection, asks for one decision of a policy in force, and is allowed to, is decided in the same turn
of the loop; this halves what an answer costs. Everything else goes the usual way, through `Service.application`, and so
does whatever goes wrong here: nothing but a decision is answered here, by the same code as there, and asking twice does
no harm, since what raises has made no decision.

Where an allow has to be on the disk first, its answer is held until it is: what arrives on its connection meanwhile
waits, unread. Rules kept here: requests of a connection are answered in their order; `Deciding.confirmed` is asked
last, right before an answer is written.
"""

from __future__ import annotations

import logging
import time
from asyncio import TimerHandle, Transport, timeout
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import HttpVersion11
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from adapters.service import bodies
from adapters.service.answers import JSON
from adapters.service.deciding import Asked, Made
from adapters.service.serving import Connection

if TYPE_CHECKING:
    from aiohttp.http_parser import RawRequestMessage
    from aiohttp.streams import StreamReader

    from adapters.service.app import Service

LOGGER = logging.getLogger("bascule.service")
PATH = "/v1/decide/"


class AtOnce:
    """The short way of a service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._ending = False

    def shortened(self, connection: RequestHandler) -> RequestHandler:
        """A connection of ours, with the short way before its own."""
        assert isinstance(connection, Connection)
        short = _Short(connection, self)
        parser: Any = short
        connection.takes, connection._parser = short.takes, parser
        return connection

    def made(self, message: RawRequestMessage, content: StreamReader, peer: str) -> Made | None:
        """The decision that a request asks for, where it asks for one and nothing has to be explained."""
        service, headers, body, path = self.service, message.headers, bodies.arrived(content), message.path
        if body is None or self._ending or message.method != "POST" or not path.startswith(PATH):
            return None
        name = path[len(PATH) :]
        if name not in service.deciding.in_force.current.ready:
            return None
        if len(body) > service.limits.body or headers.get("Content-Type") != JSON or "Expect" in headers:
            return None
        try:
            caller = service.auth.caller(headers, peer, "decide")
            asked = Asked(service.request_id(message), caller)
            return service.deciding.decide(name, bodies.likely(body) or bodies.one(body), asked)
        except Exception:  # noqa: BLE001 -- the usual way says what is wrong
            return None

    def answer(self, made: Made, began: float, *, kept: bool) -> bytes:
        """The whole answer, head and body, to be written now; `kept` says whether the log has what had to be in it.

        `began` is when the request had arrived, by `time.perf_counter`.
        """
        service = self.service
        made = service.deciding.confirmed(made, kept=kept)
        service.tally.took(time.perf_counter() - began, 200)
        return service.heads.whole(made.asked.request_id, made.body)

    async def aclose(self) -> None:
        """Give the answers that are held; from now on everything goes the usual way."""
        self._ending = True
        with suppress(TimeoutError):
            async with timeout(self.service.deciding.in_force.max_age_s):  # none is held for longer
                await self.service.log.durable()


@dataclass(frozen=True, slots=True)
class _Held:
    """An answer that waits for the log."""

    made: Made
    began: float
    patience: TimerHandle


class _Short:
    """The short way of one connection, and the parser that the usual way has: what was read here is not read again."""

    def __init__(self, connection: Connection, at_once: AtOnce) -> None:
        self._connection, self._watch, self._at_once = connection, connection.watch, at_once
        self._feed, self.message_consumed = connection.watch.feed, connection.watch.message_consumed
        self._read: tuple[Any, bool, bytes] | HttpProcessingError | None = None
        """What came of the bytes that the usual way is handed."""
        self._peer: str | None = None
        self._held: _Held | None = None
        self._later = b""
        """What has arrived while an answer is held."""

    def __getattr__(self, name: str) -> Any:
        """Whatever else is asked of a parser."""
        return getattr(self._watch, name)

    def takes(self, data: bytes) -> bool:
        """Whether some bytes have been seen to; otherwise they are for the usual way."""
        connection = self._connection
        if self._held is not None:
            self._wait_with(data)
            return True
        if (
            connection._force_close
            or connection._close
            or connection._upgraded
            or connection._payload_parser is not None
        ):
            return False
        try:
            self._read = read = self._feed(data)
        except HttpProcessingError as error:
            self._read = error
            return False
        messages, upgraded, _ = read
        if len(messages) == 1 and not upgraded and self._taken(*messages[0]):
            self._read = None
            self._watch.answered()
            return True
        self._watch.note(data, read)
        return False

    def feed_data(self, data: bytes) -> tuple[Any, bool, bytes]:
        """The requests whose heads are complete with some bytes."""
        read, self._read = self._read, None
        if isinstance(read, HttpProcessingError):
            raise read
        return self._watch.feed_data(data) if read is None else read

    def _taken(self, message: RawRequestMessage, payload: StreamReader) -> bool:
        """Answer a request, or hold its answer, where that can be done."""
        began, connection = time.perf_counter(), self._connection
        transport, waits = connection.transport, connection._waiter
        if waits is None or waits.done() or connection._messages or transport is None or transport.is_closing():
            return False  # another request is under way, or the connection ends
        if message.should_close or message.version != HttpVersion11 or connection.writing_paused:
            return False
        if self._peer is None:
            self._peer = _host(connection.peername)
        made = self._at_once.made(message, payload, self._peer)
        if made is None:
            return False
        if made.opens and self._at_once.service.waits:
            self._hold(made, began)
        else:
            self._answer(made, began, transport, kept=True)
        return True

    def _answer(self, made: Made, began: float, transport: Transport, *, kept: bool) -> None:
        transport.write(self._at_once.answer(made, began, kept=kept))
        self.message_consumed()

    # -- an answer that waits

    def _hold(self, made: Made, began: float) -> None:
        """Answer when the log has what was decided, or with a block after as long as a policy may be old."""
        service, loop = self._at_once.service, self._connection._loop
        max_age_s = service.deciding.in_force.max_age_s
        self._held = _Held(made, began, loop.call_later(max_age_s, lambda: self._release(made, kept=False)))
        service.log.when_durable(lambda: self._release(made, kept=True))

    def _wait_with(self, data: bytes) -> None:
        transport = self._connection.transport
        self._later += data
        if transport is not None and not transport.is_closing():
            transport.pause_reading()

    def _release(self, made: Made, *, kept: bool) -> None:
        """Answer the request that is held, if it still is, and go on with what has arrived since."""
        held, connection = self._held, self._connection
        if held is None or held.made is not made:
            return
        self._held = None
        held.patience.cancel()
        transport = connection.transport
        if transport is None or transport.is_closing():
            return
        try:
            self._answer(made, held.began, transport, kept=kept)
        except Exception:
            LOGGER.exception("an answer that was held could not be given")
            transport.abort()
            return
        later, self._later = self._later, b""
        if later:
            transport.resume_reading()
            connection.data_received(later)


def _host(peer: object) -> str:
    """The address of who connects, without the port; empty for a socket without one."""
    return str(peer[0]) if isinstance(peer, tuple) else ""
