"""Where the columnar reader decides otherwise than the scalar one: in outcome, rule, outputs or error.

    python -m tests.oracles.agreement [--snapshots 200000] [--programs 20000] [--seed 0]

Doubles are compared by their bits. Errors are compared by code, rule and the expression that failed; of two equal
expressions either may be named, because both readers compute them once.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from msgspec import UNSET

from engine.columnar.building import natives
from engine.columnar.reader import Reader
from engine.policy import Machine, compile_bundle
from engine.scalar.program import Program
from engine.scalar.runtime import EvaluationError
from engine.scalar.shapes import Key, free_locals, key_of
from rules.cel.tree import Node
from tests.engine.shipped import HISTORY, as_json, policy
from tests.engine.small import checked
from tests.oracles.programs import bundle_texts
from tests.oracles.snapshots import generate
from tests.oracles.values import input_values, moved_parameters

Told = tuple[Any, ...]
SHIPPED = tuple((folder, name) for folder in ("policies", HISTORY) for name in ("entry", "allocation"))
ROWS = 20
"""Rows for each generated policy."""


def compare(reader: Reader, decoded: Sequence[Any], ended: Counter[str]) -> Iterator[str]:
    """A text for each row on which the readers differ; counts in `ended` how the rows ended."""
    by_columns = list(told_by_columns(reader, decoded))
    for at, inputs in enumerate(decoded):
        mine, wanted = by_columns[at], told_by_scalar(reader, inputs)
        ended[wanted[0] if len(wanted) == 4 else wanted[0][2]] += 1
        if repr(mine) != repr(wanted):  # tells 0.0 from -0.0 and 1 from 1.0
            yield f"{reader.plan.name} row {at}:\n  columns {mine!r}\n  scalar  {wanted!r}\n  {inputs!r}"


def told_by_scalar(reader: Reader, inputs: Any) -> Told:
    """What the scalar reader decides; its verdict alone must be the same."""
    program, structs = reader.policy.program, reader.structs
    unpacked = reader.policy.unpack(inputs)
    alone = verdict_alone(program, unpacked)
    try:
        row, _, values, _ = program.full(*unpacked)
    except EvaluationError as error:
        if alone != error.code:
            raise AssertionError(f"alone {alone}, in full {error.code}: {inputs!r}") from error
        node, rule = program.where(error)
        return error.code, reader.plan.on_error, rule, expression(node)
    if alone != row:
        raise AssertionError(f"alone {alone}, in full {row}: {inputs!r}")
    outputs = zip(reader.plan.outputs, values, strict=True)
    return row, {o.name: structs.plain(o.type, value) for o, value in outputs if value is not UNSET}


def verdict_alone(program: Program, inputs: tuple[Any, ...]) -> tuple[str, str, str] | str:
    """The row that a policy decides without telling more, or the code of its error."""
    try:
        return program.verdict(*inputs)
    except EvaluationError as error:
        return error.code


def told_by_columns(reader: Reader, decoded: Sequence[Any]) -> Iterator[Told]:
    """What the columnar reader decides, row by row."""
    found = reader.decide(reader.chunk(decoded))
    outputs = {
        o.name: natives(o.type, found.outputs[o.name], len(decoded), reader.structs) for o in reader.plan.outputs
    }
    for at in range(len(decoded)):
        row, failed = found.row(at), found.error(at)
        if failed is not None:
            yield failed[0], row[0], row[1], expression(failed[1])
            continue
        held = {o.name: (o.type, outputs[o.name][at]) for o in reader.plan.outputs}
        yield row, {name: reader.structs.plain(t, v) for name, (t, v) in held.items() if v is not UNSET}


def expression(node: Node) -> Key:
    """What an expression computes, whatever its loop variables are called."""
    return key_of(node, dict.fromkeys(free_locals(node), 0))


def shipped(count: int, seed: int, ended: Counter[str]) -> Iterator[list[str]]:
    """Differences on snapshots crowded round the thresholds of each shipped policy, some hundreds at a time."""
    for folder, name in SHIPPED:
        found = policy(name, folder)
        reader, snapshots = Reader(found), generate(count, seed)
        while batch := list(islice(snapshots, 5000)):
            yield list(compare(reader, [found.decoder.decode(as_json(name, one)) for one in batch], ended))


def programs(seeds: range, ended: Counter[str]) -> Iterator[list[str]]:
    """Differences on the generated bundles of some seeds, bundle after bundle; those the checker refuses give none."""
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            texts = bundle_texts(seed)
            found = checked(Path(folder), *texts)
            if found.bundle is not None:
                ended["bundles"] += 1
                yield [f"seed {seed} {one}" for one in of_machine(compile_bundle(found.bundle), seed, ended)]


def of_machine(machine: Machine, seed: int, ended: Counter[str]) -> Iterator[str]:
    """Differences of the policies of a bundle, on random inputs and sometimes other parameters."""
    rng = Random(f"columns:{seed}")  # noqa: S311 - made-up inputs need a seed, not secrecy
    for found in machine.policies.values():
        reader = Reader(found)
        if rng.random() < 0.3:
            reader = reader.with_parameters(moved_parameters(found.plan, rng))
        rows = [json.dumps(input_values(found.plan.inputs, rng)) for _ in range(ROWS)]
        yield from compare(reader, [found.decoder.decode(row) for row in rows], ended)


def main() -> int:
    """Compare, with progress on standard error; 1 when the readers differ somewhere."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snapshots", type=int, default=200_000, help="for each shipped policy")
    parser.add_argument("--programs", type=int, default=20_000, help="generated bundles")
    parser.add_argument("--seed", type=int, default=0, help="where the seeds start")
    options = parser.parse_args()
    ended: Counter[str] = Counter()
    seeds = range(options.seed, options.seed + options.programs)
    differing = 0
    shown = time.monotonic()
    for source in (shipped(options.snapshots, options.seed, ended), programs(seeds, ended)):
        for differences in source:
            differing += len(differences)
            for one in differences[:2]:
                print(one)
            if time.monotonic() - shown > 5:
                shown = time.monotonic()
                rows = sum(ended.values()) - ended["bundles"]
                print(f"{rows:,} rows, {ended['bundles']:,} bundles, {differing} differ", file=sys.stderr)
    print(f"{dict(ended)}\n{differing} rows differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
