"""What msgspec does not check, done in one pass of generated code over the decoded structures.

The pass looks at patterns, brings timestamps to UTC, fills in defaults, and counts the commas that the document must
have held if no member was said twice. Every JSON object of n members has n - 1 commas and every list of n items n - 1;
the decoded structures hold each member once; text can only add commas. So a document with as many commas as counted
here repeats no member, and any other is left to a closer look.

Rules kept here: generated source is made of synthetic names only, everything that comes from a document is passed in
a table of constants; the pass raises `Doubt` (or OverflowError, for a moment that UTC cannot say) and never judges.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec

from engine.inspection import Inspection
from engine.structs import Shape, StructTable
from rules.types import Field, ListType, MapType, RecordType, StringType, TimestampType, Type

Admission: TypeAlias = Callable[[Any], int]
"""Checks and completes a decoded structure in place; gives the commas of its document."""

Lines: TypeAlias = list[str]

_DEEPEST = 6  # loops in one function; Python allows twenty


def compile_admission(table: StructTable, shape: Shape) -> Admission:
    """The pass over structures of a shape. Raises ValueError when a default is not of its field's type."""
    return _Writer(table).function(lambda writer, held: writer.members(shape, held, 0))


def _to_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


class _Writer:
    """Writes the source of one function. Methods give the commas every value has, and lines for the rest.

    The lines add to `n`. A value's method is given the name of the variable that holds it.
    """

    def __init__(self, table: StructTable) -> None:
        self._table = table
        self._variables = 0
        self.constants: dict[str, Any] = {
            "absent": msgspec.UNSET,
            "put": msgspec.structs.force_setattr,
            "utc": UTC,
            "to_utc": _to_utc,
        }

    def function(self, body: Callable[[_Writer, str], tuple[int, Lines]]) -> Admission:
        """A function of one value, from what `body` writes about it."""
        commas, lines = body(self, "v")
        source = "\n".join(["def admit(v):", *_indented([f"n = {commas}", *lines, "return n"])])
        exec(compile(source, "<admission>", "exec"), self.constants)  # noqa: S102 -- synthetic names only
        admit: Admission = self.constants["admit"]
        return admit

    def members(self, shape: Shape, held: str, depth: int) -> tuple[int, Lines]:
        """A structure: one comma less than members said, none for an empty one."""
        certain = [f for f in shape.fields if not f.optional and f.default is None]
        commas, lines = max(0, len(certain) - 1), Lines()
        for field in certain:
            more, inner = self._said(shape, field, held, depth)
            commas += more
            lines += inner
        uncertain = Lines()
        for field in shape.fields:
            if field not in certain:
                uncertain += self._unsaid(shape, field, held, depth)
        for i in range(len(shape.ignored)):
            skipped = self._variable()
            uncertain += [
                f"{skipped} = {held}.g{i}",
                f"if {skipped} is not absent:",
                f"    n += 1 + bytes({skipped}).count(b',')",
            ]
        if uncertain and not certain:
            # No member is certain: the first one said brings no comma.
            before = self._variable()
            uncertain = [f"{before} = n", *uncertain, f"if n > {before}:", "    n -= 1"]
        return commas, lines + uncertain

    def _said(self, shape: Shape, field: Field, held: str, depth: int) -> tuple[int, Lines]:
        """A field that is always there."""
        name = self._variable()
        commas, lines = self._held(shape, field, held, name, depth)
        return commas, [f"{name} = {held}.{shape.attributes[field.name]}", *lines] if lines else []

    def _unsaid(self, shape: Shape, field: Field, held: str, depth: int) -> Lines:
        """A field that may not have been said: it brings a comma where it was, and its default where it was not."""
        attribute, name = shape.attributes[field.name], self._variable()
        commas, lines = self._held(shape, field, held, name, depth)
        source = f"{held}.{attribute}"
        fetch = [f"{name} = {source}"] if lines else []
        out = [*fetch, f"if {name if lines else source} is not absent:", *_indented([f"n += {1 + commas}", *lines])]
        if field.default is not None:
            out += ["else:", f"    put({held}, {attribute!r}, {self._default(field)})"]
        return out

    def _held(self, shape: Shape, field: Field, held: str, name: str, depth: int) -> tuple[int, Lines]:
        """The value of a field, in the variable `name`, which may be null where the field may."""
        store = f"put({held}, {shape.attributes[field.name]!r}, {{}})"
        commas, lines = self._value(field.type, name, store, depth)
        if field.nullable and (commas or lines):
            more = [f"n += {commas}"] if commas else []
            return 0, [f"if {name} is not None:", *_indented([*more, *lines])]
        return commas, lines

    def _default(self, field: Field) -> str:
        """An expression for the default; a list or a map is copied, so that no two inputs share one."""
        if field.default is None or (field.default.value is None and field.nullable):
            return "None"
        inspection = Inspection(self._table)
        value = inspection.value(field.type, field.default.value, "")
        if inspection.faults:
            raise ValueError(f"the default of `{field.name}`: {inspection.faults[0].message}")
        return self._constant(value) + (".copy()" if isinstance(value, list | dict) else "")

    def _value(self, t: Type, name: str, store: str, depth: int) -> tuple[int, Lines]:
        """A value of a type; `store` is the statement that puts another in its place."""
        match t:
            case StringType(pattern=str(pattern)):
                known, admit = self._pattern(pattern)
                return 0, [f"if {name} not in {known}:", f"    {admit}({name})"]
            case TimestampType():
                return 0, [f"if {name}.tzinfo is not utc:", f"    {store.format(f'to_utc({name})')}"]
            case ListType() | MapType() | RecordType() if depth >= _DEEPEST:
                return 0, [f"n += {self._apart(t)}({name})"]
            case RecordType():
                return self.members(self._table.shape(t), name, depth)
            case ListType():
                return 0, self._items(t, name, depth)
            case MapType():
                return 0, self._entries(t, name, depth)
            case _:
                return 0, []

    def _items(self, t: ListType, name: str, depth: int) -> Lines:
        """A list: one comma less than items, none for an empty one."""
        if isinstance(t.item, StringType) and t.item.pattern is not None:
            return self._matching(t.item.pattern, name) + self._sized(name, 0, [])
        item, index = self._variable(), self._variable()
        commas, inner = self._value(t.item, item, f"{name}[{index}] = {{}}", depth + 1)
        stores = isinstance(t.item, TimestampType)
        loop = f"for {index}, {item} in enumerate({name}):" if stores else f"for {item} in {name}:"
        return self._sized(name, commas, [loop, *_indented(inner)] if inner else [])

    def _entries(self, t: MapType, name: str, depth: int) -> Lines:
        """A map: as a list, of its values."""
        key, item = self._variable(), self._variable()
        commas, inner = self._value(t.value, item, f"{name}[{key}] = {{}}", depth + 1)
        lines = self._sized(name, commas, [f"for {key}, {item} in {name}.items():", *_indented(inner)] if inner else [])
        return lines if t.key.pattern is None else self._matching(t.key.pattern, name) + lines

    def _matching(self, pattern: str, name: str) -> Lines:
        """The texts that a list holds, or a map as keys, all against one pattern."""
        known, admit = self._pattern(pattern)
        text = self._variable()
        return [
            f"if not {known}.issuperset({name}):",
            f"    for {text} in {name}:",
            f"        {admit}({text})",
        ]

    def _sized(self, name: str, commas_each: int, lines: Lines) -> Lines:
        return [f"if {name}:", *_indented([f"n += len({name}) * {1 + commas_each} - 1", *lines])]

    def _apart(self, t: Type) -> str:
        """A function of its own for a value nested deep."""
        return self._constant(_Writer(self._table).function(lambda writer, held: writer._value(t, held, "", 0)))

    def _pattern(self, expression: str) -> tuple[str, str]:
        pattern = self._table.pattern(expression)
        return self._constant(pattern.known), self._constant(pattern.admit)

    def _constant(self, value: object) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name

    def _variable(self) -> str:
        self._variables += 1
        return f"v{self._variables}"


def _indented(lines: Lines) -> Lines:
    return ["    " + line for line in lines]
