"""Bytes in, bytes out: what the service answers to a request for a decision, whatever HTTP there is around it.

Rules kept here: nothing opens unless the policy in force says so, is fresh when it is asked and still is when the
answer is given; an exit passes all the same; every answer carries its effect; a decision that is not in the log is not
given as an allow.
"""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import datetime
from http import HTTPStatus
from itertools import count
from typing import Protocol

import msgspec

from adapters.service.in_force import InForce, Ready
from adapters.service.problems import MOST_FAULTS, Problem
from engine.decision import Decision, Stamp
from engine.exits import without_policy
from engine.faults import Fault, InputsRefused
from engine.published import CAUSES, Refusal
from engine.standing import Standing, explained

ENCODE = msgspec.json.Encoder().encode


class Log(Protocol):
    """Where decisions are kept."""

    @property
    def refusal(self) -> Refusal | None:
        """Why no opening may be logged now."""

    @property
    def is_full(self) -> bool:
        """Whether nothing but exits may be logged."""

    def offer(self, head: bytes, decision: bytes, inputs: bytes) -> None:
        """Take a decision: the members that stand before it, the decision, and the inputs, all as JSON."""


class Asked(msgspec.Struct, frozen=True):
    """Who asks, and under which id."""

    request_id: str
    caller: str


class Made(msgspec.Struct, frozen=True):
    """A decision, as JSON too, and what it rests on. `Deciding.confirmed` makes the answer of it."""

    decision: Decision
    body: bytes
    standing: Standing
    inputs: bytes
    asked: Asked

    @property
    def opens(self) -> bool:
        """Whether it allows what is no exit: those do not rest on what may grow old."""
        return self.decision.effect == "allow" and self.decision.valid_until is not None


class Deciding:
    """Makes decisions with what is in force, and logs them."""

    def __init__(self, in_force: InForce, log: Log) -> None:
        self.in_force, self.log, self.clocks = in_force, log, in_force.clocks
        self.counts: Counter[tuple[str, str, str, str]] = Counter()
        """Decisions by policy, outcome, effect and rule."""
        self._ids, self._series = count(1), secrets.token_hex(8)

    def decide(self, name: str, inputs: bytes, asked: Asked) -> Made:
        """The decision of a policy, logged, on inputs without the facts that the service supplies.

        Raises `Problem` for a policy that is not there, and for inputs with faults that ask for no exit.
        """
        current = self.in_force.current
        standing = current.standing
        steady, now = self.clocks.steady(), self.clocks.now()
        refusal = standing.why_not(steady, now) or self.log.refusal
        if refusal is not None:
            return self._kept(self._without(refusal, inputs, now), standing, inputs, asked)
        found = current.ready.get(name)
        if found is None:
            raise Problem.no_such_policy(name, current.ready)
        stamp = Stamp(self._new_id(), now, current.ends, standing.age_ms(steady))
        said = found.with_facts(inputs, now) if inputs[:1] == b"{" else inputs
        return self._kept(decided(found, said, inputs, stamp), standing, said, asked)

    def confirmed(self, made: Made) -> Made:
        """The decision, or a block where what it rests on no longer holds. Asked last, before the answer is written."""
        if not made.opens:
            return made
        now = self.clocks.now()
        refusal = made.standing.why_not(self.clocks.steady(), now) or self.in_force.current.standing.refusal
        if refusal is None:
            return made
        return self._kept(self._without(refusal, made.inputs, now), made.standing, made.inputs, made.asked)

    def _kept(self, decision: Decision, standing: Standing, inputs: bytes, asked: Asked) -> Made:
        """A decision once it is in the log. Raises `Problem` where the log takes nothing but exits."""
        is_exit = decision.effect == "allow" and decision.valid_until is None
        if self.log.is_full and not is_exit:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, CAUSES["log-full"], headers={"Retry-After": "1"})
        self.counts[decision.policy, decision.outcome, decision.effect, decision.rule or ""] += 1
        body = ENCODE(decision)
        self.log.offer(ENCODE(asked), body, inputs)
        return Made(decision, body, standing, inputs, asked)

    def simulate(self, name: str, inputs: bytes) -> Decision:
        """A decision on inputs that are all given, stamped as simulated; it is neither logged nor counted."""
        current = self.in_force.current
        now = self.clocks.now()
        stamp = Stamp(self._new_id(), now, simulated=True)
        if current.standing.machine is None:
            refusal = current.standing.refusal or Refusal("starting", "")
            return without_policy(inputs, stamp, explained(refusal))
        found = current.ready.get(name)
        if found is None:
            raise Problem.no_such_policy(name, current.ready)
        return decided(found, inputs, inputs, stamp, simulated=True)

    def _without(self, refusal: Refusal, inputs: bytes, now: datetime) -> Decision:
        return without_policy(inputs, Stamp(self._new_id(), now), explained(refusal))

    def _new_id(self) -> str:
        return f"{self._series}-{next(self._ids):x}"


def decided(found: Ready, said: bytes, inputs: bytes, stamp: Stamp, *, simulated: bool = False) -> Decision:
    """The decision of a policy on what is said; `inputs` are those of the caller. Raises `Problem` for faults."""
    policy = found.policy
    try:
        read = policy.read(said, MOST_FAULTS)
    except InputsRefused as refused:
        decision = policy.refused(refused, stamp, inputs)
        if decision.effect == "allow":
            return decision
        faults = refused.faults if simulated else [_supplied(fault, found) for fault in refused.faults]
        raise Problem.faulty(faults, cut=refused.cut) from None
    return policy.decide(read, stamp)


def _supplied(fault: Fault, found: Ready) -> Fault:
    """A fault as a caller reads it: what the service supplies is not theirs to send."""
    name = fault.pointer.removeprefix("/").partition("/")[0]
    source = found.supplied.get(name)
    if source is None:
        return fault
    return Fault(f"/{name}", f"`{name}` comes from the {source}, not from the caller: leave it out")
