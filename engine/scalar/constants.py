"""The constant table of generated code: every literal, parameter and site, by number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from engine.scalar.runtime import EPOCH
from rules.cel.tree import ConstantValue, Node
from rules.plan import ParameterValue
from rules.types import DoubleType, DurationType, IntType, MapType, TimestampType, Type


def native(value: ParameterValue, t: Type) -> Any:
    """A value in the form that generated code computes with: times and durations as such, not as microseconds."""
    if isinstance(t, MapType) and isinstance(value, Mapping):
        return {key: native(one, t.value) for key, one in value.items()}
    if isinstance(t, TimestampType) and isinstance(value, int):
        return EPOCH + timedelta(microseconds=value)
    if isinstance(t, DurationType) and isinstance(value, int):
        return timedelta(microseconds=value)
    if isinstance(t, DoubleType) and isinstance(value, int):
        return float(value)
    return value


class Constants:
    """Collects constants and sites while a program is written."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.sites: list[Node] = []
        self._names: dict[tuple[str, str], str] = {}

    def name(self, value: ConstantValue, t: Type) -> str:
        """The name of a literal."""
        key = (type(t).__name__, repr(value))  # 0.0 is not -0.0
        if key not in self._names:
            self._names[key] = self.add(native(value, t))
        return self._names[key]

    def add(self, value: object) -> str:
        """The name of any object."""
        name = f"K{len(self.values)}"
        self.values[name] = value
        return name

    def site(self, node: Node) -> int:
        """The number of a node that may fail."""
        self.sites.append(node)
        return len(self.sites) - 1

    def zero(self, t: Type) -> str:
        """Where a sum of a type starts."""
        if isinstance(t, IntType):
            return "0"
        return "0.0" if isinstance(t, DoubleType) else self.add(timedelta())
