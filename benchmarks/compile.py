"""How long it takes to get ready: reading, checking and compiling the shipped bundle, and one decision from cold.

    python benchmarks/compile.py [--rounds 9] [--bound 1.0] [--json]

Fails when a median is above the bound, in seconds. The cold decision is a new process from its start to its exit, as a
person sees it: interpreter, imports, bundle, inputs, answer.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from engine.policy import compile_bundle  # noqa: E402 -- after the path is set
from rules.bundle import load  # noqa: E402

EXAMPLE = ROOT / "examples" / "entry.json"


def bundle_ready() -> None:
    """Read, check and compile the shipped bundle."""
    found = load(ROOT / "policies")
    if found.bundle is None:
        raise SystemExit("the shipped policies do not check: run `bascule check`")
    compile_bundle(found.bundle)


def cold_decision() -> None:
    """One decision by a new process."""
    command = [sys.executable, "-m", "adapters.cli", "decide", "entry", "--inputs", str(EXAMPLE), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603 -- our own program
    if done.returncode != 0 or b'"effect":"allow"' not in done.stdout:
        raise SystemExit(f"the example was not allowed: {done.stdout!r} {done.stderr!r}")


def timed(action: Callable[[], None], rounds: int) -> list[float]:
    """Seconds of each round, after one that is not counted."""
    action()
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        took.append(time.perf_counter() - start)
    return took


def main() -> int:
    """Measure, print the table, and fail when the bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="measured rounds")
    parser.add_argument("--bound", type=float, default=1.0, help="largest median, in seconds")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    options = parser.parse_args()
    table = []
    for what, action in (("bundle read, checked, compiled", bundle_ready), ("one decision, cold", cold_decision)):
        took = timed(action, options.rounds)
        median, most = statistics.median(took), max(took)
        table.append({"what": what, "median_s": round(median, 3), "max_s": round(most, 3)})
    if options.json:
        print(json.dumps({"rows": table, "bound": options.bound}))
    else:
        print(f"{'seconds':<34}{'median':>9}{'max':>9}")
        for row in table:
            print(f"{row['what']:<34}{row['median_s']:>9.3f}{row['max_s']:>9.3f}")
        print(f"bound {options.bound} s")
    return 0 if all(float(str(row["median_s"])) <= options.bound for row in table) else 1


if __name__ == "__main__":
    sys.exit(main())
