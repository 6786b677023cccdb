"""What `decide` and `explain` share: their options, and the way from a file of inputs to decisions.

Rules kept here: every line of a `.jsonl` file gives one decision, a faulty line one that blocks; memory does not grow
with the file; the time of a decision is read once and is also the `now` of inputs that say none.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from adapters.cli import terminal
from adapters.cli.failures import DOES_NOT_HOLD, DONE, UNUSABLE
from adapters.cli.inputs import (
    MOST_BYTES,
    STDIN,
    holds_lines,
    read_all,
    read_lines,
    says_now,
    size_of,
    takes_clock,
    with_clock,
)
from adapters.cli.opening import complete_policy, environment, find_policy, open_machine, policies_option

if TYPE_CHECKING:
    from engine.decision import Decision
    from engine.policy import LogLine, Policy
    from engine.tracing import Step

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked on the command line."""

    command: str
    policy: str
    folder: Path
    source: str
    trace: bool
    as_json: bool
    exit_code: bool
    log: str | None = None
    """How log lines go to standard error; None: in what is printed for a person, and nowhere else."""


@dataclass(frozen=True, slots=True)
class Made:
    """A decision as it was made here. `usable` is false when its inputs could not be decided on."""

    decision: Decision
    log: list[LogLine]
    usable: bool
    steps: tuple[Step, ...] = ()
    """The named values of a formula, where they were asked for."""


MOST_NAMED = 20
"""Faulty lines that are named on standard error; all of them are counted."""
Writer = Callable[["Policy", Made], list[str]]
"""How a decision reads, as lines."""


class DecidingCommand(click.Command):
    """A command that takes its inputs by `--inputs`, and says so to whoever names the file alone."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; one too many is a file without its option."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            extra = re.fullmatch(r"Got unexpected extra argument \((\S+)\)", error.message)
            if extra is None:
                raise
            message = f"`{extra[1]}` stands alone: inputs are given with `--inputs {extra[1]}`"
            raise click.UsageError(message, ctx) from None


def decision_options(command: F) -> F:
    """The argument and the options of both commands."""
    parts: tuple[Callable[[F], F], ...] = (
        click.argument("policy", shell_complete=complete_policy),
        policies_option,
        click.option(
            "--inputs", "source", metavar="FILE", default=STDIN, shell_complete=None,
            help="A .json file with one set of inputs, or .jsonl with one a line; - for standard input (the default).",
        ),
        click.option("--trace", is_flag=True, help="Show every rule as it was tried."),
        click.option("--json", "as_json", is_flag=True, help="Print decisions as JSON."),
        click.option("--exit-code", is_flag=True, help="Exit with 1 when a decision blocks."),
        click.option(
            "--log", type=click.Choice(["text", "json"]), help="Write log lines to standard error, as text or as JSON."
        ),
    )  # fmt: skip
    for part in reversed(parts):
        command = part(command)
    return command


def run(request: Request, write: Writer) -> int:
    """Decide what was asked and print it; gives the exit code."""
    machine = open_machine(request.folder, environment(), asked=(request.policy,))
    policy = find_policy(machine, request.policy, request.folder)
    if request.log is None:
        return _run(request, policy, write)
    from adapters import logs

    handler = logs.start("json" if request.log == "json" else "text", sys.stderr)
    try:
        return _run(request, policy, write)
    finally:
        logs.stop(handler)


def _run(request: Request, policy: Policy, write: Writer) -> int:
    if holds_lines(request.source):
        return _run_lines(request, policy)
    data = read_all(request.source, request.command)
    made = _logged(request, decide_one(policy, data, trace=request.trace))
    if request.as_json:
        terminal.say_json(_encoded(made.decision))
    else:
        terminal.say("\n".join(write(policy, _with_steps(policy, data, made) if request.trace else made)))
        if takes_clock(policy.plan.inputs) and not says_now(data):
            terminal.note(f"`now` was the system clock, {_shown_time(made)}: the inputs do not say it")
    if not made.usable:
        return UNUSABLE
    return DOES_NOT_HOLD if request.exit_code and made.decision.effect == "block" else DONE


def _logged(request: Request, made: Made) -> Made:
    """What was decided, its log lines written where they are to go."""
    if request.log is None:
        return made
    from adapters.logs import log_decision

    log_decision(made.decision, made.log)
    return replace(made, log=[])


def decide_one(policy: Policy, data: bytes, *, trace: bool, with_log: bool = True) -> Made:
    """The decision on one set of inputs, with its log lines."""
    from adapters.bootstrap import clock, stamp
    from engine.faults import InputsRefused

    moment = clock()
    if takes_clock(policy.plan.inputs):
        data = with_clock(data, moment)
    try:
        inputs = policy.read(data)
    except InputsRefused as refused:
        return Made(policy.refused(refused, stamp(moment), data), [], usable=False)
    if not with_log:
        return Made(policy.decide(inputs, stamp(moment), trace=trace), [], usable=True)
    decision, lines = policy.decide_and_log(inputs, stamp(moment), trace=trace)
    return Made(decision, lines, usable=True)


def _with_steps(policy: Policy, data: bytes, made: Made) -> Made:
    """The decision of a formula with the value of each of its steps."""
    if policy.plan.kind != "Formula" or not made.usable:
        return made
    inputs = policy.decoder.decode(with_clock(data, made.decision.decided_at))
    return replace(made, steps=tuple(policy.tracer.steps(policy.unpack(inputs))))


def _shown_time(made: Made) -> str:
    from rules.times import format_timestamp

    return format_timestamp(made.decision.decided_at)


def _run_lines(request: Request, policy: Policy) -> int:
    """One decision a line, as JSON, and a summary on standard error."""
    counts = {"allow": 0, "block": 0, "info": 0}
    faulty = 0
    out = sys.stdout.buffer
    for made in _decided_lines(request, policy):
        out.write(_encoded(made.decision) + b"\n")
        if not made.usable and faulty < MOST_NAMED:
            terminal.note(f"line {sum(counts.values()) + 1}: {made.decision.reason}")
        counts[made.decision.effect] += 1
        faulty += not made.usable
    out.flush()
    told = [f"{count:,} {effect}" for effect, count in counts.items() if count]
    unread = f" ({terminal.plural(faulty, 'faulty line')})" if faulty else ""
    terminal.note(f"{terminal.plural(sum(counts.values()), 'decision')}: {', '.join(told)}{unread}")
    return DOES_NOT_HOLD if request.exit_code and counts["block"] else DONE


def _decided_lines(request: Request, policy: Policy) -> Iterator[Made]:
    with terminal.Progress("deciding", size_of(request.source), results=True) as progress:
        for line in read_lines(request.source, request.command):
            progress.reached(line.end)
            if line.too_long:
                yield _logged(request, _too_long(policy))
            else:
                with_log = request.log is not None
                yield _logged(request, decide_one(policy, line.data, trace=request.trace, with_log=with_log))


def _too_long(policy: Policy) -> Made:
    from adapters.bootstrap import clock, stamp
    from engine.faults import Fault, InputsRefused

    refused = InputsRefused([Fault("", f"a line of more than {MOST_BYTES // 2**20} MiB", "a JSON object")])
    return Made(policy.refused(refused, stamp(clock()), b""), [], usable=False)


def _encoded(decision: Decision) -> bytes:
    from engine.decision import to_json

    return to_json(decision)
