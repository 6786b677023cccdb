"""From expression nodes to Python source: one function's text while it is written.

No text of a document reaches the source: names become numbers (`i0`, `f3`), literals go through the constant table.
What is read more than once and cannot fail is computed once, before its first use; what may fail is written where it
stands, or as a local function that remembers its value when it is read more than once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.scalar.constants import Constants
from engine.scalar.lines import Attributes, Lines
from engine.scalar.loops import LoopWriter, write_macro
from engine.scalar.making import write_made
from engine.scalar.shapes import Fold, Key, Shapes, first_failing, written_out
from engine.scalar.translations import CHOICES, chosen, write_call
from rules.cel.prepared import prepared
from rules.cel.tree import (
    Call,
    Conditional,
    Constant,
    Entry,
    Has,
    Local,
    Logic,
    Loop,
    Node,
    Root,
    Select,
    Variable,
    children,
    walk,
)
from rules.types import RecordType

LONG = 24
"""Nesting beyond which a variable becomes a function of its own, so that no generated line nests too deep."""

DECIDED = {"outcome": "[0][0]", "rule": "[0][1]", "effect": "[0][2]", "reason": "[1]"}
"""Where a called decision holds what every decision has."""

ENOUGH = 8
"""Reads beyond which a part need not be counted further."""


@dataclass(slots=True)
class Emitter:
    """Writes one function. `roots` says how a root is read; `known` what has been computed, by structural key."""

    attributes: Attributes
    constants: Constants
    roots: Callable[[Root], str]
    guards: Callable[[Root], tuple[bool, bool]]
    """Whether a root may be absent, and whether it may be null."""
    prepare_call: Callable[[Emitter, Root, Key], None]
    shapes: Shapes
    merged: set[str]
    """Locals that hold the row of a decision alone, each of its outputs standing in a local of its own."""
    lines: Lines = field(default_factory=Lines)
    known: dict[Key, str] = field(default_factory=dict)
    uses: Counter[Key] = field(default_factory=Counter)
    pending: list[Node] = field(default_factory=list)
    """Nodes still to be written: folds among them share the loop of the first."""
    kept: dict[str, str] = field(default_factory=dict)
    """Reads of a loop's item that are kept in a local, by their code."""
    perhaps: set[str] = field(default_factory=set)
    """Locals that hold nothing when a list was empty."""
    numbers: int = 0

    def fresh(self, letter: str) -> str:
        """A new local name."""
        self.numbers += 1
        return f"{letter}{self.numbers}"

    def continue_from(self, other: Emitter) -> None:
        """Go on writing where another is, knowing what it knows."""
        self.lines, self.known, self.numbers, self.perhaps = (
            other.lines,
            dict(other.known),
            other.numbers,
            other.perhaps,
        )

    def count(self, nodes: list[Node]) -> None:
        """Count how often each part will be written, so that repeated ones are computed once."""
        for node in nodes:
            self._count(node, 1)

    def _count(self, node: Node, times: int, *, named: bool = False) -> None:
        """A part that will be kept counts its own parts once, however often it is read itself."""
        if isinstance(node, Variable):
            self._count(node.definition.node, times, named=True)
            return
        if self.shapes.is_closed(node):
            key = self.shapes.key(node)
            if key in self.known:
                return
            kept_already = self.uses[key] > 0 and (named or self.shapes.is_safe(node))
            self.uses[key] += times
            if kept_already or self.uses[key] > ENOUGH:
                return
        fold = self.shapes.fold_of(node)
        if fold is not None and self._may_loop(fold):
            self._count(fold.source, 1)
            for part in fold.parts():
                self._count(part, 2)
            return
        if isinstance(node, Loop):
            self._count(node.source, 1)
            for body in node.bodies:
                self._count(body, 2)
            return
        for child in children(node):
            self._count(child, times)

    def prepare(self, node: Node) -> None:
        """Compute beforehand what `node` reads more than once and what is best read in one loop."""
        key = None
        if self.shapes.is_closed(node):
            key = self.shapes.key(node)
            if key in self.known:
                return
        fold = self.shapes.fold_of(node)
        if fold is not None and key is not None and self._may_loop(fold):
            self._loop(fold)
            return
        if isinstance(node, Variable):
            self._prepare_variable(node, key)
            return
        if isinstance(node, Has):
            if isinstance(node.path, Root):
                self.prepare(node.path)
            else:
                self._prepare_tested(node.path)
            return
        if isinstance(node, Root) and _is_call(node) and key is not None:
            self.prepare_call(self, node, key)
            return
        self._prepare_parts(node)
        if isinstance(node, Call) and node.overload.id == "add_list":
            self._keep_args(node)
        if isinstance(node, Call) and node.overload.id.startswith(("least_", "greatest_")):
            self._keep_args(node)
        if key is not None and self._worth_keeping(node, key):
            self._keep(node, key)

    def _keep(self, node: Node, key: Key) -> None:
        """Compute a node now, in a local."""
        name = self.fresh("v")
        self.lines.add(f"{name} = {self.write(node)}")
        self.known[key] = name

    def _keep_args(self, node: Call) -> None:
        """Lists that are joined are held, so that joining nothing costs nothing; and numbers that are compared."""
        for arg in node.args:
            if isinstance(arg, Root | Constant) or not (self.shapes.is_safe(arg) and self.shapes.is_closed(arg)):
                continue
            if (key := self.shapes.key(arg)) not in self.known:
                self._keep(arg, key)

    def _prepare_tested(self, path: Node) -> None:
        """What `has` looks at is read once when it is read again; an absent value may be held, not used."""
        self._prepare_parts(path)
        key = self.shapes.key(path) if self.shapes.is_closed(path) else None
        if not isinstance(path, Select) or key is None or key in self.known:
            return
        if self.shapes.is_safe(path.operand) and not path.fails_absent and self.uses[key] > 1:
            self._keep(path, key)

    def _prepare_parts(self, node: Node) -> None:
        for child in children(node):
            if self.shapes.is_safe(child) or isinstance(child, Root):
                self.prepare(child)
            elif isinstance(child, Variable):
                self._prepare_variable(child, self.shapes.key(child))
            else:
                self._prepare_parts(child)

    def _worth_keeping(self, node: Node, key: Key) -> bool:
        if isinstance(node, Constant | Root | Local) or not self.shapes.is_safe(node):
            return False
        return self.uses[key] > 1

    def prepare_now(self, node: Node) -> None:
        """`prepare` for what is evaluated next: a variable that it reads before all else that fails may fail here."""
        first = first_failing(node)
        if first is not None and self.shapes.is_closed(first):
            key = self.shapes.key(first)
            if key not in self.known and self.uses[key] > 1:
                self.prepare_now(first.definition.node)
                self._keep(first, key)
        self.prepare(node)

    def _prepare_variable(self, node: Variable, key: Key | None) -> None:
        """A variable that cannot fail is like what it stands for; one that can, read often or deep, is a function."""
        inner = written_out(node)
        if key is None or key in self.known:
            return
        if self.shapes.is_safe(inner):
            self.prepare(inner)
            if key not in self.known and self.shapes.depth_of(inner) > LONG:
                self._keep(inner, key)
            return
        self._prepare_parts(inner)
        if self.uses[key] > 1 or self.shapes.depth_of(inner) > LONG:
            self.known[key] = self.remembered(self.fresh("m"), self.write(inner))

    def remembered(self, value: str, code: str, nothing: str = "UNSET") -> str:
        """A local function that computes `code` when first asked and remembers it in `value`; its call.

        `nothing` stands for what has not been computed, and is no value of `code`.
        """
        function = self.fresh("g")
        self.lines.add(f"{value} = {nothing}")
        self.lines.add(f"def {function}():")
        self.lines.indent += 1
        self.lines.add(f"nonlocal {value}")
        self.lines.add(f"if {value} is {nothing}: {value} = {code}")
        self.lines.add(f"return {value}")
        self.lines.indent -= 1
        return f"{function}()"

    # -- folds

    def _loop(self, first: Fold) -> None:
        """One loop over a list for every fold over it that is still to be written and waits for no other loop."""
        for part in first.parts():
            self._prepare_closed(part)
        key_of = self.shapes.key
        folds: dict[Key, Fold] = {key_of(first.node): first}
        for node in self.pending:
            for part in walk(node, into_variables=True):
                fold = self.shapes.fold_of(part) if self.shapes.is_closed(part) else None
                if fold is None or key_of(fold.source) != key_of(first.source) or key_of(fold.node) in self.known:
                    continue
                if self._may_loop(fold) and self._is_ready(fold):
                    folds.setdefault(key_of(fold.node), fold)
        for fold in folds.values():
            for part in fold.parts():
                self._prepare_closed(part)
        source = self.source_list(first.source)
        LoopWriter(self, source, list(folds.values())).write()

    def _may_loop(self, fold: Fold) -> bool:
        """Whether a fold may be computed before it is read."""
        return self.shapes.accumulates_safely(fold) and self.shapes.is_closed(fold.node)

    def _is_ready(self, fold: Fold) -> bool:
        """Whether every loop that a fold's conditions and values need has been written, and every decision asked.

        The policy being asked may be among those: it would be asked again, in the midst of its own asking.
        """
        inner = [part for root in fold.parts() for part in walk(root, into_variables=True)]
        closed = (part for part in inner if self.shapes.is_closed(part))
        needed = (part for part in closed if _is_call(part) or self.shapes.fold_of(part) is not None)
        return all(self.shapes.key(part) in self.known for part in needed)

    def _prepare_closed(self, node: Node) -> None:
        """Prepare the parts of a loop's body that do not depend on its item."""
        if self.shapes.is_closed(node):
            if self.shapes.is_safe(node):
                self.uses[self.shapes.key(node)] += 2
                self.prepare(node)
            else:
                self._prepare_parts(node)
            return
        for child in children(node):
            self._prepare_closed(child)

    def source_list(self, node: Node) -> str:
        """A list that is gone over or counted: kept in a local, joined lists only where the second is not empty."""
        key = self.shapes.key(node)
        self.prepare(node)
        if key not in self.known:
            self._keep(node, key)
        return self.known[key]

    # -- expressions

    def write(self, node: Node, items: Mapping[int, str] | None = None) -> str:
        """The Python expression of a node; `items` names the loop variables in force."""
        items = items or {}
        if not items or self.shapes.is_closed(node):
            found = self.known.get(self.shapes.key(node))
            if found is not None:
                return self._there(found, node) if found in self.perhaps else found
        match node:
            case Constant():
                return self.constant(node)
            case Root():
                return self.roots(node)
            case Variable():
                return self.write(node.definition.node)
            case Local(key=key):
                return items[key]
            case Select():
                return self._select(node, items)
            case Entry(operand=operand, key=key_node):
                return f"{self.write(operand, items)}[{self.write(key_node, items)}]"
            case Has(path=path):
                return self._has(path, items)
            case Logic():
                return self._logic(node, items)
            case Conditional(test=test, then=then, other=other):
                return f"({self.write(then, items)} if {self.write(test, items)} else {self.write(other, items)})"
            case Call():
                return self._call(node, items)
            case Loop():
                return write_macro(self, node, items)
            case _:
                return write_made(self, node, items)

    def _there(self, name: str, node: Node) -> str:
        """The smallest or largest of a list that may have been empty: an error of the case that reads it."""
        return f"({name} if {name} is not None else FAIL('empty', {self.constants.site(node)}))"

    def constant(self, node: Constant) -> str:
        """A literal, by way of the constant table."""
        if isinstance(node.value, bool):
            return "True" if node.value else "False"
        return self.constants.name(node.value, node.type)

    def _select(self, node: Select, items: Mapping[int, str]) -> str:
        operand = self.write(node.operand, items)
        record = node.operand.type
        assert isinstance(record, RecordType)
        if record.name.startswith("call:"):
            read = self._call_result(node, operand)
            needed = node.fails_absent and node.field.name not in DECIDED
            return f"GIVEN({read}, {self.constants.site(node)})" if needed else read
        read = f"{operand}.{self.attributes.attribute(record.name, node.field.name)}"
        return self.kept.get(read, read)

    def _call_result(self, node: Select, operand: str) -> str:
        """A called decision is `((outcome, rule, effect), reason, outputs)`."""
        record = node.operand.type
        assert isinstance(record, RecordType)
        merged = operand in self.merged
        if node.field.name in DECIDED:
            return operand + DECIDED[node.field.name][3 * merged :]
        at = [f.name for f in record.fields].index(node.field.name) - len(DECIDED)
        if merged:
            return f"{operand}_{at}"
        return f"{operand}[2][{at}]"

    def _has(self, path: Node, items: Mapping[int, str]) -> str:
        if isinstance(path, Entry):
            return f"({self.write(path.key, items)} in {self.write(path.operand, items)})"
        if isinstance(path, Select) and path.fails_absent:
            return f"({self._call_result(path, self.write(path.operand, items))} is not UNSET)"
        optional, nullable = (path.field.optional, path.field.nullable) if isinstance(path, Select) else (False, False)
        if isinstance(path, Root):
            optional, nullable = self.guards(path)
        if not (optional or nullable or path.fails):
            return "True"
        read = self.write(path, items)
        if optional and nullable:
            return f"({read} is not UNSET and {read} is not None)"
        return f"({read} is not UNSET)" if optional else f"({read} is not None)"

    def _logic(self, node: Logic, items: Mapping[int, str]) -> str:
        left, right = self.write(node.left, items), self.write(node.right, items)
        if node.left.fails:
            return f"{'BOTH' if node.operator == '&&' else 'EITHER'}(lambda: {left}, lambda: {right})"
        return f"({left} {'and' if node.operator == '&&' else 'or'} {right})"

    def _call(self, node: Call, items: Mapping[int, str]) -> str:
        if node.overload.id == "add_list":
            left, right = (self.write(arg, items) for arg in node.args)
            held = left.isidentifier() and right.isidentifier()
            return f"({left} + {right} if {right} else {left})" if held else f"({left} + {right})"
        if (
            node.overload.id == "size_list"
            and isinstance(node.args[0], Call)
            and node.args[0].overload.id == "distinct"
        ):
            return f"len({{*{self.write(node.args[0].args[0], items)}}})"
        args = [self.write(arg, items) for arg in node.args]
        if node.overload.id in CHOICES and len(args) in (2, 3) and all(arg.isidentifier() for arg in args):
            return chosen(CHOICES[node.overload.id], args)
        if node.overload.takes_literal and isinstance(literal := node.args[-1], Constant):
            args[-1] = self.constants.add(prepared(node.overload, literal.value))
        return write_call(node.overload.id, args, self.constants.site(node) if node.raises else 0, raises=node.raises)


def _is_call(node: Node) -> bool:
    """Whether a node is the decision of a policy asked."""
    return isinstance(node, Root) and node.kind == "call"
