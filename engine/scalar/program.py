"""From a plan to generated functions: `verdict` (which row applies), `full` (reason and outputs too), `lines` (log).

A row is `(outcome, rule, effect)`. Functions take the inputs in the plan's order. They raise `EvaluationError` with the
number of a site; `Program.where` says which expression that is, and in which case `full` was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from traceback import walk_tb
from types import CodeType, FunctionType
from typing import Any, TypeAlias

from msgspec import UNSET

from engine.scalar.constants import native
from engine.scalar.emitter import Attributes
from engine.scalar.known import Row
from engine.scalar.names import NAMES
from engine.scalar.runtime import EvaluationError
from engine.scalar.writer import ProgramWriter
from rules.cel.tree import Node
from rules.plan import ParameterValue, Plan

Result: TypeAlias = tuple[Row, str, tuple[Any, ...]]
UNWRITABLE = "the reason could not be written"


@dataclass(frozen=True, slots=True)
class Program:
    """The functions of one policy with its parameters bound. `source` is what was generated, for those who look."""

    plan: Plan
    attributes: Attributes
    callees: Mapping[str, Program]
    parameters: Mapping[str, ParameterValue]
    rows: tuple[Row, ...]
    sites: tuple[Node, ...]
    starts: tuple[tuple[int, str], ...]
    """The line of `full` at which each case begins: cases may share what fails, but not the line that asks for it."""
    source: str
    verdict: Callable[..., Row]
    full: Callable[..., Result]
    lines: Callable[..., list[tuple[str, str]]]
    names: Mapping[str, Any]
    """What the code may read: constants, parameters, callees, the functions of the runtime."""
    codes: Mapping[str, CodeType]

    def with_parameters(self, changed: Mapping[str, ParameterValue]) -> Program:
        """The same code over other parameter values, which must lie within their types.

        A parameter taken from a library moves in the policies that this one calls as well.
        """
        return self._moved({(p.origin, p.name): changed[p.name] for p in self.plan.parameters if p.name in changed})

    def _moved(self, moved: Mapping[tuple[str, str], ParameterValue]) -> Program:
        mine = {p.name: moved[p.origin, p.name] for p in self.plan.parameters if (p.origin, p.name) in moved}
        callees = {name: callee._moved(moved) for name, callee in self.callees.items()}
        return replace(self, parameters={**self.parameters, **mine}, callees=callees).linked()

    def linked(self) -> Program:
        """The functions over this program's own parameters and callees."""
        parameters = {
            f"P{index}": native(self.parameters[p.name], p.type) for index, p in enumerate(self.plan.parameters)
        }
        calls = {f"C{index}": self.callees[call.policy].call for index, call in enumerate(self.plan.calls)}
        names = {**self.names, **parameters, **calls, "__builtins__": _BUILTINS}
        verdict, full, lines = (FunctionType(self.codes[name], names) for name in ("verdict", "full", "lines"))
        return replace(self, verdict=verdict, full=full, lines=lines, names=names)

    def where(self, error: EvaluationError) -> tuple[Node, str | None]:
        """The expression that an error of `full` arose in, and the case that was then looked at."""
        lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code is self.codes["full"]]
        at = lines[-1] - self.codes["full"].co_firstlineno + 1 if lines else 0
        return self.sites[error.site], next((case for start, case in reversed(self.starts) if start <= at), None)

    def call(self, *inputs: Any) -> Result:
        """A decision as a caller of this policy sees it: an error is a result that blocks and has no outputs."""
        try:
            return self.full(*inputs)
        except EvaluationError as error:
            row: Row = (self.plan.on_error, "error", "block")
            return row, f"the decision failed: {error.code}", (UNSET,) * len(self.plan.outputs)


def given(value: Any, site: int) -> Any:
    """An output that every decision has, unless the called policy failed."""
    if value is UNSET:
        raise EvaluationError("call-failed", site)
    return value


def compile_plan(
    plan: Plan, attributes: Attributes, programs: Mapping[str, Program], parameters: Mapping[str, ParameterValue]
) -> Program:
    """Generate and compile the functions of a plan. `programs` holds those of the policies it calls."""
    callees = {call.policy: programs[call.policy] for call in plan.calls}
    writer = ProgramWriter(plan, attributes, {name: callee.plan for name, callee in callees.items()})
    source = writer.source()
    codes = _compiled(source)
    return Program(
        plan=plan,
        attributes=attributes,
        callees=callees,
        parameters=parameters,
        rows=writer.rows,
        sites=tuple(writer.constants.sites),
        starts=writer.starts,
        source=source,
        verdict=_unlinked,
        full=_unlinked,
        lines=_unlinked,
        names={**NAMES, **writer.constants.values, "UNSET": UNSET, "GIVEN": given, "BAD": UNWRITABLE},
        codes=codes,
    ).linked()


def _unlinked(*_: Any) -> Any:
    raise AssertionError("a program is linked before it runs")


def _compiled(source: str) -> dict[str, CodeType]:
    module: dict[str, Any] = {}
    exec(compile(source, "<policy>", "exec"), module)  # noqa: S102 -- generated code, no document text
    return {name: found.__code__ for name, found in module.items() if isinstance(found, FunctionType)}


def compile_expression(program: Program, node: Node) -> Callable[..., Any]:
    """A function of the plan's inputs that evaluates one expression with the program's parameters."""
    callees = {name: callee.plan for name, callee in program.callees.items()}
    writer = ProgramWriter(program.plan, program.attributes, callees)
    code = _compiled(writer.expression(node))["value"]
    return FunctionType(code, {**program.names, **writer.constants.values})


_BUILTINS = {
    "len": len, "min": min, "max": max, "abs": abs, "any": any, "all": all, "float": float, "int": int, "str": str,
    "Exception": Exception,
}  # fmt: skip
