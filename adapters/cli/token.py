"""`bascule token`: a new token for the service, and the entry that admits it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from adapters.cli import terminal
from adapters.cli.terminal import examples

if TYPE_CHECKING:
    from adapters.service.auth import Role

ROLES = ("decide", "simulate", "read", "publish", "admin")
EXAMPLES = examples(
    "bascule token trader --role decide",
    "bascule token desk --role decide --role read --json",
)


@click.command(epilog=EXAMPLES, short_help="Make a token for the service.")
@click.argument("name")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES), required=True, help="What it may do; repeat it."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def token(name: str, roles: tuple[str, ...], as_json: bool) -> int:
    """Make a token for NAME: the text is shown once, and the service is given the entry with its hash.

    decide: POST /v1/decide. simulate: POST /v1/simulate. read: the policies in force and the metrics. publish: check,
    compare, publish, roll back, halt. admin: all of them, and to clear a halt.
    """
    from adapters.service.auth import new_token

    text, entry = new_token(name, cast("tuple[Role, ...]", roles))
    if as_json:
        terminal.say_json({"token": text, **entry})
        return 0
    terminal.note("the token, which is shown this once:")
    terminal.say(text)
    terminal.note("the entry for the file that `bascule serve --tokens` reads:")
    terminal.note("tokens:")
    terminal.note(f'  - {{name: {entry["name"]}, hash: "{entry["hash"]}", roles: [{", ".join(roles)}]}}')
    return 0
