"""cedarpy: Cedar in Rust. Each blocking rule forbids; all that apply come back, and the first in our order decides.

Cedar has neither sums nor doubles: the facts come from Python, and numbers that are not whole go in as decimals of
four places.
"""

from __future__ import annotations

from typing import Any, ClassVar

from benchmarks.peers.facts import facts
from benchmarks.peers.peer import VERDICTS, Verdict

FULL = 'context.symbol_exposure.greaterThanOrEqual(decimal("1000.0"))'
FORBIDS = {
    "confidence": 'context.confidence.lessThan(decimal("0.7"))',
    "global-cooldown": "context.since_last < 60000000",
    "symbol-cooldown": "context.since_last_of_symbol < 300000000",
    "positions-total": "context.positions >= 10",
    "exposure-total": 'context.total_exposure.greaterThanOrEqual(decimal("5000.0"))',
    "scale-in-refused": (
        "context.held > 0 && (context.other_side"
        ' || context.gained.lessThanOrEqual(decimal("0.05"))'
        f" || context.adds >= 2 || {FULL})"
    ),
    "exposure-symbol": FULL,
    "positions-symbol": "context.held >= 3",
    "regime": "context.in_regime >= 5",
}
PERMITS = {"scale-in": "context.held > 0", "otherwise": "context.held == 0"}
PLAIN = ("since_last", "since_last_of_symbol", "positions", "held", "other_side", "adds", "in_regime")


def _policies() -> str:
    def each(effect: str, conditions: dict[str, str]) -> str:
        scope = '(principal, action == Action::"enter", resource)'
        return "".join(f'@id("{rule}")\n{effect} {scope} when {{ {when} }};\n' for rule, when in conditions.items())

    return each("forbid", FORBIDS) + each("permit", PERMITS)


def _decimal(value: float) -> dict[str, dict[str, str]]:
    return {"__extn": {"fn": "decimal", "arg": f"{value:.4f}"}}


class Cedar:
    """cedarpy."""

    name: ClassVar[str] = "cedarpy"
    language: ClassVar[str] = "Cedar"
    facts: ClassVar[str] = "Python"
    inexact: ClassVar[str | None] = "Cedar has no doubles: confidences and sums are rounded to four places"
    per_result: ClassVar[int] = 10

    def prepare(self) -> None:
        """Parse the policies."""
        import cedarpy

        self._policies = cedarpy.PolicySet.from_str(_policies())
        self._entities = cedarpy.Entities.from_json_str("[]")
        self._authorize = cedarpy.is_authorized

    def decide(self, snapshot: bytes) -> Verdict:
        """A request with the facts as its context in; every policy that applies out."""
        found = facts(snapshot)
        context: dict[str, Any] = {name: found[name] for name in PLAIN}
        context["confidence"] = _decimal(found["confidence"])
        context["gained"] = _decimal(found["confidence"] - found["held_confidence"])
        context["total_exposure"] = _decimal(found["total_exposure"])
        context["symbol_exposure"] = _decimal(found["symbol_exposure"])
        request = {
            "principal": 'Desk::"desk"',
            "action": 'Action::"enter"',
            "resource": 'Book::"book"',
            "context": context,
        }
        diagnostics = self._authorize(request, self._policies, self._entities).diagnostics
        applied = set(diagnostics.id_annotations_by_reason.values())
        return next(verdict for rule, verdict in VERDICTS.items() if rule in applied)
