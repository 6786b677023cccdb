"""Everything that the source documents say of the shipped policies is shown by a case.

The lists are in `seeds/`; its README says how they read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.engine.shipped import bundle
from tests.policies.pending import PENDING

SEEDS = Path(__file__).parent / "seeds"
LISTS = sorted(SEEDS.glob("*.txt"), key=lambda path: path.name)
LOG_LINE = re.compile(
    r"(?:ENTRY_POLICY_DECISION|CAPITAL_ALLOCATION|ACTION_ROUTE|SKIP |POSITION_SIZE|EXPLORATION"
    r"|BLOCKED_\w+ symbol|CORR_BLOCK|ROTATION_CLOSE weakest|ACTIVE_SLOTS\w* ).*"
)
BEFORE_A_LOG_LINE = re.compile(r"^(?:INFO: |Log: )?[^\w\[\"']*")
SCENARIO = re.compile(r"\*\*(Scenario|Example Block|Result)")


@dataclass(frozen=True)
class Said:
    """Something that a document says, and the cases that show it; none where no policy decides it."""

    quote: str
    cases: tuple[str, ...]


@cache
def said(path: Path) -> tuple[Said, ...]:
    """The lines of a list."""
    lines = path.read_text("utf-8").splitlines()
    return tuple(_said(line) for line in lines)


def _said(line: str) -> Said:
    quote, arrow, shown = line.rpartition(" => ")
    assert arrow, line
    if shown.startswith("none: "):
        return Said(quote, ())
    return Said(quote, tuple(case.strip() for case in shown.split(",")))


@cache
def suites() -> dict[str, dict[str, list[str]]]:
    """The cases of each suite with their tags."""
    return {suite.name: {case.id: list(case.tags) for case in suite.cases} for suite in bundle().suites}


def number(path: Path) -> str:
    return path.name.partition("-")[0]


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_every_case_that_is_named_is_there(path: Path) -> None:
    missing = [
        f"{one.quote}: {case}"
        for one in said(path)
        for case in one.cases
        if (suite := case.partition("/")[0]).removesuffix("-suite") not in PENDING
        and (name := case.partition("/")[2]) not in suites().get(suite, {})
        and not (name == "*" and suites().get(suite))
    ]
    assert missing == []


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_a_case_that_shows_a_document_says_which(path: Path) -> None:
    """Each case that is named has the tag of its document, or that of overruling it."""
    wanted = {f"seed-{number(path)}", "overrules-seed"}
    untagged = [
        case
        for one in said(path)
        for case in one.cases
        if (tags := suites().get(case.partition("/")[0], {}).get(case.partition("/")[2])) is not None
        and not wanted & set(tags)
    ]
    assert sorted(set(untagged)) == []


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_nothing_is_listed_twice(path: Path) -> None:
    quotes = [one.quote for one in said(path)]
    assert sorted({quote for quote in quotes if quotes.count(quote) > 1}) == []


def test_what_is_pending_is_not_there() -> None:
    assert PENDING & {suite.policy for suite in bundle().suites} == set(), "it has a suite, and is still called pending"


# Against the documents themselves.


@pytest.fixture(scope="module")
def documents(repository: Path) -> dict[str, str]:
    """The source documents by their names, where they are at hand."""
    folder = repository.parent / "shared" / "seeds"
    if not folder.is_dir():
        pytest.skip(f"no source documents at {folder}")
    found = {path.stem: path.read_text("utf-8") for path in folder.glob("*.md")}
    assert {path.stem for path in LISTS} == found.keys()
    return found


def spaced(text: str) -> str:
    """Text with one blank wherever there is space."""
    return " ".join(text.split())


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_every_quote_is_the_documents_own(path: Path, documents: dict[str, str]) -> None:
    text = spaced(documents[path.stem])
    assert [one.quote for one in said(path) if one.quote not in text] == []


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_every_heading_row_and_log_line_is_listed(path: Path, documents: dict[str, str]) -> None:
    quotes = {one.quote for one in said(path)}
    assert [item for item in stated(documents[path.stem]) if item not in quotes] == []


def stated(text: str) -> Iterator[str]:
    """Headings, scenarios, rows of tables, and log lines in blocks of code."""
    fenced = False
    lines = text.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("Log: "):
            found = LOG_LINE.match(BEFORE_A_LOG_LINE.sub("", line))
            if found:
                more = following if following.startswith("     ") and "=" in following else ""
                yield spaced(re.sub(r"\s+#.*$", "", found[0]) + " " + more)
        elif line.startswith("#"):
            yield line.lstrip("#").strip()
        elif SCENARIO.match(line) or (line.startswith("|") and not re.fullmatch(r"[\s|-]+", line)):
            yield line.strip()
