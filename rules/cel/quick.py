"""CEL text to syntax where it is plainly written: what almost every expression of a policy is, in no time.

Rules kept here: `rules.cel.grammar` is the definition. What is read here, the grammar reads as the same tree with the
same offsets (tests compare the two); what is not read here, be it right or wrong, is left to the grammar: an unusual
literal, a reserved word, a name that begins like one, whatever nests deep, and everything that is no CEL.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from rules.cel.syntax import (
    KEYWORDS,
    RESERVED,
    WORDS,
    Apply,
    Constant,
    Entries,
    Items,
    Member,
    Name,
    Subscript,
    Syntax,
)
from rules.cel.syntax_faults import MAX_DEPTH, SyntaxFault
from rules.cel.unquoting import unquote
from rules.types import INT_MAX, INT_MIN

_TOKEN = re.compile(
    r"""(?:[\t\n\f\r ]++|//[^\n]*+)*+(?:
      (?P<word>[A-Za-z_][A-Za-z0-9_]*+)(?![\w"'])
    | (?P<number>0x[0-9a-fA-F]++|[0-9]++(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+)(?![\w.])
    | (?P<text>[rR]?(?:"(?:[^"\\\n]|\\[^\n])*+"|'(?:[^'\\\n]|\\[^\n])*+'))(?!["'])
    | (?P<sign>&&|\|\||[=!<>]=|[-+*/%<>!?:.,()\[\]{}])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_LIKE_A_WORD = re.compile("(?:true|false|null)[A-Za-z0-9_]")
_OPERATORS = {
    "||": (1, "_||_"),
    "&&": (2, "_&&_"),
    **{sign: (3, f"_{sign}_") for sign in ("<", "<=", ">", ">=", "==", "!=")},
    "in": (3, "@in"),
    **{sign: (4, f"_{sign}_") for sign in ("+", "-")},
    **{sign: (5, f"_{sign}_") for sign in ("*", "/", "%")},
}
"""How tightly each operator binds, and its CEL name; all of them group from the left."""
_DEEPEST = 2 * MAX_DEPTH

_Part: TypeAlias = tuple[Syntax, int, int, int]
"""A node, where its text begins and ends with the brackets round it, and how deep it nests."""


class _Doubt(Exception):
    """The grammar decides."""


def read(text: str) -> Syntax | None:
    """The syntax of an expression that is plainly written; None for any other text."""
    try:
        return _Reader(text).whole()
    except (_Doubt, SyntaxFault):
        return None


class _Reader:
    """The tokens of a text, gone through from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._kind, self._word, self._start, self._until = "", "", 0, 0
        self._end = 0
        """Where the token before this one ends."""
        self._take()

    def _take(self) -> None:
        """Go on to the next token."""
        self._end = self._until
        found = _TOKEN.match(self._text, self._end)
        if found is None:
            raise _Doubt
        self._kind = found.lastgroup or ""
        self._word = found[self._kind]
        self._start, self._until = found.span(self._kind)

    def _expect(self, sign: str) -> int:
        """Take a sign; where it ends."""
        if self._word != sign:
            raise _Doubt
        self._take()
        return self._end

    def whole(self) -> Syntax:
        """The expression that is the whole text."""
        node, _, _, height = self._expression(0)
        if self._kind != "end" or height > _DEEPEST:
            raise _Doubt
        return node

    def _expression(self, depth: int) -> _Part:
        """`test ? then : other`, or what stands alone; `depth` bounds how far this calls itself."""
        if depth > _DEEPEST:
            raise _Doubt
        test = self._chain(depth)
        if self._word != "?":
            return test
        self._take()
        then = self._chain(depth)
        self._expect(":")
        return _applied("_?_:_", test, then, self._expression(depth + 1))

    def _chain(self, depth: int) -> _Part:
        """Operands and the operators between them."""
        operands = [self._operand(depth)]
        waiting: list[tuple[int, str]] = []
        while (operator := _OPERATORS.get(self._word)) is not None:
            self._take()
            while waiting and waiting[-1][0] >= operator[0]:
                _group(operands, waiting.pop()[1])
            waiting.append(operator)
            operands.append(self._operand(depth))
        while waiting:
            _group(operands, waiting.pop()[1])
        return operands[0]

    def _operand(self, depth: int) -> _Part:
        """A value with the signs before it and what is read of it."""
        signs: list[tuple[str, int]] = []
        while self._word in ("!", "-"):
            signs.append((self._word, self._start))
            self._take()
        if self._kind == "number":
            attached = bool(signs) and signs[-1] == ("-", self._start - 1)
            part = self._number(signs.pop()[1] if attached else self._start)
        else:
            part = self._value(depth)
        part = self._reads(part, depth)
        for sign, start in reversed(signs):
            part = Apply(f"{sign}_", None, (part[0],), start, part[2]), start, part[2], part[3] + 1
        return part

    def _number(self, start: int) -> _Part:
        """A number that begins at `start`, with its sign."""
        self._take()
        text = self._text[start : self._end]
        value: int | float
        if "x" in text:
            value = int(text, 16)
        elif text.lstrip("-").isdecimal():
            value = int(text)
        else:
            value = float(text)
        if not (INT_MIN <= value <= INT_MAX if isinstance(value, int) else abs(value) < float("inf")):
            raise _Doubt
        return Constant(value, start, self._end), start, self._end, 0

    def _value(self, depth: int) -> _Part:
        """A text, a name, a call, or something in brackets."""
        start, word = self._start, self._word
        if self._kind == "word":
            return self._name(depth)
        if self._kind == "text":
            self._take()
            return Constant(unquote(word, start), start, self._end), start, self._end, 0
        if word == "(":
            self._take()
            node, _, _, height = self._expression(depth + 1)
            return node, start, self._expect(")"), height + 1
        if word == "[":
            items, height = self._listed("]", depth)
            return Items(items, start, self._end), start, self._end, height
        if word == "{":
            entries, height = self._entries(depth)
            return Entries(entries, start, self._end), start, self._end, height
        raise _Doubt

    def _name(self, depth: int) -> _Part:
        start, name = self._start, self._word
        if _LIKE_A_WORD.match(name):
            raise _Doubt
        self._take()
        if self._word == "(":
            args, height = self._listed(")", depth)
            return Apply(_allowed(name), None, args, start, self._end), start, self._end, height
        end = self._end
        if name in WORDS:
            return Constant(WORDS[name], start, end), start, end, 0
        return Name(_allowed(name), start, end), start, end, 0

    def _reads(self, part: _Part, depth: int) -> _Part:
        """A value and the members, entries and methods read of it."""
        while True:
            node, start, _, height = part
            if self._word == ".":
                self._take()
                name = self._word
                if self._kind != "word" or name in KEYWORDS:
                    raise _Doubt
                self._take()
                end = self._end
                if self._word == "(":
                    args, below = self._listed(")", depth)
                    end, height = self._end, max(height, below - 1)
                    node = Apply(_allowed(name), node, args, start, end)
                else:
                    node = Member(node, name, start, end)
            elif self._word == "[":
                self._take()
                index, _, _, below = self._expression(depth + 1)
                end, height = self._expect("]"), max(height, below)
                node = Subscript(node, index, start, end)
            elif self._word == "{":
                raise _Doubt
            else:
                return part
            part = node, start, end, height + 1

    def _listed(self, closing: str, depth: int) -> tuple[tuple[Syntax, ...], int]:
        """What stands between brackets, and how deep that nests. A list may end in a comma, arguments may not."""
        self._take()
        nodes: list[Syntax] = []
        height = 0
        while self._word != closing or (nodes and closing == ")"):
            node, _, _, below = self._expression(depth + 1)
            nodes.append(node)
            height = max(height, below + 1)
            if self._word != closing:
                self._expect(",")
            elif closing == ")":
                break
        self._take()
        return tuple(nodes), height

    def _entries(self, depth: int) -> tuple[tuple[tuple[Syntax, Syntax], ...], int]:
        """The entries of a map, and how deep they nest."""
        self._take()
        entries: list[tuple[Syntax, Syntax]] = []
        height = 0
        while self._word != "}":
            key, _, _, of_key = self._expression(depth + 1)
            self._expect(":")
            value, _, _, of_value = self._expression(depth + 1)
            entries.append((key, value))
            height = max(height, of_key + 1, of_value + 1)
            if self._word != "}":
                self._expect(",")
        self._take()
        return tuple(entries), height


def _group(operands: list[_Part], function: str) -> None:
    """Apply an operator to the last two operands."""
    right, left = operands.pop(), operands.pop()
    operands.append(_applied(function, left, right))


def _applied(function: str, *parts: _Part) -> _Part:
    start, end = parts[0][1], parts[-1][2]
    height = 1 + max(part[3] for part in parts)
    return Apply(function, None, tuple(part[0] for part in parts), start, end), start, end, height


def _allowed(name: str) -> str:
    """A name that is no reserved word."""
    if name in RESERVED:
        raise _Doubt
    return name
