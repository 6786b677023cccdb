"""Strategies for types, for JSON documents of a type, and for documents that are nearly so."""

from __future__ import annotations

import hashlib
import json
from typing import Any, TypeAlias

from hypothesis import strategies as st

from engine.decoding import Interface
from rules.types import (
    BOOL,
    TIMESTAMP,
    BoolType,
    Default,
    DoubleType,
    DurationType,
    EnumType,
    Field,
    IntType,
    ListType,
    MapType,
    NullType,
    RecordType,
    StringType,
    TimestampType,
    Type,
)

Pairs: TypeAlias = list[tuple[str, Any]]


class Object:
    """A JSON object as it is to be written: repeated members and all."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs

    def __repr__(self) -> str:
        return f"Object({self.pairs!r})"


class Skipped(Object):
    """An object that nothing looks into."""


class Literal:
    """JSON text to be written as it stands, well-formed or not."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Literal({self.text!r})"


NAMES = ["__class__", "from", "a/b", "~", "é", "f0", "self", "x", "symbol", "symbols", "%s", "{}", "None"]
ODD = [
    *("1", "-1", "0", "-0", "1.0", "1e2", "1e999", "-1e999", "1e-999", "9007199254740993", "9223372036854775807"),
    *("9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1" * 310, "1" * 5000, "0.5", "2.5"),
    *("1e400", "4.35", "1.7976931348623157e308", "1.7976931348623159e308", "0." + "0" * 400 + "1", "1E5", "1.5e+3"),
    *("true", "false", "null", "[]", "{}", '""', '"a"', '"A"', '"B,C"', '"a\\u002cb"', '"\\ud83d\\ude00"', '"\\""'),
    *('"60s"', '"1h30m"', '"-5s"', '"10us"', '"1.5"', '"PT60S"', '"0.0000005s"', '"1ns"', '"999999999h"'),
    *('"2026-02-03T12:00:00Z"', '"2026-02-03T12:00:00"', '"2026-02-03 12:00:00.1234565z"', '"2026-02-30T00:00:00Z"'),
    *('"2026-02-03T12:00:00+02:00"', '"2026-02-03T12:00:00-0530"', '"0001-01-01T00:00:00+01:00"'),
    *('"9999-12-31T23:59:59-01:00"', '"9999-12-31T23:59:59.9999999Z"', '"2026-02-03T12:00:60Z"', '"1"'),
    *("NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "'a'", "", "[1,]", '{"a":1,}', '"\\q"', '"a\nb"', "tru"),
    *('"\\ud800"', '"\\udc00"', '"\\ud800x"', '{"a":1,"a":1}', '{"a":[{"b":1,"b":2}]}', '{"\\ud800":1}', "[" * 2000),
]

numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
texts = st.text(max_size=6)


def bounded(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, Any]]:
    return st.tuples(values, values).map(lambda pair: (min(pair), max(pair)))


scalars: st.SearchStrategy[Type] = st.one_of(
    st.just(BOOL),
    st.just(TIMESTAMP),
    st.just(NullType()),
    st.just(IntType()),
    bounded(st.integers(-100, 100)).map(lambda b: IntType(*b)),
    st.just(DoubleType()),
    bounded(numbers).map(lambda b: DoubleType(*b)),
    bounded(numbers).map(lambda b: DoubleType(b[0], b[1] + 1, exclusive_minimum=True, exclusive_maximum=True)),
    st.sampled_from([StringType(), StringType(3), StringType(8, "^[A-Z]{1,3}(/[A-Z])?$"), StringType(None, "[a-c]*")]),
    st.just(DurationType()),
    bounded(st.integers(-(10**8), 10**8)).map(lambda b: DurationType(*b)),
    st.just(EnumType("Side", ("LONG", "SHORT"))),
    st.just(EnumType("One", ("A",))),
    st.just(EnumType("Open", ("A", "B"), open=True)),
)


def record(fields: list[Field], ignored: list[str]) -> RecordType:
    """A record named after its content, so that equal names mean equal records."""
    held = tuple({f.name: f for f in fields}.values())
    skipped = tuple(dict.fromkeys(n for n in ignored if n not in {f.name for f in held}))
    name = "R" + hashlib.sha256(repr((held, skipped)).encode()).hexdigest()[:12]
    return RecordType(name, held, skipped)


@st.composite
def fields(draw: st.DrawFn, inner: st.SearchStrategy[Type]) -> Field:
    t = draw(inner)
    optional, nullable = draw(st.booleans()), draw(st.booleans()) and not isinstance(t, NullType)
    default = None
    if draw(st.integers(0, 3)) == 0:
        default = Default(plain(draw(valid(t))))
        optional = False
    return Field(draw(st.sampled_from(NAMES)), t, optional, nullable, default)


def plain(value: Any) -> Any:
    """What Python's own reader makes of a document."""
    return plain_text(written(value))


def plain_text(text: str) -> Any:
    """What Python's own reader makes of a text; it refuses integers of thousands of digits."""
    return json.loads(text, parse_int=lambda digits: int(digits[:400]))


def compound(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    keys = st.sampled_from([StringType(), StringType(4, "[A-Z]+")])
    return st.one_of(
        st.builds(ListType, inner, st.none() | st.integers(0, 3)),
        st.builds(MapType, inner, keys, st.none() | st.integers(0, 3)),
        st.builds(record, st.lists(fields(inner), max_size=5), st.lists(st.sampled_from(NAMES), max_size=2)),
    )


types: st.SearchStrategy[Type] = st.recursive(scalars, compound, max_leaves=8)


@st.composite
def interfaces(draw: st.DrawFn) -> Interface:
    shape = record(draw(st.lists(fields(types), max_size=4)), draw(st.lists(st.sampled_from(NAMES), max_size=2)))
    return Interface(shape.fields, shape.ignored)


def valid(t: Type) -> st.SearchStrategy[Any]:
    """Documents of a type (of a string or a duration: mostly)."""
    match t:
        case BoolType():
            return st.booleans()
        case NullType():
            return st.none()
        case IntType():
            return st.integers(t.minimum, t.maximum)
        case DoubleType():
            return st.floats(t.minimum, t.maximum, exclude_min=t.exclusive_minimum, exclude_max=t.exclusive_maximum)
        case StringType(pattern=str(pattern)):
            return st.sampled_from(["A", "ABC/D", "ABC"] if "/" in pattern else ["", "abc"])
        case StringType():
            return st.text(st.characters(codec="utf-8"), max_size=min(t.max_length or 6, 6))
        case EnumType():
            return st.sampled_from(t.members)
        case TimestampType():
            moments = st.datetimes().map(lambda d: d.isoformat() if 2 < d.year < 9998 else "2026-02-03T12:00:00")
            return st.tuples(moments, st.sampled_from(["Z", "+00:00", "-02:30"])).map("".join)
        case DurationType():
            micros = st.integers(max(t.minimum, -(10**12)), min(t.maximum, 10**12))
            return micros.map(lambda us: f"{us}us") | micros.map(lambda us: us / 1e6)
        case ListType():
            return st.lists(valid(t.item), max_size=3 if t.max_items is None else t.max_items)
        case MapType():
            most = 3 if t.max_entries is None else t.max_entries
            keys = st.sampled_from(["A", "BC", "DEF"])
            return st.dictionaries(keys, valid(t.value), max_size=most).map(lambda d: Object([*d.items()]))
        case RecordType():
            return objects(t.fields, t.ignored)


@st.composite
def objects(draw: st.DrawFn, held: tuple[Field, ...], ignored: tuple[str, ...]) -> Object:
    pairs: Pairs = []
    for field in held:
        if (field.optional or field.default is not None) and draw(st.booleans()):
            continue
        pairs.append((field.name, None if field.nullable and draw(st.booleans()) else draw(valid(field.type))))
    skipped = st.sampled_from([1, "ab", Skipped([("x", [1, 2])])])
    pairs += [(name, draw(skipped)) for name in ignored if draw(st.booleans())]
    return Object(draw(st.permutations(pairs)))


def places(value: Any) -> list[tuple[Any, int]]:
    """Every member and item of a document that is looked at, as (what holds it, its index)."""
    if isinstance(value, Skipped):
        return []
    held = value.pairs if isinstance(value, Object) else value if isinstance(value, list) else []
    out = [(value, i) for i in range(len(held))]
    for item in held:
        out += places(item[1] if isinstance(value, Object) else item)
    return out


def containers(value: Any) -> list[Any]:
    """Every object and list of a document."""
    if isinstance(value, Object):
        return [value, *(c for _, v in value.pairs for c in containers(v))]
    return [value, *(c for v in value for c in containers(v))] if isinstance(value, list) else []


@st.composite
def mutated(draw: st.DrawFn, document: Object) -> Object:
    """A document with one thing changed: a value, a name, a member said twice, left out or added."""
    odd = st.sampled_from(ODD).map(Literal)
    kind = draw(st.sampled_from(["value", "value", "value", "drop", "repeat", "add", "rename"]))
    inside = places(document)
    if kind == "add" or not inside:
        target = draw(st.sampled_from(containers(document)))
        named = isinstance(target, Object)
        (target.pairs if named else target).append((draw(st.sampled_from(NAMES)), draw(odd)) if named else draw(odd))
        return document
    holder, i = draw(st.sampled_from(inside))
    held: list[Any] = holder.pairs if isinstance(holder, Object) else holder
    match kind:
        case "value":
            changed: Any = draw(odd)
            held[i] = (held[i][0], changed) if isinstance(holder, Object) else changed
        case "drop":
            del held[i]
        case "repeat":
            held.insert(draw(st.integers(0, len(held))), held[i])
        case "rename" if isinstance(holder, Object):
            held[i] = (draw(st.sampled_from([*NAMES, "\ud800", "zz"])), held[i][1])
    return document


def written(value: Any, gap: str = "", *, ascii_only: bool = True) -> str:
    """A document as JSON text."""
    if isinstance(value, Literal):
        return value.text
    if isinstance(value, Object):
        said = (f"{_text(k, ascii_only)}{gap}:{gap}{written(v, gap, ascii_only=ascii_only)}" for k, v in value.pairs)
        return "{" + f"{gap},".join(said) + gap + "}"
    if isinstance(value, list):
        return "[" + f",{gap}".join(written(v, gap, ascii_only=ascii_only) for v in value) + "]"
    return _text(value, ascii_only)


def _text(value: object, ascii_only: bool) -> str:
    return json.dumps(value, ensure_ascii=ascii_only)
