"""What the functions of one policy are written with: constants, names, the shape of expressions, calls."""

from __future__ import annotations

from collections.abc import Mapping

from engine.scalar.calling import Calling
from engine.scalar.constants import Constants
from engine.scalar.emitter import Emitter
from engine.scalar.known import own_name
from engine.scalar.lines import Attributes
from engine.scalar.shapes import Shapes
from rules.cel.tree import Root
from rules.plan import Plan


class Parts:
    """What is shared by all that is written of one plan. `callees` are the plans of the policies it calls."""

    emits: type[Emitter] = Emitter

    def __init__(self, plan: Plan, attributes: Attributes, callees: Mapping[str, Plan]) -> None:
        self.plan, self.attributes, self.callees = plan, attributes, callees
        self.constants = Constants()
        self.shapes = Shapes()
        self.signature = ", ".join(f"i{index}" for index in range(len(plan.inputs)))
        self.parameters = {p.name: f"P{index}" for index, p in enumerate(plan.parameters)}
        self.calling = Calling(list(plan.calls), callees, self.constants)
        self.prepare_call = self.calling.prepare
        self.merged: set[str] = set()
        """The locals that hold rows of policies written into the function: each output has a local of its own."""
        self._inputs = {f.name: f"i{index}" for index, f in enumerate(plan.inputs)}
        self._guards = {f.name: (f.optional, f.nullable) for f in plan.inputs}
        self._outputs = {output.name: f"o[{index}]" for index, output in enumerate(plan.outputs)}

    def emitter(self, decision: Mapping[str, str]) -> Emitter:
        """Writes expressions. `decision` is the code of what is known of the decision itself."""

        def root(node: Root) -> str:
            match node.kind:
                case "input":
                    return self._inputs[node.name]
                case "parameter":
                    return self.parameters[node.name]
                case "call":
                    raise AssertionError("a call is prepared before it is read")
                case "decision":
                    return decision[own_name(node)]
                case "output":
                    return self._outputs[node.name]

        def guards(node: Root) -> tuple[bool, bool]:
            found = self._guards.get(node.name) if node.kind == "input" else None
            return (node.guarded, False) if found is None else found

        kind = self.emits
        return kind(self.attributes, self.constants, root, guards, self.prepare_call, self.shapes, self.merged)
