"""How long a decision takes: by hand, by us, and by what else could be picked, in one run over the same snapshots.

1 000 snapshots, 100 for each of the ten results reachable at the defaults, in a fixed random order. Everybody must
agree with us on outcome and rule of every one, or the run fails. Then bounds are checked, each printed with what was
measured. Exit 1 when somebody disagrees or a bound is broken.

    python benchmarks/decide.py                               everything that is installed
    python benchmarks/decide.py --no-peers --rounds 20        ours alone, quickly
    python benchmarks/decide.py --peers cel-python,cedarpy    these peers only
    python benchmarks/decide.py --json > decide.json          JSON alone; progress is on standard error

The peers come with `pip install '.[bench]'`; one that is not there is skipped by name. `benchmarks/timing.py` says how
times are taken. A peer whose decisions are slow is timed on fewer snapshots, in the same mix.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.agreement import disagreements  # noqa: E402 -- after the path is set
from benchmarks.bounds import bounds  # noqa: E402
from benchmarks.contenders import (  # noqa: E402
    DECODE,
    HAND,
    VERDICT,
    checked_contenders,
    own_contenders,
    peer_contenders,
    shipped_entry,
)
from benchmarks.peers.peer import Peer, installed_version  # noqa: E402
from benchmarks.peers.table import NAMES, prepared  # noqa: E402
from benchmarks.snapshots import PER_RESULT, SEED, edges, everyday, same_mix  # noqa: E402
from benchmarks.timing import WARM_UP, Timed, measure  # noqa: E402
from engine.policy import Policy  # noqa: E402

EDGES = 200
ROUNDS = 40


def check_agreement(policy: Policy, raw: Sequence[bytes], peers: Sequence[Peer]) -> None:
    """Everybody must judge every snapshot alike, and every result must be there a hundred times."""
    own = own_contenders(policy, raw)
    hand, verdict = own[HAND], own[VERDICT]
    for place, (judged, row) in enumerate(zip(hand.arguments, verdict.arguments, strict=True)):
        if hand.call(*judged) != verdict.call(*row)[:2]:
            raise SystemExit(f"the hand-written function disagrees on snapshot {place}: {raw[place].decode()}")
    if len(same_mix(raw, PER_RESULT)) != len(raw) or len(raw) != 10 * PER_RESULT:
        raise SystemExit("the snapshots do not show ten results alike")
    for peer in peers:
        said(f"comparing {peer.name}")
        for found in disagreements(policy, peer.name, peer.decide, raw):
            raise SystemExit(str(found))


def at_the_edges(policy: Policy, peers: Sequence[Peer]) -> dict[str, int]:
    """How many snapshots at the thresholds each peer judges as we do; all of them unless it says why it cannot."""
    rows = edges(EDGES)
    right: dict[str, int] = {}
    for peer in peers:
        differing = list(disagreements(policy, peer.name, peer.decide, rows))
        if differing and peer.inexact is None:
            raise SystemExit(str(differing[0]))
        right[peer.name] = EDGES - len(differing)
    return right


def measured(rounds: int, names: Sequence[str]) -> dict[str, Any]:
    """The whole run, as JSON says it. Exits with what is wrong when somebody disagrees."""
    policy, raw = shipped_entry(ROOT), everyday()
    peers, absent = prepared(names)
    check_agreement(policy, raw, peers)
    right = at_the_edges(policy, peers)
    own, others, checked = (
        own_contenders(policy, raw),
        peer_contenders(peers, raw),
        checked_contenders(policy, peers, raw),
    )
    everybody = [*own.values(), *others.values(), *checked.values()]
    timed = measure(everybody, own[HAND], own[DECODE], rounds, _progress(rounds))
    by_name = {one.contender.name: one for one in timed}
    return {
        "snapshots": len(raw),
        "mean_bytes": round(sum(map(len, raw)) / len(raw)),
        "seed": SEED,
        "rounds": rounds,
        "rows": [row_of(by_name[name]) for name in own],
        "peers": [{**row_of(by_name[peer.name]), **notes_on(peer, right[peer.name])} for peer in peers],
        "checked": [row_of(by_name[name]) for name in checked],
        "skipped": dict(absent),
        "bounds": [bound.as_json() for bound in bounds(by_name, [*others, *checked])],
    }


def row_of(timed: Timed) -> dict[str, Any]:
    """A line of the table; nanoseconds a decision."""
    return {
        "what": timed.contender.name,
        "p50_ns": timed.percentile(0.5),
        "p95_ns": timed.percentile(0.95),
        "p99_ns": timed.percentile(0.99),
        "to_hand": round(timed.hand_ratio, 3),
        "to_decode": round(timed.decode_ratio, 3),
    }


def notes_on(peer: Peer, right: int) -> dict[str, Any]:
    """What is told of a peer beside its times."""
    return {
        "version": installed_version(peer.name),
        "language": peer.language,
        "facts": peer.facts,
        "timed_on": 10 * peer.per_result,
        "edges_right": right,
        "edges": EDGES,
        "inexact": peer.inexact,
    }


def shown(found: Mapping[str, Any]) -> str:
    """The table, who was skipped, and the bounds."""
    head = f"{'ns per decision':<32}{'p50':>11}{'p95':>11}{'p99':>11}{'x hand':>9}{'x decode':>10}"
    lines = [head, *(_line(row) for row in found["rows"])]
    if found["peers"]:
        lines += ["", f"{'peers, from the same bytes':<86}{'facts':>6}{'edges':>9}"]
    lines += [f"{_line(row)} {row['facts']:>7}{row['edges_right']:>5}/{row['edges']}" for row in found["peers"]]
    lines += [_line(row) for row in found["checked"]]
    lines += [f"{name:<32}skipped: {why}" for name, why in found["skipped"].items()]
    lines += [""]
    for bound in found["bounds"]:
        word = "holds " if bound["holds"] else "BROKEN"
        lines.append(f"{word} {bound['measured']:>7.3f}, at most {bound['most']:.1f}: {bound['what']}")
    return "\n".join(lines)


def _line(row: Mapping[str, Any]) -> str:
    times = "".join(f"{row[name]:>11,}" for name in ("p50_ns", "p95_ns", "p99_ns"))
    return f"{row['what']:<32}{times}{row['to_hand']:>9.2f}{row['to_decode']:>10.2f}"


def said(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr)


def _progress(rounds: int) -> Any:
    return lambda done: said(f"round {done} of {rounds + WARM_UP}") if done % 10 == 0 else None


def chosen(options: argparse.Namespace) -> tuple[str, ...]:
    """The peers asked for. Exits with 2 for an unknown one."""
    if options.no_peers:
        return ()
    if options.peers is None:
        return NAMES
    names = tuple(name.strip() for name in options.peers.split(","))
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        said(f"no such peer: {', '.join(unknown)}; there are {', '.join(NAMES)}")
        raise SystemExit(2)
    return names


def main() -> int:
    """Measure, print, and fail when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"measured rounds over all snapshots ({ROUNDS})")
    parser.add_argument("--peers", metavar="A,B", help="only these peers")
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    options = parser.parse_args()
    found = measured(options.rounds, chosen(options))
    print(json.dumps(found) if options.json else shown(found))
    return 0 if all(bound["holds"] for bound in found["bounds"]) else 1


if __name__ == "__main__":
    sys.exit(main())
