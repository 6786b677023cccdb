"""`bascule history`: what was changed at a policy store, when and by whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from adapters.cli import terminal
from adapters.cli.at_store import at_store, json_option, store_option
from adapters.cli.failures import DONE
from adapters.cli.terminal import examples, printable

if TYPE_CHECKING:
    from engine.store import Change, PolicyStore

EXAMPLES = examples(
    "bascule history --store ./store",
    "bascule history --store redis://host --most 100 --json | jq '.changes[].revision'",
)
DIGITS = 19
"""Of a digest where a person reads it."""


@click.command(epilog=EXAMPLES, short_help="Show what was published, and when.")
@store_option
@click.option("--most", metavar="N", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many.")
@json_option
def history(url: str | None, most: int, as_json: bool) -> int:
    """Show the latest changes at a policy store, newest first, as they are written; signatures are not verified."""

    async def work(store: PolicyStore) -> list[Change]:
        from adapters.publishing.past import past

        return [one async for one in past(store, most)]

    found = at_store(url, work)
    if as_json:
        terminal.say_json({"changes": [{"id": one.id, "at": one.at, **_told(one.fields)} for one in found]})
        return DONE
    for one in found:
        told = "; ".join(printable(part) for part in _parts(_told(one.fields)) if part)
        terminal.say(f"{one.at:%Y-%m-%d %H:%M:%S}Z  {printable(one.fields.get('change', '?')):8}  {told}")
    if not found:
        terminal.note("nothing was published here yet")
    return DONE


def _told(fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a change, those decoded that are JSON; the digest and revision of a proposal as its own."""
    import msgspec

    told: dict[str, Any] = dict(fields)
    for name in ("signatures", "halt", "proposal", "universe_symbols"):
        if name in fields:
            try:
                told[name] = msgspec.json.decode(fields[name])
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                continue  # shown as it is written
    if fields.get("revision", "").isdecimal():
        told["revision"] = int(fields["revision"])
    return told


def _parts(told: Mapping[str, Any]) -> Iterator[str]:
    record = told.get("proposal", told)
    if isinstance(record, dict) and "digest" in record:
        yield f"revision {record.get('revision')}  {record.get('bundle')}  {str(record['digest'])[:DIGITS]}"
        yield f"by {record.get('published_by')}"
        yield _signers(record.get("signatures"))
        yield str(record.get("note") or "")
    halt = told.get("halt")
    if isinstance(halt, dict):
        yield f"halt by {halt.get('by')}"
        yield str(halt.get("note") or "")
        yield _signers(halt.get("cleared"), "cleared by")
    if "staged" in told:
        yield f"{str(told['staged'])[:DIGITS]} is coming: services load it"
    if isinstance(told.get("universe_symbols"), list):
        yield f"universe of {len(told['universe_symbols'])}"


def _signers(signatures: object, lead: str = "signed by") -> str:
    if not isinstance(signatures, list) or not signatures:
        return ""
    return f"{lead} " + " and ".join(str(one.get("by")) for one in signatures if isinstance(one, dict))
