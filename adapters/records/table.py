"""Decisions on record in a Parquet file: a row for every line, a column for each fact, and what was decided.

| column | holds |
|---|---|
| `decision_id`, `request_id`, `caller`, `decided_at` | of the decision and of who asked for it |
| `asked`, `policy`, `version`, `bundle`, `revision` | the policy that was asked, and the one that decided |
| `outcome`, `effect`, `rule` | what it decided |
| `source`, `line` | the file that it was read from, and the line there |
| `cause`, `found` | why it cannot be decided on again, and what was found; null where it can |
| `inputs` | a record of the glossary's facts, each null where it was not there |

A row group is what is read at a time. `schemas/decision-table.txt` is this for the glossary of the shipped policies.
Needs pyarrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import UNSET

from adapters.parquet import UnusableFile, arrow_type, to_arrow
from adapters.records.facts import Facts, Row
from adapters.records.lines import Kept, Unusable
from engine.columnar.building import Builder
from engine.columnar.columns import filled
from engine.columnar.ragged import Array
from rules.types import Field

ROWS = 65_536
"""Rows of a group."""
SCHEMA: Final = "bascule/v1 decision-table"
_WORD = pa.dictionary(pa.int32(), pa.string())
KNOWN = (
    pa.field("decision_id", pa.string()),
    pa.field("request_id", pa.string()),
    pa.field("caller", _WORD),
    pa.field("decided_at", pa.timestamp("us", tz="UTC")),
    pa.field("asked", _WORD),
    pa.field("policy", _WORD),
    pa.field("version", _WORD),
    pa.field("bundle", _WORD),
    pa.field("revision", pa.int64()),
    pa.field("outcome", _WORD),
    pa.field("effect", _WORD),
    pa.field("rule", _WORD),
    pa.field("source", _WORD),
    pa.field("line", pa.int64()),
    pa.field("cause", _WORD),
    pa.field("found", pa.string()),
)
"""What is known of every row, whatever its facts."""


def schema_of(fields: Sequence[Field]) -> Any:
    """The schema of a table for some facts."""
    facts = pa.struct([pa.field(f.name, arrow_type(f.type)) for f in fields])
    return pa.schema([*KNOWN, pa.field("inputs", facts)], metadata={"bascule": SCHEMA})


def described(schema: Any) -> str:
    """A schema as text: a line for every column and every part of one."""
    return "".join(f"{line}\n" for field in schema for line in _described(field, ""))


def _described(field: Any, above: str) -> Iterator[str]:
    name, kind = f"{above}{field.name}", field.type
    if pa.types.is_struct(kind):
        yield f"{name}: struct"
        for part in kind:
            yield from _described(part, f"{name}.")
    elif pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        yield f"{name}: list"
        for part in kind.value_type:
            yield from _described(part, f"{name}[].")
    else:
        yield f"{name}: {kind}"


class Writer:
    """Writes a table; rows stand in the order in which they are added."""

    def __init__(self, path: Path, facts: Facts) -> None:
        self._facts, self._schema = facts, schema_of(facts.fields)
        self._file = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._known: list[tuple[Any, ...]] = []
        self._values: list[tuple[Any, ...]] = []
        self._absent = tuple([UNSET] * len(facts.fields))

    def add(self, source: str, row: Row | Unusable) -> None:
        """Add a row."""
        if isinstance(row, Row):
            self._known.append((*_known(row.kept), source, row.kept.line, None, None))
            self._values.append(row.values)
        else:
            self._known.append((*_known(row.kept), source, row.line, row.cause, row.found))
            self._values.append(self._absent)
        if len(self._known) >= ROWS:
            self._flush()

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        self._file.close()

    def _flush(self) -> None:
        if not self._known:
            return
        size = len(self._known)
        known = [pa.array(values, f.type) for f, values in zip(KNOWN, zip(*self._known, strict=True), strict=True)]
        builder = Builder(self._facts.structs)
        columns = zip(self._facts.fields, zip(*self._values, strict=True), strict=True)
        facts = [to_arrow(f.type, filled(builder.field(f, values), size), size) for f, values in columns]
        inputs = pa.StructArray.from_arrays(facts, fields=list(self._schema.field("inputs").type))
        batch = pa.RecordBatch.from_arrays([*known, inputs], schema=self._schema)
        self._file.write_batch(batch, row_group_size=ROWS)
        self._known, self._values = [], []


def _known(kept: Kept | None) -> tuple[Any, ...]:
    """What is known of a decision, up to its rule."""
    if kept is None:
        return (None,) * (len(KNOWN) - 4)
    said = kept.said
    who = said.decision_id, kept.request_id, kept.caller, said.decided_at
    where = kept.asked, said.policy, said.version, said.bundle, kept.revision
    return *who, *where, said.outcome, said.effect, said.rule


@dataclass(frozen=True, slots=True)
class Group:
    """A row group of a table: what is read at a time."""

    path: Path
    number: int
    rows: int


def groups(paths: Iterable[Path]) -> list[Group]:
    """The row groups of some tables. Raises UnusableFile for a file that is no table, and OSError."""
    found = []
    for path in paths:
        path.stat()  # an error of Arrow does not name the file
        try:
            with pq.ParquetFile(path) as file:
                if (file.schema_arrow.metadata or {}).get(b"bascule") != SCHEMA.encode():
                    raise UnusableFile(f"{path} is no table of decisions: `bascule log import` writes one")
                meta = file.metadata
                found += [Group(path, at, meta.row_group(at).num_rows) for at in range(meta.num_row_groups)]
        except pa.ArrowInvalid as error:
            raise UnusableFile(f"{path} is no Parquet file: {error}") from error
    return found


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of a group, as Arrow has them: what is known by name, and the facts that were asked for."""

    rows: int
    known: Mapping[str, Any]
    facts: Mapping[str, Any]


def read(group: Group, known: Iterable[str], facts: Iterable[str]) -> Batch:
    """Some columns of a group. A fact that the table has no column for is left out. Raises UnusableFile."""
    names = list(known)
    with pq.ParquetFile(group.path, read_dictionary=[f.name for f in KNOWN if f.type == _WORD]) as file:
        there = {f.name for f in file.schema_arrow.field("inputs").type}
        wanted = [name for name in facts if name in there]
        table = file.read_row_group(group.number, columns=[*names, *(f"inputs.{name}" for name in wanted)])
    table = table.combine_chunks()
    columns = {name: _one(table.column(name)) for name in names}
    inputs = _one(table.column("inputs")) if wanted else None
    return Batch(table.num_rows, columns, {name: inputs.field(name) for name in wanted} if inputs is not None else {})


def together(columns: Sequence[Any]) -> tuple[list[tuple[str, ...]], Array]:
    """The different texts that columns hold side by side, "" for null, and which of them each row has, int64[rows]."""
    found: list[tuple[str, ...]] = [()]
    codes = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        words = column.cast(pa.string()).fill_null("").dictionary_encode()
        width = len(words.dictionary)
        pairs, codes = np.unique(codes * width + words.indices.to_numpy(zero_copy_only=False), return_inverse=True)
        texts = words.dictionary.to_pylist()
        found = [(*found[pair // width], texts[pair % width]) for pair in pairs.tolist()]
    return found, codes


def _one(column: Any) -> Any:
    """A column as one array."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
