"""Records that a document makes, field by field: `value: {cut: 'math.greatest(a, b)', raised_at: now}`.

A field is given by an expression, or by a mapping where it is a record itself. What the record says may be absent may
be left out; given by a bare path that may be absent, it is absent where the path is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rules.cel import presence
from rules.cel.expressions import covered
from rules.cel.literals import inner
from rules.cel.presence import Facts
from rules.cel.scope import Scope
from rules.cel.tree import Constant, Items, Member, Node, RecordOf
from rules.diagnostics import did_you_mean
from rules.documents.sections import WORD
from rules.documents.shape import Step
from rules.kinds.conditions import present, there
from rules.kinds.lowering import Lowering
from rules.source import Span
from rules.types import EnumType, Field, ListType, RecordType, Type, show
from rules.yaml_nodes import Mapping as MappingNode
from rules.yaml_nodes import Scalar, at

Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A value, and the condition under which it is there; None: always."""

    value: Node
    when: Node | None = None


@dataclass(frozen=True, slots=True)
class Maker:
    """Reads values where they stand in a document. `words`: a word of an enum needs no quotes, as in a table."""

    lowering: Lowering
    scope: Scope
    known: Facts = presence.NONE
    words: bool = False

    def value(self, path: Path, wanted: Type, *, may_lack: bool = False) -> Given | None:
        """The value at a path, or None when it has faults; `may_lack` lets a path that may be absent be so."""
        if isinstance(at(self.lowering.document.root, path), MappingNode):
            made = self.record(path, wanted)
            return None if made is None else Given(made)
        word = self._word(path, wanted)
        if word is not None:
            return Given(word)
        node = self.lowering.expression(path, scope=self.scope, expected=wanted, deferred=True)
        if node is None:
            return None
        when = there(node, self.known) if may_lack else None
        known = self.known if when is None else presence.unite(self.known, presence.facts(when, True))
        if not covered(node, known, self.lowering.diagnostics):
            self.lowering.failed = True
            return None
        return Given(node if when is None else present(node), when)

    def _word(self, path: Path, wanted: Type) -> Constant | None:
        """A word of an enum that stands without quotes."""
        scalar = self.lowering.scalar(*path)
        bare = self.words and re.fullmatch(WORD, scalar.text)
        if not bare or not isinstance(wanted, EnumType):
            return None
        if scalar.text not in wanted.members and self.scope.read(scalar.text, scalar.span) is None:
            near = did_you_mean(scalar.text, wanted.members)
            message = f"`{scalar.text}` is not a word of `{wanted.name}`"
            self.lowering.error("cel-enum", path, message, remedy=f"`{near}`" if near else "")
        elif scalar.text not in wanted.members:
            return None
        return Constant(scalar.text, wanted, scalar.span)

    def record(self, path: Path, wanted: Type, filled: Mapping[str, Node] = MappingProxyType({})) -> RecordOf | None:
        """The record of a mapping; `filled` are fields that the document cannot give, with their values."""
        lowering = self.lowering
        written = at(lowering.document.root, path)
        assert isinstance(written, MappingNode)
        if not isinstance(wanted, RecordType):
            expected = f"an expression of type {show(wanted)}"
            lowering.error(
                "record-type", path, f"a mapping makes a record, and this is {show(wanted)}", expected=expected
            )
            return None
        meant = [self._meant(path, key, wanted, filled) for key, _ in written]
        given = {key.text for key, _ in written}
        members = [self._member((*path, f.name), f, filled, given) for f in wanted.fields]
        missing = [f.name for f in wanted.fields if _must_be_given(f) and f.name not in (*given, *filled, *meant)]
        if missing:
            lacking = ", ".join(f"`{name}`" for name in missing)
            remedy = ", ".join(f"{name}: …" for name in missing)
            lowering.error_at_key("record-missing", path, f"`{wanted.name}` lacks {lacking} here", remedy=f"`{remedy}`")
        if given != set(meant) or missing or None in members:
            lowering.failed = True
            return None
        return RecordOf(tuple(m for m in members if m is not None), wanted, written.span)

    def _meant(self, path: Path, key: Scalar, record: RecordType, filled: Mapping[str, Node]) -> str:
        """The field that a key stands for, itself if it is one that the document may give; else it is reported."""
        name, free = key.text, [f.name for f in record.fields if f.name not in filled]
        if name in free:
            return name
        near = did_you_mean(name.rstrip("?"), free)
        message = f"`{record.name}` has no field `{name}`"
        if name in filled:
            near, message = "", f"`{name}` is filled with the rule's own"
        self.lowering.error_at_key("record-field", (*path, name), message, remedy=f"`{near}`" if near else "")
        return near

    def _member(self, path: Path, f: Field, filled: Mapping[str, Node], given: set[str]) -> Member | None:
        if f.name in filled:
            return Member(f, filled[f.name])
        if f.name in given:
            found = self.value(path, f.type, may_lack=f.guarded)
            return None if found is None else Member(f, found.value, found.when)
        if f.default is not None:
            return Member(f, _default(f, self.lowering.document.span(*path)))
        return Member(f, None)


def _must_be_given(f: Field) -> bool:
    return f.default is None and not f.optional


def _default(f: Field, span: Span) -> Node:
    """What a field holds when it is not given."""
    assert f.default is not None
    if isinstance(f.type, ListType):
        return Items((), ListType(f.type.item, 0), span)
    return Constant(inner(f.default.value, f.type), f.type, span)
