"""`bascule demo --service`: a policy published, served, tightened, halted and lost, each shown by a decision.

Everything runs on this machine, in a folder of its own, with a Valkey that ends with the demo: the service is the real
one, started as `bascule serve` starts it, and the commands that are shown are those that a person would type.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import click

from adapters.bootstrap import new_id, shipped_policies
from adapters.cli import terminal
from adapters.cli.demo import SNAPSHOTS
from adapters.cli.terminal import heading, mark, printable, wrapped
from adapters.publishing.candidates import SuitesFail, candidate
from adapters.publishing.halting import clear, halt
from adapters.publishing.publication import Publisher, Terms
from adapters.publishing.trust import unsigned
from adapters.stores.embedded import EmbeddedStore

if TYPE_CHECKING:
    from adapters.publishing.candidates import Candidate

TIGHTER = Path(__file__).parent / "demo_policies"
THRESHOLD = ("default: 60s", "default: 90s")
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Service:
    """The service as the demo knows it."""

    session: aiohttp.ClientSession
    url: str

    async def decide(self, policy: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request for a decision."""
        async with self.session.post(f"{self.url}/v1/decide/{policy}", json={"inputs": inputs}) as response:
            found: dict[str, Any] = await response.json()
            return found

    async def ready(self) -> None:
        """Wait until openings are decided on."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async with self.session.get(f"{self.url}/readyz") as response:
                    if response.ok:
                        return
                await asyncio.sleep(0.02)


def run() -> None:
    """Tell the story. Raises `StoreUnavailable` where no Valkey can be started."""
    with tempfile.TemporaryDirectory(prefix="bascule-demo-") as folder:
        asyncio.run(_story(Path(folder)))


async def _story(folder: Path) -> None:
    async with EmbeddedStore() as store, _serving(f"unix://{store.server.socket}", folder) as service:
        publisher = Publisher(store, unsigned(), None, "the demo", PATIENCE_S)
        _act("1. Before anything is published", "bascule serve --store unix://…")
        _say("The service runs, and its store is empty. Nothing opens.")
        _tell(await service.decide("entry", _entry()))

        _act("2. A policy is published, and obeyed", "bascule publish policies --store unix://… --universe BTCUSDT")
        found = candidate(shipped_policies())
        _say(f"Checked, its {found.cases} cases run, then put in force. The last trade was 75 seconds ago.")
        await _publish(publisher, found, Terms(universe=("BTCUSDT",)))
        await service.ready()
        _tell(await service.decide("entry", _entry()))

        _act("3. A threshold is tightened", "bascule publish tighter --store unix://…")
        _say("The risk desk wants 90 seconds between two trades, not 60, and edits one number.")
        _refused(_tighter(folder, with_tests=False))
        _say("The tests change with it, in the same review. Now it is published:")
        await _publish(publisher, candidate(_tighter(folder, with_tests=True)), Terms())
        _tell(await _blocked(service))

        _act("4. A halt", "bascule halt --store unix://… --note 'the feed looks wrong'")
        await halt(store, unsigned(), "the demo", "the feed looks wrong", new_id())
        _tell(await _shut(service, "halted"))

        _say("It takes two to clear it: one is not enough.")
        for desk in ("the risk desk", "the trading desk"):
            cleared = await clear(store, unsigned(), None, desk)
            terminal.say(f"  cleared by {desk}: {cleared.missing} more needed")
        await service.ready()

        _act("5. The store is lost", f"kill -9 {store.server.pid}")
        os.kill(store.server.pid, signal.SIGKILL)
        _tell(await _shut(service, "stale"))
        _say("Nothing opens; what only reduces a position passes, by a fixed rule that needs no policy:")
        _tell(await service.decide("open-position", _close()))
    _say("\nThe service and the server are ended, and everything they wrote is gone.")


@asynccontextmanager
async def _serving(url: str, folder: Path) -> AsyncIterator[Service]:
    """The service, as a process of its own."""
    options = ["--store", url, "--unsigned", "--port", "0", "--state", str(folder / "state")]
    command = [sys.executable, "-P", "-m", "adapters.cli", "serve", *options]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            said = (await process.stderr.readline()).decode()
        found = re.search(r"http://\S+", said)
        if found is None:
            raise RuntimeError(f"the service did not start: {said}")
        reading = asyncio.create_task(process.stderr.read())  # so that it is never kept waiting
        async with aiohttp.ClientSession() as session:
            service = Service(session, found[0])
            await _answers(service)
            yield service
        process.terminate()
        await asyncio.gather(process.wait(), reading)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _answers(service: Service) -> None:
    async with asyncio.timeout(PATIENCE_S), service.session.get(f"{service.url}/healthz"):
        return


async def _publish(publisher: Publisher, found: Candidate, terms: Terms) -> None:
    prepared = await publisher.prepare(found, terms, "publish")
    published = await publisher.commit(prepared)
    told = published.prepared.statement
    for one in prepared.changes:
        for default in one.defaults:
            terminal.say(f"  {one.name}: {default.parameter} {default.old} {mark('leads')} {default.new}")
    terminal.say(f"  revision {told.revision}, {told.bundle}, {told.digest[:19]}")


async def _blocked(service: Service) -> dict[str, Any]:
    """The first decision that blocks: every decider obeys what is published within a second."""
    async with asyncio.timeout(PATIENCE_S):
        while (found := await service.decide("entry", _entry()))["effect"] == "allow":
            await asyncio.sleep(0.02)
        return found


async def _shut(service: Service, cause: str) -> dict[str, Any]:
    """The first decision that is blocked for a cause."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await service.decide("entry", _entry()))["reason"].startswith(cause):
            await asyncio.sleep(0.02)
        return found


def _tighter(folder: Path, *, with_tests: bool) -> Path:
    """A folder laid over the shipped policies, with one threshold changed, and its tests or not."""
    made = folder / ("tighter" if with_tests else "untested")
    shutil.copytree(TIGHTER, made)
    shutil.copytree(shipped_policies(), made / "policies")
    text = (made / "policies" / "entry.yaml").read_text("utf-8")
    changed = text.replace(*THRESHOLD, 1)
    assert changed != text
    (made / "entry.yaml").write_text(changed, encoding="utf-8")
    if not with_tests:
        manifest = (made / "bundle.yaml").read_text("utf-8")
        (made / "bundle.yaml").write_text(manifest.replace(", entry-suite.yaml", ""), encoding="utf-8")
        (made / "entry-suite.yaml").unlink()
    return made


def _refused(folder: Path) -> None:
    """Show that what its tests do not agree with is not published."""
    try:
        candidate(folder)
    except SuitesFail as fault:
        terminal.say(f"  {mark('passed-over')} refused: {printable(fault)}")


def _entry() -> dict[str, Any]:
    """An entry 75 seconds after the last trade, as a trading system asks: the service knows the time."""
    told: dict[str, Any] = json.loads((SNAPSHOTS / "new-entry.json").read_bytes())
    del told["now"]
    before = datetime.now(UTC) - timedelta(seconds=75)
    told["portfolio"]["last_trade_at"] = before.isoformat()
    return told


def _close() -> dict[str, Any]:
    """The closing of a position that is held."""
    position = {"id": "p1", "symbol": "BTCUSDT", "side": "LONG", "quantity": 0.2}
    return {"signal": {"symbol": "BTCUSDT", "final_action": "CLOSE"}, "portfolio": {"positions": [position]}}


def _act(title: str, command: str) -> None:
    terminal.say("\n" + heading(title))
    terminal.say(f"  $ {command}")


def _say(text: str) -> None:
    terminal.say("\n".join(wrapped(text, 0)))


def _tell(decision: dict[str, Any]) -> None:
    """A decision, in two lines."""
    colour = "green" if decision["effect"] == "allow" else "red"
    bounds = f", at most {decision['outputs']['max_quantity']}" if "max_quantity" in decision["outputs"] else ""
    only = f" (reduce only{bounds})" if decision["outputs"].get("reduce_only") else ""
    outcome = click.style(f"{decision['outcome']} ({decision['effect']})", fg=colour)
    terminal.say(f"  {decision['policy']} {mark('leads')} {outcome}{only}")
    terminal.say("\n".join(wrapped(printable(decision["reason"]), 4)))
