"""What bounds on the parts of an expression say about its result, and about whether it can fail."""

import pytest

from rules.types import DoubleType, IntType, ListType, StringType, Type
from tests.rules.small_scope import judge


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("r.n + 1", IntType(1, 101)),
        ("r.n * -2", IntType(-200, 0)),
        ("r.z - 1.0", DoubleType(-1.0, 0.0)),
        ("[r.z].sum()", DoubleType(0.0, 1.0000000010000001)),
        ("size(r.items)", IntType(0, 8)),
        ("math.least(r.z, 0.5)", DoubleType(0.0, 0.5)),
        ("r.flag ? 1 : 5", IntType(1, 5)),
        ("r.items.filter(p, p.n > 0).tail(3)", 3),
        ("r.items + r.items.tail(2)", 10),
        ("k + r.text", StringType(40)),
        ("k.substring(1).trim()", StringType(20)),
        ('k.replace("a", "bcd")', StringType(83)),
        ("k.indexOf(r.text)", IntType(-1, 20)),
        ('k.split("-")', 21),
        ('["ab", k].join("-")', StringType(42)),
        ("string(r.n)", StringType(20)),
        ("string(r.side)", StringType(5)),
        ("math.sqrt(r.z)", DoubleType(0.0, 1.0)),
        ("math.sign(r.n)", IntType(-1, 1)),
    ],
)
def test_bounds_follow_the_arithmetic(text: str, expected: Type | int) -> None:
    node = judge(text).node
    assert node is not None
    found = node.type
    if isinstance(expected, int):
        assert isinstance(found, ListType)
        assert found.max_items == expected
    elif isinstance(expected, DoubleType) and isinstance(found, DoubleType):
        assert found.minimum == pytest.approx(expected.minimum)
        assert found.maximum == pytest.approx(expected.maximum)
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        ("r.n + 1", False),
        ("r.n / 2", False),
        ("2 / r.n", True),
        ("1.0 / r.z", True),
        ("1.0 / (r.z + 1.0)", False),
        ("math.sqrt(r.z)", False),
        ("math.sqrt(r.z - 0.5)", True),
        ("timestamp(r.n)", False),
        ("timestamp(r.n * 9000000000000)", True),
        ("int(k)", True),
        ("k.charAt(0)", True),
        ('k.matches("a")', False),
        ('now.getHours("UTC")', False),
        ("r.items[0]", True),
        ("r.items.map(p, p.n).max()", True),
        ("r.items.map(p, p.n).sum()", False),
        ("now + wait", True),
        ("now - now", False),
        ("r.flag && 1 / r.n > 0", True),
        ("r.big * r.big", False),
        ("int(r.z)", False),
    ],
)
def test_what_can_fail_is_told_by_the_bounds(text: str, *, fails: bool) -> None:
    node = judge(text).node
    assert node is not None
    assert node.fails is fails
