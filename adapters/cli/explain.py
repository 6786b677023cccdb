"""`bascule explain`: a decision rule by rule, with the values each one read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.deciding import DecidingCommand, Request, decision_options, run
from adapters.cli.terminal import examples, mark

if TYPE_CHECKING:
    from adapters.cli.deciding import Made
    from engine.policy import Policy


EXAMPLES = examples(
    "bascule explain entry --inputs snapshot.json",
    "cat snapshot.json | bascule explain allocation",
    "bascule explain entry --inputs snapshot.json --json | jq '.trace[] | select(.applied)'",
    "bascule explain entry --inputs snapshot.json --suppose max_positions_total=3",
)


@click.command(cls=DecidingCommand, epilog=EXAMPLES, short_help="Decide, and show why, rule by rule.")
@decision_options
def explain(policy: str, folder: Path, source: str, trace: bool, **said: Any) -> int:
    """Decide as `bascule decide` does, and show how it came about: each rule, its values, which applied.

    With --json, or for a .jsonl file, it prints decisions with their traces. --trace is implied.
    """
    del trace  # always
    return run(Request("explain", policy, folder, source, True, **said), explanation_lines)


def explanation_lines(policy: Policy, made: Made) -> list[str]:
    """A decision as a person follows it: what was decided, each rule in order, what came with it."""
    from adapters.cli import decision_text as text
    from adapters.cli.terminal import heading, printable

    decision = made.decision
    lines = [heading(f"{decision.policy} {decision.version}: {printable(policy.plan.title)}")]
    lines += [text.headline(decision), *text.reason_lines(decision)]
    if decision.error is not None:
        lines += ["", heading("It failed closed"), *text.error_lines(decision.error)]
    if decision.stages:
        legend = f"  {mark('applied')} passes, {mark('passed-over')} denies"
        named = made.denial.path if made.denial is not None else ()
        title = heading("Steps in the order in which they were asked")
        lines += ["", title, legend, *text.stage_lines(decision.stages, named)]
    if made.denial is not None:
        title = heading(f"Rules of {made.denial.policy}, which denied")
        lines += ["", title, _legend(), *text.rule_lines(made.denial.rules)]
    if decision.trace:
        title = heading("Rules in order, the first that applies decides" if policy.plan.cases else "Rules")
        lines += ["", title, _legend(), *text.rule_lines(decision.trace)]
    elif decision.trace is None:
        lines += ["", "No rule was tried: the inputs come first."]
    if made.steps:
        lines += ["", heading("Steps in order"), *text.step_lines(made.steps)]
    if decision.outputs:
        lines += ["", heading("Outputs"), *text.output_lines(policy, decision.outputs)]
    parameters = {p.name: p for p in policy.plan.parameters} | text.told_parameters(policy, made)
    if parameters:
        lines += ["", heading("Parameters"), *text.parameter_lines(parameters, made)]
    if made.log:
        lines += ["", heading("Log"), *(printable(line) for _, line in made.log)]
    return lines


def _legend() -> str:
    """What the marks before rules mean."""
    return f"  {mark('applied')} applies, {mark('passed-over')} does not, {mark('untried')} was not tried"
