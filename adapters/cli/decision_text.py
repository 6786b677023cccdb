"""A decision as a person reads it: outcome and effect first, why, what comes with it, and each rule as it was tried."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.terminal import Row, heading, mark, printable, table, wrapped, wrapped_items

if TYPE_CHECKING:
    from adapters.cli.deciding import Made
    from engine.decision import Decision, DecisionError, Reading, RuleTrace, Stage
    from engine.policy import Policy
    from engine.tracing import Step
    from rules.plan import Parameter

_COLOURS = {"allow": "green", "block": "red", "info": "yellow"}
_MOST_SHOWN = 200
_DIGEST_SHOWN = 19


def value_text(value: object) -> str:
    """A value of a decision or a trace on one line."""
    match value:
        case str():
            text = value
        case float() | int() if not isinstance(value, bool):
            text = repr(value)
        case _:
            text = json.dumps(value, ensure_ascii=False)
    return printable(text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…")


def headline(decision: Decision) -> str:
    """Outcome and effect, in the effect's colour on a terminal; what rests on a supposition says so."""
    supposed = ", supposed" if decision.simulated else ""
    return click.style(f"{decision.outcome} ({decision.effect}{supposed})", fg=_COLOURS[decision.effect], bold=True)


def reason_lines(decision: Decision) -> list[str]:
    """The reason, unless the faults of the inputs say it better."""
    if not decision.reason or (decision.error is not None and decision.error.faults):
        return []
    return wrapped(printable(decision.reason), 2)


def decision_lines(policy: Policy, made: Made) -> list[str]:
    """What `bascule decide` prints."""
    decision = made.decision
    lines = [headline(decision), *reason_lines(decision)]
    rows: list[Row] = [("rule", decision.rule)] if decision.rule else []
    effective = f", as moved {decision.effective_digest[:_DIGEST_SHOWN]}" if decision.effective_digest else ""
    rows.append(
        ("policy", f"{decision.policy} {decision.version}, bundle {decision.bundle[:_DIGEST_SHOWN]}{effective}")
    )
    lines += ["", *table(rows)]
    if decision.error is not None:
        lines += ["", heading("error"), *error_lines(decision.error)]
    if decision.outputs:
        lines += ["", heading("outputs"), *output_lines(policy, decision.outputs)]
    if decision.stages:
        lines += ["", heading("stages"), *stage_lines(decision.stages)]
    if decision.parameters or made.supposed:
        title = "parameters supposed or not as published" if made.supposed else "parameters not as published"
        lines += ["", heading(title), *parameter_lines(told_parameters(policy, made), made)]
    if decision.trace:
        lines += ["", heading("rules"), *rule_lines(decision.trace)]
    if made.log:
        lines += ["", *(printable(line) for _, line in made.log)]
    return lines


def lines_without_policy(decision: Decision) -> list[str]:
    """What is printed where no policy could decide."""
    lines = [headline(decision), *reason_lines(decision)]
    lines += ["", *table([("policy", f"none, but for the {decision.policy} {decision.version}")])]
    if decision.outputs:
        rows = ((name, value_text(value)) for name, value in decision.outputs.items())
        lines += ["", heading("outputs"), *table(rows, 2)]
    return lines


def error_lines(error: DecisionError) -> list[str]:
    """Why a decision failed closed: every fault of the inputs, or the place in the policy and what it read."""
    if error.faults:
        return [line for fault in error.faults for line in _fault_lines(fault)]
    rows: list[Row] = [("code", error.code), ("message", printable(error.message))]
    if error.at is not None:
        rows.append(("at", error.at))
    if error.values:
        rows.append(("values", ", ".join(f"{name} = {value_text(value)}" for name, value in error.values.items())))
    return table(rows, 2)


def _fault_lines(fault: Mapping[str, str]) -> Iterator[str]:
    place = printable(fault["pointer"] or "the document")
    yield from wrapped(f"{place}: {printable(fault['message'])}", 4, "  ")
    if "expected" in fault:
        yield from wrapped(f"expected {printable(fault['expected'])}", 6)


def output_lines(policy: Policy, outputs: Mapping[str, Any]) -> list[str]:
    """The outputs with their types."""
    from rules.types import show

    types = {output.name: show(output.type) for output in policy.plan.outputs}
    values = {name: value_text(value) for name, value in outputs.items()}
    column = max(map(len, values.values()), default=0) + 2
    return table(((name, f"{text.ljust(column)}{types[name]}") for name, text in values.items()), 2)


def step_lines(steps: Sequence[Step]) -> list[str]:
    """The named values of a formula, and which argument of a `least` or `greatest` each of those is."""
    values = [value_text(step.value) for step in steps]
    column = max(map(len, values)) + 2
    bound = [f"{v.ljust(column)}bound by {s.bound_by}" if s.bound_by else v for s, v in zip(steps, values, strict=True)]
    return table(((step.name, text) for step, text in zip(steps, bound, strict=True)), 2)


def told_parameters(policy: Policy, made: Made) -> dict[str, Parameter]:
    """The parameters that are supposed or not as published, those of the policies it asks too, by their names here."""
    told = {*(made.decision.parameters or {}), *made.supposed}
    return {name: p for name, p in policy.program.reached.items() if name in told}


def parameter_lines(parameters: Mapping[str, Parameter], made: Made) -> list[str]:
    """Parameters with their values, and what moved those that are not as published."""
    moved = made.decision.parameters or {}
    rows: list[Row] = []
    for name, parameter in parameters.items():
        published = _published(parameter)
        if name in moved:
            env = "" if parameter.env is None else f", moved by {parameter.env.name}"
            by = ", supposed here" if name in made.supposed else env
            rows.append((name, f"{value_text(moved[name])}  (published {published}{by})"))
        else:
            rows.append((name, f"{published}  (as published, supposed here)" if name in made.supposed else published))
    return table(rows, 2)


def stage_lines(
    stages: Sequence[Stage], named: tuple[str, ...] = (), depth: int = 0, column: int | None = None
) -> list[str]:
    """The steps of a pipeline as a tree: what each decided and why; a step that is a pipeline with its own below it.

    `named` is the step that named the reason, below those that asked it.
    """
    column = column or max(_name_end(stages, depth), default=0) + 2
    lines: list[str] = []
    for stage in stages:
        name, text, colour = _stage_status(stage)
        below = named[1:] if named[:1] == (stage.id,) else ()
        if named == (stage.id,):
            text += f" {mark('names')} names the reason"
        head = f"{'  ' * (depth + 1)}{mark(name)} {stage.id}"
        block = wrapped(printable(text), column, head)
        block[0] = _coloured(block[0], head, colour) if colour else block[0]
        lines += [*block, *stage_lines(stage.stages, below, depth + 1, column)]
    return lines


def _name_end(stages: Sequence[Stage], depth: int) -> Iterator[int]:
    """Where the name of each stage of a tree ends."""
    for stage in stages:
        yield 2 * (depth + 1) + 2 + len(stage.id)
        yield from _name_end(stage.stages, depth + 1)


def _stage_status(stage: Stage) -> tuple[str, str, str | None]:
    """The mark of a step, what it decided, and its colour."""
    if not stage.asked:
        return "untried", "not asked", None
    if stage.error is not None:
        return "failed", f"could not be asked: {stage.error}", "red"
    blocks = stage.effect == "block"
    reason = f": {stage.reason}" if stage.reason else ""
    return (
        "passed-over" if blocks else "applied",
        f"{stage.outcome} ({stage.effect}){reason}",
        "red" if blocks else None,
    )


def _published(parameter: Parameter) -> str:
    """What a parameter stands at, as published; of one per key, what it lists and what holds of any other key."""
    from rules.cel.literals import outer
    from rules.types import MapType

    shown = value_text(parameter.written(parameter.default))
    if not isinstance(parameter.type, MapType):
        return shown
    return f"{shown}, any other {value_text(outer(parameter.unlisted, parameter.type.value))}"


def rule_lines(trace: Sequence[RuleTrace], *, brief: bool = False) -> list[str]:
    """Every rule in order: whether it applied, its condition as written, what it read; `brief`: those tried alone."""
    trace = [_briefly(rule) for rule in trace if rule.tried] if brief else trace
    column = max((len(rule.rule) for rule in trace), default=0) + 6
    lines: list[str] = []
    for rule in trace:
        name, text = _status(rule)
        colour = {"applied": "green", "failed": "red"}.get(name)
        head = f"  {mark(name)} {rule.rule}"
        block = wrapped(printable(text), column, head)
        block[0] = _coloured(block[0], head, colour) if colour else block[0]
        lines += [*block, *_read_lines(rule.reads, column), *_way_lines(rule, column)]
    return lines


def _briefly(rule: RuleTrace) -> RuleTrace:
    """A rule without what it read."""
    from msgspec.structs import replace

    return replace(rule, reads=[], any=[replace(way, reads=[]) for way in rule.any if way.tried])


def _coloured(line: str, head: str, colour: str) -> str:
    return click.style(head, fg=colour, bold=True) + line[len(head) :]


def _status(rule: RuleTrace) -> tuple[str, str]:
    """The mark of a rule, and its condition with what came of it."""
    leads = f" {mark('leads')} {rule.outcome}"
    if not rule.tried:
        return "untried", rule.condition
    if rule.error is not None:
        return "failed", f"{rule.condition}{leads} could not be told: {rule.error}"
    return ("applied", f"{rule.condition}{leads}") if rule.applied else ("passed-over", rule.condition)


def _read_lines(reads: Sequence[Reading], indent: int) -> list[str]:
    if not reads:
        return []
    told = (f"{reading.path} = {value_text(reading.value)}" for reading in reads)
    return wrapped_items(told, indent + 2)


def _way_lines(rule: RuleTrace, indent: int) -> Iterator[str]:
    for way in rule.any:
        if not way.tried:
            name = "untried"
        elif way.error is not None:
            name = "failed"
        else:
            name = "applied" if way.value else "passed-over"
        yield from wrapped(printable(way.condition), indent + 2, " " * indent + mark(name))
        yield from _read_lines(way.reads, indent + 2)
