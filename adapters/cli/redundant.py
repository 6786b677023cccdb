"""What `bascule verify --redundant` tells: each finding for people and as JSON, and how many must be looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from adapters.cli import terminal
from adapters.cli.failures import DoesNotHold, Unusable
from adapters.cli.terminal import plural, printable, wrapped

if TYPE_CHECKING:
    from engine.redundancy.finding import Finding
    from rules.bundle import Bundle

INDENT = 10
COLOURS = {"never": "red", "idle": "yellow", "unknown": "yellow"}
WORDS = {"never as published": "waits", "idle as published": "idle", "reached": "no case"}
PARTS = {"overlap": "rows", "gap": "rule"}
"""What the part of a table is called."""
NAMED = {
    "overlap": ("pair of rows overlaps", "pairs of rows overlap"),
    "gap": ("table has a gap", "tables have gaps"),
    "reached": ("rule without a case", "rules without a case"),
    "never as published": ("rule waits for other parameters", "rules wait for other parameters"),
}
"""What the summary calls a finding."""
SAID = {
    ("rule", "never"): "can never apply",
    ("rule", "never as published"): "cannot apply with the parameters as published",
    ("rule", "reached"): "can apply",
    ("condition", "idle"): "decides nothing: without it all is decided alike",
    ("condition", "idle as published"): "decides nothing with the parameters as published",
    ("parameter", "idle"): "moves nothing: no decision is another wherever it stands",
    ("table", "overlap"): "both apply; the first decides",
    ("table", "gap"): "decides where no row applies",
}


def found_redundant(bundle: Bundle, seconds: float, *, says: bool) -> list[Finding]:
    """What a bundle says in vain, told as it is found where it is to be said."""
    try:
        from adapters.proving.redundancy import findings
    except ModuleNotFoundError as missing:
        raise Unusable(str(missing)) from None
    from engine.mutation.changed import noticed
    from engine.policy import compile_bundle

    found: list[Finding] = []
    with terminal.Progress("looking", None) as progress:
        machine = compile_bundle(bundle)
        case = noticed(bundle.suites, machine, machine.policies)
        if case is not None:  # what suites show is relied on
            raise DoesNotHold(f"`{printable(case)}` fails as the policies are: see `bascule test`")
        for done, total, some in findings(bundle, seconds, progress.through):
            progress.reached_of(done, total)
            found += some
            for one in some if says else ():
                terminal.say("\n".join(lines(one)))
    return found


def lines(one: Finding) -> Iterator[str]:
    """What a person reads of a finding."""
    word = WORDS.get(one.result, one.result)
    colour = None if one.declared else COLOURS.get(word)
    head = click.style(word.ljust(INDENT), fg=colour, bold=True)
    named = f"{printable(one.document)}: {PARTS.get(one.result, one.part)} `{printable(one.name)}`"
    yield f"{head}{named} {said(one)}" + (": to be looked at" if one.must_be_looked_at else "")
    if one.place:
        yield from wrapped(printable(one.place), INDENT, "")
    if one.declared:
        but = "said to be unreachable, and it is not" if one.result == "reached" else "said to be so"
        yield from wrapped(f"{but}: {printable(one.declared)}", INDENT, "")
    if one.why and one.result == "reached":
        yield from wrapped(one.why, INDENT, "")
    if one.up_to is not None:
        yield from wrapped(f"for lists of at most {one.up_to} items", INDENT, "")
    for name, value in {**one.parameters, **(one.inputs or {})}.items():
        with_ = "with " if name in one.parameters else ""
        yield from wrapped(f"{with_}{printable(name)}: {printable(json.dumps(value, ensure_ascii=False))}", INDENT, "")


def said(one: Finding) -> str:
    """What is found of it."""
    return SAID.get((one.part, one.result), f"is not known: {printable(one.why)}")


def summary(found: Sequence[Finding]) -> str:
    """How many there are of each, and how many somebody must look at."""
    counts: dict[tuple[str, str], int] = {}
    for one in found:
        counts[one.part, one.result] = counts.get((one.part, one.result), 0) + 1
    told = [
        plural(count, *NAMED.get(result, (f"{part} {result}", f"{part}s {result}")))
        for (part, result), count in counts.items()
    ]
    must = sum(1 for one in found if one.must_be_looked_at)
    last = click.style(f"{must} to be looked at", fg="red" if must else "green", bold=True)
    return f"redundant: {', '.join(told) or 'nothing'}; {last}"


def as_json(one: Finding) -> dict[str, Any]:
    """A finding as JSON."""
    out: dict[str, Any] = {
        "document": one.document, "part": one.part, "name": one.name, "result": one.result,
        "must_be_looked_at": one.must_be_looked_at,
    }  # fmt: skip
    optional: dict[str, Any] = {"at": one.place, "up_to": one.up_to, "declared": one.declared, "why": one.why}
    optional |= {"inputs": one.inputs, "parameters": dict(one.parameters)}
    return out | {name: value for name, value in optional.items() if value not in ("", None, {})}
