"""A small scope for tests of expressions: a few records, everything that may be absent in one way or another."""

from __future__ import annotations

from dataclasses import dataclass

from rules.cel import presence
from rules.cel.expressions import expression, text_of_source
from rules.cel.presence import Facts
from rules.cel.scope import Name, Scope
from rules.cel.tree import Node, define
from rules.diagnostics import Diagnostic, Diagnostics, render
from rules.source import Source
from rules.types import (
    BOOL,
    DURATION,
    TIMESTAMP,
    DoubleType,
    EnumType,
    Field,
    IntType,
    ListType,
    MapType,
    RecordType,
    StringType,
    Type,
)

SIDE = EnumType("Side", ("LONG", "SHORT"))
OTHER = EnumType("Other", ("LONG", "SHORT"))
ACTION = EnumType("Action", ("BUY", "SELL"), open=True)
UNIT = DoubleType(0.0, 1.0)
USD = DoubleType(-1.0e9, 1.0e9)
COUNT = IntType(0, 100)
TEXT = StringType(20)

LEAF = RecordType("Leaf", (Field("c", UNIT, optional=True), Field("d", UNIT)))
ITEM = RecordType(
    "Item",
    (
        Field("id", TEXT),
        Field("side", SIDE),
        Field("n", COUNT),
        Field("x", UNIT),
        Field("score", UNIT, optional=True),
        Field("leaf", LEAF, optional=True),
        Field("tags", MapType(COUNT, max_entries=8)),
    ),
)
RECORD = RecordType(
    "Record",
    (
        Field("a", UNIT, optional=True),
        Field("b", LEAF, optional=True),
        Field("last", UNIT, nullable=True),
        Field("z", UNIT),
        Field("big", USD),
        Field("flag", BOOL),
        Field("maybe", BOOL, optional=True),
        Field("n", COUNT),
        Field("side", SIDE),
        Field("other", OTHER),
        Field("action", ACTION),
        Field("text", TEXT),
        Field("items", ListType(ITEM, 8)),
        Field("prices", MapType(UNIT, max_entries=8)),
    ),
)
INPUTS = (
    Field("now", TIMESTAMP),
    Field("r", RECORD),
    Field("o", LEAF, optional=True),
    Field("s", UNIT, optional=True),
    Field("k", TEXT),
    Field("wait", DURATION),
)
PARAMETERS: dict[str, Type] = {"cap": UNIT, "most": IntType(0, 10), "pause": DURATION, "on": BOOL, "side": SIDE}


def scope() -> Scope:
    """Inputs under their names and under `inputs.`, parameters under `params.`."""
    names = {field.name: Name("input", field.name, field.type, field.guarded) for field in INPUTS}
    members = {name: Name("parameter", name, t) for name, t in PARAMETERS.items()}
    return Scope().with_names(names).with_members("inputs", names).with_members("params", members)


@dataclass(frozen=True)
class Judged:
    """What the checker makes of an expression."""

    node: Node | None
    found: tuple[Diagnostic, ...]

    @property
    def codes(self) -> list[str]:
        return [diagnostic.code for diagnostic in self.found]

    @property
    def shown(self) -> str:
        return "\n".join(render(diagnostic) for diagnostic in self.found)


def judge(
    text: str,
    variables: dict[str, str] | None = None,
    *,
    expected: Type | None = None,
    known: Facts = presence.NONE,
    within: Scope | None = None,
) -> Judged:
    """Check an expression; `variables` are defined before it, in order."""
    around = within or scope()
    diagnostics = Diagnostics()
    for name, written in (variables or {}).items():
        node = expression(text_of_source(Source(name, written)), around, diagnostics, deferred=True)
        if node is None:
            return Judged(None, tuple(diagnostics))
        around = around.with_names({name: define(name, node)})
    source = text_of_source(Source("expression", text))
    checked = expression(source, around, diagnostics, expected=expected, known=known)
    return Judged(checked, tuple(diagnostics))
