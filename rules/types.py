"""The types of Bascule: what a fact, a parameter, an expression may be.

Rules kept here: types are immutable values; bounds (`minimum`, `maxItems` …) belong to a type but do not make two
types different for the checker (`same`), they only let it prove that an operation cannot fail; there is no `dyn`.
Timestamps and durations count microseconds; a timestamp lies in the years 1 to 9999.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
DOUBLE_MAX = 1.7976931348623157e308
DURATION_MAX_US = 315_576_000_000 * 1_000_000  # CEL: about 10 000 years, in microseconds


@dataclass(frozen=True, slots=True)
class BoolType:
    """True or false."""


@dataclass(frozen=True, slots=True)
class IntType:
    """A signed 64-bit integer within closed bounds."""

    minimum: int = INT_MIN
    maximum: int = INT_MAX


@dataclass(frozen=True, slots=True)
class DoubleType:
    """A finite IEEE 754 double within bounds; NaN and infinities are never values."""

    minimum: float = -DOUBLE_MAX
    maximum: float = DOUBLE_MAX
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False

    @property
    def exclusive(self) -> bool:
        """Whether one of its bounds is no value of it."""
        return self.exclusive_minimum or self.exclusive_maximum


@dataclass(frozen=True, slots=True)
class StringType:
    """Text of at most `max_length` code points; `pattern` is an RE2 expression the whole text must match."""

    max_length: int | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class TimestampType:
    """A point in time, UTC, to the microsecond."""


@dataclass(frozen=True, slots=True)
class DurationType:
    """A length of time in microseconds, within closed bounds."""

    minimum: int = -DURATION_MAX_US
    maximum: int = DURATION_MAX_US


@dataclass(frozen=True, slots=True)
class NullType:
    """The type of the literal `null`; only nullable fields may be compared with it."""


@dataclass(frozen=True, slots=True)
class EnumType:
    """Named words. An open enum also admits words not listed, which a policy must handle."""

    name: str
    members: tuple[str, ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class ListType:
    """A list of one type, of at most `max_items` items."""

    item: Type
    max_items: int | None = None


@dataclass(frozen=True, slots=True)
class MapType:
    """A map from text to one type, of at most `max_entries` entries."""

    value: Type
    key: StringType = StringType()
    max_entries: int | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A record's field. `optional`: may be absent; `nullable`: must be said, may be null. A default: always there."""

    name: str
    type: Type
    optional: bool = False
    nullable: bool = False
    default: Default | None = None
    lacking: bool = False
    """An output that is always there, of a policy that may fail: one that failed lacks it."""

    @property
    def guarded(self) -> bool:
        """Whether the field may be read only where it is known to be there."""
        return self.optional or self.nullable


@dataclass(frozen=True, slots=True)
class Default:
    """The value a field has when the input does not say it: plain JSON values, timestamps and durations as text."""

    value: object = field(compare=True)


@dataclass(frozen=True, slots=True)
class RecordType:
    """A closed record: its fields, and the names it accepts and ignores."""

    name: str
    fields: tuple[Field, ...]
    ignored: tuple[str, ...] = ()

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        return None


Type: TypeAlias = (
    BoolType
    | IntType
    | DoubleType
    | StringType
    | TimestampType
    | DurationType
    | NullType
    | EnumType
    | ListType
    | MapType
    | RecordType
)

BOOL, INT, DOUBLE, STRING = BoolType(), IntType(), DoubleType(), StringType()
TIMESTAMP, DURATION, NULL = TimestampType(), DurationType(), NullType()


def same(a: Type, b: Type) -> bool:
    """Whether two types are the same to the checker: bounds aside, enums and records by name."""
    match a, b:
        case EnumType(), EnumType():
            return a.name == b.name
        case RecordType(), RecordType():
            return a.name == b.name
        case ListType(), ListType():
            return same(a.item, b.item)
        case MapType(), MapType():
            return same(a.value, b.value)
        case _:
            return type(a) is type(b)


def show(t: Type) -> str:
    """The type as a policy author writes it."""
    match t:
        case BoolType():
            return "bool"
        case IntType():
            return "int"
        case DoubleType():
            return "double"
        case StringType():
            return "string"
        case TimestampType():
            return "timestamp"
        case DurationType():
            return "duration"
        case NullType():
            return "null"
        case EnumType():
            return t.name
        case RecordType():
            return f"decision of {t.name[5:]}" if t.name.startswith("call:") else t.name
        case ListType():
            return f"list({show(t.item)})"
        case MapType():
            return f"map(string, {show(t.value)})"


def widest(t: Type) -> Type:
    """The type without its bounds."""
    match t:
        case IntType():
            return INT
        case DoubleType():
            return DOUBLE
        case StringType():
            return STRING
        case DurationType():
            return DURATION
        case ListType():
            return ListType(widest(t.item))
        case MapType():
            return MapType(widest(t.value))
        case _:
            return t


def join(a: Type, b: Type) -> Type:
    """The smallest type holding the values of two `same` types (bounds widened to cover both)."""
    match a, b:
        case IntType(), IntType():
            return IntType(min(a.minimum, b.minimum), max(a.maximum, b.maximum))
        case DoubleType(), DoubleType():
            return DoubleType(min(a.minimum, b.minimum), max(a.maximum, b.maximum))
        case DurationType(), DurationType():
            return DurationType(min(a.minimum, b.minimum), max(a.maximum, b.maximum))
        case StringType(), StringType():
            known = a.max_length is not None and b.max_length is not None
            return StringType(max(a.max_length or 0, b.max_length or 0) if known else None)
        case ListType(), ListType():
            bounded = a.max_items is not None and b.max_items is not None
            items = max(a.max_items or 0, b.max_items or 0) if bounded else None
            return ListType(join(a.item, b.item), items)
        case MapType(), MapType():
            bounded = a.max_entries is not None and b.max_entries is not None
            entries = max(a.max_entries or 0, b.max_entries or 0) if bounded else None
            return MapType(join(a.value, b.value), max_entries=entries)
        case _:
            return a


def proves(found: Type, declared: Type) -> bool:
    """Whether every value of one type is a value of another `same` one."""
    match found, declared:
        case IntType(), IntType():
            return declared.minimum <= found.minimum and found.maximum <= declared.maximum
        case DurationType(), DurationType():
            return declared.minimum <= found.minimum and found.maximum <= declared.maximum
        case DoubleType(), DoubleType():
            above = declared.minimum < found.minimum or (
                declared.minimum == found.minimum and not _opens_below(found, declared)
            )
            below = found.maximum < declared.maximum or (
                declared.maximum == found.maximum and not _opens_above(found, declared)
            )
            return above and below
        case StringType(), StringType():
            most, long = declared.max_length, found.max_length
            return declared.pattern in (None, found.pattern) and (most is None or (long is not None and long <= most))
        case ListType(), ListType():
            fits = declared.max_items is None or (found.max_items is not None and found.max_items <= declared.max_items)
            return fits and proves(found.item, declared.item)
        case MapType(), MapType():
            most = declared.max_entries
            fits = most is None or (found.max_entries is not None and found.max_entries <= most)
            return fits and proves(found.value, declared.value)
        case _:
            return True


def _opens_below(found: DoubleType, declared: DoubleType) -> bool:
    return declared.exclusive_minimum and not found.exclusive_minimum


def _opens_above(found: DoubleType, declared: DoubleType) -> bool:
    return declared.exclusive_maximum and not found.exclusive_maximum
