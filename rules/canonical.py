"""A bundle as bytes: what its digest is of, what a store keeps, and the texts that it reads as again.

The content is canonical JSON (RFC 8785) of the manifest's name and version, and of the deciding documents by name, each
as a text of its own: YAML without comments, quoted and indented in one way only. (As JSON values they would lose what
decides: the order of a formula's steps, and whether a number is a double.) A document of a content is read like any
other, and every place in it can be named.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping

import msgspec
import rfc8785

LARGEST = 32 * 1024 * 1024
"""Bytes of a content that are looked at."""


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a content holds: the documents are texts by name."""

    name: str
    version: str
    documents: dict[str, str]


class NoContent(ValueError):
    """Bytes are not the content of a bundle; says why."""


def content_of(name: str, version: str, documents: Mapping[str, object]) -> bytes:
    """The content of a bundle of documents, given as plain values by name."""
    return _bytes(Content(name, version, {of: text_of(document) for of, document in documents.items()}))


def digest_of(content: bytes) -> str:
    """The digest of a content."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def read_bytes(content: bytes) -> Content:
    """What a content holds. Raises `NoContent`."""
    if len(content) > LARGEST:
        raise NoContent(f"{len(content)} bytes, and at most {LARGEST} are read")
    try:
        found = msgspec.json.decode(content, type=Content)
        again = _bytes(found)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise NoContent(f"it cannot be read: {error}") from None
    if again != content:
        raise NoContent("it is not in canonical form")
    return found


def _bytes(content: Content) -> bytes:
    return rfc8785.dumps({"name": content.name, "version": content.version, "documents": dict(content.documents)})


def text_of(document: object) -> str:
    """A document, as plain values, in its one form as YAML."""
    return "\n".join(_block(document, "")) + "\n"


def _block(value: object, indent: str) -> Iterator[str]:
    """The lines of a value that has lines of its own."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _entry(f"{indent}{_key(key)}:", one, indent)
    elif isinstance(value, list):
        for one in value:
            yield from _entry(f"{indent}-", one, indent)
    else:
        yield indent + _scalar(value)


def _entry(lead: str, value: object, indent: str) -> Iterator[str]:
    """A key or a dash with what stands there."""
    if isinstance(value, Mapping | list) and value:
        yield lead
        yield from _block(value, indent + "  ")
    elif isinstance(value, str) and _LINES.fullmatch(value):
        yield f"{lead} |{'' if value.endswith(_BREAK) else '-'}"
        yield from (indent + "  " + line for line in value.removesuffix(_BREAK).split(_BREAK))
    else:
        yield f"{lead} {_scalar(value)}"


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return '"' + _TROUBLE.sub(_escaped, value) + '"'
    return json.dumps(value)


def _escaped(found: re.Match[str]) -> str:
    """A character of a quoted text that cannot stand there as it is."""
    character = found[0]
    return "\\" + character if character in '"\\' else f"\\U{ord(character):08X}"


def _key(key: object) -> str:
    return key if isinstance(key, str) and _PLAIN.fullmatch(key) and key not in _WORDS else _scalar(key)


_BREAK = "\n"
_PLAIN = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]*")
_TROUBLE = re.compile(r'["\\]|[^ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]')
"""What is no printable character of YAML, or ends a line there."""
_WORDS = {"true", "false", "null", "True", "False", "Null", "TRUE", "FALSE", "NULL"}
_LINES = re.compile(r"[^\s#|>](?:[ -~]*\n)+[ -~]+\n?|[^\s](?:[ -~]*\n)+")
"""Texts of several lines that stand as they are: printable ASCII, the first line not indented."""
