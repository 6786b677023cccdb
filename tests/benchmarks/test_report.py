"""The page of figures is what its command writes: the same tables, the same columns, a figure where one belongs."""

import re
from pathlib import Path

import pytest

from benchmarks.contenders import CHECKED, own_contenders, shipped_entry
from benchmarks.peers.table import NAMES
from benchmarks.report import BOUNDS, OURS, PAGE, PEERS, RULES, SECTIONS, TIMES, Section, page, scripts, table
from benchmarks.snapshots import everyday
from tests.oracles.snapshots import RESULTS

ROOT = Path(__file__).resolve().parents[2]
FIGURE = re.compile(r"[0-9][0-9,]*(\.[0-9]+)?%?( (to|of) [0-9]+)?")
NOT_FIGURES = {"version", "language", "facts", "holds"}


def tables(text: str) -> dict[str, list[list[str]]]:
    """The cells of each section's table, its head first."""
    found: dict[str, list[list[str]]] = {}
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        lines = [line for line in part.splitlines() if line.startswith("|")]
        if lines:
            cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
            found[part.splitlines()[0]] = [cells[0], *cells[2:]]
    return found


def written() -> tuple[Section, ...]:
    return tuple(section for section in SECTIONS if section.script in scripts())


def faults(text: str) -> list[str]:
    """Where a page has not the shape that the command writes."""
    found = tables(text)
    wrong = [f"tables: {list(found)}"] if list(found) != [section.heading for section in written()] else []
    for section in SECTIONS:
        head, *body = found.get(section.heading, [list(section.columns)])
        if tuple(head) != section.columns:
            wrong.append(f"{section.heading}: columns {head}")
        for row in body:
            if len(row) != len(head):
                wrong.append(f"{section.heading}: {row}")
                continue
            cells = zip(head[1:], row[1:], strict=True)
            no_figures = [cell for name, cell in cells if name not in NOT_FIGURES and not FIGURE.fullmatch(cell)]
            checked = section is PEERS and row[0].endswith(CHECKED)
            if no_figures != ([""] if checked else []):
                wrong.append(f"{section.heading}: {row}")
    return wrong


def test_the_page_has_the_shape_that_the_command_writes() -> None:
    assert faults(PAGE.read_text("utf-8")) == []


def test_the_page_shows_everybody() -> None:
    found = tables(PAGE.read_text("utf-8"))
    own = own_contenders(shipped_entry(ROOT), everyday()[:10])
    assert [row[0] for row in found[OURS.heading][1:]] == list(own)
    peers = [row[0] for row in found[PEERS.heading][1:] if not row[0].endswith(CHECKED)]
    assert peers == [name for name in NAMES if name in peers]
    assert {row[0] for row in found[RULES.heading][1:]} == set(RESULTS)
    bounded = " ".join(row[0] for row in found[BOUNDS.heading][1:])
    assert [name for name in peers if f"to {name} " not in bounded] == []


def test_the_page_says_how_it_was_made() -> None:
    text = PAGE.read_text("utf-8")
    assert re.search(r"^Written by `make benchmarks`, .* Python 3\.[0-9]+\.[0-9]+ on$", text, re.MULTILINE | re.DOTALL)
    assert [section.heading for section in written() if f"`python benchmarks/{section.script}`" not in text] == []


@pytest.mark.parametrize(
    ("was", "made"),
    [
        ("| x hand |", "| by hand |"),
        (f"## {BOUNDS.heading}", "## Boundaries"),
        ("| otherwise | ", "| otherwise | about "),
    ],
)
def test_another_shape_is_noticed(was: str, made: str) -> None:
    text = PAGE.read_text("utf-8")
    assert was in text
    assert faults(text.replace(was, made)) != []


def test_tables_and_pages_from_figures() -> None:
    assert list(table(("a", "b"), iter([("1", "2")]))) == ["| a | b |", "|---|---|", "| 1 | 2 |"]
    figures = {
        "columns.py": {
            name: dict.fromkeys((*(f"{t}_ns" for t in TIMES), "million_a_second"), 1.5)
            for name in ("columns", "scalar")
        }
    }
    text = page({name: {**found, "ratio": 5.0, "long_rows": 10} for name, found in figures.items()})
    assert "| columns | 1.5 | 1.5 | 1.5 | 1.5 |" in text
