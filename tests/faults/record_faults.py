"""What may become of the record in the store, and of the bundles beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import msgspec

from adapters.publishing.halting import clear, halt
from adapters.publishing.publication import UNIVERSE as FIELD
from adapters.publishing.publication import Terms
from adapters.stores.redis_urls import DEFAULT_KEY as KEY
from engine.published import Signature
from tests.adapters.publishing.desk import ONE, PEOPLE
from tests.faults.bundles import LISTED, OTHERS, UNIVERSE, faulty, first, second
from tests.faults.harness import Desk, bundle_key, signed


async def damaged_bundle(desk: Desk) -> None:
    """Obeyed once its bytes are right."""
    coming = desk.numbered()
    content = coming.candidate.content
    await desk.put(coming.candidate, content.replace(b"default: 0.7", b"default: 0.1", 1))
    await desk.gone("digest")
    with desk.becomes(coming):
        desk.server.do("SET", bundle_key(coming.digest), content)


async def truncated_bundle(desk: Desk) -> None:
    coming = desk.numbered().candidate
    await desk.put(coming, coming.content[: len(coming.content) // 2])
    await desk.gone("digest")
    await desk.publish(first())


async def missing_bundle(desk: Desk) -> None:
    """Obeyed once it is there."""
    coming = desk.numbered()
    await desk.put(coming.candidate, None)
    await desk.gone("no-bundle")
    with desk.becomes(coming):
        desk.server.do("SET", bundle_key(coming.digest), coming.candidate.content)


async def faulty_bundle(desk: Desk) -> None:
    """Signed as it must be, and it does not check."""
    await desk.put(faulty(), faulty().content)
    await desk.gone("refused")
    await desk.publish(first())


async def edited_record(desk: Desk) -> None:
    desk.server.do("HSET", KEY, "note", "edited by hand")
    await desk.gone("signature")
    await desk.publish(first())


async def replayed_signature(desk: Desk) -> None:
    """The signature of the record in force, under a new one."""
    fields = (await desk.store.read()).fields
    prepared = await desk.prepared(second())
    desk.server.do("SET", bundle_key(second().digest), second().candidate.content)
    await desk.swap(prepared, msgspec.json.decode(fields["signatures"], type=list[Signature]))
    await desk.gone("signature")
    await desk.publish(first())


async def replayed_record(desk: Desk) -> None:
    """A whole record that was in force once, signature and all."""
    fields = (await desk.store.read()).fields
    await desk.publish(second())
    await desk.opens()
    desk.server.do("HSET", KEY, *(part for field in fields.items() for part in field))
    await desk.gone("revision")
    await desk.publish(first())


async def forked(desk: Desk) -> None:
    """Another bundle, properly signed, under the revision that is in force."""
    revision = int((await desk.store.read()).fields["revision"])
    prepared = await desk.prepared(second())
    prepared = replace(prepared, statement=replace(prepared.statement, revision=revision))
    desk.server.do("SET", bundle_key(second().digest), second().candidate.content)
    await desk.swap(prepared, (signed(prepared),))
    await desk.gone("forked")
    await desk.publish(first())


async def beyond_time(desk: Desk) -> None:
    """Properly signed, and valid until a time that no clock here can tell."""
    prepared = await desk.prepared(first())
    prepared = replace(prepared, statement=replace(prepared.statement, valid_until="9999-12-31T23:59:59-12:00"))
    await desk.swap(prepared, (signed(prepared),))
    await desk.gone("unreadable")
    await desk.publish(first())


async def expired(desk: Desk) -> None:
    prepared = await desk.publisher.prepare(first().candidate, Terms(valid_for=timedelta(seconds=1)), "publish")
    with desk.becomes(first()):
        await desk.publisher.commit(prepared)
    await asyncio.sleep(1.0)
    await desk.gone("expired")
    await desk.publish(first())


def universe_of(text: str) -> Callable[[Desk], Awaitable[None]]:
    """Another system writes a universe that is none, and later the one there was."""

    async def act(desk: Desk) -> None:
        desk.server.do("HSET", KEY, FIELD, text)
        await desk.gone("universe")
        with desk.becomes(first()):
            desk.server.do("HSET", KEY, FIELD, json.dumps(UNIVERSE))

    return act


async def universe_huge(desk: Desk) -> None:
    """A million symbols: openings may be refused for whatever it does to reading, and exits pass."""
    symbols = [*UNIVERSE, *(f"S{number}/USDT" for number in range(1_000_000))]
    desk.server.do("HSET", KEY, FIELD, json.dumps(symbols))
    await desk.gone("universe", "stale")
    with desk.becomes(first()):
        desk.server.do("HSET", KEY, FIELD, json.dumps(UNIVERSE))


async def universe_removed(desk: Desk) -> None:
    desk.server.do("HDEL", KEY, FIELD)
    await desk.gone("universe")
    with desk.becomes(first()):
        desk.server.do("HSET", KEY, FIELD, json.dumps(UNIVERSE))


async def universe_changed(desk: Desk) -> None:
    """In place, under the same revision: it is obeyed."""
    with desk.becomes(first(), listed=False):
        desk.server.do("HSET", KEY, FIELD, json.dumps(OTHERS))
    unlisted = first().answers[LISTED][1].reason
    if await desk.heard.until(lambda one: one.told.get("reason") == unlisted, patience=2.0) is None:
        desk.broken.append("a universe that was changed in place is not obeyed")
    await asyncio.sleep(desk.form.hold)
    with desk.becomes(first()):
        desk.server.do("HSET", KEY, FIELD, json.dumps(UNIVERSE))


async def halted(desk: Desk) -> None:
    """Until two have cleared it."""
    await halt(desk.store, ONE, "ann", "a drill", "halt-1")
    await desk.gone("halted")
    await _clear(desk)


async def halt_removed(desk: Desk) -> None:
    """By hand: still nothing opens, until another halt was cleared by two."""
    await halt(desk.store, ONE, "ann", "a drill", "halt-2")
    await desk.gone("halted")
    desk.server.do("HDEL", KEY, "halt")
    await desk.gone("halt-gone")
    await halt(desk.store, ONE, "ann", "to be cleared", "halt-3")
    await _clear(desk)


async def _clear(desk: Desk) -> None:
    await clear(desk.store, ONE, PEOPLE["ann"], "ann")
    with desk.becomes(first()):
        await clear(desk.store, ONE, PEOPLE["bob"], "bob")


async def many_publications(desk: Desk) -> None:
    """In a row, of the two bundles in turn, and under load."""
    for number in range(desk.form.publications):
        await desk.publish(first() if number % 2 else second())
    await desk.publish(second())
    await asyncio.sleep(desk.form.hold)  # what still rests on the first is late then


async def announced(desk: Desk) -> None:
    """Put in force once the service has loaded it: openings are never refused."""
    coming = desk.numbered()
    prepared = await desk.prepared(coming)
    publisher = replace(desk.publisher, patience_s=10.0 * desk.form.slack)
    with desk.becomes(coming):
        found = await publisher.commit(prepared)
    desk.broken += found.late
    await desk.opens()
    if desk.heard.refusals():
        desk.broken.append("openings were refused while another policy took its place")
