"""A service with a store of its own, for a first try: a server is started, a folder published, and all of it goes."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from adapters.publishing.candidates import Candidate
from adapters.publishing.publication import Publisher, Terms
from adapters.service.running import Options, run
from adapters.stores.embedded import EmbeddedStore


def embedded(
    options: Options,
    found: Candidate,
    universe: tuple[str, ...] | None,
    on_listening: Callable[[str], None],
) -> None:
    """Publish in a store of one's own, and serve it until asked to end."""
    asyncio.run(_embedded(options, found, universe, on_listening))


async def _embedded(
    options: Options, found: Candidate, universe: tuple[str, ...] | None, on_listening: Callable[[str], None]
) -> None:
    async with EmbeddedStore() as store:
        publisher = Publisher(store, options.trust, None, "serve")
        await publisher.commit(await publisher.prepare(found, Terms(universe=universe), "publish"))
        with tempfile.TemporaryDirectory(prefix="bascule-") as state:
            mine = replace(options, store=f"unix://{store.server.socket}", state=Path(state))
            await run(mine, os.environ, on_listening)
