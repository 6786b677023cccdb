"""Arguments that are literals, read once when the expression is checked: patterns and time zones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from rules.cel import syntax
from rules.cel.overload import Overload
from rules.cel.tree import Constant, Node
from rules.patterns import searcher
from rules.zones import zone_of

if TYPE_CHECKING:
    from rules.cel.checker import Checker

_READERS: Mapping[str, tuple[str, Callable[[str], object]]] = MappingProxyType(
    {"matches": ("an RE2 pattern", searcher), "zone": ("a time zone", zone_of)}
)
"""By the last word of an overload's id: what its literal is, and how it is read."""


def prepared(overload: Overload, literal: object) -> object:
    """What a reader is given in place of a literal argument: a test of texts, or a `tzinfo`."""
    return _READERS[overload.id.rpartition("_")[2]][1](str(literal))


def check_literal(checker: Checker, overload: Overload, written: syntax.Syntax, node: Node) -> None:
    """Refuse a last argument that is no literal, or cannot be read; the caret stands at what is wrong with it."""
    what, read = _READERS[overload.id.rpartition("_")[2]]
    name = overload.name
    if not isinstance(node, Constant):
        raise checker.fail(
            "cel-literal", written, f"`{name}` takes {what} as a literal", expected="a text between quotes"
        )
    text = str(node.value)
    try:
        read(text)
    except ValueError as error:
        faulty = _faulty(checker.text.text, written, text, str(error))
        raise checker.fail("cel-literal", faulty, f"`{text}` is not {what}: {error}") from None


def _faulty(source: str, written: syntax.Syntax, text: str, error: str) -> syntax.Syntax:
    """The part of a literal that an error quotes after its colon; the literal where that is not plain."""
    literal, quoted = source[written.start : written.end], error.rpartition(": ")[2]
    if text not in literal or quoted in (error, text) or literal.count(quoted) != 1:
        return written
    at = written.start + literal.index(quoted)
    return syntax.Constant(quoted, at, at + len(quoted))
