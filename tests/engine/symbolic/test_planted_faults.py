"""A fault planted in one reader is found by comparing it with the others, on a small policy and a few inputs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from engine.columnar import arithmetic as columns
from engine.columnar import translations as columnar
from engine.columnar.calls import Vector
from engine.columnar.reader import Reader
from engine.policy import Machine
from engine.scalar import translations as scalar
from engine.scalar.translations import Translation
from engine.symbolic import arithmetic, expressions, functions, rounding
from engine.symbolic.found import Found
from engine.symbolic.space import Number
from engine.symbolic.terms import conj, disj, plus
from rules.types import INT_MAX
from tests.engine.small import machine_of, rule_list, thing
from tests.oracles.agreement import compare
from tests.oracles.symbolic import Asked, by_scalar, differs, plain_inputs

Plant = Callable[[pytest.MonkeyPatch], None]
POLICY = rule_list(
    "small",
    """
    inputs: {thing: Thing}
    rules:
      - {id: sum, when: thing.x + 0.1 == 0.6, outcome: NO, reason: sum}
      - {id: less, when: thing.x < 1.0, outcome: NO, reason: less}
      - {id: quotient, when: 10 / (thing.n - 3) == 5, outcome: NO, reason: quotient}
      - {id: either, when: thing.n > 40 && 7 / (thing.n - 50) == 7 || thing.n == 50, outcome: NO, reason: either}
      - {id: both, when: thing.n == 60 && 7 / (thing.n - 60) == 7, outcome: NO, reason: both}
      - {id: overflow, when: thing.n + 5 > 100, outcome: NO, reason: overflow}
    otherwise: {outcome: 'YES', reason: fine}
    """,
)
XS = (0.5, 0.75, 1.0, 1.5)
NS = (2, 3, 4, 5, 50, 60, 200, INT_MAX)
INPUTS = [json.dumps({"thing": thing(x=x, n=n)}) for x, n in product(XS, NS)]


def differing(machine: Machine) -> set[str]:
    """What differs from the scalar reader: columns, known inputs, unknown ones that are fixed."""
    policy, plans = machine.policies["small"], machine.bundle.plans
    decoded = [policy.decoder.decode(one) for one in INPUTS]
    found = {"columns"} if list(compare(Reader(policy), decoded, Counter())) else set()
    found |= {"constants"} if any(differs(plans, policy, one) for one in decoded) else set()
    return found | ({"fixed"} if any(_otherwise(plans, policy, decoded)) else set())


def _otherwise(plans: Any, policy: Any, decoded: list[Any]) -> Iterator[bool]:
    asked = Asked.of(plans, policy, 1)
    for one in decoded:
        ways = asked.ways(plain_inputs(policy, one), by_scalar(policy, one)[0])
        yield ways.this is False or ways.other is True


def written(ident: str, code: str) -> Plant:
    """The scalar reader's code of a function."""
    return lambda patch: patch.setitem(scalar.TRANSLATIONS, ident, Translation(code, code))


def vector(ident: str, *forms: Any) -> Plant:
    """The columnar reader's code of a function."""
    return lambda patch: patch.setitem(columnar.TRANSLATIONS, ident, Vector(*forms))


def modelled(ident: str, form: Any) -> Plant:
    """The symbolic reader's model of a function."""
    return lambda patch: patch.setitem(cast("dict[str, Any]", functions.MODELLED), ident, form)


def _unrounded(site: Any) -> Any:
    a, b = site.number(0), site.number(1)
    return Number(plus(a.term, b.term), a.low + b.low, a.high + b.high), False


def _quotient_of_zero(site: Any) -> Any:
    value, _ = arithmetic.ARITHMETIC["divide_int"](site)
    return value, False


def _unabsorbed(reader: Any, node: Any, inner: Any) -> Found:
    left, right = reader.found(node.left, inner), reader.found(node.right, inner)
    form = disj if node.operator == "||" else conj
    return Found(form(left.value, right.value), disj(left.fails, right.fails))


def _dropped(reader: Any, node: Any, inner: Any) -> Found:
    return Found(_unabsorbed(reader, node, inner).value)


SYMBOLIC = {"constants", "fixed"}
EVERYWHERE = {"columns", *SYMBOLIC}
FAULTS: dict[str, tuple[Plant, set[str]]] = {
    "scalar: a comparison that admits the bound": (written("less_double", "{0} <= {1}"), EVERYWHERE),
    "scalar: a flipped comparison": (written("less_double", "{0} > {1}"), EVERYWHERE),
    "scalar: a missed overflow": (written("add_int", "{0} + {1}"), EVERYWHERE),
    "scalar: a dropped error": (written("divide_int", "{0} // ({1} or 1)"), EVERYWHERE),
    "columnar: a comparison that admits the bound": (vector("less_double", np.less_equal), {"columns"}),
    "columnar: a flipped comparison": (vector("less_double", np.greater), {"columns"}),
    "columnar: a missed overflow": (vector("add_int", np.add), {"columns"}),
    "columnar: a dropped error": (vector("divide_int", columns.divide_int), {"columns"}),
    "symbolic: a comparison that admits the bound": (
        modelled("less_double", functions._order(swapped=False, strict=False)), SYMBOLIC,
    ),
    "symbolic: a flipped comparison": (
        modelled("less_double", functions._order(swapped=True, strict=True)), SYMBOLIC,
    ),
    "symbolic: a missed overflow": (
        lambda patch: patch.setattr(arithmetic, "checked", lambda exact, _: (exact, False)), SYMBOLIC,
    ),
    "symbolic: a dropped error": (modelled("divide_int", _quotient_of_zero), SYMBOLIC),
    "symbolic: errors that logic drops": (
        lambda patch: patch.setattr(expressions.Expressions, "_logic", _dropped), SYMBOLIC,
    ),
    "symbolic: errors that logic does not absorb": (
        lambda patch: patch.setattr(expressions.Expressions, "_logic", _unabsorbed), SYMBOLIC,
    ),
    "symbolic: a sum that is not rounded": (modelled("add_double", _unrounded), SYMBOLIC),
    "symbolic: a rounding that loses nothing": (
        lambda patch: patch.setattr(rounding, "UNIT", rounding.UNIT / 2**20), {"fixed"},
    ),
}  # fmt: skip


def test_without_a_fault_there_is_no_difference(tmp_path: Path) -> None:
    assert differing(machine_of(tmp_path, POLICY)) == set()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, wanted = FAULTS[fault]
    plant(monkeypatch)
    assert differing(machine_of(tmp_path, POLICY)) == wanted
