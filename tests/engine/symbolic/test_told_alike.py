"""What is told alike is alike: lists in every order, lists made of lists, and expressions that differ in one spot."""

from __future__ import annotations

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from tests.oracles.told_alike import confused


@pytest.mark.parametrize("first", range(0, 12, 3))
def test_what_is_told_alike_is_alike(first: int) -> None:
    found = list(confused(3, first))
    assert [str(one) for _, _, one in found if one is not None] == []
    assert sum(count for _, count, _ in found) > 10
