"""One expression evaluated: by the code that decides, among a policy's names or among a few typed inputs.

A `Setting` is what an expression stands in; checking it there gives a node, evaluating that node gives a value or
raises `EvaluationError`. Nothing here has a second opinion on what an expression means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from msgspec import UNSET

from engine.decoding import Decoder, Interface
from engine.policy import Policy
from engine.scalar.program import Program, compile_expression, compile_plan
from engine.structs import StructTable, records_in
from rules.cel.expressions import expression, text_of_source
from rules.cel.scope import Meaning, Name, Scope
from rules.cel.tree import Node, Root, walk
from rules.diagnostics import Diagnostics
from rules.kinds.calls import result_type
from rules.plan import Case, Plan
from rules.source import Source
from rules.types import Field, RecordType

_NOWHERE = Source("<expression>", "").span(0, 0)


@dataclass(frozen=True, slots=True)
class Setting:
    """The names an expression may read, the program that gives them values, and how inputs are decoded."""

    scope: Scope
    program: Program
    decoder: Decoder

    def check(self, source: Source, diagnostics: Diagnostics) -> Node | None:
        """The typed tree of an expression, or None when faults were reported."""
        node = expression(text_of_source(source), self.scope, diagnostics)
        if node is not None and isinstance(node.type, RecordType) and node.type.name.startswith("call:"):
            fields = ", ".join(f"`{node.span.text}.{field.name}`" for field in node.type.fields)
            diagnostics.error(
                "cel-type", node.span, "a called decision is no value by itself", expected=f"one of {fields}"
            )
            return None
        return node

    def evaluate(self, node: Node, inputs: Any | None) -> Any:
        """The value of a checked node on decoded inputs; None gives it none, which is enough where none is read.

        Raises `EvaluationError` where the expression has no value.
        """
        return compile_expression(self.program, node)(*self._unpacked(inputs))

    def plain(self, node: Node, value: Any) -> object:
        """The value of a node as JSON says it: timestamps and durations as text."""
        return self.decoder.structs.plain(node.type, value)

    def _unpacked(self, inputs: Any | None) -> tuple[Any, ...]:
        fields = self.program.plan.inputs
        if inputs is None:
            return (UNSET,) * len(fields)
        return tuple(getattr(inputs, self.decoder.input_attribute(field.name)) for field in fields)


def needs_inputs(node: Node) -> bool:
    """Whether evaluating an expression reads an input, by itself or through what it names."""
    return any(isinstance(part, Root) and part.kind in ("input", "call") for part in walk(node, into_variables=True))


@lru_cache(maxsize=256)
def setting_of_inputs(fields: tuple[Field, ...] = ()) -> Setting:
    """Where an expression reads nothing but these inputs. Raises ValueError when they cannot be inputs."""
    structs = StructTable(record for field in fields for record in records_in(field.type))
    plan = _plan_of(fields)
    return Setting(_inputs_scope(fields), compile_plan(plan, structs, {}, {}), Decoder(Interface(fields), structs))


def setting_of_policy(policy: Policy, plans: Mapping[str, Plan]) -> Setting:
    """Where an expression reads what a policy's own variables may: inputs, parameters, calls, variables."""
    plan = policy.plan
    names: dict[str, Meaning] = {definition.name: definition for definition in plan.definitions}
    names |= {call.name: Name("call", call.name, result_type(plans[call.policy])) for call in plan.calls}
    parameters = {p.name: p.meaning for p in plan.parameters}
    scope = _inputs_scope(plan.inputs).with_members("params", parameters).with_names(names)
    return Setting(scope, policy.program, policy.decoder)


def _inputs_scope(fields: tuple[Field, ...]) -> Scope:
    names = {field.name: Name("input", field.name, field.type, field.guarded) for field in fields}
    return Scope().with_names(names).with_members("inputs", names)


def _plan_of(fields: tuple[Field, ...]) -> Plan:
    """The smallest plan with these inputs: one case, which always applies."""
    return Plan(
        kind="Expression",
        name="expression",
        version="0.0.0",
        title="",
        hit_policy="first",
        inputs=fields,
        parameters=(),
        parameter_requirements=(),
        calls=(),
        definitions=(),
        outcomes={"EVALUATED": "info"},
        cases=(),
        otherwise=Case("otherwise", None, (), "EVALUATED", None, _NOWHERE),
        outputs=(),
        ensures=(),
        log=(),
        on_error="EVALUATED",
        span=_NOWHERE,
    )
