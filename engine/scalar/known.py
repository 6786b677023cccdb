"""What a condition on a decision comes to, once the row that applies is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from rules.cel.tree import Call, Conditional, Constant, Items, Logic, Node, Root, Select
from rules.plan import Effect

Row: TypeAlias = tuple[str, str, Effect]
"""Outcome, rule, effect."""
TextOf: TypeAlias = Callable[[Node], str | None]
"""The text that an expression is, where that is known."""
PARTS = ("outcome", "rule", "effect")


def static_truth(node: Node, row: Row) -> bool | None:
    """What a condition is when the decision is known; None when that depends on more."""

    def text(part: Node) -> str | None:
        return row[PARTS.index(part.name)] if isinstance(part, Root) and _is_of_row(part) else None

    return _truth(node, text)


def settled(node: Node, row: Row) -> Node:
    """An expression with the branches that the decision chooses in the place of the choice."""
    while isinstance(node, Conditional):
        truth = static_truth(node.test, row)
        if truth is None:
            break
        node = node.then if truth else node.other
    return node


def truth_for(node: Node, call: str, row: Row) -> bool | None:
    """What a condition is when that is known which a policy that was asked decided."""

    def text(part: Node) -> str | None:
        match part:
            case Select(operand=Root(kind="call", name=name), field=field) if name == call and field.name in PARTS:
                return row[PARTS.index(field.name)]
            case _:
                return None

    return _truth(node, text)


def _is_of_row(root: Root) -> bool:
    return root.kind == "decision" and root.name in PARTS


def _truth(node: Node, text: TextOf) -> bool | None:
    match node:
        case Constant(value=bool() as value):
            return value
        case Logic(operator=operator, left=left, right=right):
            sides = (_truth(left, text), _truth(right, text))
            decisive = operator == "||"
            if decisive in sides:
                return decisive
            return None if None in sides else not decisive
        case Call(overload=overload, args=(inner,)) if overload.id == "not":
            truth = _truth(inner, text)
            return None if truth is None else not truth
        case Call(overload=overload, args=(word, Items(items=words))) if overload.id == "in_list":
            asked, listed = _known(word, text), [_known(one, text) for one in words]
            return None if asked is None or None in listed else asked in listed
        case Call(overload=overload, args=(left, right)) if overload.id in ("equal", "not_equal"):
            sides_known = _known(left, text), _known(right, text)
            if None in sides_known:
                return None
            return (sides_known[0] == sides_known[1]) == (overload.id == "equal")
        case _:
            return None


def _known(node: Node, text: TextOf) -> str | None:
    if isinstance(node, Constant) and isinstance(node.value, str):
        return node.value
    return text(node)
