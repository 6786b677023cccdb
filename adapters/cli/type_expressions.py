"""The types of names given to `bascule eval --jsonl`, as `"double"`, `{"list": "int"}`, `{"record": {"a": "int"}}`.

Unlike a document's types they may be unbounded: nothing is decided on them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rules.cel.syntax import KEYWORDS, RESERVED
from rules.documents.type_specs import BASIC
from rules.types import EnumType, Field, ListType, MapType, RecordType, Type

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NULLABLE = re.compile(r"\s*(\w+)\s*\|\s*null\s*")
_DEEPEST = 32
_WRITE = '"double", "T | null", {"list": T}, {"map": T}, {"record": {"a": T, "b?": T}}, {"enum": ["A"]}'


def read_fields(written: object) -> tuple[Field, ...]:
    """The inputs that an object of names and type expressions says. Raises ValueError."""
    if not isinstance(written, Mapping):
        raise ValueError("`types` is an object of names and types")
    return tuple(_field(str(name), said, str(name).rstrip("?"), RESERVED) for name, said in written.items())


def _field(key: str, said: object, path: str, taken: frozenset[str]) -> Field:
    name = key.removesuffix("?")
    if not _NAME.fullmatch(name) or name in taken:
        raise ValueError(f"`{name}` cannot be a name in an expression")
    nullable = _NULLABLE.fullmatch(said) if isinstance(said, str) else None
    found = _read(nullable.group(1) if nullable else said, path)
    return Field(name, found, optional=key.endswith("?"), nullable=nullable is not None)


def _read(said: object, path: str) -> Type:
    if path.count("/") > _DEEPEST:
        raise ValueError("types nested too deeply")
    if isinstance(said, str) and said in BASIC:
        return BASIC[said]
    if isinstance(said, Mapping) and len(said) == 1:
        kind, inner = next(iter(said.items()))
        match kind, inner:
            case "list", _:
                return ListType(_read(inner, f"{path}/item"))
            case "map", _:
                return MapType(_read(inner, f"{path}/value"))
            case "record", Mapping():
                fields = tuple(_field(str(key), of, f"{path}/{key}", KEYWORDS) for key, of in inner.items())
                if len({field.name for field in fields}) != len(fields):
                    raise ValueError(f"the record `{path}` says a field twice")
                return RecordType(path, fields)
            case "enum", [_, *_] if all(isinstance(word, str) for word in inner):
                return EnumType(path, tuple(dict.fromkeys(str(word) for word in inner)))
    raise ValueError(f"the type of `{path}` is not understood; write one of {_WRITE}")
