"""Chunks of inputs from and to Parquet files, a batch of rows at a time.

One column for each input of a policy: records are structs, lists lists, maps maps, timestamps `timestamp[us, UTC]`,
durations `duration[us]`, texts and enums strings. What is absent or null is null in the file; of a
field that is both optional and nullable, null is read back as absent. A file is not trusted: a value outside its
declared type is refused, with its column and row. Needs pyarrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adapters.extras import lacking
from engine.columnar.admitting import first_fault
from engine.columnar.building import DTYPES, Words, blank
from engine.columnar.columns import Column, Lists, Maps, Numbers, Part, Records, Texts, filled, with_presence
from engine.columnar.ragged import Array, Ragged, longest_first, ordered_by_length
from engine.columnar.reader import CHUNK_ROWS, Chunk, Reader
from engine.columnar.reads import Read
from rules.types import (
    BoolType,
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

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(lacking("Parquet needs pyarrow", "parquet")) from missing


class UnusableFile(Exception):
    """A Parquet file that does not hold inputs of the policy: which column, which row, and what is wrong."""


def read_chunks(path: Path, reader: Reader, rows: int = CHUNK_ROWS, *, whole: bool = False) -> Iterator[Chunk]:
    """The rows of a file as chunks of at most so many; the fields that deciding reads or, when `whole`, all of them.

    An input that may be absent is so in every row of a file without its column. Raises UnusableFile.
    """
    reads = None if whole else reader.reads
    with pq.ParquetFile(path) as file:
        there = set(file.schema_arrow.names)
        names = [f.name for f in reader.plan.inputs if f.name in there]
        missing = [f.name for f in reader.plan.inputs if f.name not in there and not f.optional]
        if missing:
            raise UnusableFile(f"{path}: no column `{missing[0]}`, an input of `{reader.plan.name}`")
        start = 0
        for batch in file.iter_batches(batch_size=rows, columns=names):
            table = pa.Table.from_batches([batch]).combine_chunks()
            arrays = {name: table.column(name).combine_chunks() for name in names}
            yield chunk_of(f"{path}", reader.plan.inputs, arrays, start, reads)
            start += batch.num_rows


def chunk_of(
    where: str, fields: Sequence[Field], arrays: Mapping[str, Any], start: int = 0, reads: frozenset[Read] | None = None
) -> Chunk:
    """A chunk of some inputs from an Arrow array each; without one, an input is absent in every row.

    `where` and `start` name the place and its first row in faults. Raises UnusableFile.
    """
    size = len(next(iter(arrays.values()))) if arrays else 0
    order = _by_length(fields, arrays)
    if order is not None:
        arrays = {name: array.take(pa.array(order)) for name, array in arrays.items()}
    loader = _Loader(reads)
    inputs: dict[str, Column] = {}
    for f in fields:
        if f.name not in arrays:
            inputs[f.name] = with_presence(blank(f.type, size), np.zeros((), np.bool_))
            continue
        try:
            inputs[f.name] = loader.field(f, arrays[f.name])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError, AttributeError, TypeError) as error:
            raise UnusableFile(f"{where}: column `{f.name}` is not what the policy takes: {error}") from error
    for f in fields:
        fault = first_fault(f, inputs[f.name], size)
        if fault is not None:
            row = start + int(fault.lane if order is None else order[fault.lane])
            raise UnusableFile(f"{where}: row {row}, `{fault.path}`: {fault.message}")
    return Chunk(size, inputs, order)


def _by_length(inputs: Sequence[Field], arrays: Mapping[str, Any]) -> Array | None:
    """The rows by descending length of those lists that hold most items."""
    most: Array | None = None
    for f in inputs:
        members: list[str | None] = [None] if isinstance(f.type, ListType) else []
        if isinstance(f.type, RecordType):
            members = [m.name for m in f.type.fields if isinstance(m.type, ListType)]
        for name in members:
            try:
                counts = _lengths(arrays[f.name] if name is None else arrays[f.name].field(name))
            except (KeyError, AttributeError, pa.ArrowInvalid):
                continue  # said when the column is loaded
            if most is None or counts.sum() > most.sum():
                most = counts
    return None if most is None else longest_first(most)


def _lengths(array: Any) -> Array:
    return np.asarray(array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False), np.int64)


class _Loader:
    """Arrow arrays to columns. The fields that are not read are not loaded."""

    def __init__(self, reads: frozenset[Read] | None) -> None:
        self.reads, self.words = reads, Words()

    def field(self, f: Field, array: Any) -> Column:
        there = None
        if array.null_count:
            there = np.asarray(array.is_valid().to_numpy(zero_copy_only=False), np.bool_)
        return self._column(f.type, array, there)

    def _column(self, t: Type, array: Any, there: Array | None) -> Column:
        if not _holds(t, array.type):
            raise TypeError(f"it holds {array.type}, not {show(t)}")
        match t:
            case StringType() | EnumType():
                return self._texts(t, array, there)
            case ListType():
                layout, order = ordered_by_length(_lengths(array))
                return Lists(
                    (Part(layout, self.field(Field("", t.item), array.flatten().take(pa.array(order)))),), there
                )
            case MapType():
                return self._maps(t, array, there)
            case RecordType():
                held = [f for f in t.fields if self.reads is None or (t.name, f.name) in self.reads]
                made = {f.name: self.field(f, array.field(f.name)) for f in held}
                return Records(len(array), made.__getitem__, there)
            case TimestampType() | DurationType():
                wanted = pa.timestamp("us", tz="UTC") if isinstance(t, TimestampType) else pa.duration("us")
                array = array.cast(wanted).cast(pa.int64())
            case _:
                array = array.cast(_ARROW[type(t)])
        zero = False if isinstance(t, BoolType) else 0
        values = array.fill_null(zero).to_numpy(zero_copy_only=False)
        return Numbers(np.asarray(values, DTYPES[type(t)]), there)

    def _texts(self, t: StringType | EnumType, array: Any, there: Array | None) -> Texts:
        if not pa.types.is_dictionary(array.type):
            array = array.cast(pa.string()).dictionary_encode()
        vocabulary = self.words.of(t)
        words = [vocabulary.add(word) for word in array.dictionary.to_pylist()] or [vocabulary.add("")]
        indices = array.indices.fill_null(0).to_numpy(zero_copy_only=False)
        codes = np.array(words, np.int32)[indices]
        small = isinstance(t, EnumType) and not t.open and len(vocabulary.words) < 128
        return Texts(codes.astype(np.int8) if small else codes, vocabulary, there)

    def _maps(self, t: MapType, array: Any, there: Array | None) -> Maps:
        entries = array.cast(pa.list_(pa.struct([("key", array.type.key_type), ("value", array.type.item_type)])))
        layout, order = ordered_by_length(_lengths(entries))
        flat = entries.flatten().take(pa.array(order))
        keys = self._texts(t.key, flat.field("key"), None)
        return Maps(layout, keys, self.field(Field("", t.value), flat.field("value")), there)


def _holds(t: Type, found: Any) -> bool:
    """Whether a column of Arrow's type may hold values of ours: nothing is read as what it only looks like."""
    kinds = pa.types
    match t:
        case BoolType():
            return bool(kinds.is_boolean(found))
        case IntType():
            return bool(kinds.is_integer(found))
        case DoubleType():
            return bool(kinds.is_floating(found) or kinds.is_integer(found))
        case TimestampType():
            return bool(kinds.is_timestamp(found) and found.tz is not None)
        case DurationType():
            return bool(kinds.is_duration(found))
        case StringType() | EnumType():
            words = found.value_type if kinds.is_dictionary(found) else found
            return bool(kinds.is_string(words) or kinds.is_large_string(words))
        case _:
            return True


_ARROW: dict[type[Type], Any] = {BoolType: pa.bool_(), IntType: pa.int64(), DoubleType: pa.float64()}


def write_chunks(path: Path, reader: Reader, chunks: Iterable[Chunk]) -> int:
    """Write chunks, made `whole`, in the order in which their rows came, a row group each; how many rows there were."""
    schema = pa.schema([pa.field(f.name, arrow_type(f.type)) for f in reader.plan.inputs])
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for chunk in chunks:
            lanes = np.arange(chunk.size) if chunk.order is None else np.argsort(chunk.order)
            inputs = [(f.type, chunk.inputs[f.name].take(lanes)) for f in reader.plan.inputs]
            arrays = [to_arrow(t, filled(column, chunk.size), chunk.size) for t, column in inputs]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema), row_group_size=max(1, chunk.size))
            rows += chunk.size
    return rows


def arrow_type(t: Type) -> Any:
    """The Arrow type of a column of ours."""
    match t:
        case StringType() | EnumType():
            return pa.string()  # Parquet makes dictionaries itself; Arrow reads none inside of lists
        case TimestampType():
            return pa.timestamp("us", tz="UTC")
        case DurationType():
            return pa.duration("us")
        case ListType():
            return pa.list_(arrow_type(t.item))
        case MapType():
            return pa.map_(pa.string(), arrow_type(t.value))
        case RecordType():
            return pa.struct([pa.field(f.name, arrow_type(f.type)) for f in t.fields])
        case _:
            return _ARROW[type(t)]


def to_arrow(t: Type, column: Column, size: int) -> Any:
    """A column of `size` lanes as an Arrow array."""
    absent = None if column.present is None else ~np.broadcast_to(column.present, size)
    column = filled(column, size)
    match column, t:
        case Numbers(values=values), _:
            plain = pa.array(values, mask=absent)
            return plain if type(t) in _ARROW else plain.cast(arrow_type(t))
        case Texts(codes=codes, vocabulary=vocabulary), _:
            indices = pa.array(codes.astype(np.int32), mask=absent)
            return pa.DictionaryArray.from_arrays(indices, pa.array(vocabulary.words, pa.string())).cast(pa.string())
        case Lists(), ListType():
            part = column.joined()
            offsets, items = _row_by_row(part.layout)
            values_ = to_arrow(t.item, filled(part.items, part.layout.items).take(items), len(items))
            return pa.ListArray.from_arrays(_offsets(offsets, absent), values_)
        case Maps(layout=layout), MapType():
            offsets, items = _row_by_row(layout)
            keys = to_arrow(t.key, column.keys.take(items), len(items))
            values_ = to_arrow(t.value, column.values.take(items), len(items))
            return pa.MapArray.from_arrays(_offsets(offsets, absent), keys, values_)
        case Records(), RecordType():
            arrays = [to_arrow(f.type, column.field(f.name), size) for f in t.fields]
            fields = [pa.field(f.name, arrow_type(f.type)) for f in t.fields]
            return pa.StructArray.from_arrays(arrays, fields=fields, mask=None if absent is None else pa.array(absent))
        case _:
            raise AssertionError("a column of another type")


def _row_by_row(layout: Ragged) -> tuple[Array, Array]:
    starts, items = layout.by_lane()
    return np.append(starts, layout.items).astype(np.int32), items


def _offsets(offsets: Array, absent: Array | None) -> Any:
    """Offsets whose null entries mark the lists that are not there."""
    return pa.array(offsets, mask=None if absent is None else np.append(absent, False))
