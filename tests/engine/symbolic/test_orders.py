"""Lists that have the same items in another order are not the same, whatever lies beyond their places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from tests.engine.symbolic.test_soundness import WORDS, never, refuted_at

X, Y = "v.split(',')", "w.split(',')"
OF_PIECES = f"{{v: Word, w: Word, s: Word, c: bool, q: {WORDS}, r: {WORDS}}}"
ORDERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    # two lists, and inputs of which one is `r` and the other is not
    "a word before, after": (f"{X} + [s]", f"[s] + {X}", {"r": ["a", "x"]}),
    "a word between, after": (f"{X} + ([s] + {Y})", f"{X} + ({Y} + [s])", {"r": ["a", "x", "b"]}),
    "a word between, after, from the left": (f"{X} + [s] + {Y}", f"{X} + {Y} + [s]", {"r": ["a", "x", "b"]}),
    "a word between, after, of an input": (f"q + ([s] + {Y})", f"q + ({Y} + [s])", {"r": ["x", "b"]}),
    "pieces of two texts": (f"{X} + {Y}", f"{Y} + {X}", {"r": ["a", "b"]}),
    "what is made of pieces, and they": (
        f"{X}.map(t, t + s) + {X}", f"{X} + {X}.map(t, t + s)", {"r": ["ax", "a"]},
    ),
    "a word after, by choice before": (f"{X} + [s]", f"(c ? {X} + [s] : [s] + {X})", {"r": ["a", "x"]}),
    "pieces, by choice what is made of them": (X, f"(c ? {X} : {X}.map(t, t + s))", {"r": ["a"]}),
    "a choice, the other way": (f"(c ? {X} : {Y})", f"(!c ? {X} : {Y})", {"r": ["b"]}),
    "made twice, in another order": (
        f"{X}.map(t, t + s).map(t, t + t)", f"{X}.map(t, t + t).map(t, t + s)", {"r": ["axax"]},
    ),
    "the last pieces": (f"{X}.tail(1)", f"{X}.tail(2)", {"v": "a,b", "r": ["b"]}),
}  # fmt: skip


@pytest.mark.parametrize("differ", ["(({0}) == r) != (({1}) == r)", "({0}).join() != ({1}).join()"])
@pytest.mark.parametrize("order", ORDERS)
def test_lists_in_another_order_are_not_the_same(tmp_path: Path, order: str, differ: str) -> None:
    one, other, own = ORDERS[order]
    given = {"v": "a", "w": "b", "s": "x", "c": False, "q": []} | own
    refuted_at(tmp_path, [never(differ.format(one, other), OF_PIECES)], given)
