"""From a plan to generated functions: `verdict` (which row applies), `full` (reason and outputs too), `lines` (log).

A row is `(outcome, rule, effect)`. Functions take the inputs in the plan's order. They raise `EvaluationError` with the
number of a site; `Program.where` says which expression that is, and in which case `full` was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from traceback import walk_tb
from types import CodeType, FunctionType, MappingProxyType
from typing import Any, TypeAlias

from msgspec import UNSET

from engine.scalar.calling import Variant
from engine.scalar.constants import native
from engine.scalar.known import Row
from engine.scalar.lines import Attributes
from engine.scalar.merging import MergedWriter
from engine.scalar.names import NAMES
from engine.scalar.parts import Parts
from engine.scalar.runtime import EvaluationError
from engine.scalar.writer import ProgramWriter
from rules.cel.tree import Node
from rules.cel.written import UNWRITABLE
from rules.plan import Parameter, ParameterValue, Plan, joined
from rules.types import Type

Result: TypeAlias = tuple[Row, str, tuple[Any, ...], tuple[Any, ...]]
"""The row, the reason, the outputs, and for each step its own result: UNSET where it was not asked, `Untold` where it
could not be."""


@dataclass(frozen=True, slots=True)
class Written:
    """What is generated from one plan, whatever its parameters are: kept, it can be linked elsewhere."""

    source: str
    codes: Mapping[str, CodeType]
    constants: Mapping[str, Any]
    rows: tuple[Row, ...]
    sites: tuple[Node, ...]
    starts: tuple[tuple[int, str], ...]
    """The line of `full` at which each case begins: cases may share what fails, but not the line that asks for it."""
    variants: Mapping[Variant, str]
    """What the code asks of other policies in part, and the name under which it does."""
    asks: tuple[str, ...]
    """The policy that each call asks, in the plan's order."""
    steps: tuple[tuple[str, str], ...]
    """Each step that decisions tell of, and the policy that it asks."""
    outputs: tuple[tuple[str, Type], ...]
    """What `full` gives after row and reason."""


@dataclass(frozen=True, slots=True)
class Program:
    """The functions of one policy with its parameters bound."""

    plan: Plan
    attributes: Attributes
    callees: Mapping[str, Program]
    parameters: Mapping[str, ParameterValue]
    written: Written
    full: Callable[..., Result]
    lines: Callable[..., list[tuple[str, str]]]
    names: dict[str, Any]
    """What the code may read: constants, parameters, callees, the functions of the runtime."""
    merging: list[Merging]
    """The code of `verdict` where other policies are asked, once it has been needed: whatever the parameters."""
    made: dict[str, Callable[..., Row]]
    """`verdict` itself, once it has been needed."""

    @property
    def source(self) -> str:
        """All that is generated, the verdict first, for those who look."""
        assert self.verdict is not None
        return "\n\n".join([*(code.source for code in self.merging), self.written.source])

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row that it may decide, in order, unless it fails."""
        return self.written.rows

    @property
    def verdict(self) -> Callable[..., Row]:
        """Which row applies. Together with the policies asked it is written when it is first needed."""
        if not self.made:
            self.made["verdict"] = self._verdict()
        return self.made["verdict"]

    def _verdict(self) -> Callable[..., Row]:
        if "verdict" in self.written.codes:
            return FunctionType(self.written.codes["verdict"], self.names)
        if not self.merging:
            plans = {program.plan.name: program.plan for program in self.asked()}
            self.merging.append(merged(MergedWriter(self.plan, self.attributes, plans)))
        code = self.merging[0]  # the first of two that were written at once
        programs = {program.plan.name: program for program in self.asked()}
        names = {**_OWN_NAMES, **code.constants, **code.bound(self.reached_values())}
        let_ask(names, [programs[policy] for policy in code.policies], code.variants)
        return FunctionType(code.code, names)

    def with_parameters(self, changed: Mapping[str, ParameterValue]) -> Program:
        """The same code over other parameter values, which must lie within their types.

        Those of the policies it asks are named `document.name`; one taken from a library moves wherever it is taken.
        """
        known = ((changed[label], p) for label, p in self.reached.items() if label in changed)
        return self._moved({(p.origin, p.name): value for value, p in known})

    @property
    def reached(self) -> dict[str, Parameter]:
        """Every parameter that its decisions depend on, as `reached_parameters` names them."""
        return joined(self.plan.parameters, (callee.reached for callee in self.callees.values()))

    def reached_values(self) -> dict[str, tuple[Parameter, ParameterValue]]:
        """Every parameter that its decisions depend on, with its value."""
        programs = (self, *self.asked())
        values = {(p.origin, p.name): own.parameters[p.name] for own in programs for p in own.plan.parameters}
        return {label: (p, values[p.origin, p.name]) for label, p in self.reached.items()}

    def asked(self) -> Iterator[Program]:
        """The programs of the policies that it asks, and of those that they ask."""
        for callee in self.callees.values():
            yield callee
            yield from callee.asked()

    def _moved(self, moved: Mapping[tuple[str, str], ParameterValue]) -> Program:
        mine = {p.name: moved[p.origin, p.name] for p in self.plan.parameters if (p.origin, p.name) in moved}
        callees = {name: callee._moved(moved) for name, callee in self.callees.items()}
        return replace(self, parameters={**self.parameters, **mine}, callees=callees).linked()

    def linked(self) -> Program:
        """The functions over this program's own parameters and callees."""
        names = {**self.names, **_bound(self.plan, self.parameters)}
        self.let_ask(names, self.written.variants)
        full, lines = (FunctionType(self.written.codes[name], names) for name in ("full", "lines"))
        return replace(self, full=full, lines=lines, names=names, made={})

    def let_ask(self, names: dict[str, Any], variants: Mapping[Variant, str]) -> None:
        """Put the functions by which generated code asks other policies among its names."""
        let_ask(names, [self.callees[policy] for policy in self.written.asks], variants)

    def giving(self, outputs: frozenset[str]) -> Callable[..., Any]:
        """A function like `call` that gives the row and some outputs: `(row, None, outputs)`."""
        parts = Parts(self.plan, self.attributes, {name: one.plan for name, one in self.callees.items()})
        writer = ProgramWriter(parts)
        code = _compiled(writer.function("values", outputs))["values"]
        names = {**self.names, **writer.constants.values}
        self.let_ask(names, writer.calling.variants)
        values, failed = FunctionType(code, names), (self._failed, None, (UNSET,) * len(self.written.outputs))

        def ask(*inputs: Any) -> Any:
            try:
                return values(*inputs)
            except EvaluationError:
                return failed

        return ask

    def where(self, error: EvaluationError) -> tuple[Node, str | None]:
        """The expression that an error of `full` arose in, and the case that was then looked at."""
        code, starts = self.written.codes["full"], self.written.starts
        lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code is code]
        at = lines[-1] - code.co_firstlineno + 1 if lines else 0
        return self.written.sites[error.site], next((case for start, case in reversed(starts) if start <= at), None)

    def call(self, *inputs: Any) -> Result:
        """A decision as a caller of this policy sees it: an error is a result that blocks and has no outputs."""
        try:
            return self.full(*inputs)
        except EvaluationError as error:
            unset, untold = (UNSET,) * len(self.written.outputs), (UNSET,) * len(self.written.steps)
            return self._failed, f"the decision failed: {error.code}", unset, untold

    def call_row(self, *inputs: Any) -> tuple[Row]:
        """`call` without reason and outputs."""
        try:
            return (self.verdict(*inputs),)
        except EvaluationError:
            return (self._failed,)

    @property
    def _failed(self) -> Row:
        return self.plan.on_error, "error", "block"


def let_ask(names: dict[str, Any], callees: Sequence[Program], variants: Mapping[Variant, str]) -> None:
    """Put the functions by which generated code asks some policies among its names.

    What is asked of them in part is compiled when it is first asked.
    """
    for index, callee in enumerate(callees):
        names |= {f"R{index}": callee.call_row, f"C{index}": callee.call, f"L{index}": callee.lines}
    for (index, outputs), name in variants.items():
        names[name] = _when_asked(names, name, callees[index], outputs)


@dataclass(frozen=True, slots=True)
class Merging:
    """The code of `verdict` of a plan together with those it asks. `source` is for those who look."""

    source: str
    code: CodeType
    constants: Mapping[str, Any]
    parameters: Mapping[str, str]
    """The label of each parameter, with its name in the code."""
    policies: tuple[str, ...]
    """The policies that are still called."""
    variants: Mapping[Variant, str]

    def bound(self, values: Mapping[str, tuple[Parameter, ParameterValue]]) -> dict[str, Any]:
        """The values of parameters under the names that the code has for them."""
        return {name: native(values[label][1], values[label][0].type) for label, name in self.parameters.items()}


def merged(writer: MergedWriter) -> Merging:
    """Generate and compile `verdict` of a plan together with those it asks."""
    source, parts = writer.source(), writer.parts
    policies = tuple(call.policy for call in parts.calling.calls)
    return Merging(
        source, _compiled(source)["verdict"], parts.constants.values, parts.parameters, policies, parts.calling.variants
    )


def _when_asked(names: dict[str, Any], name: str, callee: Program, outputs: frozenset[str]) -> Callable[..., Any]:
    """A function that takes its own place among the names of generated code when it is first asked."""

    def ask(*inputs: Any) -> Any:
        names[name] = callee.giving(outputs)
        return names[name](*inputs)

    return ask


@dataclass(frozen=True, slots=True)
class Untold:
    """In place of a step's result: why the step could not be asked."""

    code: str


def tried(ask: Callable[[], Any]) -> Any:
    """What a step decided, or why it could not be asked."""
    try:
        return ask()
    except EvaluationError as error:
        return Untold(error.code)


def given(value: Any, site: int) -> Any:
    """An output that every decision has, unless the called policy failed."""
    if value is UNSET:
        raise EvaluationError("call-failed", site)
    return value


def compile_plan(
    plan: Plan, attributes: Attributes, programs: Mapping[str, Program], parameters: Mapping[str, ParameterValue]
) -> Program:
    """Generate, compile and link the functions of a plan. `programs` holds those of the policies it calls."""
    parts = Parts(plan, attributes, {call.policy: programs[call.policy].plan for call in plan.calls})
    return link_plan(plan, written_by(ProgramWriter(parts)), attributes, programs, parameters)


def written_by(writer: ProgramWriter) -> Written:
    """What a writer generates from its plan, compiled."""
    source = writer.source()
    constants = writer.constants
    asked = {call.name: call.policy for call in writer.plan.calls}
    return Written(
        source=source,
        codes=_compiled(source),
        constants=constants.values,
        rows=writer.rows,
        sites=tuple(constants.sites),
        starts=writer.starts,
        variants=writer.calling.variants,
        asks=tuple(asked.values()),
        steps=tuple((name.removeprefix("steps."), asked[name]) for name in writer.plan.stages),
        outputs=tuple((output.name, output.type) for output in writer.plan.outputs),
    )


def link_plan(
    plan: Plan,
    written: Written,
    attributes: Attributes,
    programs: Mapping[str, Program],
    parameters: Mapping[str, ParameterValue],
) -> Program:
    """The program of what was generated from a plan. `programs` holds those of the policies it calls."""
    return Program(
        plan=plan,
        attributes=attributes,
        callees={policy: programs[policy] for policy in written.asks},
        parameters=parameters,
        written=written,
        full=_unlinked,
        lines=_unlinked,
        names={**_OWN_NAMES, **written.constants},
        merging=[],
        made={},
    ).linked()


def _unlinked(*_: Any) -> Any:
    raise AssertionError("a program is linked before it runs")


def _compiled(source: str) -> dict[str, CodeType]:
    module: dict[str, Any] = {}
    exec(compile(source, "<policy>", "exec"), module)  # noqa: S102 -- generated code, no document text
    return {name: found.__code__ for name, found in module.items() if isinstance(found, FunctionType)}


def _bound(plan: Plan, parameters: Mapping[str, ParameterValue]) -> dict[str, Any]:
    """The values of parameters under the names that generated code has for them."""
    return {f"P{index}": native(parameters[p.name], p.type) for index, p in enumerate(plan.parameters)}


def value_of(node: Node, plan: Plan, attributes: Attributes, parameters: Mapping[str, ParameterValue]) -> Any:
    """The value of an expression that reads nothing but parameters. The plan need not be compiled."""
    writer = ProgramWriter(Parts(plan, attributes, {}))
    code = _compiled(writer.expression(node))["value"]
    names = {**_OWN_NAMES, **writer.constants.values, **_bound(plan, parameters)}
    return FunctionType(code, names)(*(UNSET,) * len(plan.inputs))


def compile_expression(program: Program, node: Node) -> Callable[..., Any]:
    """A function of the plan's inputs that evaluates one expression with the program's parameters."""
    callees = {name: callee.plan for name, callee in program.callees.items()}
    writer = ProgramWriter(Parts(program.plan, program.attributes, callees))
    code = _compiled(writer.expression(node))["value"]
    names = {**program.names, **writer.constants.values}
    program.let_ask(names, writer.calling.variants)
    return FunctionType(code, names)


_OWN_NAMES: Mapping[str, Any] = MappingProxyType({
    **NAMES, "UNSET": UNSET, "GIVEN": given, "BAD": UNWRITABLE, "TRIED": tried, "ERROR": EvaluationError,
    "NOT_YET": object(),
    "__builtins__": {
        "len": len, "min": min, "max": max, "abs": abs, "any": any, "all": all, "float": float, "int": int, "str": str,
        "Exception": Exception,
    },
})  # fmt: skip
"""What all generated code may read."""
