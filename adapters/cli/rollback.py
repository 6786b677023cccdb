"""`bascule rollback`: put in force again what was published before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from adapters.cli.failures import BundleUnpublished
from adapters.cli.publishing import Asked, publish, publishing_options
from adapters.cli.terminal import examples, plural, printable

if TYPE_CHECKING:
    from adapters.publishing.candidates import Candidate
    from engine.published import Trust
    from engine.store import PolicyStore

EXAMPLES = examples(
    "bascule history --store ./store",
    "bascule rollback 1770120000000 --store ./store --unsigned",
    "bascule rollback sha256:26a8643a4836 --store redis://host --trust trust.yaml --key ann.pem",
)


@click.command(epilog=EXAMPLES, short_help="Put in force again what was published before.")
@click.argument("wanted", metavar="REVISION|DIGEST")
@publishing_options
def rollback(wanted: str, asked: Asked) -> int:
    """Publish an earlier bundle again: a new revision of the old digest, signed as any other.

    The bundle comes from the store: it must be what it was, and check today.
    """

    async def find(store: PolicyStore, trust: Trust) -> Candidate:
        from adapters.publishing.candidates import earlier
        from rules.diagnostics import Refused

        try:
            return await earlier(store, trust, wanted)
        except Refused as refused:
            errors = sum(1 for d in refused.diagnostics if d.severity == "error")
            told = f"the bundle of `{printable(wanted)}` now has {plural(errors, 'error')}, so nothing was published"
            raise BundleUnpublished(told, refused.diagnostics) from None

    return publish(asked, "rollback", None, find)
