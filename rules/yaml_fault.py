"""Where a text stops being YAML, and which value was being written there.

PyYAML says where it stopped and what it looked for. Most of the time the fault lies earlier, in a
value that needed quotes; the tokens up to the stop tell where that value begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from yaml import tokens as tk
from yaml.error import MarkedYAMLError

from rules.diagnostics import Diagnostic
from rules.source import Source
from rules.yaml_parser import YamlParser, extent
from rules.yaml_traps import at_key, bracket_end, quoted, text_end

_SCANNED = re.compile(r"while (scanning|parsing) an? (block scalar|anchor|alias|tag)\b")
_BLANKS = re.compile(r"(?:\s|#[^\n]*)*")
_LINE_INDENT = re.compile(r" *(?:- +)*")
_NEXT_LINE = re.compile(r"[ \t]*(?:#[^\n]*)?\r?\n( +)(?!- |#|[\w.?'\"-]+:(?: |$))\S", re.MULTILINE)
_KEY = re.compile(r"([^'\"{\[\s].*?)(:(?: .*)?)")
_INDICATORS = tuple("!&*|>%@`")


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a value may begin: behind a key, an entry's mark or an opening bracket, or on a line."""

    offset: int
    kind: Literal["value", "entry", "open", "line"]
    key: str = ""


@dataclass(frozen=True, slots=True)
class _Level:
    """A flow collection that is still open, or the block round all of them (`opener` -1)."""

    opener: int
    starts: list[_Start]


@dataclass(frozen=True, slots=True)
class Fault:
    """What could not be read: where YAML stopped, and the value that was being written there."""

    source: Source
    at: int
    problem: str
    context: str
    opened: int | None
    """Where the construct that was being read began."""
    start: int
    end: int
    flow: bool
    begin: _Start
    opener: int

    @property
    def value(self) -> str:
        """The whole value as its writer meant it."""
        return self.source.text[self.start : self.end]

    @property
    def char(self) -> str:
        """The character at which YAML stopped; empty at the end of the text."""
        return self.source.text[self.at : self.at + 1]

    @property
    def one_line(self) -> bool:
        """Whether YAML stopped on the line where the value begins."""
        return "\n" not in self.source.text[self.start : self.at]

    def quoted(self) -> str:
        """The value in quotes, with its key or its list mark; a key in quotes with its value."""
        if self.begin.kind == "value":
            return at_key(self.begin.key, quoted(self.value))
        if " ? " not in self.value and (match := _KEY.fullmatch(self.value)):
            return quoted(match[1]) + match[2]
        mark = "- " if self.begin.kind == "entry" and not self.flow else ""
        return mark + quoted(self.value)

    def told(self, code: str, message: str, expected: str, remedy: str = "") -> Diagnostic:
        """A diagnostic about the value; the remedy is the value in quotes unless another is given."""
        span = self.source.span(self.start, max(self.end, self.start + 1))
        return Diagnostic(code, span, message, expected, remedy or self.quoted())


# Which value was being written?


def locate(source: Source, error: MarkedYAMLError) -> Fault:
    """The value that was being written where PyYAML stopped."""
    text = source.text
    at = error.problem_mark.index if error.problem_mark else len(text)
    opened = error.context_mark.index if error.context_mark else None
    context = error.context or ""
    if opened is not None and _SCANNED.match(context):
        at = opened
    level, begin = _begin(text, at)
    flow = level.opener >= 0
    blanks = _BLANKS.match(text, begin.offset)
    start = min(blanks.end() if blanks else begin.offset, at)
    end = text_end(text, start, flow=flow)
    if not flow:
        end = _continued(text, start, end)
    return Fault(source, at, error.problem or "", context, opened, start, end, flow, begin, level.opener)


def _begin(text: str, at: int) -> tuple[_Level, _Start]:
    """The innermost collection round an offset that is no part of an expression, and the value."""
    levels, expecting = _levels(text, at)
    while len(levels) > 1 and (_goes_on(text, levels[-1].opener) or _is_placeholder(text, levels[-1], at)):
        levels.pop()
    level = levels[-1]
    chosen = len(level.starts) - 1
    while level.opener >= 0 and chosen and _inside_call(text, level.starts, chosen):
        chosen -= 1
    begin = level.starts[chosen]
    line = text.rfind("\n", 0, at) + 1
    first_on_line = begin.offset < line and not text[line:at].strip()
    if level.opener < 0 and not expecting and first_on_line:
        own_line = at - line <= _key_column(text, begin.offset)
        if own_line and text.startswith(_INDICATORS, at):
            return level, _Start(line, "line")
    return level, begin


def _levels(text: str, at: int) -> tuple[list[_Level], bool]:
    """The collections open at an offset, and whether a value has yet to begin there.

    A bracket where no value can begin belongs to an expression (`prices[0]`) and opens nothing.
    """
    levels = [_Level(-1, [_Start(0, "line")])]
    expecting, in_expression, last = True, 0, ""
    for token in tokens(text):
        start, end = extent(token)
        if start >= at:
            break
        match token:
            case tk.FlowSequenceStartToken() | tk.FlowMappingStartToken():
                if in_expression or not expecting:
                    in_expression += 1
                else:
                    levels.append(_Level(start, [_Start(end, "open")]))
            case tk.FlowSequenceEndToken() | tk.FlowMappingEndToken():
                if in_expression:
                    in_expression -= 1
                elif len(levels) > 1:
                    levels.pop()
                expecting = False
            case _ if in_expression:
                pass
            case tk.ValueToken():
                levels[-1].starts.append(_Start(end, "value", last))
                expecting = True
            case tk.FlowEntryToken() | tk.BlockEntryToken():
                levels[-1].starts.append(_Start(end, "entry"))
                expecting = True
            case tk.ScalarToken() | tk.AliasToken():
                if not expecting and levels[-1].opener < 0:
                    levels[-1].starts.append(_Start(start, "line"))
                last, expecting = text[start:end], False
    return levels, expecting


def tokens(text: str) -> Iterator[tk.Token]:
    """The tokens of a text, up to where it stops being YAML."""
    parser = YamlParser(text)
    try:
        while parser.check_token():
            yield parser.next_token()
    except MarkedYAMLError:
        yield from parser.tokens


def _goes_on(text: str, opener: int) -> bool:
    """Whether text follows the bracket that closes this one: `{name} is frozen`."""
    end = bracket_end(text, opener)
    return bool(end) and bool(re.compile(r"[ \t]*[^\s,\]}#:]").match(text, end))


def _is_placeholder(text: str, level: _Level, at: int) -> bool:
    """Whether braces hold one expression and no entry: `{count > 1 ? "orders" : "order"}`."""
    if text[level.opener] != "{" or len(level.starts) > 1 or text[at : at + 1] != "?":
        return False
    return not re.compile(r"\?\s*:").match(text, at) and bool(bracket_end(text, level.opener))


def _inside_call(text: str, starts: list[_Start], chosen: int) -> bool:
    """Whether the comma before a value stands between the arguments of a call."""
    before = text[starts[chosen - 1].offset : starts[chosen].offset]
    return starts[chosen].kind == "entry" and before.count("(") > before.count(")")


def _key_column(text: str, offset: int) -> int:
    line = text.rfind("\n", 0, offset) + 1
    indent = _LINE_INDENT.match(text, line)
    return indent.end() - line if indent else 0


def _continued(text: str, start: int, end: int) -> int:
    """The end of a block value together with the lines that go on with it."""
    column = _key_column(text, start)
    while (line := _NEXT_LINE.match(text, end)) and len(line[1]) > column:
        end = text_end(text, line.end(1), flow=False)
    return end
