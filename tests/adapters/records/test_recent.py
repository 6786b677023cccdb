"""The most recent lines of a log: those and no others, whoever wrote them, and nothing else is read."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.records.lines import Kept, Unusable
from adapters.records.recent import BLOCK, most_recent
from tests.adapters.records.logs import as_lines, decision, line

START = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)
SERIES = "sha256:" + "5" * 64
HOLE = 1 << 40
"""Bytes that nobody could read while a test runs."""


def at(second: float, **inputs: Any) -> dict[str, Any]:
    """A decision of a second, named after it."""
    when = (START + timedelta(seconds=second)).isoformat()
    return line(decision=decision(decision_id=f"d{second:g}", decided_at=when), inputs=inputs)


def put(folder: Path, name: str, content: bytes, second: float) -> Path:
    """A file that was written to last at a second."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    moment = (START + timedelta(seconds=second)).timestamp()
    os.utime(path, (moment, moment))
    return path


def told(folder: Path, most: int) -> dict[str, list[str]]:
    """By file, the ids of decisions, and the causes of what is none."""
    return {one.path.name: [_told(found) for found in one.read()] for one in most_recent(folder, most)}


def _told(found: Kept | Unusable) -> str:
    return found.said.decision_id if isinstance(found, Kept) else found.cause


def seconds(*listed: float) -> bytes:
    return as_lines([at(one) for one in listed])


TORN = as_lines([at(5)])[:-20]
NAMED = at(2, returns={"$series": SERIES})
HOLDS = as_lines([{"series": SERIES, "values": [1.0, 2.0]}])

CASES: Mapping[str, tuple[dict[str, bytes], int, dict[str, list[str]]]] = {
    "all there are": ({"a.jsonl": seconds(1, 2)}, 9, {"a.jsonl": ["d1", "d2"]}),
    "the last": ({"a.jsonl": seconds(1, 2, 3)}, 2, {"a.jsonl": ["d2", "d3"]}),
    "of two workers": (
        {"a.jsonl": seconds(1, 4, 5), "b.jsonl": seconds(2, 3, 6)}, 4,
        {"a.jsonl": ["d4", "d5"], "b.jsonl": ["d3", "d6"]},
    ),
    "a worker that was idle": ({"a.jsonl": seconds(1), "b.jsonl": seconds(2, 3)}, 2, {"b.jsonl": ["d2", "d3"]}),
    "what is being written": ({"a.jsonl": seconds(1, 2) + TORN}, 2, {"a.jsonl": ["d2", "truncated"]}),
    "no JSON": ({"a.jsonl": seconds(1) + b"nonsense\n" + seconds(3)}, 2, {"a.jsonl": ["not-json", "d3"]}),
    "another schema": ({"a.jsonl": as_lines([at(1) | {"schema": "x"}])}, 2, {"a.jsonl": ["schema"]}),
    "empty lines are none": ({"a.jsonl": seconds(1) + b"\n\n" + seconds(2)}, 2, {"a.jsonl": ["d1", "d2"]}),
    "compressed": ({"a.jsonl.gz": seconds(1, 2, 3)}, 2, {"a.jsonl.gz": ["d2", "d3"]}),
    "compressed and not": (
        {"a.jsonl.gz": seconds(1, 2, 3), "b.jsonl": seconds(4)}, 2, {"a.jsonl.gz": ["d3"], "b.jsonl": ["d4"]}
    ),
    "a series before them": ({"a.jsonl": HOLDS + seconds(1) + as_lines([NAMED])}, 1, {"a.jsonl": ["d2"]}),
    "a series among them": ({"a.jsonl": seconds(1) + HOLDS + as_lines([NAMED])}, 2, {"a.jsonl": ["d1", "d2"]}),
    "a series that is nowhere": ({"a.jsonl": as_lines([NAMED])}, 1, {"a.jsonl": ["series"]}),
    "a compressed series": ({"a.jsonl.gz": HOLDS + seconds(1) + as_lines([NAMED])}, 1, {"a.jsonl.gz": ["d2"]}),
    "other files": ({"a.jsonl": seconds(1), "notes.txt": b"x\n"}, 9, {"a.jsonl": ["d1"]}),
    "nothing": ({"a.jsonl": b""}, 9, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_most_recent(name: str, tmp_path: Path) -> None:
    files, most, expected = CASES[name]
    for number, (file, content) in enumerate(files.items()):
        put(tmp_path, file, content, 7 + number)
    assert told(tmp_path, most) == expected


def test_the_values_of_a_series_stand_in_its_place(tmp_path: Path) -> None:
    put(tmp_path, "a.jsonl", HOLDS + seconds(1) + as_lines([NAMED]), 7)
    (ending,) = most_recent(tmp_path, 1)
    (found,) = ending.read()
    assert isinstance(found, Kept)
    assert json.loads(found.inputs) == {"returns": [1.0, 2.0]}


def test_a_compressed_file_that_is_cut_short_says_so(tmp_path: Path) -> None:
    whole = gzip.compress(b"\n".join(json.dumps(at(n, note=os.urandom(3000).hex())).encode() for n in range(9)))
    put(tmp_path, "a.jsonl", b"", 7)
    (tmp_path / "a.jsonl").rename(tmp_path / "a.jsonl.gz")
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    found = told(tmp_path, 3)["a.jsonl.gz"]
    assert (found[-1], len(found)) == ("truncated", 3)


def test_what_is_written_meanwhile_is_not_looked_at_but_for_the_line_that_was_begun(tmp_path: Path) -> None:
    path = put(tmp_path, "a.jsonl", seconds(1) + TORN, 7)
    (ending,) = most_recent(tmp_path, 9)
    with path.open("ab") as file:
        file.write(as_lines([at(5)])[-20:] + seconds(6))
    assert [_told(one) for one in ending.read()] == ["d1", "d5"]


def _before(path: Path) -> None:
    """Put a hole before what a file holds."""
    content = path.read_bytes()
    os.truncate(path, 0)
    os.truncate(path, HOLE)
    with path.open("r+b") as file:
        file.seek(HOLE)
        file.write(b"\n" + content)


def test_no_more_is_read_than_the_ends(tmp_path: Path) -> None:
    newest, rotated = put(tmp_path, "b.jsonl", seconds(2, 3), 3), put(tmp_path, "a.jsonl", b"", 0)
    _before(newest)
    os.truncate(rotated, HOLE)
    os.utime(rotated, (START.timestamp(), START.timestamp()))
    assert told(tmp_path, 2) == {"b.jsonl": ["d2", "d3"]}


@pytest.mark.parametrize("seed", range(20))
def test_it_is_what_sorting_everything_gives(seed: int, tmp_path: Path) -> None:
    """Lines of any length, a block's among them, of up to four workers that rotate."""
    rng = random.Random(seed)  # noqa: S311 -- a test that is the same each time
    files: dict[str, list[int]] = {}
    for second in range(60):
        files.setdefault(f"w{rng.randrange(4)}-{second // 25}.jsonl{rng.choice(('', '.gz'))}", []).append(second)
    lengths = (10, BLOCK - 400, BLOCK, 2 * BLOCK)
    for name, listed in files.items():
        lines = [at(one, note="x" * rng.choice(lengths) if rng.random() < 0.1 else "") for one in listed]
        put(tmp_path, name, as_lines(lines), listed[-1])
    most = rng.randrange(1, 70)
    found = told(tmp_path, most)
    assert sorted(one for listed in found.values() for one in listed) == sorted(f"d{n}" for n in range(60)[-most:])
    for name, ids in found.items():
        assert ids == [f"d{n}" for n in files[name]][-len(ids) :]
