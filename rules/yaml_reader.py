"""Reads a YAML file into nodes that know their place; whatever is wrong comes out as diagnostics.

Rules kept here: no bytes make it raise; what cannot be read has no root; what could be read but may
not be used (a key written twice, a tag, a value that YAML cut) has a root as it was probably meant,
so that later stages find their faults in the same run. A document with an error is never usable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from yaml.error import MarkedYAMLError

from rules.diagnostics import Diagnostic, Diagnostics
from rules.source import Source, Span
from rules.yaml_compose import Stop, compose
from rules.yaml_nodes import Node
from rules.yaml_parser import YamlParser
from rules.yaml_syntax import directive, explain

MAX_BYTES = 1_048_576

_BOMS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters
    "\u2028\u2029"  # line breaks to YAML 1.1, not to 1.2
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # turn the reading direction ("Trojan Source")
    "\ufeff\ufffe\uffff]"  # a byte order mark inside the text, and no characters at all
    "|\r(?!\n)"
)
_DIRECTIVE = re.compile(r"(?:[ ]*(?:#[^\n]*)?\r?\n)*(%)")


@dataclass(frozen=True, slots=True)
class Document:
    """One file as it was read. `root` is None when it could not be read."""

    source: Source
    root: Node | None
    diagnostics: tuple[Diagnostic, ...]


def read_yaml(name: str, raw: bytes) -> Document:
    """Read a file of one YAML document. `name` is the path a person would type to open it."""
    found = Diagnostics()
    source = _decode_file(name, raw, found)
    root = None if found.errors else _read_text(source, found)
    return Document(source, root, tuple(found))


def _decode_file(name: str, raw: bytes, found: Diagnostics) -> Source:
    """The text of a file, without a UTF-8 byte order mark."""
    empty = Source(name, "")
    if len(raw) > MAX_BYTES:
        found.error(
            "yaml-too-large",
            empty.span(0, 0),
            f"the file has {len(raw)} bytes",
            expected=f"at most {MAX_BYTES} bytes",
            remedy="several files",
        )
        return empty
    for mark, encoding in _BOMS.items():
        if raw.startswith(mark):
            _not_utf8(empty.span(0, 0), f"the file is {encoding}", found)
            return empty
    try:
        source = Source(name, raw.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        source = Source(name, raw.decode("utf-8", errors="replace").removeprefix("\ufeff"))
        at = len(raw[: error.start].decode("utf-8").removeprefix("\ufeff"))
        _not_utf8(source.span(at, at + 1), f"the byte 0x{raw[error.start]:02x} is not UTF-8", found)
        return source
    if unseen := _UNSEEN.search(source.text):
        _unseen(source, unseen.start(), found)
    return source


def _not_utf8(span: Span, message: str, found: Diagnostics) -> None:
    found.error("yaml-encoding", span, message, expected="UTF-8", remedy="the file saved as UTF-8")


def _unseen(source: Source, at: int, found: Diagnostics) -> None:
    code = ord(source.text[at])
    found.error(
        "yaml-control-character",
        source.span(at, at + 1),
        f"the character U+{code:04X} cannot be seen or changes how the text reads",
        expected="text, spaces and line feeds",
        remedy=f'nothing in its place, or the escape "\\u{code:04X}" in double quotes',
    )


def _read_text(source: Source, found: Diagnostics) -> Node | None:
    if match := _DIRECTIVE.match(source.text):
        found.add(directive(source, match.start(1)))
        return None
    parser = YamlParser(source.text)
    composed = Diagnostics()
    try:
        root = compose(source, parser, composed)
    except Stop:
        root = None
    except MarkedYAMLError as error:
        _report_unreadable(explain(source, error), composed, found)
        return None
    finally:
        parser.dispose()  # else it holds itself, and the text
    found.extend(composed)
    if root is None and not composed:
        found.error(
            "yaml-empty",
            source.span(0, 0),
            "the file holds no document",
            expected="a document that starts with `apiVersion: bascule/v1`",
        )
    return root


def _report_unreadable(reason: Diagnostic, composed: Diagnostics, found: Diagnostics) -> None:
    """Report why a text cannot be read, in place of what was thought of the same stretch before."""
    start, end = reason.span.start, reason.span.end
    found.extend(d for d in composed if d.span.end <= start or d.span.start >= end)
    found.add(reason)
