"""What no text of a document says by itself, over columns: whether a part fails, messages as texts, records made.

A message is formatted once for each different row of its arguments, by the scalar reader's own pattern. A record's
field is computed when it is first read, unless it may fail: what may fail is computed with the record. What leaves the
reader is settled first: no field of it is computed any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.columnar.admitting import admitted
from engine.columnar.building import blank, natives
from engine.columnar.calls import distinct
from engine.columnar.columns import (
    Column,
    Lists,
    Maps,
    Numbers,
    Part,
    Records,
    Texts,
    Vocabulary,
    filled,
    with_presence,
)
from engine.columnar.frames import Code, Frame, Value, first_error
from engine.columnar.loops import holding
from engine.columnar.ragged import Array
from engine.scalar.making import CONVERSIONS, pattern
from engine.scalar.runtime import NAMES as RUNTIME
from engine.structs import StructTable
from rules.cel.tree import Member, RecordOf, Text
from rules.cel.written import UNWRITABLE
from rules.types import ListType, MapType, RecordType, Type


def failed(body: Code, frame: Frame) -> Value:
    """Where a part fails."""
    errors = body.at(frame).errors
    return Value(Numbers(np.zeros((), np.bool_) if errors is None else np.asarray(errors != 0)))


@dataclass(frozen=True, slots=True)
class Message:
    """A message, its placeholders ready to be evaluated."""

    node: Text
    args: tuple[Code, ...]
    structs: StructTable

    def __call__(self, frame: Frame) -> Value:
        """The texts of each lane; where an argument fails, that of a message that cannot be written."""
        form = pattern(self.node.parts).format
        if not self.args:
            return Value(Texts(np.zeros((), np.int8), Vocabulary((form(),))))
        values = [arg.at(frame) for arg in self.args]
        columns = [with_presence(filled(value.column, frame.size), None) for value in values]
        errors = first_error(*(value.errors for value in values))
        fine = np.arange(frame.size) if errors is None else np.flatnonzero(np.broadcast_to(errors == 0, frame.size))
        columns = [column.take(fine) for column in columns]
        which, lanes = distinct(columns, len(fine))
        given = [
            map(_conversion(arg.type), natives(arg.type, column.take(which), len(which), self.structs))
            for arg, column in zip(self.args, columns, strict=True)
        ]
        vocabulary, codes = Vocabulary((UNWRITABLE,)), np.zeros(frame.size, np.int32)
        texts = np.array([vocabulary.add(form(*row)) for row in zip(*given, strict=True)], np.int32)
        codes[fine] = texts[lanes]
        return Value(Texts(codes, vocabulary))


def _conversion(t: Type) -> Callable[[Any], Any]:
    """What the scalar reader passes a value through before it is formatted."""
    name = CONVERSIONS.get(type(t))
    return (lambda value: value) if name is None else RUNTIME[name]


@dataclass(frozen=True, slots=True)
class MemberCode:
    """A field of a record, ready to be evaluated. `outside` is the number of its error; 0 where bounds exclude it."""

    member: Member
    value: Code | None
    when: Code | None
    outside: int

    def there(self, frame: Frame) -> Array | None:
        """Where the field is there; None: everywhere."""
        if self.value is None:
            return np.zeros(frame.size, np.bool_)
        return None if self.when is None else holding(self.when.at(frame), frame.size)

    def column(self, frame: Frame) -> Column:
        """The values of the field."""
        there = self.there(frame)
        if self.value is None:
            return with_presence(blank(self.member.field.type, frame.size), there)
        found = self.value.at(frame) if there is None else self.value.where(frame, there)
        return with_presence(filled(found.column, frame.size), there)

    def errors(self, frame: Frame) -> Array | None:
        """Where the field fails: its condition, then its value, then a value outside the type."""
        asked = None if self.when is None else self.when.at(frame).errors
        there = self.there(frame)
        if self.value is None:
            return asked
        found = self.value.at(frame) if there is None else self.value.where(frame, there)
        own = found.errors
        if self.outside:
            fine = admitted(self.member.field.type, found.column, frame.size)
            own = first_error(own, np.where(fine, 0, np.int32(self.outside)))
        if own is not None and there is not None:
            own = np.where(there, own, 0)
        return first_error(asked, own)


@dataclass(frozen=True, slots=True)
class Made:
    """A record made of its fields."""

    node: RecordOf
    members: Mapping[str, MemberCode]

    def __call__(self, frame: Frame) -> Value:
        """The records of each lane."""
        errors = first_error(*(code.errors(frame) for code in self.members.values() if code.member.fails))
        return Value(Records(frame.size, lambda name: self.members[name].column(frame)), errors)


def settled(t: Type, column: Column) -> Column:
    """The same values, every field of every record computed; those that were not loaded stay away."""
    match t, column:
        case RecordType(fields=fields), Records():
            held: dict[str, Column] = {}
            for f in fields:
                try:
                    found = column.field(f.name)
                except KeyError:
                    continue
                held[f.name] = settled(f.type, found)
            return Records(column.size, held.__getitem__, column.present, column.null)
        case ListType(item=item), Lists() if _holds_records(item):
            return replace(column, parts=tuple(Part(part.layout, settled(item, part.items)) for part in column.parts))
        case MapType(value=value), Maps() if _holds_records(value):
            return replace(column, values=settled(value, column.values))
        case _:
            return column


def _holds_records(t: Type) -> bool:
    match t:
        case RecordType():
            return True
        case ListType(item=inner) | MapType(value=inner):
            return _holds_records(inner)
        case _:
            return False
