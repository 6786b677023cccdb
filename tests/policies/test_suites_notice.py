"""A suite notices a change of its policy: each comparison turned, each number moved, each `and` made an `or`.

Entry and allocation have tests of their own for this, which also change the order of rules.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.policy import compile_bundle
from engine.suites import run_suite
from rules.bundle import MANIFEST, load
from rules.diagnostics import Refused
from rules.plan import Plan
from tests.engine.shipped import ROOT, bundle
from tests.policies.pending import PARTIAL, PENDING

POLICIES = ROOT / "policies"
NAMES = [name for name in bundle().plans if name not in {"entry", "allocation", *PENDING, *PARTIAL}]

OTHER = {">=": ">", ">": ">=", "<=": "<", "<": "<=", "==": "!=", "!=": "==", "&&": "||", "||": "&&"}
SIGN = re.compile(r"(?<= )(>=|<=|==|!=|<|>|&&|\|\|)(?= )")
NUMBER = re.compile(r"(?<![\w.\[\"-])\d+(?:\.\d+)?(?![\w.\"])")
SWITCH = re.compile(r"(?<=default: )(true|false)")
BOUND = re.compile(r"(?:min|max|minimum|maximum|maxEntries): $")
WORDS = re.compile(r"reason:|description:|event:|line:| # |=> ")
"""Where what decides ends on a line."""

ALIKE = {
    ("risk-manager", "{id: drawdown, that: params.caution_drawdown < params.brake_drawdown}"),
    ("risk-manager", "{id: streak, that: params.caution_streak < params.brake_streak}"),
    ("slots", "universe.symbols.tail(64)"),
    ("smoothing", "inputs.target <= old"),
}
"""What may be changed to the same effect, or (what parameters must satisfy) cannot be shown by a case."""


@dataclass(frozen=True)
class Change:
    """A part of a policy's text, and what is put in its place."""

    start: int
    end: int
    text: str
    line: str


def changes(text: str) -> Iterator[Change]:
    """What is changed in a policy, one change at a time."""
    at = 0
    for line in text.splitlines(keepends=True):
        if at > text.index("\nspec:") and not line.lstrip().startswith(("#", "onError", "| id ", "| on ")):
            words = WORDS.search(line)
            part = line[: words.start()] if words else line
            for found in SIGN.finditer(part):
                yield Change(at + found.start(), at + found.end(), OTHER[found[0]], line.strip())
            for found in NUMBER.finditer(part):
                if not BOUND.search(part[: found.start()]):
                    yield Change(at + found.start(), at + found.end(), moved(found[0]), line.strip())
            for found in SWITCH.finditer(part):
                yield Change(at + found.start(), at + found.end(), str(found[0] == "false").lower(), line.strip())
        at += len(line)


def moved(number: str) -> str:
    """The number next to another, as far as a desk would notice."""
    if "." not in number:
        return str(int(number) + 1)
    return repr(round(float(number) + (0.01 if float(number) < 1 else 1.0), 4))


def files(plan: Plan) -> list[str]:
    """What a policy needs to be checked and tested by itself."""
    libraries = [str(path.relative_to(POLICIES)) for path in sorted(POLICIES.glob("lib/*.yaml"))]
    return ["types.yaml", *libraries, *(f"{name}.yaml" for name in asked(plan)), f"suites/{plan.name}.yaml"]


def asked(plan: Plan) -> list[str]:
    """A policy, those it asks, and those that they ask."""
    found = [plan.name]
    for name in found:
        found += [call.policy for call in bundle().plans[name].calls if call.policy not in found]
    return found


def copied(folder: Path, plan: Plan) -> Path:
    """A policy and what it needs as a bundle of its own."""
    for file in (MANIFEST, *files(plan)):
        (folder / file).parent.mkdir(exist_ok=True)
        shutil.copy(POLICIES / file, folder / file)
    manifest = (folder / MANIFEST).read_text("utf-8")
    written, count = re.subn(r"(?m)^  includes: .*$", f"  includes: {json.dumps(files(plan))}", manifest)
    assert count == 1
    (folder / MANIFEST).write_text(written, "utf-8")
    return folder


def passes(folder: Path) -> bool:
    """Whether the bundle is one, and its suites pass; what is refused was noticed before any suite."""
    checked = load(folder)
    if checked.bundle is None:
        return False
    try:
        machine = compile_bundle(checked.bundle)
    except Refused:
        return False
    return all(run_suite(suite, machine).failed == 0 for suite in checked.bundle.suites)


@pytest.mark.parametrize("name", NAMES)
def test_every_change_is_noticed(name: str, tmp_path: Path) -> None:
    plan = bundle().plans[name]
    folder = copied(tmp_path, plan)
    assert passes(folder), "as it is"
    file = folder / f"{name}.yaml"
    text = file.read_text("utf-8")
    unnoticed = []
    for change in changes(text):
        if not any(policy == name and part in change.line for policy, part in ALIKE):
            file.write_text(text[: change.start] + change.text + text[change.end :], "utf-8")
            if passes(folder):
                unnoticed.append((text[change.start : change.end], change.text, change.line))
    assert unnoticed == []


def test_what_is_alike_is_still_there() -> None:
    texts = {name: (POLICIES / f"{name}.yaml").read_text("utf-8") for name in NAMES}
    assert [one for one in ALIKE if one[1] not in texts[one[0]]] == []
