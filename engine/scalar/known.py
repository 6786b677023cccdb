"""What a condition on the decision itself comes to, once the row that applies is known."""

from __future__ import annotations

from typing import TypeAlias

from rules.cel.tree import Call, Constant, Items, Logic, Node, Root
from rules.plan import Effect

Row: TypeAlias = tuple[str, str, Effect]
"""Outcome, rule, effect."""


def static_truth(node: Node, row: Row) -> bool | None:
    """What a condition is when the decision is known; None when that depends on more."""
    match node:
        case Constant(value=bool() as value):
            return value
        case Logic(operator=operator, left=left, right=right):
            sides = (static_truth(left, row), static_truth(right, row))
            decisive = operator == "||"
            if decisive in sides:
                return decisive
            return None if None in sides else not decisive
        case Call(overload=overload, args=(inner,)) if overload.id == "not":
            truth = static_truth(inner, row)
            return None if truth is None else not truth
        case Call(overload=overload, args=(word, Items(items=words))) if overload.id == "in_list":
            asked, listed = _known_text(word, row), [_known_text(one, row) for one in words]
            return None if asked is None or None in listed else asked in listed
        case Call(overload=overload, args=(left, right)) if overload.id in ("equal", "not_equal"):
            sides_known = _known_text(left, row), _known_text(right, row)
            if None in sides_known:
                return None
            return (sides_known[0] == sides_known[1]) == (overload.id == "equal")
        case _:
            return None


def _known_text(node: Node, row: Row) -> str | None:
    if isinstance(node, Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, Root) and node.kind == "decision" and node.name in ("outcome", "rule", "effect"):
        return dict(zip(("outcome", "rule", "effect"), row, strict=True))[node.name]
    return None
