"""Whether an answer of `bascule eval` is what an official test wants.

What counts as passing:
- a value: the type and the value are exactly those wanted (`exchange.agrees`); a test that names none wants true;
- a type (`typedResult`): the type found when checking is the one wanted, and so is the value where one is given;
- an error: evaluation ends in an error, whichever (the specification leaves its words open); or the checker refuses the
  expression for the cause that the wanted message names (`CAUSES`). A refusal for any other cause, such as `dyn`,
  `uint` or a list of two types, is no pass, although something was refused.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tests.conformance.exchange import Foreign, agrees, question, shown
from tests.conformance.official import ROOT, Case

CAUSES: Mapping[str, tuple[str, ...]] = {
    r"no.?such.?overload|no.?matching.?overload|found no matching overload": ("cel-type",),
    r"undeclared reference|unknown variable": ("cel-name",),
    r"unbound function": ("cel-function",),
    r"no.?such.?field|does not support field selection": ("cel-field",),
    r"^range": ("cel-literal", "cel-number"),
}
"""Words of an official error, and the codes of our diagnostics that name the same cause."""

UNASKED = frozenset(("line", "types", "inputs", "internal"))
"""Codes of answers that are about the question: they are never what a test wants."""


def ask(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """The answers of the command line, in order; a test that cannot be put to it has the answer `foreign`."""
    lines: dict[int, str] = {}
    answers: list[dict[str, Any]] = [{} for _ in cases]
    for at, case in enumerate(cases):
        try:
            lines[at] = json.dumps(question(case.said))
        except Foreign as foreign:
            answers[at] = {"code": "foreign", "error": str(foreign)}
    command = [sys.executable, "-m", "adapters.cli", "eval", "--jsonl"]
    asked = "\n".join(lines.values()) + "\n"
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True, cwd=ROOT)
    for at, answer in zip(lines, done.stdout.splitlines(), strict=True):
        answers[at] = json.loads(answer)
    return answers


def fault(case: Case, answer: Mapping[str, Any]) -> str:
    """What is wrong with an answer; empty when the test passes."""
    said = case.said
    told = answer.get("error") or f"{json.dumps(answer.get('value'))} of type {answer.get('type')}"
    try:
        if "evalError" in said:
            passes = _fails_as_wanted(said["evalError"], answer)
        elif "typedResult" in said:
            passes = _typed(said["typedResult"], answer, only=said.get("checkOnly", False))
        else:
            passes = "value" in answer and agrees(
                answer["type"], answer["value"], said.get("value", {"boolValue": True})
            )
    except Foreign as foreign:
        return f"it wants {foreign}, and was told: {told}"
    return "" if passes else told


def _fails_as_wanted(wanted: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    code = answer.get("code", "")
    if not code or code in UNASKED or code == "foreign":
        return False
    if "type" in answer:
        return True
    words = " ".join(error.get("message", "") for error in wanted.get("errors", ()))
    return any(code in codes for pattern, codes in CAUSES.items() if re.search(pattern, words))


def _typed(wanted: Mapping[str, Any], answer: Mapping[str, Any], *, only: bool) -> bool:
    if answer.get("type") != shown(wanted["deducedType"]):
        return False
    if only or "result" not in wanted:
        return True
    return "value" in answer and agrees(answer["type"], answer["value"], wanted["result"])
