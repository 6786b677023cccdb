"""What people write for CEL: the text, and the expression it is once the remedy stands in place of what is marked."""

import time

import pytest

from rules.cel.parsing import parse
from rules.cel.slips import LONGEST, slip_at
from rules.cel.syntax_faults import SyntaxFault
from rules.numbers import meant

WRITTEN = [
    # words for signs
    ("a > 3 and b", "a > 3 && b"),
    ("a AND b", "a && b"),
    ("a > 3 or b", "a > 3 || b"),
    ("a = b", "a == b"),
    ("a === b", "a == b"),
    ("a !== b", "a != b"),
    ("a <> b", "a != b"),
    ("a => 3", "a >= 3"),
    ("size(a) => 3", "size(a) >= 3"),
    ("a =< 3", "a <= 3"),
    ("a ≥ 3", "a >= 3"),
    ("a & b", "a && b"),
    ("a is b", "a == b"),
    ("a is not b", "a != b"),
    # not
    ("not a", "!a"),
    ("NOT a", "!a"),
    ("not has(a.b)", "!has(a.b)"),
    ("not a.b == 3", "!(a.b == 3)"),
    ("not a && b", "!a && b"),
    ("not a in b", "!(a in b)"),
    ("a not in [1, 2]", "!(a in [1, 2])"),
    ('a.b not in ["X"] && c', '!(a.b in ["X"]) && c'),
    # nothing
    ("a.b is null", "!has(a.b)"),
    ("a.b is None", "!has(a.b)"),
    ("a.b is not null && c", "has(a.b) && c"),
    # lengths of time
    ("a < 60s", 'a < duration("60s")'),
    ("a < 60 s && b", 'a < duration("60s") && b'),
    ("a < 1h30m", 'a < duration("1h30m")'),
    ("a < 5 minutes", 'a < duration("5m")'),
    # numbers
    ("a > $5000", "a > 5000"),
    ("a > 5000$ && b", "a > 5000 && b"),
    ("a > 5000 usd", "a > 5000"),
    ("a > 10,000", "a > 10000"),
    ("a > 5_000.5", "a > 5000.5"),
    ("a > 5k", "a > 5000"),
    ("a < 70%", "a < 0.7"),
    ("a < 70 % || b", "a < 0.7 || b"),
    ("a < 0,7", "a < 0.7"),
    ("a < 0.7f", "a < 0.7"),
    # other languages
    ("if a > 3 then b else c", "a > 3 ? b : c"),
    ("b if a > 3 else c", "a > 3 ? b : c"),
    ("a between 3 and 4", "a >= 3 && a <= 4"),
    ('a in ("X", "Y")', 'a in ["X", "Y"]'),
    ('a in {"X"}', 'a in ["X"]'),
    ('a like "BTC%"', 'a.startsWith("BTC")'),
    ("a like '%BTC%'", 'a.contains("BTC")'),
    ("a > {params.x}", "a > params.x"),
    ("a > ${params.x}", "a > params.x"),
    ("a.exists(p => p.x > 3.0)", "a.exists(p,p.x > 3.0)"),
    ("a.exists(p -> p.x > 3.0)", "a.exists(p,p.x > 3.0)"),
]


@pytest.mark.parametrize(("text", "expression"), WRITTEN)
def test_the_remedy_in_its_place_is_an_expression(text: str, expression: str) -> None:
    with pytest.raises(SyntaxFault) as caught:
        parse(text)
    fault = caught.value
    assert fault.code == "cel-syntax"
    assert text[: fault.start] + fault.remedy.strip("`") + text[fault.end :] == expression
    parse(expression)


@pytest.mark.parametrize("text", ["a b", "a ** 2", "f(1,, 2)", "a +", "a 3"])
def test_nothing_is_written_where_nothing_is_known(text: str) -> None:
    with pytest.raises(SyntaxFault) as caught:
        parse(text)
    assert caught.value.remedy == ""


@pytest.mark.parametrize("text", ["if a ", "a if ", "not ", "a.b ", "a(b) ", "1,000", "a is ", "( ", "9h "])
def test_a_long_text_takes_no_long_time(text: str) -> None:
    long = (text * LONGEST)[:LONGEST]
    before = time.monotonic()
    slip_at(long, len(long) // 2)
    assert time.monotonic() - before < 2.0


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("0,7", "0.7"), ("70%", "0.7"), ("7%", "0.07"), ("0.5%", "0.005"), ("150%", "1.5"), ("-5%", "-0.05")],
        *[
            ("5,000", "5000"),
            ("5,000,000", "5000000"),
            ("5_000", "5000"),
            ("5,000.5", "5000.5"),
            ("0,700", "0.7"),
            ("5,5", "5.5"),
        ],
        *[("$5000", "5000"), ("5000 usd", "5000"), ("5k", "5000"), ("1.5k", "1500.0"), ("2bn", "2000000000")],
        *[("0.7f", "0.7"), ("0.7", ""), ("70", ""), ("x", ""), ("", ""), ("1.2.3", ""), ("60s", "")],
    ],
)
def test_the_number_that_was_meant(text: str, number: str) -> None:
    assert meant(text) == number
