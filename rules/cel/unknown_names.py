"""What to say of a name that means nothing where it stands: a word without quotes, a fact, a typo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from rules.cel import syntax
from rules.cel.scope import NAMESPACES, Scope
from rules.cel.tree import Definition
from rules.diagnostics import did_you_mean
from rules.types import EnumType, ListType, MapType, RecordType, Type

if TYPE_CHECKING:
    from rules.cel.checker import Checker

_WHERE: Mapping[str, str] = MappingProxyType(
    {
        "inputs": "a document with `inputs`",
        "params": "a document with `parameters`, or `uses:` of a library that has them",
        "decision": "`outputs`, `ensures` and `log`, which follow the decision",
        "outputs": "`log`, which follows the outputs",
        "steps": "a Pipeline, below the step that it reads",
    }
)
"""Where a namespace that is not known here is known."""

_CONSTANTS = {
    **dict.fromkeys(("True", "TRUE", "yes", "Yes", "YES"), "true"),
    **dict.fromkeys(("False", "FALSE", "no", "No", "NO"), "false"),
}
NOTHING = frozenset(("None", "none", "nil", "undefined", "Null", "NULL"))
"""What other languages call `null`."""


def unknown_name(checker: Checker, node: syntax.Name, wanted: Type | None = None) -> Exception:
    """The fault of a name that neither the scope nor a loop knows; `wanted` is the type that is needed in its place."""
    message, expected, remedy = _said(checker, node.name, wanted)
    return checker.fail("cel-name", node, message, expected=expected, remedy=remedy)


def _said(checker: Checker, name: str, wanted: Type | None) -> tuple[str, str, str]:
    """Message, what was expected, and what to write."""
    scope, here = checker.scope, f"`{name}` is not known here"
    if name in NAMESPACES and scope.has_namespace(name):
        return f"`{name}` is not a value by itself", f"`{name}.<name>`", ""
    if name in NAMESPACES:
        return here, _WHERE[name], ""
    if name in scope.later:
        return f"`{name}` is not known before it is defined", "", f"the definition of `{name}` above this"
    if name in scope.offered:
        return here, "", f"`uses: {{{scope.offered[name]}: [{name}]}}`"
    if name in scope.facts:
        message = f"`{name}` is a fact of the glossary and not among the inputs here"
        return message, "", f"`{name}: {scope.facts[name]}` under `{scope.inputs_under}`"
    if name in NOTHING:
        return here, "a presence test such as `has(x)`", ""
    if name in _CONSTANTS:
        return here, "", f"`{_CONSTANTS[name]}`"
    needed = [wanted] if isinstance(wanted, EnumType) else []
    if enum := next((e for e in (*needed, *_enums(checker)) if name in e.members), None):
        # YAML takes the outer quotes of a whole value away: a word by itself needs a second pair
        whole = checker.text.text.strip() == name
        remedy = f"`'\"{name}\"'`" if whole else f'"{name}"'
        return f"`{name}` is a word of `{enum.name}` and stands without quotes", "", remedy
    near = did_you_mean(name, [*scope.names, *(local.name for local in checker.locals)])
    member = next((f"{n}.{name}" for n in NAMESPACES if name in scope.member_names(n)), near)
    return here, "", f"`{member}`" if member else ""


def _enums(checker: Checker) -> Iterator[EnumType]:
    """The enums of everything that can be read here."""
    seen: set[str] = set()
    for t in (*_types(checker.scope), *(local.type for local in checker.locals)):
        yield from _enums_in(t, seen)


def _types(scope: Scope) -> Iterator[Type]:
    for meaning in (*scope.names.values(), *scope.members.values()):
        yield meaning.node.type if isinstance(meaning, Definition) else meaning.type


def _enums_in(t: Type, seen: set[str]) -> Iterator[EnumType]:
    match t:
        case EnumType():
            yield t
        case ListType(item=inner) | MapType(value=inner):
            yield from _enums_in(inner, seen)
        case RecordType() if t.name not in seen:
            seen.add(t.name)
            for field in t.fields:
                yield from _enums_in(field.type, seen)
        case _:
            pass
