"""Reading a map by a key. Of a parameter per key every key has a value: what is listed, or else `unlisted`.

Such a lookup is said in nodes that every reader knows: a conditional on `in`, with the entry where the key is listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.cel import syntax
from rules.cel.functions import BY_ID
from rules.cel.literals import fits_value
from rules.cel.paths import path_of
from rules.cel.tree import Call, Conditional, Constant, Entry, Local, Loop, Node, Root, Variable, define, walk
from rules.types import BOOL, MapType

if TYPE_CHECKING:
    from rules.cel.checker import Checker


def entry_of(checker: Checker, node: syntax.Member | syntax.Subscript, operand: Node, key: Node) -> Node:
    """The node of `map[key]` or `map.key`."""
    mapping, span = operand.type, checker.span(node)
    assert isinstance(mapping, MapType)
    parameter = parameter_of(operand)
    if parameter is None or parameter.unlisted is None:
        return Entry(operand, key, mapping.value, span)
    if isinstance(key, Constant) and (never := fits_value(key.value, mapping.key)):
        raise checker.fail("cel-out-of-range", node, f"`{parameter.name}` never lists this key: {never}")
    key = _named(checker, node, key)
    listed = Call(BY_ID["in_map"], (key, operand), BOOL, span, raises=False)
    entry = Entry(operand, key, mapping.value, span)
    return Conditional(listed, entry, Constant(parameter.unlisted, mapping.value, span), mapping.value, span)


def lookup_of(node: Node) -> Entry | None:
    """The entry that a lookup in a parameter per key reads where its key is listed; None for any other node."""
    if isinstance(node, Conditional) and isinstance(node.then, Entry) and node.then.span == node.span:
        return node.then
    return None


def parameter_of(node: Node) -> Root | None:
    """The parameter that an expression is, by itself or by way of variables; None where it is something else."""
    while isinstance(node, Variable):
        node = node.definition.node
    return node if isinstance(node, Root) and node.kind == "parameter" else None


def _named(checker: Checker, node: syntax.Syntax, key: Node) -> Node:
    """A key about which facts can be kept: a literal, a path, or a computed one under a name of its own."""
    if isinstance(key, Constant) or path_of(key) is not None:
        return key
    bound = {part.local.key for part in walk(key) if isinstance(part, Loop)}
    if any(isinstance(part, Local) and part.key not in bound for part in walk(key)):
        raise checker.fail(
            "cel-key",
            node,
            "a key that is computed from an item has no name of its own",
            expected="a literal, a name or a field as the key of a parameter",
        )
    return Variable(define(" ".join(key.span.text.split()), key), key.span)
