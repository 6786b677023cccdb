"""What to say of a call that means nothing: an unknown name, arguments that no overload takes, a mix of types.

Each function reports the fault and gives the exception for its caller to raise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.cel import syntax
from rules.cel.functions import BY_NAME, Overload, Style
from rules.cel.macros import MACRO_DOCS, MACROS
from rules.cel.tree import Constant, Node
from rules.cel.unknown_names import NOTHING
from rules.diagnostics import did_you_mean
from rules.types import (
    DoubleType,
    DurationType,
    EnumType,
    IntType,
    ListType,
    MapType,
    RecordType,
    StringType,
    TimestampType,
    Type,
    show,
)

if TYPE_CHECKING:
    from rules.cel.checker import Checker

ORDERINGS = frozenset(("_<_", "_<=_", "_>_", "_>=_"))


def conversion(source: str, found: Type, wanted: Type, *, literal: bool) -> str:
    """How to write a value of one type where another is wanted, in backticks; empty where there is no way."""
    match found, wanted:
        case IntType(), DoubleType():
            return f"`{source}.0`" if literal and source.lstrip("-").isdecimal() else f"`double({source})`"
        case DoubleType(), IntType():
            return f"`int({source})`"
        case EnumType(), StringType():
            return f"`string({source})`"
        case IntType() | DoubleType(), DurationType() if literal:
            return f'`duration("{source}s")`'
        case StringType(), DurationType() if literal:
            return f"`duration({source})`"
        case StringType(), TimestampType() if literal:
            return f"`timestamp({source})`"
        case _:
            return ""


_SIZES = frozenset(("len", "length", "count", "size"))
_EMPTY = frozenset(("empty", "isEmpty", "is_empty"))
_MACRO_WORDS = {"any": "exists", "some": "exists", "every": "all", "where": "filter", "select": "map", "for_all": "all"}
_FUNCTION_WORDS = {
    **dict.fromkeys(("float", "number"), "double"),
    **dict.fromkeys(("integer", "long"), "int"),
    **dict.fromkeys(("corr", "corrcoef", "pearson"), "correlation"),
    "str": "string",
}
_LEAST = {"min": "math.least", "max": "math.greatest"}
_AGGREGATES = frozenset(("sum", "min", "max"))


def unknown_function(checker: Checker, node: syntax.Apply, style: Style, name: str) -> Exception:
    """A function or method that is neither known nor meant as what it is written as."""
    other: Style = "method" if style == "function" else "function"
    if call := _call_meant(checker, node, style, name):
        known = (other, name) in BY_NAME
        message = f"`{name}` is a {other}" if known else f"there is no {style} `{name}`"
        message = f"`{name}` is written behind a list" if name in MACROS else message
        return checker.fail("cel-function", node, message, remedy=f"`{call}`")
    if style == "function" and name in MACROS:
        return checker.fail_at_name(
            "cel-function", node, f"`{name}` is written behind a list", expected=f"`{MACRO_DOCS[MACROS[name]][0]}`"
        )
    message = f"there is no {style} `{name}`"
    if style == "method" and not node.args and _is_field(checker, node):
        field = checker.text.text[node.start : node.end].rpartition("(")[0].rstrip()
        return checker.fail("cel-function", node, message, remedy=f"`{field}`")
    words = [word for kind, word in BY_NAME if kind == style] or [word for kind, word in BY_NAME if kind != "operator"]
    near = did_you_mean(name, [*words, *MACROS] if style == "method" else words)
    return checker.fail_at_name("cel-function", node, message, remedy=f"`{near}`" if near else "")


def _call_meant(checker: Checker, node: syntax.Apply, style: Style, name: str) -> str:
    """The call as this language writes it, when its name is known from elsewhere or stands on the wrong side."""
    first, *rest = [checker.text.text[arg.start : arg.end] for arg in _written(node)] or [""]
    listed = ", ".join([first, *rest])
    macro = _MACRO_WORDS.get(name, name if style == "function" else "")
    function = _FUNCTION_WORDS.get(name, name)
    if not first:
        return "now" if name == "now" and "now" in {*checker.scope.names, *checker.scope.facts} else ""
    if style == "function" and name in _LEAST and rest:
        return f"{_LEAST[name]}({listed})"
    if name in _SIZES and not rest:
        return f"size({first})"
    if name in _EMPTY and not rest:
        return f"size({first}) == 0"
    if name == "not" and not rest:
        return f"!({first})"
    if ("function", f"math.{name.lower()}") in BY_NAME:
        return f"math.{name.lower()}({listed})"
    if macro in MACROS and len(rest) >= 2 - (style == "method") and (style == "function" or name in _MACRO_WORDS):
        return f"{first}.{macro}({', '.join(rest)})"
    if ("function", function) in BY_NAME:
        return f"{function}({listed})"
    return f"{first}.{name}({', '.join(rest)})" if style == "function" and ("method", name) in BY_NAME else ""


def names_function(name: str) -> bool:
    """Whether a name is that of a function, of a family of functions such as `math`, or of a macro."""
    functions = (known.partition(".")[0] for style, known in BY_NAME if style == "function")
    return name == "has" or name in MACROS or name in functions


def _is_field(checker: Checker, node: syntax.Apply) -> bool:
    """Whether what is called as a method is a field."""
    assert node.target is not None
    target = checker.check(node.target).type
    return isinstance(target, RecordType) and target.field(node.function) is not None


def no_fields(checker: Checker, node: syntax.Member, t: Type) -> Exception:
    """A field of something that has none: `list.size` of other languages is a function here."""
    message = f"`{show(t)}` has no fields, so no `{node.name}`"
    operand = checker.text.text[node.operand.start : node.operand.end]
    if node.name in _SIZES and isinstance(t, ListType | MapType | StringType):
        return checker.fail("cel-field", node, message, remedy=f"`size({operand})`")
    return checker.fail_at_name("cel-field", node, message)


def names_item(checker: Checker, node: syntax.Apply) -> bool:
    """Whether an aggregate is written like a macro, `list.sum(p, p.x)`."""
    first = node.args[0] if len(node.args) == 2 else None
    if node.function not in _AGGREGATES or not isinstance(first, syntax.Name):
        return False
    return first.name not in checker.scope.names and all(local.name != first.name for local in checker.locals)


def aggregate_of_items(checker: Checker, node: syntax.Apply) -> Exception:
    """Refuse `list.sum(p, p.x)`: what is summed is written with `map`."""
    assert node.target is not None
    target, item, value = (checker.text.text[n.start : n.end] for n in (node.target, *node.args))
    return checker.fail(
        "cel-function",
        node,
        f"`{node.function}` takes the list alone",
        remedy=f"`{target}.map({item}, {value}).{node.function}()`",
    )


def _written(node: syntax.Apply) -> tuple[syntax.Syntax, ...]:
    return node.args if node.target is None else (node.target, *node.args)


def no_overload(
    checker: Checker,
    node: syntax.Apply,
    name: str,
    written: tuple[syntax.Syntax, ...],
    args: list[Node],
    overloads: tuple[Overload, ...],
) -> Exception:
    """Arguments that no overload takes: what each is, what could stand there, and how to convert."""
    shown = [show(arg.type) for arg in args]
    if overloads[0].style == "operator":
        message = f"`{_sign(name)}` does not go with {' and '.join(shown)}"
    else:
        message = f"`{name}` does not take ({', '.join(shown)})"
    near = [o for o in overloads if _near(o, args)] or overloads
    expected = ", ".join(dict.fromkeys(_signature(overload) for overload in near))
    return checker.fail("cel-type", node, message, expected=expected, remedy=_remedy(checker, name, written, args))


def _remedy(checker: Checker, name: str, written: tuple[syntax.Syntax, ...], args: list[Node]) -> str:
    if len(args) != 2:
        return ""
    texts = [checker.text.text[arg.start : arg.end] for arg in written]
    first = written[0]
    if name in ORDERINGS and isinstance(first, syntax.Apply) and first.function in ORDERINGS:
        middle = checker.text.text[first.args[1].start : first.args[1].end]
        return f"`{texts[0]} && {middle} {_sign(name)} {texts[1]}`"
    pairs = [(mine, args[1 - mine].type) for mine in (0, 1)]
    for mine, wanted in sorted(pairs, key=lambda pair: isinstance(args[pair[0]].type, DoubleType)):
        found = conversion(texts[mine], args[mine].type, wanted, literal=isinstance(args[mine], Constant))
        if found:
            return found
    return ""


def _near(overload: Overload, args: list[Node]) -> bool:
    """Whether an overload takes one of the arguments where it stands, other than as any type."""
    pairs = zip(overload.params, args, strict=False)
    return any(pattern.partition("(")[0] == show(arg.type).partition("(")[0] for pattern, arg in pairs)


def _sign(name: str) -> str:
    return name.strip("_@").replace("[_]", "[]") or name


def _signature(overload: Overload) -> str:
    params, sign = overload.params, _sign(overload.name)
    if overload.style == "operator":
        if overload.name == "_[_]":
            return f"`{params[0]}[{params[1]}]`"
        if params == ("T", "T"):
            return f"two values of one type for `{sign}`"
        return f"`{params[0]} {sign} {params[1]}`" if len(params) == 2 else f"`{sign}{params[0]}`"
    listed = ", ".join(params[overload.style == "method" :]) + (", …" if overload.variadic else "")
    return f"`{params[0]}.{sign}({listed})`" if overload.style == "method" else f"`{sign}({listed})`"


def record_in(t: Type) -> RecordType | None:
    """The record that values of a type are or hold."""
    match t:
        case RecordType():
            return t
        case ListType(item=inner) | MapType(value=inner):
            return record_in(inner)
        case _:
            return None


def whole_record(checker: Checker, node: syntax.Apply, t: Type, record: RecordType) -> Exception:
    """Refuse to compare records: what is absent in them, or ignored, has no equality that a reader would expect."""
    field = next((f.name for f in record.fields if not f.guarded), "field")
    left, right = (checker.text.text[arg.start : arg.end] for arg in node.args)
    if node.function == "@in":
        remedy = f"`{right}.exists(x, x.{field} == {left}.{field})`"
    elif isinstance(t, RecordType):
        remedy = f"`{left}.{field} {_sign(node.function)} {right}.{field}`"
    else:
        remedy = f"`size({left})`, or `{left}.exists(x, x.{field} == …)`"
    expected = "a comparison of fields"
    return checker.fail("cel-type", node, f"`{show(t)}` is not compared as a whole", expected=expected, remedy=remedy)


def compared_with_null(checker: Checker, node: syntax.Apply) -> Exception:
    """Refuse `x == null`: absent and null are one, and `has` asks for it."""
    other = 1 if _is_null(node.args[0]) else 0
    operand = checker.text.text[node.args[other].start : node.args[other].end]
    remedy = f"`!has({operand})`" if node.function == "_==_" else f"`has({operand})`"
    return checker.fail("cel-null", node, "nothing is compared with `null`", expected="a presence test", remedy=remedy)


def names_null(node: syntax.Apply) -> bool:
    """Whether an equality has `null` on one side."""
    return node.function in ("_==_", "_!=_") and any(_is_null(arg) for arg in node.args)


def _is_null(node: syntax.Syntax) -> bool:
    if isinstance(node, syntax.Name):
        return node.name in NOTHING
    return isinstance(node, syntax.Constant) and node.value is None
