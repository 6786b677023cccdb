"""The way to the one Redis server that the record is written to: named by the URL, by Sentinel or by Cluster.

Rules kept here: nothing is tried twice (a later call is the second try, and whoever waits for it knows how long that
took); nothing waits longer than the store's time-out; the protocol is RESP2, under which the client refuses a
connection with an unread answer (under RESP3, with its notifications of maintenance, it does not).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Protocol, assert_never

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import RedisError

from adapters.stores.redis_urls import Address, Layout

GRACE = 0.05
"""Seconds for a goodbye: under TLS a connection waits for the other side's, which may not come."""


class Unreachable(Exception):
    """No server is known that serves the record; says who was asked."""


class Servers(Protocol):
    """The way to the server that the record is written to."""

    async def client(self) -> Redis:
        """A client of it. Raises what the client's library does, and `Unreachable`."""

    async def forget(self) -> None:
        """Let go of idle connections, and of what is known of who is written to: the next call finds out anew."""

    async def aclose(self) -> None:
        """Let go of all connections."""


class NamedServer:
    """The server that the URL names; or, through Sentinel, the one that it names at each new connection."""

    def __init__(self, client: Redis, sentinel: Sentinel | None = None) -> None:
        self._client, self._sentinel = client, sentinel

    async def client(self) -> Redis:
        """The client."""
        return self._client

    async def forget(self) -> None:
        """Let go of idle connections."""
        with suppress(RedisError, OSError):
            async with asyncio.timeout(GRACE):
                await self._client.connection_pool.disconnect(inuse_connections=False)

    async def aclose(self) -> None:
        """Let go of all connections."""
        for one in (self._client, self._sentinel):
            if one is not None:
                with suppress(RedisError, OSError):
                    await one.aclose()


class SlotOwner:
    """The node of a cluster that serves the slot of the record; all keys of a store are in that one slot."""

    def __init__(self, address: Address, timeout: float) -> None:
        self._address, self._timeout = address, timeout
        self._slot = key_slot(address.key.encode())
        self._owner: Redis | None = None
        self._finding = asyncio.Lock()

    async def client(self) -> Redis:
        """A client of the node, as the first of the named nodes that answers says."""
        async with self._finding:
            if self._owner is None:
                self._owner = await self._found()
            return self._owner

    async def forget(self) -> None:
        """Let go of the node: the slot may be another's by now."""
        owner, self._owner = self._owner, None
        if owner is not None:
            with suppress(RedisError, OSError):
                async with asyncio.timeout(GRACE):
                    await owner.aclose()

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self.forget()

    async def _found(self) -> Redis:
        failures = []
        # Each is given its share of the time, so that one that hangs does not hide the others.
        share = self._timeout / (len(self._address.hosts) + 1)
        for host, port in self._address.hosts:
            asked = _client(self._address, share, host, port)
            try:
                ranges = await asked.execute_command("CLUSTER SLOTS")
            except (RedisError, OSError) as error:
                failures.append(f"{host}:{port}: {error}")
                continue
            finally:
                with suppress(RedisError, OSError):
                    await asked.aclose()
            for first, last, primary, *_ in ranges:
                if first <= self._slot <= last:
                    # A node that does not know its own name leaves it out: it is the one that was asked.
                    return _client(self._address, self._timeout, (primary[0] or b"").decode() or host, primary[1])
            failures.append(f"{host}:{port}: no node serves slot {self._slot}")
        raise Unreachable("; ".join(failures))


def servers_at(address: Address, timeout: float) -> Servers:
    """The way to the servers of an address."""
    match address.layout:
        case Layout.ONE:
            return NamedServer(_client(address, timeout, *address.hosts[0]))
        case Layout.UNIX:
            return NamedServer(Redis(unix_socket_path=address.path, db=address.db, **_options(address, timeout)))
        case Layout.SENTINEL:
            share = timeout / (len(address.hosts) + 1)
            tls = {"ssl": True, **address.tls_files} if address.tls else {}
            asked = {**_patience(share), **tls, "password": address.sentinel_password}
            sentinel = Sentinel(address.hosts, sentinel_kwargs=asked, **_options(address, timeout), **tls)
            return NamedServer(sentinel.master_for(address.service, db=address.db), sentinel)
        case Layout.CLUSTER:
            return SlotOwner(address, timeout)
        case _:
            assert_never(address.layout)


def _client(address: Address, timeout: float, host: str, port: int) -> Redis:
    tls = {"ssl": True, **address.tls_files} if address.tls else {}
    return Redis(host=host, port=port, db=address.db, **_options(address, timeout), **tls)


def _options(address: Address, timeout: float) -> dict[str, Any]:
    return {**_patience(timeout), "username": address.username, "password": address.password}


def _patience(timeout: float) -> dict[str, Any]:
    return {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
        "decode_responses": False,
        "protocol": 2,
        "driver_info": None,  # nothing is said to the server before the first command but who we are
    }
