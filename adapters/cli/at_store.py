"""What the commands at a policy store share: which store, under which trust, by whom; and what goes wrong there."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from adapters.cli import terminal
from adapters.cli.failures import DoesNotHold, TrustRefused, Unusable
from adapters.cli.terminal import plural, printable

if TYPE_CHECKING:
    from adapters.publishing.signing import Signer
    from engine.published import Trust
    from engine.store import PolicyStore

PASSPHRASE_FROM = "BASCULE_KEY_PASSPHRASE"  # noqa: S105 -- the name of a variable
"""The variable that a passphrase is taken from, where nobody can be asked."""
FILE = click.Path(path_type=Path)
F = TypeVar("F", bound=Callable[..., object])
T = TypeVar("T")


def store_option(command: F) -> F:
    """The `--store URL` option."""
    return click.option(
        "--store", "url", metavar="URL", envvar="BASCULE_STORE", show_envvar=True, help="The policy store."
    )(command)


def trust_options(command: F) -> F:
    """The `--trust FILE` and `--unsigned` options."""
    command = click.option("--unsigned", is_flag=True, help="Want no signatures; has to be said.")(command)
    return click.option(
        "--trust", "trust_file", metavar="FILE", type=FILE, envvar="BASCULE_TRUST", show_envvar=True,
        help="The file that says whose signatures count.",
    )(command)  # fmt: skip


def signing_options(command: F) -> F:
    """The `--key FILE` and `--by NAME` options."""
    command = click.option("--by", metavar="NAME", help="By whom; the owner of the key, or $USER.")(command)
    return click.option(
        "--key", "key_file", metavar="FILE", type=FILE, envvar="BASCULE_KEY", show_envvar=True,
        help="The private key to sign with.",
    )(command)  # fmt: skip


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def trust_of(trust_file: Path | None, unsigned: bool) -> Trust:
    """The trust that is asked for. Raises `Unusable` where none is, and where its file cannot be used."""
    from adapters.publishing import trust
    from rules.diagnostics import Refused

    if trust_file is not None and unsigned:
        raise Unusable("both a trust file and `--unsigned`: leave one out (BASCULE_TRUST names a trust file, too)")
    if unsigned:
        return trust.unsigned()
    if trust_file is None:
        raise Unusable(
            "whose signatures count? Give a trust file with `--trust FILE` (or BASCULE_TRUST),"
            " or say `--unsigned` where anyone who can write to the store may publish"
        )
    try:
        return trust.read_trust(trust_file)
    except Refused as refused:
        errors = sum(1 for d in refused.diagnostics if d.severity == "error")
        told = f"the trust file `{trust_file}` has {plural(errors, 'error')}"
        raise TrustRefused(told, refused.diagnostics) from None
    except OSError as error:
        raise cannot_read(trust_file, error) from None


def signer_of(key_file: Path | None, trust: Trust, *, wanted: bool = True) -> Signer | None:
    """Who signs; None where nothing is signed. Raises `Unusable` for a key that cannot be used, `DoesNotHold`."""
    if not trust.keys:
        if key_file is not None:
            raise Unusable("both a key and `--unsigned`: leave one out (BASCULE_KEY names a key, too)")
        return None
    if key_file is None:
        if not wanted:
            return None
        raise Unusable(
            "no key to sign with: give one with `--key FILE` (or BASCULE_KEY), or make one with `bascule key new`"
        )
    from adapters.publishing import keys, signing
    from adapters.publishing.candidates import Unpublishable

    try:
        return signing.signer_of(keys.read_key(key_file, passphrase), trust)
    except keys.Unfit as unfit:
        raise Unusable(str(unfit)) from None
    except OSError as error:
        raise cannot_read(key_file, error) from None
    except Unpublishable as fault:
        raise DoesNotHold(str(fault)) from None


def passphrase() -> str:
    """The passphrase of a key: from the environment, or from whoever sits at the terminal."""
    found = os.environ.get(PASSPHRASE_FROM)
    if found is not None:
        return found
    if not terminal.asks():
        raise Unusable(f"the key has a passphrase, and there is nobody to ask: set {PASSPHRASE_FROM}")
    return str(click.prompt("passphrase of the key", hide_input=True, err=True))


def user() -> str:
    """Who runs this, as the system knows them."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise Unusable("the system does not say who you are: give `--by NAME`") from None


def cannot_read(path: Path, error: OSError) -> Unusable:
    """A file that the system does not give."""
    return Unusable(f"cannot read `{printable(path)}`: {(error.strerror or str(error)).lower()}")


def at_store(url: str | None, work: Callable[[PolicyStore], Awaitable[T]]) -> T:
    """What comes of working at a store. Raises `Unusable` where there is none, `DoesNotHold` for what it refuses."""
    import asyncio

    from adapters.publishing.candidates import Unpublishable
    from adapters.stores.urls import open_store
    from engine.store import Conflict, StoreUnavailable

    if not url:
        raise Unusable("which store? Give `--store URL`, as redis://host or the path of a folder, or set BASCULE_STORE")
    if url == "embedded:":
        raise Unusable("`embedded:` is gone as soon as a command ends; it is for `bascule serve --store embedded:`")

    async def run() -> T:
        try:
            store = open_store(url, os.environ)
        except ValueError as fault:
            raise Unusable(printable(fault)) from None
        try:
            return await work(store)
        finally:
            await store.aclose()

    try:
        return asyncio.run(run())
    except (Conflict, Unpublishable) as refusal:
        raise DoesNotHold(printable(refusal)) from None
    except StoreUnavailable as fault:
        raise Unusable(
            f"{printable(fault)}\n  whether anything was written, `bascule show` tells once the store answers"
        ) from None
