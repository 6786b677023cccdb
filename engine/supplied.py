"""What a service says itself of the facts that a policy reads: the time, and the symbols that its store lists.

A fact of the clock or the store is never taken from a caller, so a policy that reads one that a service does not know
cannot be served: no bundle with such a policy is published, nor obeyed where a store holds one all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from rules.documents.types_document import Fact
from rules.plan import Plan
from rules.types import TimestampType, Type

UNIVERSE: Final = "universe"
"""The fact that is the symbols of a store."""
SUPPLIERS: Final = ("clock", "store")
"""Where the facts come from that a caller may not send."""


def supplier(fact: Fact) -> str | None:
    """Where a service takes a fact from; None for one that its callers send."""
    return next((one for one in SUPPLIERS if one in fact.sources), None)


def supplied(fact: Fact, read_as: Type) -> Literal["time", "universe"] | None:
    """What a service says of a fact that a policy reads; None where it knows nothing to say."""
    source = supplier(fact)
    if source == "clock" and isinstance(read_as, TimestampType):
        return "time"
    return "universe" if source == "store" and fact.name == UNIVERSE else None


def unsupplied(facts: Mapping[str, Fact], plans: Iterable[Plan]) -> str:
    """Why policies cannot be served, in a sentence with what to do; nothing where they can."""
    found = [
        f"`{name}` of the {supplier(facts[name])} (read by `{plan.name}`)"
        for plan in plans
        for name, type_ in ((field.name, field.type) for field in plan.inputs)
        if name in facts and supplier(facts[name]) and supplied(facts[name], type_) is None
    ]
    if not found:
        return ""
    told = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
    return (
        f"a service cannot say {told}: of the clock it knows the time, as a timestamp, and of the store the list "
        f"`{UNIVERSE}`; let the caller send such a fact (`from: caller`)"
    )
