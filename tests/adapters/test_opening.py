"""What is read, checked and compiled before a decision, and what is left alone because no decision needs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.bootstrap import NO_ENVIRONMENT, open_machine
from rules.bundle import load
from rules.diagnostics import Refused
from tests.adapters.running import CHEAP, POLICIES, ROOT, run

OTHER = """\
apiVersion: bascule/v1
kind: RuleList
metadata: {name: other, version: 0.1.0, title: Another gate, owner: tests}
spec:
  inputs: {now: timestamp}
  parameters:
    least: {type: Price, default: 4.0, env: OTHER_LEAST, tighten: up, description: The least}
    most: {type: Price, default: 6.0, description: The most}
  parametersRequire: [{id: ordered, that: params.least < params.most}]
  outcomes: {BLOCK: {effect: block}, ALLOW: {effect: allow}}
  rules:
    - {id: none, when: params.least > params.most, outcome: BLOCK, reason: none}
  otherwise: {outcome: ALLOW, reason: fine}
  onError: BLOCK
"""


def decided(bundle: Path) -> int:
    """The exit code of a decision of the gate."""
    return run("decide", "gate", "--policies", bundle, "--json", stdin=CHEAP).exit_code


def break_suite(bundle: Path) -> None:
    """A case that expects what the policy has not."""
    suite = bundle / "suites" / "gate.yaml"
    suite.write_text(suite.read_text("utf-8").replace("outcome: OPEN", "outcome: OPENED"), "utf-8")


def test_a_faulty_suite_stops_check_and_test_but_no_decision(bundle: Path) -> None:
    break_suite(bundle)
    assert run("check", bundle).exit_code == 1
    assert run("test", bundle).exit_code == 1
    assert decided(bundle) == 0


def as_first_lines(text: str) -> str:
    """A policy that says first that it is a suite, and then what it is."""
    return text.replace("kind: RuleList", "kind: Suite\nkind: RuleList")


def as_continued(text: str) -> str:
    """A kind whose text goes on in the next line."""
    return text.replace("kind: RuleList", "kind: Suite\n  of rules")


@pytest.mark.parametrize("pretend", [as_first_lines, as_continued])
def test_what_begins_as_a_suite_is_no_policy(pretend: Callable[[str], str], bundle: Path) -> None:
    gate = bundle / "gate.yaml"
    gate.write_text(pretend(gate.read_text("utf-8")), "utf-8")
    assert load(bundle).bundle is None
    assert decided(bundle) == 2  # there is no such policy


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("title: Whether the price is right", 'title: "Whether\n\napiVersion: bascule/v1\nkind: Suite\n\nis right"'),
        ("apiVersion: bascule/v1\n", 'apiVersion: "bascule/v1"\n'),
        ("kind: RuleList\n", "kind: RuleList   # kind: Suite\n"),
        ("# yaml-language-server", "# kind: Suite\n\n# yaml-language-server"),
    ],
)
def test_a_policy_is_read_whatever_it_says_of_suites(there: str, instead: str, bundle: Path) -> None:
    gate = bundle / "gate.yaml"
    assert there in gate.read_text("utf-8")
    gate.write_text(gate.read_text("utf-8").replace(there, instead), "utf-8")
    assert decided(bundle) == 0


def test_the_digest_is_that_of_the_bundle_with_its_suites() -> None:
    whole, deciding = load(POLICIES).bundle, load(POLICIES, with_suites=False).bundle
    assert whole is not None
    assert deciding is not None
    assert whole.suites
    assert not deciding.suites
    assert (whole.digest, list(whole.plans)) == (deciding.digest, list(deciding.plans))


def test_what_is_asked_is_compiled_with_what_it_asks() -> None:
    machine = open_machine(POLICIES, NO_ENVIRONMENT, asked=("entry",))
    assert set(machine.policies) == {"entry", "allocation"}
    assert len(machine.bundle.plans) > len(machine.policies)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("least > params.most", "leest > params.most"), ("default: 6.0", "default: 3.0")],
)
def test_a_fault_of_a_policy_that_is_not_asked_stops_every_decision(wrong: str, right: str, bundle: Path) -> None:
    (bundle / "other.yaml").write_text(OTHER, "utf-8")
    assert decided(bundle) == 0
    (bundle / "other.yaml").write_text(OTHER.replace(wrong, right), "utf-8")
    assert decided(bundle) != 0
    with pytest.raises(Refused):
        open_machine(bundle, NO_ENVIRONMENT, asked=("gate",))


def test_an_override_that_a_policy_not_asked_cannot_have_stops_every_decision(bundle: Path) -> None:
    (bundle / "other.yaml").write_text(OTHER, "utf-8")
    open_machine(bundle, {"OTHER_LEAST": "5.0"}, asked=("gate",))
    with pytest.raises(Refused) as refused:
        open_machine(bundle, {"OTHER_LEAST": "7.0"}, asked=("gate",))
    assert [d.code for d in refused.value.diagnostics if d.severity == "error"] == ["parameters-require"]


def test_a_decision_needs_no_grammar_and_no_columns() -> None:
    """What costs more to import than a decision to make; the shipped expressions are all plainly written."""
    asked = "from adapters.bootstrap import open_machine; from pathlib import Path; import sys; "
    asked += "open_machine(Path('policies'), {}, asked=('entry',)); "
    asked += "print(*{'lark', 'celpy', 'numpy', 'jsonschema', 'asyncio'} & sys.modules.keys())"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []
