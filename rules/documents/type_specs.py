"""Type expressions of documents (`Symbol`, `timestamp | null`, `{list: Position, maxItems: 64}`) to types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Protocol, TypeAlias

from rules.cel.literals import fits_value, outer
from rules.diagnostics import Diagnostics, did_you_mean
from rules.documents.sections import TypeSpec
from rules.documents.shape import Shaped, Step
from rules.patterns import matcher
from rules.times import parse_duration_us
from rules.types import (
    BOOL,
    DOUBLE,
    DOUBLE_MAX,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    Default,
    DoubleType,
    DurationType,
    EnumType,
    IntType,
    ListType,
    MapType,
    StringType,
    Type,
    show,
)

BASIC: Mapping[str, Type] = MappingProxyType(
    {"bool": BOOL, "int": INT, "double": DOUBLE, "string": STRING, "timestamp": TIMESTAMP, "duration": DURATION}
)
Path: TypeAlias = tuple[Step, ...]
OPEN_ENUM_LENGTH = 64
_NULLABLE = re.compile(r"^\s*(\w+)\s*\|\s*null\s*$")


_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("float", "number", "decimal", "real", "numeric", "float64"), "double"),
        **dict.fromkeys(("integer", "long", "int32", "int64", "uint"), "int"),
        **dict.fromkeys(("str", "text", "varchar", "char"), "string"),
        **dict.fromkeys(("boolean", "bit", "flag"), "bool"),
        **dict.fromkeys(("date", "datetime", "time", "instant"), "timestamp"),
        **dict.fromkeys(("timedelta", "interval", "period", "seconds"), "duration"),
        **dict.fromkeys(("list", "array", "sequence", "set"), "{list: …, maxItems: …}"),
        **dict.fromkeys(("map", "dict", "object", "mapping"), "{map: …, maxEntries: …}"),
    }
)
"""What types are called elsewhere, and here."""


def type_meant(name: str, known: Iterable[str]) -> str:
    """What to write for the name of a type that does not exist: the name it has here, or the nearest."""
    words = [*BASIC, *known]
    near = next((word for word in words if word.lower() == name.lower()), "")
    near = near or _ELSEWHERE.get(name.lower(), "") or did_you_mean(name, words)
    return f"`{near}`" if near else ""


class Names(Protocol):
    """The named types. One that is among them and cannot be got has a fault, which has been reported."""

    def get(self, name: str, /) -> Type | None:
        """The type of a name."""
        ...

    def __contains__(self, name: object, /) -> bool: ...

    def __iter__(self) -> Iterator[str]: ...


def nullable(spec: object) -> bool:
    """Whether a type expression ends in `| null`."""
    text = spec if isinstance(spec, str) else getattr(spec, "type", None)
    return isinstance(text, str) and _NULLABLE.match(text) is not None


def build(
    document: Shaped,
    path: Path,
    spec: object,
    names: Names,
    diagnostics: Diagnostics,
    *,
    bounded: bool = True,
    nulls: bool = False,
) -> Type | None:
    """The type of a type expression at a path, or None when something was reported.

    `bounded` asks that the type is finite, as everything from outside must be; `nulls` allows `| null`, which is
    said of fields and inputs.
    """
    reader = _Reader(document, names, diagnostics)
    if nullable(spec) and not nulls:
        return reader.no_null(path)
    found = reader.read(path, spec)
    if found is not None and bounded and not reader.finite(path, found):
        return None
    return found


def build_default(document: Shaped, path: Path, spec: object, t: Type, diagnostics: Diagnostics) -> Default | None:
    """The default of a field, checked against its type; None when it has none (or a wrong one, reported)."""
    if not isinstance(spec, TypeSpec) or "default" not in spec.model_fields_set:
        return None
    fault = fits_value(spec.default, t)
    if fault:
        diagnostics.error("types-default", document.span(*path, "default"), fault)
        return None
    return Default(tuple(spec.default) if isinstance(spec.default, list) else spec.default)


class _Reader:
    def __init__(self, document: Shaped, names: Names, diagnostics: Diagnostics) -> None:
        self.document, self.names, self.diagnostics = document, names, diagnostics

    def read(self, path: Path, spec: object) -> Type | None:
        if isinstance(spec, str):
            return self._named(path, spec)
        assert isinstance(spec, TypeSpec)
        said = [key for key in ("type", "list", "map") if getattr(spec, key) is not None]
        if len(said) != 1:
            found = f"this says {' and '.join(f'`{key}`' for key in said)}" if said else "this says none of them"
            return self._fail("types-shape", path, f"a type says one of `type`, `list`, `map`; {found}")
        held = spec.list if spec.list is not None else spec.map
        if nullable(held):
            return self.no_null((*path, said[0]))
        if spec.list is not None:
            item = self.read((*path, "list"), spec.list)
            return None if item is None or not self._only(path, spec, "maxItems") else ListType(item, spec.maxItems)
        if spec.map is not None:
            value = self.read((*path, "map"), spec.map)
            return (
                None
                if value is None or not self._only(path, spec, "maxEntries")
                else MapType(value, max_entries=spec.maxEntries)
            )
        assert spec.type is not None
        base = self._named((*path, "type"), spec.type)
        return None if base is None else self._narrowed(path, spec, base)

    def _named(self, path: Path, text: str) -> Type | None:
        match = _NULLABLE.match(text)
        name = match.group(1) if match else text.strip()
        found = BASIC.get(name) or self.names.get(name)
        if found is None and name not in self.names:
            self._fail("types-unknown", path, f"there is no type `{name}`", type_meant(name, self.names))
        return found

    def no_null(self, path: Path) -> Type | None:
        """Refuse a `| null` where nothing could be null."""
        return self._fail(
            "types-shape", path, "`| null` is said of a record's field or of an input", "the type without it"
        )

    def _only(self, path: Path, spec: TypeSpec, *allowed: str) -> bool:
        bounds = {
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "pattern",
            "maxLength",
            "maxItems",
            "maxEntries",
        }
        for key in sorted(bounds & spec.model_fields_set):
            if key not in allowed:
                self._fail("types-bound", (*path, key), f"`{key}` does not belong to this type")
                return False
        return True

    def _narrowed(self, path: Path, spec: TypeSpec, base: Type) -> Type | None:
        match base:
            case DoubleType():
                return self._double(path, spec, base)
            case IntType():
                if not self._only(path, spec, "minimum", "maximum"):
                    return None
                for key in ("minimum", "maximum"):
                    if not isinstance(getattr(spec, key), int | None):
                        return self._fail("types-bound", (*path, key), "the bounds of an int are whole numbers")
                assert isinstance(spec.minimum, int | None)
                assert isinstance(spec.maximum, int | None)
                low = base.minimum if spec.minimum is None else spec.minimum
                high = base.maximum if spec.maximum is None else spec.maximum
                return self._narrower(path, IntType(low, high), base)
            case StringType():
                return self._string(path, spec, base)
            case DurationType():
                return self._duration(path, spec, base)
            case _:
                return base if self._only(path, spec) else None

    def _double(self, path: Path, spec: TypeSpec, base: DoubleType) -> Type | None:
        if not self._only(path, spec, "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            return None
        for key, other in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if isinstance(getattr(spec, key), str):
                return self._fail("types-bound", (*path, key), "the bounds of a double are numbers")
            if getattr(spec, key) is not None and getattr(spec, other) is not None:
                return self._fail("types-bound", (*path, other), f"a bound is either `{key}` or `{other}`")
        low, low_open = _bound(spec.minimum, spec.exclusiveMinimum, (base.minimum, base.exclusive_minimum))
        high, high_open = _bound(spec.maximum, spec.exclusiveMaximum, (base.maximum, base.exclusive_maximum))
        return self._narrower(path, DoubleType(low, high, low_open, high_open), base)

    def _string(self, path: Path, spec: TypeSpec, base: StringType) -> Type | None:
        if not self._only(path, spec, "pattern", "maxLength"):
            return None
        if spec.pattern is not None:
            try:
                matcher(spec.pattern)
            except ValueError as error:
                return self._fail("types-pattern", (*path, "pattern"), f"the pattern cannot be read: {error}")
        if spec.maxLength is not None and base.max_length is not None and spec.maxLength > base.max_length:
            return self._fail("types-bound", (*path, "maxLength"), f"the type has at most {base.max_length} already")
        return StringType(spec.maxLength or base.max_length, spec.pattern or base.pattern)

    def _duration(self, path: Path, spec: TypeSpec, base: DurationType) -> Type | None:
        if not self._only(path, spec, "minimum", "maximum"):
            return None
        limits = []
        for key, value, otherwise in (("minimum", spec.minimum, base.minimum), ("maximum", spec.maximum, base.maximum)):
            try:
                limits.append(otherwise if value is None else parse_duration_us(str(value)))
            except ValueError as error:
                return self._fail("types-bound", (*path, key), f"`{value}` is not a duration: {error}")
        return self._narrower(path, DurationType(*limits), base)

    def _narrower(
        self, path: Path, t: IntType | DoubleType | DurationType, base: IntType | DoubleType | DurationType
    ) -> Type | None:
        """A type with bounds of its own, which lie in order and within those of the type it is made of."""
        if t.minimum > t.maximum or (t.minimum == t.maximum and isinstance(t, DoubleType) and _open(t)):
            return self._fail("types-bound", (*path, "minimum"), "no value lies between the bounds")
        for key, wider in (("minimum", t.minimum < base.minimum), ("maximum", t.maximum > base.maximum)):
            if wider:
                return self._fail(
                    "types-bound", (*path, key), f"the bound lies outside those of the type, {_range(base)}"
                )
        return t

    def finite(self, path: Path, t: Type) -> bool:
        """Whether a type is bounded all the way down; reports the first part that is not."""
        match t:
            case DoubleType(minimum=low, maximum=high) if low == -DOUBLE_MAX or high == DOUBLE_MAX:
                sides = (("minimum", low == -DOUBLE_MAX), ("maximum", high == DOUBLE_MAX))
                missing = [key for key, lacks in sides if lacks]
            case StringType(max_length=None):
                missing = ["maxLength"]
            case ListType(max_items=None):
                missing = ["maxItems"]
            case MapType(max_entries=None):
                missing = ["maxEntries"]
            case ListType(item=inner):
                return self.finite((*path, "list"), inner)
            case MapType(value=inner):
                return self.finite((*path, "map"), inner)
            case _:
                return True
        said = " and ".join(f"`{key}`" for key in missing)
        holder = f"`{{type: {show(t)}, " if not isinstance(t, ListType | MapType) else "`{…, "
        remedy = holder + ", ".join(f"{key}: …" for key in missing) + "}`"
        self._fail("types-unbounded", path, f"`{show(t)}` comes from outside and says no {said}", remedy)
        return False

    def _fail(self, code: str, path: Path, message: str, remedy: str = "") -> Type | None:
        """Report a fault; there is no type to give."""
        self.diagnostics.error(code, self.document.span(*path), message, remedy=remedy)
        return None


def _bound(closed: float | str | None, exclusive: float | None, inherited: tuple[float, bool]) -> tuple[float, bool]:
    """A bound as written, or the inherited one; whether it is exclusive."""
    if exclusive is not None:
        return float(exclusive), True
    return inherited if closed is None else (float(closed), False)


def _open(t: DoubleType) -> bool:
    return t.exclusive_minimum or t.exclusive_maximum


def _range(t: IntType | DoubleType | DurationType) -> str:
    low, high = outer(t.minimum, t), outer(t.maximum, t)
    return f"{low} to {high}"


__all__ = ["BASIC", "OPEN_ENUM_LENGTH", "EnumType", "build", "build_default", "nullable", "type_meant"]
