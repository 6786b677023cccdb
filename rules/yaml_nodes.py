"""YAML as values that remember where they stand: scalars, sequences and mappings, each with its span.

An alias (`*name`) is the node of its anchor again. `Scalar.offset_at` maps an index of the value (a CEL expression,
say) back to the offset of the character in the file, whatever quotes, escapes or folded lines lie between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from rules.source import Span

ScalarValue: TypeAlias = bool | int | float | str | None
Offsets: TypeAlias = tuple[int, ...] | range
"""The offset in the source of each character of a text, and one more for its end."""


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A scalar resolved by the YAML 1.2 core schema. `text` is its content before resolution (`"1e9"` for 1e9)."""

    value: ScalarValue
    text: str
    span: Span
    offsets: Offsets

    def offset_at(self, index: int) -> int:
        """The source offset of the character `text[index]`."""
        return self.offsets[max(0, min(index, len(self.offsets) - 1))]

    def span_at(self, start: int, end: int) -> Span:
        """The source span of `text[start:end]`."""
        first = self.offset_at(start)
        last = self.offset_at(end - 1) + 1 if end > start else first
        return Span(self.span.source, first, max(first, last))


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A list of nodes."""

    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """A mapping with text keys, in the order written, each key once."""

    entries: tuple[tuple[Scalar, Node], ...]
    span: Span

    def get(self, key: str) -> Node | None:
        """The value under a key, or None."""
        for name, node in self.entries:
            if name.text == key:
                return node
        return None

    def key(self, key: str) -> Scalar | None:
        """The node of a key itself, or None."""
        for name, _ in self.entries:
            if name.text == key:
                return name
        return None

    def __iter__(self) -> Iterator[tuple[Scalar, Node]]:
        return iter(self.entries)


Node: TypeAlias = Scalar | Sequence | Mapping


def plain(node: Node) -> object:
    """The node as plain Python data (dict, list, str, int, float, bool, None); keys are their text."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key.text: plain(value) for key, value in node.entries}


def at(node: Node, path: tuple[str | int, ...]) -> Node:
    """The node at a path of keys and indices; the deepest one that exists when the path leads nowhere."""
    for step in path:
        child: Node | None = None
        if isinstance(node, Mapping):
            child = node.get(str(step))
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            child = node.items[step]
        if child is None:
            return node
        node = child
    return node
