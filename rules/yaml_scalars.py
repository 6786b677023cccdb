"""What a YAML scalar says: its text with the place of every character, and its YAML 1.2 value.

PyYAML finds where a scalar begins and ends; this module reads the characters between. The text it
gives is the text PyYAML gives (a test compares the two), with one source offset per character.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rules.yaml_nodes import Offsets, ScalarValue

_FOLD = re.compile(r"[ \t]*(?:\r?\n[ \t]*)+")
_ESCAPED_FOLD = re.compile(r"(?:\r?\n[ \t]*)+")

_SIMPLE_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f",
    "r": "\r", "e": "\x1b", " ": " ", '"': '"', "\\": "\\", "/": "/", "N": "\x85", "_": "\xa0",
    "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}

_WORDS: dict[str, ScalarValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_BEGINS_A_NUMBER = frozenset("+-.0123456789")
_INT64_DIGITS = {8: 21, 10: 19, 16: 16}
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class NumberFault:
    """Why a plain scalar that looks like a number is not one a policy may use."""

    message: str
    expected: str


def resolve(text: str) -> ScalarValue | NumberFault:
    """The value of a plain scalar by the YAML 1.2 core schema; whatever it does not name is text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _BEGINS_A_NUMBER:
        return text
    if _INT.fullmatch(text):
        return _int64(text, 10)
    if _OCTAL.fullmatch(text):
        return _int64(text[2:], 8)
    if _HEX.fullmatch(text):
        return _int64(text[2:], 16)
    if _FLOAT.fullmatch(text):
        return _double(text)
    if _NOT_FINITE.fullmatch(text):
        return NumberFault("a policy knows no infinity and no `nan`", "a finite number")
    return text


def _int64(digits: str, base: int) -> int | NumberFault:
    fault = NumberFault(
        "the integer does not fit into 64 bits",
        f"an integer from {INT64_MIN} to {INT64_MAX}, or a double such as `1e20`",
    )
    significant = digits.lstrip("+-").lstrip("0") or "0"
    if len(significant) > _INT64_DIGITS[base]:  # also because int() raises at very long texts
        return fault
    value = int(significant, base) * (-1 if digits.startswith("-") else 1)
    return value if INT64_MIN <= value <= INT64_MAX else fault


def _double(text: str) -> float | NumberFault:
    value = float(text)
    mantissa = re.split("[eE]", text)[0]
    if math.isinf(value):
        return NumberFault("the number is too large for a double", "a number below about 1.8e308")
    if value == 0.0 and mantissa.strip("+-.0"):
        return NumberFault("the number is too small for a double and would be 0", "0 or at least 5e-324")
    return value


class _Chars:
    """Characters gathered one by one, each with its source offset."""

    def __init__(self) -> None:
        self.chars: list[str] = []
        self.offsets: list[int] = []

    def put(self, char: str, offset: int) -> None:
        self.chars.append(char)
        self.offsets.append(offset)

    def copy(self, text: str, start: int, end: int) -> None:
        self.chars.extend(text[start:end])
        self.offsets.extend(range(start, end))

    def fold(self, text: str, start: int, end: int, *, escaped: bool = False) -> None:
        """A line break is a space, unless escaped; each empty line after it is a line break."""
        breaks = [i for i in range(start, end) if text[i] == "\n"]
        if len(breaks) == 1 and not escaped:
            self.put(" ", breaks[0])
        self.breaks(breaks[1:])

    def breaks(self, offsets: list[int]) -> None:
        for offset in offsets:
            self.put("\n", offset)

    def done(self, end: int) -> tuple[str, Offsets]:
        return "".join(self.chars), (*self.offsets, end)


def decode(text: str, start: int, end: int, style: str | None, parent_indent: int) -> tuple[str, Offsets]:
    """The content of the scalar at `text[start:end]` and the offset of each of its characters.

    One more offset stands for the end. `style` is PyYAML's: a quote, `|`, `>` or none for plain.
    `parent_indent` is the column of the collection round it (-1 outside any); only block scalars
    need it. A character written by an escape has the offset of the escape, a folded space that of
    its line break.
    """
    if style in ("|", ">"):
        return _decode_block(text, start, end, parent_indent)
    if style in ("'", '"'):
        return _decode_flow(text, start + 1, end - 1, style)
    return _decode_flow(text, start, end, "")


_BENDS = {"": re.compile(r"\n"), "'": re.compile(r"[\n']"), '"': re.compile(r"[\n\\]")}
"""By quote, what of the text of a scalar does not stand for itself."""


def _decode_flow(text: str, start: int, end: int, quote: str) -> tuple[str, Offsets]:
    if not _BENDS[quote].search(text, start, end):
        return text[start:end], range(start, end + 1)
    out = _Chars()
    i = start
    while i < end:
        if fold := _FOLD.match(text, i, end):
            out.fold(text, i, fold.end())
            i = fold.end()
        elif quote == "'" and text[i] == "'":
            out.put("'", i)
            i += 2
        elif quote == '"' and text[i] == "\\":
            i = _escape(text, i, end, out)
        else:
            out.put(text[i], i)
            i += 1
    return out.done(end)


def _escape(text: str, i: int, end: int, out: _Chars) -> int:
    """Read the escape at `text[i]`; give the offset behind it."""
    if fold := _ESCAPED_FOLD.match(text, i + 1, end):
        out.fold(text, i, fold.end(), escaped=True)
        return fold.end()
    name = text[i + 1]
    if width := _HEX_ESCAPES.get(name):
        out.put(chr(int(text[i + 2 : i + 2 + width], 16)), i)
        return i + 2 + width
    out.put(_SIMPLE_ESCAPES[name], i)
    return i + 2


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a block scalar: what it adds to the text stands from `start` to `end`."""

    start: int
    end: int
    line_break: int
    """Offset of the line feed, or of the end of a file that ends without one."""
    broken: bool
    """Whether the line feed is there."""


def _decode_block(text: str, start: int, end: int, parent_indent: int) -> tuple[str, Offsets]:
    header, *lines = text[start:end].splitlines(keepends=True)
    indicators = header.split()[0]
    least = max(parent_indent + 1, 1)
    digit = indicators.strip("|>+-")
    indent = least + int(digit) - 1 if digit else max(least, _indentation(lines))
    out = _Chars()
    empty: list[int] = []  # line breaks of the empty lines since the last line with content
    last: _Line | None = None
    for line in _block_lines(lines, start + len(header), indent):
        if line.start == line.end:
            empty += [line.line_break] if line.broken else []
            continue
        if last is not None:
            kept = header[0] == "|" or text[last.start] in " \t" or text[line.start] in " \t"
            if kept:
                out.breaks([last.line_break])
            elif not empty:
                out.put(" ", last.line_break)
        out.breaks(empty)
        out.copy(text, line.start, line.end)
        last, empty = line, []
    if "-" not in indicators and last is not None and last.broken:
        out.breaks([last.line_break])
    if "+" in indicators:
        out.breaks(empty)
    return out.done(out.offsets[-1] + 1 if out.offsets else start + len(header.rstrip()))


def _indentation(lines: list[str]) -> int:
    """The indentation PyYAML finds: the most spaces up to and including the first content line."""
    most = 0
    for line in lines:
        content = line.lstrip(" ")
        most = max(most, len(line) - len(content))
        if content.strip("\r\n"):
            break
    return most


def _block_lines(lines: list[str], start: int, indent: int) -> Iterator[_Line]:
    for line in lines:
        content = line.rstrip("\r\n")
        spaces = min(len(content) - len(content.lstrip(" ")), indent)
        broken = line.endswith("\n")
        line_break = start + len(line) - broken
        yield _Line(start + spaces, start + len(content), line_break, broken)
        start += len(line)
