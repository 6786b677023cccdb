"""A suite notices a change of its policy: each comparison turned, each number moved, each `and` made an `or`.

Of a pipeline also: neighbours in the order of priority changed, an argument of a step left out, log lines of a step
left out, a log line written always. Entry and allocation have tests of their own for this, which also change the order
of rules.

Only the changed policy is read and compiled anew, among the others as they are.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeVar

import pytest

from engine.decision import RuleTrace
from engine.decoding import Decoder, Interface
from engine.policy import Machine
from engine.requirements import unmet_requirements
from engine.scalar.program import compile_plan
from engine.suites import run_cases
from engine.tracing import Tracer
from rules.diagnostics import Diagnostics
from rules.documents.shape import shaped
from rules.kinds import LOWER
from rules.kinds.lowering import Lowering, Surroundings
from rules.plan import Plan
from rules.yaml_nodes import plain
from rules.yaml_reader import read_yaml
from tests.engine.shipped import ROOT, bundle, machine
from tests.policies.pending import PENDING
from tests.policies.test_suites_complete import CANNOT_BE

POLICIES = ROOT / "policies"
NAMES = [name for name in bundle().plans if name not in {"entry", "allocation", *PENDING}]
PIPELINES = [name for name in NAMES if bundle().plans[name].stages]

OTHER = {">=": ">", ">": ">=", "<=": "<", "<": "<=", "==": "!=", "!=": "==", "&&": "||", "||": "&&"}
SIGN = re.compile(r"(?<= )(>=|<=|==|!=|<|>|&&|\|\|)(?= )")
NUMBER = re.compile(r"(?<![\w.\[\"-])\d+(?:\.\d+)?(?![\w.\"])")
SWITCH = re.compile(r"(?<=default: )(true|false)")
BOUND = re.compile(r"(?:min|max|minimum|maximum|maxItems|maxEntries): $")
WORDS = re.compile(r"reason:|description:|event:|line:| # |=> ")
"""Where what decides ends on a line."""

ALIKE = {
    ("risk-manager", "{id: drawdown, that: params.caution_drawdown < params.brake_drawdown}"),
    ("risk-manager", "{id: streak, that: params.caution_streak < params.brake_streak}"),
    ("smoothing", "inputs.target <= old"),
    ("smoothing", "math.least(50.0,"),
    ("prudent", "{id: band, that: params.off_at < params.on_at}"),
    ("hysteresis-var", "{id: band, that: params.off_below < params.on_above}"),
    ("hysteresis-stale", "{id: band, that: params.off_below < params.on_above}"),
    ("safety", "onRuleError: {severity: exception, penalty: 20}"),
    ("safety", "{id: check-failed, when: exceptions > 0,"),
}
"""What may be changed to the same effect, or cannot be shown by a case: what parameters must satisfy, and what is made
of a check that fails, since none can."""


T = TypeVar("T")
MOST = int(os.environ.get("BASCULE_CHANGES", "10"))
"""Changes of one policy that are tried, spread over its text; 0: all of them, as `make changes` does."""


@dataclass(frozen=True)
class Change:
    """A part of a policy's text, and what is put in its place."""

    start: int
    end: int
    text: str
    line: str


class Silent(Tracer):
    """Explains nothing: why a case fails is of no interest here, and dear to find out."""

    def trace(self, inputs: tuple[Any, ...]) -> list[RuleTrace]:
        return []


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


def some(every: Iterable[T]) -> list[T]:
    """As many as are tried, spread over all there are."""
    listed = list(every)
    return listed[:: max(1, -(-len(listed) // MOST))] if MOST else listed


def moved(number: str) -> str:
    """The number next to another, as far as a desk would notice."""
    if "." not in number:
        return str(int(number) + 1)
    return repr(round(float(number) + (0.01 if float(number) < 1 else 1.0), 4))


def rearranged(text: str) -> Iterator[tuple[str, str]]:
    """A pipeline with one part of it in another place or left out, and which; nothing of another kind."""
    document: Any = parsed(text)
    if document["kind"] != "Pipeline":
        return
    spec = document["spec"]
    order = spec.get("priority", [step["id"] for step in spec["steps"]])
    for at, (first, second) in enumerate(pairwise(order)):
        if not CANNOT_BE.get(document["metadata"]["name"], set()) & {first, second}:
            changed = copy.deepcopy(document)
            changed["spec"]["priority"] = [*order[:at], second, first, *order[at + 2 :]]
            yield f"{second} before {first}", json.dumps(changed)
    for at, step in enumerate(spec["steps"]):
        for name in step.get("with", {}):
            changed = copy.deepcopy(document)
            del changed["spec"]["steps"][at]["with"][name]
            yield f"{step['id']} without {name}", json.dumps(changed)
    for at, lines in enumerate(spec.get("log", [])):
        for name in lines.get("inherit", []):
            changed = copy.deepcopy(document)
            changed["spec"]["log"][at]["inherit"].remove(name)
            yield f"no lines of {name}", json.dumps(changed)
        if "when" in lines:
            changed = copy.deepcopy(document)
            del changed["spec"]["log"][at]["when"]
            yield f"{lines['event']} always: {lines['line']}", json.dumps(changed)


def parsed(text: str) -> object:
    """A document as plain data."""
    root = read_yaml("a policy", text.encode()).root
    assert root is not None
    return plain(root)


def passes(name: str, text: str) -> bool:
    """Whether a policy's suites pass with this text in its place; one that is refused was noticed before any suite."""
    found = compiled(name, text)
    own = (suite for suite in bundle().suites if suite.policy == name)
    return found is not None and all(result.passed for suite in own for result in run_cases(suite, found))


def compiled(name: str, text: str) -> Machine | None:
    """The shipped policies with this text in the place of one of them; None when it is refused."""
    diagnostics = Diagnostics()
    plan = lowered(text, diagnostics)
    if plan is None or diagnostics.errors:
        return None
    policies = machine().policies
    was, programs = policies[name], {key: one.program for key, one in policies.items()}
    program = compile_plan(plan, was.program.attributes, programs, machine().overrides.of(plan))
    if unmet_requirements(program):
        return None
    decoder = Decoder(Interface(plan.inputs, was.decoder.interface.ignored), was.decoder.structs)
    changed = replace(was, program=program, decoder=decoder, tracer=Silent(program))
    return replace(machine(), policies={**policies, name: changed})


def lowered(text: str, diagnostics: Diagnostics) -> Plan | None:
    """The plan of a text among the shipped policies."""
    read = read_yaml("a policy", text.encode())
    diagnostics.extend(read.diagnostics)
    document = None if read.root is None else shaped(read.source, read.root, diagnostics)
    if document is None:
        return None
    among = bundle()
    around = Surroundings(among.types, among.libraries, among.plans, frozenset(), frozenset(among.plans))
    return LOWER[document.kind](Lowering(document, around, diagnostics))


@pytest.mark.parametrize("name", NAMES)
def test_every_change_is_noticed(name: str) -> None:
    text = (POLICIES / f"{name}.yaml").read_text("utf-8")
    assert passes(name, text), "as it is"
    unnoticed: list[object] = []
    for change in some(changes(text)):
        alike = any(policy == name and part in change.line for policy, part in ALIKE)
        if not alike and passes(name, text[: change.start] + change.text + text[change.end :]):
            unnoticed.append((text[change.start : change.end], change.text, change.line))
    assert unnoticed == []


@pytest.mark.parametrize("name", PIPELINES)
def test_every_rearrangement_is_noticed(name: str) -> None:
    text = (POLICIES / f"{name}.yaml").read_text("utf-8")
    assert passes(name, json.dumps(parsed(text))), "as it is"
    assert [what for what, changed in some(rearranged(text)) if passes(name, changed)] == []


def test_what_is_alike_is_still_there() -> None:
    texts = {name: (POLICIES / f"{name}.yaml").read_text("utf-8") for name in NAMES}
    assert [one for one in ALIKE if one[1] not in texts[one[0]]] == []
