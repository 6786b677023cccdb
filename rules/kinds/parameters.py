"""Parameters: typed, bounded, described, and movable by the environment only in the direction that tightens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from rules.cel.literals import inner, value_meant
from rules.cel.tree import ConstantValue
from rules.diagnostics import Diagnostics
from rules.documents.kinds import LibrarySpec
from rules.documents.sections import DecisionSpec, EnvironmentSpec, ParameterSpec
from rules.documents.shape import Shaped, Step
from rules.documents.type_specs import BASIC, type_meant
from rules.documents.types_document import TypeTable
from rules.kinds.per_key import read_per_key, refuse_without_per
from rules.plan import EnvironmentOverride, Parameter, ParameterValue
from rules.types import (
    DOUBLE_MAX,
    DURATION_MAX_US,
    INT_MAX,
    INT_MIN,
    BoolType,
    DoubleType,
    DurationType,
    EnumType,
    IntType,
    Type,
    show,
)

UNITS_US: Mapping[str, int] = MappingProxyType(
    {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
)


def read_parameters(document: Shaped, types: TypeTable, diagnostics: Diagnostics) -> list[Parameter]:
    """The parameters under `spec.parameters`; those with faults are reported and left out."""
    spec = document.model.spec
    assert isinstance(spec, DecisionSpec | LibrarySpec)
    found = (
        ParameterReader(document, ("spec", "parameters", name), types, diagnostics).read(name, spec)
        for name, spec in spec.parameters.items()
    )
    return [parameter for parameter in found if parameter is not None]


class ParameterReader:
    """Reads one parameter; `path` is where it stands in its document."""

    def __init__(self, document: Shaped, path: tuple[Step, ...], types: TypeTable, diagnostics: Diagnostics) -> None:
        self.document, self.path, self.types, self.diagnostics = document, path, types, diagnostics

    def fail(
        self,
        code: str,
        key: str,
        message: str,
        *,
        expected: str = "",
        remedy: str = "",
        below: str = "",
        at_key: bool = False,
    ) -> None:
        """Report a fault of what stands under a key, or under a key `below` that; or of that key itself."""
        path = (*self.path, key, below) if below else (*self.path, key)
        span = self.document.key_span(*path) if at_key else self.document.span(*path)
        self.diagnostics.error(code, span, message, expected=expected, remedy=remedy)

    def read(self, name: str, spec: ParameterSpec) -> Parameter | None:
        """The parameter, or None when a fault was reported."""
        base = BASIC.get(spec.type) or self.types.named.get(spec.type)
        if base is None:
            remedy = type_meant(spec.type, self.types.named)
            self.fail("types-unknown", "type", f"there is no type `{spec.type}`", remedy=remedy)
            return None
        bounded = self._bounded(name, spec, base)
        if bounded is None:
            return None
        if spec.per is not None:
            found = read_per_key(self, spec, bounded)
            return None if found is None else self._parameter(name, spec, *found)
        if refuse_without_per(self, spec):
            return None
        try:
            default = inner(spec.default, bounded)
        except ValueError as error:
            remedy = value_meant(spec.default, bounded)
            self.fail("parameter-default", "default", f"the default does not fit: {error}", remedy=remedy)
            return None
        return self._parameter(name, spec, bounded, default)

    def _parameter(
        self, name: str, spec: ParameterSpec, t: Type, default: ParameterValue, unlisted: ConstantValue = None
    ) -> Parameter | None:
        env = self._environment(spec, t)
        if spec.env is not None and env is None:
            return None
        origin, span = self.document.name, self.document.span(*self.path)
        return Parameter(name, t, default, spec.description, spec.unit or "", env, origin, span, unlisted)

    def _bounded(self, name: str, spec: ParameterSpec, base: Type) -> Type | None:
        if not isinstance(base, IntType | DoubleType | DurationType):
            if spec.min is not None or spec.max is not None:
                self.fail("parameter-bounds", "type", f"`{show(base)}` takes no bounds")
                return None
            if isinstance(base, BoolType | EnumType):
                return base
            self.fail(
                "parameter-type",
                "type",
                f"a parameter cannot be {show(base)}",
                expected="bool, int, double, duration or an enum",
            )
            return None
        bounded = self._narrow(spec, base)
        missing = [] if bounded is None else _unbounded(bounded)
        if missing:
            lacks = " and ".join(f"`{key}`" for key in missing)
            self.fail(
                "parameter-unbounded", "type", f"`{name}` says no {lacks}", expected=f"{lacks}, or a type with bounds"
            )
            return None
        return bounded

    def _narrow(
        self, spec: ParameterSpec, base: IntType | DoubleType | DurationType
    ) -> IntType | DoubleType | DurationType | None:
        limits: dict[str, int | float] = {"min": base.minimum, "max": base.maximum}
        said = [(key, written) for key, written in (("min", spec.min), ("max", spec.max)) if written is not None]
        for key, written in said:
            try:
                value = inner(written, base)
            except ValueError as error:
                self.fail("parameter-bounds", key, f"the bound does not fit: {error}")
                return None
            assert isinstance(value, int | float)
            limits[key] = value
        if limits["min"] > limits["max"]:
            self.fail("parameter-bounds", "max", f"`{spec.max}` lies below the `min`, `{spec.min}`")
            return None
        if isinstance(base, DoubleType):
            keep_min, keep_max = spec.min is None, spec.max is None
            return DoubleType(
                float(limits["min"]),
                float(limits["max"]),
                base.exclusive_minimum and keep_min,
                base.exclusive_maximum and keep_max,
            )
        return replace(base, minimum=int(limits["min"]), maximum=int(limits["max"]))

    def _environment(self, spec: ParameterSpec, t: Type) -> EnvironmentOverride | None:
        if spec.env is None:
            if spec.tighten is not None:
                self.fail("parameter-env", "tighten", "`tighten` belongs to `env`, which is not given")
            return None
        if spec.tighten is None:
            self.fail(
                "parameter-tighten",
                "env",
                "an environment variable may only tighten, and nothing says which way that is",
                expected="`tighten: up` or `tighten: down`",
            )
            return None
        named = EnvironmentSpec(name=spec.env) if isinstance(spec.env, str) else spec.env
        if isinstance(t, EnumType):
            self.fail("parameter-env", "env", "an enum has no direction, so the environment cannot tighten it")
            return None
        if isinstance(t, DurationType) and named.unit is None:
            self.fail(
                "parameter-env",
                "env",
                f"nothing says in which unit `{named.name}` counts",
                remedy=f"`env: {{name: {named.name}, unit: s}}`",
            )
            return None
        if not isinstance(t, DurationType) and named.unit is not None:
            self.fail("parameter-env", "env", f"`{show(t)}` has no unit", remedy=f"`env: {named.name}`")
            return None
        return EnvironmentOverride(named.name, spec.tighten, UNITS_US[named.unit] if named.unit else None)


def _unbounded(t: IntType | DoubleType | DurationType) -> list[str]:
    """The bounds a type does not say."""
    least = {IntType: INT_MIN, DoubleType: -DOUBLE_MAX, DurationType: -DURATION_MAX_US}[type(t)]
    most = {IntType: INT_MAX, DoubleType: DOUBLE_MAX, DurationType: DURATION_MAX_US}[type(t)]
    return [key for key, lacks in (("min", t.minimum == least), ("max", t.maximum == most)) if lacks]
