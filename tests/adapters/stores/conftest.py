"""The stores that the contract is about, each with a way in for another system."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from adapters.stores.folder import FolderStore
from adapters.stores.redis_urls import DEFAULT_KEY
from adapters.stores.urls import open_store
from engine.store import PolicyStore
from tests.adapters.stores.memory import Held, MemoryStore
from tests.adapters.stores.servers import Server

KINDS = ("folder", "memory", "valkey", "redis")


@dataclass(frozen=True)
class Kept:
    """What is kept somewhere: how to open it, as often as one likes, and how another system writes a field of it."""

    open: Callable[[], PolicyStore]
    put: Callable[[str, str], object]


@pytest.fixture(scope="session")
def running_of() -> Iterator[Callable[[str], Server]]:
    """A server of a kind, started when it is first asked for."""
    started: dict[str, Server] = {}

    def of(kind: str) -> Server:
        if kind not in started:
            server = Server(kind)
            server.start()
            started[kind] = server
        return started[kind]

    yield of
    for server in started.values():
        server.__exit__()


@pytest.fixture(params=("valkey", "redis"))
def server(request: pytest.FixtureRequest, running_of: Callable[[str], Server]) -> Server:
    """A server that holds nothing, of each kind."""
    found = running_of(request.param)
    found.do("FLUSHALL")
    return found


@pytest.fixture(params=KINDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path, running_of: Callable[[str], Server]) -> Kept:
    """Nothing yet, in each kind of store."""
    match request.param:
        case "folder":
            return Kept(lambda: FolderStore(tmp_path / "store"), lambda *field: put_in_file(tmp_path / "store", *field))
        case "memory":
            held = Held()
            return Kept(lambda: MemoryStore(held), lambda name, text: held.fields.update({name: text}))
        case kind:
            server = running_of(kind)
            server.do("FLUSHALL")
            opened = partial(open_store, server.unix_url, {}, timeout=5)
            return Kept(opened, lambda name, text: server.do("HSET", DEFAULT_KEY, name, text))


def put_in_file(folder: Path, name: str, text: str) -> None:
    """As a person would, in an editor."""
    place = folder / "current.json"
    found = json.loads(place.read_text())
    found["fields"][name] = text
    place.write_text(json.dumps(found))
