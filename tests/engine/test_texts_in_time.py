"""What the runtime asks of a text takes time in proportion to it: no expression of Python's `re` goes back over it."""

from __future__ import annotations

import time

import pytest

from engine.scalar import texts
from engine.scalar.runtime import EvaluationError

READERS = (texts.read_int, texts.read_double, texts.read_bool)


def seconds(read: object, text: str) -> float:
    start = time.process_time()
    with pytest.raises(EvaluationError):
        read(text, 0)  # type: ignore[operator]  # one of the readers above
    return time.process_time() - start


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_a_long_text_that_is_no_number_is_soon_told(read: object) -> None:
    """400 000 characters would take half an hour where 4 000 already cost a sixth of a second."""
    assert seconds(read, "1" * 400_000 + "x") < 5.0
