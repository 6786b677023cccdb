"""What a publication changes, document by document: versions, defaults of parameters, and the lines of the rest.

It compares what is written. Whether two ways of writing decide alike is not told here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any, Literal, TypeAlias

from rules.canonical import Content, text_of
from rules.yaml_nodes import plain
from rules.yaml_reader import read_yaml

Kind: TypeAlias = Literal["added", "removed", "changed"]
CONTEXT = 1
"""Lines shown around those that differ."""
GAP = "…"
"""Stands for lines that are alike."""
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class DefaultChange:
    """A parameter whose default is another; both as they are written."""

    parameter: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """What becomes of one document. `lines` differ (`-`, `+`) beside the version and the defaults, told apart."""

    name: str
    change: Kind
    old_version: str | None
    new_version: str | None
    defaults: tuple[DefaultChange, ...] = ()
    lines: tuple[str, ...] = ()

    @property
    def same_version(self) -> bool:
        """Whether the document is another under the version it had."""
        return self.change == "changed" and self.old_version == self.new_version


def compare(old: Content | None, new: Content) -> tuple[DocumentChange, ...]:
    """What a bundle changes in another one, by the names of the documents; everything is added to nothing."""
    before = {} if old is None else old.documents
    found: list[DocumentChange] = []
    for name in sorted({*before, *new.documents}):
        was, becomes = before.get(name), new.documents.get(name)
        if was == becomes:
            continue
        if was is None or becomes is None:
            change: Kind = "added" if was is None else "removed"
            found.append(DocumentChange(name, change, _version(_read(name, was)), _version(_read(name, becomes))))
        else:
            found.append(_changed(name, was, becomes))
    return tuple(found)


def _read(name: str, text: str | None) -> Any:
    """The plain values of a document; None where there is none, or none that can be read."""
    root = None if text is None else read_yaml(f"{name}.yaml", text.encode()).root
    return None if root is None else plain(root)


def _version(document: Any) -> str | None:
    found = _at(document, "metadata").get("version")
    return found if isinstance(found, str) else None


def _at(document: Any, *path: str) -> dict[str, Any]:
    """The mapping at a path; an empty one where there is none."""
    for step in path:
        document = document.get(step) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def _changed(name: str, was: str, becomes: str) -> DocumentChange:
    old, new = _read(name, was), _read(name, becomes)
    defaults = tuple(_defaults(_at(old, "spec", "parameters"), _at(new, "spec", "parameters")))
    told = {one.parameter for one in defaults}
    lines = tuple(_differing(_rest(old, told, was), _rest(new, told, becomes)))
    return DocumentChange(name, "changed", _version(old), _version(new), defaults, lines)


def _differing(old: list[str], new: list[str]) -> Iterator[str]:
    """The lines of a unified diff, a gap where it has the numbers of lines, which are those of no file."""
    hunks = 0
    for line in unified_diff(old, new, n=CONTEXT, lineterm=""):
        if line.startswith("@@"):
            hunks += 1
            if hunks > 1:
                yield GAP
        elif hunks:
            yield line


def _defaults(old: dict[str, Any], new: dict[str, Any]) -> Iterator[DefaultChange]:
    for name in old:
        if name in new:
            was, becomes = (_at(parameters, name).get("default", _ABSENT) for parameters in (old, new))
            if _ABSENT not in (was, becomes) and text_of({"": was}) != text_of({"": becomes}):
                yield DefaultChange(name, was, becomes)


def _rest(document: Any, told: set[str], text: str) -> list[str]:
    """The lines of a document without its version, and without the defaults that are told apart."""
    if not isinstance(document, dict):
        return text.splitlines()
    metadata = {name: value for name, value in _at(document, "metadata").items() if name != "version"}
    rest = {**document, "metadata": metadata}
    if told:
        parameters = {
            name: {k: v for k, v in value.items() if k != "default"} if name in told else value
            for name, value in _at(document, "spec", "parameters").items()
        }
        rest["spec"] = {**_at(document, "spec"), "parameters": parameters}
    return text_of(rest).splitlines()
