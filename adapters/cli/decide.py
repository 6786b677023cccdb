"""`bascule decide`: whether a position may open, and with what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from adapters.cli.deciding import DecidingCommand, Request, decision_options, run
from adapters.cli.terminal import examples

EXAMPLES = examples(
    "bascule decide entry --inputs snapshot.json",
    "bascule decide entry --inputs snapshot.json --json --exit-code > decision.json || echo blocked",
    "cat snapshot.json | bascule decide allocation --trace",
    "bascule decide entry --inputs recorded.jsonl > decisions.jsonl",
    "POLICY_MIN_CONFIDENCE=0.8 bascule decide entry --inputs snapshot.json",
    "bascule decide entry --inputs snapshot.json --suppose min_confidence=0.9 --suppose cooldown_symbol=10m",
)


@click.command(cls=DecidingCommand, epilog=EXAMPLES, short_help="Decide on inputs.")
@decision_options
def decide(policy: str, folder: Path, source: str, trace: bool, **said: Any) -> int:
    """Decide with POLICY on inputs: a JSON object keyed by facts, or one such object a line.

    POLICY may be an invariant too: on these inputs it HOLDS, is REFUTED, or what it supposes is NOT_GIVEN.

    Facts that the policy does not use are ignored, unknown names are faults. An absent `now` is the system clock.
    Environment overrides apply, and may only tighten; --suppose shows what any other value would do. Inputs or
    policies that cannot be used block, and the exit is 2; an order that only reduces what is held passes all the same.
    In a .jsonl file every line gives one decision as JSON, a faulty line one that blocks.
    """
    from adapters.cli.decision_text import decision_lines

    return run(Request("decide", policy, folder, source, trace, **said), decision_lines)
