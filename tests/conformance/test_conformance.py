"""The runner of the official tests judges strictly, and what it leaves out is written down well."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conformance.exchange import Foreign, agrees, question
from tests.conformance.exclusions import FILE, excluded, reasons
from tests.conformance.javascript import exported
from tests.conformance.official import TESTS, Case, cases, is_cached
from tests.conformance.verdicts import CAUSES, ask, fault

SECOND = {"objectValue": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1.500s"}}


def test_every_exclusion_has_a_name_of_its_own_and_a_reason() -> None:
    said = yaml.safe_load(FILE.read_text("utf-8"))
    assert set(said) == {"outside", "deviations", "excluded"}
    assert not said["outside"].keys() & said["deviations"].keys()
    names = [f"{section}/{name}" for section, of in said["excluded"].items() for group in of.values() for name in group]
    assert len(names) == len(set(names)) == len(excluded())
    assert all(section.count("/") == 1 for section in said["excluded"])
    assert set(excluded().values()) == reasons().keys()
    assert all(reasons().values())


def test_the_official_tests_pass_or_are_excluded() -> None:
    if not is_cached():
        pytest.skip("the official tests are not here: `make conformance` fetches them")
    found = cases()
    left_out = excluded()
    failing = {case.name for case, answer in zip(found, ask(found), strict=True) if fault(case, answer)}
    assert failing == left_out.keys()


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{ a: 1, 'b': [true, null,], \"c\": {} }", {"a": 1.0, "b": [True, None], "c": {}}),
        (r'"\u00e9\x41\n\"\u{1F600}\ud83d\ude00"', 'éA\n"😀😀'),
        ("`two\nlines`", "two\nlines"),
        ("// said\n[-0, 1.5e3]", [-0.0, 1500.0]),
    ],
)
def test_the_data_of_a_module(source: str, value: Any) -> None:
    found = exported(f"import x from 'y';\nexport const tests = {source};\n", "tests")
    assert repr(found) == repr(value)


@pytest.mark.parametrize("source", ["call()", "`${x}`", "{a}", "[...b]", "1 + 1", "undefined", "x => x"])
def test_a_module_that_computes_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match=r"is not data|has no value"):
        exported(f"export const tests = [{source}];", "tests")


def test_a_module_without_the_export_is_refused() -> None:
    with pytest.raises(ValueError, match="exports no `tests`"):
        exported("const tests = 1", "tests")


@pytest.mark.parametrize(
    ("shown", "found", "wanted", "agreed"),
    [
        ("int", 1, {"int64Value": "1"}, True),
        ("double", 1.0, {"int64Value": "1"}, False),
        ("int", 1, {"doubleValue": 1.0}, False),
        ("bool", True, {"int64Value": "1"}, False),
        ("double", 0.0, {"doubleValue": -0.0}, False),
        ("double", 0.1, {"doubleValue": 0.1}, True),
        ("string", "1s", {"stringValue": "1s"}, True),
        ("duration", "1s", {"stringValue": "1s"}, False),
        ("duration", "1.5s", SECOND, True),
        ("string", "1.5s", SECOND, False),
        ("duration", "1.500001s", SECOND, False),
        ("list(int)", [1, 2], {"listValue": {"values": [{"int64Value": "1"}, {"int64Value": "2"}]}}, True),
        ("list(int)", [1], {"listValue": {"values": [{"int64Value": "1"}, {"int64Value": "2"}]}}, False),
        ("list(int)", [], {"listValue": {}}, True),
        (
            "map(string, int)",
            {"a": 1},
            {"mapValue": {"entries": [{"key": {"stringValue": "a"}, "value": {"int64Value": "1"}}]}},
            True,
        ),
        ("map(string, int)", {"a": 1}, {"mapValue": {}}, False),
    ],
)
def test_values_agree_exactly(shown: str, found: Any, wanted: dict[str, Any], agreed: bool) -> None:
    assert agrees(shown, found, wanted) is agreed


@pytest.mark.parametrize("kind", ["uint64Value", "bytesValue", "nullValue", "typeValue"])
def test_what_has_no_type_here_never_agrees(kind: str) -> None:
    with pytest.raises(Foreign):
        agrees("int", 1, {kind: "1"})
    with pytest.raises(Foreign):
        question({"expr": "x", "bindings": {"x": {"value": {kind: "1"}}}})


ERROR = {"evalError": {"errors": [{"message": "no such overload"}]}}
INT = {"typedResult": {"result": {"int64Value": "1"}, "deducedType": {"primitive": "INT64"}}}


@pytest.mark.parametrize(
    ("said", "answer", "passes"),
    [
        ({}, {"type": "bool", "value": True}, True),
        ({}, {"type": "bool", "value": False}, False),
        ({}, {"type": "bool", "error": "division by zero", "code": "division-by-zero"}, False),
        (ERROR, {"type": "bool", "error": "division by zero", "code": "division-by-zero"}, True),
        (ERROR, {"error": "`+` does not go with int and string", "code": "cel-type"}, True),
        (ERROR, {"error": "there is no function `dyn`", "code": "cel-function"}, False),
        (ERROR, {"error": "unsigned integers", "code": "cel-unsupported"}, False),
        (ERROR, {"error": "a list holds one type", "code": "cel-collection"}, False),
        (ERROR, {"type": "int", "error": "internal error", "code": "internal"}, False),
        (ERROR, {"type": "int", "error": "inputs", "code": "inputs"}, False),
        (ERROR, {"type": "bool", "value": False}, False),
        (INT, {"type": "int", "value": 1}, True),
        (INT, {"type": "double", "value": 1.0}, False),
        (INT, {"type": "int", "error": "overflow", "code": "overflow"}, False),
        (INT | {"checkOnly": True}, {"type": "int", "error": "overflow", "code": "overflow"}, True),
    ],
)
def test_a_verdict(said: dict[str, Any], answer: dict[str, Any], passes: bool) -> None:
    assert (fault(Case("file/section/test", {"expr": "x", **said}), answer) == "") is passes


def test_a_cause_names_codes_of_ours() -> None:
    from rules.codes import CODES

    assert {code for codes in CAUSES.values() for code in codes} <= CODES.keys()


def test_the_page_has_the_figures_of_the_exclusions(repository: Path) -> None:
    page = (repository / "docs" / "language.md").read_text("utf-8")
    found = re.search(r"`(\d+) passed, (\d+) excluded, 0 failed`", page)
    assert found is not None
    assert (int(found[1]), int(found[2])) == (TESTS - len(excluded()), len(excluded()))
    counted = Counter(excluded().values())
    told = [counted["messages"] + counted["enums"], counted["uint"] + counted["bytes"], counted["dyn"]]
    said = re.search(r"Of the excluded, (\d+) are .*?, (\d+)\s.*?, (\d+) need `dyn`, (\d+)", page, re.DOTALL)
    assert said is not None
    assert [int(figure) for figure in said.groups()] == [*told, counted["optional"]]
