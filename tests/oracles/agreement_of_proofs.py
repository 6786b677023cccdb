"""Where the symbolic reader decides otherwise than the scalar and the columnar one.

    python -m tests.oracles.agreement_of_proofs [--models 5000] [--programs 20000] [--seed 0]

Of inputs that a solver finds, and of random inputs of generated policies: known, and fixed after the policy was decided
for all inputs. What is told of models that did not show their row is how often a double was rounded on the way to
inputs, or something is modelled loosely.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import z3

from engine.columnar.reader import Reader
from engine.faults import InputsRefused
from engine.policy import Machine, compile_bundle
from engine.scalar.known import Row
from engine.symbolic.terms import lifted
from engine.symbolic.witness import Witness
from tests.engine.shipped import HISTORY, bundle, machine
from tests.engine.small import checked
from tests.oracles.agreement import compare
from tests.oracles.programs import bundle_texts
from tests.oracles.symbolic import Asked, by_scalar, differs, plain_inputs, unknowns_of
from tests.oracles.values import input_values, moved_parameters

PLACES = 4
ROWS = 4
"""Inputs of each generated policy; one of them is also fixed afterwards."""
VARIED = 12
"""Unknowns of a model that are asked to lie on one side of something, where they can."""
SOLVING_MS = 2000
Ended = Counter[str]


# -- models


@dataclass(slots=True)
class Sampler:
    """Models of one policy: inputs that a solver finds for its rows."""

    asked: Asked
    rng: Random
    solver: Any
    unknown: list[Any]

    @classmethod
    def of(cls, asked: Asked, rng: Random) -> Sampler:
        deciding = asked.problem.deciding
        solver = z3.Solver()
        solver.set("timeout", SOLVING_MS)
        facts = [*deciding.space.holding, *deciding.words.facts()]
        solver.add(*facts, *(term == 0 for term in deciding.unknowns.beyond))
        unknown = sorted((t for t in unknowns_of_inputs(asked)), key=str)
        return cls(asked, rng, solver, unknown)

    def model(self, row: Row) -> dict[str, Any] | None:
        """Inputs of which the solver says that they give a row; None where there are none, or it gives up."""
        self.solver.push()
        try:
            self.solver.add(lifted(self.asked.rows[row]))
            if self.solver.check() != z3.sat:
                return None
            model = self._varied(self.solver.model())
            problem = self.asked.problem
            return Witness(model, problem.deciding.words).inputs(problem.fields, problem.inputs)
        finally:
            self.solver.pop()

    def _varied(self, model: Any) -> Any:
        """A model with some unknowns where they were not at first."""
        for term in self.rng.sample(self.unknown, min(VARIED, len(self.unknown))):
            self.solver.push()
            self.solver.add(self._elsewhere(term, model.eval(term, model_completion=True)))
            if self.solver.check() == z3.sat:
                model = self.solver.model()
            self.solver.pop()
        return model

    def _elsewhere(self, term: Any, value: Any) -> Any:
        if z3.is_bool(term):
            return term == (self.rng.random() < 0.5)
        aside = Fraction(self.rng.choice((0, 1, 2, 5, 0.1, 0.75, 50, 1000, 86_400_000_000)))
        bound = aside if self.rng.random() < 0.5 else -aside
        whole = z3.IntVal(int(bound)) if term.is_int() else lifted(bound)
        return self.rng.choice((term > whole, term < whole, term != value, term > value, term < value))


def unknowns_of_inputs(asked: Asked) -> list[Any]:
    """The unknowns of the inputs of a policy, as far as they were read."""
    names = {f.name for f in asked.problem.fields}
    found = unknowns_of(asked.problem.deciding.space.holding)
    return [t for name, t in found.items() if name.removeprefix("size ").partition("!")[0].partition(".")[0] in names]


def models(folder: str, name: str, count: int, seed: int, ended: Ended) -> Iterator[str]:
    """Differences on so many models of a shipped policy, its rows in turn."""
    found, policy = machine(folder), machine(folder).policies[name]
    asked = Asked.of(bundle(folder).plans, policy, PLACES)
    sampler = Sampler.of(asked, Random(f"models:{name}:{seed}"))  # noqa: S311 - a seed is enough
    wanted = [row for row, truth in asked.rows.items() if truth is not False]
    reader = Reader(policy)
    sort = "loose" if asked.loose else "tight"
    for at in range(count):
        row = wanted[(at + seed) % len(wanted)]
        inputs = sampler.model(row)
        if inputs is None:
            ended["none found"] += 1
            continue
        try:
            decoded = policy.decoder.decode(json.dumps(inputs))
        except InputsRefused:
            ended["refused"] += 1
            continue
        mine, _ = by_scalar(policy, decoded)
        ended[sort] += 1
        ended[f"{sort}, shown"] += mine == row
        yield from compare(reader, [decoded], Counter())
        yield from filter(None, [differs(found.bundle.plans, policy, decoded)])
        yield from _fixed(asked, plain_inputs(policy, decoded), mine, ended)


def _fixed(asked: Asked, inputs: dict[str, Any], row: Row, ended: Ended) -> Iterator[str]:
    """How a policy on unknown inputs that are fixed differs from the scalar reader's row."""
    ways = asked.ways(inputs, row)
    ended["fixed" if ways.this is not None else "not found out"] += 1
    if ways.this is False:
        yield f"{asked.decided.plan.name}: {row} cannot come of {inputs}"
    if ways.other:
        yield f"{asked.decided.plan.name}: another row than {row} may come of {inputs}"


# -- generated policies


def programs(seeds: range, ended: Ended) -> Iterator[tuple[int, str]]:
    """Differences on the generated bundles of some seeds; those the checker refuses give none."""
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            found = checked(Path(folder), *bundle_texts(seed))
            if found.bundle is not None:
                ended["bundles"] += 1
                yield from ((seed, one) for one in of_machine(compile_bundle(found.bundle), seed, ended))


def of_machine(found: Machine, seed: int, ended: Ended) -> Iterator[str]:
    """Differences of the policies of a bundle, on random inputs and sometimes other parameters."""
    rng = Random(f"proofs:{seed}")  # noqa: S311 - made-up inputs need a seed, not secrecy
    plans = found.bundle.plans
    for published in found.policies.values():
        moved = moved_parameters(published.plan, rng) if rng.random() < 0.3 else {}
        policy = published.with_parameters(moved) if moved else published
        for at in range(ROWS):
            decoded = policy.decoder.decode(json.dumps(input_values(policy.plan.inputs, rng)))
            row, _ = by_scalar(policy, decoded)
            ended[row[2] if row[1] != "error" else "fails"] += 1
            yield from filter(None, [differs(plans, policy, decoded)])
            if at == 0:
                yield from _fixed(Asked.of(plans, policy, PLACES), plain_inputs(policy, decoded), row, ended)


def main() -> int:
    """Compare, with progress on standard error; 1 when the readers differ somewhere."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=5_000, help="in all")
    parser.add_argument("--programs", type=int, default=20_000, help="generated bundles")
    parser.add_argument("--seed", type=int, default=0, help="where the seeds start")
    options = parser.parse_args()
    ended: Ended = Counter()
    shipped = [(folder, name) for folder in ("policies", HISTORY) for name in machine(folder).policies]
    differing = 0
    for folder, name in shipped if options.models else ():
        each = -(-options.models // len(shipped)) if options.models else 0
        for one in models(folder, name, each, options.seed, ended):
            differing += 1
            print(one)
        print(f"{folder} {name}: {dict(ended)}", file=sys.stderr)
    for seed, one in programs(range(options.seed, options.seed + options.programs), ended):
        differing += 1
        print(f"seed {seed} {one}")
    print(f"{dict(ended)}\n{differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
