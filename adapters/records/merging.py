"""Several tables into one, a row group at a time, with every decision once.

Tables of other glossaries do not fit: import the lines again with the glossary that is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from adapters.parquet import UnusableFile
from adapters.records.importing import Seen
from adapters.records.table import ROWS, Group


def merge(groups: Sequence[Group], out: Path, reached: Callable[[int], None] = lambda _: None) -> tuple[int, int]:
    """Write the rows of some groups as one table; how many rows there are, and how many are on record already.

    Raises UnusableFile where the tables are of several glossaries, and OSError; nothing is left behind then.
    """
    beside = out.with_name(f".{out.name}.part")
    usable, left_out, rows, repeated = Seen(), Seen(), 0, 0
    schema = pq.read_schema(groups[0].path)
    try:
        with pq.ParquetWriter(beside, schema, compression="zstd") as writer:
            for group in groups:
                with pq.ParquetFile(group.path) as file:
                    if not file.schema_arrow.equals(schema):
                        told = f"{group.path} has other facts than {groups[0].path}"
                        raise UnusableFile(f"{told}: import the lines of both again, with one glossary")
                    table = file.read_row_group(group.number)
                table, again = _marked(table, usable, left_out)
                writer.write_table(table, row_group_size=ROWS)
                rows, repeated = rows + group.rows, repeated + again
                reached(rows)
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
    return rows, repeated


def _marked(table: pa.Table, usable: Seen, left_out: Seen) -> tuple[pa.Table, int]:
    """The rows of a group; those that are on record already say so: the usable ones, and what is left out besides."""
    ids = table.column("decision_id").to_pylist()
    faulty = table.column("cause").is_valid().to_pylist()
    again = np.zeros(len(ids), np.bool_)
    for seen, wanted in ((usable, False), (left_out, True)):
        there = [place for place, one in enumerate(ids) if one is not None and faulty[place] is wanted]
        new = seen.are_new([ids[place] for place in there])
        again[np.array(there, np.int64)[~new]] = True
    if not again.any():
        return table, 0
    causes, founds = (table.column(name).cast(pa.string()).to_pylist() for name in ("cause", "found"))
    for place in np.flatnonzero(again).tolist():
        causes[place], founds[place] = "repeated", ids[place]
    for name, values in (("cause", causes), ("found", founds)):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, table.schema.field(at), pa.array(values, table.schema.field(at).type))
    return table, int(again.sum())
