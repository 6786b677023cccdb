"""Whether two plans decide alike because they say the same, wherever it is written: then no search is needed.

A parameter is what it stands at, as everywhere where nothing moves it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from math import copysign
from typing import Any, get_args

from rules.cel.tree import Definition, Local, Node, RecordOf, Root, Select, walk
from rules.mutation.mutant import Mutant
from rules.plan import Call, Parameter, Plan, expressions, may_fail
from rules.source import Span
from rules.types import proves

STEPS = "steps"
"""What the names of the calls that are steps begin with."""
PASSED_OVER = frozenset(
    {"span", "text", "extent", "rows", "written", "definitions", "parameters", "parameter_requirements", "log",
     "reason", "title", "version"}
)  # fmt: skip
"""Where it is written and what is said of it: neither decides. Definitions count where they are read."""


DERIVED = tuple(node for node in get_args(Node) if node is not RecordOf)
"""Expressions whose type is made of those of their parts; a record's is declared."""
FROM_TYPES = frozenset({"type", "fails", "fails_absent"})
"""What expressions are said to be by the types of what they read."""


def alike(old: Plan, new: Plan) -> bool:
    """Whether two plans decide alike because they say the same."""
    return _Comparison(old, new).same(old, new)


def alike_by_themselves(old: Plan, new: Plan) -> bool:
    """Whether two plans say the same, reasons too, whatever the types are of what the policies that they ask decide.

    Where these decide alike, both do.
    """
    return _Comparison(old, new, by_themselves=True).same(old, new)


class _Comparison:
    def __init__(self, old: Plan, new: Plan, *, by_themselves: bool = False) -> None:
        self.parameters = tuple({p.name: p for p in plan.parameters} for plan in (old, new))
        self.by_themselves = by_themselves
        self.passed_over = PASSED_OVER - {"reason"} if by_themselves else PASSED_OVER
        self.seen: dict[tuple[int, int], bool] = {}

    def same(self, a: Any, b: Any) -> bool:
        """Whether two values of plans are the same but for where they are written."""
        if a is b:
            return not isinstance(a, Root) or a.kind != "parameter" or self._root(a, b)
        if type(a) is not type(b):
            return False
        key = id(a), id(b)
        if key not in self.seen:
            self.seen[key] = True
            self.seen[key] = self._same(a, b)
        return self.seen[key]

    def _same(self, a: Any, b: Any) -> bool:
        match a:
            case Root(kind="parameter"):
                return b.kind == "parameter" and self._root(a, b)
            case Select() if self.by_themselves:
                return a.field.name == b.field.name and self.same(a.operand, b.operand)
            case Local():
                return bool(a.name == b.name)
            case Span():
                return True
            case Mapping():
                return list(a) == list(b) and all(self.same(value, b[key]) for key, value in a.items())
            case tuple() | list():
                return len(a) == len(b) and all(map(self.same, a, b))
            case float():
                return bool(a == b) and copysign(1.0, a) == copysign(1.0, b)
            case _ if is_dataclass(a):
                typed = self.by_themselves and isinstance(a, (*DERIVED, Definition))
                over = self.passed_over | FROM_TYPES if typed else self.passed_over
                names = [field.name for field in fields(a) if field.name not in over]
                return all(self.same(getattr(a, name), getattr(b, name)) for name in names)
            case _:
                return bool(a == b)

    def _root(self, a: Root, b: Root) -> bool:
        """Whether two parameters stand at the same value."""
        first, second = self.parameters[0].get(a.name), self.parameters[1].get(b.name)
        return _stands(first) is not None and _stands(first) == _stands(second)


def _stands(parameter: Parameter | None) -> tuple[Any, ...] | None:
    return None if parameter is None else (parameter.type, repr(parameter.default), repr(parameter.unlisted))


def told_apart_by(old: Plan, new: Plan, changed: Collection[str]) -> tuple[Plan, Plan]:
    """Both plans without the outputs that are the same in each: where one of these fails, both versions do.

    An output stays that rests on the decision, on another output, or on a policy that may decide otherwise.
    """
    comparison = _Comparison(old, new)
    theirs = {output.name: output for output in new.outputs}
    read = {node.name for plan in (old, new) for node in _roots(expressions(plan)) if node.kind == "output"}
    calls = {call.name: call for call in new.calls}
    safe = {
        call.name
        for call in old.calls
        if call.policy not in changed and call.name in calls and comparison.same(call, calls[call.name])
        and all(node.kind != "call" for node in _roots(call.nodes))
    }  # fmt: skip
    idle = {
        output.name
        for output in old.outputs
        if output.name not in read
        and output.name in theirs
        and comparison.same(output, theirs[output.name])
        and all(
            node.kind in ("input", "parameter") or (node.kind == "call" and node.name in safe)
            for node in _roots(one for one in (output.value, output.when) if one is not None)
        )
    }
    first, second = (
        replace(plan, outputs=tuple(one for one in plan.outputs if one.name not in idle)) for plan in (old, new)
    )
    return first, second


def _roots(nodes: Iterable[Node]) -> Iterator[Root]:
    """What expressions read from outside them."""
    for node in nodes:
        yield from (part for part in walk(node, into_variables=True) if isinstance(part, Root))


def order_is_idle(mutant: Mutant, new: Plan, plans: Mapping[str, Plan]) -> bool:
    """Whether two steps of a pipeline changed places of which one never denies: then no order tells."""
    if mutant.kind != "order" or new.kind != "Pipeline":
        return False
    named = re.findall(r"`([a-z0-9_]+)`", mutant.sentence)
    calls = {call.name: call for call in new.calls}
    return len(named) == 2 and any(
        name in calls and _never_denies(calls[name], plans) for name in (f"{STEPS}.{one}" for one in named)
    )


def _never_denies(call: Call, plans: Mapping[str, Plan]) -> bool:
    """Whether a policy that is asked neither blocks nor fails, whatever it is given."""
    asked = plans[call.policy]
    takes = {field.name: field.type for field in asked.inputs}
    fits = all(one.node is None or proves(one.node.type, takes[one.name]) for one in call.bindings)
    blocks = any(asked.outcomes[case.outcome] == "block" for case in asked.all_cases)
    return fits and not blocks and not may_fail(asked) and not any(node.fails for node in call.nodes)
