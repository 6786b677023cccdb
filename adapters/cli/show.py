"""`bascule show`: what is in force at a policy store, and whether it may be decided with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapters.cli import terminal
from adapters.cli.at_store import at_store, json_option, store_option, trust_of, trust_options
from adapters.cli.failures import DOES_NOT_HOLD, DONE, DoesNotHold, Unusable
from adapters.cli.terminal import examples, plural, printable

if TYPE_CHECKING:
    from adapters.publishing.showing import Shown
    from engine.store import PolicyStore

EXAMPLES = examples(
    "bascule show --store ./store --unsigned",
    "bascule show --store redis://host --trust trust.yaml --json",
    "bascule show entry --store redis://host --trust trust.yaml > entry-in-force.yaml",
)
MOST_SYMBOLS = 20


@click.command(epilog=EXAMPLES, short_help="Show what is in force.")
@click.argument("policy", required=False)
@store_option
@trust_options
@json_option
def show(policy: str | None, url: str | None, trust_file: Path | None, unsigned: bool, as_json: bool) -> int:
    """Show the record of a policy store: revision, bundle, signatures, universe, a halt, a proposal that waits.

    With POLICY, print that document of the bundle in force, in its one form without comments.
    """
    from adapters.publishing.showing import shown

    trust = trust_of(trust_file, unsigned)

    async def work(store: PolicyStore) -> Shown:
        return await shown(store, trust)

    found = at_store(url, work)
    if policy is not None:
        return _show_policy(found, policy, as_json)
    if as_json:
        terminal.say_json(found.as_json())
    else:
        terminal.say("\n".join(terminal.table((name, printable(text)) for name, text in _rows(found))))
    return DONE if found.present.record is not None else DOES_NOT_HOLD


def _show_policy(found: Shown, policy: str, as_json: bool) -> int:
    from rules.diagnostics import did_you_mean

    present = found.present
    if present.record is None or present.documents is None:
        raise DoesNotHold(present.missing or str(present.refusal))
    texts = present.documents.documents
    if policy not in texts:
        near = did_you_mean(policy, texts)
        hint = f" Did you mean `{near}`?" if near else ""
        known = ", ".join(f"`{name}`" for name in sorted(texts))
        raise Unusable(f"there is no document `{printable(policy)}` in the bundle in force.{hint} It has {known}")
    if present.refusal is not None:
        terminal.note(f"note: nothing opens with what is in force: {printable(present.refusal)}")
    if as_json:
        told = present.record
        terminal.say_json({"document": policy, "revision": told.revision, "digest": told.digest, "text": texts[policy]})
    else:
        terminal.say(texts[policy].rstrip("\n"))
    return DONE


def _rows(found: Shown) -> Iterator[tuple[str, str]]:
    present = found.present
    yield "store", f"{found.store}, {present.reading.at:%Y-%m-%d %H:%M:%S}Z"
    if present.record is not None:
        told = present.record.statement
        yield "bundle", told.bundle
        yield "digest", told.digest
        yield "revision", str(told.revision)
        yield "published", f"{_ago(told.published_at, present.reading.at)} by {told.published_by}, {told.published_at}"
        yield "note", told.note or "none"
        yield "valid until", told.valid_until or "it is replaced"
        for one in found.signatures:
            yield "signed by", f"{one.by}, key {one.key}: {'verifies' if one.verifies else 'does NOT verify'}"
        if not found.signatures:
            yield "signed by", "nobody"
        yield "universe", _universe(found.universe)
    if found.halt is not None:
        cleared = f"; cleared by {' and '.join(found.halt.by)}" if found.halt.by else ""
        more = f", {found.halt.missing} more must" if found.halt.missing else ", and so over"
        told_halt = found.halt.halt
        yield "halt", f"by {told_halt.by} at {told_halt.at:%Y-%m-%d %H:%M:%S}: {told_halt.note}{cleared}{more}"
    if found.proposal:
        yield "proposal", found.proposal
    if present.missing:
        yield "documents", present.missing
    fresh = "may decide with it; of services that run, /readyz tells what they have seen besides"
    yield "readers", fresh if present.refusal is None else f"open nothing: {present.refusal}"


def _universe(found: list[str] | str) -> str:
    if isinstance(found, str):
        return found
    listed = ", ".join(found[:MOST_SYMBOLS])
    more = f", and {len(found) - MOST_SYMBOLS} more" if len(found) > MOST_SYMBOLS else ""
    return f"{plural(len(found), 'symbol')}: {listed}{more}"


def _ago(published_at: str, at: datetime) -> str:
    from rules.times import format_duration

    age = at - datetime.fromisoformat(published_at)
    return f"{format_duration(timedelta(seconds=int(age.total_seconds())))} ago"
