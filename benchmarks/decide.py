"""How long a decision takes: the compiled entry policy against the same checks written by hand, in one run.

    python benchmarks/decide.py [--rounds 60] [--bound 1.2] [--json]

1 000 snapshots, 100 for each of the ten results reachable at the defaults, in a fixed random order. All verdicts must
agree or the benchmark fails. Times are per decision. Each contender is measured beside the hand-written function, in
turn (A B B A), and its ratio is the median over the rounds, so that it holds when the machine's speed drifts.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.handwritten import handwritten_entry  # noqa: E402 -- after the path is set
from engine.decision import Stamp, to_json  # noqa: E402
from engine.policy import Policy, compile_bundle  # noqa: E402
from rules.bundle import load  # noqa: E402
from tests.oracles.snapshots import outcome_samples  # noqa: E402

PER_RESULT = 100
SEED = 20260203
WARM_UP = 3


@dataclass(frozen=True)
class Timed:
    """One contender: its name and nanoseconds per decision, a figure a round."""

    name: str
    rounds: list[float]
    base: list[float]
    """The hand-written function in the same rounds."""

    def percentile(self, share: float) -> float:
        """Over the rounds."""
        ordered = sorted(self.rounds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def snapshots() -> list[bytes]:
    """The snapshots as JSON, without the input that only allocation takes."""
    rows = []
    for samples in outcome_samples(PER_RESULT, SEED).values():
        for sample in samples:
            sample.pop("size_multiplier", None)
            rows.append(json.dumps(sample).encode())
    random.Random(SEED).shuffle(rows)
    return rows


def round_of(function: Callable[..., Any], rows: Sequence[tuple[Any, ...]]) -> float:
    """Nanoseconds per row."""
    start = time.perf_counter_ns()
    for row in rows:
        function(*row)
    return (time.perf_counter_ns() - start) / len(rows)


def contenders(policy: Policy, raw: list[bytes]) -> dict[str, tuple[Callable[..., Any], list[tuple[Any, ...]]]]:
    """What is measured, and over which rows."""
    decoded = [policy.decoder.decode(row) for row in raw]
    unpacked = [policy.unpack(inputs) for inputs in decoded]
    hand = handwritten_entry(policy.decoder.structs)
    check_agreement(policy, hand, unpacked)
    stamp = Stamp("benchmark", datetime(2026, 2, 3, tzinfo=UTC))
    return {
        "hand-written verdict": (hand, unpacked),
        "compiled verdict": (policy.program.verdict, unpacked),
        "compiled, with reason": (policy.program.full, unpacked),
        "decoded to decision": (lambda inputs: policy.decide(inputs, stamp), [(inputs,) for inputs in decoded]),
        "decode": (policy.decoder.decode, [(row,) for row in raw]),
        "bytes to decision": (lambda row: policy.decide_json(row, stamp), [(row,) for row in raw]),
        "bytes to decision bytes": (lambda row: to_json(policy.decide_json(row, stamp)), [(row,) for row in raw]),
    }


def check_agreement(policy: Policy, hand: Callable[..., tuple[str, str]], rows: list[tuple[Any, ...]]) -> None:
    """Every verdict must be the same, and every result must be there a hundred times."""
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        outcome, rule, _ = policy.program.verdict(*row)
        if (outcome, rule) != hand(*row):
            raise SystemExit(f"verdicts disagree: {(outcome, rule)} and {hand(*row)}")
        seen[outcome, rule] = seen.get((outcome, rule), 0) + 1
    if sorted(seen.values()) != [PER_RESULT] * 10:
        raise SystemExit(f"the snapshots do not show ten results alike: {seen}")


def measure(rounds: int) -> list[Timed]:
    """Every contender paired with the hand-written function, in the order A B B A, round after round."""
    bundle = load(ROOT / "policies").bundle
    if bundle is None:
        raise SystemExit("the shipped policies do not check: run `bascule check`")
    policy = compile_bundle(bundle).policies["entry"]
    runs = contenders(policy, snapshots())
    base, base_rows = runs["hand-written verdict"]
    timed: list[Timed] = []
    for name, (function, rows) in runs.items():
        found = Timed(name, [], [])
        for number in range(rounds + WARM_UP):
            first, one = round_of(base, base_rows), round_of(function, rows)
            other, last = round_of(function, rows), round_of(base, base_rows)
            if number >= WARM_UP:
                found.rounds.append((one + other) / 2)
                found.base.append((first + last) / 2)
        timed.append(found)
    return timed


def ratio(timed: Timed) -> float:
    """The median over rounds of a contender to the hand-written function."""
    return statistics.median(a / b for a, b in zip(timed.rounds, timed.base, strict=True))


def main() -> int:
    """Measure, print the table, and fail when the bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60, help="measured rounds of 1 000 decisions each")
    parser.add_argument("--bound", type=float, default=1.2, help="largest ratio of compiled to hand-written verdict")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    options = parser.parse_args()
    timed = measure(options.rounds)
    table = [
        {
            "what": t.name,
            "p50_ns": round(t.percentile(0.5)),
            "p95_ns": round(t.percentile(0.95)),
            "p99_ns": round(t.percentile(0.99)),
            "ratio": round(ratio(t), 3),
        }
        for t in timed
    ]
    verdict = ratio(timed[1])
    if options.json:
        print(json.dumps({"rows": table, "bound": options.bound, "verdict_ratio": round(verdict, 3)}))
    else:
        print(f"{'1 000 snapshots, ns per decision':<34}{'p50':>9}{'p95':>9}{'p99':>9}{'ratio':>8}")
        for row in table:
            print(f"{row['what']:<34}{row['p50_ns']:>9,}{row['p95_ns']:>9,}{row['p99_ns']:>9,}{row['ratio']:>8.2f}")
        print(f"compiled verdict / hand-written: {verdict:.3f} (bound {options.bound})")
    return 0 if verdict <= options.bound else 1


if __name__ == "__main__":
    sys.exit(main())
