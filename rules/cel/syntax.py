"""The untyped syntax of CEL: nodes that know their offsets in the text, and the words that no name may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

KEYWORDS = frozenset(("false", "in", "null", "true"))
"""A field may be called `var` (`signals.var`), as CEL has it; a name by itself may not."""
RESERVED = KEYWORDS | {
    *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop"),
    *("package", "namespace", "return", "var", "void", "while"),
}
WORDS = {"true": True, "false": False, "null": None}
"""What stands for a value; CEL's grammar takes these for names where both could stand."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal: bool, int, float, str, or None for `null`."""

    value: bool | int | float | str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Name:
    """A bare identifier."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Member:
    """`operand.name`."""

    operand: Syntax
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Subscript:
    """`operand[index]`."""

    operand: Syntax
    index: Syntax
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Apply:
    """`function(args)`, `target.function(args)`, or an operator under its CEL name (`_+_`, `!_`, `_?_:_`)."""

    function: str
    target: Syntax | None
    args: tuple[Syntax, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Items:
    """`[a, b]`."""

    items: tuple[Syntax, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entries:
    """`{k: v}`."""

    entries: tuple[tuple[Syntax, Syntax], ...]
    start: int
    end: int


Syntax: TypeAlias = Constant | Name | Member | Subscript | Apply | Items | Entries
