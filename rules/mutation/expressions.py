"""What may be changed in a CEL expression, one token at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rules.cel.parsing import parse
from rules.cel.syntax import Apply, Constant, Entries, Items, Member, Name, Subscript, Syntax
from rules.cel.syntax_faults import SyntaxFault
from rules.mutation.mutant import Edit, Kind, became
from rules.mutation.values import Words, other_durations, other_values

COMPARISONS = {
    "_<_": ("<", ("<=", ">=")), "_<=_": ("<=", ("<", ">")), "_>_": (">", (">=", "<=")), "_>=_": (">=", (">", "<")),
    "_==_": ("==", ("!=",)), "_!=_": ("!=", ("==",)),
}  # fmt: skip
"""By the operator: how it is written, and what is written instead: it at its boundary, and its opposite."""
LOGIC = {"_&&_": ("&&", "||"), "_||_": ("||", "&&")}
ARITHMETIC = {"_+_": ("+", "-"), "_-_": ("-", "+"), "_*_": ("*", "/"), "_/_": ("/", "*"), "_%_": ("%", "*")}
FUNCTIONS = {
    "least": "greatest", "greatest": "least", "min": "max", "max": "min", "exists": "all", "all": "exists",
    "floor": "ceil", "ceil": "floor",
}  # fmt: skip
ASKING = frozenset({"exists", "all", "filter", "exists_one"})
"""The macros whose body is a condition."""


@dataclass(frozen=True, slots=True)
class Meanings:
    """What an expression may name otherwise: words, and parameters of one type."""

    words: Words
    parameters: Mapping[str, str]
    """By the name of a parameter another one of its type."""


def edits(text: str, meanings: Meanings, *, condition: bool = False) -> Iterator[Edit]:
    """Every change of an expression; `condition`: it is one by itself. None where the text is no expression."""
    try:
        root = parse(text)
    except SyntaxFault:
        return
    yield from _Expression(text, meanings).of(root, condition=condition)


class _Expression:
    def __init__(self, text: str, meanings: Meanings) -> None:
        self.text, self.meanings = text, meanings

    def of(self, node: Syntax, *, condition: bool = False, compared: bool = False) -> Iterator[Edit]:
        """The changes of a node and of all below it."""
        match node:
            case Constant():
                yield from self._constant(node, compared=compared)
            case Member(operand=Name(name="params"), name=name):
                other = self.meanings.parameters.get(name)
                if other is not None:
                    yield became("parameter", node.start, self._at(node), f"params.{other}")
                yield from self._negated(node, condition)
            case Member():
                yield from self._negated(node, condition)
                yield from self.of(node.operand)
            case Subscript():
                yield from self._negated(node, condition)
                yield from (*self.of(node.operand), *self.of(node.index))
            case Items():
                for item in node.items:
                    yield from self.of(item)
            case Entries():
                for _, value in node.entries:
                    yield from self.of(value)
            case Apply():
                yield from self._apply(node, condition=condition)
            case Name():
                yield from self._negated(node, condition)

    def _apply(self, node: Apply, *, condition: bool) -> Iterator[Edit]:
        args, compared = node.args, node.function in COMPARISONS
        if compared:
            sign, others = COMPARISONS[node.function]
            yield from (became("comparison", self._sign(node, sign), sign, other) for other in others)
        elif node.function in LOGIC:
            yield from self._logic(node)
        elif node.function in ARITHMETIC:
            sign, other = ARITHMETIC[node.function]
            yield became("arithmetic", self._sign(node, sign), sign, other)
        elif node.function == "!_":
            yield Edit("negation", node.start, node.start + 1, "", f"`!` before `{self._at(args[0])}` was dropped")
        elif node.function == "-_":
            yield Edit("arithmetic", node.start, node.start + 1, "", f"`-` before `{self._at(args[0])}` was dropped")
        elif node.function == "duration" and isinstance(args[0], Constant):
            yield from self._duration(args[0])
            return
        elif node.function == "timestamp":
            return
        elif node.function != "_?_:_":
            yield from self._negated(node, condition)
            yield from self._function(node)
        yield from self._below(node, condition=condition, compared=compared)

    def _below(self, node: Apply, *, condition: bool, compared: bool) -> Iterator[Edit]:
        if node.target is not None:
            yield from self.of(node.target)
        for position, arg in enumerate(node.args):
            asked = (
                (node.function == "!_" and not _is_compared(arg))
                or node.function in LOGIC
                or (node.function == "_?_:_" and (position == 0 or condition))
                or (node.function in ASKING and position == 1)
            )
            beside = node.args[1 - position] if compared else arg
            plain = compared and isinstance(beside, Name | Member | Subscript)
            if node.function != "!_" or not isinstance(arg, Name | Member | Subscript):
                yield from self.of(arg, condition=asked and node.function != "!_", compared=plain)
            elif isinstance(arg, Member):
                yield from self.of(arg)

    def _logic(self, node: Apply) -> Iterator[Edit]:
        """The other operator, and the expression without one side; of a chain each link is left out once."""
        sign, other = LOGIC[node.function]
        at = self._sign(node, sign)
        yield became("logic", at, sign, other)
        left, right = node.args
        start, end = self._outside(left, at, -1), self._outside(right, at + len(sign), 1)
        if not (isinstance(left, Apply) and left.function == node.function):
            after = at + len(sign) + len(self.text[at + len(sign) :]) - len(self.text[at + len(sign) :].lstrip())
            shown = self._shown(start, at)
            yield Edit("operand", start, after, "", f"`{shown} {sign}` was dropped", shown)
        before = len(self.text[:at].rstrip())
        shown = self._shown(at + len(sign), end)
        yield Edit("operand", before, end, "", f"`{sign} {shown}` was dropped", shown)

    def _outside(self, node: Syntax, sign: int, direction: int) -> int:
        """Where a side of an operator begins or ends, with the brackets round it."""
        if direction > 0:
            end = node.end
            for _ in range(self.text.count("(", sign, node.start)):
                end = self.text.index(")", end) + 1
            return end
        start = node.start
        for _ in range(self.text.count(")", node.end, sign)):
            start = self.text.rindex("(", 0, start)
        return start

    def _negated(self, node: Syntax, condition: bool) -> Iterator[Edit]:
        """A condition that is no comparison, turned; comparisons have opposites of their own."""
        if not condition:
            return
        text = self._at(node)
        new = f"!({text})" if isinstance(node, Apply) and node.function == "@in" else f"!{text}"
        yield became("negation", node.start, text, new)

    def _function(self, node: Apply) -> Iterator[Edit]:
        name = node.function.rpartition(".")[2]
        if name in FUNCTIONS:
            begin = node.start if node.target is None else node.target.end
            first = min((arg.start for arg in node.args), default=node.end)
            at = self.text.rindex(name, begin, first)
            yield became("function", at, name, FUNCTIONS[name])

    def _constant(self, node: Constant, *, compared: bool) -> Iterator[Edit]:
        written = self._at(node)
        if isinstance(node.value, str):
            other = self.meanings.words.other(node.value)
            if other is not None and len(written) == len(node.value) + 2:
                yield became("word", node.start, written, written[0] + other + written[0])
        elif node.value is not None:
            kind: Kind = "truth" if isinstance(node.value, bool) else "number"
            yield from (became(kind, node.start, written, one) for one in other_values(written, compared=compared))

    def _duration(self, node: Constant) -> Iterator[Edit]:
        text = str(node.value)
        if self._at(node)[1:-1] == text:
            yield from (became("number", node.start + 1, text, other) for other in other_durations(text))

    def _sign(self, node: Apply, sign: str) -> int:
        """Where the operator between two sides stands."""
        left, right = node.args
        return self.text.index(sign, left.end, right.start)

    def _at(self, node: Syntax) -> str:
        return self.text[node.start : node.end]

    def _shown(self, start: int, end: int) -> str:
        return " ".join(self.text[start:end].split())


def _is_compared(node: Syntax) -> bool:
    return isinstance(node, Apply) and node.function in COMPARISONS
