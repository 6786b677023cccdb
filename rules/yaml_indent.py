"""Lines of block style that do not fit: indented like nothing they could belong to, without a colon, without a dash.

The collections that are open above a line say where it may begin; what the line looks like (`- entry`, `key: value`)
and how far it is from each of them say which one was meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from yaml import tokens as tk

from rules.diagnostics import Diagnostic, Diagnostics
from rules.yaml_fault import Fault, tokens
from rules.yaml_nodes import Node, Scalar
from rules.yaml_parser import extent
from rules.yaml_traps import Pair, is_plain, quoted, shown, unbalanced

WORD_COLON = re.compile(r"('[^'\n]*'|\"[^\"\n]*\"|[\w.?-]+):([^\s:][^\n]*)")
_KEY = r"(?:'[^'\n]*'|\"[^\"\n]*\"|[\w.?]+[\w.?-]*)"
_ENTRY = re.compile(r"-(?: +|$)")
_GLUED = re.compile(rf"-(?={_KEY}:(?: |$))")
_KEY_LINE = re.compile(rf"({_KEY}):(?: |$)")
_WORD_THEN = re.compile(r"([A-Za-z_][\w.-]*\??)(?: *= *| +)((?:[\w$'\"\[{(]|[!.-](?! )).*)")


@dataclass(frozen=True, slots=True)
class _Block:
    """A block collection that is open: the column of its entries, and where the first of them begins."""

    column: int
    kind: Literal["mapping", "list"]
    start: int
    level: bool = False
    """A list whose dashes stand in the column of the key above them."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that YAML could not place."""

    fault: Fault
    start: int
    column: int
    text: str

    def told(self, message: str, remedy: str, first: _Block | None = None) -> Diagnostic:
        """A diagnostic about the whole line."""
        source, at = self.fault.source, self.start + self.column
        notes = () if first is None else ((source.span(first.start, first.start + 1), "the first of them"),)
        return Diagnostic(
            "yaml-indentation",
            source.span(at, at + len(self.text)),
            message,
            "the entries of a mapping or list all indented alike",
            remedy,
            notes=notes,
        )


def misplaced_line(fault: Fault) -> Diagnostic | None:
    """A line that begins where no entry of an open collection does."""
    line = _line_of(fault)
    if line is None:
        return None
    blocks = _blocks(fault.source.text, line.start)
    if not blocks:
        return None
    if _GLUED.match(line.text):
        return _missing_dash(fault, line.start + line.column, "- " + line.text[1:], "the space after its dash")
    return _misplaced_entry(line, blocks) if _ENTRY.match(line.text) else _misplaced_key(line, blocks)


def _line_of(fault: Fault) -> _Line | None:
    """The line at whose beginning YAML stopped; a nested key is known by its colon only."""
    text = fault.source.text
    start = text.rfind("\n", 0, fault.at) + 1
    line = fault.source.line(fault.source.position(fault.at)[0]).rstrip()
    column = len(line) - len(line.lstrip(" "))
    content = line[column:]
    if fault.flow or not (_ENTRY.match(content) or _GLUED.match(content) or _KEY_LINE.match(content)):
        return None
    mark = _ENTRY.match(content)
    key = _KEY_LINE.match(content, mark.end() if mark else 0)
    if "<block end>" in fault.problem:
        stopped = column
    elif "not allowed here" in fault.problem and key is not None and not fault.one_line:
        stopped = column + key.end(1)
    else:
        return None
    return _Line(fault, start, column, content) if fault.at == start + stopped else None


def _blocks(text: str, before: int) -> list[_Block]:
    """The block collections that are open above a line, outermost first."""
    blocks: list[_Block] = []
    for token in tokens(text):
        start = extent(token)[0]
        if start >= before:
            break
        column = start - (text.rfind("\n", 0, start) + 1)
        match token:
            case tk.BlockMappingStartToken():
                blocks.append(_Block(column, "mapping", start))
            case tk.BlockSequenceStartToken():
                blocks.append(_Block(column, "list", start))
            case tk.BlockEntryToken() if blocks and blocks[-1].kind == "mapping":
                blocks.append(_Block(column, "list", start, level=True))
            case tk.KeyToken() if blocks and blocks[-1].level and blocks[-1].column == column:
                blocks.pop()
            case tk.BlockEndToken() if blocks:
                if blocks.pop().level and blocks:
                    blocks.pop()
    return blocks


def _misplaced_entry(line: _Line, blocks: list[_Block]) -> Diagnostic | None:
    """`- entry` beside its list, or behind a first entry that has no dash."""
    deeper = [i for i, block in enumerate(blocks) if block.column > line.column]
    if deeper and blocks[deeper[0]].kind == "mapping" and (deeper[0] == 0 or blocks[deeper[0] - 1].kind == "mapping"):
        first = blocks[deeper[0]].start
        above = line.fault.source.line(line.fault.source.position(first)[0]).strip()
        lacks = "its `- `, which the entries below it have"
        return _missing_dash(line.fault, first, f"- {above}", lacks, line.column)
    target = _nearest(line.column, [block for block in blocks if block.kind == "list"])
    below = line.fault.source.line(line.fault.source.position(line.start)[0] + 1)
    whole = _KEY_LINE.match(below.lstrip()) and len(below) - len(below.lstrip()) == line.column + 2
    return None if target is None else _moved(line, target, ", and its other lines moved alike" if whole else "")


def _misplaced_key(line: _Line, blocks: list[_Block]) -> Diagnostic | None:
    """`key: value` beside its mapping, or the first key of a list's next entry without the dash."""
    text = line.fault.source.text
    if (slanted := _slanted_dash(line, blocks)) is not None:
        return slanted
    for block, item in pairwise(blocks):
        first = _KEY_LINE.match(text, item.start)
        if block.kind == "list" and item.kind == "mapping" and first and line.text.startswith(first.group().strip()):
            return _missing_dash(line.fault, line.start + line.column, f"- {line.text}", "its `- `", block.column)
    target = _nearest(line.column, [block for block in blocks if block.kind == "mapping"])
    if target is not None and (shallow := _shallow_above(line, target)) is not None:
        return shallow
    return None if target is None else _moved(line, target)


def _shallow_above(line: _Line, target: _Block) -> Diagnostic | None:
    """The line right above, when it should stand deeper too: it follows a key without a value, in that key's column."""
    source, number = line.fault.source, line.fault.source.position(line.start)[0]
    if number < 3 or line.column <= target.column:
        return None
    above, owner = (source.line(n).rstrip() for n in (number - 1, number - 2))
    columns = {len(text) - len(text.lstrip(" ")) for text in (above, owner)}
    if columns != {target.column} or not owner.endswith(":") or not _KEY_LINE.match(above.lstrip()):
        return None
    shallow = _Line(line.fault, source.offset(number - 1, 1), target.column, above.lstrip())
    return shallow.told(
        f"{shown(shallow.text)} is indented like {shown(owner)}, which it seems to belong to",
        f"{_spaces(line.column)} before {shown(shallow.text)}",
    )


def _slanted_dash(line: _Line, blocks: list[_Block]) -> Diagnostic | None:
    """The `- ` line right above, when this line is right and the dash is not: other dashes stand two columns left."""
    source, item, column = line.fault.source, blocks[-1], line.column - 2
    if len(blocks) < 2 or blocks[-2].kind != "list" or item.kind != "mapping" or column < 0:
        return None
    number = source.position(item.start)[0]
    text = source.line(number).rstrip()
    dash = _Line(line.fault, source.offset(number, 1), len(text) - len(text.lstrip()), text.lstrip())
    above = number == source.position(line.start)[0] - 1 and _ENTRY.match(dash.text)
    if not above or dash.column == column or not re.search(rf"^ {{{column}}}- ", source.text, re.MULTILINE):
        return None
    return dash.told(
        f"{shown(dash.text)} is indented by {_spaces(dash.column)}, which does not go with the lines below it",
        f"{_spaces(column)} before {shown(dash.text)}",
    )


def _nearest(column: int, blocks: list[_Block]) -> _Block | None:
    """The collection whose entries begin nearest to a column, the innermost of two; none when one begins there."""
    if not blocks or any(block.column == column for block in blocks):
        return None
    return min(reversed(blocks), key=lambda block: abs(block.column - column))


def _moved(line: _Line, target: _Block, more: str = "") -> Diagnostic:
    kind = "list" if target.kind == "list" else "mapping"
    return line.told(
        f"{shown(line.text)} is indented by {_spaces(line.column)}, "
        f"the other entries of its {kind} by {_spaces(target.column)}",
        f"{_spaces(target.column)} before {shown(line.text)}{more}",
        target,
    )


def _spaces(count: int) -> str:
    return "no space" if count == 0 else ("1 space" if count == 1 else f"{count} spaces")


def _missing_dash(fault: Fault, at: int, written: str, lacks: str, column: int = -1) -> Diagnostic:
    """An entry without its dash; `column` is where the dash belongs, when that is not where the entry begins."""
    source = fault.source
    text = source.text[at:].partition("\n")[0].rstrip()
    span = source.span(at, at + len(text))
    remedy = written if column in (-1, span.column - 1) else f"{_spaces(column)} and then `{written}`"
    return Diagnostic(
        "yaml-missing-dash",
        span,
        f"{shown(text)} is an entry of a list and lacks {lacks}",
        "`- ` before each entry of a list",
        remedy,
    )


def entries_without_dash(pairs: list[Pair], found: Diagnostics) -> Iterator[list[Pair]]:
    """An entry of a list, taken apart where its first key comes again: a `- ` is missing there."""
    first = pairs[0][0].span.text if pairs else ""
    held: list[Pair] = pairs[:1]
    for key, value in pairs[1:]:
        if key.span.text == first and isinstance(key, Scalar) and _others_too(held, pairs):
            _report_dash(key, found)
            yield held
            held = []
        held.append((key, value))
    yield held


def _others_too(held: list[Pair], pairs: list[Pair]) -> bool:
    """Whether the first key is not the only one written twice, so that the rest belongs to another entry."""
    words = [key.span.text for key, _ in pairs]
    return len(held) > 1 and sum(words.count(word) > 1 for word in set(words)) > 1


def _report_dash(key: Node, found: Diagnostics) -> None:
    source = key.span.source
    line = source.text[key.span.start :].partition("\n")[0].rstrip()
    column = key.span.column - 3
    found.error(
        "yaml-missing-dash",
        source.span(key.span.start, key.span.start + len(line)),
        f"{shown(line)} begins another entry of the list and lacks its `- `",
        expected="`- ` before each entry of a list",
        remedy=f"{_spaces(column)} and then `- {line}`",
    )


def missing_colon(fault: Fault) -> Diagnostic | None:
    """A line without `key: value`, or without the space after the colon."""
    source = fault.source
    is_key = fault.problem.startswith("could not find expected") and fault.opened is not None
    start = fault.opened if is_key and fault.opened is not None else fault.start
    end = source.text.find("\n", start)
    line = source.text[start : end if end >= 0 else None].rstrip()
    match = WORD_COLON.fullmatch(line)
    if not is_key and (not match or fault.begin.kind == "value"):
        return None
    return _no_colon(fault, start, line)


def colonless_entry(fault: Fault) -> Diagnostic | None:
    """`- id x` above `when: y`, or `rules` above `- …`: YAML reads one text, and stops at the next colon."""
    line = _line_of(fault)
    first, number = fault.value.partition("\n")[0].rstrip(), fault.source.position(fault.start)[0]
    alone = fault.source.line(number).strip() == first and re.fullmatch(r"\w+", first)
    if line is not None and alone and fault.source.line(number + 1).lstrip().startswith("- "):
        return _no_colon(fault, fault.start, first)
    if line is None or fault.begin.kind != "entry" or not _WORD_THEN.fullmatch(first):
        return None
    above = fault.source.span(fault.start, fault.start)
    if above.line != fault.source.position(line.start)[0] - 1 or above.column != line.column + 1:
        return None
    return _no_colon(fault, fault.start, first)


def _no_colon(fault: Fault, start: int, line: str) -> Diagnostic:
    if line.startswith("{"):
        return _missing_dash(fault, start, f"- {line}", "its `- `")
    match = WORD_COLON.fullmatch(line)
    remedy = f"{match[1]}: {match[2]}" if match else ""
    if spaced := _WORD_THEN.fullmatch(line):
        remedy = f"{spaced[1]}: {spaced[2] if ': ' not in spaced[2] else quoted(spaced[2])}"
    elif re.fullmatch(r"[\w.?-]+", line):
        remedy = f"{line}:"
    elif not match and fault.source.text[:start].rstrip().endswith(
        ("&&", "||", "+", "-", "*", "/", "?", ":", ",", "(")
    ):
        remedy = f"{_spaces(fault.source.span(start, start).column + 1)} before {shown(line)}"
    return Diagnostic(
        "yaml-missing-colon",
        fault.source.span(start, start + len(line)),
        f"{shown(line)} is no `key: value`" + (": the space after the colon is missing" if match else ""),
        "`key: value`, or a line indented deeper than the text it goes on with",
        remedy,
    )


def colon_before_bracket(key: Scalar, value: Node) -> Diagnostic | None:
    """`NAME {effect: block}`, which YAML reads as the key `NAME {effect`."""
    match = re.match(r"([\w.?-]+) *(?=[\[{])", key.text)
    if not is_plain(key) or match is None or not unbalanced(key.text):
        return None
    span = key.span.to(value.span)
    return Diagnostic(
        "yaml-missing-colon",
        span,
        f"{shown(span.text)} is read with the key {shown(key.text)}: the colon behind {shown(match[1])} is missing",
        "`key: value`",
        f"{match[1]}: {span.text[match.end() :]}",
    )


def missing_key(fault: Fault) -> Diagnostic | None:
    """A colon with no key before it."""
    line = fault.source.text.rfind("\n", 0, fault.at) + 1
    if fault.char != ":" or fault.source.text[line : fault.at].strip("- "):
        return None
    return Diagnostic(
        "yaml-key",
        fault.source.span(fault.at, fault.at + 1),
        "no key stands before this `:`",
        "`key: value`",
    )


def indentation(fault: Fault) -> Diagnostic | None:
    """A line that is indented like nothing it could belong to, when no more can be said of it."""
    source = fault.source
    line = source.text.rfind("\n", 0, fault.at) + 1
    text = source.line(source.position(fault.at)[0])
    nested = "not allowed here" in fault.problem and not fault.one_line
    if not nested and "<block end>" not in fault.problem:
        return None
    start = line + len(text) - len(text.lstrip())
    why = "like a part of the value above it" if nested else "like no line that it could belong to"
    return Diagnostic(
        "yaml-indentation",
        source.span(start, line + len(text.rstrip())),
        f"{shown(text)} is indented {why}",
        "the entries of a mapping or list all indented alike",
        "the line indented like the other entries it belongs to",
    )
