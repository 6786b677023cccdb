"""The macros over lists and maps: `all`, `exists`, `exists_one`, `filter`, `map`, `leastBy`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from rules.cel import syntax
from rules.cel.tree import Local, Loop, Macro, Node
from rules.types import (
    BOOL,
    BoolType,
    DoubleType,
    DurationType,
    IntType,
    ListType,
    MapType,
    StringType,
    TimestampType,
    Type,
    show,
)

if TYPE_CHECKING:
    from rules.cel.checker import Checker

MACROS: MappingProxyType[str, Macro] = MappingProxyType(
    {
        "all": "all",
        "exists": "exists",
        "exists_one": "exists_one",
        "existsOne": "exists_one",
        "filter": "filter",
        "map": "map",
        "leastBy": "leastBy",
    }
)

MACRO_DOCS: MappingProxyType[str, tuple[str, str, str]] = MappingProxyType(
    {
        "all": (
            "list.all(p, condition)",
            "Whether the condition holds for every item; true when empty.",
            "[1, 2].all(n, n > 0)",
        ),
        "exists": (
            "list.exists(p, condition)",
            "Whether it holds for some item; false when empty.",
            "[1, 2].exists(n, n > 1)",
        ),
        "exists_one": (
            "list.exists_one(p, condition)",
            "Whether it holds for exactly one item.",
            "[1, 2].exists_one(n, n > 1)",
        ),
        "filter": (
            "list.filter(p, condition)",
            "The items for which it holds, in their order.",
            "[1, 2].filter(n, n > 1) == [2]",
        ),
        "map": ("list.map(p, value)", "The value for each item, in their order.", "[1, 2].map(n, n * 2) == [2, 4]"),
        "leastBy": (
            "list.leastBy(p, key, key…)",
            "The item with the smallest key; later keys break ties, then the order; an error when empty.",
            "[3, 1].leastBy(n, n) == 1",
        ),
    }
)


def check_macro(checker: Checker, node: syntax.Apply) -> Node:
    """The typed loop of a macro call."""
    macro = MACROS[node.function]
    assert node.target is not None
    source = checker.check(node.target)
    item = _item_type(checker, node, source.type)
    wanted = 2 if macro != "leastBy" else None
    if macro == "map" and len(node.args) == 3:
        return _filtered_map(checker, node, source, item)
    if len(node.args) < 2 or (wanted is not None and len(node.args) != wanted):
        raise checker.fail(
            "cel-macro",
            node,
            f"`{node.function}` takes an item name and {'keys' if macro == 'leastBy' else 'one expression'}",
            expected=f"`{MACRO_DOCS[macro][0]}`",
        )
    local = checker.bind(node.args[0], item)
    bodies = _bodies(checker, node, local, node.args[1:])
    return _loop(checker, node, macro, source, local, bodies)


def _item_type(checker: Checker, node: syntax.Apply, source: Type) -> Type:
    match source:
        case ListType(item=item):
            return item
        case MapType(key=key):
            return key
        case other:
            raise checker.fail(
                "cel-macro", node, f"`{node.function}` goes over a list or a map's keys, this is {show(other)}"
            )


def _bodies(checker: Checker, node: syntax.Apply, local: Local, written: tuple[syntax.Syntax, ...]) -> list[Node]:
    checker.locals.append(local)
    try:
        if MACROS[node.function] in ("map", "leastBy"):
            return checker.all([(body, None) for body in written])
        return [checker.boolean(body) for body in written]
    finally:
        checker.locals.pop()


def _filtered_map(checker: Checker, node: syntax.Apply, source: Node, item: Type) -> Node:
    """`map(p, condition, value)`: CEL's filter and map in one."""
    local = checker.bind(node.args[0], item)
    checker.locals.append(local)
    try:
        condition = checker.boolean(node.args[1])
        body = checker.check(node.args[2])
    finally:
        checker.locals.pop()
    items = source.type.max_items if isinstance(source.type, ListType) else None
    span = checker.span(node)
    filtered = Loop("filter", source, local, (condition,), ListType(item, items), span)
    return Loop("map", filtered, local, (body,), ListType(body.type, items), span)


def _loop(checker: Checker, node: syntax.Apply, macro: Macro, source: Node, local: Local, bodies: list[Node]) -> Node:
    span = checker.span(node)
    match source.type:
        case ListType(max_items=most) | MapType(max_entries=most):
            items = most
        case _:
            items = None
    match macro:
        case "filter":
            return Loop(macro, source, local, tuple(bodies), ListType(local.type, items), span)
        case "map":
            return Loop(macro, source, local, tuple(bodies), ListType(bodies[0].type, items), span)
        case "leastBy":
            for written, body in zip(node.args[1:], bodies, strict=True):
                if not isinstance(
                    body.type, BoolType | IntType | DoubleType | StringType | TimestampType | DurationType
                ):
                    raise checker.fail(
                        "cel-macro", written, f"a key of leastBy must have an order, this is {show(body.type)}"
                    )
            return Loop(macro, source, local, tuple(bodies), local.type, span, raises=True)
        case _:
            return Loop(macro, source, local, tuple(bodies), BOOL, span)
