"""What `docs/review.md` says of a comparison of 0.9.0 with 1.0.0: text, tables and pictures, all from its report."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from adapters.replaying.as_markdown import as_markdown
from adapters.replaying.plots import amounts, by_symbol, changing, over_time
from adapters.replaying.report import Replayed, Report, Sum
from benchmarks.replaying import made_log as log
from benchmarks.replaying.recount import NO_RISK, OWN, Recount
from tests.oracles.entry import DEFAULTS

START, END = "<!-- generated: comparison -->\n", "<!-- end of comparison -->"
COMMAND = "python -m benchmarks.replaying.review --write"
MOST_SYMBOLS = 12
"""Rows of a table; the other symbols share one."""
WIDTH = 120
_DRAWN = re.compile(r"pictures drawn by matplotlib (\S+) -->")

HEAD = """<!-- written by `{command}` from recorded trades that are not in this repository;
     pictures drawn by matplotlib {drawn} -->

### The decisions

No desk's record is in this repository. So {decisions:,} decisions were made up from {trades:,} trades of
{files} recorded back-tests, by the rules at the top of `benchmarks/replaying/made_log.py`. The back-tests are
freqtrade's, from the repositories wanderindev/crypto-bot and imsatoshi/GeneTrader (both MIT), of 2021 and 2024.

- **A trade's own** are symbol, side, leverage, price and the time at which it was opened. Trades come in the
  order of that time; whenever all have been gone through they come again, {lap:.0f} seconds later and with
  other books.
- **Confidence** is drawn evenly from 0.55 to 1, **score** from 0.3 to 1, **risk score** from 0.265 to 1 but for
  two trades in a hundred, where it is 0. The **regime** is the market's: what opens on one day of one file
  shares it, one of six, evenly. No record tells them: they come from a digest of file and row, or of file and
  day (`tests/oracles/trades.py`), and are the same whoever draws them.
- **The book** is generated, with seed {seed}: {average} positions on average (Poisson) and at most {most}, each
  one of the {before} trades before this one, with a stake of {least:.0f} to {largest:.0f} dollars, drawn
  evenly, in place of its own; {added:.0%} of them were added to once. Equity is normal round {equity:,.0f}
  dollars (deviation {deviation:,.0f}); what the stakes leave of it is available.
- **The last trade** was up to {rested:.0f} minutes before, drawn evenly; for {of_symbol:.0%} of decisions a
  last trade of the symbol is known too, up to {of_symbol_rested:.0f} minutes before. Nothing is pending.
- Every other decision asks `entry`, the rest `allocation`. 0.9.0 was in force, and what it decided is on
  record.

The counts show how the versions differ over many different books, not how often a desk meets the difference: no
desk's book is drawn like that. With a log of its own the command is the same.

### As a pull request shows it

This is the Markdown form of the report, but for its tables by day and by symbol; what these say follows under Entry and
Allocation.

"""

ENTRY = """\
Of {decisions:,} entries 0.9.0 lets {old:,} open and 1.0.0 {new:,}: {fewer:,} fewer, {share:.1%} of what 0.9.0
lets in, and none that 0.9.0 does not. Each of the {fewer:,} adds to a position that is held. The older version
ends at ALLOW_SCALE_IN once step 6 is passed, and never asks what steps 7 to 9 ask: {regime:,} add to the book
while {per_regime} positions or more stand in the regime already, {symbol:,} while {per_symbol} or more stand in
the symbol. What opens in a symbol that is not held is decided alike.

Entry commits no capital by itself. On the inputs of these {fewer:,} the older allocation commits {capital:,.0f}
dollars.
"""

ALLOCATION = """\
0.9.0 gives each of {decisions:,} entries a size; 1.0.0 refuses {refused:,} of them ({share:.1%}) and gives all
others the same. The older version raises what the caps leave to the smallest trade, {least:.0f} dollars, after
they were applied. So {past:,} of the refused go past a cap: {of_symbol:,} past that of the symbol, {of_book:,}
past that of the book, {of_both:,} past both. Of the rest, {no_risk:,} have a risk score of 0, by which nothing
is to be committed, and {own:,} are small by themselves.

The capital is little: {capital:,.0f} of {before:,.0f} dollars ({capital_share:.2%}), {least:.0f} at a time. And a
position opens only where entry lets it in as well. Asked of the inputs of the refused, entry 0.9.0 lets in
{past_in:,} of those past a cap, as it blocks by itself once a cap is reached, and {no_risk_in:,} of those with a
risk score of 0. These {both_in:,} the two older policies open together, and the newer ones do not.
"""

COUNTED = """### Counted again

Each of the {decisions:,} decisions was read from the table as plain JSON, decided by both versions, one by one,
with the reader that decides in service, and once more by an oracle in plain Python that was written from the
source documents (`tests/oracles/entry.py`): {verdicts:,} verdicts, with those of the other policy where one changes, of
which none differs. Counted in
dictionaries, they come to the {numbers:,} numbers that the report has (by rule, by day and by symbol, with
capital and notional to nine digits) and to the decisions that it names: none differs. 0.9.0 decides all of them
as they are on record. Why a size is small, and what the other policy says to the same inputs, is of the recount
alone: the report does not tell it.
"""


@dataclass(frozen=True)
class Source:
    """What the decisions were made from."""

    decisions: int
    trades: int
    files: int


def section(source: Source, report: Report, recount: Recount, numbers: int, drawn: str) -> str:
    """What stands between the markers. Raises ValueError where the words no longer say what was counted."""
    entry, allocation = report.replays
    parts = [
        _filled(
            HEAD,
            command=COMMAND, drawn=drawn, decisions=source.decisions, trades=source.trades, files=source.files,
            seed=log.SEED, before=log.BEFORE, average=log.HELD_ON_AVERAGE, most=log.MOST_HELD, lap=log.LAP_US / 1e6,
            least=log.STAKES[0], largest=log.STAKES[1], added=log.ADDED, equity=log.EQUITY, deviation=log.DEVIATION,
            rested=log.RESTED_S / 60, of_symbol=log.OF_SYMBOL, of_symbol_rested=log.OF_SYMBOL_S / 60,
        ),
        "\n".join(_in_short(report)),
        f"\n\n### Entry\n\n{_entry(entry, recount)}",
        *_tables(entry),
        *_shown(entry),
        f"\n### Allocation\n\n{_allocation(allocation, recount)}",
        *_tables(allocation),
        *_shown(allocation),
        "\n",
        _filled(COUNTED, decisions=source.decisions, verdicts=recount.verdicts, numbers=numbers),
        "\n",
    ]  # fmt: skip
    return "".join(parts)


def pictures(report: Report) -> dict[str, str]:
    """The pictures by the names of their files."""
    found: dict[str, str] = {}
    for replay in report.replays:
        told = {"over-time": over_time(replay), "by-symbol": by_symbol(replay)}
        told |= {f"{name}-admitted": svg for name, svg in amounts(replay) if name == "capital"}
        told |= {f"{name}-changing": svg for name, svg in changing(replay) if name == "capital"}
        found |= {f"{replay.policy}-{name}.svg": f"{svg}\n" for name, svg in told.items() if svg}
    return found


def part_of(page: str) -> tuple[str, str, str]:
    """A page up to the part, the part, and what follows. Raises ValueError where its markers are missing."""
    before, start, rest = page.partition(START)
    part, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"the page lacks its markers `{START.strip()}` and `{END}`")
    return before + start, part, end + after


def drawn_by(part: str) -> str:
    """The version of matplotlib that a page notes; empty where it notes none."""
    found = _DRAWN.search(part)
    return found[1] if found else ""


def _filled(text: str, **said: object) -> str:
    """A text with its figures, no line of which is wider than the pages of this house."""
    paragraphs = text.format(**said).split("\n\n")
    return "\n\n".join(one if one.startswith(("<", "#")) else _wrapped(one) for one in paragraphs)


def _wrapped(paragraph: str) -> str:
    items = re.split(r"\n(?=- )", paragraph.rstrip("\n"))
    lines = (
        textwrap.fill(
            " ".join(item.split()),
            WIDTH,
            subsequent_indent="  " if item.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for item in items
    )
    return "\n".join(lines) + ("\n" if paragraph.endswith("\n") else "")


def _in_short(report: Report) -> Iterator[str]:
    """The report's own Markdown without days and symbols, of which the page has tables and pictures."""
    replays = [msgspec.structs.replace(one, by_day=[], by_symbol=[]) for one in report.replays]
    for line in as_markdown(msgspec.structs.replace(report, replays=replays)):
        yield f"###{line}" if line.startswith("#") else line


def _entry(found: Replayed, recount: Recount) -> str:
    closed = [pair for pair in found.pairs if pair.change != "same"]
    if any(pair.change != "allow-to-block" or pair.old.rule != "scale-in" for pair in closed):
        raise ValueError("the words say that only scale-ins of `entry` change, from allowed to blocked")
    of_rule = {pair.new.rule: pair.decisions for pair in closed}
    if not of_rule.keys() <= {"regime", "positions-symbol"}:
        raise ValueError(f"the words say that `regime` and `positions-symbol` of `entry` block, not {[*of_rule]}")
    old = sum(pair.decisions for pair in found.pairs if pair.old.effect == "allow")
    new = sum(pair.decisions for pair in found.pairs if pair.new.effect == "allow")
    return _filled(
        ENTRY,
        decisions=found.decisions, old=old, new=new, fewer=old - new, share=(old - new) / old,
        regime=of_rule.get("regime", 0), symbol=of_rule.get("positions-symbol", 0),
        per_regime=DEFAULTS.max_per_regime, per_symbol=DEFAULTS.max_per_symbol, capital=recount.capital,
    )  # fmt: skip


def _allocation(found: Replayed, recount: Recount) -> str:
    sums = {one.change: one for one in found.sums}
    if sums.keys() != {"allow-to-block", "same"} or any(pair.old.effect != "allow" for pair in found.pairs):
        raise ValueError("the words say that `allocation` 0.9.0 sizes everything, and that 1.0.0 only refuses")
    refused, small = sums["allow-to-block"], recount.small
    if small.total() != refused.decisions or sums["same"].old != sums["same"].new:
        raise ValueError("the words say why every refused size is small, and that all others are the same")
    past_caps = ("the cap of the symbol", "the cap of the book", "both caps")
    of_symbol, of_book, of_both = (small[why, True] + small[why, False] for why in past_caps)
    past_in, no_risk_in = sum(small[why, True] for why in past_caps), small[NO_RISK, True]
    before = sum(one.old["capital"] for one in found.sums)
    return _filled(
        ALLOCATION,
        decisions=found.decisions, refused=refused.decisions, share=refused.decisions / found.decisions,
        least=DEFAULTS.min_trade, past=of_symbol + of_book + of_both, of_symbol=of_symbol, of_book=of_book,
        of_both=of_both, no_risk=no_risk_in + small[NO_RISK, False], own=small[OWN, True] + small[OWN, False],
        past_in=past_in, no_risk_in=no_risk_in, both_in=past_in + no_risk_in + small[OWN, True],
        capital=refused.old["capital"], before=before,
        capital_share=refused.old["capital"] / before,
    )  # fmt: skip


def _tables(found: Replayed) -> Iterator[str]:
    """By month and by symbol."""
    months: dict[str, list[Sum]] = {}
    for day in found.by_day:
        months.setdefault(f"{day.day:%Y-%m}", []).extend(day.sums)
    yield _table("month", months.items())
    symbols = sorted(((one.symbol, one.sums) for one in found.by_symbol), key=lambda one: (-_closed(one[1]), one[0]))
    others = symbols[MOST_SYMBOLS:]
    rest = [(f"{len(others)} others", [total for _, sums in others for total in sums])] if others else []
    yield _table("symbol", [*symbols[:MOST_SYMBOLS], *rest])


def _table(title: str, listed: Iterable[tuple[str, list[Sum]]]) -> str:
    rows = [(name, sums) for name, sums in listed]
    capital = any("capital" in one.old for _, sums in rows for one in sums)
    heads = [title, "decisions", "allowed before, blocked now", "share"]
    heads += ["capital before", "capital now"] if capital else []
    lines = ["", f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * (len(heads) - 1)}"]
    for name, sums in rows:
        decisions, closed = sum(one.decisions for one in sums), _closed(sums)
        cells = [name, f"{decisions:,}", f"{closed:,}", f"{closed / decisions:.2%}"]
        if capital:
            cells += [f"{sum(one.old['capital'] for one in sums):,.0f}"]
            cells += [f"{sum(one.new['capital'] for one in sums):,.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _closed(sums: Iterable[Sum]) -> int:
    return sum(one.decisions for one in sums if one.change == "allow-to-block")


def _shown(found: Replayed) -> Iterator[str]:
    titles = {
        "over-time": "changes over time",
        "by-symbol": "changes by symbol",
        "capital-admitted": "capital admitted, before and now",
        "capital-changing": "capital newly admitted and newly blocked",
    }
    has_capital = any("capital" in one.old for one in found.sums)
    for name, title in titles.items():
        if has_capital or not name.startswith("capital"):
            yield f"\n![{found.policy}: {title}](pictures/{found.policy}-{name}.svg)\n"
