"""`bascule diff --prove`: which policies are proved unasked, and what a gate of changes takes for one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from tests.adapters.running import run

HEAD = "apiVersion: bascule/v1\nkind: {}\nmetadata: {{name: {}, version: 1.0.0, title: x, owner: tests}}\nspec:\n"
DOCUMENTS = {
    "bundle": HEAD.format("Bundle", "small") + '  includes: ["*.yaml"]\n',
    "types": HEAD.format("Types", "types")
    + "  scalars:\n"
    + "    Price: {type: double, minimum: 0.0, maximum: 100.0}\n"
    + "    Size: {type: double, minimum: 0.0, maximum: 1.0e+6}\n",
    "limits": HEAD.format("Library", "limits")
    + "  inputs: {price: Price}\n  variables: {near: price > 30.0, far: near || price > 90.0}\n",
    "gate": HEAD.format("RuleList", "gate")
    + "  inputs: {price: Price}\n  uses: {limits: [far]}\n"
    + "  outcomes: {NO: {effect: block}, YES: {effect: allow}}\n"
    + "  rules: [{id: far, when: far, outcome: NO, reason: too far}]\n"
    + "  otherwise: {outcome: YES, reason: it opens}\n  onError: NO\n"
    + "  outputs: {size: {type: Size, value: price * 1000.0}}\n",
    "asks": HEAD.format("RuleList", "asks")
    + "  inputs: {price: Price}\n  calls: {gate: {policy: gate}}\n"
    + "  outcomes: {NO: {effect: block}, YES: {effect: allow}}\n"
    + '  rules: [{id: shut, when: gate.effect == "block", outcome: NO, reason: the gate}]\n'
    + "  otherwise: {outcome: YES, reason: it opens}\n  onError: NO\n",
    "alone": HEAD.format("RuleList", "alone")
    + "  inputs: {price: Price}\n  outcomes: {NO: {effect: block}, YES: {effect: allow}}\n"
    + "  rules: [{id: dear, when: price > 50.0, outcome: NO, reason: too dear}]\n"
    + "  otherwise: {outcome: YES, reason: it opens}\n  onError: NO\n",
}
ON_ITS_OWN = DOCUMENTS["gate"].replace("uses: {limits: [far]}", "variables: {far: price > 30.0}")


def laid_out(folder: Path, **changed: str) -> Path:
    folder.mkdir()
    for name, text in {**DOCUMENTS, **changed}.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


LOOSER = DOCUMENTS["limits"].replace("price > 30.0", "price > 40.0")
NARROWER = DOCUMENTS["types"].replace("1.0e+6", "5.0e+4")
LARGER = DOCUMENTS["gate"].replace("price * 1000.0", "price * 2000.0")
CHANGES: dict[str, tuple[dict[str, str], dict[str, str], str, int, set[str]]] = {
    "a variable that another one of its library reads": ({}, {"limits": LOOSER}, "block-to-allow", 1, {"gate"}),
    "the bounds of an output": ({"types": NARROWER}, {}, "block-to-allow", 0, {"gate"}),
    "the bounds of an output, the other way": ({}, {"types": NARROWER}, "allow-to-block", 0, {"gate"}),
    "a bound that outputs pass": (
        {"types": NARROWER.replace("5.0e+4", "2.0e+4")}, {}, "block-to-allow", 1, {"gate"},
    ),
    "another output of the same outcome": ({}, {"gate": LARGER}, "any", 1, {"gate"}),
    "another output, where outputs must not change": ({}, {"gate": LARGER}, "outputs", 1, {"gate"}),
    "another output, where outcomes must not change": ({}, {"gate": LARGER}, "outcome", 0, {"gate"}),
    "a library that nobody takes anything of": (
        {"gate": ON_ITS_OWN}, {"gate": ON_ITS_OWN, "limits": LOOSER}, "any", 0, set(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_is_proved_wherever_it_is_written(name: str, tmp_path: Path) -> None:
    old, new, forbidden, exit_code, asked = CHANGES[name]
    sides = laid_out(tmp_path / "old", **old), laid_out(tmp_path / "new", **new)
    for folder in sides:
        (folder / "asks.yaml").unlink()
    done = run("diff", *sides, "--prove", "--fail-on", forbidden, "--format", "json")
    proved = {one["policy"] for one in json.loads(done.stdout).get("proofs", [])}
    assert (done.exit_code, proved) == (exit_code, asked), done.stderr


def test_who_asks_a_policy_that_a_library_changes_is_named(tmp_path: Path) -> None:
    sides = laid_out(tmp_path / "old"), laid_out(tmp_path / "new", limits=LOOSER)
    told = json.loads(run("diff", *sides, "--prove", "--format", "json").stdout)
    assert {one["policy"]: bool(one.get("why_not")) for one in told["proofs"]} == {"gate": False, "asks": True}


def test_outputs_on_record_are_not_asked(tmp_path: Path) -> None:
    folder = laid_out(tmp_path / "old")
    done = run("diff", folder, folder, "--log", tmp_path / "none.jsonl", "--fail-on", "outputs")
    assert done.exit_code == 2
    assert "`--fail-on outputs` is about all inputs: give `--prove`" in done.stderr
