"""What the HTTP service can do: its throughput beside a server that answers a constant, and beside Cerbos; its memory;
how fast a publication is obeyed.

    python benchmarks/serve.py [--rounds 7] [--seconds 2] [--decisions 500000] [--flips 100] [--without-peer]
                               [--quick] [--json]

The client runs on the same machine, over 32 connections that stay open (64 where answers wait for the disk, which is
written once for all that wait). Figures of different runs do not compare; ratios do: the contenders are asked in turn,
round after round. Fails when a bound is broken, and where Cerbos is not to be had: its bounds are not left out unless
that is asked for, with `--without-peer`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))

from benchmarks.bound import Bound, Side  # noqa: E402 -- after the path is set
from benchmarks.contenders import shipped_entry  # noqa: E402
from benchmarks.serving.desk import ALLOWED, desk, request, serving, shipped, snapshot, times_the_shipped  # noqa: E402
from benchmarks.serving.flips import Watch, flips, while_staging  # noqa: E402
from benchmarks.serving.load import CONNECTIONS, Load, Target, answer_to  # noqa: E402
from benchmarks.serving.memory import memory  # noqa: E402
from benchmarks.serving.peer import PROGRAM, Missing, cerbos, disagreements, program  # noqa: E402
from benchmarks.serving.processes import Server, first_match, started  # noqa: E402
from benchmarks.serving.throughput import Contender, Rounds, in_rounds  # noqa: E402
from benchmarks.snapshots import edges, everyday  # noqa: E402

CONSTANT, NO_LOG, LOG, SYNC, PEER = "constant", "no log", "decision log", "log-sync", "cerbos"
LEAST_OF_CONSTANT = {NO_LOG: 0.7, LOG: 0.5, SYNC: 0.3}
WAITING = 64
"""Connections where answers wait for the disk."""
MEBI = 1024 * 1024
MOST_GROWN = 0.02
MOST_FLIP_MS = 250.0
MOST_WHILE_STAGING = 2.0
WORKERS = 4
RATE = 200.0
TIMES_LARGER = 10
COMPARED = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """How long everything is measured."""

    rounds: int
    seconds: float
    decisions: int
    flips: int
    idle_s: float
    peer: bool = True
    """Whether the peer is measured too."""


QUICK = Asked(rounds=3, seconds=0.5, decisions=50_000, flips=10, idle_s=5.0)


@asynccontextmanager
async def constant(body: bytes, folder: Path) -> AsyncIterator[Server]:
    """The server that answers the same bytes to whatever it is asked."""
    command = [sys.executable, "-m", "benchmarks.serving.constant"]
    async with started(command, folder / CONSTANT, body) as process:
        port = await first_match(process, folder / CONSTANT, re.compile(r"(\d+)\n"))
        yield Server(CONSTANT, int(port[1]), (process.pid,))


async def throughput(asked: Asked, folder: Path) -> Mapping[str, Rounds]:
    """Every contender in the same rounds. Raises `Missing`."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(desk())
        contenders: list[Contender] = []
        for name, connections, *options in (
            (NO_LOG, CONNECTIONS),
            (LOG, CONNECTIONS, "--decision-log", str(folder / "log")),
            (SYNC, WAITING, "--decision-log", str(folder / "synchronous"), "--log-sync"),
        ):
            server = await stack.enter_async_context(serving(store, name, folder / f"of {name}", 1, *options))
            contenders.append(Contender(server, Target(server.port, request(), ALLOWED), connections))
        body = (await answer_to(contenders[0].target)).partition(b"\r\n\r\n")[2]
        server = await stack.enter_async_context(constant(body, folder))
        contenders.append(Contender(server, Target(server.port, request(), ALLOWED), CONNECTIONS))
        if asked.peer:
            server, target = await stack.enter_async_context(cerbos(snapshot(), folder / PEER))
            differing = await disagreements(server, shipped_entry(ROOT), everyday()[:COMPARED] + edges(COMPARED))
            if differing:
                raise SystemExit(f"{PEER} decides otherwise {len(differing)} times, as in: {differing[0]}")
            contenders.append(Contender(server, target, CONNECTIONS))
        return await in_rounds(contenders, asked.rounds, asked.seconds)


def throughput_bounds(measured: Mapping[str, Rounds]) -> Iterator[Bound]:
    """What must hold of throughput and latency."""
    for name, least in LEAST_OF_CONSTANT.items():
        ratio = measured[name].of(measured[CONSTANT], per_second)
        yield Bound(f"throughput to that of a constant answer, {name}", ratio, least, "least")
    if PEER in measured:
        ours, peer = measured[NO_LOG], measured[PEER]
        yield Bound(f"throughput to that of {PEER}, {NO_LOG}", ours.of(peer, per_second), 1.0, "least")
        for label, share in (("p50", 0.5), ("p99", 0.99)):
            ratio = ours.of(peer, partial(Load.percentile, share=share))
            yield Bound(f"{label} to that of {PEER}, {NO_LOG}", ratio, 1.0)


async def remembering(asked: Asked, folder: Path) -> Bound:
    """The memory of a worker over many decisions, the log kept."""
    async with desk() as store:
        options = "--decision-log", str(folder / "long log")
        async with serving(store, "memory", folder / "of memory", 1, *options) as server:
            found = await memory(server, Target(server.port, request(), ALLOWED), asked.decisions)
    what = f"growth of a worker's memory, {found.first / MEBI:.1f} to {found.last / MEBI:.1f} MiB"
    return Bound(f"{what}, from {asked.decisions // 5:,} to {asked.decisions:,} decisions", found.grown, MOST_GROWN)


async def obeying(asked: Asked, folder: Path) -> list[Bound]:
    """How fast a publication is obeyed, and what a caller feels of a large one."""
    async with desk() as store, serving(store, "flips", folder / "of flips", WORKERS) as server:
        target = Target(server.port, request(), ALLOWED)
        watch = Watch(target, WORKERS)
        await watch.open()
        flipped = await flips(store, watch, (shipped("1.0.1"), shipped()), asked.flips)
        idle, staging = await while_staging(store, target, watch, times_the_shipped(TIMES_LARGER), RATE, asked.idle_s)
        watch.close()
    took, p50, p99 = (one / 1e6 for one in (flipped.percentile(0.99), idle.percentile(0.99), staging.percentile(0.99)))
    what = f"{RATE:g} requests a second, p99 while a bundle {TIMES_LARGER} times as large is made ready to idle"
    return [
        Bound(f"ms until {WORKERS} workers obey a publication, p99 of {asked.flips}", took, MOST_FLIP_MS),
        Bound(f"{what}, {p99:.2f} to {p50:.2f} ms", p99 / p50, MOST_WHILE_STAGING),
    ]


def per_second(load: Load) -> float:
    """Answers in a second."""
    return load.per_second


def row_of(name: str, one: Rounds, yardstick: Rounds) -> dict[str, Any]:
    """A line of the table; microseconds an answer."""
    return {
        "what": name,
        "connections": one.contender.connections,
        "per_second": round(one.per_second),
        **{f"{label}_us": round(one.percentile_us(share)) for label, share in (("p50", 0.5), ("p99", 0.99))},
        "processor_us": round(statistics.median(one.processor_us), 1),
        "to_constant": round(one.of(yardstick, per_second), 3),
    }


async def measured(asked: Asked) -> dict[str, Any]:
    """The whole run, as JSON says it."""
    bounds: list[Bound] = []
    with tempfile.TemporaryDirectory(prefix="bascule-") as folder:
        rounds = await throughput(asked, Path(folder))
        bounds += throughput_bounds(rounds)
        bounds += await obeying(asked, Path(folder))
        bounds.append(await remembering(asked, Path(folder)))
    rows = [row_of(name, one, rounds[CONSTANT]) for name, one in rounds.items()]
    skipped = {} if asked.peer else {PEER: "as it was asked for, with `--without-peer`"}
    load = [round(one, 1) for one in os.getloadavg()]
    return {"rows": rows, "bounds": [one.as_json() for one in bounds], "skipped": skipped, "load": load}


def shown(found: Mapping[str, Any]) -> str:
    """The table and the bounds."""
    head = f"{'one worker':<16}{'connections':>12}{'a second':>10}{'p50 us':>9}{'p99 us':>9}{'cpu us':>9}"
    lines = [f"{head}{'x constant':>12}"]
    for row in found["rows"]:
        times = f"{row['p50_us']:>9,}{row['p99_us']:>9,}{row['processor_us']:>9.1f}{row['to_constant']:>12.3f}"
        lines.append(f"{row['what']:<16}{row['connections']:>12}{row['per_second']:>10,}{times}")
    lines.append("")
    for bound in found["bounds"]:
        side: Side = "most" if "most" in bound else "least"
        lines.append(str(Bound(bound["what"], bound["measured"], bound[side], side)))
    lines += [f"left out: {name}: {why}" for name, why in found["skipped"].items()]
    return "\n".join([*lines, f"load of the machine over 1, 5 and 15 minutes, this run's own with it: {found['load']}"])


def peer_is_missing() -> bool:
    """Whether the peer is not to be had; said before anything is measured, with what to do about it."""
    try:
        program()
    except Missing as why:
        told = (
            f"{PEER} is missing: {why}",
            f"install npm (`apt install npm`) where it reaches a registry with the package, or put it at {PROGRAM};",
            "or measure the rest alone, with `--without-peer`",
        )
        print("\n".join(told), file=sys.stderr)
        return True
    return False


def main() -> int:
    """Measure, print, and fail when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="measured rounds")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each contender in each round")
    parser.add_argument("--decisions", type=int, default=500_000, help="over which memory is looked at")
    parser.add_argument("--flips", type=int, default=100, help="publications that are timed")
    parser.add_argument("--without-peer", action="store_true", help=f"leave {PEER} out, and what must hold beside it")
    parser.add_argument("--quick", action="store_true", help="everything, in a minute or two: less to be relied on")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    said = parser.parse_args()
    asked = QUICK if said.quick else Asked(said.rounds, said.seconds, said.decisions, said.flips, idle_s=15.0)
    asked = replace(asked, peer=not said.without_peer)
    if asked.peer and peer_is_missing():
        return 1
    found = uvloop.run(measured(asked))
    print(json.dumps(found) if said.json else shown(found))
    return 0 if all(bound["holds"] for bound in found["bounds"]) else 1


if __name__ == "__main__":
    sys.exit(main())
