"""A parameter per key: `per` is the type of its keys, `default` lists some, `unlisted` is the value of all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.cel.literals import inner, value_meant
from rules.cel.tree import ConstantValue
from rules.documents.sections import ParameterSpec
from rules.documents.type_specs import BASIC, type_meant
from rules.types import BoolType, EnumType, MapType, StringType, Type, show

if TYPE_CHECKING:
    from rules.kinds.parameters import ParameterReader

MOST = 512
"""What is proposed for `maxEntries`."""


def read_per_key(
    reader: ParameterReader, spec: ParameterSpec, value: Type
) -> tuple[MapType, dict[str, ConstantValue], ConstantValue] | None:
    """The type of a parameter per key, what it lists, and its value elsewhere; None when a fault was reported."""
    keys = _key_type(reader, spec)
    unlisted = _unlisted(reader, spec, value)
    if spec.env is not None:
        reader.fail("parameter-env", "env", "the environment moves one value, and this parameter has one for each key")
    if spec.maxEntries is None:
        message, remedy = "nothing says how many keys may be listed", f"`maxEntries: {MOST}`"
        reader.fail("parameter-per", "per", message, remedy=remedy)
    listed = None if keys is None else _listed(reader, spec, keys, value)
    if keys is None or listed is None or unlisted is None or spec.env is not None or spec.maxEntries is None:
        return None
    return MapType(value, keys, spec.maxEntries), listed, unlisted


def refuse_without_per(reader: ParameterReader, spec: ParameterSpec) -> bool:
    """Report what only a parameter per key has; whether there was any."""
    found = [key for key in ("unlisted", "maxEntries") if getattr(spec, key) is not None]
    for key in found:
        reader.fail("parameter-per", key, f"`{key}` belongs to `per`, which is not given", expected="`per: <type>`")
    return bool(found)


def _key_type(reader: ParameterReader, spec: ParameterSpec) -> StringType | None:
    name = str(spec.per)
    found = BASIC.get(name) or reader.types.named.get(name)
    if isinstance(found, StringType):
        return found
    if found is None:
        remedy = type_meant(name, reader.types.named)
        reader.fail("types-unknown", "per", f"there is no type `{name}`", remedy=remedy)
    else:
        reader.fail(
            "parameter-type", "per", f"a key is text, and `{name}` is {_kind(found)}", expected="a type of text"
        )
    return None


def _kind(t: Type) -> str:
    return "an enum" if isinstance(t, EnumType) else show(t)


def _unlisted(reader: ParameterReader, spec: ParameterSpec, value: Type) -> ConstantValue:
    """The value for keys that are not listed."""
    if spec.unlisted is None:
        example = "false" if isinstance(value, BoolType) else "…"
        message = "nothing says what holds of a key that is not listed"
        reader.fail("parameter-per", "per", message, remedy=f"`unlisted: {example}`")
        return None
    try:
        return inner(spec.unlisted, value)
    except ValueError as error:
        remedy = value_meant(spec.unlisted, value)
        reader.fail("parameter-default", "unlisted", f"the value does not fit: {error}", remedy=remedy)
        return None


def _listed(
    reader: ParameterReader, spec: ParameterSpec, keys: StringType, value: Type
) -> dict[str, ConstantValue] | None:
    """What `default` lists; every key and every value that does not fit is reported."""
    if not isinstance(spec.default, dict):
        message = "a parameter per key lists its keys, this is one value"
        reader.fail("parameter-default", "default", message, expected="a mapping", remedy="`default: {<key>: <value>}`")
        return None
    if spec.maxEntries is not None and len(spec.default) > spec.maxEntries:
        message = f"these are {len(spec.default)} keys, and `maxEntries` is {spec.maxEntries}"
        reader.fail("parameter-default", "default", message)
        return None
    listed: dict[str, ConstantValue] = {}
    for key, written in spec.default.items():
        try:
            inner(key, keys)
        except ValueError as error:
            reader.fail("parameter-default", "default", f"the key does not fit: {error}", below=key, at_key=True)
            continue
        try:
            listed[key] = inner(written, value)
        except ValueError as error:
            message, remedy = f"the value of `{key}` does not fit: {error}", value_meant(written, value)
            reader.fail("parameter-default", "default", message, remedy=remedy, below=key)
    return listed if len(listed) == len(spec.default) else None
