"""The fate of a mutant, asked for in the order of what it costs.

It does not check; a case of a suite fails; an invariant is refuted; both versions are proved to decide alike; inputs
tell them apart; or none of these is known in the time. Time is asked of whoever asks the question.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Literal

from engine.mutation.alike import alike, order_is_idle, told_apart_by
from engine.mutation.cases import Telling, telling
from engine.mutation.changed import compiled, noticed
from engine.mutation.nearby import decided, told_apart
from engine.policy import Machine, compile_bundle
from engine.symbolic.differing import Compared, compared
from engine.symbolic.proving import Patience
from engine.symbolic.verifying import verified
from rules.bundle import Bundle
from rules.cel.tree import Call, Node, Root, Select, walk
from rules.mutation.mutant import Mutant
from rules.mutation.replaced import Replaced, replaced
from rules.plan import Plan, expressions

Fate = Literal["refused", "suite", "invariant", "equivalent", "survived", "unknown"]
"""`suite` and `invariant` are what killed it."""
FOR_INVARIANTS = 0.25
"""The part of the time that all invariants together may take."""


MOST_NEARBY = 20
"""Inputs near those of the suites that are tried as a case."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a mutant."""

    mutant: Mutant
    fate: Fate
    by: str = ""
    """The case or the invariant that noticed; the policy of which something is unknown."""
    up_to: int | None = None
    """Of what is equivalent: for lists of so many items only."""
    telling: Telling | None = None
    """Of what survived: the case that would have noticed."""
    why: str = ""
    """Of what is unknown."""


@dataclass(frozen=True)
class Judge:
    """A bundle with its suites and invariants, and what becomes of its mutants."""

    bundle: Bundle

    @cached_property
    def machine(self) -> Machine:
        """The bundle compiled as it is."""
        return compile_bundle(self.bundle)

    @cached_property
    def texts(self) -> dict[str, str]:
        """The text of each document that decides."""
        return {one.name: one.source.text for one in self.bundle.documents if one.kind not in ("Suite", "Invariant")}

    def judged(self, mutant: Mutant, patience: Patience) -> Judgement:
        """The fate of a mutant."""
        changed = replaced(self.bundle, mutant.document, mutant.of(self.texts[mutant.document]))
        machine = None if changed is None else compiled(self.machine, changed)
        if changed is None or machine is None:
            return Judgement(mutant, "refused")
        case = noticed(self.bundle.suites, machine, changed.policies)
        if case is not None:
            return Judgement(mutant, "suite", case)
        return _Survivor(self.machine, mutant, changed, machine, patience).judged()


@dataclass(frozen=True, slots=True)
class _Survivor:
    """A mutant that no suite notices."""

    old: Machine
    mutant: Mutant
    changed: Replaced
    new: Machine
    patience: Patience

    def judged(self) -> Judgement:
        """What is known of it, from its invariants on."""
        refuted = self._refuted()
        if refuted is not None:
            return Judgement(self.mutant, "invariant", refuted)
        unknown: Judgement | None = None
        bounds: list[int] = []
        for policy in self._shown_by():
            found = self._compared(policy)
            if found.fate == "survived":
                return found
            if found.fate == "unknown":
                unknown = unknown or found
            elif found.up_to is not None:
                bounds.append(found.up_to)
        return unknown or Judgement(self.mutant, "equivalent", up_to=min(bounds, default=None))

    def _shown_by(self) -> Iterator[str]:
        """The policies that show all that has changed: what takes it up itself, and what decides by another's rule.

        A rule or a reason is no part of what a policy decides, but those that ask it may go by them, or pass them on in
        a reason of their own. Nor is the sign of a zero, which its text shows.
        """
        told_otherwise: set[str] = set()
        for policy in self.changed.policies:
            plan = self.new.bundle.plans[policy]
            asked = {call.name for call in plan.calls if call.policy in told_otherwise}
            own = policy in self.changed.own
            if own or _reads_rule_of(expressions(plan), asked):
                told_otherwise.add(policy)
            if own or _reads_rule_of(_deciding(plan), asked) or _writes_doubles(_deciding(plan)):
                yield policy

    def _refuted(self) -> str | None:
        """The first invariant that does not hold any more."""
        names = set(self.changed.invariants)
        before = self.patience.left()
        share = before * (1 - FOR_INVARIANTS)
        patience = Patience(lambda: self.patience.left() - share, self.patience.hears)
        for invariant in (one for one in self.new.bundle.invariants if one.name in names):
            if patience.left() > 0 and verified(self.new.bundle, invariant, patience).result == "refuted":
                return invariant.name
        return None

    def _compared(self, policy: str) -> Judgement:
        """What is known of one policy: with inputs near those of its suites, and by proof."""
        near = islice(told_apart(policy, self.old, self.new, self._values()), MOST_NEARBY)
        cases = (telling(self.mutant, policy, *found, self.old, self.new) for found in near)
        case = next((one for one in cases if one is not None), None)
        if case is not None:
            return Judgement(self.mutant, "survived", policy, telling=case)
        unasked = self._unasked(policy)
        if unasked:
            return Judgement(self.mutant, "unknown", policy, why=unasked)
        plans = self.new.bundle.plans
        own = policy in self.changed.own
        if own and (
            alike(self.old.bundle.plans[policy], plans[policy]) or order_is_idle(self.mutant, plans[policy], plans)
        ):
            return Judgement(self.mutant, "equivalent", policy)
        if self.patience.left() <= 0:
            return Judgement(self.mutant, "unknown", policy, why="the time was up")
        return self._proved(compared(*self._narrowed(policy), policy, self.patience))

    def _narrowed(self, policy: str) -> tuple[Machine, Machine]:
        """Both versions, with the outputs of a policy that may be told apart."""
        plans = (self.old.bundle.plans[policy], self.new.bundle.plans[policy])
        narrowed = told_apart_by(*plans, self.changed.policies)
        first, second = (
            replace(machine, bundle=replace(machine.bundle, plans={**machine.bundle.plans, policy: plan}))
            for machine, plan in zip((self.old, self.new), narrowed, strict=True)
        )
        return first, second

    def _values(self) -> list[float | int]:
        """The numbers that the change is about, and those beside them."""
        return list(_beside(re.findall(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", self.mutant.sentence)))

    def _unasked(self, policy: str) -> str:
        """Why a proof would not say all of a policy; nothing where it does."""
        old, new = self.old.bundle.plans[policy], self.new.bundle.plans[policy]
        if old.outcomes != new.outcomes:
            return "an outcome has another effect, and no case of a suite comes to it"
        if (old.on_error, old.exits) != (new.on_error, new.exits):
            return "what is decided where all else fails is another"
        return ""

    def _proved(self, found: Compared) -> Judgement:
        """What a comparison over all inputs says."""
        if found.why_not:
            return Judgement(self.mutant, "unknown", found.policy, why=found.why_not)
        if found.equal:
            return Judgement(self.mutant, "equivalent", found.policy)
        for one in found.differences:
            if one.inputs is not None:
                both = tuple(decided(one.inputs, machine.policies[found.policy]) for machine in (self.old, self.new))
                case = telling(self.mutant, found.policy, one.inputs, (both[0], both[1]), self.old, self.new)
                if case is not None:
                    return Judgement(self.mutant, "survived", found.policy, telling=case)
        if any(one.result == "some" for one in found.differences):
            return Judgement(
                self.mutant, "unknown", found.policy, why="what differs lies within the tolerance of the suite"
            )
        open_ = [one for one in found.differences if one.result == "unknown"]
        if open_:
            return Judgement(self.mutant, "unknown", found.policy, why=open_[0].hard)
        bounds = [one.up_to for one in found.differences if one.up_to is not None]
        return Judgement(self.mutant, "equivalent", found.policy, min(bounds))


def _reads_rule_of(nodes: Iterable[Node], calls: Collection[str]) -> bool:
    """Whether expressions rest on the rule or the reason of a policy that is asked."""
    return any(
        isinstance(part, Select)
        and part.field.name in ("rule", "reason")
        and isinstance(part.operand, Root)
        and (part.operand.kind, part.operand.name in calls) == ("call", True)
        for node in nodes
        for part in walk(node, into_variables=True)
    )


def _writes_doubles(nodes: Iterable[Node]) -> bool:
    """Whether expressions make texts of doubles."""
    parts = (part for node in nodes for part in walk(node, into_variables=True))
    return any(isinstance(part, Call) and part.overload.id == "string_double" for part in parts)


def _deciding(plan: Plan) -> Iterator[Node]:
    """The expressions of a plan but for those of its messages."""
    for call in plan.calls:
        yield from call.nodes
    for case in plan.all_cases:
        yield from (one for one in (case.when, *(way.when for way in case.alternatives)) if one is not None)
    for output in plan.outputs:
        yield from (one for one in (output.value, output.when) if one is not None)
    yield from (requirement.that for requirement in plan.ensures)


def _beside(texts: Iterable[str]) -> Iterable[float | int]:
    for text in texts:
        if re.fullmatch(r"-?\d+", text):
            yield from (int(text), int(text) - 1, int(text) + 1)
        else:
            yield float(text)
