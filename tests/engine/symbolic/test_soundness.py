"""Claims that do not hold, each with inputs that show it: no proof may say that they do.

What they have in common is that something that differs in reality could be taken for the same: by its value alone, by
where it stands, or because a model that was found first did not come about.
"""

from __future__ import annotations

import json
import shutil
import textwrap
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from engine.mutation.judging import Judge
from engine.policy import Machine, compile_bundle
from engine.symbolic.differing import Compared, compared
from engine.symbolic.moved import STAMP
from engine.symbolic.proving import Patience, Problem, Search
from engine.symbolic.terms import Truth, conj
from engine.symbolic.verifying import verified, with_invariants
from rules.bundle import Bundle, load
from rules.mutation.documents import mutants
from tests.engine.small import HEADER, checked, rule_list, thing

ENOUGH = Patience(lambda: 20.0)
WORDS = "{list: Word, maxItems: 16}"


def claim(body: str) -> str:
    head = f"{HEADER}kind: Invariant\nmetadata: {{name: claim, version: 1.0.0, title: t, owner: o}}\nspec:\n"
    return head + textwrap.indent(textwrap.dedent(body).strip(), "  ") + "\n"


def never(expression: str, inputs: str) -> str:
    """The claim that an expression never holds."""
    return claim(f"forAll: {inputs}\nholds: [{{id: c, that: {json.dumps(f'!({expression})')}}}]")


def bundle_of(folder: Path, *documents: str) -> Bundle:
    found = checked(folder, *documents).bundle
    assert found is not None
    return found


JOINED = (
    "size(a) == 3 && size(b) == 2 && size(c) == 2 && size(d) == 2 && size((b + c + d).distinct()) == 6"
    " && a.all(s, s == b[1] || s == c[1] || s == d[1]) && size(a.distinct()) == 3"
    " && size((a + b + c + d).distinct()) == 6 && (a + b + c + d).distinct()[2] != b[0]"
)
CALLEE = rule_list(
    "callee",
    """
inputs: {items: {list: Item, maxItems: 16}, 'x?': Amount}
variables:
  seven: 'items.exists(p, has(inputs.x) && p.count == 7)'
  eight: 'items.exists(p, has(inputs.x) && p.count == 8)'
  nine: 'items.exists(p, has(inputs.x) && p.count == 9)'
rules:
  - {id: r, when: 'seven && eight && nine', outcome: NO, reason: r}
  - {id: s, when: 'seven || eight || nine', outcome: ERROR, reason: r}
otherwise: {outcome: 'YES', reason: fine}
""",
)
PRESENCE = """
forAll: {thing: Thing}
decisions:
  one: {policy: pa}
  two: {policy: pb}
  a: {policy: callee, with: {items: thing.items, x: one.o}}
  b: {policy: callee, with: {items: thing.items, x: two.o}}
holds: [{id: c, that: '!(a.outcome == "NO" && b.outcome == "YES")'}]
"""


def giving(name: str, when: str) -> str:
    """A policy with an output that is there under a condition."""
    return rule_list(
        name,
        f"""
inputs: {{thing: Thing}}
rules: [{{id: r, when: thing.n > 1000000, outcome: NO, reason: r}}]
otherwise: {{outcome: 'YES', reason: fine}}
outputs: {{'o?': {{type: Amount, when: '{when}', value: thing.x}}}}
""",
    )


PIECES = 'w.split(",").map(t, size(t))'
SIZES = "{list: Count, maxItems: 16}"
OF_WORDS = f"{{w: Word, q: {WORDS}}}"
AMOUNTS = "{list: Amount, maxItems: 20}"
ITEMS = [{"name": "a", "amount": 1.0, "count": count} for count in (8, 9, 7)]
FALSE: dict[str, tuple[list[str], dict[str, Any]]] = {
    "what is twice in joined lists": (
        [never(JOINED, f"{{a: {WORDS}, b: {WORDS}, c: {WORDS}, d: {WORDS}}}")],
        {"a": list("uvw"), "b": list("xu"), "c": list("yv"), "d": list("zw")},
    ),
    "the presence of what a policy is given": (
        [giving("pa", "thing.n > 3"), giving("pb", "thing.n > 5"), CALLEE, claim(PRESENCE)],
        {"thing": thing(n=4, items=ITEMS)},
    ),
    "a zero's sign after a sum": ([never("string(x) != string(x + 0.0)", "{x: Amount}")], {"x": -0.0}),
    "a zero's sign after a product": ([never("string(0.0 * x) != string(0.0)", "{x: Amount}")], {"x": -1.0}),
    "a zero's sign after a difference": ([never("string(-x) != string(0.0 - x)", "{x: Amount}")], {"x": 0.0}),
    "a zero's sign, that no model has": ([never("x == 0.0 && string(x) == '-0'", "{x: Amount}")], {"x": -0.0}),
    **{
        f"a zero's sign after {form}": (
            [never(f"string({form}(x)) != string({form}(x + 0.0))", "{x: Amount}")],
            {"x": -0.0},
        )
        for form in ("math.floor", "math.ceil", "math.trunc", "math.round")
    },
    "a zero's sign, of what was cut off": (
        [never("x == 0.0 && string(math.trunc(-0.5)) == '-0'", "{x: Amount}")],
        {"x": 0.0},
    ),
    "a zero's sign after a choice": (
        [never("string(a ? x : x + 0.0) != string(b ? x : x + 0.0)", "{x: Amount, a: bool, b: bool}")],
        {"x": -0.0, "a": True, "b": False},
    ),
    "a zero's sign in a list": (
        [never("string([x, x + 0.0][n]) != string([x, x + 0.0][m])", "{x: Amount, n: Count, m: Count}")],
        {"x": -0.0, "n": 0, "m": 1},
    ),
    "what is made of the pieces of a text": (
        [never(f"({PIECES} == q) != ({PIECES.replace('size(t)', 'size(t) + 1')} == q)", f"{{w: Word, q: {SIZES}}}")],
        {"w": "a", "q": [1]},
    ),
    "where a piece of a text is joined": (
        [never("('x,' + w).split(',') != q && (w.split(',') + ['x'] == q) != (['x'] + w.split(',') == q)", OF_WORDS)],
        {"w": "a", "q": ["a", "x"]},
    ),
    "a claim of long lists alone": (
        [claim(f"forAll: {{xs: {AMOUNTS}}}\ngiven: ['size(xs) > 13']\nholds: [{{id: c, that: 'xs[0] > 5.0'}}]")],
        {"xs": [1.0] * 14},
    ),
    "the text of a choice of maps": (
        [never("(n > 3 ? {'a': true} : {'b': true}).exists(k, k == 'b')", "{n: Count}")],
        {"n": 1},
    ),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_claim_is_not_proved(tmp_path: Path, name: str) -> None:
    refuted_at(tmp_path, *FALSE[name])


def refuted_at(tmp_path: Path, documents: list[str], inputs: dict[str, Any]) -> None:
    """A claim that is refuted by inputs is not called proved."""
    bundle = bundle_of(tmp_path, *documents)
    policy = compile_bundle(with_invariants(bundle), asked=["claim"]).policies["claim"]
    assert policy.decide(policy.read(json.dumps(inputs)), STAMP).outcome == "REFUTED"
    found = verified(bundle, bundle.invariants[0], ENOUGH)
    assert found.result in ("refuted", "unknown"), found


TYPED = """
inputs: {{xs: {{list: {item}, maxItems: 16}}}}
rules: [{{id: r, when: 'xs.sum() > 100.0', outcome: NO, reason: r}}]
otherwise: {{outcome: 'YES', reason: fine}}
"""


def test_types_of_one_policy_bound_nothing_of_another(tmp_path: Path) -> None:
    """A list that fits the one's type fits it up to the places that are looked at: beyond, nothing is proved."""
    narrow = "{type: double, minimum: 0.0, maximum: 1.0}"
    documents = [rule_list("pa", TYPED.format(item=narrow)), rule_list("pb", TYPED.format(item="Amount"))]
    both = """
    forAll: {xs: {list: Amount, maxItems: 16}}
    decisions: {a: {policy: pa, with: {xs: inputs.xs}}, b: {policy: pb, with: {xs: inputs.xs}}}
    holds: [{id: c, that: 'a.effect == "allow" || size(inputs.xs) < 13 || b.effect == "allow"'}]
    """
    bundle = bundle_of(tmp_path, *documents, claim(both))
    found = verified(bundle, bundle.invariants[0], ENOUGH)
    assert (found.result, found.up_to) != ("proved", None)


@pytest.mark.parametrize("given", ["x * y > 10.0 && x > 0.0 && y < 0.0", "x * x * x > 3.0 && x * x < 2.0 && y > 0.0"])
def test_a_claim_of_nothing_is_not_proved(tmp_path: Path, given: str) -> None:
    """It takes products to see that nothing is claimed."""
    body = f"forAll: {{x: Amount, y: Amount}}\ngiven: ['{given}']\nholds: [{{id: c, that: x > 100000.0}}]"
    bundle = bundle_of(tmp_path, claim(body))
    assert verified(bundle, bundle.invariants[0], ENOUGH).result in ("vacuous", "unknown")


def test_a_list_longer_than_the_places_bounds_a_proof(tmp_path: Path) -> None:
    bundle = bundle_of(
        tmp_path,
        never("size(a) == 14 && a.tail(3).size() == 3 && a.sum() == 14.0", "{a: {list: Amount, maxItems: 16}}"),
    )
    found = verified(bundle, bundle.invariants[0], ENOUGH)
    assert (found.result, found.up_to) != ("proved", None)


# -- two versions

GATE = """
inputs: {thing: Thing}
rules: [{id: r, when: thing.n > 3, outcome: NO, reason: r}]
otherwise: {outcome: 'YES', reason: fine}
"""


def versions(folder: Path, old: str, new: str, policy: str = "gate") -> Compared:
    both: list[Machine] = []
    for name, text in (("old", old), ("new", new)):
        (folder / name).mkdir()
        both.append(compile_bundle(bundle_of(folder / name, text)))
    return compared(both[0], both[1], policy, ENOUGH)


def test_another_effect_of_an_outcome_is_a_difference(tmp_path: Path) -> None:
    old, new = (
        "{YES: {effect: allow}, NO: {effect: block}, ERROR: {effect: block}}",
        "{YES: {effect: allow}, NO: {effect: allow}, ERROR: {effect: block}}",
    )
    found = versions(tmp_path, rule_list("gate", GATE, outcomes=old), rule_list("gate", GATE, outcomes=new))
    assert not found.equal
    (told,) = (one for one in found.differences if one.result == "some")
    assert (told.old, told.new) == ("NO", "NO")
    assert told.decisions is not None
    assert [one.effect for one in told.decisions] == ["block", "allow"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("string(x)", "string(x + 0.0)"),
        ("string(math.floor(x))", "string(math.floor(x + 0.0))"),
        ("string(x > 1.0 ? 1.0 : x)", "string(x > 1.0 ? 1.0 : x + 0.0)"),
        ("w.split(',').map(t, t + 'x').join()", "w.split(',').map(t, t + 'y').join()"),
        ("(['x'] + w.split(',')).join()", "(w.split(',') + ['x']).join()"),
    ],
)
def test_a_text_of_something_else_is_not_taken_for_the_same(tmp_path: Path, old: str, new: str) -> None:
    """A zero of another sign; other things made of the same unknown items, or those in another order."""
    rules = (
        "inputs: {{x: Amount, w: Word}}\n"
        "rules: [{{id: r, when: '{} == \"0\"', outcome: NO, reason: r}}]\n"
        "otherwise: {{outcome: 'YES', reason: fine}}"
    )
    texts = (rule_list("gate", rules.format(one.replace("'", "''"))) for one in (old, new))
    found = versions(tmp_path, *texts)
    assert not found.equal


OUTPUT = """
inputs: {{x: {{type: double, minimum: -1.0, maximum: 1.0, default: {default}}}, t: timestamp, n: Count}}
rules: [{{id: r, when: n > 1000000, outcome: NO, reason: r}}]
otherwise: {{outcome: 'YES', reason: fine}}
outputs: {{o: {{type: {type}, value: '{value}'}}}}
"""
SINCE = 't - timestamp("1970-01-01T00:00:00Z")'
OUTPUTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a time and how long it is since 1970": (
        {"type": "timestamp", "value": "t"}, {"type": "duration", "value": SINCE},
    ),
    "lists of these": (
        {"type": "{list: timestamp}", "value": "[t]"}, {"type": "{list: duration}", "value": f"[{SINCE}]"},
    ),
    "the default of an input": (
        {"type": "Word", "value": "string(x)", "default": "0.0"},
        {"type": "Word", "value": "string(x)", "default": "-0.0"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTPUTS)
def test_another_output_is_not_taken_for_the_same(tmp_path: Path, name: str) -> None:
    both = (rule_list("gate", OUTPUT.format(**{"default": "0.5", **one})) for one in OUTPUTS[name])
    assert not versions(tmp_path, *both).equal


def gate(folder: Path, output: str) -> Machine:
    """The shipped gate with one more output."""
    shutil.copytree("policies", folder, ignore=shutil.ignore_patterns("history"))
    file = folder / "open-position.yaml"
    text = file.read_text("utf-8").replace(
        "  outputs:\n", f"  outputs:\n    probe: {{type: bool, value: '{output}'}}\n", 1
    )
    file.write_text(text, "utf-8")
    found = load(folder, with_suites=False).bundle
    assert found is not None
    return compile_bundle(found)


def test_an_exit_is_let_out_although_deciding_fails(tmp_path: Path) -> None:
    """The version that fails gives the outputs of the fixed rule: they may be others, the outcome is not."""
    fails = gate(tmp_path / "fails", "1 / (size(portfolio.positions) - size(portfolio.positions)) == 0")
    places = 2
    problem = Problem.of(fails.bundle.plans, fails.policies["open-position"].plan.inputs, places)
    decided = problem.deciding.decide("open-position", problem.inputs).by_itself()
    others = Problem.of(fails.bundle.plans, fails.policies["open-position"].plan.inputs, places)
    asked = others.deciding.decide("open-position", others.inputs)

    def possible(one: Problem, *truths: Truth) -> bool:
        return not Search(one, conj(*truths), lambda _: False, lambda: 5.0).contradicted()

    assert decided.let_out is not False
    assert possible(problem, decided.is_outcome("EXIT"))
    assert not possible(problem, decided.is_outcome("EXIT"), decided.is_outcome("GATE_ERROR"))
    assert not possible(others, asked.is_outcome("EXIT")), "asked by another policy it fails"


ASKED = """
inputs: {thing: Thing}
rules:
  - {id: big, when: thing.n > 5, outcome: NO, reason: r}
  - {id: wide, when: thing.x > 5.0, outcome: NO, reason: r}
otherwise: {outcome: 'YES', reason: fine}
"""
ASKS = """
inputs: {thing: Thing}
calls: {a: {policy: asked}}
rules: [{id: r, when: a.rule == "wide", outcome: NO, reason: r}]
otherwise: {outcome: 'YES', reason: fine}
"""


def test_a_mutant_that_only_a_reader_of_rules_notices_is_not_equivalent(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, rule_list("asked", ASKED), rule_list("gate", ASKS))
    document = next(one for one in bundle.documents if one.name == "asked")
    (moved,) = (one for one in mutants(document) if one.kind == "order")
    assert Judge(bundle).judged(moved, ENOUGH).fate == "survived"


SIGNED = """
inputs: {thing: Thing}
rules: [{id: r, when: thing.n > 1000000, outcome: NO, reason: r}]
otherwise: {outcome: 'YES', reason: fine}
outputs: {o: {type: Amount, value: 'thing.x <= 0.0 ? 0.0 : thing.x'}}
"""
SHOWS_SIGNS = """
inputs: {thing: Thing}
calls: {a: {policy: asked}}
rules: [{id: r, when: has(a.o) && string(a.o) == "0", outcome: NO, reason: r}]
otherwise: {outcome: 'YES', reason: fine}
"""


def test_a_mutant_that_only_the_text_of_a_zero_notices_is_not_equivalent(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, rule_list("asked", SIGNED), rule_list("gate", SHOWS_SIGNS))
    document = next(one for one in bundle.documents if one.name == "asked")
    judge = Judge(bundle)
    kept = [one for one in mutants(document) if "`<=` became `<`" in one.sentence]
    assert kept
    assert all(judge.judged(one, ENOUGH).fate in ("survived", "unknown") for one in kept)


PASSES_ON = """
inputs: {thing: Thing}
calls: {a: {policy: asked}}
rules: [{id: r, when: a.effect == "block", outcome: NO, reason: 'because {a.rule}'}]
otherwise: {outcome: 'YES', reason: fine}
"""
ASKS_AGAIN = """
inputs: {thing: Thing}
calls: {m: {policy: middle}}
rules: [{id: r, when: m.reason == "because wide", outcome: NO, reason: r}]
otherwise: {outcome: 'YES', reason: fine}
"""


def test_a_mutant_that_is_noticed_by_a_reason_of_a_reason_is_not_equivalent(tmp_path: Path) -> None:
    documents = rule_list("asked", ASKED), rule_list("middle", PASSES_ON), rule_list("gate", ASKS_AGAIN)
    bundle = bundle_of(tmp_path, *documents)
    document = next(one for one in bundle.documents if one.name == "asked")
    (moved,) = (one for one in mutants(document) if one.kind == "order")
    assert Judge(bundle).judged(moved, ENOUGH).fate in ("survived", "unknown")
