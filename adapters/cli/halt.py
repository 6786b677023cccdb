"""`bascule halt`: stop all openings at once, and clear that again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
from adapters.cli.failures import DONE, DoesNotHold, Unusable
from adapters.cli.terminal import examples, printable

if TYPE_CHECKING:
    from adapters.publishing.halting import Cleared
    from engine.published import Halt
    from engine.store import PolicyStore

EXAMPLES = examples(
    "bascule halt --store redis://host --note 'the feed is wrong'",
    "bascule halt --clear --store redis://host --trust trust.yaml --key ann.pem",
    "bascule halt --clear --store ./store --unsigned --by ann",
)


@click.command(epilog=EXAMPLES, short_help="Stop all openings at once.")
@store_option
@trust_options
@signing_options
@click.option("--note", metavar="TEXT", help="Why.")
@click.option("--clear", "clears", is_flag=True, help="Clear the halt that is in force; two must.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@json_option
def halt(**asked: object) -> int:
    """Halt all openings at every reader of a policy store; what reduces a position still passes.

    It needs no key, no trust file and no policy. To go on, two must clear it: two owners of keys, or with `--unsigned`
    two names.
    """
    return _clear(**asked) if asked.pop("clears") else _halt(**asked)  # type: ignore[arg-type] # as click gives them


def _halt(url: str | None, note: str | None, by: str | None, *, as_json: bool, **_: object) -> int:
    """Set a halt. Neither a trust file nor a key is looked at: a fault in one keeps nobody from halting."""
    if not note:
        raise Unusable("why? Give `--note TEXT`, or `--clear` to clear the halt in force")
    name = by or user()

    async def work(store: PolicyStore) -> Halt:
        from adapters.bootstrap import new_id
        from adapters.publishing import halting, trust

        return await halting.halt(store, trust.unsigned(), name, note, new_id())

    found = at_store(url, work)
    if as_json:
        terminal.say_json({"halted": True, "halt": found})
    else:
        terminal.say(f"openings are halted by {printable(found.by)}: {printable(found.note)}")
    return DONE


def _clear(  # noqa: PLR0913 -- the options of the command
    url: str | None,
    trust_file: Path | None,
    key_file: Path | None,
    by: str | None,
    note: str | None,
    *,
    unsigned: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Clear the halt in force, for one of the two who must."""
    from adapters.publishing import halting

    if note:
        raise Unusable("a note says why a halt is set: leave it out with `--clear`")
    trust = trust_of(trust_file, unsigned)
    signer = signer_of(key_file, trust)
    name = by or (signer.owner if signer else user())

    async def work(store: PolicyStore) -> Cleared:
        if not yes and terminal.asks() and not click.confirm("clear the halt in force?", err=True):
            raise DoesNotHold("nothing was written")
        return await halting.clear(store, trust, signer, name)

    found = at_store(url, work)
    by_whom = " and ".join(printable(one) for one in found.by)
    if as_json:
        terminal.say_json(
            {"halted": bool(found.missing), "halt": found.halt, "cleared_by": found.by, "missing": found.missing}
        )
    elif found.missing:
        terminal.say(f"cleared by {by_whom}; openings stay halted until {found.missing} more clears it")
    else:
        terminal.say(f"cleared by {by_whom}: openings are no longer halted")
    return DONE
