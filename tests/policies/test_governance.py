"""The policies of governance agree with plain Python that was written from the source, in both readers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from typing import Any

import pytest

from engine.columnar.reader import Reader
from engine.decision import Decision
from tests.engine.shipped import STAMP, policy
from tests.oracles.agreement import compare
from tests.oracles.alert import decide_alert
from tests.oracles.latches import PRUDENT, STALE, VAR, LatchParameters, step_latch
from tests.oracles.order_inputs import alert_runs, latch_runs, phase_runs, safety_inputs, text
from tests.oracles.phase import decide_phase
from tests.oracles.safety import decide_safety

COUNT = 20_000
BATCH = 5_000
SIGNALS = {"contradiction": 0.0, "confidence": 1.0, "blended": 50.0, "volatility": 10.0, "age": "0s"}


@cache
def columns(name: str) -> Reader:
    return Reader(policy(name))


def decided(name: str, snapshots: Sequence[dict[str, Any]]) -> list[Decision]:
    """The decisions on some inputs; both readers give them."""
    found = policy(name)
    decoded = [found.decoder.decode(json.dumps(one)) for one in snapshots]
    for at in range(0, len(decoded), BATCH):
        differences = list(compare(columns(name), decoded[at : at + BATCH], Counter()))
        assert not differences, differences[0]
    return [found.decide(one, STAMP) for one in decoded]


def test_safety() -> None:
    snapshots = list(safety_inputs(COUNT, seed=2026))
    seen: Counter[str] = Counter()
    for snapshot, found in zip(snapshots, decided("safety", snapshots), strict=True):
        wanted = decide_safety(snapshot)
        said = [(one["rule"].removesuffix("-near"), one["severity"]) for one in found.outputs["findings"]]
        told = (found.outcome, found.effect, found.outputs["score"], said)
        findings = [(one["id"], one["severity"]) for one in wanted["findings"]]
        assert told == (wanted["outcome"], wanted["effect"], wanted["score"], findings), snapshot
        seen[f"{snapshot['level']} {found.rule}"] += 1
        seen.update(one["rule"] for one in found.outputs["findings"])
    assert len(seen) == 7 + 8, seen


Observed = tuple[str, float | None]
LATCHES = {
    "prudent": (PRUDENT, "contradiction"),
    "hysteresis-var": (VAR, "var"),
    "hysteresis-stale": (STALE, "age"),
}


def latch_signals(name: str, reading: float | None) -> dict[str, Any]:
    """Signals with the reading of a latch; one that must be there is as it was."""
    field = LATCHES[name][1]
    if reading is None:
        return SIGNALS
    return SIGNALS | {field: f"{reading:.6f}s" if field == "age" else reading}


def whole_microseconds(seconds: float) -> float:
    """The nearest length of time that is as far from every threshold: ages count microseconds."""
    nearest = round(seconds, 6)
    return nearest + (1e-6 if seconds > nearest else -1e-6 if seconds < nearest else 0.0)


def chained(runs: Iterable[list[Observed]]) -> Iterator[Observed]:
    """Several runs as one, each after the one before."""
    passed = timedelta()
    for run in runs:
        first = datetime.fromisoformat(run[0][0])
        for now, reading in run:
            yield text(datetime.fromisoformat(now) + passed), reading
        passed += datetime.fromisoformat(run[-1][0]) - first


def instants(state: dict[str, Any]) -> dict[str, Any]:
    """A state with its times as such: there are several texts of one."""
    return {key: datetime.fromisoformat(value) if isinstance(value, str) else value for key, value in state.items()}


def told_of(name: str, parameters: LatchParameters, sequences: list[list[Observed]]) -> Counter[str]:
    """How often each rule decided, over sequences in each of which a latch is given back its own state."""
    seen: Counter[str] = Counter()
    states: list[Any] = [None] * len(sequences)
    for step in range(max(map(len, sequences))):
        going = [at for at, sequence in enumerate(sequences) if step < len(sequence)]
        given = []
        for at in going:
            now, reading = sequences[at][step]
            state = {} if states[at] is None else {"state": states[at]}
            given.append({"now": now, "signals": latch_signals(name, reading)} | state)
        for at, inputs, found in zip(going, given, decided(name, given), strict=True):
            now, reading = sequences[at][step]
            wanted = step_latch({"now": now, "reading": reading, "state": states[at]}, parameters)
            assert (found.outcome, found.effect) == (wanted["outcome"], "info"), inputs
            assert (found.outputs["on"], found.outputs["changed"]) == (wanted["on"], wanted["changed"]), inputs
            assert instants(found.outputs["state"]) == instants(wanted["state"]), inputs
            states[at] = found.outputs["state"]
            seen[str(found.rule)] += 1
    return seen


@pytest.mark.parametrize("name", LATCHES)
def test_latches(name: str) -> None:
    parameters, field = LATCHES[name]
    runs = list(latch_runs(2_000, 2026, parameters.on, parameters.off))
    if field != "var":
        runs = [[(now, reading) for now, reading in run if reading is not None] for run in runs]
    if field == "age":
        runs = [[(now, whole_microseconds(reading or 0.0)) for now, reading in run] for run in runs]
    sequences = [*runs[:1_000], *(list(chained(runs[at : at + 50])) for at in range(1_000, 2_000, 50))]
    seen = told_of(name, parameters, [sequence for sequence in sequences if sequence])
    assert sum(seen.values()) >= COUNT
    rules = {"switched-on", "switched-off", "on", "otherwise"}
    assert seen.keys() == (rules | {"no-reading"} if field == "var" else rules)
    assert min(seen.values()) >= 100, seen


def test_phases() -> None:
    runs = list(phase_runs(2_800, 2026))
    sequences = [*runs[:2_000], *(list(chain.from_iterable(runs[at : at + 100])) for at in range(2_000, 2_800, 100))]
    states: list[tuple[Any, Any]] = [(None, None)] * len(sequences)
    seen: Counter[str] = Counter()
    for step in range(max(map(len, sequences))):
        going = [at for at, sequence in enumerate(sequences) if step < len(sequence)]
        given = [{"signals": sequences[at][step]} | ({"state": states[at][0]} if states[at][0] else {}) for at in going]
        for at, inputs, found in zip(going, given, decided("phases", given), strict=True):
            wanted = decide_phase({"signals": inputs["signals"], "state": states[at][1]})
            assert found.outputs == {key: wanted[key] for key in found.outputs}, inputs
            seen[f"{wanted['raw']} under {wanted['phase']}"] += 1
            states[at] = found.outputs["state"], wanted["state"]
    assert len(seen) == 16, seen
    assert sum(seen.values()) >= COUNT


def test_alerts() -> None:
    runs = list(alert_runs(3_000, 2026))
    states: list[tuple[Any, Any]] = [(None, None)] * len(runs)
    seen: Counter[str] = Counter()
    for step in range(max(map(len, runs))):
        going = [at for at, run in enumerate(runs) if step < len(run)]
        facts = [{key: runs[at][step][key] for key in ("now", "signals")} for at in going]
        given = [
            one | ({"state": states[at][0]} if states[at][0] else {}) for at, one in zip(going, facts, strict=True)
        ]
        for at, inputs, found in zip(going, given, decided("alert", given), strict=True):
            wanted = decide_alert(inputs | {"state": states[at][1]})
            assert found.outcome == ("CUT" if wanted["outcome"] == "ALERT" else "NO_CUT"), inputs
            mine, theirs = found.outputs.get("state"), wanted["state"]
            assert found.outputs["cut"] == wanted["cut"], inputs
            assert (mine and instants(mine)) == (theirs and instants(theirs)), inputs
            states[at] = mine, theirs
            seen[f"{found.outcome} {'raised' if mine and mine['raised_at'] == inputs['now'] else 'left'}"] += 1
    assert seen.keys() == {"CUT raised", "CUT left", "NO_CUT left"}
    assert sum(seen.values()) >= COUNT
