"""What `decide` and `explain` share: their options, and the way from a file of inputs to decisions.

Rules kept here: every line of a `.jsonl` file gives one decision, a faulty line one that blocks; memory does not grow
with the file; the time of a decision is read once and is also the `now` of inputs that say none; an exit passes
whatever else is wrong, be it the inputs or the bundle, and what is wrong is told on standard error.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from adapters.cli import terminal
from adapters.cli.at_store import trust_of, trust_options
from adapters.cli.failures import DOES_NOT_HOLD, DONE, UNUSABLE, NoBundle, Unusable, say_diagnostics
from adapters.cli.inputs import (
    MOST_BYTES,
    STDIN,
    Line,
    holds_lines,
    read_all,
    read_lines,
    says_now,
    size_of,
    takes_clock,
    with_clock,
)
from adapters.cli.opening import complete_policy, environment, find_policy, open_deciding, policies_option
from adapters.cli.supposing import read_supposed, suppose_option, supposing

if TYPE_CHECKING:
    from datetime import datetime

    from engine.decision import Decision
    from engine.faults import Fault, InputsRefused
    from engine.policy import LogLine, Machine, Policy
    from engine.tracing import Denial, Step

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
    url: str | None = None
    """The store whose policy in force decides; None: that of `folder`."""
    trust_file: Path | None = None
    unsigned: bool = False
    suppose: tuple[str, ...] = ()
    """Parameters at other values, each as `NAME=VALUE`."""


@dataclass(frozen=True, slots=True)
class Made:
    """A decision as it was made here. `usable` is false when its inputs could not be decided on.

    `faults` are those of the inputs that an exit passed in spite of.
    """

    decision: Decision
    log: list[LogLine]
    usable: bool
    faults: tuple[Fault, ...] = ()
    steps: tuple[Step, ...] = ()
    """The named values of a formula, where they were asked for."""
    denial: Denial | None = None
    """Why the step that named the reason has denied, where that was asked for."""
    supposed: Collection[str] = ()
    """The parameters whose values were said on the command line."""


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
        click.option("--store", "url", metavar="URL", help="Decide with the policy in force at a store instead."),
        trust_options,
        click.option(
            "--inputs", "source", metavar="FILE", default=STDIN, shell_complete=None,
            help="A .json file with one set of inputs, or .jsonl with one a line; - for standard input (the default).",
        ),
        suppose_option,
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
    try:
        machine = _machine(request)
    except NoBundle as none:
        return _logging(request, partial(_run_without_policy, request, none))
    policy = find_policy(machine, request.policy, request.folder)
    supposed = read_supposed(request.suppose, policy)
    if supposed:
        policy = supposing(machine, policy, supposed)
    return _logging(request, partial(_run, request, policy, write, supposed))


def _machine(request: Request) -> Machine:
    """The policies to decide with. Raises `NoBundle` where there are none."""
    if request.url is None:
        return open_deciding(request.folder, environment(), request.policy)
    if click.get_current_context().get_parameter_source("folder") is not click.core.ParameterSource.DEFAULT:
        raise Unusable("both `--policies` and `--store`: which of them is to decide?")
    from adapters.cli.in_force import machine_in_force

    trust = trust_of(request.trust_file, request.unsigned)
    return machine_in_force(request.url, trust, environment(), request.policy)


def _logging(request: Request, work: Callable[[], int]) -> int:
    """The exit code of work, its log lines written where they are to go."""
    if request.log is None:
        return work()
    from adapters import logs

    handler = logs.start("json" if request.log == "json" else "text", sys.stderr)
    try:
        return work()
    finally:
        logs.stop(handler)


def _run_without_policy(request: Request, none: NoBundle) -> int:
    """Let exits out by the fixed rule and block anything else, which is unusable; says why there is no policy."""
    from adapters.bootstrap import clock, stamp
    from adapters.cli.decision_text import lines_without_policy
    from engine.exits import without_policy

    def decide(data: bytes) -> Made:
        return Made(without_policy(data, stamp(clock()), none.cause), [], usable=True)

    say_diagnostics(none.diagnostics, terminal.note)
    terminal.note(f"bascule: {none.format_message()}")
    if request.suppose:
        terminal.note("bascule: nothing is supposed: there is no policy whose parameters it could be")
    if holds_lines(request.source):
        return UNUSABLE if _run_lines(request, lambda line: decide(line.data))["block"] else DONE
    made = _logged(request, decide(read_all(request.source, request.command)))
    if request.as_json:
        terminal.say_json(_encoded(made.decision))
    else:
        terminal.say("\n".join(lines_without_policy(made.decision)))
    return DONE if made.decision.effect == "allow" else UNUSABLE


def _run(request: Request, policy: Policy, write: Writer, supposed: Collection[str]) -> int:
    if holds_lines(request.source):
        counts = _run_lines(request, partial(_decide_line, policy, request))
        return DOES_NOT_HOLD if request.exit_code and counts["block"] else DONE
    data = read_all(request.source, request.command)
    made = replace(_logged(request, decide_one(policy, data, trace=request.trace)), supposed=supposed)
    if request.as_json:
        terminal.say_json(_encoded(made.decision))
    else:
        terminal.say("\n".join(write(policy, _with_steps(policy, data, made) if request.trace else made)))
        if takes_clock(policy.plan.inputs) and not says_now(data):
            terminal.note(f"`now` was the system clock, {_shown_time(made)}: the inputs do not say it")
    if made.faults:
        terminal.note("bascule: an exit, which passes although the inputs have faults")
        for fault in made.faults[:MOST_NAMED]:
            terminal.note(f"  {_fault_text(fault)}")
    if not made.usable:
        if policy.plan.kind == "Invariant":
            terminal.note("bascule: nothing is said of the claim: these inputs do not fit, so they refute nothing")
        return UNUSABLE
    return DOES_NOT_HOLD if request.exit_code and made.decision.effect == "block" else DONE


def _logged(request: Request, made: Made) -> Made:
    """What was decided, marked where it rests on a supposition, its log lines written where they are to go."""
    if request.suppose:
        from engine.decision import simulated

        made = replace(made, decision=simulated(made.decision))
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
        return _refused(policy, refused, data, moment)
    if not with_log:
        return Made(policy.decide(inputs, stamp(moment), trace=trace), [], usable=True)
    decision, lines = policy.decide_and_log(inputs, stamp(moment), trace=trace)
    return Made(decision, lines, usable=True)


def _refused(policy: Policy, refused: InputsRefused, data: bytes, moment: datetime) -> Made:
    """What is decided on inputs that have faults: a block, or the exit that they ask for all the same."""
    from adapters.bootstrap import stamp

    decision = policy.refused(refused, stamp(moment), data)
    passes = decision.effect == "allow"
    return Made(decision, [], usable=passes, faults=refused.faults if passes else ())


def _fault_text(fault: Fault) -> str:
    return terminal.printable(f"{fault.pointer or 'the document'}: {fault.message}")


def _with_steps(policy: Policy, data: bytes, made: Made) -> Made:
    """The decision of a formula with the value of each of its steps, that of a pipeline with why a step denied."""
    from engine.tracing import denial

    if policy.plan.kind not in ("Formula", "Pipeline") or not made.usable or made.faults:
        return made
    inputs = policy.unpack(policy.decoder.decode(with_clock(data, made.decision.decided_at)))
    if policy.plan.kind == "Formula":
        return replace(made, steps=tuple(policy.tracer.steps(inputs)))
    return replace(made, denial=denial(policy.tracer, inputs, made.decision))


def _shown_time(made: Made) -> str:
    from rules.times import format_timestamp

    return format_timestamp(made.decision.decided_at)


def _run_lines(request: Request, decide: Callable[[Line], Made]) -> Counter[str]:
    """One decision a line, as JSON, and a summary on standard error; gives how often each effect was given."""
    counts: Counter[str] = Counter()
    faulty = told = 0
    out = sys.stdout.buffer
    for number, made in enumerate(_decided_lines(request, decide), 1):
        out.write(_encoded(made.decision) + b"\n")
        counts[made.decision.effect] += 1
        faulty += not made.usable
        if (made.faults or not made.usable) and told < MOST_NAMED:
            told += 1
            terminal.note(f"line {number}: {_exit_with_faults(made) if made.faults else made.decision.reason}")
    out.flush()
    given = [f"{counts[effect]:,} {effect}" for effect in ("allow", "block", "info") if counts[effect]]
    unread = f" ({terminal.plural(faulty, 'faulty line')})" if faulty else ""
    terminal.note(f"{terminal.plural(counts.total(), 'decision')}: {', '.join(given)}{unread}")
    return counts


def _exit_with_faults(made: Made) -> str:
    first, *more = made.faults
    return f"an exit, which passes although {_fault_text(first)}{f' (and {len(more)} more)' if more else ''}"


def _decided_lines(request: Request, decide: Callable[[Line], Made]) -> Iterator[Made]:
    with terminal.Progress("deciding", size_of(request.source), results=True) as progress:
        for line in read_lines(request.source, request.command):
            progress.reached(line.end)
            yield _logged(request, decide(line))


def _decide_line(policy: Policy, request: Request, line: Line) -> Made:
    if line.too_long:
        return _too_long(policy)
    return decide_one(policy, line.data, trace=request.trace, with_log=request.log is not None)


def _too_long(policy: Policy) -> Made:
    from adapters.bootstrap import clock
    from engine.faults import Fault, InputsRefused

    refused = InputsRefused([Fault("", f"a line of more than {MOST_BYTES // 2**20} MiB", "a JSON object")])
    return _refused(policy, refused, b"", clock())


def _encoded(decision: Decision) -> bytes:
    from engine.decision import to_json

    return to_json(decision)
