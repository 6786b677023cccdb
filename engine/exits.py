"""The fixed rule of exits, and what is decided without a policy.

An order that only reduces what is held, told from the signal and the filled positions alone, is never blocked: not by
a fact that is missing, a policy that fails or one that is not there. It is a CLOSE, or the opposite side, of a symbol
held on exactly one side. `rules.kinds.exits` has the same rule as the first case of a pipeline that says `exits`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from engine.decision import Decision, DecisionError, Stamp
from engine.faults import Fault
from rules.types import DOUBLE_MAX

Side: TypeAlias = Literal["LONG", "SHORT"]
RULE = "exit"
FIXED = "fixed-rule-of-exits"
"""What stands for the policy of a decision that none made."""
NO_POLICY = "BLOCKED_NO_POLICY"
_CLOSES: Mapping[Side, str] = {"LONG": "SELL", "SHORT": "BUY"}


@dataclass(frozen=True, slots=True)
class Exit:
    """An order that only reduces: its side, why, and the quantity that it may not exceed, where that is known."""

    side: str
    reason: str
    order_intent: str
    max_quantity: float | None

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs of its decision."""
        told = {"side": self.side, "order_intent": self.order_intent, "route_reason": self.reason, "reduce_only": True}
        return told if self.max_quantity is None else {**told, "max_quantity": self.max_quantity}


def read_exit(said: bytes | str | Mapping[str, Any], faults: Iterable[Fault] = ()) -> Exit | None:
    """The exit that inputs ask for; None when they ask for none, or when that cannot be told.

    `faults` are those that a policy finds in the inputs: none may be of the signal or of the positions.
    """
    if any(_matters(fault.pointer) for fault in faults):
        return None
    try:
        inputs = said if isinstance(said, Mapping) else json.loads(said, **_STRICT)
    except (ValueError, RecursionError):
        return None
    return exit_of(inputs) if isinstance(inputs, Mapping) else None


def _matters(pointer: str) -> bool:
    """Whether a fault at a place leaves open what is held or asked for."""
    return pointer in ("", "/portfolio") or any(f"{pointer}/".startswith(f"{place}/") for place in _LOOKED_AT)


def exit_of(inputs: Mapping[str, Any]) -> Exit | None:
    """The exit among plain inputs, of which only `signal` and `portfolio.positions` are looked at."""
    signal, portfolio = inputs.get("signal"), inputs.get("portfolio")
    if not isinstance(signal, Mapping) or not isinstance(portfolio, Mapping):
        return None
    symbol, action, is_risk = signal.get("symbol"), signal.get("final_action"), signal.get("is_risk", False)
    positions = portfolio.get("positions")
    if not (isinstance(symbol, str) and symbol and isinstance(action, str) and isinstance(is_risk, bool)):
        return None
    if not isinstance(positions, list) or not all(_is_position(one) for one in positions):
        return None
    held = [one for one in positions if one["symbol"] == symbol]
    sides: set[Side] = {one["side"] for one in held}
    if len(sides) != 1:
        return None
    (side,) = sides
    if action not in ("CLOSE", _CLOSES[side]):
        return None
    return Exit(_CLOSES[side], f"close_{side.lower()}", "risk" if is_risk else "exit", _quantity(held))


def what_exits_rest_on(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Of inputs that ask for an exit, what it is read from, and nothing else: a fault of these is found first."""
    return {"signal": inputs["signal"], "portfolio": {"positions": inputs["portfolio"]["positions"]}}


def _quantity(held: list[Mapping[str, Any]]) -> float | None:
    """The quantity held, left to right; None as soon as one position does not tell its own, and beyond all numbers."""
    total = 0.0
    for one in held:
        if one.get("quantity") is None:
            return None
        total += one["quantity"]
    return total if math.isfinite(total) else None


def _is_position(one: Any) -> bool:
    """Whether a position says what an exit needs to know of it."""
    if (
        not isinstance(one, Mapping)
        or not isinstance(one.get("symbol"), str)
        or one.get("side") not in ("LONG", "SHORT")
    ):
        return False
    quantity = one.get("quantity")
    number = isinstance(quantity, int | float) and not isinstance(quantity, bool)
    return quantity is None or (number and 0 <= quantity <= DOUBLE_MAX)  # NaN is not; and no whole number is too large


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member is said twice")
    return found


def _refused(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


_LOOKED_AT = ("/signal", "/portfolio/positions")
_STRICT: Mapping[str, Any] = {"object_pairs_hook": _once, "parse_constant": _refused}


def decided_exit(found: Exit, stamp: Stamp, *, why: str, like: Mapping[str, Any] | None = None) -> Decision:
    """The decision that lets an exit through by the fixed rule; `why` says what kept a policy from deciding.

    `like` holds the fields of the policy that could not decide, where there is one.
    """
    fields: dict[str, Any] = {"policy": FIXED, "version": "1.0.0", "bundle": "", "outcome": "EXIT", **(like or {})}
    return Decision(
        decision_id=stamp.decision_id,
        **fields,
        effect="allow",
        rule=RULE,
        reason=f"{found.reason}, by the fixed rule of exits: {why}",
        outputs=found.outputs,
        decided_at=stamp.decided_at,
        policy_age_ms=stamp.policy_age_ms,
        simulated=stamp.simulated,
    )


def without_policy(data: bytes | str, stamp: Stamp, why: str) -> Decision:
    """What is decided where there is no fresh, valid, verified policy: an exit passes, anything else is blocked."""
    found = read_exit(data)
    if found is not None:
        return decided_exit(found, stamp, why=why)
    return Decision(
        decision_id=stamp.decision_id,
        policy=FIXED,
        version="1.0.0",
        bundle="",
        outcome=NO_POLICY,
        effect="block",
        rule=None,
        reason=why,
        outputs={},
        error=DecisionError("no-policy", why),
        decided_at=stamp.decided_at,
        valid_until=stamp.valid_until,
        policy_age_ms=stamp.policy_age_ms,
        simulated=stamp.simulated,
    )
