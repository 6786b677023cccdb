"""What the process that follows the store and those that decide say to each other, over a pair of sockets.

Each message is a length (4 bytes, big-endian) and a tagged array in MessagePack. No one else holds the sockets.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import TypeAlias

import msgspec

LONGEST = 64 * 1024 * 1024


class Stage(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """A compiled bundle begins: its header, and how many pieces follow."""

    digest: str
    header: bytes
    pieces: int


class Piece(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """One policy of the bundle that was last begun."""

    digest: str
    data: bytes


class Word(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """What the last reads of the store came to. `read_at` is when the last good one was sent, by the steady clock."""

    revision: int
    digest: str
    read_at: int
    universe: bytes
    valid_until: datetime | None = None
    cause: str = ""
    found: str = ""
    trouble: str = ""


class Staged(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """A worker has a bundle ready, or says why it has not."""

    digest: str
    fault: str = ""


class Obeys(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """A worker decides with a revision from now on, and with a bundle."""

    revision: int
    digest: str


class Counts(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """What a worker has counted since it started; from the supervisor, the sum over all other workers."""

    decisions: dict[str, int]
    """By policy, outcome, effect and rule, as a JSON array; where none decided, the cause stands for the rule."""
    latencies: list[int]
    seconds: float
    answers: dict[str, int]
    log_backlog: int = 0
    store_errors: int = 0
    """Reads of the store that failed: the supervisor's own."""


Message: TypeAlias = Stage | Piece | Word | Staged | Obeys | Counts
_encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


class Garbled(Exception):
    """What came is no message; nothing that follows it can be understood."""


class Line:
    """One end of the pair."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        writer.transport.set_write_buffer_limits(high=64 * 1024)

    @property
    def waiting(self) -> int:
        """Bytes that were sent and not yet taken by the other end."""
        return self._writer.transport.get_write_buffer_size()

    def send(self, message: Message) -> None:
        """Send, without waiting for the other end."""
        data = _encode(message)
        self._writer.write(len(data).to_bytes(4, "big") + data)

    async def sent(self) -> None:
        """Wait until little is waiting."""
        await self._writer.drain()

    async def receive(self) -> Message:
        """The next message. Raises EOFError when the other end is gone, and `Garbled`."""
        try:
            length = int.from_bytes(await self._reader.readexactly(4), "big")
            if length > LONGEST:
                raise Garbled(f"a message of {length} bytes")
            return _decoder.decode(await self._reader.readexactly(length))
        except msgspec.MsgspecError as error:
            raise Garbled(str(error)) from error
        except (asyncio.IncompleteReadError, OSError) as error:
            raise EOFError("the other process is gone") from error

    async def aclose(self) -> None:
        """Close this end."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()
