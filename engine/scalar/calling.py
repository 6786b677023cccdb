"""How a policy asks another in generated code: once, with as much of the decision as is read of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.scalar.asked import ROW, Depth
from engine.scalar.constants import Constants, native
from engine.scalar.emitter import Emitter
from engine.scalar.making import within
from engine.scalar.shapes import Key, Shapes
from rules.cel import presence
from rules.cel.literals import inner
from rules.cel.presence import Facts
from rules.cel.tree import Root
from rules.plan import Binding, Call, Plan
from rules.types import Field, proves

Variant = tuple[int, frozenset[str]]
"""A call, by its place in the plan, and the outputs that are read of it."""


@dataclass(slots=True)
class Calling:
    """Writes the calls of one plan. `callees` are the plans of the policies it calls."""

    calls: list[Call]
    callees: Mapping[str, Plan]
    constants: Constants
    depths: Mapping[str, Depth] = field(default_factory=dict)
    """How much of each call the function that is being written reads."""
    variants: dict[Variant, str] = field(default_factory=dict)
    """The name under which generated code asks for a row and some outputs."""

    def _asks(self, index: int, depth: Depth) -> str:
        """The name of the function that asks a policy for so much of its decision."""
        if depth is None:
            return f"C{index}"
        return self.variants.setdefault((index, depth), f"V{len(self.variants)}") if depth else f"R{index}"

    def prepare(self, emitter: Emitter, node: Root, key: Key) -> None:
        """Ask the called policy, once: at once where its inputs cannot fail, else in a function that remembers."""
        index, call = next((i, c) for i, c in enumerate(self.calls) if c.name == node.name)
        for part in call.nodes:
            emitter.prepare(part)
        code = self.asking(emitter, index, call)
        name = emitter.fresh("c")
        if computed_anywhere(call, self.callees[call.policy].inputs, emitter.shapes):
            emitter.lines.add(f"{name} = {code}")
            emitter.known[key] = name
        else:
            emitter.known[key] = emitter.remembered(name, code, nothing="NOT_YET")

    def asking(self, emitter: Emitter, index: int, call: Call) -> str:
        """The code that asks the called policy, or not where the call says so."""
        asks = self._asks(index, self.depths.get(call.name, ROW))
        code = f"{asks}({', '.join(self.arguments(emitter, call))})"
        return code if call.when is None else f"({code} if {emitter.write(call.when)} else UNSET)"

    def arguments(self, emitter: Emitter, call: Call) -> list[str]:
        """What a called policy is given, input by input."""
        given = zip(self.callees[call.policy].inputs, call.bindings, strict=True)
        return [self._argument(emitter, target, binding) for target, binding in given]

    def _argument(self, emitter: Emitter, target: Field, binding: Binding) -> str:
        """What a called policy is given for an input: within its type, absent as that input says absent."""
        absent = "UNSET" if target.optional else "None"
        if binding.node is None:
            if target.default is None:
                return absent
            value = target.default.value
            return self.constants.add([] if value == () else native(inner(value, target.type), target.type))
        value = within(emitter.write(binding.node), binding.node, target.type, self.constants)
        return value if binding.when is None else f"({value} if {emitter.write(binding.when)} else {absent})"


def computed_anywhere(call: Call, targets: Iterable[Field], shapes: Shapes) -> bool:
    """Whether a call can be made anywhere: nothing in it fails, and what it is given lies within its inputs."""
    if call.when is not None and not shapes.is_safe(call.when):
        return False
    asked = presence.NONE if call.when is None else presence.facts(call.when, True)
    return all(_passes(target, binding, asked) for target, binding in zip(targets, call.bindings, strict=True))


def _passes(target: Field, binding: Binding, asked: Facts) -> bool:
    """Whether an argument can be computed where its call is made."""
    node, when = binding.node, binding.when
    if node is None:
        return True
    known = asked if when is None else presence.unite(asked, presence.facts(when, True))
    safe = not node.fails and not presence.needs(node, known) and (when is None or not when.fails)
    return safe and proves(node.type, target.type)
