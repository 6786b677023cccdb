"""What type an expression has, or why it has none; every example of the language holds."""

import pytest

from engine.evaluation import setting_of_inputs
from rules.cel.functions import EXAMPLE_INPUTS, OVERLOADS, Overload
from rules.cel.macros import MACRO_DOCS, MACROS
from rules.cel.tree import Call, Constant, Loop, walk
from rules.diagnostics import Diagnostics, render
from rules.source import Source
from rules.types import BOOL, BoolType, DoubleType, IntType, ListType, StringType, Type, show
from tests.rules.small_scope import SIDE, judge, scope

TYPES = [
    ("1", "int"),
    ("0x1F", "int"),
    ("1.5", "double"),
    ("1e3", "double"),
    ('"a"', "string"),
    ("r'\\d'", "string"),
    ("true", "bool"),
    ('timestamp("2026-01-01T00:00:00Z")', "timestamp"),
    ('duration("1h")', "duration"),
    ("[1, 2]", "list(int)"),
    ('{"a": 1.0}', "map(string, double)"),
    ("r", "Record"),
    ("r.z", "double"),
    ("r.items", "list(Item)"),
    ("r.items[0]", "Item"),
    ("r.items[0].side", "Side"),
    ("r.prices", "map(string, double)"),
    ("inputs.r.z", "double"),
    ("params.cap", "double"),
    ("r.z + 1.0", "double"),
    ("r.z + params.cap", "double"),
    ("r.n + 1", "int"),
    ("-r.n", "int"),
    ("-r.z", "double"),
    ("r.n % 2", "int"),
    ("r.n / 2", "int"),
    ("now + wait", "timestamp"),
    ("now - now", "duration"),
    ("now - wait", "timestamp"),
    ("wait + wait", "duration"),
    ("-wait", "duration"),
    ("r.text + k", "string"),
    ("r.items + r.items", "list(Item)"),
    ("r.z > 1", "bool"),
    ("1 < r.z", "bool"),
    ("r.z == 1", "bool"),
    ("r.n < 2", "bool"),
    ('r.side == "LONG"', "bool"),
    ('"LONG" == r.side', "bool"),
    ('r.action != "BUY"', "bool"),
    ("r.side == params.side", "bool"),
    ('r.side in ["LONG", "SHORT"]', "bool"),
    ("k in r.prices", "bool"),
    ('"a" in ["a", "b"]', "bool"),
    ("r.n in [1, 2]", "bool"),
    ("r.flag && !r.flag || params.on", "bool"),
    ("r.flag ? 1 : 2", "int"),
    ('r.flag ? r.side : "LONG"', "Side"),
    ('r.flag ? "LONG" : r.side', "Side"),
    ("r.flag ? r.items : r.items", "list(Item)"),
    ("has(r.a)", "bool"),
    ("has(r.a) ? r.a : 0.0", "double"),
    ("has(inputs.s) && s > 0.5", "bool"),
    ("r.items.all(p, p.n > 0)", "bool"),
    ("r.items.exists(p, p.side == r.side)", "bool"),
    ("r.items.exists_one(p, p.n == 0)", "bool"),
    ("r.items.existsOne(p, p.n == 0)", "bool"),
    ("r.items.filter(p, p.n > 0)", "list(Item)"),
    ("r.items.map(p, p.x)", "list(double)"),
    ("r.items.map(p, p.n > 1, p.x)", "list(double)"),
    ("r.items.map(p, p.x).sum()", "double"),
    ("r.items.map(p, p.n).max()", "int"),
    ("r.items.leastBy(p, p.n, p.x)", "Item"),
    ("r.items.leastBy(p, p.n).side", "Side"),
    ("r.items.tail(2)", "list(Item)"),
    ("r.prices.filter(s1, r.prices[s1] > 0.5)", "list(string)"),
    ("r.prices.all(s1, r.prices[s1] > 0.5)", "bool"),
    ("size(r.items)", "int"),
    ("r.items.size()", "int"),
    ("size(r.text)", "int"),
    ("math.least(r.z, 0.5, params.cap)", "double"),
    ("math.greatest(r.n, 1)", "int"),
    ("math.abs(r.big)", "double"),
    ("double(r.n)", "double"),
    ("int(r.z)", "int"),
    ("string(r.side)", "string"),
    ("string(r.n)", "string"),
    ("now.getHours()", "int"),
    ("(now - now).getMinutes()", "int"),
    ('r.text.startsWith("a")', "bool"),
    ("[r.side, r.side]", "list(Side)"),
    ("{'a': [1]}", "map(string, list(int))"),
    ("[1, 2,]", "list(int)"),
    ("{'a': 1,}", "map(string, int)"),
    ("r.flag ? [] : r.items", "list(Item)"),
    ("r.flag ? r.prices : {}", "map(string, double)"),
    ("[] + [r.n]", "list(int)"),
    ("[r.n] == []", "bool"),
    ("{} != r.prices", "bool"),
    ("r.side in []", "bool"),
    ("{'a': r.z}['a'] + {'b': 1.0}.b", "double"),
    ('r.text.matches("^a")', "bool"),
    ("matches(k, r'\\d+')", "bool"),
    ('now.getHours("Europe/Berlin")', "int"),
    ('now.getDayOfWeek("-02:30")', "int"),
    ("timestamp(k)", "timestamp"),
    ("duration(k)", "duration"),
    ("timestamp(r.n)", "timestamp"),
    ("double(k) + 1.0", "double"),
    ("int(k)", "int"),
    ("bool(k)", "bool"),
    ("string(r.z)", "string"),
    ('k.split("-")', "list(string)"),
    ('k.split("-").join("/")', "string"),
    ("math.sqrt(r.z)", "double"),
    ("math.sign(r.n)", "int"),
]

REFUSED = [
    ("r.z + 1", "cel-type"),
    ("r.n + 1.0", "cel-type"),
    ("r.n < r.z", "cel-type"),
    ("r.n == r.z", "cel-type"),
    ("r.z < r.n", "cel-type"),
    ("r.flag + r.flag", "cel-type"),
    ("r.flag && 1", "cel-type"),
    ("!r.n", "cel-type"),
    ("-r.flag", "cel-type"),
    ("-r.text", "cel-type"),
    ("r.n ? 1 : 2", "cel-type"),
    ("r.flag ? 1 : 2.0", "cel-type"),
    ("r.side == r.other", "cel-type"),
    ("r.side == k", "cel-type"),
    ("r.side == r.action", "cel-type"),
    ("r.side < r.side", "cel-type"),
    ('r.side == "LONGG"', "cel-enum"),
    ('r.side != "long"', "cel-enum"),
    ('r.action == "BUYY"', "cel-enum"),
    ('r.side in ["LONG", "SHRT"]', "cel-enum"),
    ('"LNG" in r.items.map(p, p.side)', "cel-enum"),
    ('r.flag ? r.side : "LNG"', "cel-enum"),
    ("r.items == r.items", "cel-type"),
    ("r.items[0] == r.items[1]", "cel-type"),
    ("r.items[0] != r.items[1]", "cel-type"),
    ("r.items[0] in r.items", "cel-type"),
    ("[r.items] == [r.items]", "cel-type"),
    ('{"a": r} == {"a": r}', "cel-type"),
    ("now < wait", "cel-type"),
    ("now + now", "cel-type"),
    ("wait * 2", "cel-type"),
    ("now - now < 60", "cel-type"),
    ('now > "2026-01-01T00:00:00Z"', "cel-type"),
    ("r.items[k]", "cel-type"),
    ("r.items[0.0]", "cel-type"),
    ("r.prices[0]", "cel-type"),
    ("0 in r.prices", "cel-type"),
    ("1 in [1.0]", "cel-type"),
    ("[1, 2.0]", "cel-collection"),
    ("[]", "cel-collection"),
    ("{}", "cel-collection"),
    ("{1: 2}", "cel-collection"),
    ('{"a": 1, "a": 2}', "cel-collection"),
    ('{"a": 1, "b": 2.0}', "cel-collection"),
    ("size(r.n)", "cel-type"),
    ("r.items.sum()", "cel-type"),
    ('["a"].sum()', "cel-type"),
    ("math.least()", "cel-type"),
    ("math.least(r.z, 1)", "cel-type"),
    ("math.abs(r.text)", "cel-type"),
    ("r.items.tail(1.0)", "cel-type"),
    ('timestamp("2026")', "cel-literal"),
    ('duration("1")', "cel-literal"),
    ("k.matches(r.text)", "cel-literal"),
    ('k.matches("a" + "b")', "cel-literal"),
    ('k.matches("(")', "cel-literal"),
    ('matches(k, "(?=a)")', "cel-literal"),
    ("now.getHours(k)", "cel-literal"),
    ('now.getHours("Europe/Berln")', "cel-literal"),
    ('now.getHours("+24:00")', "cel-literal"),
    ("k.matches(1)", "cel-type"),
    ("1 in {}", "cel-collection"),
    ('{"a": 1}["b"] > 0', "cel-absent"),
    ('{"a": 1}[k] > 0', "cel-absent"),
    ("r.prices == []", "cel-collection"),
    ("r.z == null", "cel-null"),
    ("null != r.last", "cel-null"),
    ("null", "cel-null"),
    ("[null]", "cel-null"),
    ("r.y", "cel-field"),
    ("r.items[0].y", "cel-field"),
    ("r.n.y", "cel-field"),
    ("r.items.n", "cel-field"),
    ("y", "cel-name"),
    ("inputs", "cel-name"),
    ("inputs.y", "cel-name"),
    ("params.y", "cel-name"),
    ("params", "cel-name"),
    ("outputs.y", "cel-name"),
    ("decision.outcome", "cel-name"),
    ("p", "cel-name"),
    ("r.items.all(p, p.n > 0) && p.n > 0", "cel-name"),
    ("f(1)", "cel-function"),
    ("1.f()", "cel-function"),
    ("k.f()", "cel-function"),
    ("sum([1])", "cel-function"),
    ("k.double()", "cel-function"),
    ("exists(r.items, p, true)", "cel-function"),
    ("math.f(1)", "cel-function"),
    ("r.items.exists(p, p.n)", "cel-type"),
    ("r.items.exists(p)", "cel-macro"),
    ("r.items.exists(p, p.n > 0, p.n > 1)", "cel-macro"),
    ("r.items.exists(1, true)", "cel-macro"),
    ("r.items.exists(p.n, true)", "cel-macro"),
    ("r.n.exists(p, true)", "cel-macro"),
    ("r.items.leastBy(p)", "cel-macro"),
    ("r.items.leastBy(p, p)", "cel-macro"),
    ("r.items.leastBy(p, p.side)", "cel-macro"),
    ("r.items.exists(r, true)", "cel-shadow"),
    ("r.items.exists(p, r.items.exists(p, true))", "cel-shadow"),
    ("has(r)", "cel-has"),
    ("has(r.items[0])", "cel-has"),
    ("has(r.a, r.b)", "cel-has"),
    ("has()", "cel-has"),
    ("has(r.y)", "cel-field"),
    ("r.z > 9007199254740993", "cel-number"),
]


@pytest.mark.parametrize(("text", "expected"), TYPES)
def test_the_type_of_an_expression(text: str, expected: str) -> None:
    judged = judge(text)
    assert judged.node is not None, judged.shown
    assert show(judged.node.type) == expected
    assert judged.codes == []


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_an_expression_without_a_type(text: str, code: str) -> None:
    judged = judge(text)
    assert judged.node is None
    assert judged.codes == [code], judged.shown


@pytest.mark.parametrize(
    ("text", "expected", "codes"),
    [
        ('"LONG"', SIDE, []),
        ('"LNG"', SIDE, ["cel-enum"]),
        ("r.side", SIDE, []),
        ("k", SIDE, ["cel-type"]),
        ("r.side", StringType(), ["cel-type"]),
        ("1", DoubleType(), ["cel-type"]),
        ("1.0", DoubleType(), []),
        ("[]", ListType(IntType()), []),
        ('["LONG"]', ListType(SIDE), []),
        ("r.flag", BOOL, []),
        ("r.z", BOOL, ["cel-type"]),
    ],
)
def test_what_is_expected_fits_literals(text: str, expected: Type, codes: list[str]) -> None:
    assert judge(text, expected=expected).codes == codes


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("r.z + 1", "`1.0`"),
        ("r.z + r.n", "`double(r.n)`"),
        ("r.n < r.z", "`double(r.n)`"),
        ("r.z + -1", "`-1.0`"),
        ("r.side == k", "`string(r.side)`"),
        ("now - now < 60", '`duration("60s")`'),
        ('now > "2026-01-01T00:00:00Z"', '`timestamp("2026-01-01T00:00:00Z")`'),
        ("0.1 < r.z < 0.5", "`0.1 < r.z && r.z < 0.5`"),
        ("[0.5, 1]", "`1.0`"),
        ("r.flag ? 0.5 : r.n", "`double(r.n)`"),
        ("math.least(r.z, 1)", "`1.0`"),
        ("r.last == null", "`!has(r.last)`"),
        ("r.last != null", "`has(r.last)`"),
        ("sum(r.items.map(p, p.n))", "`r.items.map(p, p.n).sum()`"),
        ("r.n.double()", "`double(r.n)`"),
        ("has(s)", "`has(inputs.s)`"),
        ("has(r.prices[k])", "`k in r.prices`"),
        ("cap", "`params.cap`"),
        ("r.zz", "`z`"),
        ("r.items[0] == r.items[1]", "`r.items[0].id == r.items[1].id`"),
        ("r.items[0] in r.items", "`r.items.exists(x, x.id == r.items[0].id)`"),
    ],
)
def test_what_is_to_be_written_instead(text: str, remedy: str) -> None:
    (found,) = judge(text).found
    assert found.remedy == remedy


def test_a_name_with_a_fault_of_its_own_says_nothing() -> None:
    faulty = scope().with_faulty("room", "params.floor", "inputs.size")
    for text in ("room > 1.0", "params.floor > r.z", "inputs.size + 1.0 > room", "[room, params.floor]"):
        judged = judge(text, within=faulty)
        assert (judged.node, judged.codes) == (None, [])
    assert judge("params.flor > r.z && room", within=faulty).codes == ["cel-name"]


def test_an_expression_is_not_larger_than_its_readers_can_go_through() -> None:
    doubled = {f"v{i}": f"v{i - 1} * v{i - 1}" if i else "r.z" for i in range(16)}
    assert judge("true", doubled).codes == ["cel-too-large"]
    chained = {f"v{i}": f"v{i - 1} * 0.5" if i else "r.z" for i in range(400)}
    assert judge("true", chained).codes == ["cel-too-deep"]


# Every example of the language is right.

EXAMPLES = [
    *((overload.id, overload.example) for overload in OVERLOADS),
    *((macro, example) for macro, (_, _, example) in MACRO_DOCS.items()),
]


@pytest.mark.parametrize(("ident", "example"), EXAMPLES)
def test_an_example_holds(ident: str, example: str) -> None:
    setting = setting_of_inputs(tuple(field for field, _ in EXAMPLE_INPUTS))
    diagnostics = Diagnostics()
    node = setting.check(Source("example", example), diagnostics)
    assert node is not None, "\n".join(map(render, diagnostics))
    assert node.type == BoolType()
    inputs = setting.decoder.from_plain({field.name: value for field, value in EXAMPLE_INPUTS})
    assert setting.evaluate(node, inputs) is True
    nodes = list(walk(node))
    used = {n.overload.id for n in nodes if isinstance(n, Call)} | {n.macro for n in nodes if isinstance(n, Loop)}
    shown_by_a_literal = {"timestamp_timestamp", "duration_duration"}
    assert ident in used or (ident in shown_by_a_literal and any(isinstance(n, Constant) for n in nodes))


def test_every_macro_is_documented() -> None:
    assert set(MACROS.values()) == set(MACRO_DOCS)


@pytest.mark.parametrize("overload", OVERLOADS, ids=[overload.id for overload in OVERLOADS])
def test_an_overload_says_what_it_does(overload: Overload) -> None:
    assert overload.doc.endswith(".")
    assert overload.params
    assert overload.result
