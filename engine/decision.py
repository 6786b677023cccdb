"""What a decision is: outcome, effect, the rule that applied and why, typed outputs, and who decided on what.

A decision is a value; nothing in it came from a clock or a random source, those are stamped on by whoever asked.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from engine.faults import Fault
from rules.plan import Effect


class DecisionError(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a decision failed closed: a stable code, words, the place in the policy, and the values it looked at."""

    code: str
    message: str
    at: str | None = None
    expression: str | None = None
    values: dict[str, Any] | None = None
    faults: list[dict[str, str]] | None = None


class Reading(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a condition read: a path or a variable, and its value (`absent` when it was not there)."""

    path: str
    value: Any


class WayTrace(msgspec.Struct, frozen=True, omit_defaults=True):
    """One alternative of a rule, as it was tried."""

    condition: str
    tried: bool
    value: bool | None = None
    error: str | None = None
    reads: list[Reading] = []


class RuleTrace(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule, as it was tried: whether, what its condition came to, what it read, and whether it applied."""

    rule: str
    outcome: str
    condition: str
    tried: bool
    applied: bool = False
    value: bool | None = None
    error: str | None = None
    reads: list[Reading] = []
    any: list[WayTrace] = []


class Stage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a step of a pipeline decided.

    `asked` is false where its `if` did not hold; `error` says why it could not be asked.
    A step that could not be asked blocks; one that was not asked neither denies nor gives anything.
    """

    id: str
    policy: str
    outcome: str | None = None
    effect: Effect | None = None
    rule: str | None = None
    reason: str | None = None
    asked: bool = True
    error: str | None = None
    stages: list[Stage] = []


class Decision(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The decision, in the order in which a person reads it. Optional members are left out of JSON when not given."""

    decision_id: str
    policy: str
    version: str
    bundle: str
    effective_digest: str | None = None
    outcome: str
    effect: Effect
    rule: str | None
    reason: str
    outputs: dict[str, Any]
    error: DecisionError | None = None
    stages: list[Stage] | None = None
    trace: list[RuleTrace] | None = None
    parameters: dict[str, Any] | None = None
    decided_at: datetime
    valid_until: datetime | None = None
    policy_age_ms: int | None = None
    simulated: bool = False


def simulated(decision: Decision) -> Decision:
    """A decision that nobody may act on."""
    return msgspec.structs.replace(decision, simulated=True)


class Stamp(msgspec.Struct, frozen=True):
    """What only the world knows of a decision: its id, when it was made, and for how long it may be acted on."""

    decision_id: str
    decided_at: datetime
    valid_until: datetime | None = None
    policy_age_ms: int | None = None
    simulated: bool = False


def faults_error(faults: tuple[Fault, ...]) -> DecisionError:
    """The error of inputs that were refused."""
    first = faults[0] if faults else Fault("", "the inputs were refused")
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    place = first.pointer or "the document"
    return DecisionError("inputs", f"{place}: {first.message}{more}", faults=[fault.as_json() for fault in faults])


def to_json(decision: Decision) -> bytes:
    """The decision as one line of JSON."""
    return msgspec.json.encode(decision)
