"""A report as one page of HTML that needs nothing else: its plots stand in it, and all text is escaped.

Needs Jinja2 and matplotlib.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from adapters.extras import lacking
from adapters.proving.report import Proof, Shown, listed, sentences
from adapters.replaying.plots import amounts, by_symbol, changing, over_time
from adapters.replaying.report import Pair, Replayed, Report
from adapters.replaying.words import MEANT, TOLD, amount_names, headline, left_out, of_bundles, of_recent, verdict

try:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup, escape
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(lacking("a page needs Jinja2", "report"), name=missing.name) from missing

TEMPLATE = Path(__file__).with_name("report.html.j2")
MOST_PAIRS = 100
_CODE = re.compile(r"`([^`]*)`")


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the page shows of a policy."""

    found: Replayed

    @property
    def headline(self) -> str:
        return headline(self.found)

    @property
    def of_bundles(self) -> str:
        return of_bundles(self.found)

    @property
    def left_out(self) -> list[tuple[int, str]]:
        return list(left_out(self.found))

    @property
    def amounts(self) -> list[str]:
        return amount_names(self.found)

    @property
    def pairs(self) -> list[Pair]:
        return [pair for pair in self.found.pairs if pair.change in MEANT][:MOST_PAIRS]

    @property
    def plots(self) -> Iterator[tuple[str, str]]:
        """The plots that have something to show, each with its title."""
        told = [("Changes over time", over_time(self.found)), ("Changes by symbol", by_symbol(self.found))]
        told += [(f"{name.capitalize()} admitted, before and now", svg) for name, svg in amounts(self.found)]
        told += [(f"{name.capitalize()} newly admitted and newly blocked", svg) for name, svg in changing(self.found)]
        return ((title, svg) for title, svg in told if svg)


def as_html(report: Report) -> str:
    """The page."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"code": _code, "count": _count, "verdict": verdict}
    sides = [(name, one) for name, one in (("old", report.old), ("new", report.new)) if one is not None]
    new = f"{report.new.bundle} {report.new.version}"
    title = f"{new} beside what is on record"
    if report.old is not None:
        title = f"{report.old.bundle} {report.old.version} → {new}"
    template = environment.from_string(TEMPLATE.read_text("utf-8"))
    replays = [_Shown(found) for found in report.replays]
    proofs = [{"policy": proof.policy, "sentences": list(_said_of(proof))} for proof in report.proofs]
    said = {"title": title, "proofs": proofs, "sides": sides, "told": TOLD, "recent": list(of_recent(report))}
    return template.render(report=report, replays=replays, **said)


def _said_of(proof: Proof) -> Iterator[tuple[str, Shown | None]]:
    """Each sentence, with the difference that it is about."""
    return zip_longest(sentences(proof), listed(proof))


def _code(said: str) -> Markup:
    """A sentence whose backticks are code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(said))))  # noqa: S704 -- what was said is escaped


def _count(value: float) -> str:
    return f"{value:,.0f}"
