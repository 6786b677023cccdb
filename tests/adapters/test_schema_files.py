"""The generated schemas: current, right about every document we ship, and strict about one that is not."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

import schemas
from adapters import schema_files
from rules.documents.kinds import DOCUMENTS
from rules.yaml_nodes import plain
from rules.yaml_reader import read_yaml
from tests.adapters.conftest import BUNDLE
from tests.adapters.running import CHEAP, POLICIES, run

SHIPPED = sorted([*POLICIES.rglob("*.yaml"), *BUNDLE.rglob("*.yaml")])
GENERATED = schema_files.generated()


def document(path: Path) -> dict[str, Any]:
    root = read_yaml(str(path), path.read_bytes()).root
    assert root is not None
    found: Any = plain(root)
    assert isinstance(found, dict)
    return found


def validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(GENERATED[f"{kind.lower()}.json"]))


def test_the_checked_in_schemas_are_current() -> None:
    assert schema_files.stale(GENERATED, schema_files.FOLDER) == []
    assert {kind.lower() for kind in DOCUMENTS} | {"trust", "decision", "log-record"} == set(schemas.names())


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_a_schema_is_a_schema(name: str) -> None:
    schema = json.loads(GENERATED[name])
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == schema_files.DIALECT
    assert schema["title"]
    assert schema["description"]
    assert GENERATED[name].endswith("}\n")


@pytest.mark.parametrize("path", SHIPPED, ids=[str(path.relative_to(path.parents[2])) for path in SHIPPED])
def test_a_shipped_document_fits_its_schema(path: Path) -> None:
    found = document(path)
    faults = [f"{fault.json_path}: {fault.message}" for fault in validator(found["kind"]).iter_errors(found)]
    assert faults == []


def first(kind: str) -> dict[str, Any]:
    """The first shipped document of a kind."""
    return next(found for path in SHIPPED if (found := document(path))["kind"] == kind)


@pytest.mark.parametrize("path", [(), ("metadata",), ("spec",)])
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_mistyped_key_is_refused(kind: str, path: tuple[str, ...]) -> None:
    if not any(document(shipped)["kind"] == kind for shipped in SHIPPED):
        pytest.skip(f"no {kind} is shipped")
    found = copy.deepcopy(first(kind))
    holder = found
    for step in path:
        holder = holder[step]
    key = next(iter(holder))
    holder[f"{key}x"] = holder[key]
    assert not validator(kind).is_valid(found)


def test_a_key_of_a_map_must_be_a_name() -> None:
    found = first("RuleList")
    found["spec"]["inputs"]["two words"] = "double"
    assert not validator("RuleList").is_valid(found)


def test_a_decision_fits_its_schema() -> None:
    for stdin in (CHEAP, b"{}", CHEAP.replace(b"5.0", b"0")):
        done = run("decide", "gate", "--policies", BUNDLE, "--json", "--trace", stdin=stdin)
        validator("decision").validate(json.loads(done.stdout))


def test_check_names_what_is_stale_and_write_mends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_files, "FOLDER", tmp_path)
    (tmp_path / "gone.json").write_text("{}")
    checked = CliRunner().invoke(schema_files.main, ["--check"])
    assert checked.exit_code == 1
    assert "gone.json: not up to date" in checked.stdout
    assert CliRunner().invoke(schema_files.main, ["--write"]).exit_code == 0
    assert CliRunner().invoke(schema_files.main, ["--check"]).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(GENERATED)
    assert CliRunner().invoke(schema_files.main, []).exit_code == 2
