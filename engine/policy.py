"""A bundle compiled, and its policies: inputs in, decision out, and never an exception that could be read as an allow.

Rules kept here: whatever goes wrong on the way to a decision gives the policy's `onError` outcome, which blocks; an
error names the rule, the place in the document and the values it looked at; a message that fails changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from msgspec import UNSET

from engine.decision import Decision, DecisionError, Stamp, faults_error
from engine.decoding import Decoder, Interface
from engine.faults import InputsRefused
from engine.overrides import Overrides, effective_digest, read_overrides
from engine.scalar.known import Row
from engine.scalar.program import Program, compile_expression, compile_plan
from engine.scalar.runtime import EvaluationError
from engine.structs import StructTable
from engine.tracing import Tracer
from rules.bundle import Bundle
from rules.cel.literals import outer
from rules.cel.tree import ConstantValue
from rules.diagnostics import Diagnostic, Refused
from rules.plan import Plan

ERRORS: Mapping[str, str] = {
    "overflow": "the result is out of range",
    "not-finite": "the result is not a finite number",
    "division-by-zero": "division by zero",
    "empty": "an empty list has no such item",
    "index": "the index lies outside the list",
    "call-failed": "the policy it asks has failed",
    "ensures": "a requirement of the policy does not hold",
    "out-of-range": "a value lies outside its type",
    "internal": "the decision could not be computed",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy, ready to decide."""

    program: Program
    decoder: Decoder
    bundle_digest: str
    effective_digest: str | None
    tracer: Tracer
    unpack: Callable[[Any], tuple[Any, ...]]

    @property
    def plan(self) -> Plan:
        """What the policy says."""
        return self.program.plan

    def verdict(self, inputs: Any) -> Row:
        """Outcome, rule and effect on decoded inputs. Raises `EvaluationError` where `decide` fails closed."""
        return self.program.verdict(*self.unpack(inputs))

    def decide(self, inputs: Any, stamp: Stamp, *, trace: bool = False) -> Decision:
        """The decision on decoded inputs."""
        return self.decide_unpacked(self.unpack(inputs), stamp, trace=trace)

    def decide_json(self, data: bytes | str, stamp: Stamp, *, trace: bool = False) -> Decision:
        """The decision on a JSON object of inputs; inputs that are refused block, with every fault."""
        try:
            inputs = self.decoder.decode(data)
        except InputsRefused as refused:
            return self.refused(refused, stamp)
        return self.decide(inputs, stamp, trace=trace)

    def refused(self, refused: InputsRefused, stamp: Stamp) -> Decision:
        """The decision on inputs that cannot be used."""
        return self._failed(faults_error(refused.faults), None, stamp)

    def decide_unpacked(self, inputs: tuple[Any, ...], stamp: Stamp, *, trace: bool = False) -> Decision:
        """The decision on decoded inputs, one by one in the plan's order."""
        traced = self.tracer.trace(inputs) if trace else None
        try:
            row, reason, values = self.program.full(*inputs)
            outputs = self._outputs(values)
        except EvaluationError as error:
            return self._failed(*self._explain(error, inputs), stamp, traced)
        except Exception as error:  # noqa: BLE001 -- nothing that goes wrong here may look like an answer
            internal = DecisionError("internal", f"{ERRORS['internal']}: {type(error).__name__}")
            return self._failed(internal, None, stamp, traced)
        outcome, rule, effect = row
        return Decision(
            decision_id=stamp.decision_id,
            policy=self.plan.name,
            version=self.plan.version,
            bundle=self.bundle_digest,
            effective_digest=self.effective_digest,
            outcome=outcome,
            effect=effect,
            rule=rule,
            reason=reason,
            outputs=outputs,
            trace=traced,
            parameters=self.moved(),
            decided_at=stamp.decided_at,
        )

    def _outputs(self, values: tuple[Any, ...]) -> dict[str, Any]:
        plain = self.decoder.structs.plain
        return {
            output.name: plain(output.type, value)
            for output, value in zip(self.plan.outputs, values, strict=True)
            if value is not UNSET
        }

    def _failed(self, error: DecisionError, rule: str | None, stamp: Stamp, traced: Any = None) -> Decision:
        return Decision(
            decision_id=stamp.decision_id,
            policy=self.plan.name,
            version=self.plan.version,
            bundle=self.bundle_digest,
            effective_digest=self.effective_digest,
            outcome=self.plan.on_error,
            effect="block",
            rule=rule,
            reason=error.message,
            outputs={},
            error=error,
            trace=traced,
            parameters=self.moved(),
            decided_at=stamp.decided_at,
        )

    def _explain(self, error: EvaluationError, inputs: tuple[Any, ...]) -> tuple[DecisionError, str | None]:
        """The error with its rule, its place and the values its expression read."""
        node, rule = self.program.where(error)
        values = {reading.path: reading.value for reading in self.tracer.values(node, inputs)}
        text = " ".join(node.span.text.split())
        message = f"rule `{rule}` failed: {ERRORS.get(error.code, error.code)} in `{text}`"
        return DecisionError(error.code, message, str(node.span), text, values), rule

    def moved(self) -> dict[str, Any] | None:
        """The parameters that are not at their published default."""
        moved = {
            p.name: outer(value, p.type)
            for p in self.plan.parameters
            if (value := self.program.parameters[p.name]) != p.default
        }
        return moved or None

    def log_lines(self, inputs: Any, decision: Decision) -> list[tuple[str, str]]:
        """The log lines of a decision, as (event, line); empty when the decision failed."""
        if decision.error is not None or decision.rule is None:
            return []
        row = (decision.outcome, decision.rule, decision.effect)
        unpacked = self.unpack(inputs)
        try:
            _, _, values = self.program.full(*unpacked)
            return self.program.lines(row, decision.reason, values, *unpacked)
        except Exception:  # noqa: BLE001 -- a log line never changes a decision
            return []

    def with_parameters(self, changed: Mapping[str, ConstantValue]) -> Policy:
        """The policy with other parameter values, as suites and comparisons ask for."""
        program = self.program.with_parameters(changed)
        return Policy(program, self.decoder, self.bundle_digest, self.effective_digest, Tracer(program), self.unpack)


@dataclass(frozen=True, slots=True)
class Machine:
    """Every policy of a bundle, compiled."""

    bundle: Bundle
    policies: Mapping[str, Policy]
    overrides: Overrides
    effective_digest: str | None


def compile_bundle(bundle: Bundle, environment: Mapping[str, str] | None = None) -> Machine:
    """Compile a bundle, with the overrides of an environment where one is given.

    Raises `Refused` when an override is not allowed or the parameters do not satisfy what they must together.
    """
    overrides = read_overrides(bundle.plans.values(), environment or {})
    if overrides.faults:
        raise Refused(overrides.faults)
    structs = StructTable(bundle.types.records)
    effective = effective_digest(bundle.digest, overrides, bundle.plans.values())
    programs: dict[str, Program] = {}
    policies: dict[str, Policy] = {}
    for plan in bundle.plans.values():
        programs[plan.name] = compile_plan(plan, structs, programs, overrides.of(plan))
        policies[plan.name] = _policy(bundle, plan, programs[plan.name], structs, effective)
    unmet = [fault for policy in policies.values() for fault in unmet_requirements(policy.program)]
    if unmet:
        raise Refused(unmet)
    return Machine(bundle, policies, overrides, effective)


def _policy(bundle: Bundle, plan: Plan, program: Program, structs: StructTable, effective: str | None) -> Policy:
    own = {f.name for f in plan.inputs}
    ignored = tuple(name for name in bundle.types.facts if name not in own)
    decoder = Decoder(Interface(plan.inputs, ignored), structs)
    attributes = [decoder.input_attribute(f.name) for f in plan.inputs]
    read = attrgetter(*attributes)
    unpack = read if len(attributes) > 1 else lambda inputs: (read(inputs),)
    return Policy(program, decoder, bundle.digest, effective, Tracer(program), unpack)


def unmet_requirements(program: Program) -> list[Diagnostic]:
    """The requirements among parameters that the values at hand do not satisfy."""
    nothing = (UNSET,) * len(program.plan.inputs)
    unmet: list[Diagnostic] = []
    for requirement in program.plan.parameter_requirements:
        try:
            holds = bool(compile_expression(program, requirement.that)(*nothing))
        except EvaluationError:
            holds = False
        if not holds:
            named = ", ".join(f"{p.name}={outer(program.parameters[p.name], p.type)}" for p in program.plan.parameters)
            unmet.append(
                Diagnostic("parameters-require", requirement.span, f"`{requirement.id}` does not hold with {named}")
            )
    return unmet
