"""What happens between the bytes and the decision, and what each rule that is tried costs.

    python benchmarks/path.py [--json]

Instructions and objects are counted (`benchmarks/allocations.py`), on ten snapshots of each result, and do not depend
on the machine; nanoseconds are processor time, the median over rounds. A step is the difference between a call that
ends with it and one that ends before it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.allocations import instructions  # noqa: E402 -- after the path is set
from benchmarks.contenders import (  # noqa: E402
    BYTES_DECISION,
    BYTES_VERDICT,
    DECODE,
    PARSE,
    own_contenders,
    shipped_entry,
)
from benchmarks.snapshots import everyday, same_mix  # noqa: E402
from engine.policy import Policy  # noqa: E402

PER_RESULT = 10
ROUNDS = 30
Call = Callable[[bytes], object]


def stages(policy: Policy, raw: Sequence[bytes]) -> list[tuple[str, Call]]:
    """Every step, with the call that goes from the bytes to its end."""
    own = own_contenders(policy, raw)
    decode, full, unpack = policy.decoder.decode, policy.program.full, policy.unpack
    parse = own[PARSE].call

    def parsed(row: bytes) -> object:
        inputs = parse(row)  # between this instruction and the next, what the parser made is counted
        return inputs

    def reason(row: bytes) -> object:
        return full(*unpack(decode(row)))

    return [
        ("parsing into typed structures (msgspec)", parsed),
        ("patterns, time zones, repeated members", own[DECODE].call),
        ("verdict", own[BYTES_VERDICT].call),
        ("reason, and the call to allocation that it quotes", reason),
        ("the decision as a value", own[BYTES_DECISION].call),
    ]


def steps(policy: Policy, raw: Sequence[bytes]) -> list[dict[str, Any]]:
    """What each step takes: instructions, objects and nanoseconds, on average over the snapshots."""
    rows = [raw[place] for place in same_mix(raw, PER_RESULT)]
    calls = stages(policy, rows)
    took = _processor_time([call for _, call in calls], rows)
    found: list[dict[str, Any]] = []
    before = (0.0, 0.0, 0.0)
    for (name, call), nanoseconds in zip(calls, took, strict=True):
        counted = [instructions(call, row) for row in rows]
        now = (statistics.mean(c[0] for c in counted), statistics.mean(c[1] for c in counted), nanoseconds)
        run, made, spent = (after - until for after, until in zip(now, before, strict=True))
        found.append({"step": name, "instructions": round(run), "objects": round(made, 1), "ns": round(spent)})
        before = now
    return [{**step, "share": round(step["ns"] / before[2], 3)} for step in found]


def rules(policy: Policy, raw: Sequence[bytes]) -> list[dict[str, Any]]:
    """What the verdict takes, by the rule that applied: rules tried before it, instructions and objects."""
    order = [case.id for case in policy.plan.all_cases]
    found: dict[str, list[tuple[int, int]]] = {}
    for place in same_mix(raw, PER_RESULT):
        inputs = policy.unpack(policy.decoder.decode(raw[place]))
        rule = policy.program.verdict(*inputs)[1]
        found.setdefault(rule, []).append(instructions(policy.program.verdict, *inputs))
    return [
        {
            "rule": rule,
            "tried_before": order.index(rule),
            "instructions": round(statistics.mean(run for run, _ in found[rule])),
            "least_objects": min(made for _, made in found[rule]),
            "most_objects": max(made for _, made in found[rule]),
        }
        for rule in sorted(found, key=order.index)
    ]


def _processor_time(calls: Sequence[Call], rows: Sequence[bytes]) -> list[float]:
    """Nanoseconds a call, of each: medians of rounds that go through all calls in turn."""
    took: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for call, rounds in zip(calls, took, strict=True):
            start = time.process_time_ns()
            for row in rows:
                call(row)
            rounds.append((time.process_time_ns() - start) / len(rows))
    return [statistics.median(rounds) for rounds in took]


def measured() -> dict[str, Any]:
    """Both tables, as JSON says them."""
    policy, raw = shipped_entry(ROOT), everyday()
    return {"steps": steps(policy, raw), "rules": rules(policy, raw)}


def shown(found: Mapping[str, Any]) -> str:
    """Both tables."""
    lines = [f"{'from bytes to decision':<52}{'instructions':>14}{'objects':>9}{'ns':>8}{'share':>8}"]
    lines += [
        f"{s['step']:<52}{s['instructions']:>14,}{s['objects']:>9}{s['ns']:>8,}{s['share']:>8.0%}"
        for s in found["steps"]
    ]
    lines += ["", f"{'verdict, by the rule that applied':<52}{'tried before':>14}{'instructions':>14}{'objects':>9}"]
    lines += [
        f"{r['rule']:<52}{r['tried_before']:>14}{r['instructions']:>14,}{made_text(r):>9}" for r in found["rules"]
    ]
    return "\n".join(lines)


def made_text(rule: Mapping[str, Any]) -> str:
    """The least and the most objects."""
    least, most = rule["least_objects"], rule["most_objects"]
    return str(least) if least == most else f"{least} to {most}"


def main() -> int:
    """Count, time, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    options = parser.parse_args()
    found = measured()
    print(json.dumps(found) if options.json else shown(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
