"""The short way to one decision: a request that is all there is answered as it is read, without a task of its own.

It stands between a connection of `aiohttp` and its parser. A request that has arrived whole while nothing else waits on
its connection, asks for one decision of a policy in force, and is allowed to, is answered in the same turn of the loop;
this halves what an answer costs. Everything else goes the usual way, through `Service.application`, and so does
whatever goes wrong here: nothing but a decision is answered here, by the same code as there, and asking twice does no
harm, since what raises has made no decision. Where an allow has to be on the disk first, it has to be waited for, and
all go the usual way.

Rules kept here: requests of a connection are answered in their order; `Deciding.confirmed` is asked last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import HttpVersion11
from aiohttp.web_protocol import RequestHandler

if TYPE_CHECKING:
    from aiohttp.http_parser import RawRequestMessage
    from aiohttp.streams import StreamReader

    from adapters.service.app import Service


def shortened(connection: RequestHandler, service: Service) -> RequestHandler:
    """A connection, with the short way before its own."""
    parser: Any = _Parser(connection, connection._parser, service)
    connection._parser = parser
    return connection


class _Parser:
    """The parser of a connection, without the requests that are answered at once."""

    def __init__(self, connection: RequestHandler, parser: Any, service: Service) -> None:
        self._connection, self._parser, self._service = connection, parser, service
        self._feed, self.message_consumed = parser.feed_data, parser.message_consumed

    def __getattr__(self, name: str) -> Any:
        """Whatever else is asked of a parser."""
        return getattr(self._parser, name)

    def feed_data(self, data: bytes) -> tuple[Any, bool, bytes]:
        """What is left of the requests that arrive with some bytes."""
        read: tuple[Any, bool, bytes] = self._feed(data)
        messages, upgraded, rest = read
        if len(messages) == 1 and not upgraded and self._answered(*messages[0]):
            self.message_consumed()
            return (), upgraded, rest
        return read

    def _answered(self, message: RawRequestMessage, payload: StreamReader) -> bool:
        """Answer a request, where that can be done at once."""
        connection = self._connection
        transport, waits = connection.transport, connection._waiter
        if waits is None or waits.done() or connection._messages or transport is None or transport.is_closing():
            return False  # another request is under way, or the connection ends
        if message.should_close or message.version != HttpVersion11 or connection.writing_paused:
            return False
        whole = self._service.at_once(message, payload, connection.peername)
        if whole is None:
            return False
        transport.write(whole)
        connection._next_keepalive_close_time = connection._loop.time() + connection.keepalive_timeout
        return True
