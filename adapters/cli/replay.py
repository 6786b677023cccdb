"""`bascule replay`: what a policy says to the decisions on record."""

from __future__ import annotations

from dataclasses import replace

import click

from adapters.cli import terminal
from adapters.cli.failures import DONE, DoesNotHold
from adapters.cli.replaying import Work, executed, version_of, work_options
from adapters.cli.terminal import examples

EXAMPLES = examples(
    "bascule replay entry --log february.parquet",
    "bascule replay open-position --log decisions/a.jsonl --log decisions/b.jsonl.gz --json",
    "bascule replay entry --log february.parquet --policies v1.2:policies --scheduler tcp://cluster:8786",
)


@click.command(epilog=EXAMPLES, short_help="Decide again what is on record.")
@click.argument("policy")
@click.option("--policies", "given", metavar="DIR", default="policies", show_default=True, help="The bundle.")
@work_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replay(policy: str, given: str, work: Work, as_json: bool) -> int:
    """Decide every decision on record once more with POLICY, beside what was decided then.

    First is told how much of the record can be decided again, and why the rest cannot; then what came of it: outcomes
    by rule, by symbol and over time.
    """
    from adapters.replaying.as_text import as_text

    new = version_of(given, None)
    report = executed(None, new, replace(work, policies=(policy,)))
    if as_json:
        terminal.say_json(report)
    else:
        terminal.say("\n".join(as_text(report)))
    if not report.replays[0].decisions:
        raise DoesNotHold(f"nothing on record asked `{policy}` that could be decided again")
    return DONE
