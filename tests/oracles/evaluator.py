"""A second reader of the language, naive on purpose: it walks the typed tree, shares nothing and decides nothing early,
so that the compiled programs have something to agree with.

Rules this module keeps:
- it knows nothing of `engine.scalar`; it is written from the language's specification and the table of functions;
- timestamps and durations are whole microseconds, records are dicts without what is absent, null is None;
- each operation looks at its own result, whatever its bounds promise; a value outside the bounds of its node, an error
  where the tree says that there is none and a read of what is absent are `Unsound`: faults of the checker, no results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from msgspec import UNSET

from engine.decoding import Decoder
from rules.cel import tree
from rules.cel.expressions import Template
from rules.cel.literals import inner
from rules.cel.tree import (
    Call,
    Conditional,
    Constant,
    Entries,
    Entry,
    Has,
    Items,
    Local,
    Logic,
    Loop,
    Node,
    Root,
    Select,
    Variable,
)
from rules.plan import Binding, Case, LogLine, Plan
from rules.types import BoolType, DoubleType, Field, Type
from tests.oracles.failed import Failed
from tests.oracles.functions import FUNCTIONS
from tests.oracles.held import admits, plain, value_of

Value = Any
Locals = Mapping[int, Value]
UNWRITABLE = "the reason could not be written"
Parts = tuple[str | tree.Placeholder, ...]


class Unsound(AssertionError):
    """Something the checker promised did not hold."""


@dataclass(frozen=True)
class Decided:
    """What a policy decided. `case` is the one that applied; None when a condition failed before any did."""

    outcome: str
    effect: str
    rule: str
    reason: str
    outputs: dict[str, Value] = field(default_factory=dict)
    error: str | None = None
    case: str | None = None


@dataclass(frozen=True)
class World:
    """What an expression of a policy may read. An input that is absent is not among `inputs`."""

    plan: Plan
    plans: Mapping[str, Plan]
    inputs: Mapping[str, Value]
    moved: Mapping[tuple[str, str], Value] = field(default_factory=dict)
    """Parameters that are not at their defaults, by the document that declares them and their name."""
    decision: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Value] = field(default_factory=dict)


def inputs_of(plan: Plan, decoder: Decoder, decoded: object) -> dict[str, Value]:
    """Decoded inputs as this reader has them."""
    held = ((f, getattr(decoded, decoder.input_attribute(f.name))) for f in plan.inputs)
    return {f.name: value_of(decoder.structs, f.type, value) for f, value in held if value is not UNSET}


# -- expressions


def evaluate(node: Node, world: World, items: Locals | None = None) -> Value:
    """The value of an expression; raises `Failed` where it has none."""
    try:
        value = _evaluate(node, world, items or {})
    except Failed as failed:
        if not node.fails:
            raise Unsound(f"`{node.span.text}` cannot fail, and does: {failed.code}") from failed
        raise
    if not isinstance(node, Root | Select | Entry) and not admits(node.type, value):
        raise Unsound(f"`{node.span.text}` is {value!r}, outside {node.type}")
    return value


def _evaluate(node: Node, world: World, items: Locals) -> Value:
    match node:
        case Constant(value=value, type=t):
            return float(value) if isinstance(t, DoubleType) and isinstance(value, int) else value
        case Root() | Select() | Entry():
            return _read(node, world, items)
        case Variable(definition=definition):
            return evaluate(definition.node, world)
        case Local(key=key):
            return items[key]
        case Has(path=path):
            return _held(path, world, items) is not None
        case Logic(operator=operator, left=left, right=right):
            sides = (lambda: evaluate(left, world, items), lambda: evaluate(right, world, items))
            return _absorbing(sides, decisive=operator == "||")
        case Conditional(test=test, then=then, other=other):
            return evaluate(then if evaluate(test, world, items) else other, world, items)
        case Call(overload=overload, args=args):
            return FUNCTIONS[overload.id](*[evaluate(arg, world, items) for arg in args])
        case Loop():
            return _loop(node, world, items)
        case Items(items=parts):
            return [evaluate(part, world, items) for part in parts]
        case Entries(entries=entries):
            return {key.value: evaluate(value, world, items) for key, value in entries}
        case tree.Failed(body=body):
            return _has_failed(body, world, items)
        case tree.Text(parts=parts):
            return _said(parts, world, items)
        case tree.RecordOf(members=members):
            made = ((member.field, _made(member, world, items)) for member in members)
            return {f.name: value for f, value in made if value is not None or not f.optional}


def _has_failed(body: Node, world: World, items: Locals) -> bool:
    try:
        evaluate(body, world, items)
    except Failed:
        return True
    return False


def _made(member: tree.Member, world: World, items: Locals) -> Value:
    """The value of a field; None where it is absent or null."""
    if member.value is None or (member.when is not None and not evaluate(member.when, world, items)):
        return None
    return _within(member.field.type, evaluate(member.value, world, items))


def _root(node: Root, world: World) -> Value:
    """What a name stands for; None when it is absent or null."""
    match node.kind:
        case "input":
            return world.inputs.get(node.name)
        case "parameter":
            found = next(p for p in world.plan.parameters if p.name == node.name)
            return world.moved.get((found.origin, found.name), found.default)
        case "call":
            return _ask(node.name, world)
        case "decision":
            return world.decision[node.name]
        case "output":
            return world.outputs.get(node.name)


def _read(path: Root | Select | Entry, world: World, items: Locals) -> Value:
    held = _held(path, world, items)
    if held is None and isinstance(path, Select) and path.fails_absent:
        raise Failed("call-failed")
    if held is None:
        raise Unsound(f"`{path.span.text}` is read and is not there")
    return held


def _held(path: Node, world: World, items: Locals) -> Value:
    """What a path leads to; None when that is absent or null."""
    match path:
        case Root():
            return _root(path, world)
        case Select(operand=operand, field=selected):
            return evaluate(operand, world, items).get(selected.name)
        case Entry(operand=operand, key=key):
            return evaluate(operand, world, items).get(evaluate(key, world, items))
        case _:
            raise Unsound(f"`{path.span.text}` is no path")


def _absorbing(sides: tuple[Callable[[], bool], ...], *, decisive: bool) -> bool:
    """`&&`, `||`, `all` and `exists`: a decisive side decides whatever fails; else the first error stands."""
    error: Failed | None = None
    for side in sides:
        try:
            if side() == decisive:
                return decisive
        except Failed as failed:
            error = error or failed
    if error is not None:
        raise error
    return not decisive


def _loop(node: Loop, world: World, items: Locals) -> Value:
    source = list(evaluate(node.source, world, items))

    def body(item: Value, position: int = 0) -> Value:
        return evaluate(node.bodies[position], world, {**items, node.local.key: item})

    match node.macro:
        case "all" | "exists":
            return _absorbing(tuple(partial(body, item) for item in source), decisive=node.macro == "exists")
        case "exists_one":
            return [body(item) for item in source].count(True) == 1
        case "filter":
            return [item for item in source if body(item)]
        case "map":
            return [body(item) for item in source]
        case "leastBy":
            if not source:
                raise Failed("empty")
            keys = [tuple(body(item, position) for position in range(len(node.bodies))) for item in source]
            return source[keys.index(min(keys))]


# -- decisions


def decide(world: World) -> Decided:
    """What a policy decides: the first case that applies, its reason, outputs, requirements; errors block."""
    plan = world.plan
    at = "otherwise"
    applied: Case | None = None
    try:
        reason = plan.otherwise.reason
        for case in plan.cases:
            at = case.id
            found = _applies(case, world)
            if found is not None:
                applied, reason = case, found[0]
                break
        applied = applied or plan.otherwise
        at = applied.id
        row = {"outcome": applied.outcome, "rule": applied.id, "effect": plan.outcomes[applied.outcome]}
        world = World(plan, world.plans, world.inputs, world.moved, row)
        outputs = _outputs(world)
        for requirement in plan.ensures:
            if not evaluate(requirement.that, world):
                raise Failed("ensures")
    except Failed as failed:
        case_id = applied.id if applied is not None else None
        return Decided(plan.on_error, plan.outcomes[plan.on_error], at, "", {}, failed.code, case_id)
    return Decided(**row, reason=written(reason, world), outputs=outputs, case=applied.id)


def _applies(case: Case, world: World) -> tuple[Template | None] | None:
    """The reason of a case that applies, in a tuple; None when it does not."""
    assert case.when is not None
    if not evaluate(case.when, world):
        return None
    if not case.alternatives:
        return (case.reason,)
    return next(((way.reason,) for way in case.alternatives if evaluate(way.when, world)), None)


def _outputs(world: World) -> dict[str, Value]:
    outputs: dict[str, Value] = {}
    for output in world.plan.outputs:
        if output.when is not None and not evaluate(output.when, world):
            continue
        outputs[output.name] = _within(output.type, evaluate(output.value, world))
    return outputs


def _within(t: Type, value: Value) -> Value:
    if not admits(t, value):
        raise Failed("out-of-range")
    return value


def written(template: Template | None, world: World) -> str:
    """A message, formatted as Python formats; one that fails says so."""
    return "" if template is None else _said(template.parts, world, {})


def _said(parts: Parts, world: World, items: Locals) -> str:
    out = ""
    for part in parts:
        if isinstance(part, str):
            out += part
            continue
        try:
            value = evaluate(part.node, world, items)
        except Failed:
            return UNWRITABLE
        if isinstance(part.node.type, BoolType):
            value = "true" if value else "false"
        out += format(plain(part.node.type, value), part.format)
    return out


def log_lines(world: World, decided: Decided) -> list[tuple[str, str]]:
    """The log lines of a decision that did not fail."""
    row = {"outcome": decided.outcome, "rule": decided.rule, "effect": decided.effect, "reason": decided.reason}
    world = World(world.plan, world.plans, world.inputs, world.moved, row, decided.outputs)
    lines: list[tuple[str, str]] = []
    for line in world.plan.log:
        assert isinstance(line, LogLine), "no program is generated that inherits log lines"
        try:
            shown = line.when is None or evaluate(line.when, world)
            text = written(line.line, world)
        except Failed:
            shown, text = True, UNWRITABLE
        if shown:
            lines.append((line.event, line.event + line.separator + text))
    return lines


def _ask(name: str, world: World) -> dict[str, Value]:
    """The decision of a called policy as a record; one that failed has no outputs."""
    call = next(call for call in world.plan.calls if call.name == name)
    callee = world.plans[call.policy]
    inputs: dict[str, Value] = {}
    for target, binding in zip(callee.inputs, call.bindings, strict=True):
        found = _bound(target, binding, world)
        if found is not None:
            inputs[target.name] = _within(target.type, found)
    found = decide(World(callee, world.plans, inputs, world.moved))
    if found.error is not None:
        failure = f"the decision failed: {found.error}"
        return {"outcome": found.outcome, "effect": "block", "rule": "error", "reason": failure}
    return {
        "outcome": found.outcome,
        "effect": found.effect,
        "rule": found.rule,
        "reason": found.reason,
        **found.outputs,
    }


def _bound(target: Field, binding: Binding, world: World) -> Value:
    """What a called policy is given for an input; None when that is absent."""
    if binding.when is not None and not evaluate(binding.when, world):
        return None
    if binding.node is not None:
        return evaluate(binding.node, world)
    if target.default is None:
        return None
    return [] if target.default.value == () else inner(target.default.value, target.type)
