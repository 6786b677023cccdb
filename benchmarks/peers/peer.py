"""What a peer is: from the bytes of a snapshot to outcome and rule, with the policy read once beforehand.

Each policy is written to be fast: the cheapest of the tool's own ways in and out, and nothing but the rule asked of
it, whose outcome a table gives. No peer checks its inputs; that would come on top.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import ClassVar, Protocol

from tests.oracles.entry import ALLOW_NEW_ENTRY, ALLOW_SCALE_IN, BLOCKS

Verdict = tuple[str, str]
"""Outcome and rule."""

OUTCOMES: Mapping[str, str] = {**BLOCKS, "scale-in": ALLOW_SCALE_IN, "otherwise": ALLOW_NEW_ENTRY}
VERDICTS: Mapping[str, Verdict] = {rule: (outcome, rule) for rule, outcome in OUTCOMES.items()}


class Peer(Protocol):
    """Another way to decide."""

    name: ClassVar[str]
    """The distribution, as it is installed."""
    language: ClassVar[str]
    facts: ClassVar[str]
    """Who computes sums and counts over positions: `policy`, or `Python` from the parsed JSON, in the time shown."""
    inexact: ClassVar[str | None]
    """Why it may judge otherwise at a threshold, where it must; None where it may not."""
    per_result: ClassVar[int]
    """Snapshots of each result that it is timed on: all hundred, or fewer where a decision is slow."""

    def prepare(self) -> None:
        """Read the policy. Raises ImportError without the package."""
        ...

    def decide(self, snapshot: bytes) -> Verdict:
        """Outcome and rule on a snapshot in JSON."""
        ...


def installed_version(name: str) -> str | None:
    """The version of a distribution; None when it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
