"""The plots of a report, as SVG that stands in a page: no script, no font from elsewhere, the same for the same report.

Needs matplotlib.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from adapters.extras import lacking
from adapters.replaying.report import OfDay, Replayed, Sum
from adapters.replaying.words import MEANT, TOLD, amount_names, meant
from engine.comparison import Change

try:
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(lacking("plots need matplotlib", "report"), name=missing.name) from missing

COLOURS: Mapping[Change, str] = {"block-to-allow": "#b3261e", "allow-to-block": "#b26a00", "outcome": "#1565c0"}
BEFORE, NOW = "#8a8f98", "#1b5e20"
HANDS: tuple[tuple[str, str, tuple[Change, ...]], ...] = (
    ("newly admitted", COLOURS["block-to-allow"], ("block-to-allow",)),
    ("newly blocked", COLOURS["allow-to-block"], ("allow-to-block",)),
    ("allowed by both, another size", COLOURS["outcome"], ("outcome", "rule", "same")),
)
"""The ways in which an amount changes hands, with their colours and the changes that they sum."""
LEAST = 0.005
"""Half a cent: what is less on every day is rounding."""
MOST_BARS = 60
"""Bars over time; more days than that are put together."""
MOST_SYMBOLS = 15
STYLE: Any = {
    "svg.fonttype": "none", "svg.hashsalt": "bascule", "font.family": "sans-serif", "font.size": 9.0,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25, "axes.axisbelow": True,
}  # fmt: skip
_PREAMBLE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)


def over_time(found: Replayed) -> str:
    """How many decisions changed, by day; empty where none did."""
    bins = _binned(found.by_day)
    if not any(meant(sums) for _, sums in bins):
        return ""
    figure, axes = _figure(2.6)
    bottom = [0] * len(bins)
    for change in MEANT:
        counts = [sum(one.decisions for one in sums if one.change == change) for _, sums in bins]
        if any(counts):
            axes.bar(range(len(bins)), counts, 0.85, bottom, color=COLOURS[change], label=TOLD[change])
            bottom = [below + count for below, count in zip(bottom, counts, strict=True)]
    _days(axes, [day for day, _ in bins])
    axes.set_ylabel("decisions")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.0, 1.18), ncols=len(MEANT))
    return _svg(figure)


def by_symbol(found: Replayed) -> str:
    """How many decisions changed, by symbol, the most first; empty where none did."""
    listed = [(one.symbol or "none", meant(one.sums)) for one in found.by_symbol]
    listed = [one for one in listed if one[1]]
    listed.sort(key=lambda one: (-sum(total.decisions for total in one[1].values()), one[0]))
    if not listed:
        return ""
    shown = listed[:MOST_SYMBOLS][::-1]
    figure, axes = _figure(0.9 + 0.24 * len(shown))
    left = [0] * len(shown)
    for change in MEANT:
        counts = [sums[change].decisions if change in sums else 0 for _, sums in shown]
        if any(counts):
            axes.barh(range(len(shown)), counts, 0.8, left, color=COLOURS[change], label=TOLD[change])
            left = [before + count for before, count in zip(left, counts, strict=True)]
    axes.set_yticks(range(len(shown)), [_plain(name) for name, _ in shown])
    axes.set_xlabel(f"decisions, of the {len(shown)} symbols with most" if len(listed) > len(shown) else "decisions")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return _svg(figure)


def amounts(found: Replayed) -> list[tuple[str, str]]:
    """By the name of each amount, what both sides admit of it over time, added up."""
    return [(name, _amount(found, name)) for name in amount_names(found)]


def _amount(found: Replayed, name: str) -> str:
    days = found.by_day
    figure, axes = _figure(2.6)
    for label, colour, values in (
        ("before", BEFORE, [sum(one.old.get(name, 0.0) for one in day.sums) for day in days]),
        ("now", NOW, [sum(one.new.get(name, 0.0) for one in day.sums) for day in days]),
    ):
        total, sums = 0.0, []
        for value in values:
            total += value
            sums.append(total)
        axes.step(np.array([day.day for day in days], "datetime64[D]"), sums, where="post", color=colour, label=label)
    axes.set_ylabel(f"{name} admitted")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.legend(frameon=False, loc="upper left")
    figure.autofmt_xdate(rotation=0, ha="center")
    return _svg(figure)


def changing(found: Replayed) -> list[tuple[str, str]]:
    """By the name of each amount, what is admitted now and was not, upwards, and the reverse, by day; none, no plot.

    All bars together are what the sum now differs by. Where one side names no such amount, as what is on record does
    not, nothing says what changed.
    """
    compared = [name for name in amount_names(found) if all(name in one.old and name in one.new for one in found.sums)]
    return [(name, svg) for name in compared if (svg := _changing(found, name))]


def _changing(found: Replayed, name: str) -> str:
    bins = _binned(found.by_day)
    figure, axes = _figure(2.6)
    above, below = np.zeros(len(bins)), np.zeros(len(bins))
    drawn = False
    for label, colour, changes in HANDS:
        heights = np.array(
            [sum(one.new[name] - one.old[name] for one in sums if one.change in changes) for _, sums in bins]
        )
        if not (np.abs(heights) >= LEAST).any():
            continue
        axes.bar(range(len(bins)), heights, 0.85, np.where(heights < 0.0, below, above), color=colour, label=label)
        above, below, drawn = above + heights.clip(min=0.0), below + heights.clip(max=0.0), True
    if not drawn:
        return ""
    axes.axhline(0.0, color=BEFORE, linewidth=0.8)
    _days(axes, [day for day, _ in bins])
    axes.set_ylabel(name)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.0, 1.18), ncols=len(HANDS))
    return _svg(figure)


def _figure(height: float) -> tuple[Figure, mpl.axes.Axes]:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.6, height), layout="constrained")
        return figure, figure.subplots()


def _days(axes: mpl.axes.Axes, days: Sequence[date]) -> None:
    step = max(1, -(-len(days) // 6))
    axes.set_xticks(range(0, len(days), step), [days[at].isoformat() for at in range(0, len(days), step)])


def _binned(days: Sequence[OfDay]) -> list[tuple[date, list[Sum]]]:
    """The days, or spans of as many days as keep the bars readable, each by its first day; none is left out."""
    if not days:
        return []
    first, last = days[0].day, days[-1].day
    width = -(-((last - first).days + 1) // MOST_BARS)
    bins: list[tuple[date, list[Sum]]] = [
        (first + timedelta(days=at), []) for at in range(0, (last - first).days + 1, width)
    ]
    for one in days:
        bins[(one.day - first).days // width][1].extend(one.sums)
    return bins


def _plain(text: str) -> str:
    """Text that is no formula of matplotlib, nor steers anything."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text).replace("$", "\\$")


def _svg(figure: Figure) -> str:
    out = io.StringIO()
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # whoever shows it has fonts of their own
        figure.savefig(out, format="svg", metadata={"Date": None})
    return _METADATA.sub("", _PREAMBLE.sub("", out.getvalue(), count=1))
