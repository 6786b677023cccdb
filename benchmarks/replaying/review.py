"""The comparison of 0.9.0 with 1.0.0 in `docs/review.md`: made by the command that anybody types, and counted again.

    python -m benchmarks.replaying.review --write | --check

A log is made up from recorded trades (`made_log.py`; BASCULE_DATA says where they are) and given to `bascule diff`;
what that reports is counted again row by row (`recount.py`). `--write` puts text and pictures in their places;
`--check` makes all of it again and fails, naming what differs, where the page says anything else. Both fail where the
recount or its oracle disagrees. Pictures are compared byte by byte where the same version of matplotlib drew them.
"""

from __future__ import annotations

import argparse
import difflib
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import msgspec

from adapters.replaying.report import Replayed, Report
from benchmarks.replaying.made_log import trades, write
from benchmarks.replaying.recount import recounted
from benchmarks.replaying.review_page import Source, drawn_by, part_of, pictures, section
from rules.bundle import Bundle, load
from tests.oracles.trades import flows

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = "policies/history/0.9.0", "policies"
PAGE = ROOT / "docs" / "review.md"
PICTURES = "pictures"
"""The folder beside the page."""
DECISIONS = 100_000
PRECISION = 1e-9
"""How far two sums of the same amounts may differ, relative to them: they are added in another order."""


@dataclass(frozen=True)
class Made:
    """The report as made here, and how it was counted again."""

    text: str
    """What stands on the page, with the version of matplotlib of this machine."""
    pictures: dict[str, str]
    faults: list[str]
    """Where the recount or the oracle says otherwise."""

    def drawn_by(self, version: str) -> str:
        """The text as if the pictures had been drawn by another version."""
        return self.text.replace(f"matplotlib {mpl.__version__} -->", f"matplotlib {version} -->", 1)


def made(decisions: int, data: Path) -> Made:
    """Make the log, compare, and count again."""
    old, new = _bundle(OLD), _bundle(NEW)
    with tempfile.TemporaryDirectory(prefix="bascule-") as folder:
        log = Path(folder) / "log.parquet"
        write(log, decisions, data, old, new)
        report = _compared(log, Path(folder) / "report.json")
        recount = recounted(log, old, new)
    numbers, faults = differences(report.replays, recount.replays)
    faults += [f"the oracle disagrees on {one}" for one in recount.disagreements]
    source = Source(decisions, trades(data).count, sum(1 for _ in flows(data)))
    text = section(source, report, recount, numbers, mpl.__version__)
    return Made(text, pictures(report), faults)


def _compared(log: Path, out: Path) -> Report:
    """What `bascule diff` reports; where it fails, what it said ends this too."""
    command = [sys.executable, "-P", "-m", "adapters.cli", "diff", OLD, NEW, "--log", str(log)]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    asked = [part for name in ("entry", "allocation") for part in ("--policy", name)]
    command += [*asked, "--format", "json", "-o", str(out)]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(done.stderr)
    return msgspec.json.decode(out.read_bytes(), type=Report)


def _bundle(folder: str) -> Bundle:
    found = load(ROOT / folder, with_suites=False).bundle
    if found is None:
        raise SystemExit(f"{folder} does not check: run `bascule check`")
    return found


def differences(told: Sequence[Replayed], counted: Sequence[Replayed]) -> tuple[int, list[str]]:
    """How many numbers of two reports were compared, and every place where these differ."""
    first, second = (dict(_places(msgspec.to_builtins(list(one)), "")) for one in (told, counted))
    faults = [
        f"{place}: the report has {first.get(place, 'nothing')}, counted again {second.get(place, 'nothing')}"
        for place in sorted(first.keys() | second.keys())
        if not _same(first.get(place), second.get(place))
    ]
    return sum(isinstance(value, int | float) for value in first.values()), faults


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=PRECISION)
    return bool(one == other)


def _places(value: Any, above: str) -> Iterator[tuple[str, Any]]:
    """Every value of a report with the name of its place; an item of a list is named by what it says it is of."""
    match value:
        case dict():
            for name, one in value.items():
                yield from _places(one, f"{above} {name}".strip())
        case [dict(), *_]:
            for one in value:
                said = [one[name] for name in ("policy", "day", "symbol", "change", "old", "new") if name in one]
                told = (" by ".join(part) if isinstance(part, list | tuple) else part for part in said)
                yield from _places(one, " ".join((above, *(part for part in told if isinstance(part, str)))).strip())
        case _:
            yield above, value


def checked(found: Made, page: Path) -> tuple[list[str], list[str]]:
    """What of a page and its pictures is not as it was made here, and what there is to note."""
    try:
        _, part, _ = part_of(page.read_text("utf-8"))
    except (OSError, ValueError) as error:
        return [f"{page.name}: {error}"], []
    version = drawn_by(part)
    lines = difflib.ndiff(part.splitlines(), found.drawn_by(version).splitlines())
    told = {"-": f"{page.name} says: ", "+": "      found: "}
    faults = [f"{told[line[0]]}{line[2:]}" for line in lines if line[0] in told]
    folder = page.parent / PICTURES
    there = {path.name: path.read_text("utf-8") for path in folder.glob("*.svg")}
    faults += [f"{PICTURES}/{name}: is not there" for name in found.pictures if name not in there]
    faults += [f"{PICTURES}/{name}: nothing draws it" for name in there if name not in found.pictures]
    if version != mpl.__version__:
        return faults, [f"pictures were not compared: matplotlib {version} drew them, and this is {mpl.__version__}"]
    both = found.pictures.keys() & there.keys()
    faults += [f"{PICTURES}/{name}: is another picture" for name in sorted(both) if there[name] != found.pictures[name]]
    return faults, []


def put(found: Made, page: Path) -> None:
    """Write the part of the page, and its pictures and no others. Raises ValueError without its markers."""
    before, _, after = part_of(page.read_text("utf-8"))
    page.write_text(before + found.text + after, encoding="utf-8")
    folder = page.parent / PICTURES
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.svg"):
        path.unlink()
    for name, svg in found.pictures.items():
        (folder / name).write_text(svg, encoding="utf-8")


def main() -> int:
    """Make, count again, and write or check; 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write the part of docs/review.md, and its pictures")
    mode.add_argument("--check", action="store_true", help="fail where they are not as they are made")
    options = parser.parse_args()
    data = Path(os.environ.get("BASCULE_DATA") or ROOT.parent / "shared" / "data")
    if not (data / "replay_mit").is_dir():
        parser.error(f"no recorded trades in {data}: set BASCULE_DATA to the folder that holds `replay_mit`")
    found = made(DECISIONS, data)
    faults, notes = found.faults, list[str]()
    if not faults and options.write:
        put(found, PAGE)
    elif options.check:
        more, notes = checked(found, PAGE)
        faults = [*faults, *more]
    print(*notes, *faults[:50], sep="\n", file=sys.stderr, end="\n" if notes or faults else "")
    if faults:
        print(f"{len(faults)} differences", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
