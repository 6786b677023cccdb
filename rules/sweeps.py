"""The facts of a fixture, each of which a sweep leaves out once: what it gives of a policy's inputs, field by field.

An input is a fact, and so is each field of a record; the items of a list and the entries of a map are not, but their
fields are. What a record ignores is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rules.types import Field, ListType, MapType, RecordType, Type

Path = tuple[str, ...]


def facts_of(inputs: Mapping[str, object], fields: Iterable[Field]) -> Iterator[Path]:
    """The path of every fact that is given, in the order of the types."""
    for field in fields:
        if field.name in inputs:
            yield (field.name,)
            yield from _below(inputs[field.name], field.type, (field.name,))


def _below(value: object, t: Type, path: Path) -> Iterator[Path]:
    if isinstance(t, RecordType) and isinstance(value, dict):
        for at in facts_of(value, t.fields):
            yield (*path, *at)
    elif isinstance(t, ListType) and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _below(item, t.item, (*path, str(index)))
    elif isinstance(t, MapType) and isinstance(value, dict):
        for key, item in value.items():
            yield from _below(item, t.value, (*path, str(key)))
