"""Empty lists and maps: `[]` and `{}` have the type of what they are compared with, joined to or stand in for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.cel import syntax
from rules.cel.tree import Node
from rules.types import ListType, Type

if TYPE_CHECKING:
    from rules.cel.checker import Checker

_ALIKE = frozenset(("_==_", "_!=_", "_+_"))


def arguments(checker: Checker, name: str, written: tuple[syntax.Syntax, ...]) -> list[Node]:
    """The typed arguments of a call."""
    match written:
        case (left, right) if name in _ALIKE:
            return alike(checker, left, right, None)
        case (left, syntax.Items(items=()) as empty) if name == "@in" and not _is_empty(left):
            sought = checker.check(left)
            return [sought, checker.check(empty, ListType(sought.type))]
        case _:
            return checker.all([(arg, None) for arg in written])


def alike(checker: Checker, left: syntax.Syntax, right: syntax.Syntax, expected: Type | None) -> list[Node]:
    """Two nodes of one type, of which one may be empty: it has the type of the other."""
    if expected is None and _is_empty(left) and not _is_empty(right):
        known = checker.check(right)
        return [checker.check(left, known.type), known]
    if expected is None and _is_empty(right) and not _is_empty(left):
        known = checker.check(left)
        return [known, checker.check(right, known.type)]
    return checker.all([(left, expected), (right, expected)])


def _is_empty(node: syntax.Syntax) -> bool:
    return isinstance(node, syntax.Items | syntax.Entries) and not (
        node.items if isinstance(node, syntax.Items) else node.entries
    )
