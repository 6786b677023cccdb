"""Whether the values of a column lie within a declared type, where bounds do not prove it (`rules.types.proves`)."""

from __future__ import annotations

import numpy as np

from engine.columnar.columns import Column, Lists, Maps, Numbers, Texts, filled
from engine.columnar.ragged import Array, Ragged
from engine.scalar.admitted import admits
from rules.types import DoubleType, DurationType, IntType, ListType, MapType, StringType, Type


def admitted(declared: Type, column: Column, size: int) -> Array:
    """Where the values lie within the type, bool[lanes] or bool[]."""
    match declared, column:
        case (IntType() | DurationType()), Numbers(values=values):
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
