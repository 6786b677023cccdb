"""On which inputs two versions of a policy decide otherwise: for each pair of outcomes some, none, or unknown.

Both versions are asked of the same unknown inputs. What they compute alike is one term, so versions that are written
otherwise and mean the same are equal without any search.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from engine.decision import Decision
from engine.faults import InputsRefused
from engine.policy import Machine, Policy
from engine.symbolic.deciding import Decided, Deciding
from engine.symbolic.plainer import plainer
from engine.symbolic.proving import PLACES, Patience, Problem, Search
from engine.symbolic.terms import Truth, conj, disj, negated
from engine.symbolic.values import surely_same_slots
from engine.symbolic.verifying import STAMP
from rules.plan import Plan
from rules.types import Field

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
    """Ask of all open pairs together, then of each."""
    if Search(asked.problem, disj(*open_.values()), lambda _: False, patience.left).impossible():
        found |= {pair: Difference(*pair, "none") for pair in open_}
        return
    for pair, truth in open_.items():
        if patience.left() <= 0:
            return
        if truth is False:
            found[pair] = Difference(*pair, "none")
            continue
        search = Search(asked.problem, truth, partial(versions.shows, pair), patience.left)
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

    @property
    def fields(self) -> tuple[Field, ...]:
        """The inputs of either."""
        named = {f.name: f for f in (*self.old.plan.inputs, *self.new.plan.inputs)}
        return tuple(named.values())

    def why_not(self) -> str:
        """Why both cannot be asked of the same inputs; nothing where they can."""
        theirs = {f.name: f for f in self.new.plan.inputs}
        other = [f.name for f in self.old.plan.inputs if f.name in theirs and theirs[f.name] != f]
        return f"{', '.join(f'`{name}`' for name in other)} is of another type in each version" if other else ""

    def asked(self, places: int) -> _Asked:
        """Both versions, asked of inputs with so many places, and where each pair of outcomes comes about."""
        problem = Problem.of(self._plans[0], self.fields, places)
        first = problem.deciding
        second = Deciding(self._plans[1], first.space, first.words, first.unknowns)
        decided = [
            deciding.decide(policy.plan.name, {f.name: problem.inputs[f.name] for f in policy.plan.inputs})
            for deciding, policy in ((first, self.old), (second, self.new))
        ]
        pairs = dict(_pairs(*decided))
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
        return both[1].outcome == pair[1]

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
        return Difference(*pair, "unknown", hard=hard)


def _pairs(old: Decided, new: Decided) -> Iterator[tuple[Pair, Truth]]:
    """Where each pair of different outcomes comes about, and where the same outcome has other outputs."""
    for mine in old.plan.outcomes:
        where = old.is_outcome(mine)
        if where is False:
            continue
        for theirs in new.plan.outcomes:
            if mine != theirs:
                yield (mine, theirs), conj(where, new.is_outcome(theirs))
        other = _other_outputs(old, new)
        if mine in new.plan.outcomes and other is not False:
            yield (mine, OUTPUTS), conj(where, new.is_outcome(mine), other)


def _other_outputs(old: Decided, new: Decided) -> Truth:
    """Where an output is there on one side alone, or another value."""
    other: list[Truth] = [slot.there for sides in ((old, new), (new, old)) for name, slot in sides[0].outputs.items()
                          if name not in sides[1].outputs]  # fmt: skip
    for name, slot in old.outputs.items():
        if name in new.outputs:
            other.append(negated(surely_same_slots(slot, new.outputs[name])))
    return disj(*other)
