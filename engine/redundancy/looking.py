"""Everything of a bundle that may be in vain, in units that are each looked at within their time.

A unit is the rules of a policy, its parameters, the rows of a table, or one condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from engine.coverage import DocumentCover, Watch
from engine.policy import Machine, compile_bundle
from engine.redundancy.conditions import condition_in_vain
from engine.redundancy.finding import Finding, Part
from engine.redundancy.parameters import parameters_in_vain
from engine.redundancy.rules import rules_in_vain
from engine.redundancy.tables import TABLES, of_table
from engine.symbolic.proving import Patience
from rules.bundle import Bundle
from rules.kinds import LOWER
from rules.mutation.documents import mutants
from rules.mutation.mutant import Mutant

AT_DEFAULTS = "declared: unreachable-at-defaults"


@dataclass(frozen=True, slots=True)
class Unit:
    """What is looked at in one go, of a document."""

    part: Part
    document: str
    mutant: Mutant | None = None
    """The document without the condition that is looked at."""


def units(bundle: Bundle, documents: Iterable[str] = ()) -> tuple[Unit, ...]:
    """What there is to look at, of some documents where some are named."""
    named = set(documents)
    types = tuple(bundle.types.named.values())
    return tuple(
        unit
        for one in sorted(bundle.documents, key=lambda one: one.name)
        if one.kind not in ("Suite", "Invariant", "Types") and (not named or one.name in named)
        for unit in (
            *_of_plan(bundle, one.name),
            *(Unit("condition", one.name, mutant) for mutant in mutants(one, types) if mutant.left_out),
        )
    )


def _of_plan(bundle: Bundle, name: str) -> Iterator[Unit]:
    plan = bundle.plans.get(name)
    if plan is not None:
        yield Unit("rule", name)
        if plan.parameters:
            yield Unit("parameter", name)
        if plan.kind in TABLES:
            yield Unit("table", name)


@dataclass(frozen=True)
class Looker:
    """A bundle, and what is found in it."""

    bundle: Bundle

    @cached_property
    def machine(self) -> Machine:
        """The bundle compiled as it is."""
        return compile_bundle(self.bundle)

    @cached_property
    def _texts(self) -> dict[str, str]:
        return {one.name: one.source.text for one in self.bundle.documents if one.kind not in ("Suite", "Invariant")}

    def looked(self, unit: Unit, patience: Patience) -> tuple[Finding, ...]:
        """What is found of a unit; nothing where all of it has a part in some decision."""
        machine, name = self.machine, unit.document
        patience.hears(f"the {unit.part}s of {name}")
        if unit.part == "rule":
            return tuple(rules_in_vain(machine, self._covered(name), self._declared(name), patience))
        if unit.part == "parameter":
            return tuple(parameters_in_vain(machine, name, self.bundle.suites, patience))
        if unit.part == "table":
            return tuple(of_table(machine, name, patience))
        assert unit.mutant is not None
        text = unit.mutant.of(self._texts[name])
        found = condition_in_vain(machine, unit.mutant, text, self._said(name), patience)
        return () if found is None else (found,)

    def _covered(self, policy: str) -> DocumentCover:
        """What the suites of a policy show of it."""
        watch = Watch(compile_bundle(self.bundle, asked=[policy]))
        for suite in self.bundle.suites:
            if suite.policy == policy:
                watch.run(suite)
        return next(one for one in watch.documents() if one.name == policy)

    def _declared(self, policy: str) -> dict[str, str]:
        """The rules that their document says to be waiting for other parameters."""
        document = next(one for one in self.bundle.documents if one.name == policy and one.kind in LOWER)
        spec = document.model.spec
        rules = getattr(getattr(spec, "conclude", spec), "rules", ())
        return {rule.id: AT_DEFAULTS for rule in rules if rule.declared is not None}

    def _said(self, document: str) -> dict[str, str]:
        """The conditions of which a suite says that no inputs turn them, and why."""
        is_policy = document in self.bundle.plans
        suites = (one for one in self.bundle.suites if not is_policy or one.policy == document)
        return {one.condition: one.because for suite in suites for one in suite.unreachable if one.condition}
