"""From Python values to columns and back: decoded inputs, constants, and what runs element by element.

Python values are those of the scalar reader: aware datetimes, timedeltas, lists, dicts, slotted records; `UNSET` is
absent, None is null.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import numpy as np
from msgspec import UNSET

from engine.columnar.columns import Column, Lists, Maps, Numbers, Part, Records, Texts, Vocabulary, empty_part
from engine.columnar.ragged import NOTHING, Array, Ragged, ordered_by_length
from engine.scalar.runtime import EPOCH
from engine.structs import StructTable
from rules.cel.tree import ConstantValue
from rules.plan import ParameterValue
from rules.times import microseconds
from rules.types import (
    BoolType,
    DoubleType,
    DurationType,
    EnumType,
    Field,
    IntType,
    ListType,
    MapType,
    NullType,
    RecordType,
    StringType,
    TimestampType,
    Type,
)

FIRST_US = microseconds(datetime.min.replace(tzinfo=UTC) - EPOCH)
LAST_US = microseconds(datetime.max.replace(tzinfo=UTC) - EPOCH)
"""The first and the last timestamp."""
DTYPES: dict[type[Type], type[np.generic]] = {
    BoolType: np.bool_,
    IntType: np.int64,
    DoubleType: np.float64,
    TimestampType: np.int64,
    DurationType: np.int64,
    NullType: np.bool_,
}
"""What `Numbers` of a type are made of."""


class Words:
    """The vocabularies of a table: one for each type of text, so that columns of one type compare by code."""

    def __init__(self) -> None:
        self._of: dict[Type, Vocabulary] = {}

    def of(self, t: StringType | EnumType) -> Vocabulary:
        """The vocabulary of a type."""
        if t not in self._of:
            self._of[t] = Vocabulary(t.members if isinstance(t, EnumType) else ())
        return self._of[t]


class Builder:
    """Makes columns. `reads` names the fields to load, as (record, field); all of them when it is None."""

    def __init__(self, structs: StructTable, reads: Collection[tuple[str, str]] | None = None) -> None:
        self.structs, self.reads, self.words = structs, reads, Words()

    def field(self, f: Field, values: Sequence[Any]) -> Column:
        """The column of a field or an input, whose values may be UNSET or None."""
        if not f.guarded:
            return self.column(f.type, values)
        there = np.fromiter((v is not UNSET and v is not None for v in values), np.bool_, len(values))
        null = None
        if f.optional and f.nullable:
            null = np.fromiter((v is None for v in values), np.bool_, len(values))
        return self.column(f.type, values, None if there.all() else there, null)

    def column(self, t: Type, values: Sequence[Any], present: Array | None = None, null: Array | None = None) -> Column:
        """The column of some values of a type; where `present` is false, they are not looked at."""
        match t:
            case StringType() | EnumType():
                return self._texts(t, values, present, null)
            case ListType():
                lists = values if present is None else _or_else(values, present, ())
                return Lists((self._part(t, lists),), present, null)
            case MapType():
                return self._maps(t, values if present is None else _or_else(values, present, {}), present, null)
            case RecordType():
                return self._records(t, values, present, null)
            case _:
                numbers = values if present is None else _or_else(values, present, _ZEROS.get(type(t), 0))
                return Numbers(_numbers(t, numbers), present, null)

    def _texts(
        self, t: StringType | EnumType, values: Sequence[str], present: Array | None, null: Array | None
    ) -> Texts:
        vocabulary = self.words.of(t)
        add = vocabulary.add
        texts = (
            values if present is None else _or_else(values, present, vocabulary.words[0] if vocabulary.words else "")
        )
        codes = np.fromiter((add(text) for text in texts), np.int32, len(texts))
        small = isinstance(t, EnumType) and not t.open and len(t.members) < 128
        return Texts(codes.astype(np.int8) if small else codes, vocabulary, present, null)

    def _part(self, t: ListType, values: Sequence[Sequence[Any]]) -> Part:
        counts = np.fromiter(map(len, values), np.int64, len(values))
        layout, order = ordered_by_length(counts)
        return Part(layout, self.column(t.item, _arranged(values, order)))

    def _maps(self, t: MapType, values: Sequence[dict[str, Any]], present: Array | None, null: Array | None) -> Maps:
        counts = np.fromiter(map(len, values), np.int64, len(values))
        layout, order = ordered_by_length(counts)
        keys = self._texts(t.key, _arranged(values, order), None, None)
        items = self.column(t.value, _arranged([entry.values() for entry in values], order))
        return Maps(layout, keys, items, present, null)

    def _records(self, t: RecordType, values: Sequence[Any], present: Array | None, null: Array | None) -> Records:
        held = [f for f in t.fields if self.reads is None or (t.name, f.name) in self.reads]
        made: dict[str, Column] = {}
        for f in held:
            attribute = self.structs.attribute(t.name, f.name)
            if present is None:
                made[f.name] = self.field(f, [getattr(value, attribute) for value in values])
            else:
                made[f.name] = self._field_of_some(f, attribute, values, present)
        return Records(len(values), made.__getitem__, present, null)

    def _field_of_some(self, f: Field, attribute: str, values: Sequence[Any], present: Array) -> Column:
        """A field of records that are not all there."""
        index = np.flatnonzero(present)
        column = self.field(f, [getattr(values[at], attribute) for at in index.tolist()])
        return scattered(f.type, column, index, len(values))


_ZEROS: dict[type[Type], Any] = {TimestampType: EPOCH, DurationType: timedelta()}
"""What stands where a value is absent."""


def _or_else(values: Sequence[Any], present: Array, other: Any) -> list[Any]:
    return [value if there else other for value, there in zip(values, present.tolist(), strict=True)]


def _arranged(values: Sequence[Any], order: Array) -> list[Any]:
    """The items of some lists in the order of a layout."""
    flat = list(chain.from_iterable(values))
    return [flat[at] for at in order.tolist()]


def _numbers(t: Type, values: Sequence[Any]) -> Array:
    if isinstance(t, TimestampType):
        return np.fromiter((microseconds(value - EPOCH) for value in values), np.int64, len(values))
    if isinstance(t, DurationType):
        return np.fromiter(map(microseconds, values), np.int64, len(values))
    return np.array(values, DTYPES[type(t)])


def constant(value: ParameterValue, t: Type) -> Column:
    """A literal or a parameter: the same in every lane. Times and durations are microseconds; a map has one lane."""
    if isinstance(value, Mapping):
        assert isinstance(t, MapType)
        return _map_of_one_lane(value, t)
    if isinstance(value, str):
        return Texts(np.zeros((), np.int8), Vocabulary((value,)))
    return Numbers(np.array(value, DTYPES[type(t)]))


def _map_of_one_lane(value: Mapping[str, ConstantValue], t: MapType) -> Maps:
    names = tuple(value)
    keys = Texts(np.arange(len(names)), Vocabulary(names))
    layout = Ragged(1, parent=np.zeros(len(names), np.int64))
    if isinstance(t.value, EnumType):
        words = Vocabulary(t.value.members)
        codes = np.fromiter((words.add(str(word)) for word in value.values()), np.int64, len(names))
        return Maps(layout, keys, Texts(codes, words))
    return Maps(layout, keys, Numbers(np.array(list(value.values()), DTYPES[type(t.value)])))


def blank(t: Type, size: int) -> Column:
    """Values that nobody will look at."""
    match t:
        case StringType() | EnumType():
            return Texts(np.zeros(size, np.int8), Vocabulary(("",)))
        case RecordType():
            types = {f.name: f.type for f in t.fields}
            return Records(size, lambda name: blank(types[name], size))
        case ListType():
            return Lists((empty_part(size, blank(t.item, 0)),))
        case MapType():
            return Maps(Ragged(size, parent=NOTHING), Texts(np.zeros(0, np.int8), Vocabulary()), blank(t.value, 0))
        case _:
            return Numbers(np.zeros(size, DTYPES[type(t)]))


def scattered(t: Type, column: Column, index: Array, size: int) -> Column:
    """A column of `size` lanes with these at `index`; nobody will look at the others."""
    if not len(index):
        return blank(t, size)
    lanes = np.zeros(size, np.int64)
    lanes[index] = np.arange(len(index))
    return column.take(lanes)


def natives(t: Type, column: Column, size: int, structs: StructTable) -> list[Any]:
    """The Python values of a column, as `Builder` takes them. A field that was not loaded is absent."""
    if column.present is None:
        return _natives(t, column, size, structs)
    there = np.broadcast_to(column.present, size)
    lanes = np.flatnonzero(there)
    values: list[Any] = [UNSET] * size
    for at, value in zip(lanes.tolist(), _natives(t, column.take(lanes), len(lanes), structs), strict=True):
        values[at] = value
    if column.null is not None:
        for at in np.flatnonzero(np.broadcast_to(column.null, size) & ~there).tolist():
            values[at] = None
    return values


def field_natives(f: Field, column: Column, size: int, structs: StructTable) -> list[Any]:
    """The Python values of a field or an input: what must be said and is not there is null."""
    values = natives(f.type, column, size, structs)
    if f.nullable and not f.optional:
        return [None if value is UNSET else value for value in values]
    return values


def _natives(t: Type, column: Column, size: int, structs: StructTable) -> list[Any]:
    match column, t:
        case Numbers(values=values), TimestampType():
            micros = np.clip(
                np.broadcast_to(values, size), FIRST_US, LAST_US
            )  # where a lane failed, anything may stand
            return [EPOCH + timedelta(microseconds=value) for value in micros.tolist()]
        case Numbers(values=values), DurationType():
            return [timedelta(microseconds=value) for value in np.broadcast_to(values, size).tolist()]
        case Numbers(values=values), _:
            return list(np.broadcast_to(values, size).tolist())
        case Texts(codes=codes, vocabulary=vocabulary), _:
            words = vocabulary.words
            return [words[code] for code in np.broadcast_to(codes, size).tolist()]
        case Lists(), ListType():
            part = column.joined()
            return _gathered(part.layout, natives(t.item, part.items, part.layout.items, structs))
        case Maps(layout=layout, keys=keys), MapType():
            names = natives(t.key, keys, layout.items, structs)
            found = natives(t.value, column.values, layout.items, structs)
            return [dict(entries) for entries in _gathered(layout, list(zip(names, found, strict=True)))]
        case Records(), RecordType():
            return _structs(t, column, size, structs)
        case _:
            raise AssertionError("a column of another type")


def _gathered(layout: Ragged, items: list[Any]) -> list[list[Any]]:
    out: list[list[Any]] = [[] for _ in range(layout.size)]
    for lane, item in zip(layout.parent.tolist(), items, strict=True):
        out[lane].append(item)
    return out


def _structs(t: RecordType, column: Records, size: int, structs: StructTable) -> list[Any]:
    shape = structs.shape(t)
    members = []
    for f in t.fields:
        try:
            found = column.field(f.name)
        except KeyError:
            continue
        members.append((shape.attributes[f.name], field_natives(f, found, size, structs)))
    unread = dict.fromkeys(shape.attributes.values(), UNSET)
    names = [name for name, _ in members]
    make: Callable[..., Any] = shape.cls
    if not members:
        return [make(**unread)] * size
    return [
        make(**{**unread, **dict(zip(names, row, strict=True))}) for row in zip(*(v for _, v in members), strict=True)
    ]
