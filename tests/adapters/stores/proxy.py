"""A proxy on loopback before a server, which can hold answers back, cut them short, or give an old one again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress


class Proxy:
    """Between a store and its server; `async with` opens it on a port that the system chooses."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._free = asyncio.Event()
        self._free.set()
        self._open = True
        self._served: set[asyncio.Task[None]] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.asked = asyncio.Event()
        """Set when a question has gone to the server."""
        self.connections = 0
        self.questions = 0
        """How many times somebody asked, and then waited for an answer."""
        self.answers: list[bytes] = []
        self.cut_after: int | None = None
        """How much of the next answer arrives before its connection is closed."""
        self.edit: Callable[[bytes], bytes] | None = None
        """What arrives in the place of an answer."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open = False
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._served)

    def hold(self) -> None:
        """Keep answers back from now on."""
        self._free.clear()
        self.asked.clear()

    def release(self) -> None:
        """Let the answers through that were held back, and those to come."""
        self._free.set()

    def forsake(self) -> None:
        """Say nothing more on the connections there are; those to come are not concerned."""
        self._free.clear()
        self._free = asyncio.Event()
        self._free.set()

    def close_port(self) -> None:
        """Refuse connections from now on, and drop those there are."""
        self._server.close()
        for pump in self._pumps:
            pump.cancel()

    async def open_port(self) -> None:
        """Take connections again, on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._served.add(task)
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:  # the server is gone, and so is the connection to it
            writer.close()
            return
        pumps = {asyncio.create_task(self._ask(reader, there_writer))}
        pumps.add(asyncio.create_task(self._answer(there_reader, writer)))
        self._pumps |= pumps
        if self._open:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        for one in (writer, there_writer):
            one.close()
            with suppress(OSError):
                await one.wait_closed()

    async def _ask(self, reader: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
        while question := await reader.read(65536):
            there.write(question)
            self.questions += 1
            self.asked.set()

    async def _answer(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        free = self._free
        while answer := await there.read(65536):
            self.answers.append(answer)
            await free.wait()
            if self.cut_after is not None:
                writer.write(answer[: self.cut_after])
                self.cut_after = None
                return
            writer.write(self.edit(answer) if self.edit else answer)
