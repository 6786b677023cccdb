"""Where the checker lets something be read that may be absent; and that it is never wrong when it does."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.evaluation import setting_of_inputs
from engine.scalar.program import compile_expression, compile_plan
from engine.scalar.runtime import EvaluationError
from engine.structs import StructTable
from rules.diagnostics import Diagnostics
from rules.documents.shape import shaped
from rules.documents.types_document import TypeTable
from rules.kinds import LOWER
from rules.kinds.lowering import Lowering, Surroundings
from rules.plan import Plan
from rules.yaml_reader import read_yaml
from tests.rules.poisoned import RECORDS, Touched, Writer, is_absent, poisoned, poisoned_program, programs, worlds
from tests.rules.small_scope import INPUTS, ITEM, LEAF, RECORD, TEXT, UNIT, judge

ACCEPTED = [
    "has(r.a) && r.a > 0.5",
    "!has(r.a) || r.a > 0.5",
    "!(!has(r.a)) && r.a > 0.5",
    "has(r.a) ? r.a > 0.5 : false",
    "!has(r.a) ? true : r.a > 0.5",
    "(has(r.a) ? r.a : 0.0) > 0.5",
    "r.flag && has(r.a) && r.a > 0.5",
    "has(r.a) && r.flag && r.a > 0.5",
    "has(r.a) && (r.flag || r.a > 0.5)",
    "(r.flag && has(r.a)) && r.a > 0.5",
    "(has(r.a) || has(r.a)) && r.a > 0.5",
    "(has(r.a) && r.flag || has(r.a) && r.z > 0.5) && r.a > 0.5",
    "!(r.flag || !has(r.a)) && r.a > 0.5",
    "!(!has(r.a) || r.flag) && r.a > 0.5",
    "(!has(r.a) || r.flag) || r.a > 0.5",
    "has(r.b) && r.b.d > 0.5",
    "has(r.b) && has(r.b.c) && r.b.c > 0.5",
    "has(r.b) && !has(r.b.c)",
    "has(r.last) && r.last > 0.5",
    "has(inputs.s) && s > 0.5",
    "has(inputs.s) && inputs.s > 0.5",
    "has(inputs.o) && o.d > 0.5",
    "has(inputs.o) && has(o.c) && inputs.o.c > 0.5",
    "has(r.maybe) && r.maybe",
    "!has(r.maybe) || r.maybe",
    "k in r.prices && r.prices[k] > 0.5",
    '"a" in r.prices && r.prices["a"] > 0.5',
    '"a" in r.prices && r.prices.a > 0.5',
    "has(r.prices.a) && r.prices['a'] > 0.5",
    "!(k in r.prices) || r.prices[k] > 0.5",
    "r.text in r.prices && r.prices[r.text] > 0.5",
    "r.prices.all(q, r.prices[q] > 0.5)",
    "r.prices.filter(q, r.prices[q] > 0.5).size() > 1",
    'r.prices.filter(q, q > "a").all(w, r.prices[w] > 0.5)',
    'r.prices.map(q, q > "a", r.prices[q]).sum() > 0.5',
    "r.items.all(p, !has(p.score) || p.score > 0.5)",
    "r.items.exists(p, has(p.leaf) && p.leaf.d > 0.5)",
    "r.items.filter(p, has(p.score)).all(q, q.score > 0.5)",
    "r.items.filter(p, has(p.score)).map(q, q.score).sum() > 1.0",
    "r.items.filter(p, has(p.score) && p.score > 0.1).filter(q, q.score < 0.9).all(t, t.score > 0.5)",
    "(r.items.filter(p, has(p.score)) + r.items.filter(q, has(q.score))).all(t, t.score > 0.5)",
    "r.items.filter(p, has(p.score)).tail(2).all(q, q.score > 0.5)",
    "r.items.filter(p, has(p.score))[0].score > 0.5",
    "r.items.filter(p, has(p.score)).leastBy(q, q.score).score > 0.5",
    "r.items.map(p, has(p.score), p.score).sum() > 1.0",
    "r.items.exists(p, p.id in p.tags && p.tags[p.id] > 1)",
    "has(r.a) && r.items.exists(p, p.x > r.a)",
    "has(r.b) && r.items.all(p, has(p.leaf) && p.leaf.d > r.b.d)",
    "r.items.all(p, r.items.filter(q, has(q.score)).all(t, t.score > p.x))",
    "1.0 / r.z > 0.5 && r.z > 0.2",
    "has(r.a) && 1.0 / r.a > 0.5 && r.a < 0.5",
    "1.0 / r.z > 0.5 && has(r.a) && r.a > 0.5",
    "1.0 / r.z > 0.5 || !has(r.a) || r.a > 0.5",
    "has(r.a) && (1.0 / r.z > 0.5 && r.a > 0.5)",
    "true || r.a > 0.5",
    "!true && r.a > 0.5",
]

REFUSED = [
    "r.a > 0.5",
    "has(r.a)  || r.a > 0.5",
    "!has(r.a) && r.a > 0.5",
    "r.a > 0.5 && has(r.a)",
    "(has(r.a) || r.flag) && r.a > 0.5",
    "(r.flag ? has(r.a) : true) && r.a > 0.5",
    "has(r.a) == true && r.a > 0.5",
    "has(r.a) ? true : r.a > 0.5",
    "has(r.b) && r.b.c > 0.5",
    "has(r.b.c) && r.flag",
    "has(r.b) && has(inputs.o) && o.c > 0.5",
    "has(r.a) && r.last > 0.5",
    "r.last > 0.5",
    "s > 0.5",
    "has(o.c)",
    "o.d > 0.5",
    "has(inputs.s) && o.d > 0.5",
    "r.maybe",
    "r.prices[k] > 0.5",
    "r.prices.a > 0.5",
    'k in r.prices && r.prices["a"] > 0.5',
    '"a" in r.prices && r.prices["b"] > 0.5',
    '"a" in r.prices && r.prices[k] > 0.5',
    "k in r.prices && r.prices[r.text] > 0.5",
    "k in r.prices || r.prices[k] > 0.5",
    "r.items.all(p, p.score > 0.5)",
    "r.items.exists(p, has(p.score)) && r.items[0].score > 0.5",
    "r.items.all(p, has(p.score)) && r.items.all(q, q.score > 0.5)",
    "r.items.filter(p, has(p.score) || p.n > 0).all(q, q.score > 0.5)",
    "r.items.filter(p, !has(p.score)).all(q, q.score > 0.5)",
    "(r.items.filter(p, has(p.score)) + r.items).all(t, t.score > 0.5)",
    "(r.flag ? r.items : r.items.filter(p, has(p.score))).all(t, t.score > 0.5)",
    "r.items.filter(p, has(p.score)).map(q, r.items[0]).all(t, t.score > 0.5)",
    "r.items.exists(p, has(p.score) && r.items.exists(q, q.score > 0.5))",
    "r.items.exists(p, k in p.tags && p.tags[p.id] > 1)",
    "r.items.exists(p, p.id in p.tags && r.items.exists(q, q.tags[p.id] > 1))",
    "has(r.items[0].score) && r.items[0].score > 0.5",
    "(1.0 / r.z > 0.5 ? has(r.a) : false) && r.a > 0.5",
    "(1.0 / r.z > 0.5 ? !has(r.a) : true) || r.a > 0.5",
    "(has(r.a) && 1.0 / r.z > 0.5 || 1.0 / r.z > 0.1) && r.a > 0.5",
    "(1.0 / r.z > 0.5 ? has(r.a) : has(r.a)) && r.a > 0.5",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_a_read_that_is_known_to_be_there(text: str) -> None:
    assert judge(text).codes == [], judge(text).shown


@pytest.mark.parametrize("text", REFUSED)
def test_a_read_that_may_be_absent(text: str) -> None:
    judged = judge(text)
    assert judged.node is None
    assert set(judged.codes) == {"cel-absent"}, judged.shown


@pytest.mark.parametrize(
    ("variables", "text", "codes"),
    [
        ({"v": "r.a * 2.0"}, "v > 0.5", ["cel-absent"]),
        ({"v": "r.a * 2.0"}, "has(r.a) && v > 0.5", []),
        ({"v": "r.a * 2.0", "w": "v + 1.0"}, "w > 0.5", ["cel-absent"]),
        ({"v": "r.a * 2.0", "w": "v + 1.0"}, "has(r.a) && w > 0.5", []),
        ({"v": "has(r.a)"}, "v && r.a > 0.5", []),
        ({"v": "has(r.a)"}, "!v || r.a > 0.5", []),
        ({"v": "has(r.a)"}, "v || r.a > 0.5", ["cel-absent"]),
        ({"v": "has(r.a) && r.a > 0.5"}, "v && r.a < 0.9", []),
        ({"v": "r.b"}, "has(r.b) && v.d > 0.5", []),
        ({"v": "r.b"}, "v.d > 0.5", ["cel-absent"]),
        ({"v": "r.items[0]"}, "has(v.score) && v.score > 0.5", []),
        ({"v": "r.items[0]"}, "!has(v.score) || v.score > 0.5", []),
        ({"v": "r.items[0]"}, "k in v.tags && v.tags[k] > 1", []),
        ({"v": "r.items[0]"}, "(has(v.score) ? has(r.a) : false) && r.a > 0.5", ["cel-absent"]),
        ({"v": "r.items[0]", "w": "r.items[0]"}, "has(v.score) && w.score > 0.5", ["cel-absent"]),
        ({"v": "r.items.filter(p, has(p.score))"}, "v.all(p, p.score > 0.5)", []),
        ({"v": "r.items.filter(p, has(p.score))"}, "v.all(p, p.leaf.d > 0.5)", ["cel-absent"]),
        ({"v": "r.items.leastBy(p, p.x)"}, "has(v.score) && v.score > 0.5", []),
        ({"v": "r.items.filter(p, has(p.score)).leastBy(p, p.score)"}, "v.score > 0.5", []),
        ({"v": "1.0 / r.z > 0.5 && has(r.a)"}, "v && r.a > 0.5", []),
        ({"v": "1.0 / r.z > 0.5 ? has(r.a) : false"}, "v && r.a > 0.5", ["cel-absent"]),
        ({"v": "1.0 / r.z > 0.5"}, "has(r.a) && v && r.a > 0.5", []),
        ({"v": "1.0 / r.z > 0.5"}, "v && has(r.a) && r.a > 0.5", []),
        # A loop variable is nobody else's, whatever its number.
        ({"v": "r.items.exists(q, q.score > 0.5)"}, "r.items.exists(p, has(p.score) && v)", ["cel-absent"]),
        (
            {"v": "r.items.filter(p, p.id in p.tags)"},
            "r.items.exists(t, v.exists(q, q.tags[t.id] > 1))",
            ["cel-absent"],
        ),
        ({"v": "r.items.filter(p, has(p.score))"}, "r.items.exists(p, v.all(q, q.score > p.x))", []),
    ],
)
def test_presence_goes_through_variables(variables: dict[str, str], text: str, codes: list[str]) -> None:
    judged = judge(text, variables)
    assert judged.codes == codes, judged.shown


def test_a_read_through_variables_names_them_all() -> None:
    (found,) = judge("w > 0.5", {"v": "r.a * 2.0", "w": "v + 1.0"}).found
    assert found.span.text == "w"
    assert [(span.source.name, span.text, text) for span, text in found.notes] == [
        ("w", "v", "`w` reads it here"),
        ("v", "r.a", "`v` reads it here"),
    ]


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("r.a > 0.5", "`has(r.a) && …`, or `has(r.a) ? … : <value>`"),
        ("s > 0.5", "`has(inputs.s) && …`, or `has(inputs.s) ? … : <value>`"),
        ("r.prices[k] > 0.5", "`k in r.prices && …`, or `k in r.prices ? … : <value>`"),
        ("r.prices.a > 0.5", '`"a" in r.prices && …`, or `"a" in r.prices ? … : <value>`'),
        ("r.items[0].score > 0.5", "a variable for the record, and a test of its field"),
    ],
)
def test_the_test_to_write_is_named(text: str, remedy: str) -> None:
    (found,) = judge(text).found
    assert found.remedy == remedy


# The checker is never wrong.

SETTING = setting_of_inputs(INPUTS)
WORLDS = list(worlds(SETTING.program.attributes))
JUDGED: Counter[bool] = Counter()


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=300)
@given(programs())
def test_what_is_accepted_reads_nothing_absent(program: tuple[dict[str, str], str]) -> None:
    variables, text = program
    judged = judge(text, variables)
    JUDGED[judged.node is not None] += 1
    assert judged.node is not None or judged.codes
    assert set(judged.codes) <= {"cel-absent", "cel-too-deep", "cel-too-large", "cel-has-always"}, judged.shown
    if judged.node is None:
        return
    value = poisoned(compile_expression(SETTING.program, judged.node))
    for world in WORLDS:
        try:
            found = value(*world)
        except EvaluationError:
            assert judged.node.fails, "an error that the bounds exclude"
            continue
        except Touched:
            raise AssertionError(f"an absent value was read in {world}") from None
        assert found is True or found is False


def test_enough_was_accepted_to_say_so() -> None:
    """Runs after the property above; by itself it has nothing to say."""
    if sum(JUDGED.values()) >= 100:
        assert JUDGED[True] >= sum(JUDGED.values()) // 10


def test_the_poison_is_felt() -> None:
    node = judge("has(r.a) && r.a > 0.5").node
    assert node is not None
    unguarded = judge("r.a > 0.5", known=None).node
    assert unguarded is not None
    value = poisoned(compile_expression(SETTING.program, unguarded))
    absent = next(w for w in WORLDS if is_absent(SETTING.program.attributes, "Record", "a", w[1]))
    with pytest.raises(Touched):
        value(*absent)


# The same through rules, reasons and outputs, each of which knows what stands before it.

TYPES = TypeTable({"Record": RECORD, "Leaf": LEAF, "Item": ITEM, "Unit": UNIT, "Text": TEXT})
DOCUMENT = """
apiVersion: bascule/v1
kind: RuleList
metadata: {{name: gate, version: 1.0.0, title: A gate, owner: risk}}
spec:
  inputs: {{now: timestamp, r: Record, 'o?': Leaf, 's?': Unit, k: Text, wait: duration}}
  outcomes: {{NO: {{effect: block}}, YES: {{effect: allow}}}}
  requires:
    - {{id: first, that: '{that}', outcome: NO, reason: '{{{quoted}:.2f}}'}}
  rules:
    - {{id: second, when: '{whens[0]}', outcome: NO, reason: '{{{reasons[0]}:.2f}}'}}
    - id: third
      when: '{whens[1]}'
      outcome: NO
      any:
        - {{when: '{ways[0]}', reason: '{{{reasons[1]}:.2f}}'}}
        - {{when: '{ways[1]}', reason: '{{{reasons[2]}:.2f}}'}}
    - {{id: fourth, when: '{whens[2]}', outcome: NO, reason: '{{{reasons[3]}:.2f}}'}}
  otherwise: {{outcome: YES, reason: '{{{reasons[4]}:.2f}}'}}
  outputs:
    given?: {{type: double, value: '{value}', when: '{given}'}}
  onError: NO
"""


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A rule list about one or two things that may be absent, so that its rules tell of each other."""
    writer = Writer(draw, (), (), ())
    paths = [writer.path() for _ in range(2)]

    def condition() -> str:
        read, test = draw(st.sampled_from(paths))
        negated = f"!({test})"
        plain = ("r.flag", "1.0 / r.z > 3.0", test, negated, negated)
        some = (*plain, f"({test} && {read} > 0.3)", f"({negated} || {read} > 0.6)", f"{read} > 0.3", writer.bool_(1))
        return draw(st.sampled_from(some)).replace("'", '"')

    def number() -> str:
        return draw(st.sampled_from(("r.z", "r.z", "r.z", "r.z", paths[0][0], paths[1][0])))

    return DOCUMENT.format(
        that=condition(),
        quoted=number(),
        whens=[condition() for _ in range(3)],
        ways=[condition() for _ in range(2)],
        reasons=[number() for _ in range(5)],
        value=number(),
        given=condition(),
    )


def lowered(text: str) -> tuple[Plan | None, Diagnostics]:
    """The plan of a rule list over the small scope's records."""
    diagnostics = Diagnostics()
    read = read_yaml("gate.yaml", text.encode())
    assert read.root is not None
    document = shaped(read.source, read.root, diagnostics)
    assert document is not None, list(diagnostics)
    return LOWER[document.kind](Lowering(document, Surroundings(TYPES, {}, {}, frozenset()), diagnostics)), diagnostics


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
@given(documents())
def test_what_rules_know_of_each_other_is_true(text: str) -> None:
    plan, diagnostics = lowered(text)
    assert {d.code for d in diagnostics} <= {"cel-absent", "cel-has-always"}
    if plan is None:
        return
    program = poisoned_program(compile_plan(plan, StructTable(RECORDS), {}, {}))
    for world in worlds(program.attributes):
        try:
            (_, rule, _), reason, *_ = program.full(*world)
            assert program.verdict(*world)[1] == rule
        except EvaluationError:
            continue
        except Touched:
            raise AssertionError(f"an absent value was read in {world}") from None
        assert reason != "the reason could not be written", text
