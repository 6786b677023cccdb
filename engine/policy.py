"""A bundle compiled, and its policies: inputs in, decision out, and never an exception that could be read as an allow.

Rules kept here: whatever goes wrong on the way to a decision gives the policy's `onError` outcome, which blocks; an
error names the rule, the place in the document and the values it looked at; a message that fails changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, TypeAlias

from msgspec import UNSET

from engine.decision import Decision, DecisionError, RuleTrace, Stamp, faults_error
from engine.decoding import Decoder, Interface
from engine.exits import RULE as EXIT
from engine.exits import Exit, decided_exit, exit_of, read_exit, what_exits_rest_on
from engine.faults import Fault, InputsRefused
from engine.overrides import Overrides, effective_digest, read_overrides
from engine.requirements import unmet_of, unmet_requirements
from engine.scalar.known import Row
from engine.scalar.program import Program, Result, compile_plan
from engine.scalar.runtime import EvaluationError
from engine.stages import stages_of
from engine.structs import StructTable
from engine.tracing import Tracer
from rules.bundle import Bundle
from rules.diagnostics import Refused
from rules.plan import ParameterValue, Plan

LogLine: TypeAlias = tuple[str, str]
"""The event of a log line, and the line."""

ERRORS: Mapping[str, str] = {
    "overflow": "the result is out of range",
    "not-finite": "the result is not a finite number",
    "division-by-zero": "division by zero",
    "empty": "an empty list has no such item",
    "index": "the index lies outside the list or text",
    "unreadable": "the text cannot be read as such a value",
    "incomparable": "the two lists have no correlation",
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
    moved: Mapping[str, Any]
    """The parameters that are not at their published default: known once, told with every decision."""

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

    def decide_unpacked(self, inputs: tuple[Any, ...], stamp: Stamp, *, trace: bool = False) -> Decision:
        """The decision on decoded inputs, one by one in the plan's order."""
        return self._decide(inputs, stamp, trace=trace)[0]

    def decide_and_log(self, inputs: Any, stamp: Stamp, *, trace: bool = False) -> tuple[Decision, list[LogLine]]:
        """The decision on decoded inputs and its log lines, as (event, line); none when the decision failed."""
        unpacked = self.unpack(inputs)
        decision, found = self._decide(unpacked, stamp, trace=trace)
        if found is None:
            return decision, []
        try:
            return decision, self.program.lines(*found, *unpacked)
        except Exception:  # noqa: BLE001 -- a log line never changes a decision
            return decision, []

    def decide_json(self, data: bytes | str, stamp: Stamp, *, trace: bool = False) -> Decision:
        """The decision on a JSON object of inputs; inputs that are refused block, with every fault."""
        try:
            inputs = self.read(data)
        except InputsRefused as refused:
            return self.refused(refused, stamp, data)
        return self.decide(inputs, stamp, trace=trace)

    def read(self, data: bytes | str, most: int | None = None) -> Any:
        """The inputs of a JSON object. Raises `InputsRefused`, and nothing else whatever it is given.

        It carries every fault, or the first `most` of them: who is asked by anyone does not look for all.
        """
        try:
            return self.decoder.decode(data, most)
        except InputsRefused:
            raise
        except Exception as error:
            raise InputsRefused([Fault("", f"the inputs could not be read: {type(error).__name__}")]) from error

    def refused(self, refused: InputsRefused, stamp: Stamp, said: bytes | str | Mapping[str, Any]) -> Decision:
        """The decision on inputs that cannot be used: a block, unless all the same they tell of an exit."""
        error = faults_error(refused.faults)
        found = self._exit_of_refused(refused, said) if self.plan.exits is not None else None
        return self._failed(error, None, stamp) if found is None else self._let_out(found, error, stamp)

    def _exit_of_refused(self, refused: InputsRefused, said: bytes | str | Mapping[str, Any]) -> Exit | None:
        """The exit among inputs with faults, none of which may be of what it rests on, found yet or not."""
        found = read_exit(said, refused.faults)
        if found is None or not refused.cut:
            return found
        rests_on = what_exits_rest_on(said if isinstance(said, Mapping) else json.loads(said))
        return read_exit(rests_on, self.decoder.first_faults(rests_on, 1))

    def _let_out(self, found: Exit, error: DecisionError, stamp: Stamp) -> Decision:
        """The decision on an exit that the policy could not make."""
        like = {"policy": self.plan.name, "version": self.plan.version, "bundle": self.bundle_digest}
        return decided_exit(found, stamp, why=error.message, like={**like, "outcome": self.plan.exits})

    def _exit_among(self, inputs: tuple[Any, ...]) -> Exit | None:
        """The exit among decoded inputs, where the policy lets exits out."""
        if self.plan.exits is None:
            return None
        try:
            plain = self.decoder.structs.plain
            given = zip(self.plan.inputs, inputs, strict=True)
            return exit_of({f.name: plain(f.type, value) for f, value in given if f.name in ("signal", "portfolio")})
        except Exception:  # noqa: BLE001 -- what cannot be told is no exit
            return None

    def _decide(self, inputs: tuple[Any, ...], stamp: Stamp, *, trace: bool) -> tuple[Decision, Result | None]:
        """The decision, and what the program gave unless it failed."""
        traced = self._traced(inputs) if trace else None
        try:
            found = self.program.full(*inputs)
            outputs = self._outputs(found[2])
        except EvaluationError as error:
            return self._not_decided(inputs, *self._explain(error, inputs), stamp, traced), None
        except Exception as error:  # noqa: BLE001 -- nothing that goes wrong here may look like an answer
            return self._not_decided(inputs, _internal(error), None, stamp, traced), None
        (outcome, rule, effect), reason, _, steps = found
        decision = Decision(
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
            stages=stages_of(self.program, steps) if steps else None,
            trace=traced,
            parameters=dict(self.moved) or None,
            decided_at=stamp.decided_at,
            valid_until=None
            if self.plan.exits is not None and rule == EXIT
            else stamp.valid_until,  # exits do not expire
            policy_age_ms=stamp.policy_age_ms,
            simulated=stamp.simulated,
        )
        return decision, found

    def _not_decided(
        self, inputs: tuple[Any, ...], error: DecisionError, rule: str | None, stamp: Stamp, traced: Any
    ) -> Decision:
        """The decision where the program failed: a block, unless it is an exit."""
        found = self._exit_among(inputs)
        return self._failed(error, rule, stamp, traced) if found is None else self._let_out(found, error, stamp)

    def _traced(self, inputs: tuple[Any, ...]) -> list[RuleTrace] | None:
        """The trace; a decision whose trace cannot be made is one without."""
        try:
            return self.tracer.trace(inputs)
        except Exception:  # noqa: BLE001 -- a trace never changes a decision
            return None

    def _outputs(self, values: tuple[Any, ...]) -> dict[str, Any]:
        if not values:
            return {}
        plain = self.decoder.structs.plain
        return {
            name: plain(type_, value)
            for (name, type_), value in zip(self.program.written.outputs, values, strict=True)
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
            parameters=dict(self.moved) or None,
            decided_at=stamp.decided_at,
            valid_until=stamp.valid_until,
            policy_age_ms=stamp.policy_age_ms,
            simulated=stamp.simulated,
        )

    def _explain(self, error: EvaluationError, inputs: tuple[Any, ...]) -> tuple[DecisionError, str | None]:
        """The error with its rule, its place and the values its expression read."""
        try:
            node, rule = self.program.where(error)
            values = {reading.path: reading.value for reading in self.tracer.values(node, inputs)}
        except Exception as fault:  # noqa: BLE001 -- what cannot be explained still blocks
            return _internal(fault), None
        text = " ".join(node.span.text.split())
        message = f"rule `{rule}` failed: {ERRORS.get(error.code, error.code)} in `{text}`"
        return DecisionError(error.code, message, str(node.span), text, values), rule

    def with_parameters(self, changed: Mapping[str, ParameterValue]) -> Policy:
        """The policy with other parameter values, as suites and comparisons ask for."""
        program = self.program.with_parameters(changed)
        return replace(self, program=program, tracer=Tracer(program), moved=_moved(program))


def _moved(program: Program) -> dict[str, Any]:
    """The parameters that are not at their published default, as a decision tells them."""
    values = program.reached_values()
    return {label: p.moved(value) for label, (p, value) in values.items() if not p.is_published(value)}


def _internal(error: Exception) -> DecisionError:
    """What is told of a fault of our own."""
    return DecisionError("internal", f"{ERRORS['internal']}: {type(error).__name__}")


@dataclass(frozen=True, slots=True)
class Machine:
    """The policies of a bundle, compiled: all of them, or those asked for and what they ask in turn."""

    bundle: Bundle
    policies: Mapping[str, Policy]
    overrides: Overrides
    effective_digest: str | None

    def supposing(self, policy: Policy, changed: Mapping[str, ParameterValue]) -> Policy:
        """One of its policies as it would decide with other parameter values, and says so in its decisions.

        They are named as `reached_parameters` names them. Raises `Refused` where they cannot stand together.
        """
        supposed = policy.with_parameters(changed)
        unmet = unmet_requirements(supposed.program)
        if unmet:
            raise Refused(unmet)
        values: dict[tuple[str, str], ParameterValue] = {**self.overrides.values}
        for label, (parameter, value) in supposed.program.reached_values().items():
            values.pop((parameter.origin, parameter.name), None)
            if label in supposed.moved:
                values[parameter.origin, parameter.name] = value
        effective = effective_digest(self.bundle.digest, values, self.bundle.plans.values())
        return replace(supposed, effective_digest=effective)


def compile_bundle(
    bundle: Bundle, environment: Mapping[str, str] | None = None, asked: Collection[str] | None = None
) -> Machine:
    """Compile a bundle, with the overrides of an environment where one is given; of `asked` only what it needs.

    Raises `Refused` when an override is not allowed or the parameters do not satisfy what they must together, be it
    those of a policy that is not asked.
    """
    plans = bundle.plans.values()
    overrides = read_overrides(plans, environment or {})
    if overrides.faults:
        raise Refused(overrides.faults)
    structs = StructTable(bundle.types.records)
    effective = effective_digest(bundle.digest, overrides.values, plans)
    wanted = bundle.plans.keys() if asked is None else _with_callees(asked, bundle.plans)
    programs: dict[str, Program] = {}
    policies: dict[str, Policy] = {}
    for plan in plans:
        if plan.name in wanted:
            programs[plan.name] = compile_plan(plan, structs, programs, overrides.of(plan))
            policies[plan.name] = policy_of(bundle, programs[plan.name], structs, effective)
    unmet = unmet_of(_callers_first(bundle.plans), structs, overrides.of, overrides)
    if unmet:
        raise Refused(unmet)
    return Machine(bundle, policies, overrides, effective)


def _with_callees(asked: Collection[str], plans: Mapping[str, Plan]) -> set[str]:
    """The policies asked for, and all that they ask in turn."""
    wanted = set(asked)
    for plan in reversed(list(plans.values())):  # a policy stands after those it calls
        if plan.name in wanted:
            wanted.update(call.policy for call in plan.calls)
    return wanted


def _callers_first(plans: Mapping[str, Plan]) -> list[Plan]:
    """Each policy that no other asks, followed by those it asks."""
    called = {call.policy for plan in plans.values() for call in plan.calls}
    waiting = [name for name in reversed(list(plans)) if name not in called]
    found: dict[str, Plan] = {}
    while waiting:
        plan = plans[waiting.pop()]
        if plan.name not in found:
            found[plan.name] = plan
            waiting.extend(call.policy for call in reversed(plan.calls))
    return list(found.values())


def policy_of(
    bundle: Bundle, program: Program, structs: StructTable, effective: str | None, decoder: Decoder | None = None
) -> Policy:
    """A policy of a program; `decoder` is one that may be taken over, if its inputs are the same."""
    plan = program.plan
    own = {f.name for f in plan.inputs}
    interface = Interface(plan.inputs, tuple(name for name in bundle.types.facts if name not in own))
    if decoder is None or decoder.interface != interface:
        decoder = Decoder(interface, structs)
    attributes = [decoder.input_attribute(f.name) for f in plan.inputs]
    read = attrgetter(*attributes)
    unpack = read if len(attributes) > 1 else lambda inputs: (read(inputs),)
    return Policy(program, decoder, bundle.digest, effective, Tracer(program), unpack, _moved(program))
