"""What one bundle changes in another, in words: policies, inputs, parameters, rules and whatever else decides.

It compares what is written: both sides are to be read from the one form of a store, in which layout, quotes and
comments are no change. Whether two ways of writing decide alike is told by a replay, not here. Each change is a
sentence about one thing of one document, in the order of the document.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, TypeAlias

from rules.cel.expressions import Template
from rules.cel.tree import Node
from rules.plan import Alternative, Case, InheritedLines, LogLine, Output, Parameter, Plan
from rules.types import show

_ESCAPED = re.compile(r"\\(U[0-9A-F]{8}|[\"\\])")

Sort: TypeAlias = Literal[
    "policy",
    "input",
    "call",
    "parameter",
    "variable",
    "outcome",
    "rule",
    "output",
    "requirement",
    "log line",
    "value",
]


@dataclass(frozen=True, slots=True)
class Changed:
    """One change: of what sort, of which name, and what becomes of it."""

    policy: str
    sort: Sort
    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.sort} `{self.name}` {self.what}"


def changes(old: Mapping[str, Plan], new: Mapping[str, Plan]) -> tuple[Changed, ...]:
    """Every change, by the names of the policies."""
    found: list[Changed] = []
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before is None or after is None:
            there = after or before
            assert there is not None
            found.append(Changed(name, "policy", name, "is new" if before is None else "is gone"))
        else:
            found += (Changed(name, *change) for change in _of_policy(before, after))
    return tuple(found)


_Told: TypeAlias = tuple[Sort, str, str]
_Facts: TypeAlias = Mapping[str, str]
"""What is said of a thing, each under what it is called in a sentence."""


def _of_policy(old: Plan, new: Plan) -> Iterator[_Told]:
    if old.kind != new.kind:
        yield "policy", new.name, f"was a {old.kind}, is a {new.kind}"
    if old.on_error != new.on_error:
        yield "policy", new.name, f"says `{new.on_error}` when it fails, not `{old.on_error}`"
    if old.exits != new.exits:
        yield "policy", new.name, f"lets exits out as {_or_none(new.exits)}, before as {_or_none(old.exits)}"
    pairs: tuple[tuple[Sort, dict[str, _Facts], dict[str, _Facts]], ...] = (
        ("input", _inputs(old), _inputs(new)),
        ("call", _calls(old), _calls(new)),
        ("parameter", _parameters(old), _parameters(new)),
        ("variable", _variables(old), _variables(new)),
        ("outcome", _outcomes(old), _outcomes(new)),
    )
    for sort, before, after in pairs:
        yield from _named(sort, before, after)
    yield from _rules(old, new)
    yield from _named("output", _outputs(old), _outputs(new))
    yield from _named("requirement", _requirements(old), _requirements(new))
    yield from _named("log line", _lines(old), _lines(new))


def _named(sort: Sort, old: Mapping[str, _Facts], new: Mapping[str, _Facts]) -> Iterator[_Told]:
    """The changes of things that have names and no order."""
    for name in old:
        if name not in new:
            yield sort, name, f"is gone{_in_full(old[name])}"
    for name, after in new.items():
        if name not in old:
            yield sort, name, f"is new{_in_full(after)}"
        elif old[name] != after:
            yield sort, name, _differing(old[name], after)


def _rules(old: Plan, new: Plan) -> Iterator[_Told]:
    """The changes of rules, in whose order the first that applies decides."""
    before, after = _cases(old), _cases(new)
    order_before, order_after = list(before), list(after)
    for name in order_before:
        if name not in after:
            yield "rule", name, f"is gone{_in_full(before[name])}"
    stays = set()
    for block in SequenceMatcher(None, order_before, order_after, autojunk=False).get_matching_blocks():
        stays.update(order_after[block.b : block.b + block.size])
    for at, (name, facts) in enumerate(after.items()):
        place = f"after `{order_after[at - 1]}`" if at else "first of all"
        if name not in before:
            yield "rule", name, f"is new, {place}{_in_full(facts)}"
            continue
        if name not in stays:
            yield "rule", name, f"is looked at {place}"
        if before[name] != facts:
            yield "rule", name, _differing(before[name], facts)


def _in_full(facts: _Facts) -> str:
    told = [f"{label} `{value}`" for label, value in facts.items() if value]
    return f": {', '.join(told)}" if told else ""


def _differing(old: _Facts, new: _Facts) -> str:
    """What is said otherwise, and what only one of the two says."""
    told = []
    for label in {**old, **new}:
        was, becomes = old.get(label, ""), new.get(label, "")
        if was == becomes:
            continue
        if not was or not becomes:
            told.append(f"has {label} `{becomes}`" if becomes else f"has no {label} any more, which was `{was}`")
        else:
            told.append(f"has {label} `{becomes}`, not `{was}`")
    return "; ".join(told)


def _or_none(word: str | None) -> str:
    return "nothing" if word is None else f"`{word}`"


# -- what is said of each thing


def _inputs(plan: Plan) -> dict[str, _Facts]:
    return {
        f.name: {"the type": show(f.type) + ("?" if f.optional else "") + (" | null" if f.nullable else "")}
        for f in plan.inputs
    }


def _calls(plan: Plan) -> dict[str, _Facts]:
    return {
        call.name: {
            "the policy": call.policy,
            "the condition": _text(call.when),
            **{f"`{binding.name}` as": _text(binding.node) for binding in call.bindings},
        }
        for call in plan.calls
    }


def _parameters(plan: Plan) -> dict[str, _Facts]:
    return {p.name: _parameter(p) for p in plan.parameters}


def _parameter(p: Parameter) -> _Facts:
    environment = "" if p.env is None else f"{p.env.name}, to be tightened {p.env.tighten}"
    unlisted = "" if p.unlisted is None else str(p.unlisted)
    default = f"{p.written(p.default)}"
    return {
        "the default": default,
        "for all other keys": unlisted,
        "the type": show(p.type),
        "the variable": environment,
    }


def _variables(plan: Plan) -> dict[str, _Facts]:
    return {one.name: {"the value": _text(one.node)} for one in plan.definitions}


def _outcomes(plan: Plan) -> dict[str, _Facts]:
    return {name: {"the effect": effect} for name, effect in plan.outcomes.items()}


def _cases(plan: Plan) -> dict[str, _Facts]:
    """Every case by its rule; cases that share one are told apart by their outcomes, and then by numbers."""
    shared = Counter(case.id for case in plan.all_cases)
    names = [f"{case.id} ({case.outcome})" if shared[case.id] > 1 else case.id for case in plan.all_cases]
    return dict(zip(_told_apart(names), map(_case, plan.all_cases), strict=True))


def _told_apart(names: Iterable[str]) -> Iterator[str]:
    """Names, the second of one as `name (2)`."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"


def _case(case: Case) -> _Facts:
    return {
        "the condition": _one_line(case.text) or _text(case.when),
        "the outcome": case.outcome,
        "the reason": "" if case.reason is None else _message(case.reason),
        "the ways": " or ".join(_way(way) for way in case.alternatives),
    }


def _way(way: Alternative) -> str:
    return f"{_text(way.when)} ({_message(way.reason)})"


def _outputs(plan: Plan) -> dict[str, _Facts]:
    return {one.name: _output(one) for one in plan.outputs}


def _output(one: Output) -> _Facts:
    return {"the value": _text(one.value), "the condition": _text(one.when), "the type": show(one.type)}


def _requirements(plan: Plan) -> dict[str, _Facts]:
    inputs = {one.id: {"the condition": _text(one.that)} for one in plan.parameter_requirements}
    return {**inputs, **{one.id: {"the condition": _text(one.that)} for one in plan.ensures}}


def _lines(plan: Plan) -> dict[str, _Facts]:
    listed = list(_written(plan.log))
    return dict(zip(_told_apart(event for event, _ in listed), (facts for _, facts in listed), strict=True))


def _written(lines: Iterable[LogLine | InheritedLines]) -> Iterator[tuple[str, _Facts]]:
    for one in lines:
        if isinstance(one, LogLine):
            yield one.event, {"the text": _message(one.line), "the condition": _text(one.when)}
        else:
            yield f"those of {one.call}", {"the condition": _text(one.when)}


def _text(node: Node | None) -> str:
    return "" if node is None else _one_line(_ESCAPED.sub(_plain, node.span.text))


def _message(found: Template) -> str:
    """A message as it was written, without its quotes."""
    text = _one_line(_ESCAPED.sub(_plain, found.span.text))
    return text[1:-1] if text[:1] == text[-1:] == '"' and len(text) > 1 else text


def _plain(escaped: re.Match[str]) -> str:
    """What a quoted text of the one form means by an escape."""
    code = escaped[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else code


def _one_line(text: str) -> str:
    return " ".join(text.split())
