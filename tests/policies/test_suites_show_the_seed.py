"""The shipped suites of entry and allocation: they pass, they show the seed, and they can fail."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from engine.decision import Decision
from engine.policy import Machine, compile_bundle
from engine.suites import CaseResult, run_suite
from rules.bundle import MANIFEST, Checked, load
from rules.cel.expressions import Template
from rules.documents.kinds import SuiteDocument
from rules.plan import Case, Plan

POLICIES = Path(__file__).resolve().parents[2] / "policies"
HISTORY = "history/0.9.0"
VERSIONS = {"1.0.0": POLICIES, "0.9.0": POLICIES / HISTORY}
NAMES = ("entry", "allocation")

# Quoted from `seeds/1-entry-policy.md`, "Log Examples", less the pictograph each line starts with there.
SEED_LOG = [
    "ENTRY_POLICY_DECISION | BTCUSDT | decision=ALLOW_NEW_ENTRY"
    " | confidence=0.85, exposure_after=$500, positions_after=1",
    "ENTRY_POLICY_DECISION | ETHUSDT | decision=BLOCK_MAX_POSITIONS | total_positions=10 >= max=10",
    "ENTRY_POLICY_DECISION | BTCUSDT | decision=ALLOW_SCALE_IN"
    " | confidence=0.85, exposure_after=$850, positions_after=2",
    "CAPITAL_ALLOCATION | BTCUSDT | allocated=$500 (cap=$1000, avail=$4500) | qty=0.100 @ $50000 | lev=10x",
]

# Step of the seed: the case that blocks at its threshold, the case that passes just beside it.
SIDES = [
    ("entry", "1 confidence", "confidence-one-ulp-below-the-minimum", "confidence-at-the-minimum"),
    ("entry", "2 global cooldown", "global-cooldown-one-microsecond-short", "global-cooldown-just-over"),
    ("entry", "3 symbol cooldown", "symbol-cooldown-one-microsecond-short", "symbol-cooldown-just-over"),
    ("entry", "4 positions in all", "positions-ten-of-ten", "positions-nine-of-ten"),
    ("entry", "5 exposure in all", "exposure-at-the-total", "exposure-one-ulp-below-the-total"),
    ("entry", "6a scale-in off", "held-and-scale-in-off", "held-and-scale-in-on"),
    ("entry", "6a held", "held-and-scale-in-off", "not-held-and-scale-in-off"),
    ("entry", "6b direction", "scale-in-other-direction", "scale-in-same-direction-short"),
    ("entry", "6b confidence", "scale-in-confidence-at-held-plus-delta", "scale-in-confidence-one-ulp-above"),
    ("entry", "6b adds", "scale-in-adds-two-of-two", "scale-in-adds-one-of-two"),
    ("entry", "6b exposure", "scale-in-exposure-at-the-cap", "scale-in-exposure-one-ulp-below-the-cap"),
    ("entry", "7 exposure of the symbol", "symbol-cap-of-zero", "symbol-cap-one-cent-above-zero"),
    ("entry", "8 positions of the symbol", "symbol-positions-three-of-three", "symbol-positions-two-of-three"),
    ("entry", "9 regime", "regime-five-of-five", "regime-four-of-five"),
    ("allocation", "minimum", "minimum-one-ulp-short", "minimum-exactly"),
    (
        "allocation",
        "room in the symbol",
        "room-in-the-symbol-one-ulp-below-the-minimum",
        "room-in-the-symbol-at-the-minimum",
    ),
    ("allocation", "room in all", "room-in-all-below-the-minimum", "room-in-all-at-the-minimum"),
]


@dataclass(frozen=True)
class Ran:
    """A bundle's suites of entry and allocation, run."""

    plans: Mapping[str, Plan]
    results: Mapping[str, Mapping[str, CaseResult]]
    """By policy, then by case."""

    def failures(self) -> list[str]:
        return [
            f"{policy} {name}: {mismatch}"
            for policy, cases in self.results.items()
            for name, result in cases.items()
            for mismatch in result.mismatches
        ]


def machine_of(checked: Checked) -> Machine:
    assert checked.bundle is not None, [(str(found.span), found.message) for found in checked.diagnostics]
    return compile_bundle(checked.bundle)


def ran(suites_of: Machine, machine: Machine) -> Ran:
    results = {
        suite.policy: {result.case.id: result for result in run_suite(suite, machine).results}
        for suite in suites_of.bundle.suites
        if suite.policy in NAMES
    }
    return Ran({name: machine.bundle.plans[name] for name in NAMES}, results)


@cache
def shipped(version: str) -> Machine:
    return machine_of(load(VERSIONS[version]))


@cache
def shipped_ran(version: str) -> Ran:
    return ran(shipped(version), shipped(version))


def decision(result: CaseResult) -> Decision:
    assert result.decision is not None
    return result.decision


# They pass, and they say what the seed says.


@pytest.mark.parametrize("version", VERSIONS)
def test_every_case_passes(version: str) -> None:
    found = shipped_ran(version)
    assert set(found.results) == set(NAMES)
    assert found.failures() == []
    assert shipped(version).bundle.version == version
    assert {plan.version for plan in found.plans.values()} == {version}


def reasons(case: Case) -> Iterator[Template]:
    """Every reason a case may give: its own, or that of each of its ways to apply."""
    yield from (way.reason for way in case.alternatives)
    if case.reason is not None:
        yield case.reason


def shape(template: Template) -> re.Pattern[str]:
    """The messages a template can give."""
    return re.compile("".join(re.escape(part) if isinstance(part, str) else "(.+)" for part in template.parts))


REASONS = [
    pytest.param(version, name, case.id, template, id=f"{version}-{name}-{case.id}-{number}")
    for version in VERSIONS
    for name in NAMES
    for case in shipped(version).bundle.plans[name].all_cases
    for number, template in enumerate(reasons(case), start=1)
]


@pytest.mark.parametrize(("version", "name", "rule", "template"), REASONS)
def test_every_reason_is_expected_verbatim(version: str, name: str, rule: str, template: Template) -> None:
    cases = shipped_ran(version).results[name].values()
    said = [result.case.expect.reason for result in cases if decision(result).rule == rule]
    assert any(reason is not None and shape(template).fullmatch(reason) for reason in said)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_every_rule_is_expected_by_name(version: str, name: str) -> None:
    found = shipped_ran(version)
    expected = {result.case.expect.rule for result in found.results[name].values()}
    assert {case.id for case in found.plans[name].all_cases} <= expected


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("line", SEED_LOG)
def test_the_seeds_log_examples_are_expected(version: str, line: str) -> None:
    cases = [result.case for found in shipped_ran(version).results.values() for result in found.values()]
    assert [case.id for case in cases if "seed-1" in case.tags and line in (case.expect.log or ())]


# Each threshold, from both sides.


@pytest.mark.parametrize(("name", "step", "blocking", "passing"), SIDES, ids=lambda value: str(value).replace(" ", "-"))
def test_both_sides_of_a_threshold_are_shown(name: str, step: str, blocking: str, passing: str) -> None:
    cases = shipped_ran("1.0.0").results[name]
    blocks, passes = cases[blocking], cases[passing]
    assert blocks.case.expect.rule == decision(blocks).rule
    assert (decision(blocks).effect, decision(passes).effect) == ("block", "allow"), step
    assert decision(blocks).error is None
    assert passes.case.expect.outcome is not None


def test_every_rule_has_its_two_sides() -> None:
    found = shipped_ran("1.0.0")
    blocked = {(name, decision(found.results[name][blocking]).rule) for name, _, blocking, _ in SIDES}
    blocking_rules = {
        (name, case.id)
        for name, plan in found.plans.items()
        for case in plan.cases
        if plan.outcomes[case.outcome] == "block"
    }
    assert blocked == blocking_rules


# The two versions.


def test_0_9_0_differs_where_its_suites_say_so_and_nowhere_else() -> None:
    against = ran(shipped("0.9.0"), shipped("1.0.0"))
    for cases in against.results.values():
        assert {id_ for id_, result in cases.items() if not result.passed} == {
            id_ for id_, result in cases.items() if "differs" in result.case.tags
        }


def test_what_overrules_the_seed_is_stricter_and_says_so() -> None:
    against = ran(shipped("1.0.0"), shipped("0.9.0"))
    for name, cases in shipped_ran("1.0.0").results.items():
        for id_, result in cases.items():
            then, now = decision(against.results[name][id_]).effect, decision(result).effect
            assert now == "block" or then == "allow", f"{id_}: 0.9.0 blocks what 1.0.0 allows"
    for document in shipped("1.0.0").bundle.documents:
        if isinstance(document.model, SuiteDocument) and document.model.spec.policy in NAMES:
            tagged = [case for case in document.model.spec.cases if "overrules-seed" in case.tags]
            assert tagged
            assert all("SEEDS.md overrules" in (case.description or "") for case in tagged)


# They can fail: one change to a policy, and a case does.

OTHER = {">=": ">", ">": ">=", "<=": "<", "<": "<=", "==": "!=", "!=": "=="}
COMPARISON = re.compile("|".join(sorted(OTHER, key=len, reverse=True)))
PARAMETER = re.compile(r"^    +(?P<name>\w+):.*?\bdefault: (?P<value>[^,}]+)", re.MULTILINE)
RULE = re.compile(r"    - id: .*\n(?:      .*\n)+")
FILES = {"entry": "entry.yaml", "allocation": "allocation.yaml", "limits": "lib/limits.yaml"}


@dataclass(frozen=True)
class Change:
    """A part of a policy's text, and what is put in its place."""

    what: str
    file: str
    start: int
    end: int
    text: str


def text_of(file: str) -> str:
    return (POLICIES / file).read_text()


def changed_comparisons() -> Iterator[Change]:
    for name in NAMES:
        for case in shipped("1.0.0").bundle.plans[name].cases:
            for node in (case.when, *(way.when for way in case.alternatives)):
                assert node is not None
                for found in COMPARISON.finditer(node.span.text):
                    start, end = node.span.start + found.start(), node.span.start + found.end()
                    label = f"{name}-{case.id}-{' '.join(node.span.text.split())}-at-{found.start()}"
                    yield Change(label, FILES[name], start, end, OTHER[found.group()])


def changed_defaults() -> Iterator[Change]:
    for name, file in FILES.items():
        for found in PARAMETER.finditer(text_of(file)):
            yield Change(f"{name}-{found['name']}", file, *found.span("value"), moved(found["value"]))


def moved(value: str) -> str:
    """The value next to a default, as far as a desk would notice."""
    if value in ("true", "false"):
        return "false" if value == "true" else "true"
    if value.endswith("s"):
        return f"{int(value[:-1]) + 1}s"
    if "." not in value:
        return str(int(value) + 1)
    return repr(round(float(value) + (0.01 if float(value) < 1 else 1.0), 2))


def changed_order() -> Iterator[Change]:
    """Neighbouring rules change places."""
    for name in NAMES:
        file = FILES[name]
        text = text_of(file)
        rules = list(RULE.finditer(text, text.index("\n  rules:\n"), text.index("\n  otherwise:") + 1))
        assert len(rules) == len(shipped("1.0.0").bundle.plans[name].cases)
        for first, second in pairwise(rules):
            ids = [re.search(r"id: (\S+)", rule.group()) for rule in (first, second)]
            label = "-".join(found[1] for found in ids if found)
            yield Change(f"{name}-{label}", file, first.start(), second.end(), second.group() + first.group())


# What a reader of the seed might have written instead.
MISREADINGS = [
    ("pending entries do not count", "lib/book.yaml", "portfolio.positions + portfolio.pending", "portfolio.positions"),
    ("exposure is notional", "lib/book.yaml", "held.map(p, p.exposure)", "held.map(p, p.exposure * p.leverage)"),
    ("all exposure is notional", "lib/book.yaml", "book.map(p, p.exposure)", "book.map(p, p.exposure * p.leverage)"),
    ("held confidence is the lowest", "entry.yaml", "p.confidence).max()", "p.confidence).min()"),
    ("adds are the positions", "entry.yaml", "held.map(p, p.adds).sum()", "size(held)"),
    ("adds are the most of one position", "entry.yaml", "p.adds).sum()", "p.adds).max()"),
    ("every position must be of the other side", "entry.yaml", "held.exists(", "held.all("),
    ("the regime counts only the symbol", "entry.yaml", "book.filter(p, p.regime", "held.filter(p, p.regime"),
    ("one cooldown for both", "entry.yaml", "< params.cooldown_symbol\n", "< params.cooldown_global\n"),
    ("risk is left out", "allocation.yaml", " * intent.risk_score", ""),
    ("the governor is left out", "allocation.yaml", " * multiplier\n", "\n"),
    ("no cap on the symbol", "allocation.yaml", "(wanted, symbol_room, total_room)", "(wanted, total_room)"),
    ("no cap on the total", "allocation.yaml", "(wanted, symbol_room, total_room)", "(wanted, symbol_room)"),
    ("the margin is left out", "allocation.yaml", "math.least(within_caps, inputs.headroom)", "within_caps"),
    ("leverage is left out", "allocation.yaml", "allocation * intent.leverage", "allocation"),
]


def misreadings() -> Iterator[Change]:
    for what, file, text, instead in MISREADINGS:
        assert text_of(file).count(text) == 1, what
        start = text_of(file).index(text)
        yield Change(what.replace(" ", "-"), file, start, start + len(text), instead)


def copied(folder: Path) -> Path:
    """What entry and allocation need of the shipped policies, as a bundle of its own."""
    needed = [*FILES.values(), "types.yaml", "lib/book.yaml", *(f"suites/{name}.yaml" for name in NAMES)]
    for file in (MANIFEST, *needed):
        (folder / file).parent.mkdir(exist_ok=True)
        shutil.copy(POLICIES / file, folder / file)
    manifest = (folder / MANIFEST).read_text()
    written, count = re.subn(r"(?m)^  includes: .*$", f"  includes: {json.dumps(needed)}", manifest)
    assert count == 1
    (folder / MANIFEST).write_text(written)
    return folder


def survives(change: Change, folder: Path) -> bool:
    """Whether the suites pass all the same. The changed policy must load: it is a case that has to notice."""
    policies = copied(folder)
    text = text_of(change.file)
    (policies / change.file).write_text(text[: change.start] + change.text + text[change.end :])
    machine = machine_of(load(policies))
    return not ran(machine, machine).failures()


def test_the_copy_that_is_changed_passes_as_it_is(tmp_path: Path) -> None:
    assert survives(Change("nothing", "entry.yaml", 0, 0, ""), tmp_path)


@pytest.mark.parametrize("change", list(changed_comparisons()), ids=lambda change: change.what)
def test_a_changed_comparison_is_noticed(change: Change, tmp_path: Path) -> None:
    assert not survives(change, tmp_path)


@pytest.mark.parametrize("change", list(changed_defaults()), ids=lambda change: change.what)
def test_a_changed_default_is_noticed(change: Change, tmp_path: Path) -> None:
    assert not survives(change, tmp_path)


@pytest.mark.parametrize("change", list(changed_order()), ids=lambda change: change.what)
def test_a_changed_order_is_noticed(change: Change, tmp_path: Path) -> None:
    assert not survives(change, tmp_path)


@pytest.mark.parametrize("change", list(misreadings()), ids=lambda change: change.what)
def test_a_misreading_is_noticed(change: Change, tmp_path: Path) -> None:
    assert not survives(change, tmp_path)


def test_every_rule_has_a_comparison_or_a_presence_that_was_changed() -> None:
    """No rule was passed over because its condition is written in a way the pattern does not know."""
    labels = [change.what for change in changed_comparisons()]
    plans = shipped("1.0.0").bundle.plans
    for name in NAMES:
        assert all(any(label.startswith(f"{name}-{case.id}-") for label in labels) for case in plans[name].cases)
