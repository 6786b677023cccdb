"""What a service tells at its store of how far it is, so that a publisher can wait for it: a word a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from adapters.publishing.candidates import Unpublishable
from engine.store import PolicyStore

EVERY_S = 1.0
LOOK_S = 0.05
GONE = timedelta(seconds=5)
"""A reader whose last word is older is not waited for."""


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reader's word: what it obeys, what it has ready, and why not, if it cannot."""

    at: datetime
    revision: int
    digest: str = ""
    """Of the bundle that it decides with."""
    ready: str = ""
    """The digest of a bundle that every worker has loaded, besides the one in force."""
    refuses: dict[str, str] = {}
    """Why bundles cannot be loaded, by digest."""
    cause: str = ""
    """Why nothing opens there."""


def encoded(told: Told) -> str:
    """A word as a store keeps it."""
    return msgspec.json.encode(told).decode()


def live(reports: Mapping[str, str], now: datetime) -> dict[str, Told]:
    """The words of the readers that are there. What cannot be read is of no reader of ours."""
    found: dict[str, Told] = {}
    for reader, word in reports.items():
        try:
            told = msgspec.json.decode(word, type=Told)
        except (msgspec.MsgspecError, UnicodeError):
            continue
        if told.at.tzinfo is not None and now - told.at <= GONE:
            found[reader] = told
    return found


def _refused(refusing: Mapping[str, str]) -> str:
    """Which readers keep a bundle out of force, each with why, and what to do about them."""
    told = "; ".join(f"{reader} cannot load it: {why}" for reader, why in sorted(refusing.items()))
    which, them = ("that service", "it") if len(refusing) == 1 else ("those services", "them")
    remedy = f"mend and restart {which}, or end {them}; {GONE.total_seconds():g}s later publish again"
    return f"{told}; nothing was put in force: {remedy}"


async def wait_for(
    store: PolicyStore, digest: str, patience_s: float, waiting: Callable[[int, int], None] = lambda _done, _of: None
) -> list[str]:
    """Wait until every reader that is there has a bundle ready; gives those that had not by then, with why.

    `waiting` is told how many have, and of how many. Raises `Unpublishable` when one cannot load it.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_s
    while True:
        reading = await store.read()
        readers = live(await store.reports(), reading.at)
        refusing = {reader: told.refuses[digest] for reader, told in readers.items() if digest in told.refuses}
        if refusing:
            raise Unpublishable(_refused(refusing))
        missing = sorted(reader for reader, told in readers.items() if digest not in (told.ready, told.digest))
        waiting(len(readers) - len(missing), len(readers))
        if not missing:
            return []
        if loop.time() >= until:
            return [f"{reader} has not loaded it yet: until it has, nothing opens there" for reader in missing]
        await asyncio.sleep(LOOK_S)
