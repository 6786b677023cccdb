"""Writes `docs/benchmarks.md`: every benchmark run on this machine, with what it was run on and how to read it.

    python -m benchmarks.report [--rounds N] [--print]

The page is written by this command only. Exit 1 when a benchmark's bound is broken; the page says which.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
COMMAND = "make benchmarks"
WIDTH = 120

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """A heading, what it is about, the columns of its table, and the command that measures it."""

    heading: str
    text: str
    columns: tuple[str, ...]
    script: str


TIMES = ("p50", "p95", "p99")
OURS = Section(
    "One decision",
    "The entry policy on 1 000 snapshots of about {mean_bytes} bytes of JSON, 100 for each of the ten results "
    "reachable at the defaults, in a fixed random order. Nanoseconds per decision; *x hand* is the ratio to the same "
    "checks written by hand in Python over decoded inputs, *x decode* the ratio to our decoder alone. *msgspec alone* "
    "parses into typed structures; *decode* also checks patterns, brings times to UTC and refuses members said twice, "
    "and is what every decision from bytes begins with.",
    ("from decoded inputs, or from bytes", *TIMES, "x hand", "x decode"),
    "decide.py",
)
PEERS = Section(
    "Against what else could be picked",
    "The same policy in other tools, each from the same bytes, read once beforehand and written to be fast: outcome "
    "and rule, no reason. *Facts* says who computes sums and counts over the positions: the policy, or Python from the "
    "parsed JSON (within the time shown), where the language cannot or is slower at it. All agree with us on every "
    "snapshot timed, or there would be no page. *At the edges* counts agreement on snapshots one ulp, one microsecond "
    "or one position from a threshold. None of these policies refuses a snapshot that is incomplete or out of "
    "bounds; a peer *after our checks* does what we do.",
    ("peer", "version", "language", "facts", *TIMES, "x hand", "x decode", "at the edges"),
    "decide.py",
)
BOUNDS = Section(
    "Bounds",
    "What the command checks. It exits with 1 when one is broken. A peer that is ahead parses and decides in one "
    "compiled step and checks nothing: hold it against *msgspec alone, hand-written*, which checks nothing either, and "
    "look at the peer *after our checks*.",
    ("figure", "measured", "at most", "holds"),
    "decide.py",
)
STEPS = Section(
    "From bytes to decision",
    "Instructions of Python and objects made, counted on ten snapshots of each result; nanoseconds of processor time.",
    ("step", "instructions", "objects", "ns", "share"),
    "path.py",
)
RULES = Section(
    "What a rule costs that is tried",
    "Within the verdict on decoded inputs, by the rule that applied. Rules that do not apply make no objects: those "
    "counted are what conditions compute (the age of a trade, a sum), which does not grow with the rules tried.",
    ("rule that applied", "rules tried before", "instructions", "objects"),
    "path.py",
)
READY = Section(
    "Getting ready",
    "The shipped bundle read, checked and compiled; and a whole process from start to answer. Seconds.",
    ("what", "median", "most"),
    "compile.py",
)
COLUMNS = Section(
    "Columns",
    "Many recorded decisions at once, beside one after the other. Nanoseconds per decision.",
    ("reader", *TIMES, "million a second"),
    "columns.py",
)
GATE = Section(
    "The gate",
    "The verdict of the gate on decoded inputs, with all the policies it asks, beside the same checks written by hand. "
    "Without correlation the step is left out of both; with it, the hand-written gate asks numpy for each position. "
    "Nanoseconds per decision.",
    ("gate", *TIMES, "x hand", "results"),
    "gate.py",
)
SECTIONS = (OURS, PEERS, BOUNDS, STEPS, RULES, READY, COLUMNS, GATE)


def scripts() -> tuple[str, ...]:
    """The benchmarks that are here, in the order of the page."""
    named = dict.fromkeys(section.script for section in SECTIONS)
    return tuple(name for name in named if (ROOT / "benchmarks" / name).exists())


def run(script: str, options: Sequence[str]) -> tuple[Figures, bool]:
    """The figures of a benchmark, and whether its bounds hold. Exits when it gave none."""
    command = [sys.executable, f"benchmarks/{script}", "--json", *options]
    print(f"running {' '.join(command[1:])}", file=sys.stderr)
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)  # noqa: S603 -- our own program
    try:
        figures: Figures = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"benchmarks/{script} gave no figures (exit {done.returncode})") from None
    return figures, done.returncode == 0


def rows(section: Section, figures: Figures) -> Iterator[Sequence[str]]:
    """The rows of a section's table."""
    match section.heading:
        case OURS.heading:
            yield from ((row["what"], *_times(row)) for row in figures["rows"])
        case PEERS.heading:
            for row in figures["peers"]:
                edges = f"{row['edges_right']} of {row['edges']}"
                yield (row["what"], row["version"] or "", row["language"], row["facts"], *_times(row), edges)
            for row in figures["checked"]:
                yield (row["what"], "", "", "", *_times(row), "")
        case BOUNDS.heading:
            for row in figures["bounds"]:
                yield row["what"], f"{row['measured']:.3f}", f"{row['most']:.1f}", "yes" if row["holds"] else "**no**"
        case STEPS.heading:
            for row in figures["steps"]:
                counted = f"{row['instructions']:,}", f"{row['objects']:.1f}"
                yield row["step"], *counted, f"{row['ns']:,}", f"{row['share']:.0%}"
        case RULES.heading:
            for row in figures["rules"]:
                made = dict.fromkeys((row["least_objects"], row["most_objects"]))
                counted = str(row["tried_before"]), str(row["instructions"])
                yield row["rule"], *counted, " to ".join(map(str, made))
        case READY.heading:
            yield from ((row["what"], f"{row['median_s']:.3f}", f"{row['max_s']:.3f}") for row in figures["rows"])
        case COLUMNS.heading:
            for reader in ("columns", "scalar"):
                row = figures[reader]
                yield reader, *(f"{row[f'{name}_ns']:,}" for name in TIMES), f"{row['million_a_second']}"
        case GATE.heading:
            for row in figures["rows"]:
                times = (f"{row[f'{name}_ns']:,}" for name in TIMES)
                yield row["what"], *times, f"{row['to_hand']:.2f}", str(row["results"])


def notes(section: Section, figures: Figures) -> Iterator[str]:
    """What stands under a section's table."""
    if section is PEERS:
        for row in figures["peers"]:
            if row["inexact"]:
                yield f"{row['what']} at the edges: {row['inexact']}."
            if row["timed_on"] < figures["snapshots"]:
                yield f"{row['what']} is timed on {row['timed_on']} of the snapshots, in the same mix."
        yield from (f"{name} was left out: {why}." for name, why in figures["skipped"].items())
    if section is COLUMNS:
        yield f"Columns take {figures['ratio']} times less, on rows of which {figures['long_rows']:,} are long."


def page(measured: Mapping[str, Figures]) -> str:
    """The page, from the figures of each benchmark by the name of its script."""
    parts = [INTRODUCTION.format(command=COMMAND, python=platform.python_version(), machine=machine())]
    for section in SECTIONS:
        if section.script in measured:
            figures = measured[section.script]
            lines = [f"## {section.heading}", "", fill(section.text.format_map(figures), WIDTH), ""]
            lines += [f"Printed by `python benchmarks/{section.script}`.", ""]
            lines += [*table(section.columns, rows(section, figures))]
            noted = list(notes(section, figures))
            parts.append("\n".join([*lines, *([""] if noted else []), *(f"- {note}" for note in noted)]))
    return "\n\n".join(parts) + "\n"


def table(columns: Sequence[str], body: Iterator[Sequence[str]]) -> Iterator[str]:
    """A table in Markdown."""
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    for row in body:
        yield f"| {' | '.join(row)} |"


def _times(row: Figures) -> tuple[str, ...]:
    ratios = tuple(f"{row[name]:.2f}" for name in ("to_hand", "to_decode"))
    return tuple(f"{row[f'{name}_ns']:,}" for name in TIMES) + ratios


def machine() -> str:
    """The processor, as the system calls it, and how many there are."""
    model = platform.processor() or platform.machine()
    described = Path("/proc/cpuinfo")
    if described.exists():
        named = [line.partition(":")[2].strip() for line in described.read_text().splitlines() if "model name" in line]
        model = named[0] if named else model
    return f"{model}, {os.cpu_count()} processors"


INTRODUCTION = """# Benchmarks

Written by `{command}`, and by nothing else: run it again rather than edit. These figures are of Python {python} on
{machine}.

## How to read it

- Figures of different machines, or of different runs on a busy one, do not compare. Ratios do: they are taken within
  one run, in processor time, between passes over the same snapshots in the order A B B A, and are the median over the
  rounds.
- p50, p95 and p99 are over single decisions, each timed by itself on the wall clock. Everybody's include the same cost
  of reading the clock, some tens of nanoseconds, and what other programs on the machine took; contenders alternate, so
  that it falls on all alike.
- What stands before the first round is frozen out of garbage collection, as a service does after loading a policy;
  collection is on while decisions are made."""


def main() -> int:
    """Run everything, write the page, and fail when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, help="measured rounds of decide.py, instead of its own choice")
    parser.add_argument("--print", action="store_true", help="print the page and leave the file alone")
    options = parser.parse_args()
    measured: dict[str, Figures] = {}
    broken: list[str] = []
    for script in scripts():
        rounds = ["--rounds", str(options.rounds)] if options.rounds and script == "decide.py" else []
        measured[script], holds = run(script, rounds)
        if not holds:
            broken.append(script)
    text = page(measured)
    if options.print:
        print(text, end="")
    else:
        PAGE.write_text(text, "utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}", file=sys.stderr)
    if broken:
        print(f"a bound is broken: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
