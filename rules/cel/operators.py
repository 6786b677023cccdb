"""Calls and operators: literals fitted to their counterpart, then the overload that takes the arguments.

An int literal may be compared with a double; a text literal with an enum is one of its words; any other mix is
refused with the conversion to write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.cel import syntax
from rules.cel.bounds import result_of
from rules.cel.empties import arguments
from rules.cel.functions import BY_NAME, Overload, Style
from rules.cel.mismatch import (
    aggregate_of_items,
    compared_with_null,
    names_item,
    names_null,
    no_overload,
    record_in,
    unknown_function,
    whole_record,
)
from rules.cel.prepared import check_literal
from rules.cel.tree import Call, Constant, Items, Node
from rules.times import parse_duration_us, parse_timestamp_us
from rules.types import (
    DURATION,
    TIMESTAMP,
    BoolType,
    DoubleType,
    DurationType,
    EnumType,
    IntType,
    ListType,
    MapType,
    StringType,
    TimestampType,
    Type,
    same,
)

if TYPE_CHECKING:
    from rules.cel.checker import Checker

COMPARISONS = frozenset(("_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_"))
_EQUALITIES = frozenset(("equal", "not_equal", "in_list"))
_NAMESPACED = frozenset(name.partition(".")[0] for _, name in BY_NAME if "." in name)


def check_call(checker: Checker, node: syntax.Apply, args: list[Node] | None) -> Node:
    """The typed call of a function, method or operator; `args` when they are typed already."""
    style, name, written = _named(checker, node)
    overloads = BY_NAME.get((style, name), ())
    if not overloads:
        raise unknown_function(checker, node, style, name)
    if names_null(node):
        raise compared_with_null(checker, node)
    if style == "method" and names_item(checker, node):
        raise aggregate_of_items(checker, node)
    if args is None:
        args = arguments(checker, name, written)
    literal = _time_literal(checker, node, name, args)
    if literal is not None:
        return literal
    if len(args) == 2:
        args = _fit(checker, name, list(written), args)
    types = [arg.type for arg in args]
    for overload in overloads:
        if _takes(overload, types):
            if overload.id in _EQUALITIES and (record := record_in(types[0])) is not None:
                raise whole_record(checker, node, types[0], record)
            if overload.takes_literal:
                check_literal(checker, overload, written[-1], args[-1])
            result, raises = result_of(overload, types)
            return Call(overload, tuple(args), _bind(overload, types, result), checker.span(node), raises)
    raise no_overload(checker, node, name, written, args, overloads)


def _named(checker: Checker, node: syntax.Apply) -> tuple[Style, str, tuple[syntax.Syntax, ...]]:
    """Style, name and all arguments; `math.least(…)` is a function although it is written as a method."""
    target = node.target
    if target is None:
        operator = node.function.startswith(("_", "!", "-", "@"))
        return ("operator" if operator else "function"), node.function, node.args
    if isinstance(target, syntax.Name) and target.name in _NAMESPACED:
        bound = any(local.name == target.name for local in checker.locals) or target.name in checker.scope.names
        if not bound:
            return "function", f"{target.name}.{node.function}", node.args
    return "method", node.function, (target, *node.args)


def _time_literal(checker: Checker, node: syntax.Apply, name: str, args: list[Node]) -> Node | None:
    """`timestamp("…")` and `duration("…")` of a literal become constants."""
    if name not in ("timestamp", "duration") or len(args) != 1:
        return None
    argument = args[0]
    if not isinstance(argument, Constant) or not isinstance(argument.type, StringType):
        return None
    example = "2026-02-03T12:00:00Z" if name == "timestamp" else "90s"
    text = str(argument.value)
    try:
        if name == "timestamp":
            return Constant(parse_timestamp_us(text), TIMESTAMP, checker.span(node))
        micros = parse_duration_us(text)
        return Constant(micros, DurationType(micros, micros), checker.span(node))
    except ValueError as error:
        raise checker.fail(
            "cel-literal", node, f"`{text}` is not a {name}: {error}", expected=f'`{name}("{example}")`'
        ) from None


def _fit(checker: Checker, name: str, written: list[syntax.Syntax], args: list[Node]) -> list[Node]:
    """Literals fitted to the other side: text to an enum's word, an int to a double in comparisons."""
    for mine, other in ((0, 1), (1, 0)):
        wanted = _wanted(name, args[mine], args[other].type, is_left=mine == 0)
        if wanted is not None and not same(args[mine].type, wanted):
            if isinstance(wanted, DoubleType):
                constant = args[mine]
                assert isinstance(constant, Constant)
                args[mine] = _as_double(checker, written[mine], constant)
            else:
                args[mine] = checker.check(written[mine], wanted)
    return args


def _as_double(checker: Checker, written: syntax.Syntax, constant: Constant) -> Node:
    assert isinstance(constant.value, int)
    value = float(constant.value)
    if int(value) != constant.value:
        raise checker.fail(
            "cel-number", written, f"`{constant.value}` has no double of the same value", remedy=f"`{value!r}`"
        )
    return Constant(value, DoubleType(value, value), constant.span)


def _wanted(name: str, mine: Node, other: Type, *, is_left: bool) -> Type | None:
    literal = isinstance(mine, Constant)
    if name in COMPARISONS and literal and isinstance(mine.type, IntType) and isinstance(other, DoubleType):
        return other
    if name in ("_==_", "_!=_") and literal and isinstance(mine.type, StringType) and isinstance(other, EnumType):
        return other
    in_words = is_left and isinstance(other, ListType) and isinstance(other.item, EnumType)
    if name == "@in" and in_words and literal and isinstance(mine.type, StringType):
        assert isinstance(other, ListType)
        return other.item
    if name == "@in" and not is_left and isinstance(mine, Items) and isinstance(other, EnumType):
        return ListType(other)
    return None


def _takes(overload: Overload, types: list[Type]) -> bool:
    params = overload.params
    if overload.variadic:
        if not types:
            return False
        params = params * len(types)
    if len(params) != len(types):
        return False
    bound: dict[str, Type] = {}
    return all(_matches(pattern, t, bound) for pattern, t in zip(params, types, strict=True))


_SCALARS: dict[str, type] = {
    "bool": BoolType,
    "int": IntType,
    "double": DoubleType,
    "string": StringType,
    "timestamp": TimestampType,
    "duration": DurationType,
    "enum": EnumType,
    "literal": StringType,
}


def _matches(pattern: str, t: Type, bound: dict[str, Type]) -> bool:
    if pattern.startswith("list("):
        return isinstance(t, ListType) and _matches(pattern[5:-1], t.item, bound)
    if pattern.startswith("map("):
        return isinstance(t, MapType) and _matches(pattern[4:-1], t.value, bound)
    if pattern == "T":
        if pattern in bound:
            return same(bound[pattern], t)
        bound[pattern] = t
        return True
    return isinstance(t, _SCALARS[pattern])


def _bind(overload: Overload, types: list[Type], result: Type) -> Type:
    """The result of `T`-typed overloads comes from the bounds; the plain ones are as declared."""
    if overload.result == "duration" and not isinstance(result, DurationType):
        return DURATION
    return result
