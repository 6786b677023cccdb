"""Flow style: `{…}` and `[…]`, where a comma ends an unquoted value and a forgotten sign cuts or glues entries.

YAML did read these; they are mended as they were meant, so that later stages find their faults in the same run.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from itertools import takewhile

from rules.diagnostics import Diagnostics
from rules.numbers import meant
from rules.source import Source, Span
from rules.yaml_nodes import Node, Scalar
from rules.yaml_scalars import NumberFault, decode, resolve
from rules.yaml_traps import Pair, Place, at_key, is_plain, quoted, shown, text_end, text_scalar, unbalanced

_NO_SPACE_AFTER_COLON = re.compile(r"([\w.?-]+):([A-Za-z\"'\[{]\S.*|-?[0-9]+(?:\.[0-9]+)?)", re.DOTALL)
_NO_COLON = re.compile(r"([A-Za-z_]\w*) +([\w.\"'-]+)")
_TEXT_KEYS = frozenset(("reason", "line", "title", "description"))
_DIGITS = re.compile(r"-?[0-9]+")


def flow_mapping(span: Span, pairs: Iterable[Pair], place: Place, found: Diagnostics) -> list[Pair] | Scalar:
    """The entries of `{…}` with cut values mended, or the text that the braces must have meant."""
    rest = deque(pairs)
    if place.is_key:
        return list(rest)
    if len(rest) == 1 and _valueless(rest[0]) and not _mended(rest[0][0], place):
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
            name, value = _report_no_value(name, value, place, found)
        if rest and (number := _decimal_comma(value, rest[0])):
            rest.popleft()
            _report_decimal_comma(number, name.span.text, found)
            value = number
        end = _meant_end(value, takewhile(_cut_off, rest))
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


def _cut_off(pair: Pair) -> bool:
    """Whether a key without a value may be the rest of the value before it."""
    return _valueless(pair) and not _NO_SPACE_AFTER_COLON.fullmatch(pair[0].span.text)


def _mended(key: Node, place: Place) -> tuple[str, int, int] | None:
    """What a key without a value lacks, where its name ends and where its value begins.

    `a:b` is one word to YAML, and so is `a b`; `x:.2f` and `x:d` are formats of a placeholder.
    """
    text = key.span.text
    if not is_plain(key) or place.key in _TEXT_KEYS:
        return None
    if match := _NO_SPACE_AFTER_COLON.fullmatch(text):
        return "space", match.end(1), match.start(2)
    if match := _NO_COLON.fullmatch(text):
        return "colon", match.end(1), match.start(2)
    return None


def _report_no_value(key: Node, value: Node, place: Place, found: Diagnostics) -> Pair:
    lacks = _mended(key, place)
    if lacks is None:
        found.error(
            "yaml-flow-no-value",
            key.span,
            f"{shown(key.span.text)} has no value",
            expected="`key: value` for each entry of `{…}`, and quotes round a text with a comma",
            remedy=f"{key.span.text}: …",
        )
        return key, value
    source, start, end = key.span.source, key.span.start, key.span.end
    text, (what, name_end, value_start) = key.span.text, lacks
    missing = "space after the colon" if what == "space" else "colon between the key and its value"
    found.error(
        "yaml-missing-colon",
        key.span,
        f"{shown(text)} is one word to YAML: the {missing} is missing",
        expected="`key: value`",
        remedy=f"{text[:name_end]}: {text[value_start:]}",
    )
    return text_scalar(source, start, start + name_end), resolved(source, start + value_start, end)


def resolved(source: Source, start: int, end: int) -> Scalar:
    """The source text of a range as an unquoted value."""
    text, offsets = decode(source.text, start, end, None, -1)
    value = resolve(text)
    return Scalar(text if isinstance(value, NumberFault) else value, text, source.span(start, end), offsets)


def _decimal_comma(value: Node, after: Pair) -> Scalar | None:
    """`0,7` as one value, where YAML read the `7` as a key of its own."""
    key = after[0]
    source, start, end = value.span.source, value.span.start, key.span.end
    digits = all(_DIGITS.fullmatch(node.span.text) for node in (value, key))
    if not digits or not _valueless(after) or source.text[value.span.end : key.span.start] != ",":
        return None
    number = meant(source.text[start:end])
    read = resolve(number)
    offsets = tuple(range(start, start + len(number) + 1))
    return Scalar(number if isinstance(read, NumberFault) else read, number, source.span(start, end), offsets)


def _report_decimal_comma(number: Scalar, key: str, found: Diagnostics) -> None:
    found.error(
        "yaml-flow-comma",
        number.span,
        f"{shown(number.span.text)} has a comma, which ends a value inside `{{…}}`",
        expected="a number with a point",
        remedy=at_key(key, number.text),
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
