"""A witness made plainer: what can be left out is left out, numbers lose digits, texts and times become usual ones.

Each step is kept only where the scalar reader still finds what the witness shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from math import floor, log10
from typing import Any

from rules.times import format_timestamp, parse_timestamp

MOST_TRIED = 4000
"""Decisions that making a witness plainer may take."""
USUAL_TEXTS = ("BTC", "ETH", "SOL", "XRP", "ADA", "a", "b", "c", "d")
NOON = "2026-01-01T12:00:00Z"

Path = tuple[str | int, ...]
Shows = Callable[[dict[str, Any]], bool]


def plainer(witness: dict[str, Any], shows: Shows) -> dict[str, Any]:
    """The plainest inputs found from a witness that show what it shows."""
    tried = 0

    def holds(candidate: dict[str, Any]) -> bool:
        nonlocal tried
        tried += 1
        return tried <= MOST_TRIED and shows(candidate)

    found, before = witness, None
    while found != before and tried < MOST_TRIED:
        before = found
        for step in (_shorter, _usual_times, _usual_texts, _rounder):
            found = _taken(found, step, holds)
    return found


def _taken(found: dict[str, Any], step: Callable[[dict[str, Any]], Iterator[dict[str, Any]]], holds: Shows) -> Any:
    """What is left once no further candidate of a step shows it."""
    moved = True
    while moved:
        moved = False
        for candidate in step(found):
            if candidate != found and holds(candidate):
                found, moved = candidate, True
                break
    return found


def _places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value in inputs with its place, containers before what they hold."""
    if path:
        yield path, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from _places(inner, (*path, key))


def _with(inputs: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy with another value at a place."""
    out = deepcopy(inputs)
    holder: Any = out
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return out


def _without(inputs: dict[str, Any], path: Path) -> dict[str, Any]:
    """A copy without what stands at a place."""
    out = deepcopy(inputs)
    holder: Any = out
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    return out


def _shorter(inputs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """With a member or an item less, or null in its place."""
    for path, value in list(_places(inputs)):
        yield _without(inputs, path)
        if value is not None:
            yield _with(inputs, path, None)


def _rounder(inputs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """With a number of fewer digits, or false in place of true."""
    for path, value in list(_places(inputs)):
        if value is True:
            yield _with(inputs, path, False)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            for number in _rounder_numbers(value):
                if _digits(number) < _digits(value):
                    yield _with(inputs, path, number)


def _rounder_numbers(value: float) -> Iterator[float]:
    kind = type(value)
    yield from (kind(0), kind(1), kind(100), kind(1000))
    if value:
        size = floor(log10(abs(value))) if abs(value) > 1e-300 else 0
        for digits in range(1, 9):
            for number in (round(value, digits - 1 - size), round(value * (1 + 10.0**-digits), digits - 1 - size)):
                yield kind(number)


def _digits(value: float) -> tuple[int, float]:
    """How long a number is to read."""
    return len(repr(value)), abs(value)


def _usual_texts(inputs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """With a usual text in place of another one, wherever that stands."""
    texts = {value for _, value in _places(inputs) if isinstance(value, str) and not _is_time(value)}
    keys = {key for path, _ in _places(inputs) for key in path if isinstance(key, str)}
    for text in sorted(texts):
        if text in USUAL_TEXTS:
            continue
        members = sorted({_member(path) for path, value in _places(inputs) if value == text})
        for usual in USUAL_TEXTS:
            if usual not in texts and usual not in keys:
                yield _renamed(inputs, text, usual, None, "")
                yield from (_renamed(inputs, text, usual, member, "") for member in members[: len(members) > 1 and 9])


def _member(path: Path) -> str:
    """The member that a value stands in, be it in a list."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _renamed(value: Any, text: str, usual: str, member: str | None, at: str) -> Any:
    """With another text in place of one, everywhere or in a member of a name; keys that are the text with it."""
    if isinstance(value, dict):
        return {
            usual if key == text else key: _renamed(inner, text, usual, member, key) for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_renamed(inner, text, usual, member, at) for inner in value]
    return usual if value == text and member in (None, at) else value


def _is_time(text: str) -> bool:
    try:
        parse_timestamp(text)
    except ValueError:
        return False
    return True


def _usual_times(inputs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """With all times moved so that the latest is a noon, and each rounded to a minute or a second."""
    times = {path: value for path, value in _places(inputs) if isinstance(value, str) and _is_time(value)}
    if not times:
        return
    latest = max(parse_timestamp(value) for value in times.values())
    by = parse_timestamp(NOON) - latest
    if by:
        moved = inputs
        for path, value in times.items():
            try:
                moved = _with(moved, path, format_timestamp(parse_timestamp(value) + by))
            except (OverflowError, ValueError):
                return
        yield moved
    for path, value in times.items():
        for unit in (3600, 60, 1):
            span = timedelta(seconds=unit)
            whole = (parse_timestamp(value) - parse_timestamp(NOON)) // span * span
            rounded = format_timestamp(parse_timestamp(NOON) + whole)
            if _shown_digits(rounded) < _shown_digits(value):
                yield _with(inputs, path, rounded)


def _shown_digits(time: str) -> int:
    """How many digits of the time of day are not zero."""
    return sum(1 for digit in time.partition("T")[2] if digit in "123456789")
