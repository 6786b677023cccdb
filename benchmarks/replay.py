"""What it takes to decide a log again with two versions and to write the report, for a million decisions and for ten.

    python benchmarks/replay.py [--decisions 1000000] [--times 10] [--json]

The log is made up from real trades and prices with generated books (`benchmarks/replaying/made_log.py`; BASCULE_DATA
says where the trades are). It is compared end to end by the command that a person types: both versions of `entry` and
`allocation`, the report written as a page. Time is that of the wall, from the start of the command to its end; memory
is that of all of its processes together, looked at twenty times a second. The larger log is the same decisions so many
times, under other ids: what is asked is whether memory grows with it. With Dask the same command is given a scheduler
with two workers of this machine; its report must be the same to the last byte. Fails when a bound is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}

from distributed import LocalCluster  # noqa: E402 -- after the path is set

from benchmarks.bound import Bound  # noqa: E402
from benchmarks.replaying.made_log import again, write  # noqa: E402 -- after the path is set
from benchmarks.replaying.measured import Taken, run  # noqa: E402
from rules.bundle import Bundle, load  # noqa: E402

OLD, NEW = ROOT / "policies" / "history" / "0.9.0", ROOT / "policies"
MOST_S = 10.0
MOST_MIB = 1536.0
MOST_GROWN = 1.25
"""How much more memory the larger log may take."""
MEBI = 1024 * 1024


def diff(logs: Sequence[Path], out: Path, *more: str, form: str = "html") -> Taken:
    """Compare both versions on some logs, and write the report."""
    given = [part for log in logs for part in ("--log", str(log))]
    command = [sys.executable, "-P", "-m", "adapters.cli", "diff", str(OLD), str(NEW), *given]
    return run([*command, "--format", form, "-o", str(out), *more], ENVIRONMENT)


def measured(decisions: int, times: int, data: Path, folder: Path) -> tuple[list[dict[str, Any]], list[Bound]]:
    """The figures, and what must hold of them."""
    log = folder / "log.parquet"
    write(log, decisions, data, _bundle(OLD), _bundle(NEW))
    diff([log], folder / "warm.html")
    once = diff([log], folder / "once.html")
    often = diff([log, *again(log, times - 1, folder)], folder / "often.html")
    on_cluster, same = _on_cluster(log, folder)
    rows = [
        _row(f"{decisions:,} decisions", once),
        _row(f"{decisions * times:,} decisions", often),
        _row(f"{decisions:,} decisions, on two workers of Dask", on_cluster),
    ]
    bounds = [
        Bound(f"seconds to compare {decisions:,} decisions and write the page", once.seconds, MOST_S),
        Bound(f"MiB held for {decisions:,} decisions", once.memory / MEBI, MOST_MIB),
        Bound(f"MiB held for {decisions * times:,} decisions", often.memory / MEBI, MOST_MIB),
        Bound(f"memory for {times} times as many decisions", often.memory / once.memory, MOST_GROWN),
        Bound("bytes of the report that are others with Dask", float(not same), 0.0),
    ]
    return rows, bounds


def _on_cluster(log: Path, folder: Path) -> tuple[Taken, bool]:
    """What it takes with two workers of Dask, and whether their report is the one of processes."""
    diff([log], folder / "here.json", form="json")
    local: Any = LocalCluster  # it has no types
    with local(n_workers=2, threads_per_worker=1, dashboard_address=None, env=ENVIRONMENT) as cluster:
        taken = diff([log], folder / "there.json", "--scheduler", cluster.scheduler_address, form="json")
    return taken, (folder / "here.json").read_bytes() == (folder / "there.json").read_bytes()


def _bundle(folder: Path) -> Bundle:
    found = load(folder, with_suites=False).bundle
    if found is None:
        raise SystemExit(f"{folder} does not check: run `bascule check`")
    return found


def _row(what: str, taken: Taken) -> dict[str, Any]:
    return {"what": what, "seconds": round(taken.seconds, 2), "mib": round(taken.memory / MEBI)}


def main() -> int:
    """Measure, print, and fail when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=1_000_000, help="on record")
    parser.add_argument("--times", type=int, default=10, help="how often the larger log holds them")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    said = parser.parse_args()
    data = Path(os.environ.get("BASCULE_DATA") or ROOT.parent / "shared" / "data")
    if not (data / "replay_mit").is_dir():
        parser.error(f"no recorded trades in {data}: set BASCULE_DATA to the folder that holds `replay_mit`")
    with tempfile.TemporaryDirectory(prefix="bascule-") as folder:
        rows, bounds = measured(said.decisions, said.times, data, Path(folder))
    if said.json:
        print(json.dumps({"rows": rows, "bounds": [one.as_json() for one in bounds]}))
    else:
        for row in rows:
            print(f"{row['seconds']:>8.2f} s {row['mib']:>7,} MiB  {row['what']}")
        print(*bounds, sep="\n")
    return 0 if all(bound.holds for bound in bounds) else 1


if __name__ == "__main__":
    sys.exit(main())
