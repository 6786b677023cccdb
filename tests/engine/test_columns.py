"""Layouts of lists and arithmetic over arrays, each beside the plainest way to say the same."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest

from engine.columnar import arithmetic
from engine.columnar.calls import Vector, distinct
from engine.columnar.columns import Numbers, Part, Vocabulary
from engine.columnar.lists import _extremes
from engine.columnar.ragged import Array, Ragged, ordered_by_length
from engine.columnar.translations import TRANSLATIONS
from engine.scalar import runtime
from engine.scalar.runtime import EvaluationError
from rules.cel.functions import BY_ID

Lists = list[list[float]]


def random_lists(rng: Random) -> Lists:
    return [[rng.choice((-0.0, 0.0, 0.1, 1e16, -1e16, 3.0)) for _ in range(rng.choice((0, 0, 1, 2, 3, 9)))]
            for _ in range(rng.randint(1, 12))]  # fmt: skip


def layouts(lists: Lists, rng: Random) -> list[tuple[Ragged, Array]]:
    """The same lists in an ordered layout, a loose one, and one cut out of a larger one."""
    flat = np.array([item for one in lists for item in one], np.float64)
    counts = np.array([len(one) for one in lists], np.int64)
    ordered, items = ordered_by_length(counts)
    parent = np.repeat(np.arange(len(lists)), counts)
    mixed = np.argsort([rng.random() for _ in parent]) if len(parent) else parent
    mixed = mixed[np.argsort(parent[mixed], kind="stable")] if len(parent) else parent
    fair = np.sort(mixed) if len(parent) else mixed
    doubled = [*lists, *lists]
    more, places = ordered_by_length(np.array([len(one) for one in doubled], np.int64))
    cut, kept = more.take(np.arange(len(lists), 2 * len(lists)))
    twice = np.array([item for one in doubled for item in one], np.float64)
    return [(ordered, flat[items]), (Ragged(len(lists), parent=parent[fair]), flat[fair]), (cut, twice[places][kept])]


def told(layout: Ragged, items: Array) -> Lists:
    out: Lists = [[] for _ in range(layout.size)]
    for lane, item in zip(layout.parent.tolist(), items.tolist(), strict=True):
        out[lane].append(item)
    return out


def bits(values: Any) -> list[bytes]:
    return [struct.pack("d", value) for value in values]


@pytest.mark.parametrize("seed", range(60))
def test_layouts_hold_their_lists(seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - made-up lists need a seed, not secrecy
    lists = random_lists(rng)
    for layout, items in layouts(lists, rng):
        assert repr(told(layout, items)) == repr(lists)
        assert layout.counts.tolist() == [len(one) for one in lists]
        assert layout.spread(np.arange(layout.size)).tolist() == layout.parent.tolist()
        by_level: Lists = [[] for _ in lists]
        for lanes, at in layout.levels():
            for lane, item in zip(np.arange(layout.size)[lanes].tolist(), items[at].tolist(), strict=True):
                by_level[lane].append(item)
        assert repr(by_level) == repr(lists)
        index = np.array([rng.randrange(len(lists)) for _ in range(rng.randint(0, 9))], np.int64)
        for chosen in (index, np.unique(index)):
            taken, kept = layout.take(chosen)
            assert repr(told(taken, items[kept])) == repr([lists[at] for at in chosen.tolist()])
        for count in (-1, 0, 1, 2, 9):
            cut, places = layout.last(count)
            found = told(cut, items if places is None else items[places])
            assert repr(found) == repr([one[max(0, len(one) - max(0, count)) :] for one in lists])


@pytest.mark.parametrize("seed", range(60))
def test_sums_and_extremes_go_from_left_to_right(seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - made-up lists need a seed, not secrecy
    lists = random_lists(rng)
    more = [[rng.choice((0.0, -0.0, 0.3)) for _ in range(rng.choice((0, 0, 1)))] for _ in lists]
    joined = [[*one, *other] for one, other in zip(lists, more, strict=True)]
    for (one, items), (other, others) in product(layouts(lists, rng), layouts(more, rng)):
        total = np.zeros(len(lists))
        one.summed(total, items)
        other.summed(total, others)
        assert bits(total) == bits(runtime.sum_double(listed, 0) for listed in joined)
        parts = Part(one, Numbers(items)), Part(other, Numbers(others))
        for least, choose in ((True, min), (False, max)):
            found = _extremes(parts, len(lists), least)
            assert [b for b, listed in zip(bits(found), joined, strict=True) if listed] == bits(
                choose(listed) for listed in joined if listed
            )


INTS = (0, 1, -1, 2, -3, 7, 3037000499, 3037000500, -3037000500, 2**31, 2**62, -(2**62), 2**63 - 2, 2**63 - 1, -(2**63))
DOUBLES = (
    *(0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994, 1e-300, 5e-324, 4503599627370495.5),
    *(4503599627370497.0, -9007199254740993.0, 9.223372036854775e18, 9.3e18, -9.223372036854775808e18, 1e308, -1e308),
)
DURATIONS = (0, 1, -1, 999, 1_000, -1_999, 3_599_999_999, 3_661_250_000, -3_661_250_000, 2**40)
SCALAR: dict[str, Callable[..., Any]] = {
    "add_int": lambda a, b: runtime.within_int(a + b, 0),
    "subtract_int": lambda a, b: runtime.within_int(a - b, 0),
    "multiply_int": lambda a, b: runtime.within_int(a * b, 0),
    "divide_int": lambda a, b: runtime.divide_int(a, b, 0),
    "modulo_int": lambda a, b: runtime.modulo_int(a, b, 0),
    "negate_int": lambda a: runtime.within_int(-a, 0),
    "abs_int": lambda a: runtime.within_int(abs(a), 0),
    "add_double": lambda a, b: runtime.finite(a + b, 0),
    "subtract_double": lambda a, b: runtime.finite(a - b, 0),
    "multiply_double": lambda a, b: runtime.multiply_double(a, b, 0),
    "divide_double": lambda a, b: runtime.divide_double(a, b, 0),
    "negate_double": lambda a: -a,
    "abs_double": abs,
    "ceil": runtime.ceil,
    "floor": runtime.floor,
    "round": runtime.round_half_away,
    "trunc": runtime.trunc,
    "sign": runtime.sign,
    "int_double": lambda a: runtime.to_int(a, 0),
    "double_int": float,
    "least_double": min,
    "greatest_double": max,
}


@pytest.mark.parametrize("ident", SCALAR)
def test_arithmetic_at_the_edges(ident: str) -> None:
    form = TRANSLATIONS[ident]
    assert isinstance(form, Vector)
    given = DOUBLES if ident.endswith("_double") or "_" not in ident else INTS
    rows = list(product(given, repeat=len(BY_ID[ident].params) + BY_ID[ident].variadic))
    arrays = [np.array(column) for column in zip(*rows, strict=True)]
    with np.errstate(all="ignore"):
        result = form.form(*arrays)
        faults = form.faults(result, *arrays) if form.faults is not None else ()
    for at, row in enumerate(rows):
        found = next((code for code, lanes in faults if lanes[at]), None) or repr(result[at].item())
        assert found == wanted(SCALAR[ident], row), row
        with np.errstate(all="ignore"):
            single = [np.array(value) for value in row]
            same = form.form(*single)
            failed = [code for code, lanes in form.faults(same, *single) if lanes] if form.faults is not None else []
        assert (failed[0] if failed else repr(np.asarray(same).item())) == found, row


def wanted(function: Callable[..., Any], row: tuple[Any, ...]) -> str:
    try:
        return repr(function(*row))
    except EvaluationError as error:
        return error.code


def test_units_of_durations() -> None:
    for micros in DURATIONS:
        length = timedelta(microseconds=micros)
        for unit in (1_000_000, 60_000_000, 3_600_000_000):
            assert arithmetic.whole_units(np.array(micros), unit) == runtime.whole_units(length, unit)
        assert arithmetic.milliseconds_of(np.array(micros)) == runtime.milliseconds_of(length)


def test_a_vocabulary_that_grew_is_translated_anew() -> None:
    mine, theirs = Vocabulary(("a", "b")), Vocabulary(("b",))
    assert mine.translated(theirs).tolist() == [1]
    theirs.add("c")
    assert mine.translated(theirs).tolist() == [1, -1]


def test_zeros_of_either_sign_are_different_arguments() -> None:
    which, lanes = distinct([Numbers(np.array([0.0, -0.0, 0.0, -0.0]))], 4)
    assert (which.tolist(), lanes.tolist()) == ([0, 1], [0, 1, 0, 1])
