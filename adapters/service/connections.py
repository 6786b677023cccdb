"""How many connections there may be, and how long one may be open without anything coming of it.

Rules kept here: whoever they are, those who connect cannot use up the files of a worker; a request pays for no timer of
its own: what arrives is noted, and all connections are looked at again and again.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass
from enum import Enum
from math import inf
from typing import Any

from aiohttp import StreamReader
from aiohttp.web_protocol import RequestHandler

IDLE_S = 75.0
ROOM = 128
"""Descriptors that are left for the decision log, the store, and the processes that check documents."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the connections of a worker may take; lengths of time in seconds."""

    most: int = 1000
    """How many there may be."""
    head_s: float = 5.0
    """From the first byte of a request to the end of its head; and for a handshake of TLS."""
    idle_s: float = IDLE_S
    """Without a request; or with an answer that is not taken. Longer than an answer may be held for the log."""

    @property
    def every_s(self) -> float:
        """How often the connections are looked at."""
        return min(1.0, self.head_s / 4, self.idle_s / 4)


def within_files(most: int) -> int:
    """As many connections as are wanted, or fewer where this process may not open as many files (RLIMIT_NOFILE)."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if files == resource.RLIM_INFINITY else min(most, max(files - ROOM, files // 2))


class _State(Enum):
    UNDER_WAY = "a request is being read or answered: that has limits of its own"
    HEAD = "a part of a head has arrived"
    IDLE = "no request"
    NOT_TAKEN = "an answer waits for the other side to read"


class Watch:
    """The parser of a connection, which notes whether requests come of what arrives."""

    __slots__ = ("_asked", "_body", "_connection", "_in_head", "_parser", "_since", "_state", "feed")

    def __init__(self, connection: RequestHandler, parser: Any) -> None:
        self._connection, self._parser, self.feed = connection, parser, parser.feed_data
        self._asked = self._in_head = False
        self._body: StreamReader | None = None
        """That of the last request, until all of it has arrived."""
        self._state, self._since = _State.UNDER_WAY, inf

    def __getattr__(self, name: str) -> Any:
        """Whatever else is asked of a parser."""
        return getattr(self._parser, name)

    def feed_data(self, data: bytes) -> tuple[Any, bool, bytes]:
        """The requests whose heads are complete with some bytes."""
        read: tuple[Any, bool, bytes] = self.feed(data)
        self.note(data, read)
        return read

    def note(self, data: bytes, read: tuple[Any, bool, bytes]) -> None:
        """Note what came of some bytes; of a request that is answered at once `answered` says all there is."""
        if read[0]:
            self._asked, self._in_head, self._body = True, False, read[0][-1][1]
        elif data and self._body is None:
            self._in_head = True
        if self._body is not None and self._body.is_eof():
            self._body = None

    def answered(self) -> None:
        """Note that a request arrived whole, and was taken."""
        self._asked, self._in_head, self._body = True, False, None

    def overdue(self, now: float, bounds: Bounds) -> bool:
        """Whether nothing has come of the connection for too long. To be asked again and again: it compares."""
        state, asked = self._now(), self._asked
        if asked:  # what is answered at once is nothing that aiohttp hears of
            self._connection._next_keepalive_close_time = now + self._connection.keepalive_timeout
        if state is not self._state or (asked and state is not _State.NOT_TAKEN):
            self._state, self._since, self._asked = state, now, False
        return now - self._since > {_State.UNDER_WAY: inf, _State.HEAD: bounds.head_s}.get(state, bounds.idle_s)

    def _now(self) -> _State:
        if self._connection.writing_paused:
            return _State.NOT_TAKEN
        waiter = self._connection._waiter
        if waiter is None or waiter.done():
            return _State.UNDER_WAY
        return _State.HEAD if self._in_head else _State.IDLE


def close(connection: RequestHandler) -> None:
    """Close a connection, whatever has not been written."""
    transport = connection.transport
    if transport is not None and transport.get_write_buffer_size() > 0:
        transport.abort()  # closing would wait until it is written
    else:
        connection.force_close()
