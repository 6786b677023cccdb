"""The gate over every recorded trade, by both readers and beside its oracle, and the tally of what it says.

    python -m tests.policies.replay --write | --print

`tests/oracles/gate_trades.py` says how a trade becomes an order. `--write` puts the tally into `docs/policies.md`,
where `python -m adapters.doc_files` keeps it. Fails, and writes nothing, where the readers or the oracle disagree.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from adapters.doc_files import POLICIES, policies
from engine.columnar.reader import Reader
from tests.engine.shipped import ROOT, policy
from tests.oracles.agreement import told_by_columns, told_by_scalar
from tests.oracles.book import Verdict
from tests.oracles.gate_trades import orders
from tests.policies.pipelines import PIPELINES
from tests.policies.systems import as_json

GATE = next(one for one in PIPELINES if one.name == "open-position")
BATCH = 500
FAILED = "error"
"""In the place of a rule, where the gate could not decide."""
BOOKS: dict[str, Callable[[Verdict], bool]] = {
    "recorded": lambda _: True,
    "own": lambda verdict: bool(verdict["kind"] == "open"),
}
"""By the name of a book, whether a trade of which the gate says this is opened in it."""

Tally = Counter[tuple[str, str]]
"""How often an outcome was given, and by which rule of the gate."""

TOLD = """### Every recorded trade

<!-- written by `python -m tests.policies.replay --write` from recorded trades that are not in this repository -->

What the gate says to {trades:,} trades of {files} recorded back-tests, each an order at the time it was opened. They
are freqtrade's, from the repositories wanderindev/crypto-bot and imsatoshi/GeneTrader (both MIT), of 2021 and 2024.
Trades, book, equity and hourly returns are as recorded. What no record tells (confidence, score, the market's features,
freezes, advisers and the rest) is drawn from a digest of file and row or day, by the rules at the top of
`tests/oracles/gate_trades.py`. Both readers and an oracle in plain Python agree on every one.

Every trade is asked twice. The *recorded* book holds each earlier trade that is still open, up to {most} at once; the
gate's *own* book those alone that it let open. Not every pair has hourly closes on record, and a correlation that
cannot be computed blocks: the more positions, the likelier one of them is such a pair, or moves as the newcomer does.
"""


@dataclass(frozen=True)
class Replay:
    """The trades of all files, asked of the gate against one book."""

    tally: Tally
    files: frozenset[str]
    most_open: int
    """The most positions that a book held when a trade was asked."""
    differences: tuple[str, ...]
    """Where a reader or the oracle says otherwise than the scalar reader."""


def replayed(data: Path, opens: Callable[[Verdict], bool]) -> Replay:
    """Every trade of `data`, decided by both readers and by the oracle."""
    reader = Reader(policy(GATE.policy))
    tally: Tally = Counter()
    files: set[str] = set()
    differences: list[str] = []
    most_open = 0
    asked = orders(data, GATE.oracle, opens)
    while batch := list(islice(asked, BATCH)):
        decoded = [reader.policy.decoder.decode(as_json(reader.policy, order.facts)) for order in batch]
        for order, inputs, columns in zip(batch, decoded, told_by_columns(reader, decoded), strict=True):
            told, trade = told_by_scalar(reader, inputs), f"{order.trade.file}:{order.trade.row}"
            if repr(columns) != repr(told):
                differences.append(f"{trade}: scalar {told!r}, columns {columns!r}")
            if differs := GATE.differs(told, order.verdict):
                differences.append(f"{trade}: {differs}, the oracle {order.verdict!r}")
            outcome, rule, *_ = told[0] if len(told) == 2 else (reader.plan.on_error, FAILED)
            tally[outcome, rule] += 1
            files.add(order.trade.file)
            most_open = max(most_open, len(order.facts["portfolio"]["positions"]))
    return Replay(tally, frozenset(files), most_open, tuple(differences))


def section(replays: dict[str, Replay]) -> str:
    """What the page of the policies says of the replays, by the name of the book."""
    recorded = replays["recorded"]
    lines = [TOLD.format(trades=recorded.tally.total(), files=len(recorded.files), most=recorded.most_open)]
    head = ["outcome", "decided by", *(cell for name in BOOKS for cell in (f"{name} book", "share"))]
    lines += [_row(head), _row(["---", "---", *["---:"] * (2 * len(BOOKS))])]
    plan = policy(GATE.policy).plan
    order = [*(case.id for case in plan.all_cases), FAILED]
    found = {one for replay in replays.values() for one in replay.tally}
    for outcome, rule in sorted(found, key=lambda one: (order.index(one[1]), one[0])):
        shown = f"*{outcome}*" if plan.outcomes[outcome] == "block" else outcome
        counts = [replays[name].tally[outcome, rule] for name in BOOKS]
        shares = [f"{count / replays[name].tally.total():.1%}" for name, count in zip(BOOKS, counts, strict=True)]
        lines.append(
            _row([shown, rule, *(cell for pair in zip(map(str, counts), shares, strict=True) for cell in pair)])
        )
    return "\n".join(lines) + "\n\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Replay, and write or print the tally; 1 when anything disagrees."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write docs/policies.md with the tally")
    mode.add_argument("--print", action="store_true", help="print the section alone")
    options = parser.parse_args()
    data = Path(os.environ.get("BASCULE_DATA") or ROOT.parent / "shared" / "data")
    if not (data / "replay_mit").is_dir():
        parser.error(f"no recorded trades in {data}: set BASCULE_DATA to the folder that holds `replay_mit`")
    replays = {name: replayed(data, opens) for name, opens in BOOKS.items()}
    differences = [f"{name} book: {one}" for name, replay in replays.items() for one in replay.differences]
    if differences:
        print(*differences[:20], f"{len(differences)} disagreements", sep="\n", file=sys.stderr)
        return 1
    if options.print:
        print(section(replays), end="")
    else:
        POLICIES.write_text(policies(section(replays)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
