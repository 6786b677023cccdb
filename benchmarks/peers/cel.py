"""CEL in its three implementations. None sums a list by itself, so each decides over facts computed in Python."""

from __future__ import annotations

from typing import Any, ClassVar

from benchmarks.peers.facts import facts
from benchmarks.peers.peer import VERDICTS, Verdict

POLICY = """
confidence < 0.7 ? 'confidence'
: since_last < 60000000 ? 'global-cooldown'
: since_last_of_symbol < 300000000 ? 'symbol-cooldown'
: positions >= 10 ? 'positions-total'
: total_exposure >= 5000.0 ? 'exposure-total'
: held > 0 && (other_side
    || confidence <= held_confidence + 0.05
    || adds >= 2
    || symbol_exposure >= 1000.0) ? 'scale-in-refused'
: symbol_exposure >= 1000.0 ? 'exposure-symbol'
: held >= 3 ? 'positions-symbol'
: in_regime >= 5 ? 'regime'
: held > 0 ? 'scale-in' : 'otherwise'
"""


class CelPython:
    """cel-python: CEL in Python, by its interpreter."""

    name: ClassVar[str] = "cel-python"
    language: ClassVar[str] = "CEL"
    facts: ClassVar[str] = "Python"
    inexact: ClassVar[str | None] = None
    per_result: ClassVar[int] = 5

    def prepare(self) -> None:
        """Parse the expression."""
        import celpy
        from celpy.adapter import json_to_cel

        environment = celpy.Environment()
        self._evaluate = environment.program(environment.compile(POLICY)).evaluate
        self._value = json_to_cel

    def decide(self, snapshot: bytes) -> Verdict:
        """Its own types in, its own text out."""
        value = self._value
        return VERDICTS[str(self._evaluate({name: value(fact) for name, fact in facts(snapshot).items()}))]


class CelRust:
    """common-expression-language: CEL in Rust."""

    name: ClassVar[str] = "common-expression-language"
    language: ClassVar[str] = "CEL"
    facts: ClassVar[str] = "Python"
    inexact: ClassVar[str | None] = None
    per_result: ClassVar[int] = 100

    def prepare(self) -> None:
        """Compile the expression."""
        import cel

        self._execute = cel.compile(POLICY).execute

    def decide(self, snapshot: bytes) -> Verdict:
        """A dict in, text out."""
        return VERDICTS[self._execute(facts(snapshot))]


class CelCpp:
    """cel-expr-python: CEL in C++, typed and checked beforehand."""

    name: ClassVar[str] = "cel-expr-python"
    language: ClassVar[str] = "CEL"
    facts: ClassVar[str] = "Python"
    inexact: ClassVar[str | None] = None
    per_result: ClassVar[int] = 100

    def prepare(self) -> None:
        """Check and compile the expression."""
        from cel_expr_python import cel

        types: dict[str, Any] = {
            "confidence": cel.Type.DOUBLE,
            "since_last": cel.Type.INT,
            "since_last_of_symbol": cel.Type.INT,
            "positions": cel.Type.INT,
            "total_exposure": cel.Type.DOUBLE,
            "held": cel.Type.INT,
            "other_side": cel.Type.BOOL,
            "held_confidence": cel.Type.DOUBLE,
            "adds": cel.Type.INT,
            "symbol_exposure": cel.Type.DOUBLE,
            "in_regime": cel.Type.INT,
        }
        self._eval = cel.NewEnv(variables=types).compile(POLICY).eval

    def decide(self, snapshot: bytes) -> Verdict:
        """A dict in, a value out."""
        return VERDICTS[self._eval(data=facts(snapshot)).value()]
