"""An official test as `bascule eval --jsonl` is asked it, and what it wants said in the same terms.

Protobuf's JSON tells types apart by the name of a value's member (`int64Value`, `doubleValue`), and so do we: an int is
no double, text is no timestamp. What has no type here (`uint64Value`, `bytesValue`, messages) raises `Foreign`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rules.times import parse_duration_us, parse_timestamp_us

_PRIMITIVES = {"BOOL": "bool", "INT64": "int", "DOUBLE": "double", "STRING": "string"}
_WELL_KNOWN = {"TIMESTAMP": "timestamp", "DURATION": "duration"}
_MESSAGES = {"google.protobuf.Timestamp": "timestamp", "google.protobuf.Duration": "duration"}
_FINER = re.compile(r"\.[0-9]{6}[0-9]*[1-9][0-9]*(?:[sZ]|[+-])")
"""Digits below the microsecond that say something."""


class Foreign(Exception):
    """A type or value of CEL that this language has none for."""


def question(said: Mapping[str, Any]) -> dict[str, Any]:
    """The line that asks for a test. Raises `Foreign`."""
    bound = {name: binding.get("value", {}) for name, binding in said.get("bindings", {}).items()}
    types = {name: _type_of(value) for name, value in bound.items()}
    for declared in said.get("typeEnv", ()):
        if "ident" not in declared:
            raise Foreign("a function of the test's own")
        types[declared["name"]] = type_expression(declared["ident"]["type"])
    asked: dict[str, Any] = {"expr": said["expr"]}
    if types:
        asked |= {"types": types, "inputs": {name: native(value) for name, value in bound.items()}}
    return asked


def type_expression(said: Mapping[str, Any]) -> Any:
    """A type as eval's `types` have it."""
    match said:
        case {"primitive": str(word)} if word in _PRIMITIVES:
            return _PRIMITIVES[word]
        case {"wellKnown": str(word)} if word in _WELL_KNOWN:
            return _WELL_KNOWN[word]
        case {"messageType": str(word)} if word in _MESSAGES:
            return _MESSAGES[word]
        case {"listType": {"elemType": item}}:
            return {"list": type_expression(item)}
        case {"mapType": {"keyType": {"primitive": "STRING"}, "valueType": value}}:
            return {"map": type_expression(value)}
        case _:
            raise Foreign(f"the type {' '.join(said)}")


def shown(said: Mapping[str, Any]) -> str:
    """A type as eval's answers show it."""
    return _shown(type_expression(said))


def _shown(t: Any) -> str:
    match t:
        case {"list": item}:
            return f"list({_shown(item)})"
        case {"map": value}:
            return f"map(string, {_shown(value)})"
        case _:
            return str(t)


_KINDS = {"boolValue": "bool", "int64Value": "int", "doubleValue": "double", "stringValue": "string"}


def _type_of(value: Mapping[str, Any]) -> Any:
    """The type of a value that no declaration speaks of."""
    match value:
        case {"listValue": {"values": [first, *_]}}:
            return {"list": _type_of(first)}
        case {"mapValue": {"entries": [{"key": {"stringValue": _}, "value": first}, *_]}}:
            return {"map": _type_of(first)}
        case {"objectValue": {"@type": str(url)}} if url.rpartition("/")[2] in _MESSAGES:
            return _MESSAGES[url.rpartition("/")[2]]
    (kind,) = value or ("nothing",)
    if kind not in _KINDS:
        raise Foreign(f"a {kind}")
    return _KINDS[kind]


def native(value: Mapping[str, Any]) -> Any:
    """A value as JSON has it in eval's inputs and answers."""
    match value:
        case {"boolValue": bool(truth)}:
            return truth
        case {"int64Value": number}:
            return int(number)
        case {"doubleValue": number}:
            return float(number)
        case {"stringValue": str(text)}:
            return text
        case {"listValue": Mapping() as items}:
            return [native(item) for item in items.get("values", ())]
        case {"mapValue": Mapping() as entries}:
            return {_key(entry["key"]): native(entry["value"]) for entry in entries.get("entries", ())}
        case {"objectValue": {"@type": str(url), "value": str(text)}} if url.rpartition("/")[2] in _MESSAGES:
            return text
        case _:
            raise Foreign(f"a {' '.join(value)}")


def _key(key: Mapping[str, Any]) -> str:
    if "stringValue" not in key:
        raise Foreign("a key that is no text")
    return str(key["stringValue"])


def agrees(type_shown: str, found: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether an answer is exactly the wanted value: of its type, 0.0 apart from -0.0, times to the microsecond."""
    leaf = re.findall(r"\w+", type_shown)[-1]
    match wanted:
        case {"listValue": Mapping() as items}:
            values = items.get("values", ())
            return (
                isinstance(found, list)
                and len(found) == len(values)
                and all(agrees(type_shown, one, value) for one, value in zip(found, values, strict=True))
            )
        case {"mapValue": Mapping() as entries}:
            expected = {_key(entry["key"]): entry["value"] for entry in entries.get("entries", ())}
            return (
                isinstance(found, dict)
                and found.keys() == expected.keys()
                and all(agrees(type_shown, found[key], value) for key, value in expected.items())
            )
        case {"objectValue": _}:
            text = native(wanted)
            read = parse_timestamp_us if leaf == "timestamp" else parse_duration_us
            timed = leaf in ("timestamp", "duration") and leaf == _type_of(wanted)
            return timed and not _FINER.search(text) and read(found) == read(text)
        case _:
            return leaf == _type_of(wanted) and repr(found) == repr(native(wanted))
