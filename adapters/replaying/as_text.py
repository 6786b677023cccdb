"""A report for the terminal: what changed in words, then what that would have meant, what opens first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import click

from adapters.cli import terminal
from adapters.cli.terminal import plural, printable
from adapters.proving.report import Proof, listed, sentences
from adapters.replaying.report import Amounts, Pair, Replayed, Report, Sum
from adapters.replaying.words import MEANT, TOLD, of_bundles, of_recent, verdict

COLOURS: Mapping[str, str] = {"block-to-allow": "red", "allow-to-block": "yellow", "outcome": "cyan"}
MOST = 12
"""Rows of a table that are printed."""


def as_text(report: Report) -> Iterator[str]:
    """The lines of a report."""
    new = report.new
    if report.old is not None:
        old = report.old
        yield f"old  {printable(old.given)}: {old.bundle} {old.version}, {old.digest[:19]}"
        yield f"new  {printable(new.given)}: {new.bundle} {new.version}, {new.digest[:19]}"
        yield from _changes(report)
    else:
        yield f"{printable(new.given)}: {new.bundle} {new.version}, {new.digest[:19]}, beside what is on record"
    for proof in report.proofs:
        yield ""
        yield from _proved(proof)
    for told in of_recent(report):
        yield from terminal.wrapped(printable(told), 2, "")
    for name, count in report.not_compared.items():
        yield f"{plural(count, 'decision')} of `{printable(name)}` on record: not both sides have that policy"
    for replay in report.replays:
        yield ""
        yield from _replayed(replay, on_record=report.old is None)


def _changes(report: Report) -> Iterator[str]:
    if not report.changes:
        yield "nothing that is written decides otherwise"
    policy = ""
    for one in report.changes:
        if one.policy != policy:
            policy = one.policy
            yield ""
            yield terminal.heading(policy)
        yield from terminal.wrapped(printable(f"{one.sort} `{one.name}` {one.what}"), 4, "  ")


def _proved(proof: Proof) -> Iterator[str]:
    """What is known of all inputs, with the plainest that show a change."""
    yield terminal.heading(f"{proof.policy}: over all inputs ({proof.seconds:.1f} s)")
    told = iter(sentences(proof))
    for one in listed(proof):
        colour = COLOURS.get(one.change) if one.result == "some" else None
        lines = terminal.wrapped(printable(next(told)), 4, "  ")
        yield from (click.style(line, fg=colour) for line in lines)
        for name, value in (one.inputs or {}).items():
            yield from terminal.wrapped(f"{name}: {printable(json.dumps(value, ensure_ascii=False))}", 8, "      ")
    for rest in told:
        yield from terminal.wrapped(printable(rest), 4, "  ")


def _replayed(found: Replayed, *, on_record: bool) -> Iterator[str]:
    left_out = sum(one.decisions for one in found.left_out)
    of = f" of {found.decisions + left_out:,}" if left_out else ""
    yield terminal.heading(f"{found.policy}: {plural(found.decisions, 'decision')}{of} decided again")
    for one in found.left_out:
        place = f" ({printable(one.place)})" if one.place else ""
        yield from terminal.wrapped(f"{one.means}{place}", 16, f"  {one.decisions:>9,}  left out: ")
    if found.decisions and not on_record:
        yield f"  {found.as_recorded:>9,}  as on record by the old side ({found.as_recorded / found.decisions:.1%})"
    if told := of_bundles(found):
        yield from terminal.wrapped(printable(told), 13, "")
    for total in found.sums:
        told = click.style(TOLD[total.change], fg=COLOURS.get(total.change))
        yield f"  {total.decisions:>9,}  {told}{_amounts(total)}"
    yield from _pairs(found, on_record=on_record)
    yield from _places("by symbol", [(one.symbol or "none", one.sums) for one in found.by_symbol], by_size=True)
    yield from _places("by day", [(one.day.isoformat(), one.sums) for one in found.by_day], by_size=False)


def _pairs(found: Replayed, *, on_record: bool) -> Iterator[str]:
    """Each change of verdict; where a record is replayed, everything that is decided."""
    listed = [pair for pair in found.pairs if on_record or pair.change != "same"]
    for pair in listed[:MOST]:
        old, new = (printable(verdict(one)) for one in (pair.old, pair.new))
        yield f"  {pair.decisions:>9,}  {old} {terminal.mark('leads')} {new}"
        if pair.examples and pair.change != "same":
            yield f"             as in {printable(', '.join(pair.examples[:3]))}"
    if len(listed) > MOST:
        yield f"             and {plural(len(listed) - MOST, 'more', 'more')}: --format json has them all"


def _amounts(total: Sum | Pair) -> str:
    old, new = (total.old, total.new) if isinstance(total, Sum) else (total.old_amounts, total.new_amounts)
    told = [f"{name} {_money(old, name)} {terminal.mark('leads')} {_money(new, name)}" for name in {**old, **new}]
    return f": {', '.join(told)}" if told else ""


def _money(amounts: Amounts, name: str) -> str:
    return f"{amounts.get(name, 0.0):,.0f}"


def _places(title: str, listed: list[tuple[str, list[Sum]]], *, by_size: bool) -> Iterator[str]:
    """Where decisions changed: how many of each change."""
    told = [(name, [one for one in sums if one.change in MEANT]) for name, sums in listed]
    changed = [(name, sums) for name, sums in told if sums]
    if not changed:
        return
    if by_size:
        changed.sort(key=lambda one: -sum(total.decisions for total in one[1]))
    yield f"  {title}"
    for name, sums in changed[:MOST]:
        parts = ", ".join(f"{total.decisions:,} {TOLD[total.change]}" for total in sums)
        yield from terminal.wrapped(parts, 26, f"    {printable(name)}")
    if len(changed) > MOST:
        yield f"    and {plural(len(changed) - MOST, 'more', 'more')}"
