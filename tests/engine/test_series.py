"""Comparable series and their correlation: values by hand, numpy's on recorded prices, and what both readers say."""

from __future__ import annotations

import csv
import gzip
import json
import math
from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.columnar import series as columns
from engine.columnar.reader import Reader
from engine.scalar import series
from engine.scalar.runtime import EvaluationError
from tests.engine.small import machine_of, rule_list
from tests.oracles.agreement import compare, told_by_columns, told_by_scalar
from tests.oracles.correlation import pearson

NONE = None
UP, DOWN = [1.0, 2.0, 4.0], [4.0, 3.0, 1.0]
PAIRS: list[tuple[list[float], list[float], Any]] = [
    # the same movement, whatever its level and its size; the opposite one
    (UP, UP, 1.0),
    (UP, DOWN, -1.0),
    (UP, [x * 1e-9 - 7.0 for x in UP], pytest.approx(1.0)),
    # exact by hand: deviations (-1, 0, 1) and (-1, 2, -1); (-1.5, -.5, .5, 1.5) and (-.5, -1.5, 1.5, .5)
    ([1.0, 2.0, 3.0], [1.0, 4.0, 1.0], 0.0),
    ([1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 4.0, 3.0], pytest.approx(0.6)),
    # aligned at the end: what is longer loses its first points
    ([9.0, -9.0, *UP], DOWN, -1.0),
    (UP, [9.0, -9.0, *DOWN], -1.0),
    ([7.0, 1.0, 2.0], [5.0, 6.0], pytest.approx(1.0)),
    # nothing to compare: no points, one, or a series that never moves
    ([], [], NONE),
    (UP, [], NONE),
    ([1.0, 2.0], [3.0], NONE),
    (UP, [5.0] * 3, NONE),
    ([0.1] * 100, [0.1 * at for at in range(100)], NONE),
    ([0.0, -0.0, 0.0], UP, NONE),
    ([1.0, 2.0, 2.0, 2.0], UP, NONE),
    # sums that a double cannot hold, above and below
    ([1e300, -1e300, 0.0], UP, NONE),
    ([1e308, 1e308, 0.0], [1e308, 1e308, 0.0], NONE),
    ([1e-300, 2e-300, 4e-300], UP, NONE),
    ([0.0, 5e-324, 0.0], UP, NONE),
    ([1e150, 2e150, 4e150], UP, 1.0),
    ([1e-150, 2e-150, 4e-150], UP, 1.0),
    ([1e-150, 2e-150, 4e-150], [1e150, 2e150, 4e150], 1.0),
    # a rounded quotient never leaves its bounds
    ([0.1, 0.2, 0.4, 0.9], [0.3, 0.6, 1.2, 2.7], pytest.approx(1.0)),
]


@pytest.mark.parametrize(("a", "b", "expected"), PAIRS)
def test_values(a: list[float], b: list[float], expected: Any) -> None:
    found = correlation(a, b)
    assert found == expected
    assert correlation(b, a) == found
    points = min(len(a), len(b))
    assert series.comparable(a, b, points) == (expected is not None)
    assert not series.comparable(a, b, points + 1)


def correlation(a: list[float], b: list[float]) -> float | None:
    """The correlation, or none where asking for it is the error it should be."""
    if series.comparable(a, b, 0):
        found = series.correlation(a, b, 7)
        assert -1.0 <= found <= 1.0
        return found
    with pytest.raises(EvaluationError) as failed:
        series.correlation(a, b, 7)
    assert (failed.value.code, failed.value.site) == ("incomparable", 7)
    return None


ODD = (0.0, -0.0, 5e-324, 1e-300, -1e-300, 1e-162, 1e-154, 0.1, 0.3, 1.0, 1e154, 1e300, -1e300, 1e308, -1e308)
points = st.one_of(st.sampled_from(ODD), st.floats(-1e308, 1e308), st.floats(-0.1, 0.1))
lists = st.one_of(
    st.lists(points, max_size=12),
    st.lists(st.floats(-0.1, 0.1), max_size=40),
    st.builds(lambda x, n: [x] * n, points, st.integers(0, 12)),
)


@given(lists, lists, st.integers(-1, 14))
def test_comparable_is_the_condition_of_a_correlation(a: list[float], b: list[float], least: int) -> None:
    found = correlation(a, b)
    assert repr(found) == repr(pearson(a, b, len(a), 0))  # bit for bit what the seed's own words give
    assert series.comparable(a, b, least) == (found is not None and min(len(a), len(b)) >= least)


def test_real_returns_correlate_as_numpy_says(shared_data: Path) -> None:
    rng = Random("returns")  # noqa: S311 - made-up windows need a seed, not secrecy
    known = list(log_returns(shared_data / "hourly_mit" / "close_1h_2021h1_50pairs.csv.gz").values())
    assert len(known) > 40
    for _ in range(500):
        a, b = rng.sample(known, 2)
        length = rng.choice((20, 100, 100, 400))
        at = rng.randrange(len(a) - length)
        one, other = a[at : at + length], b[at : at + length]
        wanted = float(np.corrcoef(one, other)[0, 1])
        assert series.comparable(one, other, length) == math.isfinite(wanted)
        assert series.correlation(one, other, 0) == pytest.approx(wanted, abs=1e-12)


def log_returns(path: Path) -> dict[str, list[float]]:
    """The hourly log-returns of the pairs that were listed throughout."""
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    whole = [name for name in rows[0] if name != "ts" and all(row[name] for row in rows)]
    closes = {name: [float(row[name]) for row in rows] for name in whole}
    return {name: [math.log(after / before) for before, after in pairwise(of)] for name, of in closes.items()}


BODY = """
    inputs:
      a: {list: Huge, maxItems: 400}
      b: {list: Huge, maxItems: 400}
      others: {list: {list: Huge, maxItems: 40}, maxItems: 5}
      n: int
    variables:
      last: a.tail(30)
      known: others.filter(o, comparable(last, o.tail(n), 2))
      signed: known.map(o, correlation(last, o.tail(n)))
    rules:
      - {id: comparable, when: 'comparable(a, b, n)', outcome: YES, reason: '{correlation(a, b):.3f}'}
      - {id: correlated, when: 'correlation(a, b) > 0.5', outcome: NO, reason: '{correlation(b, a):.3f}'}
    otherwise: {outcome: NO, reason: not much}
    outputs:
      c?: {type: {type: double, minimum: -1.0, maximum: 1.0}, value: 'correlation(a, b)', when: 'comparable(a, b, 0)'}
      known?: {type: {list: double, maxItems: 5}, value: signed, when: size(signed) > 0}
      joined: {type: bool, value: 'comparable(a + b, [1.0, 2.0], 1) || comparable(b, a + a, n)'}
"""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    machine = machine_of(tmp_path_factory.mktemp("series"), rule_list("series", BODY))
    return Reader(machine.policies["series"])


def decoded(reader: Reader, rows: list[dict[str, Any]]) -> list[Any]:
    return [reader.policy.decoder.decode(json.dumps(row)) for row in rows]


def test_both_readers_know_the_table(reader: Reader) -> None:
    rows = [{"a": a, "b": b, "others": [a[-40:], b[-40:], DOWN], "n": 2} for a, b, _ in PAIRS]
    given = decoded(reader, rows)
    for told in ([told_by_scalar(reader, one) for one in given], list(told_by_columns(reader, given))):
        for (_, _, expected), found in zip(PAIRS, told, strict=True):
            assert found[0] == "incomparable" if expected is None else found[1]["c"] == expected
    ended: Counter[str] = Counter()
    assert not list(compare(reader, given, ended))
    assert ended.keys() == {"allow", "incomparable"}


small = st.lists(points, max_size=6)
rows = st.fixed_dictionaries(
    {"a": lists, "b": lists, "others": st.lists(st.one_of(small, lists), max_size=4), "n": st.integers(-1, 14)}
)


@given(st.lists(rows, min_size=1, max_size=6))
def test_readers_agree_to_the_last_bit(reader: Reader, given_rows: list[dict[str, Any]]) -> None:
    assert not list(compare(reader, decoded(reader, given_rows), Counter()))


def test_readers_agree_on_many_rows(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "BLOCK", 7)
    rng = Random("rows")  # noqa: S311 - made-up inputs need a seed, not secrecy

    def walk() -> list[float]:
        return [rng.gauss(0.0, 0.01) for _ in range(rng.choice((0, 1, 2, 5, 20, 40)))]

    made = [
        {"a": walk(), "b": walk(), "others": [walk() for _ in range(rng.randrange(6))], "n": rng.choice((0, 2, 20, 99))}
        for _ in range(300)
    ]
    ended: Counter[str] = Counter()
    assert not list(compare(reader, decoded(reader, made), ended))
    assert ended.keys() == {"allow", "block", "incomparable"}
