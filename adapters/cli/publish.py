"""`bascule publish`: put a bundle in force, once it checks and all its suites pass."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapters.cli import terminal
from adapters.cli.at_store import cannot_read
from adapters.cli.failures import BundleUnpublished, DoesNotHold, Unusable
from adapters.cli.opening import folder_argument, read_bundle
from adapters.cli.publishing import Asked, publishing_options
from adapters.cli.publishing import publish as publish_found
from adapters.cli.terminal import examples
from adapters.cli.verify import check_proved

if TYPE_CHECKING:
    from adapters.publishing.candidates import Candidate
    from engine.published import Trust
    from engine.store import PolicyStore

EXAMPLES = examples(
    "bascule publish policies --store ./store --unsigned --dry-run",
    "bascule publish policies --store ./store --unsigned --universe BTC,ETH --note 'first'",
    "bascule publish policies --store redis://host --trust trust.yaml --key ann.pem --valid-for 8h",
    "bascule publish policies --store redis://host --trust trust.yaml --key bob.pem     the second of four eyes",
)


@click.command(epilog=EXAMPLES, short_help="Put a bundle in force.")
@folder_argument
@publishing_options
@click.option("--universe", metavar="FILE|A,B,C", help="Also set the symbols that may be traded; not signed.")
@click.option("--require-proof", is_flag=True, help="Only where every invariant of the bundle is proved.")
def publish(folder: Path, universe: str | None, require_proof: bool, asked: Asked) -> int:
    """Put the bundle in DIR in force at a policy store: checked, every suite run, signed, in one write.

    Where two owners must sign, the first run proposes and another owner's run of the same command completes it. On a
    terminal the changes are shown and a question is asked. The environment of policies is ignored.
    """
    symbols = None if universe is None else symbols_of(universe)
    found = candidate_of(folder)
    if require_proof:
        check_proved(folder)

    async def find(_: PolicyStore, __: Trust) -> Candidate:
        return found

    return publish_found(asked, "publish", symbols, find)


def candidate_of(folder: Path) -> Candidate:
    """The bundle of a folder, checked and tested, fit to be published. Raises what the command ends with."""
    from adapters.publishing.candidates import SuitesFail, Unpublishable, candidate

    try:
        with terminal.Progress("testing", None) as progress:
            return read_bundle(
                folder, lambda: candidate(folder, lambda done, _: progress.reached(done)), BundleUnpublished
            )
    except SuitesFail as fault:
        for case in fault.failed:
            terminal.note(f"FAILED {case}")
        raise DoesNotHold(str(fault), {"failed": fault.failed}) from None
    except Unpublishable as fault:
        raise DoesNotHold(str(fault)) from None


def symbols_of(said: str) -> tuple[str, ...]:
    """The symbols that are said, or that stand in the file that is. Raises `Unusable`."""
    from adapters.publishing.universe import read_universe

    try:
        return read_universe(said)
    except OSError as error:
        raise cannot_read(Path(said), error) from None
    except ValueError as fault:
        raise Unusable(terminal.printable(fault)) from None
