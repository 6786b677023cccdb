"""zen-engine: a decision graph with a first-hit table, kept by its static loader.

Its expressions can sum lists, and the whole policy in the graph takes about twice as long: the facts come from Python.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from benchmarks.peers.facts import facts
from benchmarks.peers.peer import VERDICTS, Verdict

REFUSED = "held > 0 and (other_side or confidence <= held_confidence + 0.05 or adds >= 2 or symbol_exposure >= 1000)"
RULES = (
    ("confidence", "confidence < 0.7"),
    ("global-cooldown", "since_last < 60000000"),
    ("symbol-cooldown", "since_last_of_symbol < 300000000"),
    ("positions-total", "positions >= 10"),
    ("exposure-total", "total_exposure >= 5000"),
    ("scale-in-refused", REFUSED),
    ("exposure-symbol", "symbol_exposure >= 1000"),
    ("positions-symbol", "held >= 3"),
    ("regime", "in_regime >= 5"),
    ("scale-in", "held > 0"),
    ("otherwise", ""),
)


def _graph() -> dict[str, Any]:
    """Inputs, the table, the output."""
    table = {
        "hitPolicy": "first",
        "inputs": [{"id": "when", "name": "when"}],
        "outputs": [{"id": "rule", "name": "rule", "field": "rule"}],
        "rules": [{"_id": rule, "when": condition, "rule": f'"{rule}"'} for rule, condition in RULES],
    }
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode"},
        {"id": "table", "name": "table", "type": "decisionTableNode", "content": table},
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": "1", "type": "edge", "sourceId": "in", "targetId": "table"},
        {"id": "2", "type": "edge", "sourceId": "table", "targetId": "out"},
    ]
    return {"nodes": nodes, "edges": edges}


class Zen:
    """zen-engine."""

    name: ClassVar[str] = "zen-engine"
    language: ClassVar[str] = "JDM graph"
    facts: ClassVar[str] = "Python"
    inexact: ClassVar[str | None] = (
        "its numbers are decimals of 28 digits: a double beside a threshold is rounded to it"
    )
    per_result: ClassVar[int] = 100

    def prepare(self) -> None:
        """Compile the graph: the static loader does so once, a decision made of the graph anew each time."""
        import zen

        loader = {"type": "static", "content": {"entry": _graph()}}
        self._evaluate = zen.ZenEngine({"loader": loader}).evaluate
        self._write = msgspec.json.encode

    def decide(self, snapshot: bytes) -> Verdict:
        """JSON in, which it reads faster than a dict."""
        return VERDICTS[self._evaluate("entry", self._write(facts(snapshot)))["result"]["rule"]]
