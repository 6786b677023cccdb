"""What may become of the server, and of the way to it."""

from __future__ import annotations

import asyncio

import pytest

from engine.store import StoreUnavailable
from tests.adapters.stores.servers import Server
from tests.faults.bundles import first, second
from tests.faults.harness import AT_ONCE, Desk

LINKED = "'master_link_status': 'up'"


async def killed(desk: Desk) -> None:
    desk.server.do("SAVE")
    desk.server.kill()
    await desk.gone("stale")
    with desk.becomes(first()):
        desk.server.start()


async def stopped(desk: Desk) -> None:
    desk.server.pause()
    await desk.gone("stale")
    with desk.becomes(first()):
        desk.server.resume()


async def emptied(desk: Desk) -> None:
    desk.server.kill()
    desk.lost()
    desk.server.forget()
    desk.server.start()
    await desk.gone("no-policy")
    await desk.publish(first())


async def restored(desk: Desk) -> None:
    desk.server.do("SAVE")
    await desk.publish(second())
    await desk.opens()
    desk.server.kill()
    desk.lost()
    desk.server.start()
    await desk.gone("revision")
    await desk.publish(first())


async def demoted(desk: Desk) -> None:
    with Server(desk.form.server, *AT_ONCE) as other:
        other.do("REPLICAOF", "127.0.0.1", desk.server.port)
        await asyncio.to_thread(other.until, ("INFO", "replication"), LINKED)
        other.do("REPLICAOF", "NO", "ONE")
        desk.server.do("REPLICAOF", "127.0.0.1", other.port)
        await desk.gone("not-primary")
        await asyncio.to_thread(desk.server.until, ("INFO", "replication"), LINKED)
        with desk.becomes(first()):
            desk.server.do("REPLICAOF", "NO", "ONE")


async def unreachable(desk: Desk) -> None:
    assert desk.proxy is not None
    desk.proxy.close_port()
    await desk.gone("stale")
    with desk.becomes(first()):
        await desk.proxy.open_port()


async def slow(desk: Desk) -> None:
    assert desk.proxy is not None
    desk.proxy.hold()
    await desk.gone("stale")
    with desk.becomes(first()):
        desk.proxy.release()


async def out_of_memory(desk: Desk) -> None:
    """Publishing fails, and what is in force goes on being read."""
    desk.server.do("CONFIG", "SET", "maxmemory", "1mb", "maxmemory-policy", "noeviction")
    with pytest.raises(StoreUnavailable, match="memory"):
        await desk.publish(second())
    await asyncio.sleep(desk.form.hold)
    if desk.heard.refusals():
        desk.broken.append("openings are refused, though the store can be read")
    desk.server.do("CONFIG", "SET", "maxmemory", "0")
    await desk.publish(second())
