"""`bascule key`: the keys that sign what is published."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapters.cli import terminal
from adapters.cli.at_store import FILE, PASSPHRASE_FROM, cannot_read, json_option, passphrase
from adapters.cli.failures import DONE, Unusable
from adapters.cli.terminal import examples, printable

if TYPE_CHECKING:
    from adapters.publishing.keys import SigningKey

EXAMPLES = examples(
    "bascule key new ann.pem",
    "bascule key new ann.pem --passphrase",
    "bascule key show ann.pem",
)


@click.group(epilog=EXAMPLES, short_help="Make and show the keys that sign.")
def key() -> None:
    """Make a key that signs what is published, and show the public half that others trust."""


@key.command(epilog=EXAMPLES, short_help="Make a key.")
@click.argument("file", type=FILE)
@click.option("--passphrase", "protected", is_flag=True, help=f"Encrypt it; asks, or takes {PASSPHRASE_FROM}.")
@json_option
def new(file: Path, protected: bool, as_json: bool) -> int:
    """Make an ed25519 key in a new FILE that only you may read, and print its public half."""
    from adapters.publishing import keys

    made = keys.new_key()
    secret = _new_passphrase() if protected else ""
    try:
        keys.write_key(file, made, secret)
    except keys.Unfit as unfit:
        raise Unusable(str(unfit)) from None
    except OSError as error:
        raise Unusable(f"cannot write `{printable(file)}`: {(error.strerror or str(error)).lower()}") from None
    _say(made, as_json)
    return DONE


@key.command(epilog=EXAMPLES, short_help="Show the public half of a key.")
@click.argument("file", type=FILE, envvar="BASCULE_KEY")
@json_option
def show(file: Path, as_json: bool) -> int:
    """Print the public half of the key in FILE, as it stands in a trust file."""
    from adapters.publishing import keys

    try:
        found = keys.read_key(file, passphrase)
    except keys.Unfit as unfit:
        raise Unusable(str(unfit)) from None
    except OSError as error:
        raise cannot_read(file, error) from None
    _say(found, as_json)
    return DONE


def _new_passphrase() -> str:
    found = os.environ.get(PASSPHRASE_FROM)
    if found is None and terminal.asks():
        found = str(click.prompt("passphrase", hide_input=True, confirmation_prompt=True, err=True))
    if not found:
        raise Unusable(f"there is nobody to ask for a passphrase: set {PASSPHRASE_FROM}")
    return found


def _say(found: SigningKey, as_json: bool) -> None:
    from adapters.publishing.keys import public_text

    public = public_text(found.public)
    if as_json:
        terminal.say_json({"key": found.id, "public": public})
        return
    terminal.say("\n".join(terminal.table([("key", found.id), ("public", public)])))
