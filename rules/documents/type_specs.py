"""Type expressions of documents (`Symbol`, `timestamp | null`, `{list: Position, maxItems: 64}`) to types."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from rules.cel.literals import fits_value
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
Lookup: TypeAlias = Callable[[str], Type | None]
Path: TypeAlias = tuple[Step, ...]
OPEN_ENUM_LENGTH = 64
_NULLABLE = re.compile(r"^\s*(\w+)\s*\|\s*null\s*$")


def nullable(spec: object) -> bool:
    """Whether a type expression ends in `| null`."""
    text = spec if isinstance(spec, str) else getattr(spec, "type", None)
    return isinstance(text, str) and _NULLABLE.match(text) is not None


def build(
    document: Shaped, path: Path, spec: object, lookup: Lookup, diagnostics: Diagnostics, *, bounded: bool = True
) -> Type | None:
    """The type of a type expression at a path, or None when something was reported.

    `bounded` asks that the type is finite, as everything from outside must be.
    """
    reader = _Reader(document, lookup, diagnostics)
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
        diagnostics.error("types-default", document.span(*path, "default"), fault, expected=show(t))
        return None
    return Default(tuple(spec.default) if isinstance(spec.default, list) else spec.default)


class _Reader:
    def __init__(self, document: Shaped, lookup: Lookup, diagnostics: Diagnostics) -> None:
        self.document, self.lookup, self.diagnostics = document, lookup, diagnostics

    def read(self, path: Path, spec: object) -> Type | None:
        if isinstance(spec, str):
            return self._named(path, spec)
        assert isinstance(spec, TypeSpec)
        said = [key for key in ("type", "list", "map") if getattr(spec, key) is not None]
        if len(said) != 1:
            return self._fail("types-shape", path, "a type says one of `type`, `list`, `map`", "`{type: double, …}`")
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
        found = BASIC.get(name) or self.lookup(name)
        if found is None:
            near = did_you_mean(name, [*BASIC, *getattr(self.lookup, "__self__", {})])
            return self._fail("types-unknown", path, f"there is no type `{name}`", f"`{near}`" if near else "")
        return found

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
                low, high = spec.minimum, spec.maximum
                if not all(value is None or isinstance(value, int) for value in (low, high)):
                    return self._fail("types-bound", path, "the bounds of an int are whole numbers")
                return self._ordered(
                    path,
                    IntType(
                        base.minimum if not isinstance(low, int) else max(low, base.minimum),
                        base.maximum if not isinstance(high, int) else min(high, base.maximum),
                    ),
                )
            case StringType():
                return self._string(path, spec, base)
            case DurationType():
                return self._duration(path, spec, base)
            case _:
                return base if self._only(path, spec) else None

    def _double(self, path: Path, spec: TypeSpec, base: DoubleType) -> Type | None:
        if not self._only(path, spec, "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            return None
        if isinstance(spec.minimum, str) or isinstance(spec.maximum, str):
            return self._fail("types-bound", path, "the bounds of a double are numbers")
        lows = [(float(v), x) for v, x in ((spec.minimum, False), (spec.exclusiveMinimum, True)) if v is not None]
        highs = [(float(v), x) for v, x in ((spec.maximum, False), (spec.exclusiveMaximum, True)) if v is not None]
        if len(lows) > 1 or len(highs) > 1:
            return self._fail("types-bound", path, "a bound is either inclusive or exclusive")
        low, low_open = lows[0] if lows else (base.minimum, base.exclusive_minimum)
        high, high_open = highs[0] if highs else (base.maximum, base.exclusive_maximum)
        return self._ordered(path, DoubleType(max(low, base.minimum), min(high, base.maximum), low_open, high_open))

    def _string(self, path: Path, spec: TypeSpec, base: StringType) -> Type | None:
        if not self._only(path, spec, "pattern", "maxLength"):
            return None
        if spec.pattern is not None:
            try:
                matcher(spec.pattern)
            except ValueError as error:
                return self._fail("types-pattern", (*path, "pattern"), f"the pattern cannot be read: {error}")
        return StringType(spec.maxLength or base.max_length, spec.pattern or base.pattern)

    def _duration(self, path: Path, spec: TypeSpec, base: DurationType) -> Type | None:
        if not self._only(path, spec, "minimum", "maximum"):
            return None
        limits = []
        for key, value, otherwise in (("minimum", spec.minimum, base.minimum), ("maximum", spec.maximum, base.maximum)):
            if value is None:
                limits.append(otherwise)
            elif isinstance(value, str):
                limits.append(parse_duration_us(value))
            else:
                return self._fail("types-bound", (*path, key), "the bound of a duration is a duration", '`"60s"`')
        return self._ordered(path, DurationType(*limits))

    def _ordered(self, path: Path, t: IntType | DoubleType | DurationType) -> Type | None:
        if t.minimum > t.maximum:
            return self._fail("types-bound", path, "the minimum lies above the maximum")
        return t

    def finite(self, path: Path, t: Type) -> bool:
        """Whether a type is bounded all the way down; reports the first part that is not."""
        match t:
            case DoubleType(minimum=low, maximum=high) if low == -DOUBLE_MAX or high == DOUBLE_MAX:
                missing = "`minimum` and `maximum` of the double"
            case StringType(max_length=None):
                missing = "`maxLength` of the text"
            case ListType(max_items=None):
                missing = "`maxItems` of the list"
            case MapType(max_entries=None):
                missing = "`maxEntries` of the map"
            case ListType(item=inner) | MapType(value=inner):
                return self.finite(path, inner)
            case _:
                return True
        self._fail("types-unbounded", path, f"{show(t)} comes from outside and says no bound", missing)
        return False

    def _fail(self, code: str, path: Path, message: str, remedy: str = "") -> Type | None:
        """Report a fault; there is no type to give."""
        self.diagnostics.error(code, self.document.span(*path), message, remedy=remedy)
        return None


__all__ = ["BASIC", "OPEN_ENUM_LENGTH", "EnumType", "build", "build_default", "nullable"]
