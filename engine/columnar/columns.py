"""Columns: many values of one type, one for each lane (a row, or an item of a list).

| type | column | shape and unit |
|---|---|---|
| bool, int, double | `Numbers` | bool, int64, float64 [lanes] |
| timestamp, duration | `Numbers` | int64 [lanes], microseconds (since 1970) |
| string, enum | `Texts` | codes int8 or int32 [lanes] into a vocabulary; an open enum's unlisted words are in it too |
| record | `Records` | one column for each field |
| list | `Lists` | a layout and a column of items, part after part |
| map | `Maps` | a layout, a column of keys (`Texts`) and one of values |

A value that is the same in every lane may have shape () instead. `present` is false where an optional or nullable
value is not there (None: it is there everywhere); what then stands in its place means nothing, and a list or map is
empty. `null` is true where what is not there was said to be null; only what is both optional and nullable has one.
Columns are never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from engine.columnar.ragged import NOTHING, Array, Ragged


class Vocabulary:
    """Words by number. Grows while columns are built, and never afterwards."""

    __slots__ = ("_codes", "_translated", "words")

    def __init__(self, words: Sequence[str] = ()) -> None:
        self.words: list[str] = list(words)
        self._codes: dict[str, int] | None = None
        self._translated: tuple[Vocabulary, Array] | None = None

    @property
    def codes(self) -> dict[str, int]:
        """The number of each word."""
        if self._codes is None:
            self._codes = {word: code for code, word in enumerate(self.words)}
        return self._codes

    def add(self, word: str) -> int:
        """The number of a word, which is new if need be."""
        codes = self.codes
        code = codes.get(word)
        if code is None:
            code = codes[word] = len(self.words)
            self.words.append(word)
        return code

    def translated(self, other: Vocabulary) -> Array:
        """The number here of each word of another vocabulary, -1 for a word that is not here."""
        if self._translated is None or self._translated[0] is not other or len(self._translated[1]) < len(other.words):
            codes = self.codes
            table = np.fromiter((codes.get(word, -1) for word in other.words), np.int32, len(other.words))
            self._translated = other, table
        return self._translated[1]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Bools, ints, doubles, timestamps, durations."""

    values: Array
    present: Array | None = None
    null: Array | None = None

    def take(self, index: Array) -> Numbers:
        """The lanes at `index`."""
        return Numbers(taken(self.values, index), maybe(self.present, index), maybe(self.null, index))


@dataclass(frozen=True, slots=True)
class Texts:
    """Strings and enums."""

    codes: Array
    vocabulary: Vocabulary
    present: Array | None = None
    null: Array | None = None

    def take(self, index: Array) -> Texts:
        """The lanes at `index`."""
        return Texts(taken(self.codes, index), self.vocabulary, maybe(self.present, index), maybe(self.null, index))


class Records:
    """Records of one type; a field's column is made when it is first read. Raises KeyError for one not loaded."""

    __slots__ = ("_fields", "_index", "_load", "_wider", "null", "present", "size")

    def __init__(
        self, size: int, load: Callable[[str], Column] | None, present: Array | None = None, null: Array | None = None
    ) -> None:
        self.size, self._load, self.present, self.null = size, load, present, null
        self._fields: dict[str, Column] = {}
        self._wider: Records | None = None
        self._index: Array | None = None

    def field(self, name: str) -> Column:
        """The column of a field."""
        if name not in self._fields:
            self._fields[name] = self._load(name) if self._load is not None else self._taken(name)
        return self._fields[name]

    def take(self, index: Array) -> Records:
        """The lanes at `index`."""
        found = Records(len(index), None, maybe(self.present, index), maybe(self.null, index))
        found._wider, found._index = self, index
        return found

    def _taken(self, name: str) -> Column:
        """A field taken from the nearest records around these that have it: those between need not make it."""
        assert self._wider is not None
        assert self._index is not None
        if name not in self._wider._fields and self._wider._wider is not None:
            assert self._wider._index is not None
            self._index, self._wider = self._wider._index[self._index], self._wider._wider
            return self._taken(name)
        return self._wider.field(name).take(self._index)


class Part:
    """Items of lists, and which lane each belongs to; of those only the ones in `kept`, bool[items], if it is given.

    What a filter leaves is often only counted: layout and items without the others are made when asked for.
    """

    __slots__ = ("_items", "_kept", "_layout")

    def __init__(self, layout: Ragged, items: Column, kept: Array | None = None) -> None:
        self._layout, self._items, self._kept = layout, items, kept

    @property
    def layout(self) -> Ragged:
        """Which lane each item belongs to."""
        self._drop()
        return self._layout

    @property
    def items(self) -> Column:
        """The items, in the order of the layout."""
        self._drop()
        return self._items

    @property
    def counts(self) -> Array:
        """How many items each lane has, int64[lanes]."""
        return self._layout.counts if self._kept is None else self._layout.counted(self._kept)

    @property
    def size(self) -> int:
        """How many lanes there are."""
        return self._layout.size

    def take(self, index: Array) -> Part:
        """The lanes at `index`."""
        layout, items = self.layout.take(index)
        return Part(layout, self.items.take(items))

    def _drop(self) -> None:
        """Leave out the items that are not kept."""
        if self._kept is not None:
            items = np.flatnonzero(self._kept)
            self._layout = Ragged(self._layout.size, parent=self._layout.parent.take(items))
            self._items, self._kept = self._items.take(items), None


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists of one type. A lane's list is its items in the first part, then those in the second, and so on."""

    parts: tuple[Part, ...]
    present: Array | None = None
    null: Array | None = None

    @property
    def size(self) -> int:
        """How many lanes there are."""
        return self.parts[0].size

    @property
    def counts(self) -> Array:
        """The length of each list, int64[lanes]."""
        counts = [part.counts for part in self.parts]
        return counts[0] if len(counts) == 1 else np.sum(counts, axis=0)

    def take(self, index: Array) -> Lists:
        """The lanes at `index`."""
        parts = tuple(part.take(index) for part in self.parts)
        return Lists(parts, maybe(self.present, index), maybe(self.null, index))

    def joined(self) -> Part:
        """The same lists in one part."""
        whole = self.parts[0]
        for part in self.parts[1:]:
            if part.layout.items:
                whole = _appended(whole, part) if whole.layout.items else part
        return whole


@dataclass(frozen=True, slots=True)
class Maps:
    """Maps from text to one type; the keys of a lane differ."""

    layout: Ragged
    keys: Texts
    values: Column
    present: Array | None = None
    null: Array | None = None

    def take(self, index: Array) -> Maps:
        """The lanes at `index`."""
        layout, items = self.layout.take(index)
        keys, values = self.keys.take(items), self.values.take(items)
        return Maps(layout, keys, values, maybe(self.present, index), maybe(self.null, index))


Column: TypeAlias = Numbers | Texts | Records | Lists | Maps


def taken(values: Array, index: Array) -> Array:
    """The lanes at `index` of an array that may be the same everywhere."""
    return values if values.ndim == 0 else values.take(index)


def maybe(mask: Array | None, index: Array) -> Array | None:
    """The lanes at `index` of a mask, where there is one."""
    return None if mask is None else taken(mask, index)


def spread(column: Column, layout: Ragged) -> Column:
    """For each item of some lists the value of its lane."""
    present = None if column.present is None else layout.spread(column.present)
    null = None if column.null is None else layout.spread(column.null)
    match column:
        case Numbers(values=values):
            return Numbers(layout.spread(values), present, null)
        case Texts(codes=codes, vocabulary=vocabulary):
            return Texts(layout.spread(codes), vocabulary, present, null)
        case _:
            return column.take(layout.parent)


def with_presence(column: Column, present: Array | None, null: Array | None = None) -> Column:
    """The same values, there where `present` says so."""
    if isinstance(column, Records):
        return Records(column.size, column.field, present, null)
    return replace(column, present=present, null=null)


def filled(column: Column, size: int) -> Column:
    """A column with a value for each of `size` lanes, also where all are the same."""
    if isinstance(column, Numbers) and column.values.ndim == 0:
        return Numbers(np.broadcast_to(column.values, size), column.present, column.null)
    if isinstance(column, Texts) and column.codes.ndim == 0:
        return Texts(np.broadcast_to(column.codes, size), column.vocabulary, column.present, column.null)
    return column


def concatenated(a: Column, sizes: tuple[int, int], b: Column) -> Column:
    """The lanes of one column, then those of another of the same type."""
    present, null = _both_masks(a.present, b.present, sizes, True), _both_masks(a.null, b.null, sizes, False)
    a, b = filled(a, sizes[0]), filled(b, sizes[1])
    match a, b:
        case Numbers(), Numbers():
            return Numbers(np.concatenate([a.values, b.values]), present, null)
        case Texts(), Texts():
            codes, vocabulary = same_words(a, b)
            return Texts(np.concatenate(codes), vocabulary, present, null)
        case Records(), Records():
            one, other = a, b
            return Records(
                sum(sizes), lambda name: concatenated(one.field(name), sizes, other.field(name)), present, null
            )
        case Lists(), Lists():
            return Lists((_stacked(a.joined(), b.joined()),), present, null)
        case Maps(), Maps():
            layout = Ragged(sum(sizes), parent=np.concatenate([a.layout.parent, b.layout.parent + sizes[0]]))
            items = a.layout.items, b.layout.items
            keys, values = concatenated(a.keys, items, b.keys), concatenated(a.values, items, b.values)
            assert isinstance(keys, Texts)
            return Maps(layout, keys, values, present, null)
        case _:
            raise AssertionError("columns of different types")


def _both_masks(a: Array | None, b: Array | None, sizes: tuple[int, int], usual: bool) -> Array | None:
    if a is None and b is None:
        return None
    masks = [np.full(size, usual) if mask is None else mask for mask, size in zip((a, b), sizes, strict=True)]
    return np.concatenate(masks)


def _appended(a: Part, b: Part) -> Part:
    """Of each lane the items in `a`, then those in `b`."""
    items = concatenated(a.items, (a.layout.items, b.layout.items), b.items)
    return Part(Ragged(a.layout.size, parent=np.concatenate([a.layout.parent, b.layout.parent])), items)


def _stacked(a: Part, b: Part) -> Part:
    """The lanes of `a`, then those of `b`."""
    items = concatenated(a.items, (a.layout.items, b.layout.items), b.items)
    parent = np.concatenate([a.layout.parent, b.layout.parent + a.layout.size])
    return Part(Ragged(a.layout.size + b.layout.size, parent=parent), items)


def same_words(a: Texts, b: Texts) -> tuple[tuple[Array, Array], Vocabulary]:
    """The codes of two columns in one vocabulary that has the words of both."""
    if a.vocabulary is b.vocabulary:
        return (a.codes, b.codes), a.vocabulary
    joint = Vocabulary(a.vocabulary.words)
    table = np.fromiter((joint.add(word) for word in b.vocabulary.words), np.int32, len(b.vocabulary.words))
    return (a.codes.astype(np.int32), table[b.codes] if len(table) else b.codes.astype(np.int32)), joint


def empty_part(size: int, items: Column) -> Part:
    """Lists that are all empty. `items` is any column of the items' type without lanes."""
    return Part(Ragged(size, parent=NOTHING), items)
