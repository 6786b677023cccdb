"""What a function gives for constants: computed by the scalar reader's own code, so that there is one meaning of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from engine.scalar.constants import native
from engine.scalar.names import NAMES
from engine.scalar.runtime import EPOCH, EvaluationError
from engine.scalar.translations import write_call
from engine.symbolic.rounding import MINUS_ZERO, double
from engine.symbolic.site import Site
from engine.symbolic.space import Number
from engine.symbolic.terms import Truth, is_known
from engine.symbolic.unknowns import Unknowns
from engine.symbolic.values import Place, Record, Row, Slot, Table, Value
from engine.symbolic.words import Word, Words
from rules.cel.literals import inner
from rules.cel.tree import Constant, ConstantValue
from rules.types import (
    DoubleType,
    DurationType,
    EnumType,
    Field,
    IntType,
    ListType,
    MapType,
    RecordType,
    StringType,
    TimestampType,
    Type,
)

_MICROSECOND = timedelta(microseconds=1)


class Unsettled(Exception):
    """A value is not known."""


def known(value: Value) -> bool:
    """Whether a value holds nothing that is to be found, the sign of a zero among it; records are not looked into."""
    match value:
        case Number():
            return value.known and (bool(value.term) or value.zero in ("", MINUS_ZERO))
        case Word():
            return value.known
        case Row():
            return value.whole and all(place.within in (True, False) and known(place.value) for place in value.places)
        case Record() | Table():
            return False
        case _:
            return is_known(value)


def settled(site: Site) -> tuple[Value, Truth] | None:
    """The value of a call of constants, and whether it fails; None where something is to be found."""
    if not all(map(known, site.args)):
        return None
    words, node = site.reader.words, site.node
    given = [natural(value, arg.type, words) for value, arg in zip(site.args, node.args, strict=True)]
    if isinstance(node.args[-1], Constant) and node.overload.id.rpartition("_")[2] in ("matches", "zone"):
        given[-1] = site.literal
    names = {f"a{at}": value for at, value in enumerate(given)}
    code = write_call(node.overload.id, list(names), 0, raises=True)
    try:
        found = eval(code, {**NAMES, **names})  # noqa: S307 -- the scalar reader's form of a function, no document text
    except EvaluationError:
        return site.reader.unknowns.value(node.type, "nothing", 0), True
    return symbolic(found, node.type, words), False


def natural(value: Value, t: Type, words: Words) -> Any:
    """A known value as the scalar reader has it."""
    match value, t:
        case Number(), DoubleType():
            return -0.0 if value.term == 0 and value.zero == MINUS_ZERO else float(value.term)
        case Number(), _:
            return native(value.term, t)
        case Word(), _:
            return words.text(value)
        case Row(), ListType():
            return [natural(place.value, t.item, words) for place in value.places if place.within]
        case _:
            return value


def symbolic(value: Any, t: Type, words: Words) -> Value:
    """A value that the scalar reader computed."""
    match t:
        case DoubleType():
            return double(value)
        case IntType():
            return Number(value, value, value)
        case TimestampType():
            return _micros((value - EPOCH) // _MICROSECOND)
        case DurationType():
            return _micros(value // _MICROSECOND)
        case StringType() | EnumType():
            return words.of(value)
        case ListType():
            return Row(tuple(Place(symbolic(one, t.item, words)) for one in value))
        case _:
            return bool(value)


def _micros(found: int) -> Number:
    return Number(found, found, found)


def given(value: Any, t: Type, words: Words, unknowns: Unknowns) -> Value:
    """A value as JSON says it."""
    match t:
        case RecordType():
            slots = {f.name: given_slot(value.get(f.name), f, words, unknowns) for f in t.fields}
            return Record(slots, slots.__getitem__)
        case ListType():
            return Row(tuple(Place(given(one, t.item, words, unknowns)) for one in value))
        case MapType():
            entries = tuple(Place(given(one, t.value, words, unknowns)) for one in value.values())
            return Table(tuple(words.of(key) for key in value), Row(entries))
        case StringType() | EnumType():
            return words.of(value)  # an open enum admits words that it does not list
        case _:
            return constant(inner(value, t), t, words)


def given_slot(value: Any, f: Field, words: Words, unknowns: Unknowns) -> Slot:
    """A field as JSON says it, absent where that is nothing or null."""
    if value is None:
        return Slot(unknowns.value(f.type, "nothing", 0), there=False)
    return Slot(given(value, f.type, words, unknowns))


def constant(value: ConstantValue, t: Type, words: Words) -> Value:
    """A value in the engine's form: times and durations in microseconds."""
    match t, value:
        case ((StringType() | EnumType()), str()):
            return words.of(value)
        case DoubleType(), int() | float():
            return double(float(value))
        case _, bool():
            return value
        case _, int():
            return Number(value, value, value)
        case _:
            return True
