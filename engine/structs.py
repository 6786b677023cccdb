"""The slotted structures that decoded inputs live in: one msgspec class for each record type, shared by all decoders.

Rules kept here: no text of a document becomes a Python name (classes are `Record0`, attributes `f0`; a document's own
names appear only as JSON member names); every class is frozen and takes no part in garbage collection, which is safe
because a value decoded from JSON holds no cycle; the types given to msgspec carry every bound that it checks natively,
`engine.admission` adds the rest. An absent optional field is `msgspec.UNSET`, a null one is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from types import GenericAlias
from typing import Annotated, Any, Literal, Optional, TypeAlias, Union, assert_never

import msgspec

from rules.patterns import matcher
from rules.times import format_duration, format_timestamp, microseconds, read_duration
from rules.types import (
    DOUBLE_MAX,
    BoolType,
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

OPEN_ENUM_LENGTH = 64

Slot: TypeAlias = tuple[str, Any] | tuple[str, Any, Any]
"""A field as `msgspec.defstruct` takes it: attribute, type, and what it is when absent."""

Matcher: TypeAlias = Callable[[str], object]
"""Says, truthily, whether the whole of a text matches a pattern."""


class Doubt(Exception):
    """The fast path cannot vouch for the inputs; the complete inspection decides."""


class Pattern:
    """A pattern and the texts known to match it, so that a symbol seen before costs one set lookup.

    The set is a memory of a pure function: it is bounded, and losing it changes nothing but time.
    """

    _MOST_KNOWN = 4096
    _LONGEST_KNOWN = 64

    def __init__(self, matcher: Matcher) -> None:
        self.known: set[str] = set()
        self._matcher = matcher

    def admit(self, text: str) -> None:
        """Pass text that matches; raise Doubt for any other."""
        if text in self.known:
            return
        if not self._matcher(text):
            raise Doubt
        if len(text) <= self._LONGEST_KNOWN:
            if len(self.known) >= self._MOST_KNOWN:
                self.known.clear()
            self.known.add(text)


@dataclass(frozen=True, slots=True)
class Shape:
    """A structure of named members: its class, its fields, and the attribute each field is kept in."""

    cls: type[Any]
    fields: tuple[Field, ...]
    ignored: tuple[str, ...]
    attributes: Mapping[str, str]


class StructTable:
    """The structures of a set of record types.

    Raises ValueError when two different records share a name, or a name cannot be a JSON member's.
    """

    def __init__(self, records: Iterable[RecordType] = ()) -> None:
        self._records: dict[str, RecordType] = {}
        self._shapes: dict[str, Shape] = {}
        self._patterns: dict[str, Pattern] = {}
        for record in records:
            self._add(record)

    def attribute(self, record: str, field: str) -> str:
        """The attribute that holds a field of a record. Raises KeyError for an unknown name."""
        return self._shapes[record].attributes[field]

    def shape(self, record: RecordType) -> Shape:
        """The structure of a record. Raises ValueError for a record the table was not built with."""
        if self._records.get(record.name) != record:
            raise ValueError(f"record `{record.name}` is not the one in this table of structures")
        return self._shapes[record.name]

    def record_of(self, cls: type[Any]) -> str | None:
        """The record that a class is the structure of; None for any other class."""
        return next((name for name, shape in self._shapes.items() if shape.cls is cls), None)

    def maker(self, record: RecordType) -> Callable[..., object]:
        """What makes a record of its fields, by their attributes; what is not given is absent."""
        return self.shape(record).cls

    def pattern(self, expression: str) -> Pattern:
        """The pattern of an expression; the same expression shares its memory."""
        if expression not in self._patterns:
            self._patterns[expression] = Pattern(matcher(expression))
        return self._patterns[expression]

    def new_shape(self, name: str, fields: tuple[Field, ...], ignored: tuple[str, ...]) -> Shape:
        """A structure under a synthetic class name, over records already in the table."""
        names = [*(f.name for f in fields), *ignored]
        if len(set(names)) != len(names):
            raise ValueError("a name stands twice among the fields and the ignored names")
        attributes = {f.name: f"f{i}" for i, f in enumerate(fields)}
        slots = [_slot(attributes[f.name], f, self._form(f.type)) for f in fields]
        slots += [(f"g{i}", msgspec.Raw | msgspec.UnsetType, msgspec.UNSET) for i in range(len(ignored))]
        namespace = {"__eq__": _equality([*attributes.values()]), "__hash__": None} if ignored else None
        cls = msgspec.defstruct(
            name,
            slots,
            namespace=namespace,
            rename={slot[0]: said for slot, said in zip(slots, names, strict=True)},
            eq=not ignored,
            frozen=True,
            gc=False,
            kw_only=True,
            forbid_unknown_fields=True,
        )
        return Shape(cls, fields, ignored, attributes)

    def plain(self, t: Type, value: Any) -> object:
        """A value as JSON says it: timestamps and durations as text, records without what is absent."""
        match t:
            case _ if value is None:
                return None
            case TimestampType():
                return format_timestamp(value)
            case DurationType():
                return format_duration(value)
            case ListType():
                return [self.plain(t.item, item) for item in value]
            case MapType():
                return {key: self.plain(t.value, item) for key, item in value.items()}
            case RecordType():
                return self.plain_members(self.shape(t), value)
            case _:
                return value

    def plain_members(self, shape: Shape, value: object) -> dict[str, object]:
        """The members of a structure as JSON says them, without what is absent or ignored."""
        held = ((f, getattr(value, shape.attributes[f.name])) for f in shape.fields)
        return {f.name: self.plain(f.type, v) for f, v in held if v is not msgspec.UNSET}

    def _add(self, record: RecordType) -> None:
        known = self._records.get(record.name)
        if known is None:
            for field in record.fields:
                for inner in records_in(field.type):
                    self._add(inner)
            self._shapes[record.name] = self.new_shape(f"Record{len(self._shapes)}", record.fields, record.ignored)
            self._records[record.name] = record
        elif known != record:
            raise ValueError(f"two different records are called `{record.name}`")

    def _form(self, t: Type) -> Any:
        """The type annotation msgspec decodes by, with the bounds it checks itself."""
        match t:
            case BoolType():
                return bool
            case NullType():
                return None
            case TimestampType():
                return Annotated[datetime, msgspec.Meta(tz=True)]
            case DurationType():
                return DurationForm("Duration", (), {"shortest": t.minimum, "longest": t.maximum})
            case IntType():
                return Annotated[int, msgspec.Meta(ge=t.minimum, le=t.maximum)]
            case DoubleType():
                return _double_form(t)
            case StringType():
                return _text_form(t.max_length)
            case EnumType():
                return _text_form(OPEN_ENUM_LENGTH) if t.open else Literal[t.members]
            case ListType():
                return _sized(GenericAlias(list, self._form(t.item)), t.max_items)
            case MapType():
                keyed = GenericAlias(dict, (_text_form(t.key.max_length), self._form(t.value)))
                return _sized(keyed, t.max_entries)
            case RecordType():
                return self.shape(t).cls
            case _:
                assert_never(t)


class DurationForm(type):
    """The class of classes that stand for a bounded duration in msgspec annotations; their instances are timedeltas.

    msgspec's own durations are ISO 8601 text (`PT60S`), which is not how our inputs write them.
    """

    shortest: int
    longest: int

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, timedelta)

    def read(cls, said: object) -> timedelta:
        """The duration that JSON says, within this form's bounds. Raises ValueError."""
        length = read_duration(said)
        if not cls.shortest <= microseconds(length) <= cls.longest:
            raise ValueError("out of bounds")
        return length


def read_form(form: type, said: object) -> object:
    """The `dec_hook` of decoders over these structures."""
    if isinstance(form, DurationForm):
        return form.read(said)
    raise NotImplementedError


def records_in(t: Type) -> Iterator[RecordType]:
    """The records that a type holds directly, through lists and maps."""
    match t:
        case RecordType():
            yield t
        case ListType():
            yield from records_in(t.item)
        case MapType():
            yield from records_in(t.value)
        case _:
            pass


def _slot(attribute: str, field: Field, form: Any) -> Slot:
    """A field as `defstruct` takes it. A default is filled in later: until then it must be known what was said."""
    if field.nullable:
        form = Optional[form]  # noqa: UP045 -- a form may be None itself
    if field.optional or field.default is not None:
        return (attribute, Union[form, msgspec.UnsetType], msgspec.UNSET)  # noqa: UP007 -- as above
    return (attribute, form)


def _equality(attributes: list[str]) -> Callable[[object, object], bool]:
    """Equality by the fields alone: what is ignored may differ."""
    held = attrgetter("__class__", *attributes)
    return lambda a, b: a.__class__ is b.__class__ and held(a) == held(b)


def _text_form(max_length: int | None) -> Any:
    return _sized(str, max_length)


def _sized(form: Any, most: int | None) -> Any:
    return form if most is None else Annotated[form, msgspec.Meta(max_length=most)]


def _double_form(t: DoubleType) -> Any:
    bounds: dict[str, Any] = {}
    if t.minimum != -DOUBLE_MAX or t.exclusive_minimum:
        bounds["gt" if t.exclusive_minimum else "ge"] = float(t.minimum)
    if t.maximum != DOUBLE_MAX or t.exclusive_maximum:
        bounds["lt" if t.exclusive_maximum else "le"] = float(t.maximum)
    return Annotated[float, msgspec.Meta(**bounds)] if bounds else float
