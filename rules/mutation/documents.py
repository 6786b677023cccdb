"""All mutants of a document: what decides in it, one token changed at a time.

Reasons, log lines, titles, descriptions and units decide nothing, nor does what bounds a parameter. What only has to
hold (`ensures`, `parametersRequire`) is no part of it either: as long as it holds, nothing shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from rules.documents.shape import Shaped
from rules.mutation.expressions import Meanings, edits
from rules.mutation.mutant import Edit, Kind, Mutant, became, written_into
from rules.mutation.tables import Told, table_edits
from rules.mutation.values import Words, next_of, other_values, wider_bound
from rules.types import EnumType, Type
from rules.yaml_nodes import Mapping, Node, Scalar, Sequence

CONDITIONS = frozenset({"when", "that", "if", "off"})
EXPRESSIONS = frozenset({"value", "reading", "row", "column", "on"})
NAMED = frozenset({"variables", "steps", "columns"})
"""What holds expressions under names."""
TYPED = frozenset({"inputs", "scalars", "facts"})
RECORDS = frozenset({"finding", "onRuleError"})
ORDERED = frozenset({"rules", "requires", "exempt", "priority"})
"""What is looked at in the order in which it stands."""
OUTCOMES = frozenset({"outcome", "onError", "exits"})
BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
PASSED_OVER = frozenset(
    {
        "uses", "log", "reason", "description", "unit", "env", "tighten", "id", "policy", "declared", "hitPolicy", "by",
        "parametersRequire", "ensures", "unreachable", "results", "unscored", "outcomeFrom", "type", "ignored", "enums",
        "openEnums",
    }
)  # fmt: skip
"""What decides nothing by itself, and what cannot be another without the document saying something else."""
OTHER_EFFECT = {"allow": "block", "block": "allow", "info": "block"}


def mutants(document: Shaped, types: Iterable[Type] = ()) -> tuple[Mutant, ...]:
    """Every mutant of a document, in the order of its text; `types` are those whose words it may use."""
    found: dict[tuple[int, int, str], Mutant] = {}
    for scalar, edit in _Document(document, types).edits():
        start, end, text = written_into(scalar, edit) if scalar is not None else (edit.start, edit.end, edit.text)
        place = str(document.source.span(start if scalar is None else scalar.offset_at(edit.start), end))
        if document.source.text[start:end] != text:
            mutant = Mutant(document.name, edit.kind, start, end, text, place, edit.sentence, edit.left_out)
            found.setdefault((start, end, text), mutant)
    return tuple(found[key] for key in sorted(found))


Found = tuple[Scalar | None, Edit]
"""A change in a scalar's text, or, without a scalar, in the text of the document."""


class _Document:
    """A walk through a document."""

    def __init__(self, document: Shaped, types: Iterable[Type]) -> None:
        self.document, self.kind = document, document.kind
        self.text = document.source.text
        self.outcomes = _keys(document.spec.get("outcomes"))
        enums = [one.members for one in types if isinstance(one, EnumType)]
        groups = (*enums, _ids(document.spec), self.outcomes, ("allow", "block", "info"))
        self.meanings = Meanings(Words(groups), _alike(document.spec.get("parameters")))

    def edits(self) -> Iterator[Found]:
        """Every change."""
        for key, node in self.document.spec:
            yield from self._at(key.text, node)

    def _at(self, key: str, node: Node) -> Iterator[Found]:
        """The changes of what stands under a key."""
        if key in PASSED_OVER:
            return
        match node:
            case Mapping():
                yield from self._mapping(key, node)
            case Sequence() if key == "least":
                if len(node.items) > 1:
                    yield from self._without_one([item.span.start for item in node.items], node, "operand")
                yield from self._value(node)
            case Sequence():
                if key in ORDERED or (key == "steps" and self.document.spec.get("priority") is None):
                    yield from self._reordered(node)
                for item in node.items:
                    if isinstance(item, Mapping):
                        yield from self._at("", item)
            case Scalar():
                yield from self._scalar(key, node)

    def _mapping(self, key: str, node: Mapping) -> Iterator[Found]:
        """The changes of what has keys of its own."""
        changed = {"parameters": self._parameter, "outcomes": self._effect, "records": self._record}
        changed |= dict.fromkeys(TYPED, self._type) | dict.fromkeys(NAMED, self._value)
        if key in changed:
            for _, below in node:
                yield from changed[key](below)
        elif key in RECORDS:
            yield from self._value(node)
        elif key == "with":
            yield from self._without_one([name.span.start for name, _ in node], node, "argument")
            yield from self._value(node)
        elif key in ("consecutive", "dwell"):
            yield from self._directions(node)
        elif key == "otherwise" and self.kind in ("DecisionTable", "RoutingMap"):
            for name, result in node:
                yield from self._result(name.text, result)
        else:
            for inner, below in node:
                yield from self._at(inner.text, below)

    def _effect(self, node: Node) -> Iterator[Found]:
        """The other effect of an outcome."""
        effect = node.get("effect") if isinstance(node, Mapping) else None
        if isinstance(effect, Scalar):
            yield effect, became("effect", 0, effect.text, OTHER_EFFECT[effect.text])

    def _record(self, node: Node) -> Iterator[Found]:
        """The changes of the types of a record's fields."""
        for _, typed in node if isinstance(node, Mapping) else ():
            yield from self._type(typed)

    def _scalar(self, key: str, node: Scalar) -> Iterator[Found]:
        """The changes of one text, by what it is under its key."""
        if key == "table":
            told = Told(self.meanings, self.outcomes)
            yield from ((node, edit) for edit in table_edits(node, self.kind, told))
        elif key in OUTCOMES:
            other = next_of(node.text, self.outcomes)
            if other is not None:
                yield node, became("outcome", 0, node.text, other)
        elif key in ("safe", "initial"):
            yield from ((node, became("latch", 0, node.text, one)) for one in other_values(node.text, compared=False))
        elif key in ("consecutive", "dwell"):
            yield from self._latch(node)
        elif key in CONDITIONS or (key == "on" and self.kind == "Latch"):
            yield from self._expression(node, condition=True)
        elif key in EXPRESSIONS:
            yield from self._expression(node)

    def _expression(self, node: Scalar, *, condition: bool = False) -> Iterator[Found]:
        yield from ((node, edit) for edit in edits(node.text, self.meanings, condition=condition))

    def _value(self, node: Node) -> Iterator[Found]:
        """The changes of a value that is computed: an expression, one with its type, or a record of them."""
        match node:
            case Mapping():
                for key, below in node:
                    if key.text != "type" or node.get("value") is None:
                        yield from self._value(below)
            case Scalar():
                word = self.meanings.words.other(node.text)
                if word is not None:
                    yield node, became("word", 0, node.text, word)
                else:
                    yield from self._expression(node)
            case Sequence():
                for item in node.items:
                    yield from self._value(item)

    def _parameter(self, node: Node) -> Iterator[Found]:
        """The changes of a parameter's default, those it has key by key one by one."""
        if not isinstance(node, Mapping):
            return
        for key in ("default", "unlisted"):
            written = node.get(key)
            each = [below for _, below in written] if isinstance(written, Mapping) else [written]
            for one in each:
                if isinstance(one, Scalar):
                    yield from self._constant(one, "default")

    def _type(self, node: Node) -> Iterator[Found]:
        """The changes of a type: what its default is, and where its bounds lie."""
        if isinstance(node, Mapping):
            for key, below in node:
                if isinstance(below, Scalar) and key.text in BOUNDS:
                    wider = wider_bound(below.text, lower="inimum" in key.text)
                    yield from ((below, became("bound", 0, below.text, one)) for one in wider)
                elif isinstance(below, Scalar) and key.text == "default":
                    yield from self._constant(below, "default")

    def _constant(self, node: Scalar, kind: Kind) -> Iterator[Found]:
        """Another value where one stands."""
        word = self.meanings.words.other(node.text)
        others = [word] if word is not None else other_values(node.text, compared=False)
        yield from ((node, became(kind, 0, node.text, other)) for other in others)

    def _directions(self, node: Mapping) -> Iterator[Found]:
        """The changes of what a latch takes for each direction, each of which may have that of the other."""
        sides = [below for _, below in node if isinstance(below, Scalar)]
        for side in sides:
            yield from self._latch(side)
            for other in sides:
                if other.text != side.text:
                    yield side, became("latch", 0, side.text, other.text)

    def _latch(self, node: Scalar) -> Iterator[Found]:
        others = list(other_values(node.text, compared=False))
        yield from ((node, became("latch", 0, node.text, other)) for other in others)
        if not others:
            yield from self._expression(node)

    def _result(self, name: str, node: Node) -> Iterator[Found]:
        """The changes of a result that a table gives where no row applies."""
        if not isinstance(node, Scalar):
            return
        if name == "outcome":
            yield from self._scalar("outcome", node)
        elif node.text.startswith("="):
            begin = len(node.text) - len(node.text[1:].lstrip())
            found = edits(node.text[begin:], self.meanings)
            yield from ((node, edit.later(begin)) for edit in found)
        else:
            word = self.meanings.words.other(node.text)
            others = [word] if word is not None else other_values(node.text, compared=False)
            yield from ((node, became("cell", 0, node.text, other)) for other in others)

    def _reordered(self, node: Sequence) -> Iterator[Found]:
        """Two neighbours in each other's place."""
        for first, second in pairwise(node.items):
            (a, b), (c, d) = self._stretch(first), self._stretch(second)
            text = self.text[c:d] + self.text[b:c] + self.text[a:b]
            yield None, Edit("order", a, d, text, f"`{_called(second)}` came before `{_called(first)}`")

    def _without_one(self, starts: list[int], node: Mapping | Sequence, kind: Kind) -> Iterator[Found]:
        """Without one of the entries or items that begin at some offsets."""
        below = [value for _, value in node.entries] if isinstance(node, Mapping) else list(node.items)
        for at, start in enumerate(starts):
            end = self._stretch(below[at])[1]
            said = " ".join(self.text[start:end].split())
            if len(starts) == 1:
                whole = node.span.start, self._stretch(node)[1]
                yield None, Edit(kind, *whole, "{}", f"`{said}` was dropped")
            elif at + 1 < len(starts):
                yield None, Edit(kind, start, starts[at + 1], "", f"`{said}` was dropped")
            else:
                yield None, Edit(kind, self._stretch(below[at - 1])[1], end, "", f"`{said}` was dropped")

    def _stretch(self, node: Node) -> tuple[int, int]:
        """Where a node begins and where the last of what it says ends."""
        match node:
            case Mapping(entries=entries) if entries and self.text[node.span.start] != "{":
                return node.span.start, self._stretch(entries[-1][1])[1]
            case Sequence(items=items) if items and self.text[node.span.start] != "[":
                return node.span.start, self._stretch(items[-1])[1]
            case _:
                return node.span.start, len(self.text[: node.span.end].rstrip())


def _called(node: Node) -> str:
    """What an item is called."""
    named = node.get("id") if isinstance(node, Mapping) else node
    return named.text if isinstance(named, Scalar) else "it"


def _keys(node: Node | None) -> tuple[str, ...]:
    return tuple(key.text for key, _ in node) if isinstance(node, Mapping) else ()


def _ids(node: Node) -> tuple[str, ...]:
    """The ids of everything in a document, in its order."""
    found: dict[str, None] = {}
    waiting: list[Node] = [node]
    while waiting:
        match waiting.pop(0):
            case Mapping() as mapping:
                named = mapping.get("id")
                found |= {named.text: None} if isinstance(named, Scalar) else {}
                waiting += [below for _, below in mapping]
            case Sequence(items=items):
                waiting += items
            case _:
                continue
    return tuple(found)


def _alike(parameters: Node | None) -> dict[str, str]:
    """By the name of each parameter the next one of its type, round in a circle."""
    groups: dict[str, list[str]] = {}
    for key, parameter in parameters if isinstance(parameters, Mapping) else ():
        typed = parameter.get("type") if isinstance(parameter, Mapping) else None
        if isinstance(parameter, Mapping) and isinstance(typed, Scalar) and parameter.get("per") is None:
            groups.setdefault(typed.text, []).append(key.text)
    found = ((name, next_of(name, tuple(names))) for names in groups.values() for name in names)
    return {name: other for name, other in found if other is not None}
