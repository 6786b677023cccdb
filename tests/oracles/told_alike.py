"""Whether what the symbolic reader tells alike is alike: expressions that are easily confused, grouped, then decided.

    python -m tests.oracles.told_alike [--batches 200] [--seed 0]

Values of one type that are told alike share what is unknown of them, so a proof is false where two are told alike that
can differ. No solver is asked: each group of expressions that one reading of them all tells alike is decided by the
scalar reader on hostile inputs. Where two of a group have a value on the same inputs, it is the same value.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

from engine.policy import Machine, compile_bundle
from engine.symbolic.found import told
from engine.symbolic.proving import Problem
from rules.bundle import load
from tests.engine.small import HEADER, rule_list
from tests.oracles.confusable import Expression, Writer, declared, read_by
from tests.oracles.hostile import Hostile
from tests.oracles.proofs_hold import ASKED, MINE, NEVER, OTHERWISE, OUTPUT_TYPES, decided

PAIRS = 30
"""Of one batch."""
DRAWS = 150
PLACES = (0, 1, 3)
LISTS = (
    "{0}.split(',')", "({1} + {2})", "({1} + {2})", "({1} + {2})", "(flag ? {1} : {2})", "(few > 1 ? {1} : {2})",
    "[{0}]", "ws", "vs", "m.map(k, k)", "{1}.map(q, q + {0})", "{1}.map(q, q + q)", "{1}.filter(q, q != {0})",
    "{1}.filter(q, q in ws)", "{1}.tail(2)", "{1}.tail(few)", "{1}.distinct()", "{1}",
)  # fmt: skip
"""Lists of words: `{0}` is a word, `{1}` and `{2}` are lists."""
JOINED = ("v.split(',')", "w.split(',')", "v.split(',').map(q, q + v)", "[v]", "[w, v]", "ws", "ws.tail(2)", "['a']")
ORDERS = (
    "({0} + {1})", "(({0} + {1}) + {2})", "({0} + ({1} + {2}))", "(flag ? {0} + {1} : {1} + {0})",
    "(flag ? {0} : {1})", "((flag ? {0} : {1}) + {2})", "(flag ? {0} + {2} : {1} + {2})", "({0} + {1}).map(q, q + q)",
    "({0} + {1}).distinct()", "({0} + {1}).tail(2)",
)  # fmt: skip
"""Three of the lists before, in every order."""
WORDS = ("v", "w", "code", "'a'")


@dataclass(frozen=True, slots=True)
class Confused:
    """Two expressions that are told alike, with so many places, and inputs on which they differ."""

    texts: tuple[str, str]
    places: int
    inputs: Mapping[str, Any]
    values: tuple[str, str]

    def __str__(self) -> str:
        pair = "\n".join(f"  {text}\n    {value}" for text, value in zip(self.texts, self.values, strict=True))
        return f"told alike, with {self.places} places:\n{pair}\n  {json.dumps(self.inputs)}"


@dataclass(slots=True)
class Batch:
    """Expressions over one set of inputs, and how many of them were told like another one."""

    rng: Random
    folder: Path
    alike: int = 0

    def of(self, kinds: Mapping[str, str]) -> Iterator[Confused]:
        """Those of some expressions, with the types of their values, that are confused."""
        machine, kept = self._machine(kinds)
        if not kept:
            return
        fields = machine.policies["all"].plan.inputs
        draws = list(Hostile(fields, self.rng).draws(DRAWS))
        found = {name: [self._value(machine, name, draw) for draw in draws] for name in kept}
        for places in PLACES:
            problem = Problem.of(machine.bundle.plans, fields, places)
            groups: dict[Any, list[str]] = {}
            values = {name: problem.deciding.decide(name, problem.inputs).outputs["o"].value for name in kept}
            for name, value in values.items():  # all are kept: what one is told by holds for as long as it is
                groups.setdefault((kinds[kept[name]], told(value)), []).append(name)
            for first, *others in groups.values():
                self.alike += len(others)
                for other in others:
                    pairs = zip(draws, found[first], found[other], strict=True)
                    differ = ((draw, a, b) for draw, a, b in pairs if None not in (a, b) and a != b)
                    for draw, a, b in list(differ)[:1]:
                        yield Confused((kept[first], kept[other]), places, draw, (str(a), str(b)))

    def _machine(self, kinds: Mapping[str, str]) -> tuple[Machine, dict[str, str]]:
        """A policy for each expression, by name with its text; those that the language refuses are left out."""
        names = [*dict.fromkeys(["x", *read_by(*kinds)])]
        head = f"inputs: {{{declared(names)}}}\n"
        bodies = {
            f"p{at}": (text, f"{head}{NEVER}\n{OTHERWISE}\noutputs: {{o: {{type: {kind}, value: {json.dumps(text)}}}}}")
            for at, (text, kind) in enumerate(kinds.items())
        }
        kept = {name: text for name, (text, body) in bodies.items() if self._loaded({name: rule_list(name, body)})}
        documents = {name: rule_list(name, bodies[name][1]) for name in kept}
        documents["all"] = rule_list("all", f"{head}{NEVER}\n{OTHERWISE}")
        machine = self._loaded(documents)
        assert machine is not None, "what loads alone loads with others"
        return machine, kept

    def _loaded(self, documents: Mapping[str, str]) -> Machine | None:
        files = {f"{name}.yaml": text for name, text in documents.items()}
        files |= {"types.yaml": MINE, "asked.yaml": ASKED}
        head = f"{HEADER}kind: Bundle\nmetadata: {{name: small, version: 1.0.0, title: t, owner: o}}\n"
        files["bundle.yaml"] = f"{head}spec: {{includes: {json.dumps(sorted(files))}}}\n"
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        found = load(self.folder).bundle
        return None if found is None else compile_bundle(found)

    def _value(self, machine: Machine, name: str, draw: Mapping[str, Any]) -> str | None:
        """What an expression comes to, to the last bit; None where it fails."""
        found = decided(machine.policies[name], draw)
        return None if found is None or found.outcome != "YES" else json.dumps(found.outputs)


def easily_confused(rng: Random) -> dict[str, str]:
    """Pairs of expressions that differ in one spot, with their types."""
    found: dict[str, str] = {}
    while len(found) < 2 * PAIRS:
        _, one, other = Writer(rng).pair()
        found |= {each.text: _type(each) for each in (one, other) if _plain(each)}
    return found


def _type(one: Expression) -> str:
    return OUTPUT_TYPES.get(one.kind, one.kind)


def _plain(one: Expression) -> bool:
    """Whether it reads nothing but inputs, and its value is told by what it is."""
    return one.kind not in ("map", "Item") and "params." not in one.text and not {"a.", "b."} & {*one.text.split()}


def orders(rng: Random) -> dict[str, str]:
    """Lists joined in every order."""
    forms = rng.sample(ORDERS, 6)
    made = (form.format(*parts) for parts in permutations(rng.sample(JOINED, 3)) for form in forms)
    return dict.fromkeys(made, OUTPUT_TYPES["list:string"])


def lists(rng: Random) -> dict[str, str]:
    """Lists that are made of one another."""

    def made(depth: int) -> str:
        mine = [form for form in LISTS if ("{1}" in form) == (depth > 0)]
        parts = [rng.choice(WORDS), made(rng.randrange(depth)) if depth else "", made(depth - 1) if depth else ""]
        rng.shuffle(swapped := parts[1:])
        return rng.choice(mine).format(parts[0], *swapped)

    return {made(rng.choice((1, 1, 2, 2, 3))): OUTPUT_TYPES["list:string"] for _ in range(3 * PAIRS)}


def confused(batches: int, seed: int) -> Iterator[tuple[int, int, Confused | None]]:
    """Each batch by its seed: how many were told like another one, and each two that are confused."""
    with tempfile.TemporaryDirectory() as folder:
        for at in range(seed, seed + batches):
            rng = Random(f"told alike:{at}")  # noqa: S311 - a seed is enough
            batch = Batch(rng, Path(folder))
            make = (easily_confused, orders, lists)[at % 3]
            wrong: list[Confused | None] = list(batch.of(make(rng)))
            yield from ((at, batch.alike, one) for one in wrong or [None])


def main() -> int:
    """Compare, with progress on standard error; 1 when two are confused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=200, help="how many times sixty expressions or more")
    parser.add_argument("--seed", type=int, default=0, help="where the seeds start")
    options = parser.parse_args()
    alike: dict[int, int] = {}
    wrong = 0
    for at, count, found in confused(options.batches, options.seed):
        alike[at] = count
        if found is not None:
            wrong += 1
            print(f"seed {at} {found}", flush=True)
        if at % 20 == 19:
            print(f"{len(alike)} batches: {sum(alike.values())} told alike", file=sys.stderr, flush=True)
    print(f"{len(alike)} batches: {sum(alike.values())} told like another one, {wrong} of them differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
