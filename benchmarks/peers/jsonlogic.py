"""datalogic-py: JSONLogic in Rust. It parses the snapshot itself and computes everything in the rule."""

from __future__ import annotations

from typing import Any, ClassVar

from benchmarks.peers.peer import VERDICTS, Verdict

Logic = dict[str, Any]


def _var(path: str) -> Logic:
    return {"var": path}


def _above(levels: int, *path: str) -> Logic:
    """A value of the snapshot, seen from inside loops: one level for the first, two more for each loop in it."""
    return {"val": [[levels], *path]}


def _younger(last: Logic, cooldown: str) -> Logic:
    age = {"-": [{"datetime": _var("now")}, {"datetime": last}]}
    return {"and": [last, {"<": [age, {"timestamp": cooldown}]}]}


def _total(over: Logic, field: str) -> Logic:
    return {"reduce": [over, {"+": [_var("accumulator"), _var(f"current.{field}")]}, 0]}


def _policy() -> Logic:
    """The rules. Those after the fifth look at the held positions, which a map over a list of one binds as the item."""
    book = {"merge": [_var("portfolio.positions"), _var("portfolio.pending")]}
    held_list = {"filter": [book, {"==": [_var("symbol"), _above(1, "intent", "symbol")]}]}
    last_of_symbol = {"val": ["portfolio", "last_trade_at_by_symbol", _var("intent.symbol")]}
    held = _var("")
    count, exposure = {"length": held}, _total(held, "exposure")
    highest = {"reduce": [held, {"max": [_var("accumulator"), _var("current.confidence")]}, 0]}
    refused = {
        "or": [
            {"some": [held, {"!=": [_var("side"), _above(3, "intent", "side")]}]},
            {"<=": [_above(1, "intent", "confidence"), {"+": [highest, 0.05]}]},
            {">=": [_total(held, "adds"), 2]},
            {">=": [exposure, 1000]},
        ]
    }
    book_above = {"merge": [_above(1, "portfolio", "positions"), _above(1, "portfolio", "pending")]}
    in_regime = {"filter": [book_above, {"==": [_var("regime"), _above(3, "intent", "regime")]}]}
    on_held = {
        "if": [
            *({"and": [{">": [count, 0]}, refused]}, "scale-in-refused"),
            *({">=": [exposure, 1000]}, "exposure-symbol"),
            *({">=": [count, 3]}, "positions-symbol"),
            *({">=": [{"length": in_regime}, 5]}, "regime"),
            *({">": [count, 0]}, "scale-in"),
            "otherwise",
        ]
    }
    return {
        "if": [
            *({"<": [_var("intent.confidence"), 0.7]}, "confidence"),
            *(_younger(_var("portfolio.last_trade_at"), "60s"), "global-cooldown"),
            *(_younger(last_of_symbol, "300s"), "symbol-cooldown"),
            *({">=": [{"length": book}, 10]}, "positions-total"),
            *({">=": [_total(book, "exposure"), 5000]}, "exposure-total"),
            {"map": [[held_list], on_held]},
        ]
    }


class JsonLogic:
    """datalogic-py, with a session that reuses its memory."""

    name: ClassVar[str] = "datalogic-py"
    language: ClassVar[str] = "JSONLogic"
    facts: ClassVar[str] = "policy"
    inexact: ClassVar[str | None] = None
    per_result: ClassVar[int] = 100

    def prepare(self) -> None:
        """Compile the rule. The answers are kept as the JSON text that comes back: a rule, or a list of one."""
        from datalogic_py import Engine

        engine = Engine()
        self._rule = engine.compile(_policy())
        self._evaluate = engine.session().evaluate_str
        alone = {f'"{rule}"': verdict for rule, verdict in VERDICTS.items()}
        self._verdicts = alone | {f"[{text}]": verdict for text, verdict in alone.items()}

    def decide(self, snapshot: bytes) -> Verdict:
        """JSON text in, JSON text out."""
        return self._verdicts[self._evaluate(self._rule, snapshot.decode())]
