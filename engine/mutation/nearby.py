"""Inputs near those of the suites on which two versions decide otherwise: with a fact less, or a number at a bound.

What a proof cannot be asked about (inputs that are refused, inputs of another type in each version) is looked for here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from copy import deepcopy
from typing import Any

from engine.decision import Decision
from engine.faults import InputsRefused
from engine.policy import Machine, Policy
from engine.suites import STAMP

Path = tuple[str | int, ...]
Apart = Callable[[Decision, Decision], bool]
Found = tuple[dict[str, Any], tuple[Decision, Decision]]


def decided(inputs: Mapping[str, Any], policy: Policy) -> Decision:
    """What a policy decides of plain inputs, refused ones too."""
    try:
        found = policy.decoder.from_plain(inputs)
    except InputsRefused as refused:
        return policy.refused(refused, STAMP, inputs)
    return policy.decide(found, STAMP)


def told_apart(
    policy: str, old: Machine, new: Machine, values: Collection[Any] = (), *, apart: Apart | None = None
) -> Iterator[Found]:
    """Inputs on which both versions of a policy decide otherwise, and how; `values` are put in the place of numbers.

    `apart` says what counts as otherwise: what is decided, where nothing is said.
    """
    for inputs in _inputs(policy, old, values):
        both = decided(inputs, old.policies[policy]), decided(inputs, new.policies[policy])
        if (apart or differ)(*both):
            yield inputs, both


def differ(old: Decision, new: Decision) -> bool:
    """Whether two decisions are not the same in what they decide."""
    mine, theirs = ((one.outcome, one.effect, one.outputs, one.error is None) for one in (old, new))
    return mine != theirs


def _inputs(policy: str, machine: Machine, values: Collection[Any]) -> Iterator[dict[str, Any]]:
    for suite in (one for one in machine.bundle.suites if one.policy == policy):
        cases = [case for case in suite.cases if not case.parameters]
        yield from (deepcopy(dict(case.inputs)) for case in cases)
        seen: set[Path] = set()
        for case in cases:
            inputs = dict(case.inputs)
            for path, value in list(_places(inputs)):
                kind = tuple(0 if isinstance(step, int) else step for step in path)
                if kind not in seen:
                    seen.add(kind)
                    yield _changed(inputs, path, None, drop=True)
                    if isinstance(value, int | float) and not isinstance(value, bool):
                        yield from (_changed(inputs, path, other) for other in values)


def _places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if path:
        yield path, value
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, below in pairs:
        yield from _places(below, (*path, key))


def _changed(inputs: Mapping[str, Any], path: Path, value: Any, *, drop: bool = False) -> dict[str, Any]:
    """A copy with another value at a place, or none."""
    out = deepcopy(dict(inputs))
    holder: Any = out
    for step in path[:-1]:
        holder = holder[step]
    if drop:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return out
