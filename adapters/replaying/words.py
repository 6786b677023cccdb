"""The words of a report that every form of it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.records.lines import CAUSES
from adapters.replaying.report import Replayed, Report, Sum
from engine.comparison import Change, Verdict

TOLD: Mapping[Change, str] = {
    "block-to-allow": "blocked before, allowed now",
    "allow-to-block": "allowed before, blocked now",
    "outcome": "another outcome of the same effect",
    "rule": "another rule, the same outcome",
    "same": "the same",
}
MEANT: tuple[Change, ...] = ("block-to-allow", "allow-to-block", "outcome")
"""The changes that somebody who trades would notice."""


def verdict(found: Verdict) -> str:
    """A verdict on one line."""
    rule = f" by {found.rule}" if found.rule else ""
    return f"{found.outcome} ({found.effect}{rule})"


def headline(found: Replayed) -> str:
    """What became of a policy's decisions, in a sentence."""
    total = found.decisions
    if not total:
        return "no decision could be decided again"
    told = [f"{one.decisions:,} {TOLD[one.change]}" for one in found.sums if one.change in MEANT]
    return f"{total:,} decisions decided again: {', '.join(told) or 'every outcome is the same'}"


def meant(sums: list[Sum]) -> dict[Change, Sum]:
    """Of some sums, those that somebody would notice."""
    return {one.change: one for one in sums if one.change in MEANT}


def amount_names(found: Replayed) -> list[str]:
    """The amounts that are told of a policy."""
    return list(dict.fromkeys(name for one in found.sums for name in (*one.old, *one.new)))


def of_recent(report: Report) -> Iterator[str]:
    """What was looked at of the log of a service, and why nothing was decided anew, where nothing was."""
    found = report.recent
    if found is None:
        return
    if found.why_not:
        yield f"nothing was decided again: {found.why_not}"
        return
    span = "" if found.first is None else f", {found.first:%Y-%m-%d %H:%M:%S} to {found.last:%Y-%m-%d %H:%M:%S} UTC"
    yield f"the {found.looked_at:,} most recent decisions on the log of the service{span}"
    if not report.replays:
        for cause, count in found.left_out.items():
            yield f"{count:,} left out: {CAUSES.get(cause, cause)}"


def of_bundles(found: Replayed) -> str:
    """Which bundles decided what is on record, where it was more than one; nothing where it was one."""
    if len(found.bundles) < 2:
        return ""
    told = (f"{count:,} by {digest[:19] or 'no bundle'}" for digest, count in found.bundles.items())
    return f"on record by {len(found.bundles)} bundles: {', '.join(told)}"


def left_out(found: Replayed) -> Iterator[tuple[int, str]]:
    """What could not be decided again: how many, and why."""
    for one in found.left_out:
        yield one.decisions, f"{one.means} (`{one.place}`)" if one.place else one.means
