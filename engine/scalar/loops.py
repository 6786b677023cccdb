"""One generated loop for several folds over the same list: filters nest, what is read twice is read once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.scalar.shapes import Fold, Key
from rules.cel.tree import Local, Loop, Node, Select, walk

if TYPE_CHECKING:
    from engine.scalar.emitter import Emitter


@dataclass(slots=True)
class LoopWriter:
    """Writes one loop for several folds; folds that share their first filters share its `if`."""

    emitter: Emitter
    source: str
    folds: list[Fold]
    item: str = ""
    results: dict[int, str] = field(default_factory=dict)

    def write(self) -> None:
        """Write the loop, and make its results known to the emitter."""
        emitter = self.emitter
        self.item = emitter.fresh("x")
        for index, fold in enumerate(self.folds):
            self.results[index] = self._start(fold)
        emitter.lines.add(f"for {self.item} in {self.source}:")
        emitter.lines.indent += 1
        outer = dict(emitter.known)
        self._keep_repeated()
        self._level(list(range(len(self.folds))), 0)
        emitter.lines.indent -= 1
        emitter.known = outer
        for index, fold in enumerate(self.folds):
            emitter.known[emitter.shapes.key(fold.node)] = self._finish(fold, self.results[index])

    def _names(self, fold: Fold) -> dict[int, str]:
        names = {f.local.key: self.item for f in fold.filters}
        if fold.local is not None:
            names[fold.local.key] = self.item
        return names

    def _keep_repeated(self) -> None:
        """A field of the item that is read outside every filter and once more is read once."""
        everywhere: Counter[str] = Counter()
        always: dict[str, None] = {}
        for (position, _), (part, key) in self._parts().items():
            for node in walk(part):
                if isinstance(node, Select) and isinstance(node.operand, Local) and not node.field.guarded:
                    code = self.emitter.write(node, {node.operand.key: self.item})
                    everywhere[code] += 1
                    if position == 0 and node.operand.key == key:
                        always[code] = None
        for code in always:
            if everywhere[code] > 1:
                name = self.emitter.fresh("y")
                self.emitter.lines.add(f"{name} = {code}")
                self.emitter.kept[code] = name

    def _parts(self) -> dict[tuple[int, Key], tuple[Node, int]]:
        """Every condition and body once, by its depth and its filters, with the loop variable it reads."""
        parts: dict[tuple[int, Key], tuple[Node, int]] = {}
        for index, fold in enumerate(self.folds):
            keys = self.emitter.shapes.filter_keys(fold)
            for depth, filter_ in enumerate(fold.filters):
                parts[depth, keys[: depth + 1]] = (filter_.condition, filter_.local.key)
            if fold.body is not None and fold.local is not None:
                parts[len(keys), ("body", index)] = (fold.body, fold.local.key)
        return parts

    def _code(self, node: Node, fold: Fold) -> str:
        return self.emitter.write(node, self._names(fold))

    def _level(self, indices: list[int], depth: int) -> None:
        """The statements of the folds whose filters end here, then an `if` for each next filter."""
        lines = self.emitter.lines
        nested: dict[Key, list[int]] = {}
        for index in indices:
            fold = self.folds[index]
            if len(fold.filters) == depth:
                lines.add(self._accumulate(fold, self.results[index]))
            else:
                nested.setdefault(self.emitter.shapes.filter_keys(fold)[depth], []).append(index)
        for group in nested.values():
            fold = self.folds[group[0]]
            lines.add(f"if {self._code(fold.filters[depth].condition, fold)}:")
            lines.indent += 1
            self._level(group, depth + 1)
            lines.indent -= 1

    def _start(self, fold: Fold) -> str:
        name = self.emitter.fresh("t")
        first = {"count": "0", "exists": "False", "all": "True", "min": "None", "max": "None"}.get(fold.kind)
        if first is None:
            first = self.emitter.constants.zero(fold.type)
        self.emitter.lines.add(f"{name} = {first}")
        return name

    def _accumulate(self, fold: Fold, name: str) -> str:
        if fold.kind == "count":
            return f"{name} += 1"
        value = self._code(fold.body, fold) if fold.body is not None else self.item
        match fold.kind:
            case "sum":
                return f"{name} += {value}"
            case "exists":
                return f"if {value}: {name} = True"
            case "all":
                return f"if not {value}: {name} = False"
            case _:
                sign = "<" if fold.kind == "min" else ">"
                return f"if {name} is None or {value} {sign} {name}: {name} = {value}"

    def _finish(self, fold: Fold, name: str) -> str:
        if fold.kind in ("min", "max"):
            self.emitter.perhaps.add(name)
        return name


def write_macro(emitter: Emitter, node: Loop, items: Mapping[int, str]) -> str:
    """The code of a macro that is no fold: a comprehension, or a function where its body may fail."""
    source = emitter.write(node.source, items)
    item = emitter.fresh("x")
    inner = {**items, node.local.key: item}
    bodies = [emitter.write(body, inner) for body in node.bodies]
    fails = any(body.fails for body in node.bodies)
    match node.macro:
        case "filter":
            return f"[{item} for {item} in {source} if {bodies[0]}]"
        case "map":
            return f"[{bodies[0]} for {item} in {source}]"
        case "exists":
            return (
                f"SOME({source}, lambda {item}: {bodies[0]})" if fails else f"any({bodies[0]} for {item} in {source})"
            )
        case "all":
            return (
                f"EVERY({source}, lambda {item}: {bodies[0]})" if fails else f"all({bodies[0]} for {item} in {source})"
            )
        case "exists_one":
            return f"ONE({source}, lambda {item}: {bodies[0]})"
        case "leastBy":
            key = f"lambda {item}: ({', '.join(bodies)},)"
            return f"LEASTBY({source}, {key}, {emitter.constants.site(node)})"
