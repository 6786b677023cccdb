"""A policy that another asks, in the words of the one that asks: its inputs are what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rules import plan as planned
from rules.cel.changing import changed, changed_parts
from rules.cel.expressions import Template
from rules.cel.literals import inner
from rules.cel.paths import path_of
from rules.cel.tree import Call, Conditional, Constant, Definition, Has, Items, Logic, Node, Root, Variable, define
from rules.plan import Alternative, Binding, Case, Output, Plan, Requirement
from rules.types import BOOL, Field, ListType, TimestampType


@dataclass(frozen=True, slots=True)
class Given:
    """What stands in the place of an input, and whether it is there."""

    node: Node
    there: Node


@dataclass(slots=True)
class Substitution:
    """Puts what a call gives in the place of the inputs of the policy called.

    `inputs` by name; `labels` are what the function calls the policy's parameters; its own calls get `prefix`.
    """

    inputs: Mapping[str, Given]
    labels: Mapping[str, str]
    prefix: str
    _nodes: dict[int, tuple[Node, Node]] = field(default_factory=dict)
    """What has become of a node, which is held so that no other takes its place."""
    _definitions: dict[int, Definition] = field(default_factory=dict)

    def plan(self, callee: Plan) -> Plan:
        """The policy as far as deciding needs it."""
        return replace(
            callee,
            inputs=(),
            calls=tuple(self._call(call) for call in callee.calls),
            cases=tuple(self._case(case) for case in callee.cases),
            otherwise=self._case(callee.otherwise),
            outputs=tuple(self._output(output) for output in callee.outputs),
            ensures=tuple(Requirement(one.id, self.node(one.that), one.span) for one in callee.ensures),
            log=(),
            stages=(),
        )

    def node(self, node: Node) -> Node:
        """An expression of the policy, as one of the policy that asks."""
        found = self._nodes.get(id(node))
        if found is None:
            found = self._nodes[id(node)] = (node, self._changed(node))
        return found[1]

    def _changed(self, node: Node) -> Node:
        match node:
            case Root(kind="input", name=name):
                return self.inputs[name].node
            case Has(path=Root(kind="input", name=name)):
                return self.inputs[name].there
            case Root(kind="parameter", name=name):
                return replace(node, name=self.labels[name])
            case Root(kind="call" | "decision", name=name):
                return replace(node, name=self.prefix + name)  # each policy's own: nothing that is kept may pass for it
            case Variable(definition=definition):
                return replace(node, definition=self._definition(definition))
            case _:
                return decided(changed(node, self.node))

    def _definition(self, definition: Definition) -> Definition:
        found = self._definitions.get(id(definition))
        if found is None:
            found = self._definitions[id(definition)] = replace(definition, node=self.node(definition.node))
        return found

    def _perhaps(self, node: Node | None) -> Node | None:
        return None if node is None else self.node(node)

    def _call(self, call: planned.Call) -> planned.Call:
        bindings = tuple(Binding(b.name, self._perhaps(b.node), self._perhaps(b.when)) for b in call.bindings)
        return replace(call, name=self.prefix + call.name, bindings=bindings, when=self._perhaps(call.when))

    def _case(self, case: Case) -> Case:
        ways = tuple(Alternative(self.node(way.when), self._template(way.reason)) for way in case.alternatives)
        reason = None if case.reason is None else self._template(case.reason)
        return replace(case, when=self._perhaps(case.when), alternatives=ways, reason=reason)

    def _template(self, template: Template) -> Template:
        return replace(template, parts=changed_parts(template.parts, self.node))

    def _output(self, output: Output) -> Output:
        return replace(output, value=self.node(output.value), when=self._perhaps(output.when))


def decided(node: Node) -> Node:
    """A condition without what literals have decided: an argument may be one."""
    match node:
        case Call(overload=overload, args=(Constant(value=str() as left), Constant(value=str() as right))):
            if overload.id in ("equal", "not_equal"):
                return Constant((left == right) == (overload.id == "equal"), BOOL, node.span)
        case Call(overload=overload, args=(Constant(value=bool() as value),)) if overload.id == "not":
            return Constant(not value, BOOL, node.span)
        case Logic(operator=operator, left=left_side, right=right_side):
            for side, other in ((left_side, right_side), (right_side, left_side)):
                if isinstance(side, Constant) and isinstance(side.value, bool):
                    return side if side.value is (operator == "||") else other
        case Conditional(test=Constant(value=bool() as value), then=then, other=other_side):
            return then if value else other_side
    return node


def given_by(call: planned.Call, callee: Plan) -> dict[str, Given] | None:
    """What stands in the place of each input of the policy called; None where one has nothing that could."""
    found: dict[str, Given] = {}
    for target, binding in zip(callee.inputs, call.bindings, strict=True):
        node = _default(target, call) if binding.node is None else binding.node
        if node is None:
            return None
        always = Constant(True, BOOL, call.span)
        found[target.name] = Given(_named(target.name, node), always if binding.when is None else binding.when)
    return found


def _named(name: str, node: Node) -> Node:
    """An argument that is more than a path or a literal is a variable: written once, however often it is read."""
    if isinstance(node, Constant) or path_of(node) is not None:
        return node
    return Variable(define(name, node), node.span)


def _default(target: Field, call: planned.Call) -> Node | None:
    """What an input is that nothing is given for."""
    if target.default is None:
        return None
    value = target.default.value
    if value == ():
        return Items((), target.type, call.span) if isinstance(target.type, ListType) else None
    if isinstance(target.type, TimestampType | ListType):
        return None
    return Constant(inner(value, target.type), target.type, call.span)
