"""The places where YAML reads something else than was meant, and what to write there instead.

`CODES` names every diagnostic of the reader. The functions below look at values that YAML did read
and mend those that it cut or bent, so that later stages see what was meant and report it too; the
text that YAML could not read is the business of `rules.yaml_syntax`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

from rules.diagnostics import Diagnostic, Diagnostics
from rules.source import Source, Span
from rules.yaml_nodes import Node, Scalar
from rules.yaml_scalars import decode

CODES: dict[str, str] = {
    "yaml-alias": "an alias without its anchor, inside its own anchor, or an anchor written twice",
    "yaml-alias-explosion": "aliases that repeat so much that the document becomes too large",
    "yaml-comment-cut": "an unquoted text that ` #` cut off in the middle of a quote or bracket",
    "yaml-control-character": "a character that cannot be seen or that changes the reading order",
    "yaml-depth": "lists and mappings nested too deeply",
    "yaml-directive": "a line such as `%YAML 1.1` before the document",
    "yaml-duplicate-key": "a key written twice in one mapping",
    "yaml-empty": "a file without a document",
    "yaml-encoding": "a file that is not UTF-8",
    "yaml-escape": "an escape in double quotes that means no character",
    "yaml-flow-bracket": "an unquoted value with a bracket inside `{…}` or `[…]`",
    "yaml-flow-comma": "an unquoted value with a comma inside `{…}` or `[…]`, cut at the comma",
    "yaml-flow-no-value": "a key without `: value` inside `{…}`",
    "yaml-flow-question-mark": "an unquoted `?` inside `{…}` or `[…]`",
    "yaml-indentation": "a line indented like no line it could belong to",
    "yaml-key": "a key that is not text",
    "yaml-merge-key": "a merge key `<<`, which YAML 1.2 does not have",
    "yaml-missing-colon": "a line without `key: value`, or without the space after the colon",
    "yaml-missing-comma": "two entries inside `{…}` or `[…]` without a comma between them",
    "yaml-number": "a number that a policy cannot hold: infinite, not a number, or too large",
    "yaml-quote-then-text": "an unquoted value that starts with a quoted text and goes on after it",
    "yaml-second-document": "a second document in one file",
    "yaml-syntax": "anything else that is not YAML",
    "yaml-tab": "a tab outside quotes",
    "yaml-tag": "a tag such as `!!str`",
    "yaml-too-large": "a file, or a number of values, above the limit",
    "yaml-unbalanced": "a quote or bracket that is never closed, or closed without being opened",
    "yaml-unquoted-bang": "an unquoted value that starts with `!`",
    "yaml-unquoted-colon": "an unquoted value with `: ` in it",
    "yaml-unquoted-comparison": "an unquoted value that starts with `>`",
    "yaml-unquoted-indicator": "an unquoted value that starts with another character of YAML's own",
    "yaml-unquoted-placeholder": "an unquoted text that starts with a `{placeholder}`",
    "yaml-unquoted-ternary": "an unquoted `condition ? one : other`",
}

Pair = tuple[Node, Node]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: under which key, inside brackets or not, or as a key itself."""

    key: str = ""
    flow: bool = False
    is_key: bool = False


_SHOWN = 60
_LONGEST = 4096  # of a text that was meant: looking further would cost quadratic time
_OPENING, _CLOSING = "([{", ")]}"
_CORE_TAG = re.compile(r"!(<|!(str|int|float|bool|null|map|seq|set|omap|pairs|binary|timestamp|python\S*)(?!\S))")
_BLOCK_DIGIT = re.compile(r">[-+]?[0-9]+[-+]?(?=[ \r]*$)", re.MULTILINE)
_NO_SPACE_AFTER_COLON = re.compile(r"([\w.?-]+):([A-Za-z\"'\[{]\S.*)", re.DOTALL)


def shown(text: str) -> str:
    """User text for a message: on one line, in backticks, cut when long."""
    line = " ".join(text.split())
    return f"`{line if len(line) <= _SHOWN else line[: _SHOWN - 1] + '…'}`"


def quoted(text: str) -> str:
    """The text as one YAML scalar in quotes: single ones, or double where those read better."""
    line = re.sub(r"\s*\n\s*", " ", text)
    if "'" in line and '"' not in line and "\\" not in line:
        return f'"{line}"'
    return "'" + line.replace("'", "''") + "'"


def at_key(key: str, value: str) -> str:
    """`key: value`, or the value alone where it has no key."""
    return f"{key}: {value}" if key else value


def text_end(text: str, start: int, *, flow: bool, comments: bool = True) -> int:
    """Where the unquoted text that starts here ends as its writer meant it, on its line.

    Quotes and brackets are read as those of an expression. In flow style the text ends at the
    `,`, `]` or `}` that none of its own brackets holds; elsewhere at a comment or the line's end.
    """
    limit = min(len(text), start + _LONGEST)
    end = text.find("\n", start, limit)
    end = limit if end < 0 else end
    open_brackets: list[str] = []
    i = start
    while i < end:
        char = text[i]
        ends_entry = flow and (char in "]}" or (char == "," and not open_brackets))
        if char in "\"'" and (close := _closing_quote(text, i, start, end)):
            i = close
        elif char in _OPENING:
            open_brackets.append(_CLOSING[_OPENING.index(char)])
        elif open_brackets and char == open_brackets[-1]:
            open_brackets.pop()
        elif ends_entry or (comments and char == "#" and text[max(i - 1, start)] in " \t"):
            break
        i += 1
    return start + len(text[start:i].rstrip())


def bracket_end(text: str, start: int) -> int:
    """The offset behind the bracket that closes the one at `start` on its line, or 0."""
    i = start
    while True:
        i = text_end(text, i + 1, flow=True)
        i += len(text[i:]) - len(text[i:].lstrip(" \t"))
        if text[i : i + 1] in ("]", "}"):
            return i + 1
        if text[i : i + 1] != ",":
            return 0


def _closing_quote(text: str, i: int, start: int, end: int) -> int:
    """The place of the quote that closes the one at `i`, or 0: an apostrophe opens nothing."""
    if text[i] == "'" and i > start and (text[i - 1].isalnum() or text[i - 1] in "_)]"):
        return 0
    return max(0, text.find(text[i], i + 1, end))


def unbalanced(text: str) -> bool:
    """Whether a bracket stays open, or a double quote without its partner."""
    depth = 0
    for char in re.sub(r'"[^"]*"', "", text):
        depth += (char in _OPENING) - (char in _CLOSING)
    return depth > 0 or text.count('"') % 2 == 1


def is_plain(node: Node) -> bool:
    """Whether a node is an unquoted scalar."""
    return isinstance(node, Scalar) and node.span.text[:1] not in ("'", '"', "|", ">")


def text_scalar(source: Source, start: int, end: int) -> Scalar:
    """The source text of a range as an unquoted text, whatever YAML made of it."""
    text, offsets = decode(source.text, start, end, None, -1)
    return Scalar(text, text, source.span(start, end), offsets)


# Traps that YAML read as something else.


def tag(source: Source, start: int, node: Node, place: Place, found: Diagnostics) -> Node:
    """Refuse a tag; where it must have been a negation, give the expression that was meant."""
    text = source.text
    word = text[start : start + 40].split()[0]
    if _CORE_TAG.match(text, start) or not isinstance(node, Scalar):
        inner = node.span.text
        remedy = at_key(place.key, quoted(inner) if word == "!!str" and is_plain(node) else inner)
        found.error(
            "yaml-tag",
            source.span(start, start + len(word)),
            f"the tag {shown(word)} is not part of a policy document",
            expected="a value without a tag",
            remedy=remedy if isinstance(node, Scalar) else f"the same without {shown(word)}",
        )
        return node
    end = node.span.end
    if not place.is_key:
        meant = text_end(text, start, flow=place.flow)
        end = meant if place.flow else max(end, meant)
    found.add(bang(source, start, end, at_key(place.key, quoted(text[start:end]))))
    return text_scalar(source, start, end)


def bang(source: Source, start: int, end: int, remedy: str) -> Diagnostic:
    """An unquoted value that starts with `!`."""
    return Diagnostic(
        "yaml-unquoted-bang",
        source.span(start, end),
        f"{shown(source.text[start:end])} starts with `!`, which YAML reads as a tag",
        "the expression in quotes",
        remedy,
    )


def comparison(source: Source, start: int, end: int, remedy: str) -> Diagnostic:
    """An unquoted value that starts with `>`."""
    return Diagnostic(
        "yaml-unquoted-comparison",
        source.span(start, end),
        f"{shown(source.text[start:end])} starts with `>`, which YAML reads as a folded text",
        "the comparison in quotes",
        remedy,
    )


def plain_scalar(scalar: Scalar, place: Place, found: Diagnostics) -> None:
    """Notice an unquoted text that a comment cut off in the middle of a quote or bracket."""
    text, end = scalar.span.source.text, scalar.span.end
    if not re.compile(r" +#").match(text, end) or not unbalanced(scalar.text):
        return
    meant = text_end(text, scalar.span.start, flow=place.flow, comments=False)
    found.error(
        "yaml-comment-cut",
        scalar.span.source.span(scalar.span.start, meant),
        f"YAML reads what follows ` #` as a comment, so the value is only {shown(scalar.text)}",
        expected="a value with ` #` in quotes",
        remedy=at_key(place.key, quoted(text[scalar.span.start : meant])),
    )


def block_scalar(scalar: Scalar, place: Place, found: Diagnostics) -> Scalar:
    """Notice `>5`, which is an empty folded text, indented by five; give what was meant."""
    source, start = scalar.span.source, scalar.span.start
    match = _BLOCK_DIGIT.match(source.text, start)
    if scalar.text.strip() or not match:
        return scalar
    end = match.end()
    found.add(comparison(source, start, end, at_key(place.key, quoted(source.text[start:end]))))
    return text_scalar(source, start, end)


# Flow style, where a comma ends an unquoted value.


def flow_mapping(span: Span, pairs: Iterable[Pair], place: Place, found: Diagnostics) -> list[Pair] | Scalar:
    """The entries of `{…}` with cut values mended, or the text that the braces must have meant."""
    rest = deque(pairs)
    if place.is_key:
        return list(rest)
    if len(rest) == 1 and _valueless(rest[0]) and not _lacks_space(rest[0][0]):
        found.error(
            "yaml-unquoted-placeholder",
            span,
            f"YAML reads {shown(span.text)} as a mapping, not as text",
            expected="a text that starts with a placeholder in quotes",
            remedy=at_key(place.key, quoted(span.text)),
        )
        return text_scalar(span.source, span.start, span.end)
    mended: list[Pair] = []
    while rest:
        name, value = rest.popleft()
        if _valueless((name, value)):
            _report_no_value(name, found)
        end = _meant_end(value, takewhile(_valueless, rest))
        if end > value.span.end:
            value = text_scalar(span.source, value.span.start, end)
            _report_comma(value.span, name.span.text, found)
            while rest and value.span.start < rest[0][0].span.start < end:
                rest.popleft()
        _question_before(name, found)
        mended.append((name, value))
    return mended


def flow_sequence(items: Iterable[Node], found: Diagnostics) -> list[Node]:
    """The items of `[…]` with cut expressions mended."""
    rest = deque(items)
    mended: list[Node] = []
    while rest:
        item = rest.popleft()
        end = _meant_end(item, ())
        if end > item.span.end:
            item = text_scalar(item.span.source, item.span.start, end)
            _report_comma(item.span, "", found)
            while rest and item.span.start < rest[0].span.start < end:
                rest.popleft()
        mended.append(item)
    return mended


def _meant_end(value: Node, following: Iterable[Pair]) -> int:
    """Where an unquoted value ends as it was meant: behind its brackets, or the words after it."""
    if not is_plain(value) or not isinstance(value, Scalar) or not isinstance(value.value, str):
        return value.span.end
    source, start = value.span.source, value.span.start
    if unbalanced(value.text):
        end = text_end(source.text, start, flow=True)
        if end > value.span.end and not unbalanced(source.text[start:end]):
            return end
    end = value.span.end
    for name, _ in following:
        if not is_plain(name) or source.text[end : name.span.start].strip() != ",":
            break
        end = name.span.end
    return end


def _valueless(pair: Pair) -> bool:
    """Whether a key of a flow mapping was written without its `: value`."""
    key, value = pair
    if value.span.start != value.span.end:
        return False
    return not re.compile(r"\s*:").match(key.span.source.text, key.span.end)


def _lacks_space(key: Node) -> re.Match[str] | None:
    """`a:b`, which is one word to YAML; `x:.2f` and `x:d` are formats of a placeholder."""
    return _NO_SPACE_AFTER_COLON.fullmatch(key.span.text) if is_plain(key) else None


def _report_no_value(key: Node, found: Diagnostics) -> None:
    if match := _lacks_space(key):
        found.error(
            "yaml-missing-colon",
            key.span,
            f"{shown(key.span.text)} is one word to YAML: the space after the colon is missing",
            expected="`key: value`",
            remedy=f"{match[1]}: {match[2]}",
        )
        return
    found.error(
        "yaml-flow-no-value",
        key.span,
        f"{shown(key.span.text)} has no value",
        expected="`key: value` for each entry of `{…}`, and quotes round a text with a comma",
        remedy=f"{key.span.text}: …",
    )


def _report_comma(span: Span, key: str, found: Diagnostics) -> None:
    found.error(
        "yaml-flow-comma",
        span,
        f"inside `{{…}}` and `[…]` an unquoted value ends at its first comma: {shown(span.text)}",
        expected="a value with a comma in quotes",
        remedy=at_key(key, quoted(span.text)),
    )


def _question_before(key: Node, found: Diagnostics) -> None:
    """Notice `{?a: …}`, where YAML drops the `?`."""
    text, start = key.span.source.text, key.span.start
    if start == 0 or text[start - 1] != "?":
        return
    found.error(
        "yaml-flow-question-mark",
        key.span.source.span(start - 1, key.span.end),
        f"YAML drops the `?` of {shown(text[start - 1 : key.span.end])} inside `{{…}}`",
        expected="a key with `?` in quotes",
        remedy=quoted(text[start - 1 : key.span.end]) + ": …",
    )
