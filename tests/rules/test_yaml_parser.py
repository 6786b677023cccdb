"""The parser of YAML finds the tokens and events that PyYAML finds, each where PyYAML finds it, and its errors."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yaml.error import Mark, MarkedYAMLError
from yaml.events import Event
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner
from yaml.tokens import Token

from rules.yaml_parser import YamlParser

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*ROOT.glob("policies/**/*.yaml"), *ROOT.glob("tests/**/*.yaml")])
SIGNS = (
    *(": ", ":", " ", "\n", "\n  ", "\n    ", "- ", "-", "#", " #", "? ", "?", "{", "}", "[", "]", ",", ", "),
    *('"', "'", "''", "\\", "\\x41", "|\n", "|-\n  a\n", ">", "&a ", "*a", "!", "!!str ", "%", "@", "\t", "\r\n"),
    *("---", "\n---\n", "\n...\n", "a", "b c", "key: ", "1", "~", "é", "\u00a0", "a:b", "a#b", '"q"', "'it''s'"),
)


class PyYaml(Reader, Scanner, Parser):
    """PyYAML as it comes."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def told(read: Callable[[], Event | Token | None]) -> Iterator[object]:
    """Everything that is read, with its marks, and how it ended."""
    try:
        while (one := read()) is not None:
            yield type(one), {name: seen(value) for name, value in vars(one).items()}
    except (MarkedYAMLError, ValueError, OverflowError) as error:  # PyYAML lets `chr` raise: the parser says where
        yield str(error) if isinstance(error, MarkedYAMLError) and "unknown escape" not in str(error) else "an escape"


def seen(value: object) -> object:
    """A mark as its numbers."""
    return (value.index, value.line, value.column) if isinstance(value, Mark) else value


def assert_same(text: str) -> None:
    for method in ("get_event", "get_token"):
        assert list(told(getattr(YamlParser(text), method))) == list(told(getattr(PyYaml(text), method)))


@pytest.mark.parametrize("folder", sorted({file.parent for file in FILES}), ids=lambda path: path.name)
def test_files_are_read_as_pyyaml_reads_them(folder: Path) -> None:
    """Whole, and with a few signs put in, taken out or written over."""
    rng = random.Random(folder.name)  # noqa: S311 -- made-up texts need a seed, not secrecy
    for file in (file for file in FILES if file.parent == folder):
        text = file.read_text("utf-8", errors="ignore")
        if not usable(text) or len(text) > 50_000:
            continue
        assert_same(text)
        lines = text.splitlines(keepends=True)
        for _ in range(5):
            start = rng.randrange(len(lines))
            part = "".join(lines[start : start + rng.randint(1, 12)])
            at = rng.randint(0, len(part))
            assert_same(part[:at] + rng.choice(SIGNS) + part[at + rng.choice((0, 0, 1, 2, 5)) :])


def usable(text: str) -> bool:
    """Whether the reader hands a text on to the parser."""
    return not re.search("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)", text)


@settings(max_examples=500)
@given(st.lists(st.sampled_from(SIGNS), max_size=14).map("".join))
@example("]:a,}?:  # {, ")
@example('"\\U99999999"')
@example("a: b\n c: d\n")
@example("a: 'b\n--- c'")
@example("k" * 1030 + ": 1")
@example("{a: b\n\n  c  # d\n, e: [f, g h :i]}")
def test_any_text_is_read_as_pyyaml_reads_it(text: str) -> None:
    if usable(text):
        assert_same(text)
