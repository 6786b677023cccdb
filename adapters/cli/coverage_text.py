"""Coverage as a person reads it: a line for each document, then what is not shown, beside its line of YAML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from adapters.cli.terminal import heading, printable, width, wrapped

if TYPE_CHECKING:
    from engine.coverage import ConditionCover, DocumentCover, RuleCover, Share

INDENT = "  "
NAMED = 20
"""Columns of a document's name."""
ALIGNED = 14
"""Columns of `12 of 12`."""


def coverage_lines(covered: Sequence[DocumentCover], least: float | None) -> Iterator[str]:
    """What `bascule test --coverage` prints."""
    from engine.coverage import total

    yield heading("coverage")
    for document in covered:
        yield from _document(document, least)
    rules, conditions = total(covered)
    yield f"{INDENT}{'in all':{NAMED}}{_shares(rules, conditions, least)}"
    short = [document.name for document in covered if least is not None and document.below(least)]
    if short:
        yield click.style(f"less than {least:g}% of {', '.join(short)} is covered", fg="red", bold=True)


def _document(document: DocumentCover, least: float | None) -> Iterator[str]:
    """One document, and all of it that the cases do not show."""
    more = []
    if not document.cases and document.kind != "Library":
        more.append("no suite tests it")
    if document.unreachable:
        more.append(f"{len(document.unreachable)} said to be unreachable")
    name = printable(document.name)
    line = f"{INDENT}{name:{NAMED}}{_shares(document.of_rules, document.of_conditions, least)}"
    yield f"{line}{'  ' if more else ''}{', '.join(more)}".rstrip()
    for place in document.uncovered:
        yield from _place(place)
    for place in document.reached:
        yield f"{INDENT * 2}{place.span}: `{printable(place.name)}` is said to be unreachable, and is not"


def _shares(rules: Share, conditions: Share, least: float | None) -> str:
    return f"rules {_share(rules, least)}  conditions {_share(conditions, least)}"


def _share(share: Share, least: float | None) -> str:
    """How many of how many, in red where that is too little, in yellow where it is not all."""
    counts = f"{share.covered:,} of {share.total:,}"
    text = f"{counts:>{ALIGNED}} {share.percent:5.1f}%"
    if least is not None and share.percent < least:
        return click.style(text, fg="red")
    return text if share.covered == share.total else click.style(text, fg="yellow")


def _place(place: RuleCover | ConditionCover) -> Iterator[str]:
    """What was not shown, its line, and where in it."""
    missing = click.style(place.missing, fg="red")
    yield f"{INDENT * 2}{place.span}: `{printable(place.name)}` {missing}"
    yield from (f"{INDENT * 3}| {line}" for line in _pointed(place))
    if place.elsewhere:
        comes = "a suite of {} comes" if len(place.elsewhere) == 1 else "suites of {} come"
        yield from wrapped(f"= note: only {comes.format(', '.join(place.elsewhere))} by it", 8, INDENT * 3)


def _pointed(place: RuleCover | ConditionCover) -> tuple[str, str]:
    """The line of a place, cut to the width around it, and carets under the place."""
    span = place.span
    line, start = span.source.line(span.line), span.column - 1
    end = min(start + max(1, span.end - span.start), len(line))
    room = max(20, width() - 10)
    left = 0 if len(line) <= room or end <= room - 1 else max(0, min(start - 12, end - room + 2))
    shown = line[left : left + room]
    head = "…" if left else ""
    tail = "…" if left + room < len(line) else ""
    before = start - left + len(head)
    caret = "^" * max(1, min(end, left + room) - start)
    return printable(f"{head}{shown}{tail}"), f"{' ' * before}{click.style(caret, fg='red')}"
