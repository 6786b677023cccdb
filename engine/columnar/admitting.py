"""Whether the values of a column lie within a declared type, where bounds do not prove it (`rules.types.proves`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.columnar.building import FIRST_US, LAST_US
from engine.columnar.columns import Column, Lists, Maps, Numbers, Records, Texts, filled
from engine.columnar.ragged import Array, Ragged
from engine.scalar.admitted import admits
from rules.types import (
    DoubleType,
    DurationType,
    EnumType,
    Field,
    IntType,
    ListType,
    MapType,
    RecordType,
    StringType,
    TimestampType,
    Type,
    show,
)


def admitted(declared: Type, column: Column, size: int) -> Array:
    """Where the values lie within the type, bool[lanes] or bool[]."""
    match declared, column:
        case ((IntType() | DurationType()), Numbers(values=values)):
            return np.asarray((values >= declared.minimum) & (values <= declared.maximum))
        case DoubleType(), Numbers(values=values):
            above = values > declared.minimum if declared.exclusive_minimum else values >= declared.minimum
            below = values < declared.maximum if declared.exclusive_maximum else values <= declared.maximum
            return np.asarray(above & below)
        case StringType(), Texts():
            return _texts(declared, filled(column, size))
        case ListType(item=item, max_items=most), Lists():
            fine = np.ones(size, np.bool_) if most is None else column.counts <= most
            for part in column.parts:
                fine = fine & _all(part.layout, admitted(item, part.items, part.layout.items))
            return fine
        case MapType(value=item, max_entries=most), Maps(layout=layout):
            fine = np.ones(size, np.bool_) if most is None else layout.counts <= most
            return fine & _all(layout, admitted(item, column.values, layout.items))
        case _:
            return np.ones((), np.bool_)


def _texts(declared: StringType, column: Column) -> Array:
    assert isinstance(column, Texts)
    test = admits(declared)
    used, lanes = np.unique(column.codes, return_inverse=True)
    words = column.vocabulary.words
    fine = np.fromiter((test(words[code]) for code in used.tolist()), np.bool_, len(used))
    return fine[lanes]


def _all(layout: Ragged, fine: Array) -> Array:
    """Where all items of a lane are fine."""
    out = np.ones(layout.size, np.bool_)
    out[layout.parent[~np.broadcast_to(fine, layout.items)]] = False
    return out


@dataclass(frozen=True, slots=True)
class Fault:
    """The first value of a column that is not of its type: which row, where in it, and what is wrong."""

    lane: int
    path: str
    message: str


def first_fault(f: Field, column: Column, size: int, path: str = "") -> Fault | None:
    """The first fault of an input or a field, for columns that no decoder has looked at."""
    path = f"{path}.{f.name}" if path and f.name else path or f.name
    there = np.ones(size, np.bool_) if column.present is None else np.broadcast_to(column.present, size)
    if not f.guarded and not there.all():
        return Fault(int(np.argmin(there)), path, "it is missing")
    fine = admitted(f.type, column, size) & _of_its_kind(f.type, column, size) | ~there
    if not fine.all():
        return Fault(int(np.argmin(np.broadcast_to(fine, size))), path, f"a value outside {show(f.type)} as declared")
    return _within(f.type, column, size, there, path)


def _of_its_kind(t: Type, column: Column, size: int) -> Array:
    """What no bounds say: words of closed enums, times in the calendar, keys that differ."""
    match t, column:
        case EnumType(open=False, members=members), Texts(codes=codes):
            return np.asarray(codes < len(members))
        case TimestampType(), Numbers(values=values):
            return np.asarray((values >= FIRST_US) & (values <= LAST_US))
        case MapType(), Maps(layout=layout, keys=keys):
            held = layout.parent * (len(keys.vocabulary.words) + 1) + keys.codes
            _, first = np.unique(held, return_index=True)
            return np.asarray(np.bincount(layout.parent[first], minlength=size) == layout.counts)
        case _:
            return np.ones((), np.bool_)


def _within(t: Type, column: Column, size: int, there: Array, path: str) -> Fault | None:
    """The first fault of the parts of a value, where it is there."""
    match t, column:
        case RecordType(), Records():
            index = np.flatnonzero(there)
            for f in t.fields:
                try:
                    member = column.field(f.name)
                except KeyError:
                    continue  # not loaded, hence not read
                fault = first_fault(f, member.take(index), len(index), path)
                if fault is not None:
                    return Fault(int(index[fault.lane]), fault.path, fault.message)
        case ListType(), Lists():
            for part in column.parts:
                fault = first_fault(Field("", t.item), part.items, part.layout.items, f"{path}[]")
                if fault is not None:
                    return Fault(int(part.layout.parent[fault.lane]), fault.path, fault.message)
        case MapType(), Maps(layout=layout):
            for inner, part_type in ((column.keys, t.key), (column.values, t.value)):
                fault = first_fault(Field("", part_type), inner, layout.items, f"{path}[]")
                if fault is not None:
                    return Fault(int(layout.parent[fault.lane]), fault.path, fault.message)
        case _:
            pass
    return None
