"""Logs into tables: what a service wrote comes back whole, and whatever is wrong has its row and its cause."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq

from adapters.parquet import UnusableFile
from adapters.records.facts import Facts
from adapters.records.importing import Imported, Seen, import_lines
from adapters.records.inspecting import inspect
from adapters.records.lines import CAUSES
from adapters.records.merging import merge
from adapters.records.table import KNOWN, described, groups, read, schema_of
from tests.adapters.records.logs import CLOSE, ENTRY, GATE, as_lines, decision, entry, line, write, write_taken_back
from tests.adapters.running import run
from tests.adapters.service.desk import UNIVERSE
from tests.engine.shipped import ROOT, bundle

FACTS = Facts(bundle().types)


def imported(folder: Path, *files: Path) -> tuple[Imported, list[dict[str, Any]]]:
    out = folder / "table.parquet"
    found = import_lines(files, FACTS, out)
    return found, pq.read_table(out).to_pylist()


def of(folder: Path, *said: Any) -> tuple[Imported, list[dict[str, Any]]]:
    """What becomes of some lines."""
    path = folder / "decisions.jsonl"
    path.write_bytes(as_lines(said))
    return imported(folder, path)


def test_what_a_service_wrote_comes_back(tmp_path: Path) -> None:
    log = write(tmp_path / "log", [("entry", ENTRY), ("open-position", GATE), ("open-position", CLOSE)])
    found, rows = imported(tmp_path, log)
    assert (found.decisions, found.usable, found.causes) == (3, 3, Counter())
    assert found.policies == {"entry": 1, "open-position": 2}
    assert [(row["asked"], row["outcome"], row["effect"], row["rule"]) for row in rows] == [
        ("entry", "ALLOW_NEW_ENTRY", "allow", "otherwise"),
        ("open-position", "OPEN", "allow", "otherwise"),
        ("open-position", "EXIT", "allow", "exit"),
    ]
    first = json.loads(log.read_bytes().splitlines()[0])
    assert (rows[0]["decision_id"], rows[0]["bundle"]) == (
        first["decision"]["decision_id"],
        first["decision"]["bundle"],
    )
    assert (rows[0]["revision"], rows[0]["caller"], rows[0]["source"], rows[0]["line"]) == (7, "desk", log.name, 1)
    inputs = rows[1]["inputs"]
    assert inputs["universe"]["symbols"] == json.loads(UNIVERSE)
    assert inputs["now"] == rows[1]["decided_at"]
    sent = json.loads(GATE)
    assert inputs["intent"]["returns"] == sent["intent"]["returns"], "a series that stood elsewhere in the file"
    assert inputs["portfolio"]["positions"][0]["exposure"] == sent["portfolio"]["positions"][0]["exposure"]
    assert rows[0]["inputs"]["signal"] is None


def test_a_fact_of_the_service_that_was_not_read_was_not_there(tmp_path: Path) -> None:
    """It is 0 in the log; the time is that of the decision."""
    _, (row,) = of(tmp_path, line(inputs={**json.loads(ENTRY), "now": 0, "universe": 0}))
    assert (row["cause"], row["inputs"]["universe"], row["inputs"]["now"]) == (None, None, row["decided_at"])


WRONG: dict[str, tuple[Any, str, str]] = {
    "no JSON": (b"nonsense\n", "not-json", "malformed"),
    "a list": (b"[]\n", "shape", "Expected `object`"),
    "another version": (line(schema="bascule/v2 decision-log"), "schema", "bascule/v2 decision-log"),
    "no schema": (line(schema=...), "schema", "none is said"),
    "no decision": (line(decision=...), "shape", "the decision"),
    "no outcome": (line(decision=decision(outcome=...)), "shape", "outcome"),
    "no time": (line(decision=decision(decided_at="yesterday")), "shape", "decided_at"),
    "a time without a zone": (line(decision=decision(decided_at="2026-02-03T12:00:00")), "shape", "decided_at"),
    "a time before all days": (line(decision=decision(decided_at="0001-01-01T00:00:00+14:00")), "shape", "decision"),
    "a revision that no table holds": (line(revision=2**63), "shape", "revision"),
    "a series without values": (b'{"series":"sha256:1"}\n', "shape", "the values of the series"),
    "a series of bytes": (b'{"series":"sha256:1","values":"\xff"}\n', "shape", "the values of the series"),
    "a series beside bytes": (
        json.dumps(line(inputs={"intent": {"$series": "sha256:1"}, "note": "?"})).encode().replace(b"?", b"\xff")
        + b"\n",
        "inputs",
        "utf-8",
    ),
    "no inputs": (line(inputs=...), "no-decision-inputs", ""),
    "inputs that are none": (line(inputs=[1]), "no-decision-inputs", "[1]"),
    "inputs that nobody could read": (line(inputs={"unreadable": "{"}), "no-decision-inputs", "unreadable"),
    "a series that is not there": (line(inputs={"intent": {"$series": "sha256:1"}}), "series", "sha256:1"),
    "a fact that nobody knows": (line(inputs={"weather": 1}), "unknown-fact", "weather"),
    "a fact that is missing a field": (line(inputs={"market": {"atr_pct": "much"}}), "inputs", "/market/atr_pct: "),
    "a number out of bounds": (line(inputs={"market": {"atr_pct": 1e9}}), "inputs", "/market/atr_pct: "),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_line_that_is_wrong_has_its_row_and_its_cause(tmp_path: Path, name: str) -> None:
    said, cause, told = WRONG[name]
    found, rows = of(
        tmp_path, line(decision=decision(decision_id="d-0")), said, line(decision=decision(decision_id="d-2"))
    )
    assert (found.decisions, found.usable, found.causes) == (3, 2, Counter([cause]))
    assert [row["cause"] for row in rows] == [None, cause, None]
    assert told in rows[1]["found"]
    assert rows[1]["line"] == 2
    assert found.first[cause].startswith("decisions.jsonl:2: ")
    assert set(rows[1]["inputs"].values()) == {None}


def test_every_cause_has_its_words() -> None:
    assert {cause for _, cause, _ in WRONG.values()} | {"truncated", "repeated", "taken-back"} == set(CAUSES)


def test_a_last_line_that_is_cut_off(tmp_path: Path) -> None:
    found, rows = of(tmp_path, line(), json.dumps(line()).encode()[:-30])
    assert (found.usable, found.causes) == (1, Counter(["truncated"]))
    assert rows[1]["cause"] == "truncated"


@pytest.mark.parametrize("cut", [False, True])
def test_compressed_files(tmp_path: Path, cut: bool) -> None:
    path = tmp_path / "decisions.jsonl.gz"
    said = [
        line(decision=decision(decision_id=f"d-{number}"), inputs=json.loads(entry(price=1.0 + number)))
        for number in range(500)
    ]
    whole = gzip.compress(as_lines(said))
    path.write_bytes(whole[: len(whole) // 2] if cut else whole)
    found, _ = imported(tmp_path, path)
    assert found.causes == (Counter(["truncated"]) if cut else Counter())
    assert (0 < found.usable < 500) if cut else found.usable == 500


def test_a_decision_counts_once_whatever_file_it_is_in(tmp_path: Path) -> None:
    """A disk that failed has it written twice, and logs are imported twice."""
    paths = []
    for name in ("a.jsonl", "b.jsonl"):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(as_lines([line(), line(decision=decision(decision_id="d-2")), line()]))
    found, rows = imported(tmp_path, *paths)
    assert [row["cause"] for row in rows] == [None, None, "repeated", "repeated", "repeated", "repeated"]
    assert (found.usable, found.causes["repeated"]) == (2, 4)


def test_a_line_that_lacks_something_does_not_stand_in_for_a_whole_one(tmp_path: Path) -> None:
    """A disk that failed may have lost a series that the second file has, as one that was copied too early has not."""
    lacks = line(inputs={"intent": {"$series": "sha256:1"}})
    tables = []
    for name, said in (("a", [lacks, lacks]), ("b", [line(), line(), lacks])):
        log = tmp_path / f"{name}.jsonl"
        log.write_bytes(as_lines(said))
        tables.append(tmp_path / f"{name}.parquet")
        import_lines([log], FACTS, tables[-1])
    found, rows = imported(tmp_path, tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    causes = ["series", "repeated", None, "repeated", "repeated"]
    assert ([row["cause"] for row in rows], found.usable) == (causes, 1)
    merge(groups(tables), tmp_path / "both.parquet")
    assert pq.read_table(tmp_path / "both.parquet").column("cause").to_pylist() == causes


def test_what_is_on_record_may_hold_any_character(tmp_path: Path) -> None:
    of(
        tmp_path,
        line(decision=decision(outcome="A\0B", rule=None)),
        line(asked="exit", decision=decision(decision_id="d-2")),
    )
    found = inspect(groups([tmp_path / "table.parquet"]))
    assert found.outcomes == {("entry", "A\0B", "allow"): 1, ("exit", "ALLOW_NEW_ENTRY", "allow"): 1}


def test_an_allow_that_was_taken_back_is_asked_once(tmp_path: Path) -> None:
    found, rows = imported(tmp_path, write_taken_back(tmp_path / "log"))
    told = [(row["request_id"], row["asked"], row["policy"], row["effect"], row["cause"]) for row in rows]
    fixed = rows[1]["policy"]
    assert told == [
        ("r0", "entry", "entry", "allow", None),
        ("r0", "entry", fixed, "block", "taken-back"),
        ("r1", "entry", fixed, "block", None),
    ]
    assert found.causes == Counter(["taken-back"])


def test_nothing_is_left_of_a_table_that_could_not_be_finished(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        imported(tmp_path, write(tmp_path / "log", [("entry", ENTRY)]), tmp_path / "nowhere.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_seen_tells_what_is_new_across_many() -> None:
    seen, known = Seen(), set[str]()
    for start in range(0, 3000, 70):
        ids = [f"d-{number % 1500}" for number in range(start, start + 100)]
        wanted = []
        for one in ids:
            wanted.append(one not in known)
            known.add(one)
        assert seen.are_new(ids).tolist() == wanted


def test_tables_are_merged_with_every_decision_once(tmp_path: Path) -> None:
    tables = []
    for name, numbers in (("a", range(10)), ("b", range(5, 15))):
        log = tmp_path / f"{name}.jsonl"
        log.write_bytes(as_lines([b"nonsense\n", *(line(decision=decision(decision_id=f"d-{n}")) for n in numbers)]))
        tables.append(tmp_path / f"{name}.parquet")
        import_lines([log], FACTS, tables[-1])
    out = tmp_path / "both.parquet"
    assert merge(groups(tables), out) == (22, 5)
    rows = pq.read_table(out).to_pylist()
    assert [row["decision_id"] for row in rows if row["cause"] is None] == [f"d-{n}" for n in range(15)]
    assert Counter(row["cause"] for row in rows) == {None: 15, "repeated": 5, "not-json": 2}
    found = inspect(groups([out]))
    assert (found.rows, found.usable, found.causes) == (22, 15, {"repeated": 5, "not-json": 2})
    assert found.sources == {"a.jsonl": 11, "b.jsonl": 11}
    assert found.outcomes == {("entry", "ALLOW_NEW_ENTRY", "allow"): 20}


def test_a_file_that_is_no_table_says_so(tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"a": [1]}), other)
    text = tmp_path / "text.parquet"
    text.write_text("no table")
    for path, told in ((other, "no table of decisions"), (text, "no Parquet file")):
        with pytest.raises(UnusableFile, match=told):
            groups([path])


def test_some_columns_are_read_alone(tmp_path: Path) -> None:
    imported(tmp_path, write(tmp_path / "log", [("open-position", GATE)]))
    (group,) = groups([tmp_path / "table.parquet"])
    found = read(group, ["outcome"], ["intent", "nothing-like-it"])
    assert (list(found.known), list(found.facts), found.rows) == (["outcome"], ["intent"], 1)


def test_the_schema_is_the_one_that_is_kept() -> None:
    """`schemas/decision-table.txt` is for readers of tables; written anew with the text that this test shows."""
    assert (ROOT / "schemas" / "decision-table.txt").read_text("utf-8") == described(schema_of(FACTS.fields))
    assert {f.name for f in KNOWN} < set(schema_of(FACTS.fields).names)


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.parquet"
    done = run("log", "inspect", missing)
    assert done.exit_code == 2
    assert f"`{missing}`: no such file or directory" in done.stderr
