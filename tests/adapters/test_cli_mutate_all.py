"""`bascule mutate --all`: every mutant of a small bundle, and the cases that notice those that survive."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("z3")

from adapters.proving.mutants import all_mutants
from rules.bundle import load
from tests.adapters.running import run
from tests.adapters.test_cli_mutate import told

FATES = {"refused", "suite", "invariant", "equivalent", "survived", "unknown"}


def test_all_mutants_of_a_small_bundle(bundle: Path) -> None:
    found = told(bundle, "--all", "--policy", "gate")
    whole = load(bundle).bundle
    assert whole is not None
    assert [one["at"] for one in found["mutants"]] == [one.place for one in all_mutants(whole, ("gate",))]
    assert {one["fate"] for one in found["mutants"]} <= FATES
    counts = found["counts"]
    assert counts["mutants"] == len(found["mutants"]) == sum(counts.values()) - counts["mutants"]
    assert found["ok"] is (counts["survived"] + counts["unknown"] == 0)
    assert all("case_id" in one for one in found["mutants"] if one["fate"] == "survived")


def test_all_cases_of_a_run_can_be_pasted(bundle: Path) -> None:
    """Each once: the others are named where they notice a further mutant. What is pasted then notices every one."""
    arguments = (bundle, "--all", "--policy", "gate")
    survived = [one for one in told(*arguments)["mutants"] if one["fate"] == "survived"]
    cases = [one["case"] for one in survived if "case" in one]
    assert len(cases) < len(survived)
    assert {one["case_id"] for one in survived} == {case.split("\n")[0].removeprefix("    - id: ") for case in cases}
    printed = run("mutate", *arguments, "--processes", "1").stdout
    assert [printed.count(case + "\n") for case in cases] == [1] * len(cases)
    assert printed.count("above, notices it too") == len(survived) - len(cases)
    suite = bundle / "suites" / "gate.yaml"
    suite.write_text(suite.read_text("utf-8") + "\n".join(cases) + "\n", "utf-8")
    assert run("test", bundle).exit_code == 0
    assert told(*arguments)["counts"]["survived"] == 0
