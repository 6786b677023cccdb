"""What is read without going character by character is what going character by character gives."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import yaml_scalars
from rules.source import Source


@given(st.text("ab\r\n\u00a0\u2028é😀\x0b\x0c\x1c\x85", max_size=30))
def test_every_offset_has_the_line_and_column_that_counting_gives(text: str) -> None:
    source = Source("a.yaml", text)
    for offset in range(len(text) + 1):
        before = text[:offset]
        assert source.position(offset) == (before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


@pytest.mark.parametrize("pattern", ["_INT", "_OCTAL", "_HEX", "_FLOAT", "_NOT_FINITE"])
@given(data=st.data())
def test_whatever_is_taken_for_a_number_begins_as_one(pattern: str, data: st.DataObject) -> None:
    number = data.draw(st.from_regex(getattr(yaml_scalars, pattern), fullmatch=True))
    assert number[0] in yaml_scalars._BEGINS_A_NUMBER
    assert not isinstance(yaml_scalars.resolve(number), str)


@given(st.text("ab '\"\\\t#:é😀", max_size=12), st.sampled_from(("'", '"', None)))
def test_a_scalar_on_one_line_has_the_text_and_offsets_of_its_characters(content: str, style: str | None) -> None:
    """Doubled quotes and escapes are not taken here: each character stands for itself."""
    content = re.sub(r"['\"\\]", "q", content) if style else f"p{content.strip()}p"
    quote = style or ""
    text = f"key: {quote}{content}{quote} # c\n"
    end = 5 + len(content) + 2 * len(quote)
    found, offsets = yaml_scalars.decode(text, 5, end, style, -1)
    assert found == content
    assert list(offsets) == list(range(5 + len(quote), end - len(quote) + 1))
