"""No text of a document reaches generated source: names, ids, strings, words and fields stay data.

The bundle in `hostile/` says hostile things wherever a document may say anything. The generated source is parsed:
every name in it must be one of ours, and no string literal may come from the document.
"""

from __future__ import annotations

import ast
import builtins
import re

import pytest

from engine.policy import Machine, compile_bundle
from engine.scalar.names import NAMES
from rules.bundle import load
from rules.diagnostics import render
from tests.engine.shipped import ROOT, STAMP, machine

HOSTILE = '__import__("os").system("x")'


@pytest.fixture(scope="module")
def hostile() -> Machine:
    folder = ROOT / "tests/engine/hostile"
    found = load(folder)
    assert found.bundle is not None, "\n".join(render(d) for d in found.diagnostics)
    return compile_bundle(found.bundle)


OURS = re.compile(r"[KPCRVLiotvxymgcfr]\d+|c\d+_\d+|[rsotlx]|verdict|values|full|lines|value")
OWN = {"UNSET", "GIVEN", "BAD", "TRIED", "NOT_YET", "ERROR"}
METHODS = {"append", "startswith", "endswith", "find", "rfind", "replace"}
STRINGS = re.compile(r"empty|out-of-range|ensures|year|month|day|hour|minute|second|dayOfWeek|dayOfYear|milliseconds")


def foreign(source: str) -> list[str]:
    """Names, attributes and strings of a source that are not the generator's own."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                known = (
                    name in NAMES
                    or name in {"UNSET", "GIVEN", "BAD", "TRIED", "NOT_YET", "ERROR"}
                    or hasattr(builtins, name)
                )
                if not known and not OURS.fullmatch(name):
                    found.append(name)
            case ast.Attribute(attr=attribute):
                if not re.fullmatch(r"f\d+", attribute) and attribute not in METHODS:
                    found.append(attribute)
            case ast.Constant(value=str() as text) if not STRINGS.fullmatch(text):
                found.append(text)
            case ast.Import() | ast.ImportFrom():
                found.append("import")
    return found


def test_hostile_documents_leave_no_trace_in_generated_source(hostile: Machine) -> None:
    source = hostile.policies["exec-os-system"].program.source
    assert foreign(source) == []
    for word in ("import", "__", "exec", "system", "lambda_", '"', "os"):
        assert word not in source


def test_shipped_policies_leave_no_trace_either() -> None:
    for policy in machine().policies.values():
        assert foreign(policy.program.source) == []
        assert "BLOCK" not in policy.program.source


def test_the_check_itself_can_fail() -> None:
    assert foreign("import os") == ["import"]
    assert foreign("x = 'BTCUSDT'") == ["BTCUSDT"]
    assert foreign("x.__class__") == ["__class__"]
    assert foreign("evil(x)") == ["evil"]


def test_hostile_names_still_mean_what_they_say(hostile: Machine) -> None:
    policy = hostile.policies["exec-os-system"]
    plain = {"__class__": "a", "__init__": 1, "word": "exec", "items": ["a", "]]"]}
    found = policy.decide_json(str({"thing": plain}).replace("'", '"'), STAMP, trace=True)
    assert (found.outcome, found.reason, found.outputs) == ("EXEC", "exec true", {"__dict__": "a"})
    plain["__class__"] = HOSTILE
    inputs = policy.decoder.from_plain({"thing": plain})
    found, log = policy.decide_and_log(inputs, STAMP)
    assert found.outcome == "IMPORT_OS"
    assert found.reason == "{__import__} %s %(x)s " + HOSTILE + ' \\\\ 0 "'
    assert log == [("IMPORT", 'IMPORT%s{0}"""' + found.reason + '"""')]


def test_no_builtins_are_within_reach(hostile: Machine) -> None:
    space = hostile.policies["exec-os-system"].program.verdict.__globals__["__builtins__"]
    assert "__import__" not in space
    assert "eval" not in space
    assert "open" not in space
