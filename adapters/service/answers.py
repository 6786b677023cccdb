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


class Whole(web.StreamResponse):
    """An answer that is all there, head and body."""

    def __init__(self, head: bytes, request_id: str, body: bytes) -> None:
        super().__init__()
        self._whole = b"%b%b\r\nContent-Length: %d\r\n\r\n%b" % (head, request_id.encode(), len(body), body)

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Nothing is written before the body is."""
        self._keep_alive = request.keep_alive
        self._req = request
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Write everything."""
        request = self._req
        if request is not None:
            self._req, self._eof_sent = None, True
            await request.writer.write(self._whole)


def answer(heads: Heads, request: web.Request, request_id: str, body: bytes) -> web.StreamResponse:
    """An answer with status 200 and a body of JSON. The id must be printable ASCII without spaces."""
    if request.keep_alive and request.version == HttpVersion11:
        return Whole(heads.head(), request_id, body)
    return web.Response(body=body, headers={"Content-Type": JSON, "X-Request-Id": request_id})
