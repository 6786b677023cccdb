"""A report in Markdown, for a pull request: the words first, then what they mean for what was decided."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from adapters.proving.report import Proof, listed, sentences
from adapters.replaying.report import OfDay, Replayed, Report, Said, Sum, Version
from adapters.replaying.words import (
    MEANT,
    TOLD,
    amount_names,
    headline,
    left_out,
    meant,
    of_bundles,
    of_recent,
    verdict,
)

MOST = 20
"""Rows of a table; the rest is counted."""
BAR = "\\|"
_SPECIAL = str.maketrans({one: f"\\{one}" for one in "\\`*_{}[]<>#+!~"})


def as_markdown(report: Report) -> Iterator[str]:
    """The lines of a report."""
    yield f"# {_text(_title(report))}"
    yield ""
    for side, version in (("old", report.old), ("new", report.new)):
        if version is not None:
            yield f"- {side}: {_version(version)}"
    yield from _changes(report.changes)
    for proof in report.proofs:
        yield from _proved(proof)
    for told in of_recent(report):
        yield ""
        yield f"{_code_kept(told)}."
    if report.not_compared:
        yield ""
        yield "On record, and not a policy of both sides:"
        yield ""
        yield from _table(("decisions", "policy"), [(f"{n:,}", _code(name)) for name, n in report.not_compared.items()])
    for replay in report.replays:
        yield from _replayed(replay)


def _title(report: Report) -> str:
    new = f"{report.new.bundle} {report.new.version}"
    if report.old is None:
        return f"{new} beside what is on record"
    return f"{report.old.bundle} {report.old.version} → {new}"


def _version(version: Version) -> str:
    return f"{_text(version.given)}: {_text(version.bundle)} {_text(version.version)}, `{version.digest[:19]}`"


def _changes(changes: Sequence[Said]) -> Iterator[str]:
    if not changes:
        return
    yield ""
    yield "## What changes"
    policy = ""
    for one in changes:
        if one.policy != policy:
            policy = one.policy
            yield ""
            yield f"### {_text(policy)}"
            yield ""
        yield f"- {one.sort} {_code(one.name)} {_code_kept(one.what)}"


def _proved(proof: Proof) -> Iterator[str]:
    """What is known of all inputs."""
    yield ""
    yield f"## {_text(proof.policy)}: over all inputs"
    yield ""
    told = iter(sentences(proof))
    for one in listed(proof):
        yield f"- {_code_kept(next(told))}"
        if one.inputs is not None:
            yield f"  {_code(json.dumps(one.inputs, ensure_ascii=False))}"
    yield from (f"- {_code_kept(rest)}" for rest in told)


def _replayed(found: Replayed) -> Iterator[str]:
    yield ""
    yield f"## {_text(found.policy)}: what was decided"
    yield ""
    yield f"{_text(headline(found))}."
    if told := of_bundles(found):
        yield ""
        yield f"{_text(told)}."
    listed = [[f"{count:,}", _code_kept(why)] for count, why in left_out(found)]
    if listed:
        yield ""
        yield "Left out:"
        yield ""
        yield from _table(("decisions", "why"), listed)
    yield ""
    yield from _table(("decisions", "became", *_amount_heads(found)), [_sum_row(one, found) for one in found.sums])
    pairs = [pair for pair in found.pairs if pair.change in MEANT]
    if pairs:
        yield ""
        rows = [
            [f"{pair.decisions:,}", _text(verdict(pair.old)), _text(verdict(pair.new)), _text(", ".join(pair.examples))]
            for pair in pairs[:MOST]
        ]
        yield from _table(("decisions", "old", "new", "as in"), rows, more=len(pairs) - MOST)
    yield from _places("symbol", [(one.symbol or "none", one.sums) for one in found.by_symbol])
    yield from _places("day", [(_day(one), one.sums) for one in found.by_day])


def _day(one: OfDay) -> str:
    return one.day.isoformat()


def _amount_heads(found: Replayed) -> list[str]:
    return [f"{name} {side}" for name in amount_names(found) for side in ("before", "now")]


def _sum_row(one: Sum, found: Replayed) -> list[str]:
    amounts = [f"{side.get(name, 0.0):,.0f}" for name in amount_names(found) for side in (one.old, one.new)]
    return [f"{one.decisions:,}", TOLD[one.change], *amounts]


def _places(title: str, listed: Iterable[tuple[str, list[Sum]]]) -> Iterator[str]:
    changed = [(name, found) for name, sums in listed if (found := meant(sums))]
    if not changed:
        return
    yield ""
    rows = [
        [_text(name), *(f"{found[change].decisions:,}" if change in found else "" for change in MEANT)]
        for name, found in changed[:MOST]
    ]
    yield from _table((title, *(TOLD[change] for change in MEANT)), rows, more=len(changed) - MOST)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], more: int = 0) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', BAR) for cell in row)} |"
    if more > 0:
        yield ""
        yield f"and {more:,} more"


def _text(said: str) -> str:
    """Text that Markdown shows as it is."""
    return " ".join(said.split()).translate(_SPECIAL)


def _code(said: str) -> str:
    """Text as code, whatever backticks it holds."""
    fence = "`"
    while fence in said:
        fence += "`"
    pad = " " if said.startswith("`") or said.endswith("`") else ""
    return f"{fence}{pad}{' '.join(said.split())}{pad}{fence}"


def _code_kept(said: str) -> str:
    """A sentence with code in backticks: the code as such, the rest as text."""
    parts = said.split("`")
    if len(parts) % 2 == 0:
        return _text(said)
    return "".join(_code(part) if at % 2 and part else _text_kept(part) for at, part in enumerate(parts))


def _text_kept(said: str) -> str:
    """Text with the spaces at its ends."""
    head = " " if said[:1].isspace() else ""
    tail = " " if said[-1:].isspace() and said.strip() else ""
    return f"{head}{_text(said)}{tail}"
