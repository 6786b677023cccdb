"""What two bundles decide otherwise over all inputs, policy by policy, each within its time."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

from adapters.extras import PROOFS, lacking
from adapters.proving.report import OUTPUTS, Became, Proof, Shown
from adapters.proving.running import Timed, Work, each
from engine.comparison import Verdict, change_of
from engine.decision import Decision
from engine.policy import Machine, compile_bundle
from rules.bundle import Bundle

try:
    from engine.symbolic.differing import Compared, Difference, compared
    from engine.symbolic.proving import Patience
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(lacking(PROOFS, "prove"), name=missing.name) from missing


Effects: TypeAlias = Mapping[str, str]
"""The effect of each outcome."""


def proofs(old: Bundle, new: Bundle, policies: Iterable[str], seconds: float) -> Iterator[Proof]:
    """The proof of each policy, in order; each has so many seconds."""
    bundles = [replace(one, documents=(), suites=(), invariants=()) for one in (old, new)]
    packed = pickle.dumps(bundles, pickle.HIGHEST_PROTOCOL)
    for name, timed in each(Work(_compared, packed), policies, seconds):
        yield _proof(name, timed, [one.plans[name].outcomes for one in bundles])


def _compared(packed: bytes, policy: str, left: Callable[[], float], hears: Callable[[str], None]) -> Compared:
    old, new = _machines(packed)
    return compared(old, new, policy, Patience(left, hears))


@lru_cache(maxsize=1)
def _machines(packed: bytes) -> tuple[Machine, Machine]:
    old, new = pickle.loads(packed)  # noqa: S301 -- from the process that began this one
    return compile_bundle(old), compile_bundle(new)


def _proof(policy: str, timed: Timed[Compared], effects: Sequence[Effects]) -> Proof:
    found, seconds = timed.answer, round(timed.seconds, 3)
    if found is None:
        return Proof(policy=policy, pairs=0, equal=False, seconds=seconds, why_not=timed.why)
    told = [shown(one, *effects) for one in found.differences if one.result != "none" or one.up_to is not None]
    pairs = len(found.differences)
    return Proof(
        policy=policy, pairs=pairs, equal=found.equal, seconds=seconds, differences=told, why_not=found.why_not
    )


def shown(one: Difference, was: Effects, becomes: Effects) -> Shown:
    """A difference as it is told; what is not known is told as the change that it would be."""
    if one.decisions is None:
        then = one.old if one.new == OUTPUTS else one.new
        change = _became(one, Verdict(one.old, was[one.old], ""), Verdict(then, becomes[then], ""))
        return Shown(old=one.old, new=one.new, result=one.result, change=change, up_to=one.up_to, why=one.hard)
    old, new = one.decisions
    return Shown(
        old=one.old,
        new=one.new,
        result="some",
        change=_became(one, _verdict(old), _verdict(new)),
        old_rule=old.rule,
        new_rule=new.rule,
        old_reason=old.reason,
        new_reason=new.reason,
        inputs=one.inputs,
    )


def _became(one: Difference, old: Verdict, new: Verdict) -> Became:
    return OUTPUTS if one.new == OUTPUTS and old.effect == new.effect else change_of(old, new)


def _verdict(decision: Decision) -> Verdict:
    return Verdict(decision.outcome, decision.effect, decision.rule or "")
