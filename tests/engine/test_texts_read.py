"""Texts that arrive are read by RE2, in time that grows with the text: Python's `re` goes back over what it read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.scalar import texts
from engine.scalar.runtime import EvaluationError

LONG = "1" * 400_000
"""An expression that goes back takes half an hour to refuse this with a letter after it."""


NO_NUMBERS = [LONG + "x", LONG + ".5.", "." + LONG + "e", LONG + "e+", "", ".", "+", "1_0", "\u0661"]
DOUBLES = [("1", 1.0), ("-1.", -1.0), ("+.5", 0.5), ("1.25e2", 125.0), ("1E-2", 0.01), ("0" * 400_000, 0.0)]


@pytest.mark.parametrize("read", [texts.read_int, texts.read_double], ids=lambda read: read.__name__)
@pytest.mark.parametrize("text", NO_NUMBERS, ids=range(len(NO_NUMBERS)))
def test_what_is_no_number_is_refused(read: Callable[[str, int], object], text: str) -> None:
    with pytest.raises(EvaluationError, match="unreadable"):
        read(text, 0)


@pytest.mark.parametrize(("text", "value"), DOUBLES, ids=range(len(DOUBLES)))
def test_what_is_a_double(text: str, value: float) -> None:
    assert texts.read_double(text, 0) == value


def test_no_expression_of_python_is_used() -> None:
    assert not hasattr(texts, "re")
