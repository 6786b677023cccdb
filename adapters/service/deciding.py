"""Bytes in, bytes out: what the service answers to a request for a decision, whatever HTTP there is around it.

Rules kept here: nothing opens unless the policy in force says so, is fresh when it is asked and still is when the
answer is given; an exit passes all the same; every answer carries its effect; a decision that is not in the log is not
given as an allow.
"""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from datetime import datetime
from http import HTTPStatus
from itertools import count
from typing import Protocol

import msgspec

from adapters.service.in_force import Current, InForce, Ready
from adapters.service.problems import MOST_FAULTS, Problem
from engine.decision import Decision, Stamp
from engine.exits import without_policy
from engine.faults import Fault, InputsRefused
from engine.published import CAUSES, Refusal
from engine.standing import Standing, explained

LOGGER = logging.getLogger("bascule.service")
REFUSED = "INPUTS_REFUSED"
"""Counted in place of an outcome for inputs that no decision was made on."""
SPACE = b" \t\r\n"
"""Of JSON."""
NO_OBJECT = b"[]"
"""Read in place of inputs that are no object: the facts of the service have no place in those."""
SELDOM_NS = 1_000_000_000
"""Between two lines that tell of refused inputs."""
ENCODE = msgspec.json.Encoder().encode
_json = msgspec.json.Decoder(msgspec.Raw).decode


class Log(Protocol):
    """Where decisions are kept."""

    @property
    def keeps(self) -> bool:
        """Whether anything is kept at all."""

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


class Head(msgspec.Struct, frozen=True):
    """What the log says before a decision: who asked which policy, and the revision that was then in force."""

    request_id: str
    caller: str
    asked: str
    revision: int


class Made(msgspec.Struct, frozen=True):
    """A decision, as JSON too, and what it rests on. `Deciding.confirmed` makes the answer of it."""

    name: str
    """The policy that was asked, whichever decided."""
    decision: Decision
    body: bytes
    standing: Standing
    inputs: bytes
    asked: Asked

    @property
    def opens(self) -> bool:
        """Whether it allows what is no exit: those do not rest on what may grow old."""
        return self.decision.effect == "allow" and self.decision.valid_until is not None

    @property
    def exits(self) -> bool:
        """Whether it lets an exit through."""
        return self.decision.effect == "allow" and self.decision.valid_until is None


class Deciding:
    """Makes decisions with what is in force, and logs them."""

    def __init__(self, in_force: InForce, log: Log) -> None:
        self.in_force, self.log, self.clocks = in_force, log, in_force.clocks
        self.counts: Counter[tuple[str, str, str, str]] = Counter()
        """Decisions by policy, outcome, effect and rule."""
        self._ids, self._series = count(1), secrets.token_hex(8)
        self._untold, self._told_at = 0, -SELDOM_NS

    def decide(self, name: str, inputs: bytes, asked: Asked) -> Made:
        """The decision of a policy, logged, on inputs without the facts that the service supplies.

        Raises `Problem` for a policy that is not there, and for inputs that are no JSON, or have faults and ask for no
        exit.
        """
        current = self.in_force.current
        standing = current.standing
        steady, now = self.clocks.steady(), self.clocks.now()
        refusal = standing.why_not(steady, now) or self.log.refusal
        if refusal is not None:
            _check_json(inputs)
            return self._kept(self._made(name, self._without(refusal, inputs, now), standing, inputs, asked))
        found = current.ready.get(name)
        if found is None:
            _check_json(inputs)
            return self._unknown(name, inputs, current, now, asked)
        stamp = Stamp(self._new_id(), now, current.ends, standing.age_ms(steady))
        if inputs[:1] != b"{":
            inputs = inputs.lstrip(SPACE)
        said = found.with_facts(inputs, now) if inputs[:1] == b"{" else NO_OBJECT
        return self._kept(self._made(name, decided(found, said, inputs, stamp), standing, said, asked))

    def confirmed(self, made: Made, *, kept: bool = True) -> Made:
        """The decision, or a block where what it rests on no longer holds, or where it had to be `kept` and was not.

        Asked last, before the answer is written. What takes an allow back is logged even where the log is full.
        """
        if not made.opens:
            return made
        standing = made.standing
        now = made.decision.decided_at if standing.valid_until is None else self.clocks.now()
        refusal = standing.why_not(self.clocks.steady(), now) or self.in_force.current.standing.refusal
        if refusal is None and not kept:
            refusal = Refusal("log-full", "the decision was not on the disk in time")
        if refusal is None:
            return made
        instead = self._without(refusal, made.inputs, self.clocks.now())
        return self._logged(self._made(made.name, instead, made.standing, made.inputs, made.asked))

    def refused(self, name: str, asked: Asked, problem: Problem) -> None:
        """Count inputs that could not be decided on, and tell of them, at most once a second."""
        if not problem.faults:
            return
        self.counts[name, REFUSED, "block", ""] += 1
        self._untold += 1
        if self.clocks.steady() - self._told_at < SELDOM_NS:
            return
        more = f" ({self._untold - 1} more since the last such line)" if self._untold > 1 else ""
        told = name, asked.caller, asked.request_id, problem.detail, more
        LOGGER.warning("the inputs of `%s` from %s, request %s, are refused: %s%s", *told)
        self._untold, self._told_at = 0, self.clocks.steady()

    def _unknown(self, name: str, inputs: bytes, current: Current, now: datetime, asked: Asked) -> Made:
        """An exit passes whatever policy it names: those in force may have changed. Raises `Problem` for all else."""
        why = f"there is no policy `{name}` in force"
        found = without_policy(inputs, Stamp(self._new_id(), now), why)
        if found.effect != "allow":
            raise Problem.no_such_policy(name, current.ready)
        return self._logged(self._made(name, found, current.standing, inputs, asked))

    @staticmethod
    def _made(name: str, decision: Decision, standing: Standing, inputs: bytes, asked: Asked) -> Made:
        return Made(name, decision, ENCODE(decision), standing, inputs, asked)

    def _kept(self, made: Made) -> Made:
        """A decision once it is in the log. Raises `Problem` where the log takes nothing but exits."""
        if self.log.is_full and not made.exits:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, CAUSES["log-full"], headers={"Retry-After": "1"})
        return self._logged(made)

    def _logged(self, made: Made) -> Made:
        decision, asked = made.decision, made.asked
        self.counts[decision.policy, decision.outcome, decision.effect, decision.rule or _cause(decision)] += 1
        if self.log.keeps:
            head = Head(asked.request_id, asked.caller, made.name, made.standing.revision)
            self.log.offer(ENCODE(head), made.body, made.inputs)
        return made

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


def _check_json(inputs: bytes) -> None:
    """Raise `Problem` for inputs that are no JSON: those that a policy reads it refuses itself."""
    try:
        if not inputs.isascii():
            inputs.decode()
        _json(inputs)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem.faulty([Fault("", f"the inputs are not JSON: {error}")]) from None


def _cause(decision: Decision) -> str:
    """In place of a rule where none decided: the cause that keeps all from opening."""
    cause = decision.reason.partition(":")[0]
    return cause if cause in CAUSES else ""


def _supplied(fault: Fault, found: Ready) -> Fault:
    """A fault as a caller reads it: what the service supplies is not theirs to send."""
    name = fault.pointer.removeprefix("/").partition("/")[0]
    source = found.supplied.get(name)
    if source is None:
        return fault
    return Fault(f"/{name}", f"`{name}` comes from the {source}, not from the caller: leave it out")
