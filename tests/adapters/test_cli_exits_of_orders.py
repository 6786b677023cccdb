"""What `decide` does with an order that only reduces what is held: it passes with 0, whatever else is wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.running import POLICIES, ROOT, run

Snapshot = dict[str, Any]
CLOSE: Snapshot = json.loads((ROOT / "examples" / "close.json").read_bytes())
OPEN: Snapshot = json.loads((ROOT / "examples" / "open-position.json").read_bytes())


def whole(_: Path) -> None:
    """A bundle without faults."""


def misspell(folder: Path) -> None:
    """A policy with an error."""
    path = folder / "entry.yaml"
    path.write_text(path.read_text("utf-8").replace("intent.confidence <", "intent.confidense <"), "utf-8")


def remove(folder: Path) -> None:
    """No bundle at all."""
    shutil.rmtree(folder)


def without(snapshot: Snapshot, *names: str) -> Snapshot:
    """A snapshot that does not say some of its facts."""
    return {name: value for name, value in snapshot.items() if name not in names}


def close_with(**said: Any) -> Snapshot:
    """The closing order with other facts."""
    return {**CLOSE, **said}


UNTOLD = close_with(portfolio={"positions": [*CLOSE["portfolio"]["positions"], {"id": "p2", "symbol": "BTCUSDT"}]})


@dataclass(frozen=True)
class Case:
    """Inputs, what is done to the bundle and the environment, and what comes of it."""

    name: str
    inputs: Snapshot
    change: Callable[[Path], None]
    env: dict[str, str]
    outcome: str
    told: str

    @property
    def passes(self) -> bool:
        """Whether it is an exit."""
        return self.outcome == "EXIT"


LOOSENED = {"POLICY_MIN_CONFIDENCE": "0.1"}
CASES = [
    Case("an exit", CLOSE, whole, {}, "EXIT", ""),
    Case("with a fault", close_with(freeze=7), whole, {}, "EXIT", "/freeze: found `7`"),
    Case("without facts", without(CLOSE, "health", "risk"), whole, {}, "EXIT", "/health: `health` is absent"),
    Case("with an unknown fact", close_with(mood="calm"), whole, {}, "EXIT", "/mood"),
    Case("with a fault in a position", UNTOLD, whole, {}, "GATE_ERROR", ""),
    Case("with a fault in the signal", close_with(signal={"symbol": "ETHUSDT"}), whole, {}, "GATE_ERROR", ""),
    Case("bundle with an error", CLOSE, misspell, {}, "EXIT", "`confidense`"),
    Case("loosened", CLOSE, whole, LOOSENED, "EXIT", "loosens it"),
    Case("no bundle", CLOSE, remove, {}, "EXIT", "there is no folder"),
    Case("an entry, bundle with an error", OPEN, misspell, {}, "BLOCKED_NO_POLICY", "`confidense`"),
    Case("an entry, loosened", OPEN, whole, LOOSENED, "BLOCKED_NO_POLICY", "loosens it"),
    Case("an entry, no bundle", OPEN, remove, {}, "BLOCKED_NO_POLICY", "there is no folder"),
    Case("faulty, bundle with an error", UNTOLD, misspell, {}, "BLOCKED_NO_POLICY", "2 errors"),
]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """The shipped policies, to be changed at will."""
    return Path(shutil.copytree(POLICIES, tmp_path / "policies", ignore=shutil.ignore_patterns("history")))


@pytest.mark.parametrize("options", [("--exit-code",), ("--json",)], ids=" ".join)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_exit_passes(case: Case, options: tuple[str, ...], desk: Path) -> None:
    case.change(desk)
    sent = json.dumps(case.inputs)
    done = run("decide", "open-position", "--policies", desk, *options, stdin=sent, env=case.env)
    assert done.exit_code == (0 if case.passes else 2), done.output
    assert case.told in done.stderr
    effect = "allow" if case.passes else "block"
    if "--json" not in options:
        assert done.stdout.startswith(f"{case.outcome} ({effect})\n")
        return
    found = json.loads(done.stdout)
    assert (found["outcome"], found["effect"]) == (case.outcome, effect)
    if case.passes:
        assert (found["rule"], found["outputs"]["reduce_only"]) == ("exit", True)
    if case.outcome == "BLOCKED_NO_POLICY":
        assert (found["policy"], found["error"]["code"]) == ("fixed-rule-of-exits", "no-policy")


# what is done to the bundle, the inputs of each line, exit code, effects, what standard error says
LINES: list[tuple[Callable[[Path], None], list[Snapshot], int, list[str], str]] = [
    (whole, [close_with(freeze=7), {}], 0, ["allow", "block"], "1 allow, 1 block (1 faulty line)"),
    (whole, [close_with(freeze=7)], 0, ["allow"], "line 1: an exit, which passes although /freeze: found `7`"),
    (remove, [CLOSE, OPEN], 2, ["allow", "block"], "2 decisions: 1 allow, 1 block\n"),
    (remove, [CLOSE, CLOSE], 0, ["allow", "allow"], "2 decisions: 2 allow\n"),
]


@pytest.mark.parametrize(("change", "lines", "code", "effects", "told"), LINES)
def test_an_exit_among_lines_is_not_faulty(
    change: Callable[[Path], None], lines: list[Snapshot], code: int, effects: list[str], told: str, desk: Path
) -> None:
    change(desk)
    asked = desk.parent / "x.jsonl"
    asked.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    done = run("decide", "open-position", "--policies", desk, "--inputs", asked)
    assert [json.loads(line)["effect"] for line in done.stdout.splitlines()] == effects
    assert (done.exit_code, told in done.stderr) == (code, True), done.stderr
