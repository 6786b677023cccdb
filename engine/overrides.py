"""Environment overrides of parameters: they may only tighten, stay within bounds, and are always reported.

The environment is handed in as a mapping; nothing here looks at the process. A variable that cannot be read, leaves
the bounds or loosens refuses the whole bundle: running without an override that somebody meant is not safe.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import rfc8785

from rules.cel.literals import inner, outer
from rules.cel.tree import ConstantValue
from rules.diagnostics import Diagnostic
from rules.numbers import meant
from rules.plan import EnvironmentOverride, Parameter, ParameterValue, Plan
from rules.times import parse_duration_us
from rules.types import BoolType, DoubleType, DurationType, IntType, show

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_BOOLS = {"true": True, "false": False}
_SWITCHES = {
    **dict.fromkeys(("yes", "on", "1", "y", "t"), "true"),
    **dict.fromkeys(("no", "off", "0", "n", "f"), "false"),
}
_UNITS = {1: "microseconds", 1_000: "milliseconds", 1_000_000: "seconds", 60_000_000: "minutes", 3_600_000_000: "hours"}


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the environment moved: parameter by parameter, in the engine's form, and what it may not do."""

    values: Mapping[tuple[str, str], ConstantValue]
    """Origin document and parameter name to value."""
    faults: tuple[Diagnostic, ...]

    def of(self, plan: Plan) -> dict[str, ParameterValue]:
        """The values a plan runs with: its defaults, moved where the environment says so."""
        return {p.name: self.values.get((p.origin, p.name), p.default) for p in plan.parameters}


def read_overrides(plans: Collection[Plan], environment: Mapping[str, str]) -> Overrides:
    """The overrides an environment holds for the parameters of some plans."""
    values: dict[tuple[str, str], ConstantValue] = {}
    faults: dict[tuple[str, str], Diagnostic] = {}
    for plan in plans:
        for parameter in plan.parameters:
            if parameter.env is None or parameter.env.name not in environment:
                continue
            key = (parameter.origin, parameter.name)
            try:
                value = _read(parameter, parameter.env, environment[parameter.env.name].strip())
            except ValueError as error:
                faults[key] = _refused(parameter, parameter.env, environment[parameter.env.name].strip(), str(error))
                continue
            if value != parameter.default:
                values[key] = value
    misspelt = _misspelt([p for plan in plans for p in plan.parameters if p.env is not None], environment)
    return Overrides(values, (*faults.values(), *misspelt))


def _refused(parameter: Parameter, env: EnvironmentOverride, text: str, why: str) -> Diagnostic:
    """Why a variable may not set its parameter, and what to set it to where that can be told."""
    written = _meant(parameter, env, text)
    return Diagnostic(
        "environment",
        parameter.span,
        f"`{env.name}` may not set `{parameter.name}`: {why if text else 'it is set, and to nothing'}",
        expected=_expected(parameter, env),
        remedy=f"{env.name}={written}" if written else f"unset {env.name}, or publish a policy",
    )


def _meant(parameter: Parameter, env: EnvironmentOverride, text: str) -> str:
    """The text that says what another one means: `90` for `90s`, `false` for `no`, `0.8` for `0,8`; or nothing."""
    match parameter.type:
        case BoolType():
            written = _SWITCHES.get(text.lower(), "")
        case DurationType():
            written = _in_units(text, env.unit_us)
        case IntType() if re.fullmatch(r"[0-9]+\.0*", text):
            written = text.partition(".")[0]
        case _:
            written = meant(text)
    try:
        _read(parameter, env, written)
    except ValueError:
        return ""
    return written


def _in_units(text: str, unit_us: int | None) -> str:
    """A duration such as `90s` as a number of the variable's units, where it is a whole one."""
    try:
        micros = parse_duration_us(text)
    except ValueError:
        return ""
    return "" if unit_us is None or micros % unit_us else str(micros // unit_us)


def _misspelt(parameters: list[Parameter], environment: Mapping[str, str]) -> list[Diagnostic]:
    """Variables that are none of ours, but so nearly that somebody meant one."""
    known = {p.env.name: p for p in parameters if p.env is not None}
    found: list[Diagnostic] = []
    for name in sorted(environment.keys() - known.keys()):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.9)
        if near and name.partition("_")[0] == near[0].partition("_")[0]:
            message = f"`{name}` is set and moves nothing, `{near[0]}` would"
            found.append(Diagnostic("environment", known[near[0]].span, message, remedy=f"{near[0]}, or unset {name}"))
    return found


def _read(parameter: Parameter, env: EnvironmentOverride, text: str) -> ConstantValue:
    value = _parse(parameter, env, text)
    default = parameter.default
    assert isinstance(value, bool | int | float)
    assert isinstance(default, bool | int | float)
    if (value < default) if env.tighten == "up" else (value > default):
        raise ValueError(f"`{text}` loosens it, and the environment may only tighten")
    return value


def _parse(parameter: Parameter, env: EnvironmentOverride, text: str) -> ConstantValue:
    match parameter.type:
        case BoolType():
            if text.lower() not in _BOOLS:
                raise ValueError(f"`{text}` is not true or false")
            return _BOOLS[text.lower()]
        case IntType():
            if not _INTEGER.fullmatch(text):
                raise ValueError(f"`{text}` is not a whole number")
            return inner(int(text), parameter.type)
        case DoubleType():
            if not _NUMBER.fullmatch(text):
                raise ValueError(f"`{text}` is not a number")
            return inner(float(text), parameter.type)
        case DurationType():
            if not _NUMBER.fullmatch(text) or env.unit_us is None:
                raise ValueError(f"`{text}` is not a number of {_UNITS.get(env.unit_us or 0, 'units')}")
            return _duration(text, env.unit_us, parameter.type)
        case other:
            raise ValueError(f"{show(other)} cannot be overridden")


def _duration(text: str, unit_us: int, declared: DurationType) -> int:
    """A number of units in whole microseconds, exactly."""
    micros = Fraction(text) * unit_us
    if not declared.minimum <= micros <= declared.maximum:
        raise ValueError(
            f"`{text}` lies outside {outer(declared.minimum, declared)} to {outer(declared.maximum, declared)}"
        )
    if micros.denominator != 1:
        raise ValueError(f"`{text}` is finer than a microsecond")
    return int(micros)


def _expected(parameter: Parameter, env: EnvironmentOverride) -> str:
    way = "at least" if env.tighten == "up" else "at most"
    published = parameter.written(parameter.default)
    if isinstance(parameter.type, BoolType):
        words = dict.fromkeys((str(env.tighten == "up").lower(), str(published).lower()))
        return " or ".join(f"`{word}`" for word in words)
    if isinstance(parameter.type, DurationType) and env.unit_us is not None:
        assert isinstance(parameter.default, int)
        count = Fraction(parameter.default, env.unit_us)
        shown = str(count) if count.denominator == 1 else str(float(count))
        unit = _UNITS.get(env.unit_us, "units")
        return f"a number of {unit}, {way} {shown} (the published {published}), within its bounds"
    return f"{way} the published {published}, within its bounds"


MOST_EXACT = 2**53 - 1
"""The largest whole number that canonical JSON holds."""


def _canonical(written: object) -> Any:
    """A value fit for canonical JSON: a whole number that it does not hold as text."""
    if isinstance(written, Mapping):
        return {key: _canonical(one) for key, one in written.items()}
    return str(written) if isinstance(written, int) and abs(written) > MOST_EXACT else written


def effective_digest(
    bundle_digest: str, values: Mapping[tuple[str, str], ParameterValue], plans: Iterable[Plan]
) -> str | None:
    """The digest of a bundle together with parameters that were moved, by origin and name; None when none was."""
    if not values:
        return None
    known = {(p.origin, p.name): p for plan in plans for p in plan.parameters}
    moved = {".".join(key): _canonical(known[key].written(value)) for key, value in values.items()}
    content = rfc8785.dumps({"bundle": bundle_digest, "parameters": moved})
    return "sha256:" + hashlib.sha256(content).hexdigest()
