"""Our CEL agrees with Google's C++ CEL on random expressions; `make oracle` compares many more.

`BASCULE_ORACLE` says how many are compared, `BASCULE_ORACLE_SEED` where they start.
"""

from __future__ import annotations

import os
from random import Random

import pytest

from engine.evaluation import setting_of_inputs
from engine.scalar.runtime import EvaluationError
from engine.scalar.translations import TRANSLATIONS, Translation
from rules.cel.functions import OVERLOADS
from rules.cel.tree import Call, walk
from rules.diagnostics import Diagnostics
from rules.source import Source
from tests.conformance import oracle
from tests.conformance.deviations import DEVIATIONS, met
from tests.oracles import python_cel
from tests.oracles.common_subset import given
from tests.oracles.evaluator import World

COUNT = int(os.environ.get("BASCULE_ORACLE", "1000"))
SEED = int(os.environ.get("BASCULE_ORACLE_SEED", "1"))
OURS_ALONE = {
    *("sum", "min", "max", "tail", "leastBy", "comparable", "correlation", "distinct"),
    *("negate_duration", "bool_bool", "string_string", "string_enum", "double_double", "int_int"),
}
"""Functions that the common subset leaves out, by their id or its first word."""


@pytest.fixture
def cpp() -> None:
    pytest.importorskip("cel_expr_python", reason="Google's C++ CEL is not installed: pip install cel-expr-python")


@pytest.mark.usefixtures("cpp")
def test_random_expressions_agree() -> None:
    found = oracle.compare(COUNT, SEED)
    assert not found.disagreements, "\n".join(found.disagreements[:5])
    assert found.expressions == COUNT
    assert found.values > COUNT
    assert found.errors > COUNT / 10
    assert found.deviating < COUNT / 10


@pytest.mark.usefixtures("cpp")
@pytest.mark.parametrize(
    ("ident", "wrong"),
    [
        ("modulo_int", "{0} % ({1} or 1)"),
        ("getHours_zone", "PART({0}, 'hour')"),
        ("substring", "{0}[{1}:]"),
        ("string_double", "str({0})"),
    ],
)
def test_a_fault_is_noticed(monkeypatch: pytest.MonkeyPatch, ident: str, wrong: str) -> None:
    monkeypatch.setitem(TRANSLATIONS, ident, Translation(wrong, wrong))
    assert oracle.compare(6000, SEED, to_the_first=True).disagreements


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("1.0 / 0.0 > 1.0", {"not-finite"}),
        ("1e308 * 10.0 > 1.0 || true", {"not-finite"}),
        ("true || 1.0 / 0.0 > 1.0", set()),
        ("1 / 0 > 1", set()),
        ("string(duration('500ms'))", {"decimals"}),
        ("string(duration('5s'))", set()),
        ("duration('200000h') + duration('2500000h') > duration('0s')", {"long-duration"}),
        ("duration('2600000h') > duration('0s')", {"long-duration"}),
        ("''.split('')", {"split-of-nothing"}),
        ("'ab'.substring(0, 2)", {"substring-to-the-end"}),
        ("'ab'.substring(0, 1)", set()),
        ("1 + 1", set()),
    ],
)
def test_a_deviation_is_told_from_the_evaluation(text: str, kinds: set[str]) -> None:
    setting = setting_of_inputs(())
    node = setting.check(Source("expression", text), Diagnostics())
    assert node is not None
    assert met(node, World(setting.program.plan, {}, {})) == kinds
    assert kinds <= DEVIATIONS.keys()


def test_the_expressions_use_every_function_of_the_common_subset() -> None:
    setting = setting_of_inputs(oracle.FIELDS)
    unseen = {overload.id for overload in OVERLOADS}
    unseen -= {ident for ident in unseen if {ident, ident.partition("_")[0]} & OURS_ALONE}
    for number in range(6000):
        rng = Random(f"uses:{number}")  # noqa: S311 - made-up expressions need a seed, not secrecy
        node = setting.check(Source("expression", oracle.expression(rng)), Diagnostics())
        assert node is not None
        unseen -= {part.overload.id for part in walk(node) if isinstance(part, Call)}
        if not unseen:
            break
    assert not unseen


def test_random_expressions_agree_with_cel_python() -> None:
    setting, asked, alike = setting_of_inputs(oracle.FIELDS), 0, 0
    for number in range(COUNT):
        rng = Random(f"third:{SEED}:{number}")  # noqa: S311 - as above
        text = oracle.expression(rng)
        node = setting.check(Source("expression", text), Diagnostics())
        assert node is not None
        if not python_cel.is_right_of(node):
            continue
        values = given(rng)
        decoded = oracle.decoded(setting, values)
        try:
            ours = repr(setting.evaluate(node, decoded))
        except EvaluationError:
            ours = "error"
        found = python_cel.value_of(text, values)
        theirs = "error" if isinstance(found, python_cel.Error) else repr(found)
        kinds = set() if ours == theirs else oracle.kinds_met(setting, node, decoded)
        assert ours == theirs or kinds, f"{text}\n  ours: {ours}\n  cel-python: {theirs}\n  {values}"
        asked, alike = asked + 1, alike + (ours == theirs)
    assert asked > COUNT / 8
    assert alike > asked * 0.9
