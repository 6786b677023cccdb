"""A case of a suite that tells a mutant from its original: what the original decides on inputs, as YAML to paste."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.decision import Decision
from engine.policy import Machine
from engine.suites import run_cases
from rules.bundle import Bundle
from rules.documents.kinds import SuiteDocument
from rules.documents.suites import Expectation
from rules.mutation.mutant import Mutant
from rules.source import Source
from rules.suites import Suite, TestCase, given_by


@dataclass(frozen=True, slots=True)
class Telling:
    """A case that passes as the policies are and fails with the mutant, and the suite to which it belongs."""

    suite: str
    policy: str
    name: str
    """An id that says what is shown; another case of the suite may have it."""
    body: str
    """What the case says under its id: YAML, indented as the cases of a suite are."""

    @property
    def case(self) -> str:
        """The case under its own name."""
        return self.under(self.name)

    def under(self, name: str) -> str:
        """The case under an id, as it is pasted."""
        return f"    - id: {name}\n{self.body}"


def telling(
    mutant: Mutant,
    policy: str,
    inputs: Mapping[str, Any],
    decisions: tuple[Decision, Decision],
    old: Machine,
    new: Machine,
) -> Telling | None:
    """The case of inputs on which both decide otherwise; None where no case tells them apart within the tolerance."""
    suite = next((one for one in old.bundle.suites if one.policy == policy), None)
    tolerance = suite.tolerance if suite is not None else 0.0
    expect = _expected(*decisions)
    name = _named(mutant, decisions[0])
    nowhere = Source("", "").span(0, 0)
    case = TestCase(name, (), inputs, {}, Expectation.model_validate(expect), nowhere)
    alone = Suite("told", policy, tolerance, (case,), nowhere)
    if not all(one.passed for one in run_cases(alone, old)) or all(one.passed for one in run_cases(alone, new)):
        return None
    given = _given(old.bundle, suite)
    body = "\n".join(_lines(inputs, given, expect))
    return Telling(suite.name if suite is not None else f"{policy}-suite", policy, name, body)


def _expected(old: Decision, new: Decision) -> dict[str, Any]:
    """What a case says of the decision as it was: the outcome, the rule, and what is otherwise now."""
    found: dict[str, Any] = {"outcome": old.outcome}
    if old.effect != new.effect:
        found["effect"] = old.effect
    if old.rule is not None:
        found["rule"] = old.rule
    names = dict.fromkeys((*old.outputs, *new.outputs))
    outputs = {name: old.outputs.get(name) for name in names if old.outputs.get(name) != new.outputs.get(name)}
    if outputs and old.error is None:
        found["outputs"] = outputs
    if old.error is not None and new.error is None:
        found["error"] = old.error.message
    return found


def _named(mutant: Mutant, decision: Decision) -> str:
    """An id that says what is shown, and of which line of the document."""
    rule = re.sub(r"[^a-z0-9]+", "-", (decision.rule or decision.outcome).lower()).strip("-")
    return f"{rule}-{mutant.kind}-{mutant.line}"


def _given(bundle: Bundle, suite: Suite | None) -> Mapping[str, object]:
    """What the cases of a suite begin with, where they say nothing else."""
    for document in bundle.documents:
        if suite is not None and isinstance(document.model, SuiteDocument) and document.name == suite.name:
            return given_by(document.model.spec)
    return {}


def _lines(inputs: Mapping[str, Any], given: Mapping[str, object], expect: dict[str, Any]) -> Iterator[str]:
    moved, dropped = dict(_moved(inputs, given)), list(_dropped(inputs, given))
    if moved:
        yield "      set:"
        yield from (f"        {key}: {_flow(value)}" for key, value in moved.items())
    if dropped:
        yield f"      drop: {_flow(dropped)}"
    yield f"      expect: {_flow(expect)}"


def _moved(inputs: Mapping[str, Any], given: Mapping[str, object], path: str = "") -> Iterator[tuple[str, Any]]:
    """What stands otherwise than in a fixture, each by its path."""
    for key, value in inputs.items():
        before = given.get(key, _ABSENT)
        if isinstance(value, Mapping) and isinstance(before, Mapping) and _are_steps((*value, *before)):
            yield from _moved(value, before, f"{path}{key}.")
        elif _are_alike(value, before):
            yield from _moved(_numbered(value), _numbered(before), f"{path}{key}.")
        elif before is _ABSENT or value != before:
            yield path + key, value


def _dropped(inputs: Mapping[str, Any], given: Mapping[str, object], path: str = "") -> Iterator[str]:
    """What a fixture has besides, each by its path."""
    for key, before in given.items():
        value = inputs.get(key, _ABSENT)
        if value is _ABSENT:
            yield path + key
        elif isinstance(value, Mapping) and isinstance(before, Mapping) and _are_steps((*value, *before)):
            yield from _dropped(value, before, f"{path}{key}.")


def _are_alike(value: object, before: object) -> bool:
    """Whether both are lists of as many records that say the same facts, so that a path can lead to one of them."""
    if not isinstance(value, list) or not isinstance(before, list) or len(value) != len(before):
        return False
    both = zip(value, before, strict=True)
    return all(isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys() for a, b in both)


def _numbered(records: Any) -> dict[str, Any]:
    return {str(at): one for at, one in enumerate(records)}


def _are_steps(keys: Iterable[object]) -> bool:
    """Whether keys can stand in a path."""
    return all(isinstance(key, str) and _STEP.fullmatch(key) for key in keys)


_ABSENT = object()


def _flow(value: object) -> str:
    """A value on one line of YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(str(key))}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_STEP = re.compile(r"[A-Za-z0-9_]+")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
