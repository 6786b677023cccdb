"""Hysteresis latches in plain Python, from SEEDS.md section 4.

Silent points:
- The side `on` is the safe one of every latch of SEEDS (danger, stale, prudent): a missing reading switches it on.
- No state yet is the safe side too, with no `since`.
- Dwell is the time since the last change of the latch; without `since` it counts as over. A reading that arrives before
  the dwell is over counts among the consecutive ones, so the change comes with the first reading after it.
- A reading on the near side of the threshold starts the count anew; so do a missing reading and a change.
- `recent` holds, newest last, whether each reading asked for the other side, at most `count` of them. Other shapes of
  `recent` are as good: compare `on` over sequences, each reader with its own state.
- VaR and staleness use strict thresholds (`> 75`, `< 65`), contradiction inclusive ones (`>= .45`, `<= .40`) and, as
  SEEDS names neither a count nor a dwell for it, changes at once.
- A clock that went back makes the dwell not yet over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from tests.oracles.book import Facts, Verdict, failed, lacking
from tests.oracles.entry import microseconds

UNITS = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
LENGTH = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|m|s)")
MINUTE = 60_000_000
SAFE = True


@dataclass(frozen=True)
class LatchParameters:
    """Two thresholds, and for each direction how many readings and how long since the last change."""

    on: float
    off: float
    inclusive: bool = False
    count_on: int = 3
    count_off: int = 3
    dwell_on_us: int = 15 * MINUTE
    dwell_off_us: int = 15 * MINUTE


VAR = LatchParameters(on=75.0, off=65.0)
STALE = LatchParameters(on=3600.0, off=1800.0)
PRUDENT = LatchParameters(on=0.45, off=0.40, inclusive=True, count_on=1, count_off=1, dwell_on_us=0, dwell_off_us=0)


def step_latch(facts: Facts, p: LatchParameters) -> Verdict:
    """The latch after one reading: {now, reading?, state?} in, on, changed and the next state out."""
    cause = lacking(facts, "now")
    if cause:
        return failed(cause)
    state = facts.get("state") or {"on": SAFE}
    on, since = bool(state["on"]), state.get("since")
    reading = facts.get("reading")
    if reading is None:
        return _stepped(SAFE, facts["now"] if on is not SAFE else since, [], changed=on is not SAFE)
    count, dwell = (p.count_off, p.dwell_off_us) if on else (p.count_on, p.dwell_on_us)
    recent = [*state.get("recent", ()), _asks_for_change(reading, p, on=on)][-count:]
    rested = since is None or microseconds(facts["now"]) - microseconds(since) >= dwell
    if len(recent) == count and all(recent) and rested:
        return _stepped(not on, facts["now"], [], changed=True)
    return _stepped(on, since, recent, changed=False)


def run_latch(
    readings: Iterable[tuple[str, float | None]], p: LatchParameters, start: Facts | None = None
) -> list[bool]:
    """Whether the latch is on after each (now, reading) of a sequence."""
    state, found = start, []
    for now, reading in readings:
        verdict = step_latch({"now": now, "reading": reading, "state": state}, p)
        state = verdict["state"]
        found.append(bool(verdict["on"]))
    return found


def length_us(text: str) -> int:
    """A length of time such as "1h30m" or "90s" in microseconds."""
    sign, body = (-1, text[1:]) if text.startswith("-") else (1, text)
    parts = LENGTH.findall(body)
    if "".join(number + unit for number, unit in parts) != body or not parts:
        raise ValueError(text)
    return sign * int(sum(Fraction(number) * UNITS[unit] for number, unit in parts))


def _asks_for_change(reading: float, p: LatchParameters, *, on: bool) -> bool:
    if on:
        return reading <= p.off if p.inclusive else reading < p.off
    return reading >= p.on if p.inclusive else reading > p.on


def _stepped(on: bool, since: str | None, recent: list[bool], *, changed: bool) -> Verdict:
    state: Verdict = {"on": on, "recent": recent}
    if since is not None:
        state["since"] = since
    return {"outcome": "ON" if on else "OFF", "on": on, "changed": changed, "state": state}
