"""Conditions that kinds put together: all of some, any of some, that a rule applied, that a path is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from rules.cel import presence
from rules.cel.functions import BY_ID
from rules.cel.paths import is_guarded, path_of
from rules.cel.presence import Facts
from rules.cel.tree import Call, Constant, Entry, Has, Logic, Node, Root, Select, Variable
from rules.source import Span
from rules.types import BOOL, STRING


def all_of(parts: Iterable[Node], span: Span) -> Node:
    """The parts under `&&`, left to right; true without any."""
    return _joined("&&", parts, span)


def any_of(parts: Iterable[Node], span: Span) -> Node:
    """The parts under `||`, left to right; false without any."""
    return _joined("||", parts, span)


def _joined(operator: Literal["&&", "||"], parts: Iterable[Node], span: Span) -> Node:
    whole: Node | None = None
    for part in parts:
        whole = part if whole is None else Logic(operator, whole, part, span)
    return Constant(operator == "&&", BOOL, span) if whole is None else whole


def applied(rules: Iterable[str], span: Span) -> Node:
    """Whether one of some rules applied."""
    rule = Root("decision", "rule", STRING, span)
    return any_of((equal(rule, name, span) for name in rules), span)


def equal(node: Node, word: str, span: Span) -> Node:
    """Whether a text or an enum is a word."""
    return Call(BY_ID["equal"], (node, Constant(word, node.type, span)), BOOL, span, raises=False)


def there(node: Node, known: Facts = presence.NONE) -> Node | None:
    """That a path is there: `has` of each part that may be absent; None where none may, or where it is no path."""
    if known is None or path_of(node) is None:
        return None
    tests = [
        Has(part, part.span)
        for part in reversed(list(_prefixes(node)))
        if (is_guarded(part) and path_of(part) not in known) or (isinstance(part, Select) and part.fails_absent)
    ]
    return all_of(tests, node.span) if tests else None


def _prefixes(node: Node) -> Iterator[Node]:
    """A path and the paths it is made of, the longest first."""
    while True:
        match node:
            case Variable(definition=definition) if path_of(definition.node) is not None:
                node = definition.node
            case Select(operand=operand) | Entry(operand=operand):
                yield node
                node = operand
            case Root():
                yield node
                return
            case _:
                return


def present(path: Node) -> Node:
    """A path as it is read where it is known to be there: what a failed decision lacks is then no error."""
    return replace(path, fails_absent=False) if isinstance(path, Select) else path
