"""Random rules that collect findings of the record `Note`, for generated policies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.oracles.expressions import Writer
from tests.oracles.names import Names

Document = dict[str, Any]
QUOTED = ("double", "int", "bool", "timestamp", "duration")
"""Types whose values are never long in a message."""


@dataclass(frozen=True)
class FindingsWriter:
    """Writes what a policy under hit policy `collect` says, with a policy's own messages and paths."""

    rng: Random
    writer: Writer
    message: Callable[[tuple[str, ...]], str]
    path: Callable[[str], str]

    def collect(self, spec: Document) -> Document:
        """Rules that collect; gives what concludes over their findings."""
        spec |= {"hitPolicy": "collect", "finding": "Note"}
        spec["rules"] = [self._finding(f"f{index}") for index in range(self.rng.randint(1, 4))]
        if self.rng.random() < 0.6:
            spec["onRuleError"] = self._note()
        notes(self.writer.names, "findings")
        spec["conclude"] = concluding = {"variables": {"total": "findings.map(f, f.amount).sum()"}}
        self.writer.names.reads += [("total", "double")] * 3
        return concluding

    def _finding(self, ident: str) -> Document:
        tests = [test for test in self.writer.tests() if self.rng.random() < 0.1][:1]
        when = " && ".join([*tests, self.writer.write("bool", 3)])
        with self.writer.knowing(*tests):
            return {"id": ident, "when": when, "reason": self.message(QUOTED), "finding": self._note()}

    def _note(self) -> Document:
        note: Document = {"amount": self.writer.write("double", 2), "side": self.rng.choice(("LONG", "SHORT"))}
        if self.rng.random() < 0.4:
            note["score"] = self.path("double") or self.writer.write("double", 1)
        return note


def notes(names: Names, source: str) -> None:
    """Add what can be read of a list of notes."""
    scores = f"{source}.filter(f, has(f.score)).map(f, f.score)"
    names.reads += [(f"{source}.map(f, f.amount)", "list:double"), (scores, "list:double")]
    names.reads += [(f"{source}.map(f, f.{name})", "list:string") for name in ("rule", "reason")]
    names.reads += [(f"size({source})", "int"), (f"{source}.exists(f, f.side == 'LONG')", "bool")]


def spec_concluding(document: Document) -> Document:
    """Where a document's rules and `otherwise` stand."""
    spec: Document = document["spec"]
    found: Document = spec.get("conclude", spec)
    return found
