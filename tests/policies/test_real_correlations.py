"""The policy's correlations of recorded hourly returns are those that NumPy computes."""

from __future__ import annotations

import csv
import gzip
import json
import math
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.columnar.reader import Reader
from tests.engine.shipped import policy
from tests.oracles.agreement import told_by_columns, told_by_scalar
from tests.oracles.examples import intent, portfolio, position

HOURS = 100
CAP = 0.80


@pytest.fixture(scope="module")
def returns(shared_data: Path) -> dict[str, list[float]]:
    """The last hundred log-returns of every coin recorded in 2024, over the same hours."""
    closes: dict[str, dict[str, float]] = {}
    for path in sorted(shared_data.glob("hourly_mit/*_1h_2024.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            closes[path.name.partition("_")[0]] = {row["ts"]: float(row["close"]) for row in csv.DictReader(file)}
    if not closes:
        pytest.skip(f"no hourly candles of 2024 in {shared_data / 'hourly_mit'}: set BASCULE_DATA to their folder")
    hours = sorted(set.intersection(*(set(by_hour) for by_hour in closes.values())))[-HOURS - 1 :]
    return {
        coin: [math.log(by_hour[now] / by_hour[before]) for before, now in pairwise(hours)]
        for coin, by_hour in closes.items()
    }


def facts(candidate: str, others: list[str], returns: dict[str, list[float]]) -> dict[str, Any]:
    """A candidate beside positions in other coins."""
    book = [position(other, 60.0) | {"returns": returns[other]} for other in others]
    return {"intent": intent(candidate, returns=returns[candidate]), "portfolio": portfolio(*book)}


def test_every_pair_is_what_numpy_says(returns: dict[str, list[float]]) -> None:
    assert len(returns) == 13
    assert all(len(series) == HOURS for series in returns.values())
    chosen = policy("correlation")
    pairs = list(permutations(returns, 2))
    decoded = [chosen.decoder.decode(json.dumps(facts(one, [other], returns))) for one, other in pairs]
    reader = Reader(chosen)
    blocked = 0
    for (one, other), inputs, by_columns in zip(pairs, decoded, told_by_columns(reader, decoded), strict=True):
        told = told_by_scalar(reader, inputs)
        assert repr(told) == repr(by_columns)
        (outcome, _, effect), outputs = told
        wanted = float(np.corrcoef(returns[one], returns[other])[0, 1])
        assert outputs["max_correlation"] == pytest.approx(wanted, abs=1e-12)
        assert abs(wanted - CAP) > 1e-9, "too close to the cap to be told"
        assert effect == ("block" if wanted > CAP else "allow"), (one, other, wanted)
        assert outcome == ("BLOCKED_CORRELATION" if wanted > CAP else "CORRELATION_OK")
        blocked += effect == "block"
    assert 0 < blocked < len(pairs), "pairs above the cap and pairs below it"


def test_a_whole_book_gives_the_largest(returns: dict[str, list[float]]) -> None:
    chosen = policy("correlation")
    table = np.corrcoef(np.array(list(returns.values())))
    for at, candidate in enumerate(returns):
        others = [coin for coin in returns if coin != candidate]
        inputs = chosen.decoder.decode(json.dumps(facts(candidate, others, returns)))
        _, outputs = told_by_scalar(Reader(chosen), inputs)
        assert outputs["max_correlation"] == pytest.approx(float(np.delete(table[at], at).max()), abs=1e-12)
