"""A call that is evaluated: its node, its arguments, and who evaluates it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.symbolic.found import Inner
from engine.symbolic.space import Number
from engine.symbolic.values import Row, Value
from rules.cel.prepared import prepared
from rules.cel.tree import Call, Constant

if TYPE_CHECKING:
    from engine.symbolic.expressions import Expressions


@dataclass(frozen=True, slots=True)
class Site:
    """A call and what it is given."""

    reader: Expressions
    node: Call
    inner: Inner
    args: tuple[Value, ...]

    @property
    def place(self) -> Hashable:
        """What tells it from other calls: its text, so that a policy and its next version share a place."""
        return self.node.overload.id, " ".join(self.node.span.text.split())

    @property
    def literal(self) -> Any:
        """What its last argument, a literal, was read as: a test of texts, or a time zone."""
        last = self.node.args[-1]
        assert isinstance(last, Constant)
        return prepared(self.node.overload, last.value)

    def beyond(self, what: str, make: Callable[[], Any]) -> Any:
        """What is unknown of items that lie beyond the places of a list."""
        return self.reader.beyond(self.node, self.inner, what, make)

    def number(self, at: int = 0) -> Number:
        """An argument that is a number."""
        found = self.args[at]
        assert isinstance(found, Number)
        return found

    def row(self, at: int = 0) -> Row:
        """An argument that is a list."""
        found = self.args[at]
        assert isinstance(found, Row)
        return found
