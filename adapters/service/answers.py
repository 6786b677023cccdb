"""Answers written at once, head and body: what most requests get, without the work that a head of any form needs.

An answer of `aiohttp` builds a mapping of headers and writes it out; of ours the head is always the same but for the
length, the id and the second. Only HTTP/1.1 on a connection that stays open is answered so, anything else as usual.
"""

from __future__ import annotations

import time
from email.utils import formatdate

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

JSON = "application/json"


class Heads:
    """The head of answers with status 200, made anew each second."""

    def __init__(self) -> None:
        self._second, self._head = 0, b""

    def head(self) -> bytes:
        """The head up to the id of the request."""
        second = int(time.time())
        if second != self._second:
            date = formatdate(second, usegmt=True)
            said = f"HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nDate: {date}\r\nServer: bascule\r\nX-Request-Id: "
            self._second, self._head = second, said.encode("ascii")
        return self._head

    def whole(self, request_id: str, body: bytes) -> bytes:
        """A whole answer."""
        return b"%b%b\r\nContent-Length: %d\r\n\r\n%b" % (self.head(), request_id.encode(), len(body), body)


class Whole(web.StreamResponse):
    """An answer that is all there, head and body: it has no mapping of headers, and its status is 200."""

    _status = 200

    def __init__(self, whole: bytes) -> None:  # the base's would make what it has not
        self._whole = whole

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write everything: the head does not come before the body."""
        self._keep_alive = request.keep_alive
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        transport.write(self._whole)
        self._eof_sent = True
        await request.writer.drain()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Everything is written."""


def answer(heads: Heads, request: web.Request, request_id: str, body: bytes) -> web.StreamResponse:
    """An answer with status 200 and a body of JSON. The id must be printable ASCII without spaces."""
    if request.keep_alive and request.version == HttpVersion11:
        return Whole(heads.whole(request_id, body))
    return web.Response(body=body, headers={"Content-Type": JSON, "X-Request-Id": request_id})
