"""From syntax to the typed tree: names resolved, overloads chosen, enums and literals fitted to what is expected.

Every fault found goes to the diagnostics with its place in the document; a node that has one gives no tree. Presence
is checked after types, on the finished tree (`rules.cel.presence`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rules.cel import syntax
from rules.cel.empties import alike
from rules.cel.lookups import entry_of, lookup_of
from rules.cel.macros import MACROS, check_macro
from rules.cel.mismatch import conversion, no_fields
from rules.cel.operators import check_call
from rules.cel.scope import NAMESPACES, Scope
from rules.cel.tree import (
    Conditional,
    Constant,
    Entries,
    Entry,
    Has,
    Items,
    Local,
    Logic,
    Node,
    Select,
)
from rules.cel.unknown_names import unknown_name
from rules.diagnostics import Diagnostics, did_you_mean
from rules.source import Span
from rules.types import (
    BOOL,
    DoubleType,
    EnumType,
    IntType,
    ListType,
    MapType,
    RecordType,
    StringType,
    Type,
    join,
    same,
    show,
)


class Untyped(Exception):
    """A part has no type; what is wrong has been reported."""


@dataclass(frozen=True, slots=True)
class Text:
    """An expression as written, and how its offsets map to the document."""

    text: str
    span: Span
    span_at: Callable[[int, int], Span]


@dataclass(slots=True)
class Checker:
    """Checks one expression in a scope. `locals` are the loop variables in force, innermost last."""

    scope: Scope
    text: Text
    diagnostics: Diagnostics
    locals: list[Local] = field(default_factory=list)
    _next_local: int = 0

    def span(self, node: syntax.Syntax) -> Span:
        """Where a piece of syntax stands in the document."""
        return self.text.span_at(node.start, node.end)

    def fail(self, code: str, node: syntax.Syntax, message: str, *, expected: str = "", remedy: str = "") -> Untyped:
        """Report a fault; the caller raises what is returned."""
        self.diagnostics.error(code, self.span(node), message, expected=expected, remedy=remedy)
        return Untyped()

    def fail_at_name(
        self, code: str, node: syntax.Member | syntax.Apply, message: str, *, expected: str = "", remedy: str = ""
    ) -> Untyped:
        """Report a fault of the field or function named, and place it there."""
        if isinstance(node, syntax.Member):
            start, name = node.end - len(node.name), node.name
        else:
            start, name = node.start, node.function
            if node.target is not None:
                start = self.text.text.find(name, node.target.end)
        self.diagnostics.error(
            code, self.text.span_at(start, start + len(name)), message, expected=expected, remedy=remedy
        )
        return Untyped()

    def check(self, node: syntax.Syntax, expected: Type | None = None) -> Node:
        """The typed node; raises `Untyped` when there is none. A string literal fits an expected enum."""
        match node:
            case syntax.Constant():
                return self._constant(node, expected)
            case syntax.Name():
                return self._name(node, expected)
            case syntax.Member():
                return self._member(node)
            case syntax.Subscript():
                return self._subscript(node)
            case syntax.Items():
                return self._items(node, expected)
            case syntax.Entries():
                return self._entries(node, expected)
            case syntax.Apply():
                return self._apply(node, expected)

    def all(self, nodes: list[tuple[syntax.Syntax, Type | None]]) -> list[Node]:
        """Several nodes, each checked so that every fault is reported."""
        out: list[Node] = []
        failed = False
        for node, expected in nodes:
            try:
                out.append(self.check(node, expected))
            except Untyped:
                failed = True
        if failed:
            raise Untyped
        return out

    def boolean(self, node: syntax.Syntax) -> Node:
        """A node that must be a bool."""
        checked = self.check(node, BOOL)
        if checked.type != BOOL:
            raise self.fail(
                "cel-type", node, f"a condition is needed here, this is {show(checked.type)}", expected="bool"
            )
        return checked

    def conversion(self, source: syntax.Syntax, node: Node, wanted: Type) -> str:
        """How to write a node where another type is wanted."""
        text = self.text.text[source.start : source.end]
        return conversion(text, node.type, wanted, literal=isinstance(node, Constant))

    def bind(self, name: syntax.Syntax, item: Type) -> Local:
        """A loop variable for a macro; its name must be a plain, unused one."""
        if not isinstance(name, syntax.Name):
            raise self.fail("cel-macro", name, "the first argument names the item", expected="a name such as `p`")
        if any(local.name == name.name for local in self.locals) or self.scope.read(name.name, self.span(name)):
            raise self.fail("cel-shadow", name, f"`{name.name}` already means something here", remedy="another name")
        self._next_local += 1
        return Local(name.name, self._next_local, item, self.span(name))

    def _constant(self, node: syntax.Constant, expected: Type | None) -> Node:
        span = self.span(node)
        match node.value, expected:
            case str(), EnumType():
                return Constant(self._word(node, node.value, expected), expected, span)
            case bool(), _:
                return Constant(node.value, BOOL, span)
            case int(), _:
                return Constant(node.value, IntType(node.value, node.value), span)
            case float(), _:
                return Constant(node.value, DoubleType(node.value, node.value), span)
            case str(), _:
                return Constant(node.value, StringType(len(node.value)), span)
            case _:
                raise self.fail(
                    "cel-null",
                    node,
                    "`null` is no value of an expression",
                    expected="a value, or a presence test such as `has(x)`",
                )

    def _word(self, node: syntax.Syntax, word: str, enum: EnumType) -> str:
        if word not in enum.members:
            near = did_you_mean(word, enum.members)
            raise self.fail(
                "cel-enum",
                node,
                f"`{word}` is not a word of `{enum.name}`",
                expected=_one_of(enum.members),
                remedy=f'"{near}"' if near else "",
            )
        return word

    def _name(self, node: syntax.Name, expected: Type | None = None) -> Node:
        span = self.span(node)
        for local in reversed(self.locals):
            if local.name == node.name:
                return Local(local.name, local.key, local.type, span)
        found = self.scope.read(node.name, span)
        if found is not None:
            return found
        if self.scope.is_faulty(node.name):
            raise Untyped
        raise unknown_name(self, node, expected)

    def _member(self, node: syntax.Member) -> Node:
        span = self.span(node)
        if isinstance(node.operand, syntax.Name) and self._is_namespace(node.operand.name):
            return self._namespace_member(node, node.operand.name, span)
        operand = self.check(node.operand)
        match operand.type:
            case RecordType() as record:
                found = record.field(node.name)
                if found is None:
                    near = did_you_mean(node.name, [f.name for f in record.fields])
                    raise self.fail_at_name(
                        "cel-field",
                        node,
                        f"{_named(record)} has no field `{node.name}`",
                        expected=_one_of(f.name for f in record.fields),
                        remedy=f"`{near}`" if near else "",
                    )
                return Select(operand, found, span, fails_absent=found.lacking)
            case MapType() as mapping:
                return entry_of(self, node, operand, Constant(node.name, mapping.key, span))
            case other:
                raise no_fields(self, node, other)

    def _is_namespace(self, name: str) -> bool:
        bound = any(local.name == name for local in self.locals) or name in self.scope.names
        return name in NAMESPACES and not bound and self.scope.has_namespace(name)

    def _namespace_member(self, node: syntax.Member, namespace: str, span: Span) -> Node:
        found = self.scope.member(namespace, node.name, span)
        if found is None and self.scope.is_faulty(node.name, namespace):
            raise Untyped
        if found is None:
            near = did_you_mean(node.name, self.scope.member_names(namespace))
            library = self.scope.offered.get(f"{namespace}.{node.name}")
            if library is not None:
                near = f"uses: {{{library}: [{node.name}]}}"
            if f"{namespace}.{node.name}" in self.scope.later:
                message = f"`{namespace}.{node.name}` is not known before it is asked"
                raise self.fail_at_name("cel-name", node, message, expected="a step that stands above")
            raise self.fail_at_name(
                "cel-name",
                node,
                f"`{namespace}` has no `{node.name}`",
                expected=_one_of(sorted(self.scope.member_names(namespace))),
                remedy=f"`{near}`" if near else "",
            )
        return found

    def _subscript(self, node: syntax.Subscript) -> Node:
        operand, index = self.all([(node.operand, None), (node.index, None)])
        if isinstance(operand.type, MapType):
            if not isinstance(index.type, StringType):
                raise self.fail(
                    "cel-type", node.index, f"the keys of a map are text, this is {show(index.type)}", expected="string"
                )
            return entry_of(self, node, operand, index)
        apply = syntax.Apply("_[_]", None, (node.operand, node.index), node.start, node.end)
        return check_call(self, apply, [operand, index])

    def _items(self, node: syntax.Items, expected: Type | None) -> Node:
        wanted = expected.item if isinstance(expected, ListType) else None
        if not node.items:
            if wanted is None:
                raise self.fail("cel-collection", node, "the type of an empty list is not known here")
            return Items((), ListType(wanted, 0), self.span(node))
        items = self.all([(item, wanted) for item in node.items])
        item_type = self._common(node.items, items, "list")
        return Items(tuple(items), ListType(item_type, len(items)), self.span(node))

    def _entries(self, node: syntax.Entries, expected: Type | None) -> Node:
        wanted = expected.value if isinstance(expected, MapType) else None
        if not node.entries:
            if wanted is None:
                raise self.fail("cel-collection", node, "the type of an empty map is not known here")
            return Entries((), MapType(wanted, max_entries=0), self.span(node))
        keys: list[Constant] = []
        for key, _ in node.entries:
            if not (isinstance(key, syntax.Constant) and isinstance(key.value, str)):
                raise self.fail("cel-collection", key, "a map's keys are text literals", expected='`{"a": 1}`')
            if any(key.value == seen.value for seen in keys):
                raise self.fail("cel-collection", key, f'the key "{key.value}" stands twice')
            keys.append(Constant(key.value, StringType(len(key.value)), self.span(key)))
        values = self.all([(value, wanted) for _, value in node.entries])
        value_type = self._common(tuple(v for _, v in node.entries), values, "map")
        mapping = MapType(value_type, max_entries=len(keys))
        return Entries(tuple(zip(keys, values, strict=True)), mapping, self.span(node))

    def _common(self, written: tuple[syntax.Syntax, ...], nodes: list[Node], what: str) -> Type:
        common = nodes[0].type
        for source, node in zip(written, nodes, strict=True):
            if not same(common, node.type):
                raise self.fail(
                    "cel-collection",
                    source,
                    f"a {what} holds one type, this is {show(node.type)}",
                    expected=show(common),
                    remedy=self.conversion(source, node, common),
                )
            common = join(common, node.type)
        return common

    def _apply(self, node: syntax.Apply, expected: Type | None) -> Node:
        if node.function in ("_&&_", "_||_"):
            return self._logic(node)
        if node.function == "_?_:_":
            return self._conditional(node, expected)
        if node.function == "has" and node.target is None:
            return self._has(node)
        if node.target is not None and node.function in MACROS:
            return check_macro(self, node)
        return check_call(self, node, None)

    def _logic(self, node: syntax.Apply) -> Node:
        sides: list[Node] = []
        for arg in node.args:
            try:
                sides.append(self.boolean(arg))
            except Untyped:
                continue
        if len(sides) != len(node.args):
            raise Untyped
        return Logic("&&" if node.function == "_&&_" else "||", sides[0], sides[1], self.span(node))

    def _conditional(self, node: syntax.Apply, expected: Type | None) -> Node:
        test = self.boolean(node.args[0])
        then, other = alike(self, node.args[1], node.args[2], expected)
        if isinstance(then.type, EnumType) and isinstance(other, Constant) and isinstance(other.type, StringType):
            other = self.check(node.args[2], then.type)
        if isinstance(other.type, EnumType) and isinstance(then, Constant) and isinstance(then.type, StringType):
            then = self.check(node.args[1], other.type)
        if not same(then.type, other.type):
            raise self.fail(
                "cel-type",
                node.args[2],
                f"both sides of `? :` must have one type, these are {show(then.type)} and {show(other.type)}",
                expected=show(then.type),
                remedy=self.conversion(node.args[2], other, then.type),
            )
        return Conditional(test, then, other, join(then.type, other.type), self.span(node))

    def _has(self, node: syntax.Apply) -> Node:
        if len(node.args) != 1 or not isinstance(node.args[0], syntax.Member):
            raise self.fail(
                "cel-has",
                node,
                "`has` takes one field",
                expected="`has(record.field)`",
                remedy=self._has_instead(node.args[0]) if len(node.args) == 1 else "",
            )
        path = self.check(node.args[0])
        path = lookup_of(path) or path
        guarded = isinstance(path, Entry) or getattr(path, "guarded", False)
        if isinstance(path, Select):
            guarded = path.field.guarded
        if not guarded and not path.fails:
            self.diagnostics.warning(
                "cel-has-always", self.span(node), f"`{self.text.text[node.start : node.end]}` is always true here"
            )
        return Has(path, self.span(node))

    def _has_instead(self, argument: syntax.Syntax) -> str:
        """The presence test that was meant."""
        text = self.text.text
        match argument:
            case syntax.Name(name=name) if name in self.scope.member_names("inputs"):
                return f"`has(inputs.{name})`"
            case syntax.Subscript(operand=operand, index=index):
                return f"`{text[index.start : index.end]} in {text[operand.start : operand.end]}`"
            case _:
                return ""


def _named(record: RecordType) -> str:
    decision = record.name.removeprefix("call:")
    return f"`{record.name}`" if decision == record.name else f"the decision of `{decision}`"


def _one_of(words: Iterable[str]) -> str:
    known = [f"`{word}`" for word in words]
    return ", ".join(known) if len(known) < 2 else "one of " + ", ".join(known)


"""Where the namespaces are known."""
