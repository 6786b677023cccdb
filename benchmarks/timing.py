"""How contenders are timed: each decision by itself, and each pass beside the two yardsticks.

A round times every contender in turn, so that a machine that slows down slows all alike. For a ratio, whole passes of
a yardstick A and a contender B are timed in the order A B B A, in processor time, and the ratio of a round is that of
the sums; its median over the rounds is what is told. For percentiles, every decision of one more pass is timed with
`perf_counter_ns`; nothing is subtracted, so each figure includes the same cost of reading the clock.
"""

from __future__ import annotations

import gc
import statistics
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

WARM_UP = 2

Arguments = tuple[Any, ...]


@dataclass(frozen=True)
class Contender:
    """Something that decides, or does a part of it: a function, and its arguments for every snapshot."""

    name: str
    call: Callable[..., Any]
    arguments: Sequence[Arguments]
    places: Sequence[int]
    """The snapshots it is timed on: all, or fewer in the same mix."""


@dataclass(frozen=True)
class Timed:
    """What was measured of a contender: nanoseconds of each decision, and a ratio to each yardstick a round."""

    contender: Contender
    singles: array[int] = field(default_factory=lambda: array("q"))
    to_hand: list[float] = field(default_factory=list)
    to_decode: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> int:
        """Nanoseconds that this share of the decisions took at most."""
        ordered = sorted(self.singles)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def hand_ratio(self) -> float:
        """Times as long as the hand-written function."""
        return statistics.median(self.to_hand)

    @property
    def decode_ratio(self) -> float:
        """Times as long as the decoder alone."""
        return statistics.median(self.to_decode)


def measure(
    contenders: Sequence[Contender],
    hand: Contender,
    decode: Contender,
    rounds: int,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Timed]:
    """Every contender in every round. What stands before the rounds is no garbage: it is frozen, as a service does."""
    timed = [Timed(contender) for contender in contenders]
    gc.collect()
    gc.freeze()
    try:
        for number in range(rounds + WARM_UP):
            for one in timed:
                to_hand, to_decode, singles = _round(one.contender, hand, decode)
                if number >= WARM_UP:
                    one.to_hand.append(to_hand)
                    one.to_decode.append(to_decode)
                    one.singles.extend(singles)
            progress(number + 1)
    finally:
        gc.unfreeze()
    return timed


def _round(contender: Contender, hand: Contender, decode: Contender) -> tuple[float, float, list[int]]:
    """The ratios to hand-written and to decode, and the nanoseconds of each decision."""
    call, rows = contender.call, _rows(contender, contender.places)
    to_hand = _paired(hand.call, _rows(hand, contender.places), call, rows)
    to_decode = _paired(decode.call, _rows(decode, contender.places), call, rows)
    return to_hand, to_decode, _singles(call, rows)


def _paired(
    a: Callable[..., Any], of_a: Sequence[Arguments], b: Callable[..., Any], of_b: Sequence[Arguments]
) -> float:
    """B to A, in the order A B B A: what drifts evenly hits both alike. A pass of A before that is not counted."""
    _pass(a, of_a)
    first_a, first_b = _pass(a, of_a), _pass(b, of_b)
    last_b, last_a = _pass(b, of_b), _pass(a, of_a)
    return (first_b + last_b) / (first_a + last_a)


def _rows(contender: Contender, places: Sequence[int]) -> list[Arguments]:
    return [contender.arguments[place] for place in places]


def _pass(call: Callable[..., Any], rows: Sequence[Arguments]) -> int:
    """Nanoseconds that the processor spent on one pass: other programs' turns do not count."""
    start = time.process_time_ns()
    for row in rows:
        call(*row)
    return time.process_time_ns() - start


def _singles(call: Callable[..., Any], rows: Sequence[Arguments]) -> list[int]:
    """Nanoseconds of each call."""
    clock, took = time.perf_counter_ns, []
    for row in rows:
        start = clock()
        call(*row)
        took.append(clock() - start)
    return took
