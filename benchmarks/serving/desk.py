"""A desk for the benchmarks: a store with the shipped policies in it, and `bascule serve` as a person would start it.

The request is an entry that is allowed, 1.3 KB with six positions held, without what the service supplies itself. An
allow is the dearest answer: it is confirmed, and with `--log-sync` it waits for the disk.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785

from adapters.stores.embedded import EmbeddedStore
from benchmarks.serving.load import Target, Unexpected, answer_to, post, until_it_answers
from benchmarks.serving.processes import Server, children, first_match, started
from engine.published import Record, Statement
from rules.bundle import load
from rules.canonical import digest_of
from tests.oracles.snapshots import Snapshot, outcome_samples

ROOT = Path(__file__).resolve().parents[2]
LISTENING = re.compile(r"listening on http://[^:\s]+:(\d+)")
ALLOWED = b'"effect":"allow"'
PATH = "/v1/decide/entry"
SEED = 20260203
POSITIONS = 6
SHARED = re.compile(r'^kind: "(Types|Library)"$', re.MULTILINE)
"""Kinds of document that a bundle of clones has once."""


VARIABLE = re.compile(r'^( +(?:name|env): "[A-Z][A-Z0-9_]+)"$', re.MULTILINE)
"""Where a policy names a variable of the environment, which can move one parameter only."""


@dataclass(frozen=True, slots=True)
class Content:
    """A bundle as a store keeps it."""

    name: str
    digest: str
    content: bytes


def snapshot() -> Snapshot:
    """The entry that is asked about: allowed, with six positions, and no member that may be left out."""
    found = next(
        one for one in outcome_samples(50, SEED)["otherwise"] if len(one["portfolio"]["positions"]) == POSITIONS
    )
    for record in (found["intent"], *found["portfolio"]["positions"]):
        for name in ("id", "workspace", "score", "opened_at") if record is found["intent"] else ("score", "opened_at"):
            record.pop(name, None)
    return found


def request() -> bytes:
    """The request for that decision."""
    inputs = {name: value for name, value in snapshot().items() if name in ("intent", "portfolio")}
    return post(PATH, json.dumps({"inputs": inputs}, separators=(",", ":")).encode())


def shipped(version: str = "") -> Content:
    """The shipped policies; with a version of one's own, the same under another digest."""
    bundle = load(ROOT / "policies", with_suites=False).bundle
    if bundle is None:
        raise SystemExit("the shipped policies do not check: run `bascule check`")
    return _content({**json.loads(bundle.content), **({"version": version} if version else {})})


def times_the_shipped(times: int) -> Content:
    """The shipped policies so many times, each time under names of their own, over one glossary and its libraries."""
    said = json.loads(shipped().content)
    texts: dict[str, str] = said["documents"]
    policies = {name: text for name, text in texts.items() if not SHARED.search(text)}
    named = re.compile(rf'^( +(?:name|policy): "(?:{"|".join(policies)}))"$', re.MULTILINE)
    more = {
        f"{name}-{number}": VARIABLE.sub(rf'\g<1>_{number}"', named.sub(rf'\g<1>-{number}"', text))
        for number in range(2, times + 1)
        for name, text in policies.items()
    }
    return _content({**said, "documents": texts | more})


def _content(said: dict[str, Any]) -> Content:
    content = rfc8785.dumps(said)
    return Content(said["name"], digest_of(content), content)


async def publish(store: EmbeddedStore, bundle: Content, **more: str | None) -> int:
    """Put a bundle that the store keeps in force, unsigned, and write more fields beside; the revision."""
    reading = await store.read()
    revision = max(int(reading.fields.get("revision", "0")) + 1, int(reading.at.timestamp() * 1000))
    statement = Statement(store.name, revision, bundle.digest, bundle.name, reading.at.isoformat(), "benchmark", "")
    fields = Record(statement, (), None).fields() | more
    await store.swap({"revision": reading.fields.get("revision")}, fields, "publish")
    return revision


@asynccontextmanager
async def desk() -> AsyncIterator[EmbeddedStore]:
    """A store with the shipped policies in force."""
    async with EmbeddedStore() as store:
        bundle = shipped()
        await store.keep(bundle.digest, bundle.content)
        symbols = json.dumps([snapshot()["intent"]["symbol"]])
        await publish(store, bundle, universe_symbols=symbols)
        yield store


@asynccontextmanager
async def serving(store: EmbeddedStore, name: str, folder: Path, workers: int, *options: str) -> AsyncIterator[Server]:
    """`bascule serve` on a store, once all of its workers decide; what it keeps is in the folder."""
    folder.mkdir()
    url = f"unix://{store.server.socket}"
    command = [sys.executable, "-m", "adapters.cli", "serve", "--store", url, "--unsigned", "--port", "0"]
    command += ["--state", str(folder / "state"), "--workers", str(workers), *options]
    async with started(command, folder / "printed") as process:
        found = await first_match(process, folder / "printed", LISTENING)
        target = Target(int(found[1]), request(), ALLOWED)

        async def allows() -> bool:
            try:
                await answer_to(target)
            except (Unexpected, OSError):
                return False
            return True

        await until_it_answers(allows, name)
        yield Server(name, target.port, children(process.pid))
