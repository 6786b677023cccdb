"""gordon-to-regorus: Rego in Rust, by its register machine.

Rego can sum lists, and the whole policy in Rego takes about twice as long: the facts come from Python.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from benchmarks.peers.facts import facts
from benchmarks.peers.peer import VERDICTS, Verdict

POLICY = """
package entry
import rego.v1

rule := "confidence" if input.confidence < 0.7
else := "global-cooldown" if input.since_last < 60000000
else := "symbol-cooldown" if input.since_last_of_symbol < 300000000
else := "positions-total" if input.positions >= 10
else := "exposure-total" if input.total_exposure >= 5000
else := "scale-in-refused" if { input.held > 0; refused }
else := "exposure-symbol" if input.symbol_exposure >= 1000
else := "positions-symbol" if input.held >= 3
else := "regime" if input.in_regime >= 5
else := "scale-in" if input.held > 0
else := "otherwise"

refused if input.other_side
refused if input.confidence <= input.held_confidence + 0.05
refused if input.adds >= 2
refused if input.symbol_exposure >= 1000
"""


class Rego:
    """gordon-to-regorus."""

    name: ClassVar[str] = "gordon-to-regorus"
    language: ClassVar[str] = "Rego"
    facts: ClassVar[str] = "Python"
    inexact: ClassVar[str | None] = None
    per_result: ClassVar[int] = 100

    def prepare(self) -> None:
        """Compile the module. The answers are kept as the JSON text that comes back."""
        import regorus

        self._machine = regorus.Rvm()
        program = regorus.Program.compile_from_modules("{}", [("entry.rego", POLICY)], ["data.entry.rule"])
        self._machine.load_program(program)
        self._machine.set_data_json("{}")
        self._write = msgspec.json.encode
        self._verdicts = {f'"{rule}"': verdict for rule, verdict in VERDICTS.items()}

    def decide(self, snapshot: bytes) -> Verdict:
        """JSON text in, JSON text out."""
        self._machine.set_input_json(self._write(facts(snapshot)).decode())
        return self._verdicts[self._machine.execute()]
