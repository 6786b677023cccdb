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
        if not isinstance(part, Root) or part.kind != "decision":
            return None
        name = own_name(part)
        return row[PARTS.index(name)] if name in PARTS else None

    return _truth(node, text)


def settled(node: Node, row: Row) -> Node:
    """An expression without the choices that the decision makes: the branch that it takes, the side that is left."""
    match node:
        case Conditional(test=test, then=then, other=other):
            truth = static_truth(test, row)
            return node if truth is None else settled(then if truth else other, row)
        case Logic(operator=operator, left=left, right=right):
            for side, rest in ((left, right), (right, left)):
                if static_truth(side, row) is (operator == "&&"):
                    return settled(rest, row)
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


def own_name(root: Root) -> str:
    """What a policy itself calls a part of its decision, wherever it has been written (see `substitution`)."""
    return root.name.rpartition("/")[2]


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
