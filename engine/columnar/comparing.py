"""Equality and order over columns of one type; texts by their words, ordered by code point."""

from __future__ import annotations

import numpy as np

from engine.columnar.building import natives
from engine.columnar.columns import Column, Numbers, Texts, Vocabulary, filled, same_words
from engine.columnar.ragged import Array
from engine.structs import StructTable
from rules.types import Type


def equal(t: Type, a: Column, b: Column, size: int, structs: StructTable) -> Array:
    """Where two columns are equal, bool[lanes] or bool[]. Lists and maps are compared as Python's."""
    match a, b:
        case Numbers(), Numbers():
            return np.asarray(a.values == b.values)
        case Texts(), Texts():
            return _equal_texts(a, b)
        case _:
            pairs = zip(natives(t, a, size, structs), natives(t, b, size, structs), strict=True)
            return np.fromiter((one == other for one, other in pairs), np.bool_, size)


def _equal_texts(a: Texts, b: Texts) -> Array:
    if a.vocabulary is b.vocabulary:
        return np.asarray(a.codes == b.codes)
    if len(a.vocabulary.words) < len(b.vocabulary.words):
        a, b = b, a
    table = a.vocabulary.translated(b.vocabulary)
    there = table[b.codes] if b.codes.ndim else np.asarray(table[int(b.codes)])
    if not there.ndim and a.codes.dtype == np.int8:
        code = int(there)
        return a.codes == np.int8(code) if code < 128 else np.zeros(a.codes.shape, np.bool_)
    return np.asarray(a.codes == there)


def ordered(a: Column, b: Column) -> tuple[Array, Array]:
    """Numbers that compare as the two columns do."""
    if isinstance(a, Numbers) and isinstance(b, Numbers):
        return a.values, b.values
    assert isinstance(a, Texts)
    assert isinstance(b, Texts)
    (one, other), vocabulary = same_words(a, b)
    ranks = ranks_of(vocabulary)
    return ranks[one], ranks[other]


def ranks_of(vocabulary: Vocabulary) -> Array:
    """Where each word stands among all by code point."""
    words = vocabulary.words
    ranks = np.empty(len(words), np.int64)
    ranks[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words))
    return ranks


def sortable(column: Column, size: int) -> Array:
    """Numbers that sort as the values of a column do: bools and texts as ints."""
    column = filled(column, size)
    if isinstance(column, Texts):
        return ranks_of(column.vocabulary)[column.codes]
    assert isinstance(column, Numbers)
    return column.values.astype(np.int8) if column.values.dtype == np.bool_ else column.values
