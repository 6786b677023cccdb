"""What a worker decides with: the policy in force and what each policy needs from the service, replaced as a whole.

A decision takes `InForce.current` once and uses nothing else, so that it never mixes two bundles.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from engine.policy import Machine, Policy
from engine.published import Refusal
from engine.standing import Standing, nothing_yet
from engine.supplied import supplied, supplier
from rules.documents.types_document import Fact
from rules.types import RecordType

SHORT = 64
"""Bytes of inputs that may be an object without members."""


steady: Callable[[], int] = partial(time.clock_gettime_ns, time.CLOCK_BOOTTIME)
"""Nanoseconds of a clock that goes on while the machine sleeps."""

now: Callable[[], datetime] = partial(datetime.now, UTC)
"""The time, UTC."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The two clocks of a service."""

    steady: Callable[[], int] = steady
    now: Callable[[], datetime] = now


@dataclass(frozen=True, slots=True)
class Ready:
    """A policy and the facts that the service gives it."""

    policy: Policy
    supplied: Mapping[str, str]
    """The facts that no caller may send, each with where it comes from."""
    facts: tuple[bytes, ...]
    """What is said of them, as members of a JSON object, in pieces: the time stands between each two."""

    def with_facts(self, inputs: bytes, moment: datetime) -> bytes:
        """The inputs of a caller, a JSON object, with the facts of the service in front."""
        facts = moment.isoformat().encode().join(self.facts)
        alone = not facts or (len(inputs) < SHORT and not inputs[1:-1].strip())
        return b"{%b%b%b" % (facts, b"" if alone else b",", inputs[1:])


def universe_as(fact: Fact, symbols: bytes) -> bytes:
    """The symbols that may be traded, a JSON list, as a glossary has them: a list or a record of one."""
    return b'{"symbols":' + symbols + b"}" if isinstance(fact.type, RecordType) else symbols


def ready(policy: Policy, facts: Mapping[str, Fact], universe: bytes) -> Ready:
    """What a policy needs, with a universe as JSON.

    A fact that it ignores is given as 0: sent by a caller as well, it is there twice, which is a fault. One that it
    reads and that the service knows nothing of is given twice here, so that no inputs are without a fault.
    """
    sources = {name: source for name, fact in facts.items() if (source := supplier(fact)) is not None}
    own = {f.name: f.type for f in policy.plan.inputs}
    said, now = [], "\0"  # in place of the time, and in no name
    for name in sources:
        what = supplied(facts[name], own[name]) if name in own else None
        if what == "time":
            said.append(f'"{name}":"{now}"')
        elif what == "universe":
            said.append(f'"{name}":' + universe_as(facts[name], universe).decode())
        else:
            said += [f'"{name}":0'] * (2 if name in own else 1)
    return Ready(policy, sources, tuple(",".join(said).encode().split(now.encode())))


@dataclass(frozen=True, slots=True)
class Current:
    """A standing, and its policies made ready."""

    standing: Standing
    ready: Mapping[str, Ready]
    ends: datetime
    """Until when an allow that rests on it may be acted on."""


class InForce:
    """The one place that says what is decided with; `current` is replaced, never changed."""

    def __init__(self, max_age_s: float, clocks: Clocks | None = None) -> None:
        self.clocks = clocks or Clocks()
        self.max_age_s, self.max_age = max_age_s, int(max_age_s * 1_000_000_000)
        self.current = Current(nothing_yet(self.max_age), {}, self.clocks.now())

    def put(self, standing: Standing) -> None:
        """Decide with this from now on."""
        before = self.current
        same = standing.machine is before.standing.machine and standing.universe == before.standing.universe
        ready = before.ready if same else _made_ready(standing.machine, standing.universe)
        self.current = Current(standing, ready, standing.until(self.clocks.steady(), self.clocks.now()))

    def refuse(self, refusal: Refusal) -> None:
        """Let nothing open any more."""
        self.current = replace(self.current, standing=replace(self.current.standing, refusal=refusal))


def _made_ready(machine: Machine | None, universe: bytes) -> dict[str, Ready]:
    if machine is None:
        return {}
    facts = machine.bundle.types.facts
    return {name: ready(policy, facts, universe) for name, policy in machine.policies.items()}
