"""Every wrong document of the corpus is told exactly what is wrong with it, where, and in the house's words."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from engine.policy import compile_bundle
from rules.bundle import load
from rules.codes import CODES
from rules.diagnostics import Diagnostic, Refused, render
from rules.yaml_reader import MAX_BYTES
from tests.errors.corpus import BASE, Case, Expected, cases

HOST_WORDS = re.compile(
    r"Traceback|Error\b|Exception|NoneType|\bNone\b|\bTrue\b|\bFalse\b|\bdict\b|\bstr\b|\bfloat\b|\bobject at\b|"
    r"(?:Double|Int|String|Bool|Enum|List|Map|Record|Timestamp|Duration)Type|pydantic|Mapping\b|rules\.|0x[0-9a-f]{6,}"
)
NO_TEXT = {"yaml-too-large", "yaml-encoding"}
"""Codes of files whose text was never read, so that there is no line to show."""


def check(folder: Path) -> list[Diagnostic]:
    """What `bascule check` says: the bundle's diagnostics, and those of compiling it."""
    checked = load(folder)
    found = list(checked.diagnostics)
    assert (checked.bundle is None) == any(d.severity == "error" for d in found)
    if checked.bundle is not None:
        try:
            compile_bundle(checked.bundle)
        except Refused as refused:
            found += refused.diagnostics
    return found


def as_expected(folder: Path, found: Diagnostic, like: Expected | None) -> Expected:
    """A diagnostic in the words of an expectation, as far as that speaks of it."""
    seen = found.notes[-1][0].text if found.notes else ""
    return Expected(
        Path(found.span.source.name).relative_to(folder).as_posix(),
        found.span.line,
        found.span.column,
        found.code,
        like.message if like is not None and like.message in found.message else found.message,
        like.remedy if like is not None and like.remedy in found.remedy else found.remedy,
        "" if like is not None and not like.seen else seen,
    )


ALL = cases()


@dataclass(frozen=True)
class Told:
    """A case laid out, what was expected of it and what was said."""

    folder: Path
    expected: list[Expected]
    found: list[Diagnostic]


@pytest.fixture(scope="module")
def tell(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Told]:
    """Lays out and checks a case, once."""

    @cache
    def told(case: Case) -> Told:
        folder = tmp_path_factory.mktemp("case") / "bundle"
        return Told(folder, case.lay_out(folder), check(folder))

    return told


@pytest.mark.parametrize("case", ALL, ids=[case.name for case in ALL])
def test_a_wrong_document_is_told_what_is_wrong(case: Case, tell: Callable[[Case], Told]) -> None:
    told = tell(case)
    folder, expected, found = told.folder, told.expected, told.found
    assert expected, "a case says what it expects"
    paired = [*expected, *[None] * len(found)]
    said = [as_expected(folder, diagnostic, like) for diagnostic, like in zip(found, paired, strict=False)]
    assert said == expected, "\n".join(map(render, found))
    for diagnostic in found:
        in_the_words_of_the_house(diagnostic)


def in_the_words_of_the_house(found: Diagnostic) -> None:
    """What holds of every diagnostic."""
    span, shown = found.span, render(found)
    assert found.code in CODES
    lines = span.source.text.count("\n") + 1
    assert 1 <= span.line <= lines
    assert 1 <= span.column <= len(span.source.line(span.line)) + 1
    assert 0 <= span.start <= span.end <= len(span.source.text)
    for text in (found.message, found.expected, found.remedy, *(note for _, note in found.notes)):
        assert not HOST_WORDS.search(re.sub(r"`[^`]*`|\"[^\"]*\"", "", text)), text
        assert not text.endswith((".", "!")) or text.endswith(("…", "`.`")), text
        assert "\n" not in text or found.code.startswith("yaml-"), text
    assert re.match(r"[`a-z]|YAML ", found.message), found.message
    assert shown.startswith(f"{span.source.name}:{span.line}:{span.column}: {found.severity}[{found.code}]: ")
    line = span.source.line(span.line)
    if line.strip():
        assert f"\n  | {line}\n  | " in shown
        caret = shown.split(f"\n  | {line}\n  | ")[1].split("\n")[0]
        assert caret.index("^") == span.column - 1
        assert caret.strip() == "^" * len(caret.strip())
    else:
        assert found.code in NO_TEXT


SAID_TO_BE_EXPECTED = {
    "tables/admits-nothing.yaml": ["a test of double (0.0 to 1.0)"],
    "tables/admits-nothing-of-words.yaml": ["a test of Side (LONG, SHORT)"],
    "tables/result-out-of-range.yaml": ["a value of Unit (0.0 to 1.0)"],
    "tables/whitelist-word.yaml": ["one of `TREND`, `RANGE`, `UNKNOWN`"],
    "tables/whitelist-cell.yaml": ["`yes` or `no`"],
    "suites/unknown-event": ["", "one of `GATE_BLOCK`, `SENT`", ""],
}
"""What the diagnostics of a case say was expected, one after the other."""


@pytest.mark.parametrize("name", SAID_TO_BE_EXPECTED)
def test_what_was_expected_is_said(name: str, tell: Callable[[Case], Told]) -> None:
    (case,) = (case for case in ALL if case.name == name)
    assert [found.expected for found in tell(case).found] == SAID_TO_BE_EXPECTED[name]


IN_PLACE = {
    *("call-input", "call-unknown", "cel-enum", "cel-field", "cel-function", "cel-name", "cel-null", "cel-syntax"),
    *("document-unknown-key", "document-value", "parameter-default"),
    *("input-fact", "outcome-must-block", "outcome-unknown", "suite-event", "suite-fixture", "suite-outcome"),
    *("suite-output", "suite-parameter", "suite-path", "suite-policy", "suite-rule"),
    *("types-default", "types-unknown", "uses-unknown"),
}
"""Codes whose remedy, where it is one word or one expression, stands for what the caret marks."""
PIECE = re.compile(r"`([^`…]+)`|(\"\w+\")")


@pytest.mark.no_cover
@pytest.mark.parametrize("case", ALL, ids=[case.name for case in ALL])
def test_the_word_to_write_is_right(case: Case, tell: Callable[[Case], Told]) -> None:
    told = tell(case)
    for found in told.found:
        word = PIECE.fullmatch(found.remedy)
        if found.code not in IN_PLACE or word is None or found.span.text == (word[1] or word[2]):
            continue
        file, text = Path(found.span.source.name), found.span.source.text
        file.write_text(text[: found.span.start] + (word[1] or word[2]) + text[found.span.end :], encoding="utf-8")
        said = [(d.code, d.span.start, d.message) for d in check(told.folder)]
        assert (found.code, found.span.start, found.message) not in said
        assert not [each for each in said if each[:2] == (found.code, found.span.start)], said
        file.write_text(text, encoding="utf-8")


DRAFTS = [case for case in ALL if case.path.suffix == ".edit"]
OF_LINES = {"yaml-flow-comma", "yaml-indentation", "yaml-missing-colon", "yaml-missing-comma", "yaml-missing-dash"}
MOVED = re.compile(r"(\d+) spaces? (?:before|and then) `(.*)`")


def as_written(found: Diagnostic) -> str:
    """The text with what a diagnostic says is to be written, in its place or as its whole line."""
    text, start, end, remedy = found.span.source.text, found.span.start, found.span.end, found.remedy
    if moved := MOVED.fullmatch(remedy):
        line = found.span.text if moved[2].endswith("…") else moved[2]
        return text[: text.rfind("\n", 0, start) + 1] + " " * int(moved[1]) + line + text[end:]
    before = max(i for i in range(len(remedy)) if text[:start].endswith(remedy[:i]))
    return text[: start - before] + remedy + text[end:]


@pytest.mark.no_cover
@pytest.mark.parametrize("case", DRAFTS, ids=[case.name for case in DRAFTS])
def test_a_line_written_as_said_is_right(case: Case, tell: Callable[[Case], Told]) -> None:
    told = tell(case)
    (found, *_) = told.found
    if found.code not in OF_LINES:
        return
    file, text = Path(found.span.source.name), found.span.source.text
    file.write_text(as_written(found), encoding="utf-8")
    assert check(told.folder) == []
    file.write_text(text, encoding="utf-8")


def test_a_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(BASE, tmp_path / "bundle")
    (folder / "sizing.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    (found,) = check(folder)
    assert (found.code, found.message) == ("yaml-too-large", f"the file has {MAX_BYTES + 1} bytes")
    in_the_words_of_the_house(found)


def test_what_surrounds_the_wrong_documents_is_right() -> None:
    assert check(BASE) == []


def test_every_code_that_documents_can_cause_has_a_case(tell: Callable[[Case], Told]) -> None:
    told = {expected.code for case in ALL for expected in tell(case).expected}
    elsewhere = {
        "environment": "comes from the process: tests/engine/test_overrides.py",
        "bundle-file": "comes from the disk: below",
        "yaml-too-large": "would be a file of a mebibyte: above",
    }
    missing = {code for code in CODES if not code.startswith("yaml-")} - told - set(elsewhere)
    assert missing == set()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shutil.copytree(BASE, tmp_path / "bundle")
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "types.yaml":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (found,) = check(folder)
    assert found.code == "bundle-file"
    assert found.message == "the file cannot be read: permission denied"
    assert Path(found.span.source.name).name == "types.yaml"
