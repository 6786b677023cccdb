"""How many entry decisions a second one core makes over loaded columns, beside the scalar reader over the same rows.

    python benchmarks/columns.py [--rounds 30] [--rows 65536] [--million 8] [--ratio 5] [--json]

Snapshots crowded round every threshold, the ten results about equal, books of 0 to 12 positions and, in 1% of the
rows, of 40 to 64. All verdicts must agree with the scalar reader or the benchmark fails. Time is that of the core
(CPU time), so that what else the machine does is not counted. Memory is that of a chunk: it is measured while one
chunk passes and while ten do.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"  # one core, whatever NumPy was built with

from engine.columnar.reader import CHUNK_ROWS, Chunk, Reader  # noqa: E402 -- after the path is set
from engine.policy import Policy, compile_bundle  # noqa: E402
from rules.bundle import load  # noqa: E402
from tests.oracles.snapshots import Snapshot, generate  # noqa: E402

SEED = 20260203
LONG_SHARE = 100
"""One row in so many has a long book."""
WARM_UP = 3
PASSES = 10
"""Chunks that pass while memory is measured."""


def snapshots(rows: int) -> list[bytes]:
    """The snapshots as JSON, without the input that only allocation takes."""
    rng = random.Random(SEED)
    found = []
    for number, snapshot in enumerate(generate(rows, SEED)):
        snapshot.pop("size_multiplier", None)
        if number % LONG_SHARE == 0:
            _lengthen(snapshot, rng.randint(40, 64))
        found.append(json.dumps(snapshot).encode())
    return found


def _lengthen(snapshot: Snapshot, positions: int) -> None:
    """Give a book so many positions, like those it has or, when it has none, of no weight."""
    portfolio = snapshot["portfolio"]
    plain = {"symbol": "LONGUSDT", "side": "LONG", "exposure": 1.0, "leverage": 1.0, "confidence": 0.5, "adds": 0}
    held = portfolio["positions"] or portfolio["pending"] or [plain | {"regime": "UNKNOWN"}]
    portfolio["positions"] = [held[at % len(held)] | {"id": f"p{at}"} for at in range(positions)]


def check_agreement(reader: Reader, rows: list[tuple[Any, ...]], chunks: list[Chunk]) -> None:
    """Every verdict must be the same."""
    wanted = [reader.policy.program.verdict(*row) for row in rows]
    decided = [reader.decide(chunk, outputs=False) for chunk in chunks]
    found = [one.row(at) for one in decided for at in range(len(one.case))]
    if found != wanted or any(one.errors.any() for one in decided):
        differing = sum(one != other for one, other in zip(found, wanted, strict=True))
        raise SystemExit(f"verdicts disagree in {differing} rows")


def columns_round(reader: Reader, chunks: list[Chunk]) -> float:
    """Seconds of the core for all chunks."""
    start = time.process_time()
    for chunk in chunks:
        reader.decide(chunk, outputs=False)
    return time.process_time() - start


def scalar_round(policy: Policy, rows: list[tuple[Any, ...]]) -> float:
    """Seconds of the core for all rows."""
    verdict = policy.program.verdict
    start = time.process_time()
    for row in rows:
        verdict(*row)
    return time.process_time() - start


def peak_bytes(reader: Reader, chunk: Chunk, passes: int) -> int:
    """The most memory that deciding took beyond the loaded columns while a chunk passed so many times."""
    reader.decide(chunk, outputs=False)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(passes):
        reader.decide(chunk, outputs=False)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return peak


def per_million(rounds: list[float], rows: int) -> dict[str, float]:
    """Nanoseconds a decision at three percentiles of the rounds, and million decisions a second at the median."""
    ordered = sorted(rounds)
    at = {name: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for name, share in SHARES.items()}
    figures = {f"{name}_ns": round(seconds / rows * 1e9, 1) for name, seconds in at.items()}
    return {**figures, "million_a_second": round(rows / at["p50"] / 1e6, 2)}


SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def measure(rounds: int, count: int) -> dict[str, Any]:
    """Both readers in turn over the same rows, round after round."""
    bundle = load(ROOT / "policies").bundle
    if bundle is None:
        raise SystemExit("the shipped policies do not check: run `bascule check`")
    policy = compile_bundle(bundle).policies["entry"]
    reader = Reader(policy)
    decoded = [policy.decoder.decode(row) for row in snapshots(count)]
    rows = [policy.unpack(inputs) for inputs in decoded]
    chunks = list(reader.chunks(decoded))
    check_agreement(reader, rows, chunks)
    scalar, columnar = [], []
    for number in range(rounds + WARM_UP):
        one, other = columns_round(reader, chunks), scalar_round(policy, rows)
        if number >= WARM_UP:
            columnar.append(one)
            scalar.append(other)
    return {
        "columns": per_million(columnar, count),
        "scalar": per_million(scalar, count),
        "ratio": round(statistics.median(a / b for a, b in zip(scalar, columnar, strict=True)), 2),
        "long_rows": -(-count // LONG_SHARE),
        "peak_mb": {
            f"{passes} x {chunks[0].size:,} rows": round(peak_bytes(reader, chunks[0], passes) / 1e6, 1)
            for passes in (1, PASSES)
        },
    }


def main() -> int:
    """Measure, print the table, and fail when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--rows", type=int, default=CHUNK_ROWS)
    parser.add_argument("--million", type=float, default=8.0, help="least million decisions a second over columns")
    parser.add_argument("--ratio", type=float, default=5.0, help="least ratio to the scalar reader")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    options = parser.parse_args()
    found = measure(options.rounds, options.rows)
    if options.json:
        print(json.dumps(found))
    else:
        print(f"{options.rows:,} rows, ns per decision{'p50':>12}{'p95':>9}{'p99':>9}{'million/s':>11}")
        for name in ("columns", "scalar"):
            row = found[name]
            print(f"{name:<32}{row['p50_ns']:>12}{row['p95_ns']:>9}{row['p99_ns']:>9}{row['million_a_second']:>11}")
        print(f"columns / scalar: {found['ratio']} (bound {options.ratio}); {found['long_rows']:,} rows of 40 or more")
        print("most memory while deciding: " + ", ".join(f"{mb} MB ({what})" for what, mb in found["peak_mb"].items()))
    few, many = found["peak_mb"].values()
    fast = found["columns"]["million_a_second"] >= options.million and found["ratio"] >= options.ratio
    return 0 if fast and many <= 1.1 * few else 1


if __name__ == "__main__":
    sys.exit(main())
