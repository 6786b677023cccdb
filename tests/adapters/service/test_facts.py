"""The facts of the service: given whole, never taken from a caller, and a policy that needs others is not served."""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.service.compiling import NotCompiled, compiled
from adapters.service.in_force import ready
from engine.faults import InputsRefused
from engine.policy import Machine, compile_bundle
from rules.bundle import load

SMALL = Path(__file__).resolve().parents[1] / "bundle"
NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)


def small(folder: Path, *changes: tuple[str, str, str]) -> Machine:
    """The small bundle with some texts replaced in its files, without its suites."""
    shutil.copytree(SMALL, folder, dirs_exist_ok=True)
    for file, old, new in changes:
        text = (folder / file).read_text("utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new), "utf-8")
    checked = load(folder, with_suites=False)
    assert checked.bundle is not None, checked.diagnostics
    return compile_bundle(checked.bundle, {})


TWO_TIMES = (
    ("types.yaml", "  facts:\n", "  facts:\n    opened_at: {type: timestamp, from: [clock, caller]}\n"),
    ("gate.yaml", "{now: timestamp, price", "{opened_at: timestamp, now: timestamp, price"),
)
OF_THE_STORE = (("types.yaml", "price: {type: Price, from: caller}", "price: {type: Price, from: store}"),)
OF_THE_CLOCK = (("types.yaml", "price: {type: Price, from: caller}", "price: {type: Price, from: clock}"),)
LATER = "2029-01-01T00:00:00Z"
INPUTS: tuple[dict[str, object], ...] = ({}, {"price": 1.0}, {"price": 0}, {"now": LATER, "price": 1.0})


def test_every_time_of_the_clock_is_supplied(tmp_path: Path) -> None:
    machine = small(tmp_path, *TWO_TIMES)
    found = ready(machine.policies["gate"], machine.bundle.types.facts, b"[]")
    assert json.loads(found.with_facts(b'{"price":1.0}', NOW)) == {
        "now": NOW.isoformat(),
        "opened_at": NOW.isoformat(),
        "price": 1.0,
    }
    forged = found.with_facts(b'{"price":1.0,"opened_at":"2029-01-01T00:00:00Z"}', NOW)
    with pytest.raises(InputsRefused, match="opened_at"):
        found.policy.read(forged)


@pytest.mark.parametrize("changes", [OF_THE_STORE, OF_THE_CLOCK])
@pytest.mark.parametrize("inputs", INPUTS)
def test_no_inputs_will_do_where_the_service_lacks_a_fact(
    tmp_path: Path, changes: tuple[tuple[str, str, str], ...], inputs: dict[str, object]
) -> None:
    machine = small(tmp_path, *changes)
    found = ready(machine.policies["gate"], machine.bundle.types.facts, b"[]")
    assert "price" in found.supplied
    with pytest.raises(InputsRefused):
        found.policy.read(found.with_facts(json.dumps(inputs).encode(), NOW))


@pytest.mark.parametrize(("changes", "source"), [(OF_THE_STORE, "store"), (OF_THE_CLOCK, "clock")])
def test_a_bundle_that_needs_other_facts_is_refused_where_a_store_holds_one(
    tmp_path: Path, changes: tuple[tuple[str, str, str], ...], source: str
) -> None:
    content = small(tmp_path, *changes).bundle.content
    with pytest.raises(NotCompiled, match=f"a service cannot say `price` of the {source}"):
        asyncio.run(compiled(content))


def test_one_that_needs_the_time_and_the_universe_is_not(tmp_path: Path) -> None:
    assert asyncio.run(compiled(small(tmp_path, *TWO_TIMES).bundle.content))
