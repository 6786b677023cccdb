"""A difference counts what deciding one by one with both versions counts: on a hundred random edits."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

pytest.importorskip("pyarrow")

from adapters.records.facts import Facts, Row
from adapters.records.lines import Kept, Said
from adapters.records.table import Group, Writer, groups
from adapters.replaying.comparing import OnRecord, compared
from adapters.replaying.report import Replayed
from adapters.replaying.versions import Side
from engine.decision import Decision, Stamp
from engine.policy import Policy, compile_bundle
from rules.bundle import Bundle
from tests.adapters.replaying.edits import EDITED, edited
from tests.engine.shipped import bundle
from tests.oracles.snapshots import generate

SEED = 20260203
DECISIONS = 600
EDITS = 100
SHARE = int(os.environ.get("BASCULE_EDITS", "25"))
"""How many of the edits are tried here; `make edits` tries them all."""
BEGIN = datetime(2026, 2, 3, tzinfo=UTC)
AMOUNTS = {"capital": "allocation", "notional": "notional"}
Key = tuple[str, str, str]


@pytest.fixture(scope="module")
def snapshots() -> list[dict[str, Any]]:
    """As many for each policy; every tenth cannot be decided on."""
    found = list(generate(DECISIONS, SEED))
    for number, one in enumerate(found):
        one["size_multiplier"] = (0.5, 1.0, 1.5)[number % 3]
    return found


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, snapshots: list[dict[str, Any]]) -> list[Group]:
    """A table in which every snapshot was asked of both policies, hours apart, in row groups of their own."""
    facts, paths = Facts(bundle().types), []
    for number, name in enumerate(EDITED):
        path = tmp_path_factory.mktemp("logs") / f"{number}.parquet"
        writer = Writer(path, facts)
        for at, snapshot in enumerate(snapshots):
            inputs = {name: value for name, value in snapshot.items() if name in bundle().types.facts}
            kept = Kept(at, f"r{at}", "desk", name, 1, _said(name, at), json.dumps(inputs).encode())
            row = facts.row(kept)
            assert isinstance(row, Row)
            writer.add("made up", row)
        writer.close()
        paths.append(path)
    return groups(paths)


def _said(policy: str, at: int) -> Said:
    return Said(f"{policy}-{at}", policy, "1.0.0", "sha256:x", "BLOCKED", "block", BEGIN + timedelta(hours=at))


OLD = Side("old", bundle())


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def verdict(decision: Decision) -> Key:
    return decision.outcome, decision.effect, decision.rule or ""


def decided(policy: Policy, snapshots: list[dict[str, Any]]) -> list[Decision]:
    own = {f.name for f in policy.plan.inputs}
    stamp = Stamp("x", BEGIN)
    facts = bundle().types.facts
    inputs = ({k: v for k, v in one.items() if k in own and k in facts} for one in snapshots)
    return [policy.decide(policy.read(json.dumps(one).encode()), stamp) for one in inputs]


def amount(decision: Decision, output: str) -> float:
    value = decision.outputs.get(output) if decision.effect == "allow" else None
    return float(value) if isinstance(value, float) else 0.0


def check(found: Replayed, old: list[Decision], new: list[Decision], snapshots: list[dict[str, Any]]) -> None:
    """Every figure, counted again in a loop."""
    pairs = Counter((verdict(a), verdict(b)) for a, b in zip(old, new, strict=True))
    assert {(tuple(p.old), tuple(p.new)): p.decisions for p in found.pairs} == pairs
    assert found.decisions == len(snapshots)
    of_change: Counter[str] = Counter()
    of_symbol: Counter[tuple[str, str]] = Counter()
    of_day: Counter[tuple[Any, str]] = Counter()
    for at, (a, b) in enumerate(zip(old, new, strict=True)):
        if a.effect != b.effect:
            change = "block-to-allow" if b.effect == "allow" else "allow-to-block"
        elif a.outcome != b.outcome:
            change = "outcome"
        else:
            change = "same" if a.rule == b.rule else "rule"
        of_change[change] += 1
        of_symbol[snapshots[at]["intent"]["symbol"], change] += 1
        of_day[(BEGIN + timedelta(hours=at)).date(), change] += 1
    assert {one.change: one.decisions for one in found.sums} == of_change
    assert {(s.symbol, one.change): one.decisions for s in found.by_symbol for one in s.sums} == of_symbol
    assert {(d.day, one.change): one.decisions for d in found.by_day for one in d.sums} == of_day
    for pair in found.pairs:
        wanted = tuple(pair.old), tuple(pair.new)
        places = [at for at, (a, b) in enumerate(zip(old, new, strict=True)) if (verdict(a), verdict(b)) == wanted]
        for side, decisions in ((pair.old_amounts, old), (pair.new_amounts, new)):
            assert side == {
                label: pytest.approx(sum(amount(decisions[at], output) for at in places), rel=1e-12)
                for label, output in AMOUNTS.items()
                if found.policy == "allocation"
            }
        if pair.change != "same":
            assert pair.examples == [f"{found.policy}-{at}" for at in places[:5]]


@pytest.fixture(scope="module")
def before(snapshots: list[dict[str, Any]]) -> dict[str, list[Decision]]:
    """What the shipped policies decide, one by one."""
    return {name: decided(_policy(bundle(), name), snapshots) for name in EDITED}


@pytest.mark.parametrize("number", range(min(SHARE, EDITS)))
def test_an_edit(
    number: int,
    table: list[Group],
    snapshots: list[dict[str, Any]],
    before: dict[str, list[Decision]],
    executor: Executor,
) -> None:
    after = _edits()[number]
    report = compared(OLD, Side("new", after), OnRecord(table, EDITED), executor)
    assert [found.policy for found in report.replays] == list(EDITED)
    for found in report.replays:
        check(found, before[found.policy], decided(_policy(after, found.policy), snapshots), snapshots)


def test_most_edits_change_decisions(table: list[Group], executor: Executor) -> None:
    """So that equal counts mean something."""
    changed = 0
    for after in _edits()[:8]:
        report = compared(OLD, Side("new", after), OnRecord(table, EDITED), executor)
        assert report.changes
        changed += any(found.changed for found in report.replays)
    assert changed >= 5


@cache
def _edits() -> list[Bundle]:
    """As many as there are to be tried, no two alike."""
    rng = random.Random(SEED)  # noqa: S311 -- edits that can be made again
    found: dict[str, Bundle] = {}
    while len(found) < min(SHARE, EDITS):
        one = edited(rng)
        found.setdefault(one.digest, one)
    return [*found.values()]


def _policy(found: Bundle, name: str) -> Policy:
    return compile_bundle(found, {}, (name,)).policies[name]
