"""One signature of a function or operator: what a table of the language holds, and how it is written there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Style = Literal["operator", "function", "method"]
Failure = Literal["never", "overflow", "division", "empty", "range", "text", "incomparable"]
Pattern: TypeAlias = str


@dataclass(frozen=True, slots=True)
class Overload:
    """One signature of a function. `id` names it in every reader; `params` includes a method's target first.

    A last parameter `literal` is a text literal, read when the expression is checked (`rules.cel.literals.prepared`).
    """

    id: str
    name: str
    style: Style
    params: tuple[Pattern, ...]
    result: Pattern
    doc: str
    example: str
    failure: Failure = "never"
    variadic: bool = False
    """The last parameter may be given any number of times (at least once)."""

    @property
    def takes_literal(self) -> bool:
        """Whether the last argument is a text literal."""
        return bool(self.params) and self.params[-1] == "literal"


def declare(
    style: Style, ident: str, name: str, signature: str, doc: str, example: str, failure: Failure = "never"
) -> Overload:
    """An overload from a signature such as `list(T) int -> T`; a last parameter `double…` may be given often."""
    params, _, result = signature.partition(" -> ")
    variadic = params.endswith("…")
    return Overload(ident, name, style, tuple(params.rstrip("…").split()), result, doc, example, failure, variadic)
