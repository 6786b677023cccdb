"""What the YAML reader says of faulty texts: the texts and the words are files in `yaml_cases`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rules.diagnostics import Diagnostic
from rules.yaml_nodes import plain
from rules.yaml_traps import CODES
from tests.rules.test_yaml_reader import read, scalars

CASES = Path(__file__).with_name("yaml_cases")


@dataclass(frozen=True)
class Said:
    code: str
    place: str
    marked: str | None
    write: str | None


def read_cases(name: str) -> Iterator[tuple[str, list[Said]]]:
    for case in re.split(r"^====\n", (CASES / name).read_text("utf-8"), flags=re.MULTILINE):
        text, *said = re.split(r"^=> ", case, flags=re.MULTILINE)
        yield text, [expected(lines) for lines in said]


def expected(said: str) -> Said:
    first, *rest = said.splitlines()
    code, place = first.split()
    more = dict(line.split(": ", 1) for line in rest)
    return Said(code, place, more.get("marked"), more.get("write"))


VALUES = list(read_cases("values.txt"))
LINES = list(read_cases("lines.txt"))
ALL = [*VALUES, *LINES, *read_cases("others.txt")]
MOVED = re.compile(r"(?:(\d+) spaces?|no space) (?:before|and then) `(.*)`(, and its other lines moved alike)?")


def found(diagnostic: Diagnostic, like: Said) -> Said:
    """What was said, as far as the case speaks of it."""
    marked = " ".join(diagnostic.span.text.split())
    return Said(
        diagnostic.code,
        f"{diagnostic.span.line}:{diagnostic.span.column}",
        marked if like.marked is not None else None,
        diagnostic.remedy if like.write is not None else None,
    )


@pytest.mark.parametrize(("text", "said"), ALL)
def test_a_fault_is_named_and_placed(text: str, said: list[Said]) -> None:
    diagnostics = read(text).diagnostics
    assert [d.code for d in diagnostics] == [each.code for each in said]
    assert [found(*pair) for pair in zip(diagnostics, said, strict=True)] == said


@pytest.mark.parametrize(("text", "said"), VALUES)
def test_what_the_remedy_says_is_right(text: str, said: list[Said]) -> None:
    (diagnostic,) = read(text).diagnostics
    document = read(mended(text, diagnostic))
    assert not document.diagnostics, mended(text, diagnostic)
    assert said[0].marked in [each.value for each in scalars(document.root)]


@pytest.mark.parametrize(("text", "said"), [case for case in LINES if case[1][0].write])
def test_a_line_as_the_remedy_says_it_is_right(text: str, said: list[Said]) -> None:
    (diagnostic,) = read(text).diagnostics
    assert not read(mended(text, diagnostic)).diagnostics, mended(text, diagnostic)


def mended(text: str, diagnostic: Diagnostic) -> str:
    """The text with the line or the value that a remedy writes."""
    start, end, remedy = diagnostic.span.start, diagnostic.span.end, diagnostic.remedy
    if moved := MOVED.fullmatch(remedy):
        own, column = diagnostic.span.column - 1, int(moved[1] or 0)
        rest = re.sub(rf"^ {{{own}}}(?= )", " " * column, text[end:], flags=re.MULTILINE) if moved[3] else text[end:]
        return text[: text.rfind("\n", 0, start) + 1] + " " * column + moved[2] + rest
    before = max(i for i in range(len(remedy)) if text[:start].endswith(remedy[:i]))
    return text[: start - before] + remedy + text[end:]


def stands_inside(text: str) -> bool:
    """Whether a case is a mapping or list that may stand inside another."""
    return bool(re.match(r"[a-z]+:|- ", text)) and not re.search(r"^(---|\.\.\.)", text, re.MULTILINE)


@pytest.mark.parametrize(("text", "said"), [case for case in ALL if stands_inside(case[0])])
def test_a_fault_is_the_same_inside_a_longer_document(text: str, said: list[Said]) -> None:
    above = "first: [1, {a: 'b'}]\nouter:\n"
    document = read(above + re.sub(r"^(?=.)", "    ", text, flags=re.MULTILINE))
    expected_places = [(each.code, int(each.place.split(":")[0]) + above.count("\n")) for each in said]
    assert [(d.code, d.span.line) for d in document.diagnostics] == expected_places


def test_a_mended_value_is_there_for_later_stages() -> None:
    document = read("- {when: f(a, b), then: !c d}\n- d: >5\n- {e}\n- a: 1\n  a: 2")
    assert document.root is not None
    assert len(document.diagnostics) == 5
    assert plain(document.root) == [
        {"when": "f(a, b)", "then": "!c d"}, {"d": ">5"}, "{e}", {"a": 1},
    ]  # fmt: skip


def test_a_duplicate_names_the_first() -> None:
    (diagnostic,) = read("a: 1\nb: 2\na: 3").diagnostics
    assert [(str(span), text) for span, text in diagnostic.notes] == [("a.yaml:1:1", "first written here")]


def test_every_code_has_a_case_and_an_explanation() -> None:
    in_files = {each.code for _, said in ALL for each in said}
    of_bytes_and_sizes = {
        "yaml-alias-explosion",
        "yaml-control-character",
        "yaml-depth",
        "yaml-encoding",
        "yaml-tab",
        "yaml-too-large",
    }  # their cases stand in `test_yaml_reader.py`
    assert in_files | of_bytes_and_sizes == set(CODES)
    assert list(CODES) == sorted(CODES)
