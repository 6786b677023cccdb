"""Publishing from the command line, be it a folder or an earlier revision: what is asked, shown, agreed and told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.cli import terminal
from adapters.cli.at_store import (
    at_store,
    json_option,
    signer_of,
    signing_options,
    store_option,
    trust_of,
    trust_options,
    user,
)
from adapters.cli.failures import DONE, DoesNotHold
from adapters.cli.on_record import Found, OnRecord, check_allowed, found_of, from_options, record_options
from adapters.cli.terminal import plural, printable

if TYPE_CHECKING:
    from adapters.publishing.candidates import Candidate
    from adapters.publishing.comparison import DocumentChange
    from adapters.publishing.proposals import Kind
    from adapters.publishing.publication import Prepared, Published
    from engine.published import Trust
    from engine.store import PolicyStore

SHOWN_LINES = 60
"""Of a document that changes."""
COLOURS = {"added": "green", "removed": "red", "changed": "yellow", "+": "green", "-": "red"}


class Duration(click.ParamType[timedelta]):
    """A length of time, as `8h`."""

    name = "DURATION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The length; anything but a text of a positive one fails."""
        from rules.times import parse_duration

        if isinstance(value, timedelta):
            return value
        try:
            found = parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if found <= timedelta():
            self.fail("it is valid for a while, as 8h", param, ctx)
        return found


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options say."""

    url: str | None
    trust_file: Path | None
    unsigned: bool
    key_file: Path | None
    by: str | None
    note: str | None
    valid_for: timedelta | None
    replace: bool
    wait: timedelta
    yes: bool
    dry_run: bool
    as_json: bool
    record: OnRecord


def publishing_options(command: Callable[..., int]) -> Callable[..., int]:
    """The options of a publication, which the command takes as one `asked`."""

    @wraps(command)
    def collected(**given: Any) -> int:
        given["record"] = from_options(**{one.name: given.pop(one.name) for one in fields(OnRecord)})
        return command(asked=Asked(**{one.name: given.pop(one.name) for one in fields(Asked)}), **given)

    options = (
        store_option,
        trust_options,
        signing_options,
        click.option("--note", metavar="TEXT", help="Why; kept with it, and signed."),
        click.option("--valid-for", type=Duration(), help="How long it may be decided with, as 8h; else without end."),
        click.option("--replace", is_flag=True, help="Put it in the place of another's proposal."),
        click.option(
            "--wait",
            type=Duration(),
            default="10s",
            show_default=True,
            help="How long services are given to load it before it is put in force.",
        ),
        record_options,
        click.option("--yes", is_flag=True, help="Ask nothing."),
        click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing."),
        json_option,
    )
    for option in reversed(options):
        collected = option(collected)
    return collected


def publish(
    asked: Asked,
    change: Kind,
    universe: tuple[str, ...] | None,
    find: Callable[[PolicyStore, Trust], Awaitable[Candidate]],
) -> int:
    """Publish what is found, after it was shown and agreed to; the exit code."""
    from adapters.publishing.publication import Publisher, Terms

    trust = trust_of(asked.trust_file, asked.unsigned)
    signer = signer_of(asked.key_file, trust, wanted=not asked.dry_run)
    by = asked.by or (signer.owner if signer else user())
    terms = Terms(asked.by, asked.note, asked.valid_for, universe, asked.replace)

    async def work(store: PolicyStore) -> tuple[Prepared, Published | None, Found]:
        publisher = Publisher(store, trust, signer, by, asked.wait.total_seconds(), progress.reached_of)
        prepared = await publisher.prepare(await find(store, trust), terms, change)
        for notice in prepared.notices:
            terminal.note(f"note: {printable(notice)}")
        if not asked.as_json:
            terminal.say("\n".join(change_lines(prepared)))
        found = await found_of(asked.record, prepared, store, trust)
        if not asked.as_json and found.report is not None:
            terminal.say("\n".join(found.lines()))
        check_allowed(asked.record, found)
        if asked.dry_run:
            return prepared, None, found
        if not asked.yes and terminal.asks():
            _agree(asked, prepared, found)
        return prepared, await publisher.commit(prepared), found

    with terminal.Progress("services that have loaded it", None, waits=True) as progress:
        prepared, published, found = at_store(asked.url, work)
    if asked.as_json:
        terminal.say_json(_as_json(prepared, published, found))
    else:
        terminal.say("\n".join(_outcome(prepared, published)))
    return DONE


def _agree(asked: Asked, prepared: Prepared, found: Found) -> None:
    """Ask whoever sits there. Raises `DoesNotHold` where they say no."""
    if asked.as_json:
        terminal.note("\n".join([*change_lines(prepared), *found.lines()]))
    what = "sign and propose this" if prepared.proposes else "put this in force"
    if not click.confirm(f"{what}?", err=True):
        raise DoesNotHold("nothing was written")


def change_lines(prepared: Prepared) -> Iterator[str]:
    """What would change, for a person."""
    present, statement = prepared.present, prepared.statement
    before = "in force: nothing yet"
    if present.record is not None:
        was = present.record.statement
        by = f"by {printable(was.published_by)} at {printable(was.published_at)}"
        before = f"in force: {printable(was.bundle)}, revision {was.revision} {by}"
    yield before
    yield terminal.heading(f"{prepared.change}: {statement.bundle}, {statement.digest}")
    if prepared.completes is not None:
        yield f"  completes {printable(prepared.completes.told())}"
    cases = prepared.candidate.cases
    rows = [
        ("tested", None if cases is None else f"{plural(cases, 'case')}, all of which pass"),
        ("note", statement.note),
        ("valid until", statement.valid_until),
        ("universe", prepared.universe),
    ]
    for name, value in rows:
        if value:
            yield f"  {name}: {printable(value if isinstance(value, str) else ', '.join(value))}"
    if not prepared.changes and not present.missing:
        yield "  no document changes"
    for one in prepared.changes:
        yield from _document_lines(one)


def _document_lines(one: DocumentChange) -> Iterator[str]:
    versions = " → ".join(version for version in (one.old_version, one.new_version) if version)
    versions = f"{one.new_version}, another under the same version" if one.same_version else versions
    yield f"  {click.style(one.change, fg=COLOURS[one.change])} {printable(one.name)} {printable(versions)}"
    for default in one.defaults:
        yield f"      {default.parameter}: {_value(default.old)} → {_value(default.new)}"
    for line in one.lines[:SHOWN_LINES]:
        yield f"      {click.style(printable(line), fg=COLOURS.get(line[:1]))}"
    if len(one.lines) > SHOWN_LINES:
        yield f"      … {len(one.lines) - SHOWN_LINES} lines more, all of them with `--json`"


def _value(value: object) -> str:
    from rules.canonical import text_of

    return printable(" ".join(text_of(value).split()))


def _outcome(prepared: Prepared, published: Published | None) -> Iterator[str]:
    if published is None:
        yield "nothing was written"
        return
    statement = prepared.statement
    signers = " and ".join(one.by for one in published.signatures)
    signed = f", signed by {signers}" if signers else ", unsigned"
    if published.prepared.proposes:
        yield f"proposed revision {statement.revision} of {statement.bundle}{signed}: not in force"
        yield "  another owner puts it in force by the same command with their own key"
        return
    yield click.style(f"published revision {statement.revision} of {statement.bundle}{signed}", fg="green")
    yield from (f"  {printable(late)}" for late in published.late)
    if published.refusal is not None:
        yield f"  nothing opens with it now: {printable(published.refusal)}"


def _as_json(prepared: Prepared, published: Published | None, found: Found) -> dict[str, object]:
    from adapters.publishing.told import publication_json

    told = publication_json(prepared, published, [found.why_not] if found.why_not else [])
    return {**told, "changes": [_change_json(one) for one in prepared.changes], "decisions": found.report}


def _change_json(one: DocumentChange) -> dict[str, object]:
    return {
        "document": one.name,
        "change": one.change,
        "old_version": one.old_version,
        "new_version": one.new_version,
        "defaults": [{"parameter": d.parameter, "old": d.old, "new": d.new} for d in one.defaults],
        "lines": list(one.lines),
    }
