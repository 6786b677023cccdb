"""The places where YAML reads something else than was meant, and what to write there instead.

`CODES` names every diagnostic of the reader. The functions below look at values that YAML did read
and mend those that it cut or bent, so that later stages see what was meant and report it too; the
text that YAML could not read is the business of `rules.yaml_syntax`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rules.diagnostics import Diagnostic, Diagnostics
from rules.source import Source
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
    "yaml-missing-dash": "an entry of a list without its `- `",
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
    """Where a node stands: under which key, inside brackets or not, as a key itself or an entry of a list."""

    key: str = ""
    flow: bool = False
    is_key: bool = False
    is_item: bool = False


_SHOWN = 60
_LONGEST = 4096  # of a text that was meant: looking further would cost quadratic time
_OPENING, _CLOSING = "([{", ")]}"
_COMMENT = re.compile(r" +#")
_CORE_TAG = re.compile(r"!(<|!(str|int|float|bool|null|map|seq|set|omap|pairs|binary|timestamp|python\S*)(?!\S))")
_BLOCK_DIGIT = re.compile(r">[-+]?[0-9]+[-+]?(?=[ \r]*$)", re.MULTILINE)


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
    if not _COMMENT.match(text, end) or not unbalanced(scalar.text):
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
