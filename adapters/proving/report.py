"""What a proof of differences says, as plain values for every form of a report. Needs no solver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal, TypeAlias

import msgspec

from engine.comparison import Change

OUTPUTS: Final = "outputs"
Became: TypeAlias = Change | Literal["outputs"]
"""What becomes of a decision; of the same outcome, other outputs."""
MOST_UNKNOWN = 5
"""Pairs of which nothing is known that a report for people lists; JSON has them all."""


class Shown(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What two versions make of the same inputs; where there are some, the plainest that were found."""

    old: str
    new: str
    """The outcome, or `outputs` where the outcome is the same and outputs are not."""
    result: Literal["some", "none", "unknown"]
    change: Became
    """By the effects of both outcomes."""
    old_rule: str | None = None
    new_rule: str | None = None
    old_reason: str = ""
    new_reason: str = ""
    inputs: dict[str, Any] | None = None
    up_to: int | None = None
    """Of none: shown for lists of so many items only."""
    why: str = ""
    """Of what is unknown."""


class Proof(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is known of a policy's two versions over all inputs."""

    policy: str
    pairs: int
    """Pairs of outcomes that were looked at."""
    equal: bool
    """Whether both decide alike on all inputs."""
    seconds: float
    differences: list[Shown] = []
    """Pairs that come about, are unknown, or were excluded up to a length of lists; all others never come about."""
    why_not: str = ""
    """Why nothing could be shown."""


def changes_to(proof: Proof, change: Became) -> int:
    """How many pairs of outcomes become this for some inputs."""
    return sum(1 for one in proof.differences if one.result == "some" and one.change == change)


def unknown(proof: Proof, change: Became) -> bool:
    """Whether it is not known if some inputs become this.

    What never comes about for lists up to a length may for longer ones.
    """
    return bool(proof.why_not) or any(one.result != "some" and one.change == change for one in proof.differences)


def sentences(proof: Proof) -> Iterator[str]:
    """What is said of a policy, a sentence each, with code in backticks."""
    if proof.why_not:
        yield f"nothing is proved: {proof.why_not}"
        return
    if proof.equal:
        yield "proved: both versions decide alike on all inputs"
        return
    yield from map(_sentence, listed(proof))
    open_ = [one for one in proof.differences if one.result == "unknown"]
    if len(open_) > MOST_UNKNOWN:
        yield f"unknown: {len(open_) - MOST_UNKNOWN} pairs more"
    yield f"proved: {proof.pairs - len(proof.differences)} of {proof.pairs} pairs of outcomes never come about"


def listed(proof: Proof) -> list[Shown]:
    """The differences that are told one by one: of those that are unknown the first."""
    open_ = [one for one in proof.differences if one.result == "unknown"]
    return [one for one in proof.differences if one.result != "unknown" or one in open_[:MOST_UNKNOWN]]


def _sentence(one: Shown) -> str:
    became = f"`{one.new}`" if one.new != OUTPUTS else "the same with other outputs"
    if one.new == one.old:
        became = f"`{one.new}` with another effect"
    if one.result == "unknown":
        return f"unknown: whether `{one.old}` becomes {became}: {one.why}"
    if one.result == "none":
        return f"`{one.old}` does not become {became} with lists of at most {one.up_to} items"
    reasons = f"{one.old_reason} → {one.new_reason}" if one.new != OUTPUTS else one.new_reason
    return f"`{one.old}` by `{one.old_rule}` becomes {became} by `{one.new_rule}`: {reasons}"
