"""Google's C++ implementation of CEL as an oracle: its value, its error, or why it refuses an expression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_math, ext_strings


@dataclass(frozen=True)
class Error:
    """An expression has no value."""

    words: str


class Refused(Exception):
    """The expression does not compile."""


_TYPES: Mapping[str, cel.Type] = {
    "bool": cel.Type.BOOL,
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "string": cel.Type.STRING,
    "timestamp": cel.Type.TIMESTAMP,
    "duration": cel.Type.DURATION,
}


def _type(said: str) -> cel.Type:
    kind, _, inner = said.partition(":")
    match kind:
        case "list":
            return cel.Type.List(_type(inner))
        case "map":
            return cel.Type.Map(cel.Type.STRING, _type(inner))
        case _:
            return _TYPES[kind]


class Cpp:
    """An environment with names of these types (`int`, `list:int`, `map:list:int`: keys are text)."""

    def __init__(self, types: Mapping[str, str]) -> None:
        variables = {name: _type(said) for name, said in types.items()}
        self._env = cel.NewEnv(variables=variables, extensions=[ext_math.ExtMath(), ext_strings.ExtStrings()])

    def compile(self, text: str) -> cel.Expression:
        """A program. Raises `Refused`."""
        try:
            return self._env.compile(text)
        except RuntimeError as error:
            raise Refused(str(error)) from None


def value_of(program: cel.Expression, given: Mapping[str, Any]) -> Any:
    """The value of a program as Python has it, or an `Error`."""
    found = program.eval(data=given)
    plain = found.plain_value()
    return Error(str(plain)) if found.type().name() == "ERROR" else plain
