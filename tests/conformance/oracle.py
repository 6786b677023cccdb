"""`python -m tests.conformance.oracle`: random expressions, evaluated by us and by Google's C++ CEL, must agree.

Ours go through what `bascule eval` goes through: parse, check, compile, evaluate. Values agree when they and their
types are the same to the last bit; errors agree when both have one. A difference is either a declared deviation
(`deviations`) or a disagreement; nothing is dropped.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import click

from engine.evaluation import Setting, setting_of_inputs
from engine.scalar.runtime import EvaluationError
from rules.diagnostics import Diagnostics
from rules.source import Source
from rules.times import format_duration, format_timestamp
from rules.types import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    Field,
    ListType,
    MapType,
    Type,
)
from tests.conformance.deviations import DEVIATIONS, met
from tests.oracles import evaluator
from tests.oracles.common_subset import SCALARS, TYPES, Author, given
from tests.oracles.evaluator import World

if TYPE_CHECKING:
    from rules.cel.tree import Node

INPUTS = 2
"""Inputs that each expression is evaluated on."""
WANTED = (*SCALARS, "list:int", "list:double", "list:string", "map:int")
_BASIC: dict[str, Type] = dict(zip(SCALARS, (BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION), strict=True))


@dataclass
class Compared:
    """What came of it."""

    expressions: int = 0
    values: int = 0
    errors: int = 0
    deviating: int = 0
    deviations: Counter[str] = field(default_factory=Counter)
    """By kind; one evaluation may meet several."""
    disagreements: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """One line."""
        return (
            f"{self.expressions} expressions: {self.values} values and {self.errors} errors agree, "
            f"{self.deviating} are declared deviations, {len(self.disagreements)} disagree"
        )


def compare(count: int, seed: int, progress: Any = None, *, to_the_first: bool = False) -> Compared:
    """Compare so many expressions, or those up to the first disagreement. `progress` is called after each."""
    from tests.oracles.cpp import Cpp, Refused, value_of

    cpp, setting, out = Cpp(TYPES), setting_of_inputs(FIELDS), Compared()
    for number in range(count):
        if to_the_first and out.disagreements:
            break
        rng = Random(f"oracle:{seed}:{number}")  # noqa: S311 - made-up expressions need a seed, not secrecy
        text = expression(rng)
        diagnostics = Diagnostics()
        node = setting.check(Source("<expression>", text), diagnostics)
        if node is None:
            out.disagreements.append(f"{text}\n  ours refuses it: {diagnostics.errors[0].message}")
            continue
        try:
            program = cpp.compile(text)
        except Refused as refused:
            out.disagreements.append(f"{text}\n  C++ refuses it: {refused}")
            continue
        out.expressions += 1
        for _ in range(INPUTS):
            values = given(rng)
            _judge(out, text, node, setting, values, value_of(program, values))
        if progress is not None:
            progress()
    return out


def _judge(out: Compared, text: str, node: Node, setting: Setting, values: dict[str, Any], theirs: Any) -> None:
    from tests.oracles.cpp import Error

    inputs = decoded(setting, values)
    ours: Any
    try:
        ours = setting.evaluate(node, inputs)
    except EvaluationError as error:
        ours = Error(error.code)
    if isinstance(ours, Error) and isinstance(theirs, Error):
        out.errors += 1
    elif repr(ours) == repr(_in_our_order(theirs, ours)):  # tells 0.0 from -0.0 and 1 from 1.0
        out.values += 1
    else:
        kinds = kinds_met(setting, node, inputs)
        if kinds:
            out.deviating += 1
            out.deviations.update(kinds)
        else:
            out.disagreements.append(f"{text}\n  ours: {ours!r}\n  C++:  {theirs!r}\n  {values}")


def decoded(setting: Setting, values: dict[str, Any]) -> Any:
    """Values as our decoder gives them, by way of JSON."""
    return setting.decoder.decode(json.dumps(values, default=_as_json).encode())


def kinds_met(setting: Setting, node: Node, inputs: Any) -> set[str]:
    """The declared deviations that evaluating an expression on decoded inputs meets."""
    plan = setting.program.plan
    return met(node, World(plan, {}, evaluator.inputs_of(plan, setting.decoder, inputs)))


def _in_our_order(theirs: Any, ours: Any) -> Any:
    """Maps with their keys in our order: a map has none. Times of both are in UTC."""
    match theirs, ours:
        case dict(), dict() if theirs.keys() == ours.keys():
            return {key: _in_our_order(theirs[key], value) for key, value in ours.items()}
        case list(), list() if len(theirs) == len(ours):
            return [_in_our_order(mine, one) for mine, one in zip(theirs, ours, strict=True)]
        case datetime(), datetime() if theirs == ours:
            return ours
        case _:
            return theirs


def _as_json(value: object) -> str:
    return format_timestamp(value) if isinstance(value, datetime) else format_duration(_length(value))


def _length(value: object) -> timedelta:
    assert isinstance(value, timedelta)
    return value


def _type(said: str) -> Type:
    kind, _, inner = said.partition(":")
    if kind == "list":
        return ListType(_type(inner))
    return MapType(_type(inner)) if kind == "map" else _BASIC[kind]


FIELDS = tuple(Field(name, _type(said)) for name, said in TYPES.items())


def expression(rng: Random) -> str:
    """A random expression."""
    return Author(rng).write(rng.choice(WANTED), rng.choice((1, 2, 2, 3, 3, 4)))


@click.command()
@click.option("--count", default=10_000, show_default=True, help="How many expressions.")
@click.option("--seed", default=1, show_default=True, help="Where the random expressions start.")
def main(count: int, seed: int) -> None:
    """Compare random expressions with Google's C++ implementation of CEL."""
    try:
        import cel_expr_python  # noqa: F401
    except ImportError:
        click.echo("the oracle cannot run: cel-expr-python is not installed (pip install '.[dev]')", err=True)
        sys.exit(2)
    with click.progressbar(length=count, label="expressions", file=sys.stderr, update_min_steps=100) as bar:
        found = compare(count, seed, lambda: bar.update(1))
    for line in found.disagreements[:20]:
        click.echo(line)
    for kind, what in DEVIATIONS.items():
        click.echo(f"  {found.deviations[kind]:6} {kind}: {what}")
    click.echo(found.summary())
    sys.exit(1 if found.disagreements else 0)


if __name__ == "__main__":
    main()
