"""Numbers, durations and words, and what may stand in their place."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

DURATION = re.compile(r"-?(\d+(\.\d+)?(h|ms|us|m|s))+")
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
_LAST_PART = re.compile(r"(\d+)(h|ms|us|m|s)$")
INT64_MAX = 2**63 - 1
LEAST = 1e-9
"""What stands for the next double beside 0, which nobody could tell from it."""


@dataclass(frozen=True, slots=True)
class Words:
    """Groups of words, each of which may stand where another of its group does."""

    groups: tuple[tuple[str, ...], ...]

    def other(self, word: str) -> str | None:
        """The next word of the first group that has this one."""
        return next((found for group in self.groups if (found := next_of(word, group)) is not None), None)


def next_of(word: str, group: Sequence[str]) -> str | None:
    """The word after this one, round in a circle; None where there is no other."""
    if word not in group or len(group) < 2:
        return None
    return group[(group.index(word) + 1) % len(group)]


def other_values(text: str, *, compared: bool) -> Iterator[str]:
    """What may stand in place of a number, a duration or a truth; nothing where the text is none of these.

    Of a double that is compared the next ones that there are, of any other one that differs by a hundredth; and one far
    from it.
    """
    if text in ("true", "false"):
        yield "false" if text == "true" else "true"
    elif DURATION.fullmatch(text):
        yield from other_durations(text)
    elif NUMBER.fullmatch(text):
        yield from _others(text, _integers(int(text)) if _INTEGER.fullmatch(text) else _doubles(float(text), compared))


_INTEGER = re.compile(r"-?\d+")


def _others(text: str, found: Iterable[str]) -> Iterator[str]:
    yield from (one for one in dict.fromkeys(found) if one != text)


def _integers(value: int) -> Iterator[str]:
    for other in (value + 1, value - 1, value * 2 + 3):
        if abs(other) <= INT64_MAX and (other >= 0 or value < 0):
            yield str(other)


def _doubles(value: float, compared: bool) -> Iterator[str]:
    step = abs(value) / 100 or 0.01
    near = (math.nextafter(value, math.inf), math.nextafter(value, -math.inf)) if value else (LEAST, -LEAST)
    for other in near if compared else (float(f"{value + step:.12g}"), float(f"{value - step:.12g}")):
        if other >= 0 or value < 0:
            yield _written(other)
    yield _written(float(f"{value * 1.5 or 1.0:.12g}"))


def _written(value: float) -> str:
    text = repr(value)
    return text if "." in text or "e" not in text else text.replace("e", ".0e")


def wider_bound(text: str, *, lower: bool) -> Iterator[str]:
    """A bound that lets more in; nothing where it is no number."""
    if not NUMBER.fullmatch(text):
        return
    if _INTEGER.fullmatch(text):
        yield str(int(text) - 1 if lower else int(text) + 1)
    else:
        value = float(text)
        step = max(abs(value) / 100, 0.01)
        yield _written(float(f"{value - step if lower else value + step:.12g}"))


def other_durations(text: str) -> Iterator[str]:
    """Durations by one of the smallest unit written longer and shorter, and one far from it."""
    last = _LAST_PART.search(text)
    if last is None:
        return
    number = int(last[1])
    for other in (number + 1, number - 1, number * 2 + 3):
        if other >= 0:
            yield f"{text[: last.start()]}{other}{last[2]}"
