"""A policy down to its rules: what it then decides says which rule applies, whatever would be told of it.

So a rule, a way of one, or a row can be asked for by itself, and two rows of a table beside each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.policy import Machine, policy_of
from engine.scalar.program import compile_plan
from rules.cel.expressions import Template
from rules.plan import Alternative, Case, Plan, Row

TARGET = "(asked for)"
"""The rule that is asked for: no document can call one so."""


def bare(plan: Plan, cases: tuple[Case, ...], otherwise: Case) -> Plan:
    """The plan with other cases, and nothing told of what they decide."""
    return replace(
        plan,
        cases=tuple(map(_silent, cases)),
        otherwise=_silent(otherwise),
        outputs=(),
        ensures=(),
        log=(),
        rows=(),
        exits=None,
    )


def _silent(case: Case) -> Case:
    nothing = Template(("",), case.span)
    alternatives = tuple(Alternative(way.when, nothing) for way in case.alternatives)
    return replace(case, alternatives=alternatives, reason=None if alternatives else nothing)


def asking_for(plan: Plan, wanted: Case | Template | Row) -> Plan:
    """The plan whose rule is `TARGET` just where what is wanted is what applies."""
    if isinstance(wanted, Row) and wanted.case is None:
        holds = Case(TARGET, wanted.when, (), plan.on_error, None, wanted.span)
        return bare(plan, (holds,), plan.otherwise)
    return bare(plan, tuple(_cases(plan, wanted)), _renamed(plan.otherwise, wanted is plan.otherwise))


def _cases(plan: Plan, wanted: Case | Template | Row) -> Iterator[Case]:
    """The cases of a plan, with what is wanted as one by itself."""
    for case in plan.cases:
        if isinstance(wanted, Row) and wanted.case == case.id:
            told = case.reason or Template(("",), case.span)
            yield replace(case, id=TARGET, alternatives=(Alternative(wanted.when, told),), reason=None)
        at = next((at for at, way in enumerate(case.alternatives) if way.reason is wanted), None)
        if at is not None:
            before, mine = case.alternatives[:at], case.alternatives[at]
            if before:
                yield replace(case, alternatives=before)
            yield replace(case, id=TARGET, alternatives=(mine,))
        yield _renamed(case, case is wanted)


def _renamed(case: Case, wanted: bool) -> Case:
    return replace(case, id=TARGET) if wanted else case


def in_place(machine: Machine, plan: Plan) -> Machine:
    """The machine with a plan in the place of the one of its name."""
    was = machine.policies[plan.name]
    programs = {name: policy.program for name, policy in machine.policies.items()}
    program = compile_plan(plan, was.program.attributes, programs, was.program.parameters)
    policy = policy_of(machine.bundle, program, was.decoder.structs, machine.effective_digest, was.decoder)
    bundle = replace(machine.bundle, plans={**machine.bundle.plans, plan.name: plan})
    return replace(machine, bundle=bundle, policies={**machine.policies, plan.name: policy})
