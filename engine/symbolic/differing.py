"""On which inputs two versions of a policy decide otherwise: for each pair of outcomes some, none, or unknown.

Both versions are asked of the same unknown inputs. What they compute alike is one term, so versions that are written
otherwise and mean the same are equal without any search.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from engine.decision import Decision
from engine.faults import InputsRefused
from engine.policy import Machine, Policy
from engine.symbolic.deciding import Decided
from engine.symbolic.moved import STAMP
from engine.symbolic.plainer import plainer
from engine.symbolic.proving import PLACES, Patience, Problem, Search
from engine.symbolic.terms import Truth, conj, disj, equal, negated
from engine.symbolic.values import surely_same_slots
from rules.plan import Plan
from rules.types import DoubleType, EnumType, Field, IntType, ListType, MapType, RecordType, StringType, Type

AT_FIRST_S = 3.0
"""How long each pair is looked at before any is looked at for longer."""
OUTPUTS = "outputs"
"""In place of a new outcome: the same outcome with other outputs."""
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """What two versions make of the same inputs: both outcomes, or one with other outputs."""

    old: str
    new: str
    result: Literal["some", "none", "unknown"]
    inputs: dict[str, Any] | None = None
    decisions: tuple[Decision, Decision] | None = None
    up_to: int | None = None
    """Of none: for lists of so many items only."""
    hard: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """All pairs of outcomes of a policy."""

    policy: str
    differences: tuple[Difference, ...]
    why_not: str = ""
    """Why nothing could be asked."""
    loose: Mapping[str, str] | None = None

    @property
    def equal(self) -> bool:
        """Whether both versions decide alike on all inputs, whatever the length of their lists."""
        return not self.why_not and all(one.result == "none" and one.up_to is None for one in self.differences)


def compared(old: Machine, new: Machine, policy: str, patience: Patience) -> Compared:
    """How two versions of a policy differ."""
    versions = _Versions(old.policies[policy], new.policies[policy], old.bundle.plans, new.bundle.plans)
    why_not = versions.why_not()
    if why_not:
        return Compared(policy, (), why_not)
    found: dict[Pair, Difference] = {}
    loose: Mapping[str, str] = {}
    for places in PLACES:
        asked = versions.asked(places)
        loose = asked.problem.deciding.space.loose
        patience.hears(asked.problem.deciding.space.hardest())
        open_ = {pair: truth for pair, truth in asked.pairs.items() if pair not in found}
        _look(versions, asked, open_, patience, found)
        if all(pair in found for pair in asked.pairs) or patience.left() <= 0:
            break
        versions.bounded_at = places
    for pair in versions.pairs:
        found.setdefault(pair, versions.left_open(pair))
    order = sorted(found.values(), key=lambda one: ("some", "unknown", "none").index(one.result))
    return Compared(policy, tuple(order), loose=loose)


def _look(
    versions: _Versions, asked: _Asked, open_: Mapping[Pair, Truth], patience: Patience, found: dict[Pair, Difference]
) -> None:
    """Ask of all open pairs together, then of those that change an effect alike, then of each."""
    for group in (list(open_), *versions.by_effect(open_)):
        left = {pair: open_[pair] for pair in group if pair not in found}
        if patience.left() <= 0:
            return
        if len(left) > 1 and Search(asked.problem, disj(*left.values()), lambda _: False, patience.left).contradicted():
            found |= {pair: Difference(*pair, "none") for pair in left}
    for seconds in (AT_FIRST_S, math.inf):
        for pair, truth in open_.items():
            if pair not in found and patience.left() > 0:
                _look_at(versions, asked.problem, pair, truth, _at_most(seconds, patience.left), found)


def _at_most(seconds: float, left: Callable[[], float]) -> Callable[[], float]:
    """What is left of some seconds from now on."""
    spared = max(0.0, left() - seconds)
    return lambda: left() - spared


def _look_at(
    versions: _Versions,
    problem: Problem,
    pair: Pair,
    truth: Truth,
    left: Callable[[], float],
    found: dict[Pair, Difference],
) -> None:
    """Ask of one pair."""
    if truth is False:
        found[pair] = Difference(*pair, "none")
        return
    search = Search(problem, truth, partial(versions.shows, pair), left)
    answer = search.run()
    if isinstance(answer, dict):
        found[pair] = versions.plain(answer, pair)
    elif answer == "impossible":
        found[pair] = Difference(*pair, "none")
    else:
        versions.note(pair, bounded=answer == "bounded", hard=search.hard)


@dataclass(frozen=True, slots=True)
class _Asked:
    problem: Problem
    pairs: Mapping[Pair, Truth]


class _Versions:
    """Two versions of a policy, by both readers."""

    def __init__(self, old: Policy, new: Policy, old_plans: Mapping[str, Plan], new_plans: Mapping[str, Plan]) -> None:
        self.old, self.new, self._plans = old, new, (old_plans, new_plans)
        self.pairs: tuple[Pair, ...] = ()
        self.bounded_at: int | None = None
        self._noted: dict[Pair, tuple[bool, str]] = {}

    def by_effect(self, pairs: Iterable[Pair]) -> list[list[Pair]]:
        """Pairs that change an effect alike, and of these those that begin with the same outcome."""
        groups: dict[tuple[str, ...], list[Pair]] = {}
        for old, new in pairs:
            change = self.old.plan.outcomes[old], self.new.plan.outcomes.get(new, new)
            groups.setdefault(change, []).append((old, new))
            groups.setdefault((*change, old), []).append((old, new))
        return [groups[key] for key in sorted(groups, key=len)]

    @property
    def fields(self) -> tuple[Field, ...]:
        """The inputs of either."""
        named = {f.name: f for f in (*self.old.plan.inputs, *self.new.plan.inputs)}
        return tuple(named.values())

    def why_not(self) -> str:
        """Why both cannot be asked of the same inputs; nothing where they can."""
        theirs = {f.name: f for f in self.new.plan.inputs}
        other = [f.name for f in self.old.plan.inputs if f.name in theirs and not _same_field(theirs[f.name], f)]
        if other:
            return f"{', '.join(f'`{name}`' for name in other)} is of another type in each version"
        if self.old.plan.exits != self.new.plan.exits:
            return "`exits` is another in each version: what only reduces is let out otherwise, whatever fails"
        return ""

    def asked(self, places: int) -> _Asked:
        """Both versions, asked of inputs with so many places, and where each pair of outcomes comes about."""
        problem = Problem.of(self._plans[0], self.fields, places)
        first = problem.deciding
        second = first.beside(self._plans[1])
        decided = [
            deciding.decide(policy.plan.name, {f.name: problem.inputs[f.name] for f in policy.plan.inputs}).by_itself()
            for deciding, policy in ((first, self.old), (second, self.new))
        ]
        pairs = dict(where_they_differ(*decided))
        self.pairs = tuple(pairs)
        return _Asked(problem, pairs)

    def decided(self, inputs: Mapping[str, Any]) -> tuple[Decision, Decision] | None:
        """What the scalar reader makes of inputs; None where one of the versions refuses them."""
        found = []
        for policy in (self.old, self.new):
            mine = {f.name for f in policy.plan.inputs}
            said = json.dumps({name: value for name, value in inputs.items() if name in mine})
            try:
                found.append(policy.decide(policy.read(said), STAMP))
            except InputsRefused:
                return None
        return found[0], found[1]

    def shows(self, pair: Pair, inputs: Mapping[str, Any]) -> bool:
        """Whether inputs show a pair."""
        both = self.decided(inputs)
        if both is None or both[0].outcome != pair[0]:
            return False
        if pair[1] == OUTPUTS:
            return both[1].outcome == pair[0] and both[0].outputs != both[1].outputs
        return both[1].outcome == pair[1] and (pair[0] != pair[1] or both[0].effect != both[1].effect)

    def plain(self, inputs: dict[str, Any], pair: Pair) -> Difference:
        """The plainest inputs found that show a pair by the same two rules."""
        first = self.decided(inputs)
        assert first is not None
        rules = [one.rule for one in first]

        def alike(candidate: dict[str, Any]) -> bool:
            both = self.decided(candidate)
            return both is not None and [one.rule for one in both] == rules and self.shows(pair, candidate)

        plain = plainer(inputs, alike)
        return Difference(*pair, "some", plain, self.decided(plain))

    def note(self, pair: Pair, *, bounded: bool, hard: str) -> None:
        """Note how far a pair that is still open was looked at."""
        self._noted[pair] = bounded, hard

    def left_open(self, pair: Pair) -> Difference:
        """What is known of a pair that no number of places settled."""
        bounded, hard = self._noted.get(pair, (False, "the time is up"))
        if bounded and self.bounded_at is not None:
            return Difference(*pair, "none", up_to=self.bounded_at)
        return Difference(*pair, "unknown", hard=hard or "the time is up")


def _same_field(a: Field, b: Field) -> bool:
    """Whether two fields are the same, their defaults to the sign of a zero."""
    return a == b and repr(a) == repr(b)


def where_they_differ(old: Decided, new: Decided) -> Iterator[tuple[Pair, Truth]]:
    """Where each pair of different outcomes comes about, and where the same outcome has other outputs.

    An outcome that has another effect makes a pair with itself.
    """
    other, before, after = _other_outputs(old, new), _rows(old), _rows(new)
    at = {_told(truth): (outcome, truth) for outcome, truth in after}
    kept = {_told(truth) for _, truth in before} & at.keys()
    moved = [(outcome, truth) for outcome, truth in after if _told(truth) not in kept]

    def becomes(mine: str, theirs: str) -> Truth:
        """Where an outcome becomes another. What applies in the same terms in both versions does so together."""
        return disj(
            *(
                conj(truth, at[_told(truth)][0] == theirs)
                if _told(truth) in kept
                else conj(truth, disj(*(one for outcome, one in moved if outcome == theirs)))
                for outcome, truth in before
                if outcome == mine
            )
        )

    for mine in dict.fromkeys(outcome for outcome, _ in before):
        for theirs, effect in new.plan.outcomes.items():
            if mine != theirs or effect != old.plan.outcomes[mine]:
                yield (mine, theirs), becomes(mine, theirs)
        if mine in new.plan.outcomes and other is not False:
            yield (mine, OUTPUTS), conj(becomes(mine, mine), other)


def where_rules_differ(old: Decided, new: Decided) -> Truth:
    """Where two versions of the same rules decide by another one, or give other outputs."""
    pairs = zip((*old.applies, old.fails), (*new.applies, new.fails), strict=True)
    return disj(*(negated(equal(mine, theirs)) for mine, theirs in pairs), _other_outputs(old, new))


def _rows(decided: Decided) -> list[tuple[str, Truth]]:
    """The outcome of each case and of failing, with where it is the one: no two of them are together."""
    outcomes = (*(case.outcome for case in decided.plan.all_cases), decided.plan.on_error)
    pairs = zip(outcomes, (*decided.applies, decided.fails), strict=True)
    return [(outcome, truth) for outcome, truth in pairs if truth is not False]


def _told(truth: Truth) -> Hashable:
    """What a truth is the same as another by."""
    return ("known", truth) if isinstance(truth, bool) else ("term", truth.get_id())


def _comparable(a: Type, b: Type) -> bool:
    """Whether values of two types can be equal: a time is a number here, as a duration is, and never the same one."""
    match a, b:
        case ((IntType() | DoubleType()), (IntType() | DoubleType())):
            return True
        case ((StringType() | EnumType()), (StringType() | EnumType())):
            return True
        case ListType(), ListType():
            return _comparable(a.item, b.item)
        case MapType(), MapType():
            return _comparable(a.value, b.value)
        case RecordType(), RecordType():
            theirs = {f.name: f.type for f in b.fields}
            return all(_comparable(f.type, theirs[f.name]) for f in a.fields if f.name in theirs)
        case _:
            return type(a) is type(b)


def _other_outputs(old: Decided, new: Decided) -> Truth:
    """Where an output is there on one side alone, or another value."""
    other: list[Truth] = [slot.there for sides in ((old, new), (new, old)) for name, slot in sides[0].outputs.items()
                          if name not in sides[1].outputs]  # fmt: skip
    types = [{output.name: output.type for output in one.plan.outputs} for one in (old, new)]
    for name, slot in old.outputs.items():
        if name in new.outputs:
            theirs = new.outputs[name]
            comparable = _comparable(types[0][name], types[1][name])
            other.append(negated(surely_same_slots(slot, theirs)) if comparable else disj(slot.there, theirs.there))
    return disj(*other, negated(equal(old.let_out, new.let_out)))
