"""A changed bundle compiled on what is compiled already, and the first case of its suites that notices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from engine.decision import RuleTrace
from engine.policy import Machine, compile_bundle, policy_of
from engine.requirements import unmet_requirements
from engine.scalar.program import compile_plan
from engine.suites import run_cases
from engine.tracing import Tracer
from rules.bundle import Bundle
from rules.diagnostics import Refused
from rules.mutation.replaced import Replaced
from rules.suites import Suite


class Silent(Tracer):
    """Explains nothing: why a case fails is of no interest here, and dear to find out."""

    def trace(self, inputs: tuple[Any, ...]) -> list[RuleTrace]:
        """No trace."""
        return []


def compiled(machine: Machine, changed: Replaced) -> Machine | None:
    """The policies of a changed bundle; None where its parameters do not satisfy what they must together.

    `machine` is that of the bundle as it was: what does not rest on the change is taken over.
    """
    bundle = changed.bundle
    if bundle.types is not machine.bundle.types:
        return _anew(bundle)
    policies = dict(machine.policies)
    programs = {name: policy.program for name, policy in policies.items()}
    for name in changed.policies:
        was, plan = policies[name], bundle.plans[name]
        program = compile_plan(plan, was.program.attributes, programs, machine.overrides.of(plan))
        if unmet_requirements(program):
            return None
        programs[name] = program
        made = policy_of(bundle, program, was.decoder.structs, machine.effective_digest, was.decoder)
        policies[name] = replace(made, tracer=Silent(program))
    return replace(machine, bundle=bundle, policies=policies)


def _anew(bundle: Bundle) -> Machine | None:
    try:
        machine = compile_bundle(bundle)
    except Refused:
        return None
    silent = {name: replace(one, tracer=Silent(one.program)) for name, one in machine.policies.items()}
    return replace(machine, policies=silent)


def noticed(suites: Iterable[Suite], machine: Machine, policies: Iterable[str]) -> str | None:
    """The first case that fails, as `suite/case`, of the suites of some policies in their order; None if all pass."""
    known = list(suites)
    for policy in policies:
        for suite in (one for one in known if one.policy == policy):
            for result in run_cases(suite, machine):
                if not result.passed:
                    return f"{suite.name}/{result.case.id}"
    return None
