"""Invariants of a bundle: claims about all inputs, lowered to plans that say of given inputs whether they hold.

An invariant is checked with the bundle and is no part of what decides. A parameter that it varies is named as suites
name it, by the label that `reached_parameters` gives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rules.diagnostics import Diagnostics, did_you_mean
from rules.documents.invariant import InvariantSpec
from rules.documents.shape import Shaped
from rules.kinds.invariant import NOT_GIVEN, lower_invariant
from rules.kinds.lowering import Lowering, Surroundings
from rules.plan import Parameter, Plan, reached_parameters
from rules.source import Span
from rules.types import MapType


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must hold of every value of the inputs of `plan`: that it never comes out REFUTED."""

    name: str
    title: str
    plan: Plan
    varied: tuple[str, ...]
    """The parameters that may stand anywhere within their bounds, by their labels, in the order of these."""
    span: Span

    @property
    def given(self) -> tuple[str, ...]:
        """The conditions under which something is claimed, as they are written."""
        conditions = (case.when for case in self.plan.cases if case.outcome == NOT_GIVEN)
        return tuple(" ".join(one.span.text.split()) for one in conditions if one is not None)


def read_invariant(document: Shaped, around: Surroundings, diagnostics: Diagnostics) -> Invariant | None:
    """The invariant of a document, or None when it has faults. `around` has the plans of the policies it may ask."""
    plan = lower_invariant(Lowering(document, around, diagnostics))
    if plan is None:
        return None
    reached = reached_parameters(plan, around.plans)
    own = Diagnostics()
    varied = tuple(_varied(document, reached, own))
    diagnostics.extend(own)
    return None if own.errors else Invariant(plan.name, plan.title, plan, varied, plan.span)


def _varied(document: Shaped, reached: Mapping[str, Parameter], diagnostics: Diagnostics) -> Iterator[str]:
    """The labels of what `vary` names; names that cannot stand there are reported."""
    spec = document.model.spec
    assert isinstance(spec, InvariantSpec)
    if spec.vary == "everything":
        yield from (label for label, parameter in reached.items() if not isinstance(parameter.type, MapType))
    elif spec.vary != "nothing":
        _check_varied(document, spec.vary, reached, diagnostics)
        yield from (label for label in reached if label in spec.vary)


def _check_varied(
    document: Shaped, names: list[str], reached: Mapping[str, Parameter], diagnostics: Diagnostics
) -> None:
    for index, name in enumerate(names):
        span, expected, remedy = document.span("spec", "vary", index), "", ""
        if name not in reached:
            near = did_you_mean(name, reached)
            message, remedy = f"nothing here depends on a parameter `{name}`", f"`{near}`" if near else ""
        elif isinstance(reached[name].type, MapType):
            message = f"`{name}` has a value for each key, and none of these can be varied"
            expected = "parameters of one value"
        elif name in names[:index]:
            message, remedy = f"`{name}` stands twice", "one of them"
        else:
            continue
        diagnostics.error("invariant-vary", span, message, expected=expected, remedy=remedy)
