"""How a call is evaluated over columns: over whole arrays, or element by element by the scalar reader's own code."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np

from engine.columnar.arithmetic import Faults
from engine.columnar.building import Builder, natives
from engine.columnar.columns import Column, Numbers, Texts, filled, with_presence
from engine.columnar.frames import Code, Failures, Frame, Value, first_error, widened
from engine.columnar.ragged import Array
from engine.scalar.names import NAMES
from engine.scalar.runtime import EvaluationError
from engine.scalar.translations import write_call
from engine.structs import StructTable
from rules.cel.prepared import prepared
from rules.cel.tree import Call, Constant


@dataclass(frozen=True, slots=True)
class Site:
    """One call in an expression, its arguments ready to be evaluated."""

    node: Call
    args: tuple[Code, ...]
    failures: Failures
    structs: StructTable
    beside: tuple[Code, ...] = ()
    """The items of a second argument that is written out as a list; the lookup of a key in a map."""

    def given(self, frame: Frame) -> tuple[list[Column], Array | None]:
        """The arguments, and the first error among them."""
        values = [arg.at(frame) for arg in self.args]
        return [value.column for value in values], first_error(*(value.errors for value in values))

    def failing(self, earlier: Array | None, faults: Faults) -> Array | None:
        """The errors of the call: those of its arguments, then its own."""
        errors = earlier
        for code, lanes in faults:
            if lanes.any():
                errors = first_error(errors, np.where(lanes, np.int32(self.failures.number(code, self.node)), 0))
        return errors


@dataclass(frozen=True, slots=True)
class Vector:
    """A function of arrays; `faults` says in which lanes it has no value, where the bounds do not prove that it has."""

    form: Callable[..., Any]
    faults: Callable[..., Faults] | None = None
    dear = False

    def __call__(self, site: Site, frame: Frame) -> Value:
        """The values of a call."""
        columns, errors = site.given(frame)
        arrays = [column.values for column in columns if isinstance(column, Numbers)]
        result = np.asarray(self.form(*arrays))
        if site.node.raises and self.faults is not None:
            errors = site.failing(errors, self.faults(result, *arrays))
        return Value(Numbers(result), errors)


@dataclass(frozen=True, slots=True)
class Whole:
    """A function that looks at columns itself: at lists, maps, texts. `dear` ones are worth fewer lanes."""

    form: Callable[[Site, Frame], Value]
    dear: bool = True

    def __call__(self, site: Site, frame: Frame) -> Value:
        """The values of a call."""
        return self.form(site, frame)


@dataclass(frozen=True, slots=True)
class Elementwise:
    """The scalar reader's code, once for each different set of arguments."""

    dear = True

    def __call__(self, site: Site, frame: Frame) -> Value:
        """The values of a call."""
        columns, errors = site.given(frame)
        columns = [with_presence(filled(column, frame.size), None) for column in columns]
        if errors is None:
            return _each(site, columns, frame.size)
        fine = np.flatnonzero(np.broadcast_to(errors == 0, frame.size))
        found = widened(site.node.type, _each(site, [c.take(fine) for c in columns], len(fine)), fine, frame.size)
        return Value(found.column, first_error(errors, found.errors))


def _each(site: Site, columns: Sequence[Column], size: int) -> Value:
    which, lanes = distinct(columns, size)
    return _computed(site, [column.take(which) for column in columns], len(which)).take(lanes)


def distinct(columns: Sequence[Column], size: int) -> tuple[Array, Array]:
    """A lane for each different set of arguments, and for each lane which of those it has."""
    keys: Sequence[Hashable] = range(size)
    if all(isinstance(column, Numbers | Texts) for column in columns):
        keys = list(zip(*(_bits(column) for column in columns), strict=True))
    first: dict[Hashable, int] = {}
    lanes = np.fromiter((first.setdefault(key, len(first)) for key in keys), np.int64, size)
    which = np.zeros(len(first), np.int64)
    which[lanes[::-1]] = np.arange(size)[::-1]
    return which, lanes


def _bits(column: Column) -> list[Any]:
    """What tells values apart: 0.0 is not -0.0."""
    if isinstance(column, Texts):
        return list(column.codes.tolist())
    assert isinstance(column, Numbers)
    values = column.values
    return list((np.ascontiguousarray(values).view(np.int64) if values.dtype == np.float64 else values).tolist())


def _computed(site: Site, columns: Sequence[Column], size: int) -> Value:
    """The results on some arguments."""
    function = scalar_function(site.node.overload.id, len(site.args))
    errors = np.zeros(size, np.int32)
    results: list[Any] = [None] * size
    given = [natives(arg.type, column, size, site.structs) for arg, column in zip(site.args, columns, strict=True)]
    literal = site.node.args[-1]
    if site.node.overload.takes_literal and isinstance(literal, Constant):
        given[-1] = [prepared(site.node.overload, literal.value)] * size
    rows = zip(*given, strict=True)
    for at, row in enumerate(rows):
        try:
            results[at] = function(*row)
        except EvaluationError as error:
            errors[at] = site.failures.number(error.code, site.node)
        except Exception:  # noqa: BLE001 -- a lane that nobody asks for may hold anything; one that is asked for blocks
            errors[at] = site.failures.number("internal", site.node)
    made = Builder(site.structs).column(site.node.type, results, errors == 0)
    return Value(with_presence(made, None), errors if errors.any() else None)


@cache
def scalar_function(overload: str, arity: int) -> Callable[..., Any]:
    """The scalar reader's code of an overload, as a function of its arguments."""
    names = [f"a{at}" for at in range(arity)]
    source = f"def call({', '.join(names)}): return {write_call(overload, names, 0, raises=True)}"
    module: dict[str, Any] = {}
    exec(compile(source, "<overload>", "exec"), {}, module)  # noqa: S102 -- code of our own table, no document text
    made: FunctionType = module["call"]
    return FunctionType(made.__code__, {**NAMES, "__builtins__": _BUILTINS})


_BUILTINS = {"len": len, "min": min, "max": max, "abs": abs, "float": float, "int": int, "str": str}
