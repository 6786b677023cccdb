"""Whether others decide as we do: the same outcome and the same rule, snapshot by snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.peers.peer import Verdict
from engine.policy import Policy


@dataclass(frozen=True)
class Disagreement:
    """One snapshot that somebody decides otherwise."""

    who: str
    place: int
    snapshot: bytes
    ours: Verdict
    theirs: Verdict

    def __str__(self) -> str:
        """With the whole snapshot, so that it can be looked at."""
        return (
            f"{self.who} disagrees on snapshot {self.place}: {self.theirs}, ours {self.ours}: {self.snapshot.decode()}"
        )


def verdict_of(policy: Policy, snapshot: bytes) -> Verdict:
    """Our outcome and rule."""
    outcome, rule, _ = policy.verdict(policy.decoder.decode(snapshot))
    return outcome, rule


def disagreements(
    policy: Policy, who: str, decide: Callable[[bytes], Verdict], snapshots: Sequence[bytes]
) -> Iterator[Disagreement]:
    """Every snapshot that `decide` judges otherwise."""
    for place, snapshot in enumerate(snapshots):
        ours, theirs = verdict_of(policy, snapshot), decide(snapshot)
        if ours != theirs:
            yield Disagreement(who, place, snapshot, ours, theirs)
