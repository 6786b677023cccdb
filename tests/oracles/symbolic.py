"""What the symbolic reader says of inputs that are known: by constants, or of unknown inputs that are then fixed.

By constants everything folds: it is the scalar reader's row, and its outputs to the last bit, but for the sign of a
zero, which reals have not, and for messages, which are not read. Of inputs that are fixed afterwards the scalar
reader's row must be possible, and no other, unless something is modelled loosely.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import z3
from msgspec import UNSET

from engine.policy import Policy
from engine.scalar.known import Row
from engine.scalar.runtime import EvaluationError
from engine.symbolic.constants import given_slot
from engine.symbolic.deciding import FAILED, Decided, Deciding
from engine.symbolic.proving import Problem
from engine.symbolic.rounding import BEYOND
from engine.symbolic.space import Number, Space
from engine.symbolic.terms import Truth, disj, equal, is_known, lifted
from engine.symbolic.unknowns import Unknowns
from engine.symbolic.values import Record, Slot, Table, Value
from engine.symbolic.values import Row as Items
from engine.symbolic.words import Word, Words
from rules.cel.literals import inner, outer
from rules.plan import Plan
from rules.types import DoubleType, EnumType, Field, ListType, MapType, RecordType, StringType, Type

Plans = Mapping[str, Plan]
Inputs = Mapping[str, Any]
"""Plain as JSON has them, defaults said; what is absent is left out or None."""
ENOUGH_S = 5
"""How long a solver may look at inputs that are fixed."""


class _Untold:
    """What the reader does not tell: a message, or what it models loosely."""

    def __repr__(self) -> str:
        return "untold"


UNTOLD = _Untold()


@dataclass(frozen=True, slots=True)
class Told:
    """A row, None where it is not settled, and the outputs that are there, plain."""

    row: Row | None
    outputs: Mapping[str, Any]
    loose: Mapping[str, str]


def plain_inputs(policy: Policy, decoded: Any) -> dict[str, Any]:
    """Decoded inputs as JSON has them."""
    plain = policy.decoder.structs.plain
    given = zip(policy.plan.inputs, policy.unpack(decoded), strict=True)
    return {f.name: plain(f.type, value) for f, value in given if value is not UNSET}


def by_scalar(policy: Policy, decoded: Any) -> tuple[Row, dict[str, Any]]:
    """What the scalar reader decides: its row and its outputs, none where it fails."""
    try:
        row, _, values, _ = policy.program.full(*policy.unpack(decoded))
    except EvaluationError:
        return failed(policy.plan), {}
    plain, outputs = policy.decoder.structs.plain, zip(policy.plan.outputs, values, strict=True)
    return row, {o.name: plain(o.type, value) for o, value in outputs if value is not UNSET}


def failed(plan: Plan) -> Row:
    """The row of a decision that fails."""
    return plan.on_error, FAILED, "block"


def rows(decided: Decided) -> dict[Row, Truth]:
    """Where each row is the one that is decided."""
    plan, found = decided.plan, dict[Row, Truth]()
    for case, applies in zip(plan.all_cases, decided.applies, strict=True):
        row = (case.outcome, case.id, plan.outcomes[case.outcome])
        found[row] = disj(found.get(row, False), applies)
    found[failed(plan)] = disj(found.get(failed(plan), False), decided.fails)
    return found


def move(policy: Policy, deciding: Deciding) -> None:
    """Give the parameters the values that they have in a policy."""
    reached = policy.program.reached_values().values()
    moved = {(p.origin, p.name): deciding.parameter(value, p.type) for p, value in reached if value != p.default}
    deciding.moved = moved


# -- by constants


def by_constants(plans: Plans, policy: Policy, decoded: Any) -> Told:
    """What the symbolic reader decides where every input is a constant."""
    space = Space()
    words = Words(space)
    deciding = Deciding(plans, space, words, Unknowns(space, words, 0))
    move(policy, deciding)
    said = plain_inputs(policy, decoded)
    inputs = {f.name: given_slot(said.get(f.name), f, words, deciding.unknowns) for f in policy.plan.inputs}
    decided = deciding.decide(policy.plan.name, inputs)
    found = rows(decided)
    sure = [row for row, truth in found.items() if truth is True]
    settled = len(sure) == 1 and all(truth is False for row, truth in found.items() if row != sure[0])
    types = {output.name: output.type for output in policy.plan.outputs}
    outputs = _members({name: (types[name], slot) for name, slot in decided.outputs.items()}, words)
    return Told(sure[0] if settled else None, outputs, space.loose)


def _told(value: Value, t: Type, words: Words) -> Any:
    """A value as JSON has it, as far as it is known."""
    match t, value:
        case RecordType(), Record():
            slots = {f.name: (f.type, value.field(f.name)) for f in t.fields}
            return _members(slots, words)
        case ListType(), Items() if _settled(value):
            return [_told(place.value, t.item, words) for place in value.places if place.within]
        case MapType(), Table() if _settled(value.entries) and all(key.known for key in value.keys):
            pairs = zip(value.keys, value.entries.places, strict=True)
            return {words.text(key): _told(place.value, t.value, words) for key, place in pairs if place.within}
        case DoubleType(), Number() if value.known:
            return float(value.term)
        case _, Number() if value.known:
            return outer(value.term, t)
        case _, Word() if value.known:
            return words.text(value)
        case _ if isinstance(value, bool):
            return value
        case _:
            return UNTOLD


def _members(slots: Mapping[str, tuple[Type, Slot]], words: Words) -> dict[str, Any]:
    """What is there, or may be."""
    return {
        name: _told(slot.value, t, words) if slot.there is True else UNTOLD
        for name, (t, slot) in slots.items()
        if slot.there is not False
    }


def _settled(row: Items) -> bool:
    return row.whole and all(isinstance(place.within, bool) for place in row.places)


def alike(told: Any, wanted: Any) -> bool:
    """Whether what is told is what is wanted, to the last bit but for the sign of a zero."""
    if told is UNTOLD:
        return True
    match told, wanted:
        case dict(), dict():
            sure = {name: value for name, value in told.items() if value is not UNTOLD}
            others = {name: value for name, value in wanted.items() if told.get(name) is not UNTOLD}
            return list(sure) == list(others) and all(alike(sure[name], others[name]) for name in sure)
        case list(), list():
            return len(told) == len(wanted) and all(map(alike, told, wanted))
        case _:
            return repr(told) == repr(wanted) or (type(told) is type(wanted) is float and told == wanted == 0.0)


def differs(plans: Plans, policy: Policy, decoded: Any) -> str:
    """Where the symbolic reader decides known inputs otherwise than the scalar one; empty where it does not."""
    (row, outputs), told = by_scalar(policy, decoded), by_constants(plans, policy, decoded)
    sure = told.row is not None and "untold" not in repr(told.outputs)
    if (
        (sure or told.loose)
        and told.row in (None, row)
        and alike(told.outputs if told.row else {}, outputs if told.row else {})
    ):
        return ""
    given = plain_inputs(policy, decoded)
    return f"{policy.plan.name}\n  symbolic {told.row} {told.outputs}\n  scalar   {row} {outputs}\n  {given}"


# -- fixed afterwards


@dataclass(frozen=True, slots=True)
class Ways:
    """What may come of inputs that are fixed: the row that is asked about, and any other one; None: not found out.

    Whether there is another is not asked where something is modelled loosely.
    """

    this: bool | None
    other: bool | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A policy on unknown inputs."""

    problem: Problem
    decided: Decided
    rows: Mapping[Row, Truth]
    cut: tuple[Any, ...]
    """How many items are kept of those that lie beyond the places of lists: none, where none lie there."""

    @classmethod
    def of(cls, plans: Plans, policy: Policy, places: int) -> Asked:
        """The policy decided once, for all inputs."""
        problem = Problem.of(plans, policy.plan.inputs, places)
        move(policy, problem.deciding)
        decided = problem.deciding.decide(policy.plan.name, problem.inputs)
        unknown = unknowns_of(problem.deciding.space.holding)
        named = ((name.partition("!")[0], term) for name, term in unknown.items())
        cut = tuple(term for name, term in named if name in ("kept", "tail", "distinct") and z3.is_int(term))
        return cls(problem, decided, rows(decided), cut)

    @property
    def loose(self) -> Mapping[str, str]:
        """What is modelled loosely."""
        return self.problem.deciding.space.loose

    def ways(self, inputs: Inputs, row: Row) -> Ways:
        """Whether inputs that are fixed may give a row, and whether they may give another."""
        space, words = self.problem.deciding.space, self.problem.deciding.words
        known = self._computed(self._without_more(_solved(list(self.fixed(inputs)))))
        facts = z3.And(*space.holding, *space.exact, *words.facts())
        this = disj(*(truth for own, truth in self.rows.items() if own == row))
        other = disj(*(truth for own, truth in self.rows.items() if own != row))
        return Ways(_may(facts, this, known), None if self.loose else _may(facts, other, known))

    def fixed(self, inputs: Inputs) -> Iterator[Truth]:
        """That the unknown inputs are these, as far as they were read."""
        words = self.problem.deciding.words
        for f in self.problem.fields:
            yield from _slot_is(self.problem.inputs[f.name], inputs.get(f.name), f, words)

    def _without_more(self, known: Known) -> Known:
        """What is known besides where no list has more items than places."""
        more = any(_value(lifted(term), known) != 0 for term in self.problem.deciding.unknowns.beyond)
        return known if more else [*known, *((term, z3.IntVal(0)) for term in self.cut)]

    def _computed(self, known: Known) -> Known:
        """What is computed of what is known, each double the nearest one: in the order in which it was asked for."""
        known = list(known)
        for key, (found, kept) in self.problem.deciding.space.same.items():
            what = key[0] if isinstance(key, tuple) else ""
            if what in ("product", "quotient", "rounded") and not is_known(found.term):
                value = _result(str(what), [_value(term, known) for term in (kept if what == "quotient" else [kept])])
                if value is not None:
                    known.append((found.term, lifted(int(value) if found.term.is_int() else value)))
        return known


Known = list[tuple[Any, Any]]
"""Unknowns and what they are."""


def _solved(given: list[Truth]) -> Known:
    """The unknowns that facts leave no choice of."""
    solver = z3.SimpleSolver()
    unknown = unknowns_of(given)
    solver.add(*map(lifted, given), *(term >= 0 for name, term in unknown.items() if name.startswith("size ")))
    assert solver.check() == z3.sat, "the inputs are none of the policy's"
    model = solver.model()
    return [(term, model.eval(term, model_completion=True)) for term in unknown.values()]


def _result(what: str, given: list[Fraction | None]) -> Fraction | None:
    """What is computed of numbers; None where one is not known, and where it fails."""
    match what, given:
        case "quotient", [Fraction() as dividend, Fraction() as divisor]:
            return dividend / divisor if divisor else None
        case "rounded", [Fraction() as exact]:
            return Fraction(float(exact)) if abs(exact) < BEYOND else None
        case "product", [exact]:
            return exact
        case _:
            return None


def _value(term: Any, known: Known) -> Fraction | None:
    """What a term comes to, where that is known."""
    found = z3.simplify(z3.substitute(term, *known))
    if z3.is_int_value(found):
        return Fraction(found.as_long())
    return Fraction(found.numerator_as_long(), found.denominator_as_long()) if z3.is_rational_value(found) else None


def _may(facts: Any, truth: Truth, known: Known) -> bool | None:
    """Whether something may be true; None where the solver does not find out."""
    left = z3.simplify(z3.substitute(z3.And(facts, lifted(truth)), *known))
    if z3.is_true(left) or z3.is_false(left):
        return bool(z3.is_true(left))
    for solver in (z3.SimpleSolver(), z3.Solver()):  # what is left is small: the first is quicker, if it does not stray
        solver.set("timeout", ENOUGH_S * 1000)
        solver.add(left)
        found = solver.check()
        if found != z3.unknown:
            return bool(found == z3.sat)
    return None


def _slot_is(slot: Slot, value: Any, f: Field, words: Words) -> Iterator[Truth]:
    yield equal(slot.there, value is not None)
    if value is not None:
        yield from _is(slot.value, value, f.type, words)


def _is(found: Value, value: Any, t: Type, words: Words) -> Iterator[Truth]:
    match t, found:
        case RecordType(), Record():
            fields = {f.name: f for f in t.fields}
            for name, slot in found.read.items():
                yield from _slot_is(slot, value.get(name), fields[name], words)
        case ListType(), Items():
            yield from _items_are(found, value, t.item, words)
        case MapType(), Table():
            for key, own in zip(found.keys, value, strict=False):
                yield equal(key.term, words.of(own).term)
            yield from _items_are(found.entries, list(value.values()), t.value, words)
        case ((StringType() | EnumType()), Word()):
            yield equal(found.term, words.of(value).term)
        case DoubleType(), Number():
            yield equal(found.term, Fraction(value))
        case _, Number():
            yield equal(found.term, inner(value, t))
        case _:
            yield equal(found, value)


def _items_are(row: Items, values: list[Any], item: Type, words: Words) -> Iterator[Truth]:
    yield equal(row.size.term, len(values))
    for at, place in enumerate(row.places):
        yield equal(place.within, at < len(values))
    for place, value in zip(row.places, values, strict=False):
        yield from _is(place.value, value, item, words)


def unknowns_of(terms: list[Any]) -> dict[str, Any]:
    """The unknowns that facts are about, by name."""
    found: dict[str, Any] = {}
    seen: set[int] = set()
    waiting = [term for term in terms if not is_known(term)]
    while waiting:
        term = waiting.pop()
        if term.get_id() in seen:
            continue
        seen.add(term.get_id())
        if z3.is_const(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            found[term.decl().name()] = term
        waiting += term.children()
    return found
