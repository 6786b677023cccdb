"""Suites can fail: each way in which a case can be wrong is told apart from the decision being right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.suites import run_suite
from tests.engine.small import HEADER, machine_of, rule_list

POLICY = rule_list(
    "small",
    """
    inputs: {thing: Thing}
    parameters: {floor: {type: Amount, default: 1.0, description: least x}}
    rules:
      - {id: low, when: thing.x < params.floor, outcome: NO, reason: 'x={thing.x:.1f}'}
      - {id: bad, when: thing.x / (thing.x - 3.0) > 1.0e9, outcome: NO, reason: never}
    otherwise: {outcome: YES, reason: fine}
    outputs:
      twice: {type: Amount, value: thing.x * 2.0}
      maybe?: {type: Amount, value: thing.x, when: thing.x > 5.0}
    log:
      - {event: LINE, when: decision.effect == "allow", line: '{decision.reason}'}
      - {event: LINE_LOW, when: decision.rule == "low" && thing.x > 0.7, line: 'LINE x={thing.x:.1f}'}
    """,
)
FIXTURE = (
    "{thing: {x: 2.0, n: 1, wide: 1.0, nothing: null, items: [], more: [], prices: {}, "
    'when: "2026-01-01T00:00:00Z", wait: 1s}}'
)


def mismatches(folder: Path, case: str) -> list[str]:
    suite = (
        f"{HEADER}kind: Suite\nmetadata: {{name: small-suite, version: 1.0.0, title: t, owner: o}}\n"
        f"spec:\n  policy: small\n  given: base\n  tolerance: 0.001\n  fixtures:\n    base: {FIXTURE}\n"
        f"  cases:\n    - {{id: only, {case}}}\n"
    )
    machine = machine_of(folder, POLICY, suite)
    (result,) = run_suite(machine.bundle.suites[0], machine).results
    return [m.what for m in result.mismatches]


CASES: list[tuple[str, list[str]]] = [
    ("expect: {outcome: 'YES', effect: allow, rule: otherwise, reason: fine}", []),
    ("expect: {outcome: 'NO'}", ["outcome"]),
    ("expect: {effect: block}", ["effect"]),
    ("expect: {rule: low}", ["rule"]),
    ("expect: {reason: other}", ["reason"]),
    ("expect: {outputs: {twice: 4.0009}}", []),
    ("expect: {outputs: {twice: 4.0011}}", ["outputs.twice"]),
    ("expect: {outputs: {maybe: null}}", []),
    ("expect: {outputs: {maybe: 2.0}}", ["outputs.maybe"]),
    ("expect: {log: [LINE fine]}", []),
    ("expect: {log: [LINE other]}", ["log"]),
    ("expect: {outcome: 'YES', log: []}", ["log"]),
    ("set: {thing.x: 0.5}, expect: {outcome: 'NO', log: []}", []),
    ("expect: {silent: [LINE]}", ["silent"]),
    ("expect: {silent: [LINE_LOW]}", []),
    ("expect: {silent: [LINE_LOW, LINE]}", ["silent"]),
    ("expect: {log: [LINE fine], silent: [LINE]}", ["silent"]),
    ("set: {thing.x: 0.5}, expect: {silent: [LINE, LINE_LOW]}", []),
    ("set: {thing.x: 0.8}, expect: {silent: [LINE]}", []),  # a line that only begins like it is of another event
    ("set: {thing.x: 0.8}, expect: {silent: [LINE, LINE_LOW]}", ["silent"]),
    ("set: {thing.x: 3.0}, expect: {silent: [LINE]}", ["error"]),
    ("set: {thing.x: 3.0}, expect: {outcome: ERROR, silent: [LINE]}", ["silent"]),
    ("set: {thing.x: 0.5}, expect: {reason: x=0.5}", []),
    ("set: {thing.x: 2.5}, parameters: {floor: 3.0}, expect: {rule: low}", []),
    ("set: {thing.x: 3.0}, expect: {outcome: ERROR}", []),
    ("set: {thing.x: 3.0}, expect: {error: division by zero}", []),
    ("set: {thing.x: 3.0}, expect: {error: overflow}", ["error"]),
    ("set: {thing.x: 3.0}, expect: {effect: block}", ["error"]),
    ("set: {thing.x: high}, expect: {effect: block}", ["error"]),
    ("set: {thing.x: high}, expect: {error: '`high`'}", []),
    ("drop: [thing.items], expect: {effect: block}", ["error"]),
    ("drop: [thing.items], expect: {error: /thing/items}", []),
    ("expect: {error: anything}", ["error"]),
]


@pytest.mark.parametrize(("case", "wanted"), CASES)
def test_cases(tmp_path: Path, case: str, wanted: list[Any]) -> None:
    assert mismatches(tmp_path, case) == wanted
