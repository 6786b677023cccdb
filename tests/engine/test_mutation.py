"""Each fate of a mutant, on a small bundle, and the case of one that survives pasted into its suite."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("z3")

from engine.mutation.cases import Telling
from engine.mutation.judging import Fate, Judge, Judgement
from engine.mutation.offering import Offering
from engine.policy import compile_bundle
from engine.suites import run_cases
from engine.symbolic.proving import Patience
from rules.bundle import Bundle, load
from rules.mutation.documents import mutants
from rules.mutation.mutant import Mutant
from rules.mutation.replaced import replaced

HEAD = "apiVersion: bascule/v1\nkind: {}\nmetadata: {{name: {}, version: 1.0.0, title: x, owner: tests}}\nspec:\n"
BUNDLE = HEAD.format("Bundle", "small") + '  includes: ["*.yaml"]\n'
GATE = HEAD.format("RuleList", "gate") + (
    "  inputs: {price: {type: double, minimum: 0.0, maximum: 100.0}, listed: bool}\n"
    "  uses: {bounds: [dearest]}\n"
    "  outcomes: {SHUT: {effect: block}, OPEN: {effect: allow}}\n"
    "  rules:\n"
    "    - {id: unlisted, when: '!listed', outcome: SHUT, reason: it is not listed}\n"
    "    - {id: cheap, when: price < 5.0, outcome: SHUT, reason: too cheap}\n"
    "    - {id: dear, when: price > dearest && price > 10.0, outcome: SHUT, reason: too dear}\n"
    "    - {id: far, when: price >= 80.0, outcome: SHUT, reason: far too dear}\n"
    "  otherwise: {outcome: OPEN, reason: it opens}\n"
    "  onError: SHUT\n"
)
BOUNDS = HEAD.format("Library", "bounds") + "  variables: {dearest: '90.0'}\n"
ASKS = HEAD.format("Pipeline", "asks") + (
    "  inputs: {price: {type: double, minimum: 0.0, maximum: 100.0}, listed: bool}\n"
    "  steps: [{id: gate, policy: gate}]\n"
    "  outcomes: {GO: {effect: allow}, STOP: {effect: block}}\n"
    "  otherwise: {outcome: GO, reason: x}\n"
    "  onError: STOP\n"
)
SUITE = HEAD.format("Suite", "asks-suite") + (
    "  policy: asks\n  given: plain\n  fixtures: {plain: {price: 20.0, listed: true}}\n  cases:\n"
    "    - {id: opens, expect: {outcome: GO}}\n"
    "    - {id: unlisted, set: {listed: false}, expect: {outcome: SHUT}}\n"
)
GATES = HEAD.format("Suite", "gate-suite") + (
    "  policy: gate\n  given: plain\n  fixtures: {plain: {price: 20.0, listed: true}}\n  cases:\n"
    "    - {id: opens, expect: {outcome: OPEN}}\n"
    "    - {id: shuts, set: {price: 1.0}, expect: {outcome: SHUT}}\n"
)
NEVER = HEAD.format("Invariant", "never-far") + (
    "  forAll: {price: {type: double, minimum: 0.0, maximum: 100.0}, listed: bool}\n"
    "  decisions: {gate: {policy: gate}}\n"
    '  given: [gate.effect == "allow"]\n'
    "  holds: [{id: near, that: price < 80.0}]\n"
)
WRITTEN = {"bundle": BUNDLE, "gate": GATE, "bounds": BOUNDS, "asks": ASKS, "s": SUITE, "t": GATES, "never": NEVER}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in WRITTEN.items():
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    return tmp_path


def bundle_of(folder: Path) -> Bundle:
    found = load(folder)
    assert found.bundle is not None, found.diagnostics
    return found.bundle


def mutant(bundle: Bundle, document: str, line: str, sentence: str) -> Mutant:
    """The mutant of a document that a sentence tells of, on the line that holds a text."""
    one = next(one for one in bundle.documents if one.name == document)
    at = one.source.text[: one.source.text.index(line)].count("\n") + 1
    return next(m for m in mutants(one) if m.sentence == sentence and int(m.place.split(":")[-2]) == at)


FATES: dict[str, tuple[str, str, str, Fate, str]] = {
    "the error outcome must block": ("gate", "onError", "`SHUT` became `OPEN`", "refused", ""),
    "its own suite notices": ("gate", "id: cheap", "`<` became `>=`", "suite", "gate-suite/opens"),
    "the suite of a policy that asks it notices":
        ("gate", "id: unlisted", "`!` before `listed` was dropped", "suite", "gate-suite/opens"),
    "only a policy that asks it notices":
        ("asks", "otherwise", "`GO` became `STOP`", "suite", "asks-suite/opens"),
    "an invariant is refuted": ("gate", "id: far", "`80.0` became `120.0`", "invariant", "never-far"),
    "what is dropped held anyway": ("gate", "id: dear", "`&& price > 10.0` was dropped", "equivalent", ""),
    "what is dropped made the rest hold less": ("gate", "id: dear", "`price > dearest &&` was dropped", "suite",
                                                "gate-suite/opens"),
    "no case stands at the threshold": ("gate", "id: cheap", "`<` became `<=`", "survived", "gate"),
    "a library is judged by who uses it": ("bounds", "variables", "`90.0` became `89.1`", "equivalent", ""),
    "inputs past a bound": ("gate", "inputs", "`100.0` became `101.0`", "survived", "gate"),
}  # fmt: skip


def fate(folder: Path, name: str) -> tuple[Judgement, Bundle]:
    document, line, sentence, _, _ = FATES[name]
    bundle = bundle_of(folder)
    return Judge(bundle).judged(mutant(bundle, document, line, sentence), Patience(lambda: 20.0)), bundle


@pytest.mark.parametrize("name", FATES)
def test_each_fate(name: str, folder: Path) -> None:
    found, _ = fate(folder, name)
    expected, by = FATES[name][3:]
    assert (found.fate, found.by if expected != "equivalent" else "") == (expected, by), found.why


@pytest.mark.parametrize("name", [name for name, one in FATES.items() if one[3] == "survived"])
def test_the_case_of_a_survivor_notices_it(name: str, folder: Path) -> None:
    found, bundle = fate(folder, name)
    assert found.telling is not None
    assert found.telling.suite == "gate-suite"
    (folder / "t.yaml").write_text(GATES + found.telling.case + "\n", "utf-8")
    with_it = bundle_of(folder)
    suite = next(one for one in with_it.suites if one.name == "gate-suite")
    assert len(suite.cases) == 3
    assert all(one.passed for one in run_cases(suite, compile_bundle(with_it)))
    again = Judge(with_it).judged(found.mutant, Patience(lambda: 20.0))
    assert (again.fate, again.by) == ("suite", f"gate-suite/{suite.cases[-1].id}")
    assert re.fullmatch(r"[a-z-]+-(comparison|bound)-\d+", suite.cases[-1].id)
    del bundle


def test_a_case_is_offered_once_and_under_an_id_of_its_own(folder: Path) -> None:
    offering = Offering(bundle_of(folder).suites)
    first, same, other = (Telling("gate-suite", "gate", "shuts", body) for body in ("says", "says", "says more"))
    assert offering.offered(first) == ("shuts-2", "    - id: shuts-2\nsays")
    assert offering.offered(same) == ("shuts-2", None)
    assert offering.offered(other) == ("shuts-3", "    - id: shuts-3\nsays more")
    assert offering.offered(Telling("new-suite", "gate", "shuts", "says")) == ("shuts", "    - id: shuts\nsays")


def test_without_time_nothing_is_known(folder: Path) -> None:
    bundle = bundle_of(folder)
    found = Judge(bundle).judged(
        mutant(bundle, "gate", "id: dear", "`&& price > 10.0` was dropped"), Patience(lambda: 0.0)
    )
    assert (found.fate, found.why) == ("unknown", "the time was up")


def test_a_text_that_is_no_document_is_refused(folder: Path) -> None:
    bundle = bundle_of(folder)
    for text in ("", "a: [", GATE.replace("price < 5.0", "prise < 5.0"), GATE.replace("name: gate", "name: other")):
        assert replaced(bundle, "gate", text) is None


def test_only_what_rests_on_the_change_is_read_again(folder: Path) -> None:
    bundle = bundle_of(folder)
    changed = replaced(bundle, "asks", ASKS)
    assert changed is not None
    assert (changed.policies, changed.own, changed.invariants) == (("asks",), ("asks",), ())
    assert changed.bundle.plans["gate"] is bundle.plans["gate"]
    changed = replaced(bundle, "bounds", BOUNDS)
    assert changed is not None
    assert (changed.policies, changed.own, changed.invariants) == (("gate", "asks"), ("gate",), ("never-far",))
