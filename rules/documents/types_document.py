"""From a Types document to types: scalars, enums, records, and the glossary of facts.

Every value that may come from outside is bounded: a double says its range, a text its length, a list its items, a map
its entries. Records cannot hold themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Lookup
from dataclasses import dataclass, field

from rules.cel.syntax import KEYWORDS, RESERVED
from rules.diagnostics import Diagnostics, did_you_mean
from rules.documents.kinds import FactSpec, Source, TypesDocument, TypesSpec
from rules.documents.shape import Shaped, Step
from rules.documents.type_specs import BASIC, build, build_default, nullable
from rules.types import BOOL, TIMESTAMP, Default, EnumType, Field, ListType, RecordType, Type

LATCH_STATE = RecordType(
    "LatchState",
    (
        Field("on", BOOL),
        Field("since", TIMESTAMP, optional=True),
        Field("recent", ListType(BOOL, 16), default=Default(())),
    ),
)


MAX_NESTING = 32
"""Levels of types within types."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A name of the glossary: its type and who may supply it."""

    name: str
    type: Type
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class TypeTable:
    """The named types and facts of a bundle."""

    named: Lookup[str, Type] = field(default_factory=dict)
    facts: Lookup[str, Fact] = field(default_factory=dict)

    @property
    def records(self) -> tuple[RecordType, ...]:
        """Every record type, those they hold first."""
        return tuple(t for t in self.named.values() if isinstance(t, RecordType))


class _Builder:
    """Builds the types in whatever order they need each other."""

    def __init__(self, document: Shaped, diagnostics: Diagnostics) -> None:
        assert isinstance(document.model, TypesDocument)
        self.document, self.diagnostics = document, diagnostics
        self.spec: TypesSpec = document.model.spec
        self.named: dict[str, Type] = {"LatchState": LATCH_STATE}
        self.faulty: set[str] = set()
        self.open: list[str] = []

    def build(self) -> TypeTable:
        self._unique_names()
        for group, is_open in ((self.spec.enums, False), (self.spec.openEnums, True)):
            for name, words in group.items():
                self._enum(name, tuple(words), "openEnums" if is_open else "enums", is_open)
        for name in (*self.spec.scalars, *self.spec.records):
            self.get(name)
        facts = {name: fact for name, spec in self.spec.facts.items() if (fact := self._fact(name, spec))}
        return TypeTable(self.named, facts)

    def __iter__(self) -> Iterator[str]:
        return iter((*self.named, *self.spec.scalars, *self.spec.records))

    def __contains__(self, name: object) -> bool:
        return name in self.named or name in self.spec.scalars or name in self.spec.records

    def get(self, name: str) -> Type | None:
        """The type of a name, built first when needed; None when it has a fault."""
        if name in self.named or name in self.faulty or name not in self:
            return self.named.get(name)
        group = "scalars" if name in self.spec.scalars else "records"
        if name in self.open:
            chain = " holds ".join(f"`{n}`" for n in [*self.open[self.open.index(name) :], name])
            self._error_at_key("types-cycle", ("spec", group, name), f"a type cannot hold itself: {chain}")
        elif len(self.open) == MAX_NESTING:
            self._error_at_key("types-depth", ("spec", group, name), f"types nest deeper than {MAX_NESTING} levels")
        else:
            self.open.append(name)
            found = self._scalar(name) if group == "scalars" else self._record(name)
            self.open.pop()
            if found is not None and name not in self.faulty:
                self.named[name] = found
                return found
        self.faulty.add(name)
        return None

    def _scalar(self, name: str) -> Type | None:
        if "default" in self.spec.scalars[name].model_fields_set:
            self._error(
                "types-default",
                ("spec", "scalars", name, "default"),
                "a named type has no default: a field has its own",
            )
        return build(self.document, ("spec", "scalars", name), self.spec.scalars[name], self, self.diagnostics)

    def _record(self, name: str) -> RecordType:
        """The record type of a name; a field with a fault is left out."""
        written = ((key, spec) for key, spec in self.spec.records[name].items())
        fields = [built for key, spec in written if (built := self._field(name, key, spec)) is not None]
        return RecordType(name, tuple(fields), tuple(self.spec.ignored.get(name, ())))

    def _unique_names(self) -> None:
        seen: dict[str, str] = {}
        groups = ("scalars", "enums", "openEnums", "records")
        for group in groups:
            for name in getattr(self.spec, group):
                if name in seen or name in BASIC or name == "LatchState":
                    where = seen.get(name, "the language")
                    message = f"`{name}` is a type of {where} already"
                    self._error_at_key("types-duplicate", ("spec", group, name), message, "another name")
                seen[name] = f"`{group}`"
        for name, left_out in self.spec.ignored.items():
            self._unique_ignored(name, left_out)
            if name not in self.spec.records:
                near = did_you_mean(name, self.spec.records)
                message, remedy = f"there is no record `{name}`", f"`{near}`" if near else ""
                self._error_at_key("types-unknown", ("spec", "ignored", name), message, remedy)

    def _unique_ignored(self, record: str, names: list[str]) -> None:
        """A name that is ignored is no field, and stands once."""
        fields = {key.rstrip("?") for key in self.spec.records.get(record, {})}
        for index, name in enumerate(names):
            path: tuple[Step, ...] = ("spec", "ignored", record, index)
            if name in fields:
                self._error("types-duplicate", path, f"`{name}` is a field of `{record}`, which cannot be ignored")
            elif name in names[:index]:
                self._error("types-duplicate", path, f"`{name}` stands twice among what `{record}` ignores")

    def _enum(self, name: str, words: tuple[str, ...], group: str, is_open: bool) -> None:
        for index, word in enumerate(words):
            if word in words[:index]:
                self._error("types-duplicate", ("spec", group, name, index), f"`{word}` stands twice in `{name}`")
        self.named[name] = EnumType(name, tuple(dict.fromkeys(words)), is_open)

    def _field(self, record: str, key: str, spec: object) -> Field | None:
        path: tuple[Step, ...] = ("spec", "records", record, key)
        name = key.rstrip("?")
        if name in KEYWORDS:
            self._error_at_key("types-reserved", path, f"`{name}` is a reserved word of CEL", "another name")
        if key.endswith("?") and name in self.spec.records[record]:
            self._error_at_key("types-duplicate", path, f"`{record}` has `{name}` and `{key}`", "one of them")
        found = build(self.document, path, spec, self, self.diagnostics, nulls=True)
        if found is None:
            return None
        default = build_default(self.document, path, spec, found, self.diagnostics)
        if default is not None and key.endswith("?"):
            self._error_at_key("types-default", path, f"`{key}` has a default, so it is never absent", f"`{name}`")
        return Field(name, found, optional=key.endswith("?"), nullable=nullable(spec), default=default)

    def _fact(self, name: str, spec: FactSpec) -> Fact | None:
        path: tuple[Step, ...] = ("spec", "facts", name)
        if name in RESERVED:
            self._error_at_key("types-reserved", path, f"`{name}` is a reserved word of CEL", "another name")
        if "default" in spec.model_fields_set:
            self._error("types-default", (*path, "default"), "a fact has no default: who supplies it says it")
        found = build(self.document, path, spec, self, self.diagnostics)
        if found is None:
            return None
        sources = (spec.from_,) if isinstance(spec.from_, str) else tuple(spec.from_)
        return Fact(name, found, sources)

    def _error(self, code: str, path: tuple[Step, ...], message: str, remedy: str = "") -> None:
        self.diagnostics.error(code, self.document.span(*path), message, remedy=remedy)

    def _error_at_key(self, code: str, path: tuple[Step, ...], message: str, remedy: str = "") -> None:
        self.diagnostics.error(code, self.document.key_span(*path), message, remedy=remedy)


def type_table(document: Shaped, diagnostics: Diagnostics) -> TypeTable:
    """The types and facts a Types document declares; faults are reported and their types left out."""
    return _Builder(document, diagnostics).build()
