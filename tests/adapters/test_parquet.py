"""Inputs written to Parquet and read back decide the same; a file that lies is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.columnar.reader import Reader
from tests.engine.shipped import STAMP, as_json, policy
from tests.engine.small import machine_of, rule_list
from tests.oracles.programs import INPUTS
from tests.oracles.snapshots import generate
from tests.oracles.values import input_values

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def reader() -> Reader:
    return Reader(policy("allocation"))


def written(path: Path, reader: Reader, count: int = 60) -> list[Any]:
    from adapters.parquet import write_chunks

    rows = [reader.policy.decoder.decode(as_json("allocation", one)) for one in generate(count, 3)]
    chunks = [reader.chunk(rows[:25], whole=True), reader.chunk(rows[25:], whole=True)]
    assert write_chunks(path, reader, chunks) == count
    return rows


def test_what_is_read_back_decides_the_same(tmp_path: Path, reader: Reader) -> None:
    from adapters.parquet import read_chunks

    path = tmp_path / "inputs.parquet"
    rows = written(path, reader)
    chunks = list(read_chunks(path, reader, 20))
    assert max(chunk.size for chunk in chunks) <= 20
    found = [decided.row(at) for decided in map(reader.decide, chunks) for at in range(len(decided.case))]
    assert found == [reader.policy.verdict(one) for one in rows]
    whole = next(read_chunks(path, reader, whole=True))
    decisions = reader.decisions(whole, range(whole.size), STAMP)
    assert decisions == [reader.policy.decide(one, STAMP) for one in rows[: whole.size]]


def test_every_type_is_read_back(tmp_path: Path) -> None:
    from adapters.parquet import read_chunks, write_chunks

    inputs = json.dumps({key: spec for key, (spec, _) in INPUTS.items()})
    body = f"inputs: {inputs}\nrules: [{{id: r, when: flag, outcome: YES, reason: r}}]\n"
    found = machine_of(tmp_path, rule_list("wide", body + "otherwise: {outcome: NO, reason: r}")).policies["wide"]
    rng = Random(4)  # noqa: S311 - made-up inputs need a seed, not secrecy
    rows = [found.decoder.decode(json.dumps(input_values(found.plan.inputs, rng))) for _ in range(200)]
    reader, path = Reader(found), tmp_path / "wide.parquet"
    write_chunks(path, reader, reader.chunks(rows, 64, whole=True))
    from engine.columnar.building import natives

    at = 0
    for chunk in read_chunks(path, reader, 30, whole=True):
        held = [natives(f.type, chunk.inputs[f.name], chunk.size, reader.structs) for f in found.plan.inputs]
        order = range(chunk.size) if chunk.order is None else chunk.order.tolist()
        for lane, row in enumerate(order):
            wanted = [said(value) for value in found.unpack(rows[at + row])]
            assert [said(column[lane]) for column in held] == wanted
        at += chunk.size
    assert at == 200


def said(value: Any) -> str:
    """A value whatever way it says that nothing is there."""
    return repr(value).replace("UNSET", "None")


LIES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "out of bounds": (lambda row: row["intent"].update(confidence=1.5), "row 2, `intent.confidence`: a value outside"),
    "not a number": (lambda row: row["intent"].update(price=float("nan")), "row 2, `intent.price`"),
    "an unknown word": (lambda row: row["intent"].update(side="UP"), "row 2, `intent.side`"),
    "a wrong symbol": (lambda row: row["intent"].update(symbol="no symbol"), "row 2, `intent.symbol`"),
    "missing": (
        lambda row: row["portfolio"].update(available_capital=None),
        "`portfolio.available_capital`: it is mis",
    ),
    "in a list": (
        lambda row: row["portfolio"]["positions"][0].update(exposure=-1.0),
        "`portfolio.positions[].exposure`",
    ),
}


@pytest.mark.parametrize(("lie", "words"), LIES.values(), ids=LIES)
def test_a_value_outside_its_type_is_refused(
    tmp_path: Path, reader: Reader, lie: Callable[[dict[str, Any]], object], words: str
) -> None:
    from adapters.parquet import UnusableFile, read_chunks

    path = tmp_path / "inputs.parquet"
    written(path, reader)
    table = pq.read_table(path)
    rows = [row for row in table.to_pylist(maps_as_pydicts="strict") if row["portfolio"]["positions"]]
    lie(rows[2])
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    with pytest.raises(UnusableFile) as refused:
        list(read_chunks(path, reader, whole=True))
    assert words in str(refused.value)


def test_a_missing_column_is_named(tmp_path: Path, reader: Reader) -> None:
    from adapters.parquet import UnusableFile, read_chunks

    path = tmp_path / "inputs.parquet"
    pq.write_table(pa.table({"intent": [1]}), path)
    with pytest.raises(UnusableFile, match="no column `portfolio`"):
        list(read_chunks(path, reader))
    pq.write_table(pa.table({"intent": [1], "portfolio": [timedelta()], "size_multiplier": [1.0]}), path)
    with pytest.raises(UnusableFile, match="column `intent` is not what the policy takes"):
        list(read_chunks(path, reader))


WRONG_TYPES = {
    "a count for a truth": ("flag", pa.array([2], pa.int64())),
    "a word for a truth": ("flag", pa.array(["false"])),
    "a text for a number": ("ratio", pa.array(["1.5"])),
    "a text for a count": ("count", pa.array(["7"])),
    "seconds for a time": ("moment", pa.array([1_770_000_000], pa.int64())),
    "a time without a zone": ("moment", pa.array([datetime(2026, 2, 3)], pa.timestamp("us"))),  # noqa: DTZ001 -- the fault
    "seconds for a duration": ("wait", pa.array([60], pa.int64())),
    "a number for a text": ("word", pa.array([1], pa.int64())),
}
OWN_INPUTS = """
inputs:
  flag: {type: bool}
  ratio: {type: double, minimum: -9.0, maximum: 9.0}
  count: {type: int, minimum: 0, maximum: 9}
  moment: {type: timestamp}
  wait: {type: duration, minimum: "0s", maximum: "1h"}
  word: {type: string, maxLength: 9}
rules:
  - {id: all, when: 'flag && ratio > double(count) && word == "a" && moment + wait > moment', outcome: YES, reason: r}
otherwise: {outcome: NO, reason: r}
"""
RIGHT = {
    "flag": pa.array([True]),
    "ratio": pa.array([1.5]),
    "count": pa.array([1]),
    "moment": pa.array([datetime(2026, 2, 3, tzinfo=UTC)]),
    "wait": pa.array([timedelta(seconds=60)]),
    "word": pa.array(["a"]),
}


@pytest.mark.parametrize(("name", "column"), WRONG_TYPES.values(), ids=WRONG_TYPES)
def test_nothing_is_read_as_what_it_only_looks_like(tmp_path: Path, name: str, column: Any) -> None:
    from adapters.parquet import UnusableFile, read_chunks

    own = Reader(machine_of(tmp_path, rule_list("small", OWN_INPUTS)).policies["small"])
    path = tmp_path / "inputs.parquet"
    pq.write_table(pa.table(RIGHT), path)
    assert [chunk.size for chunk in read_chunks(path, own)] == [1]
    pq.write_table(pa.table({**RIGHT, name: column}), path)
    with pytest.raises(UnusableFile, match=f"column `{name}` is not what the policy takes: it holds"):
        list(read_chunks(path, own))
