"""What evaluating an expression gives."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from engine.symbolic.space import Number
from engine.symbolic.terms import Truth, is_known
from engine.symbolic.values import Record, Row, Table, Value
from engine.symbolic.words import Word


@dataclass(frozen=True, slots=True)
class Found:
    """What an expression gives: a value, where it fails instead, and where it is there."""

    value: Value
    fails: Truth = False
    there: Truth = True


Inner: TypeAlias = Mapping[int, Value]
"""The items that loop variables stand for, by their keys."""
NOWHERE: Inner = {}


def told(value: Value) -> Hashable:
    """What tells a value from others that are not surely the same, for as long as it is kept."""
    match value:
        case Number():
            return _term(value.term), value.zero
        case Word():
            return _term(value.term)
        case Row():
            places = (("place", told(place.value), _term(place.within), place.late) for place in value.places)
            return ("row", *places, _term(value.beyond.term), value.which)
        case Record() | Table():
            return id(value)
        case _:
            return _term(value)


def _term(term: Any) -> Hashable:
    return (type(term), term) if is_known(term) else ("term", term.get_id())
