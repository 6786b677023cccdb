"""How long the gate takes: its verdict beside the same checks written by hand, with correlation and without.

    python benchmarks/gate.py [--rounds 20] [--json]

Snapshots show every result that the gate reaches at its published parameters, as many of each as there are, at most
40, in a fixed order; the two must agree on all. *Without*, the step is taken out of both, and nobody tells returns.
*With*, up to 100 hourly returns of each position, for which the hand-written gate asks `numpy.corrcoef`. Fails when the
gate takes more than 1.5 times as long without, or is not faster with.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.handwritten_gate import handwritten_gate  # noqa: E402 -- after the path is set
from benchmarks.timing import Contender, Timed, measure  # noqa: E402
from engine.policy import Policy, compile_bundle  # noqa: E402
from rules.bundle import load  # noqa: E402
from tests.oracles.gate import GateParameters  # noqa: E402
from tests.oracles.order_inputs import gate_inputs  # noqa: E402

SEED = 20260203
GENERATED = 6_000
PER_RESULT = 40
FAILED = "BLOCK_POLICY_ERROR"
"""Failing closed on an amount that is out of bounds: a hand-written gate has no such thing."""
WITHOUT, WITH = "without correlation", "with correlation"
MOST = {WITHOUT: 1.5, WITH: 1.0}

Facts = dict[str, Any]


def gate_of(policies: Path) -> Policy:
    """The gate of a directory of policies, compiled. Exits when they do not check."""
    bundle = load(policies).bundle
    if bundle is None:
        raise SystemExit(f"the policies of {policies} do not check: run `bascule check`")
    return compile_bundle(bundle).policies["open-position"]


def gate_without_correlation() -> Policy:
    """The gate of the shipped policies, the correlation step and what is told of it left out."""
    with tempfile.TemporaryDirectory() as directory:
        copied = Path(directory) / "policies"
        shutil.copytree(ROOT / "policies", copied, ignore=shutil.ignore_patterns("suites", "history"))
        with rewritten(copied / "bundle.yaml") as spec:
            spec["includes"].remove("suites/*.yaml")
        for name in ("active-positions", "governor"):
            with rewritten(copied / f"{name}.yaml") as spec:
                spec["steps"] = [step for step in spec["steps"] if step["id"] != "correlation"]
                spec["priority"] = [step for step in spec.get("priority", []) if step != "correlation"]
                del spec["outputs"]["max_correlation?"], spec["log"]
        return gate_of(copied)


@contextmanager
def rewritten(path: Path) -> Iterator[Facts]:
    """What a document says under `spec`, to be changed."""
    document = yaml.safe_load(path.read_text("utf-8"))
    yield document["spec"]
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")


def without_returns(facts: Facts) -> Facts:
    """The same facts of somebody who tells no returns."""
    out = copy.deepcopy(facts)
    for record in (out["intent"], *out["portfolio"]["positions"], *out["portfolio"]["pending"]):
        record.pop("returns", None)
    return out


def rows(policy: Policy, facts: Iterator[Facts]) -> list[tuple[Any, ...]]:
    """Decoded inputs, a few of each result, in a fixed random order."""
    seen: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    names = [field.name for field in policy.plan.inputs]
    for one in facts:
        inputs = policy.unpack(policy.decoder.decode(json.dumps({name: one[name] for name in names if name in one})))
        outcome, rule, _ = policy.program.verdict(*inputs)
        if outcome != FAILED:
            seen.setdefault((outcome, rule), []).append(inputs)
    found = [inputs for some in seen.values() for inputs in some[:PER_RESULT]]
    random.Random(SEED).shuffle(found)
    return found


def timed(policy: Policy, facts: Iterator[Facts], rounds: int, *, correlates: bool) -> tuple[Timed, Timed, int]:
    """Both gates over the same rows. Exits when they disagree."""
    given = rows(policy, facts)
    hand = handwritten_gate(policy.decoder.structs, correlates=correlates)
    verdict = policy.program.verdict
    for inputs in given:
        if hand(*inputs) != verdict(*inputs)[:2]:
            raise SystemExit(f"the hand-written gate says {hand(*inputs)}, the policy {verdict(*inputs)}: {inputs}")
    places = range(len(given))
    by_hand, ours = Contender("by hand", hand, given, places), Contender("verdict", verdict, given, places)
    first, second = measure([by_hand, ours], by_hand, by_hand, rounds)
    return first, second, len({verdict(*inputs)[:2] for inputs in given})


def measured(rounds: int) -> dict[str, Any]:
    """The whole run, as JSON says it."""
    gate, less = gate_of(ROOT / "policies"), gate_without_correlation()
    found: dict[str, Any] = {"rounds": rounds, "rows": [], "bounds": []}
    for name, policy, correlates in ((WITHOUT, less, False), (WITH, gate, True)):
        facts = gate_inputs(GENERATED, SEED, GateParameters())
        chosen = facts if correlates else map(without_returns, facts)
        hand, ours, results = timed(policy, chosen, rounds, correlates=correlates)
        found["rows"] += [row_of(f"{name}, {one.contender.name}", one, results) for one in (hand, ours)]
        most, ratio = MOST[name], ours.hand_ratio
        bound = {"what": f"verdict to hand-written, {name}", "measured": round(ratio, 3), "most": most}
        found["bounds"].append(bound | {"holds": ratio <= most})
    return found


def row_of(name: str, one: Timed, results: int) -> dict[str, Any]:
    """A line of the table; nanoseconds a decision."""
    times = {f"{label}_ns": one.percentile(share) for label, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}
    return {"what": name, **times, "to_hand": round(one.hand_ratio, 3), "results": results}


def shown(found: dict[str, Any]) -> str:
    """The table and the bounds."""
    lines = [f"{'ns per decision':<34}{'p50':>10}{'p95':>10}{'p99':>10}{'x hand':>9}{'results':>9}"]
    for row in found["rows"]:
        times = "".join(f"{row[key]:>10,}" for key in ("p50_ns", "p95_ns", "p99_ns"))
        lines.append(f"{row['what']:<34}{times}{row['to_hand']:>9.2f}{row['results']:>9}")
    lines.append("")
    for bound in found["bounds"]:
        word = "holds " if bound["holds"] else "BROKEN"
        lines.append(f"{word} {bound['measured']:>7.3f}, at most {bound['most']:.1f}: {bound['what']}")
    return "\n".join(lines)


def main() -> int:
    """Measure, print, and fail when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="measured rounds")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    options = parser.parse_args()
    found = measured(options.rounds)
    print(json.dumps(found) if options.json else shown(found))
    return 0 if all(bound["holds"] for bound in found["bounds"]) else 1


if __name__ == "__main__":
    sys.exit(main())
