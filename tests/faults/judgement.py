"""What the answers of a service are held against: the truth of when each policy was in force, and four promises.

Late: an opening was allowed, and the answer came before its own `valid_until`, on a policy that had been gone or
replaced for longer than a policy may be old. Mixed: a decision, or several asked for at once, that no one bundle makes.
Exits blocked: an exit that was not let through. Each of these must be 0. The fourth, recovery, is measured.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.faults.bundles import EXIT, LISTED, Bundle

MAX_AGE = 1.0
"""Seconds that a policy may be old."""
CLOCKS = 0.01
"""Seconds that two readings of two clocks may be apart."""
UNAVAILABLE = 503
"""The one status, besides 200, that our own requests may be answered with."""
SLOW = 1.5
"""Seconds after which an exit has not been let through, where no part of the service was stopped.

More than `MAX_AGE`: for so long an exit may wait for openings that were asked for with it.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request, and when: by the steady clock, and by the one that people read."""

    request: str
    asked: float
    received: float
    wall: float
    status: int
    told: Mapping[str, Any]
    """A decision, or a problem."""
    batch: int = 0
    """Which requests were sent together; 0 for one alone."""

    @property
    def digest(self) -> str:
        return str(self.told.get("bundle", ""))

    @property
    def cause(self) -> str:
        """Why there is no policy, where the answer says so."""
        return str(self.told["reason"]).partition(":")[0] if self.told.get("outcome") == "BLOCKED_NO_POLICY" else ""

    @property
    def opens(self) -> bool:
        """Whether it lets something open, for whoever reads it in time."""
        return self.request != EXIT and self.told["effect"] == "allow" and not self.is_over

    @property
    def is_over(self) -> bool:
        until = self.told.get("valid_until")
        return until is not None and datetime.fromisoformat(until).timestamp() <= self.wall


@dataclass(frozen=True, slots=True)
class State:
    """What may be decided with: a bundle, or nothing where it is "", and whether the symbol asked for is listed."""

    digest: str
    listed: bool = True

    def bears(self, answer: Answer) -> bool:
        """Whether an opening may rest on it."""
        return answer.digest == self.digest != "" and (self.listed or answer.request != LISTED)


@dataclass(slots=True)
class Truth:
    """Which state held when, by the steady clock; each from just before it was brought about until just after."""

    states: list[State] = field(default_factory=lambda: [State("")])
    began: list[float] = field(default_factory=lambda: [-math.inf])
    ended: list[float] = field(default_factory=list)

    @property
    def now(self) -> State:
        return self.states[-1]

    def becomes(self, state: State, began: float, known: float) -> None:
        """Another state holds: it may from `began` on, and the one before no longer does after `known`."""
        self.states.append(state)
        self.began.append(began)
        self.ended.append(known)

    def lag(self, answer: Answer) -> float:
        """For how long what an opening rests on had been gone when the answer came: 0 while it holds."""
        last = bisect_left(self.began, answer.received) - 1
        for place in range(last, -1, -1):
            if self.states[place].bears(answer):
                ended = self.ended[place] if place < len(self.ended) else math.inf
                return max(0.0, answer.received - ended)
        return math.inf


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the promises."""

    decisions: int
    late: int
    mixed: int
    exits_blocked: int
    unanswered: int
    worst_block: float
    """Seconds from when a policy was gone to the last opening allowed on it."""
    recovered: float
    """Seconds from when the fault was lifted to the first opening allowed on what then held; infinite for never."""
    examples: tuple[str, ...]
    """One answer for each promise that is broken."""

    @property
    def keeps(self) -> bool:
        return not (self.late or self.mixed or self.exits_blocked)


def judged(
    answers: list[Answer],
    truth: Truth,
    bundles: Mapping[str, Bundle],
    lifted: float,
    *,
    unanswered: Iterable[str] = (),
    stops: bool = False,
) -> Verdict:
    """The verdict on answers. `unanswered` are requests without one; `stops` says that parts of the service stood."""
    missing = list(unanswered)
    lags = {id(one): truth.lag(one) for one in answers if one.opens}
    late = [one for one in answers if one.opens and (lags[id(one)] > MAX_AGE or _says_too_long(one))]
    mixed = [*(one for one in answers if not _is_of_one(one, bundles)), *_mixed_batches(answers)]
    exits = [one for one in answers if one.request == EXIT and not _is_let_through(one, stops=stops)]
    kept_waiting = 0 if stops else missing.count(EXIT)
    back = (one.received for one in answers if one.opens and one.asked >= lifted and truth.now.bears(one))
    worst = max((lag for lag in lags.values() if lag < math.inf), default=0.0)
    examples = [f"{name}: {found[0]}" for name, found in (("late", late), ("mixed", mixed), ("exit", exits)) if found]
    return Verdict(
        decisions=len(answers),
        late=len(late),
        mixed=len(mixed),
        exits_blocked=len(exits) + kept_waiting,
        unanswered=len(missing),
        worst_block=worst,
        recovered=min(back, default=math.inf) - lifted,
        examples=tuple(examples),
    )


def _says_too_long(answer: Answer) -> bool:
    """Whether an opening is said to hold for longer than a policy may be old, or for ever."""
    until = answer.told.get("valid_until")
    return until is None or datetime.fromisoformat(until).timestamp() - answer.wall > MAX_AGE + CLOCKS


def _is_of_one(answer: Answer, bundles: Mapping[str, Bundle]) -> bool:
    """Whether a decision is what the bundle that it names makes of the request; or is one that no bundle made."""
    told = answer.told
    if answer.status != 200:
        return answer.status == UNAVAILABLE and told["effect"] == "block"
    if not answer.digest:
        return told["effect"] == "block" or (answer.request == EXIT and told["outcome"] == "EXIT")
    bundle = bundles.get(answer.digest)
    return bundle is not None and any(
        (told["version"], told["outcome"], told["effect"], told["rule"], told["reason"], told["outputs"])
        == (one.version, one.outcome, one.effect, one.rule, one.reason, one.outputs)
        for one in bundle.answers[answer.request]
    )


def _mixed_batches(answers: list[Answer]) -> Iterator[Answer]:
    """An answer of each batch that names more than one bundle."""
    seen: dict[int, str] = {}
    for one in answers:
        if one.batch and one.digest and seen.setdefault(one.batch, one.digest) != one.digest:
            yield one


def _is_let_through(answer: Answer, *, stops: bool) -> bool:
    in_time = stops or answer.received - answer.asked <= SLOW
    told = answer.told
    allowed = answer.status == 200 and told["effect"] == "allow" and told["outputs"].get("reduce_only") is True
    return allowed and in_time
