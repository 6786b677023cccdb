"""The policy in force at a store, for a command that decides with it once.

Rules kept here: it is verified as a service verifies it, by what a service of the same trust remembers; what was seen
is remembered where signatures are wanted, and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from adapters.cli.failures import NoBundle, Unusable
from adapters.cli.terminal import printable

if TYPE_CHECKING:
    from engine.policy import Machine
    from engine.published import Trust


def machine_in_force(url: str, trust: Trust, environment: Mapping[str, str], asked: str) -> Machine:
    """The policies in force, verified as a service verifies them; compiled is what is asked.

    Raises `NoBundle` where nothing may be decided with, so that exits still pass, and `Unusable` for a URL of no store.
    """
    from adapters.service.memory import Forgotten
    from engine.published import Refusal
    from engine.store import StoreUnavailable

    try:
        return asyncio.run(_in_force(url, trust, environment, asked))
    except Refusal as refusal:
        raise NoBundle(f"{refusal.cause}: {printable(refusal)}") from None
    except (StoreUnavailable, Forgotten, OSError) as error:
        raise NoBundle(printable(error)) from None
    except ValueError as fault:  # of the URL
        raise Unusable(printable(fault)) from None


async def _in_force(url: str, trust: Trust, environment: Mapping[str, str], asked: str) -> Machine:
    from datetime import timedelta

    from adapters.bootstrap import clock
    from adapters.service.memory import Memory, remembered_at
    from adapters.stores.urls import open_store
    from engine.policy import compile_bundle
    from engine.published import Judged, Refusal, Seen, judge
    from rules.bundle import read_content
    from rules.canonical import NoContent, digest_of
    from rules.diagnostics import Refused

    store = open_store(url, environment)
    try:
        reading, now = await store.read(), clock()
        memory = Memory(remembered_at(environment, url, trust))

        def judged(seen: Seen) -> Judged:
            return judge(reading, store.name, seen, trust, now, timedelta(seconds=1))

        # without signatures anyone may have written what is read, and a service must not come to believe it
        found = memory.judged(judged) if trust.wanted else judged(memory.seen)
        if found.refusal is not None or found.record is None:
            raise found.refusal or Refusal("no-policy", "")
        digest = found.record.digest
        content = await store.bundle(digest)
    finally:
        await store.aclose()
    if content is None:
        raise Refusal("no-bundle", digest)
    if digest_of(content) != digest:
        raise Refusal("digest", f"{digest_of(content)} is kept under {digest}")
    try:
        checked = read_content(content)
        if checked.bundle is None:
            raise Refused([one for one in checked.diagnostics if one.severity == "error"])
        return compile_bundle(checked.bundle, environment, (asked,) if asked in checked.bundle.plans else ())
    except NoContent as fault:
        raise Refusal("refused", str(fault)) from None
    except Refused as refused:
        first = refused.diagnostics[0]
        raise Refusal("refused", f"{first.span}: {first.message}") from None
