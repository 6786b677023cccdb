"""CEL text to syntax by CEL's own grammar: slow, complete, and what says of a text what is wrong with it.

The grammar is cel-python's grammar file; one `Lark` is built on it here, because cel-python's own parser is a
process-wide singleton. What that grammar lets through and CEL does not (reserved words, keywords glued to names,
unknown escapes) is refused here.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

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
from rules.cel.syntax_faults import MAX_DEPTH, SyntaxFault, explain, misplaced, too_deep
from rules.cel.unquoting import unquote
from rules.types import INT_MAX, INT_MIN

_BINARY = {
    "relation_lt": "_<_",
    "relation_le": "_<=_",
    "relation_gt": "_>_",
    "relation_ge": "_>=_",
    "relation_eq": "_==_",
    "relation_ne": "_!=_",
    "relation_in": "@in",
    "addition_add": "_+_",
    "addition_sub": "_-_",
    "multiplication_mul": "_*_",
    "multiplication_div": "_/_",
    "multiplication_mod": "_%_",
}


_MENDED = {
    '"[" [exprlist] "]"': '"[" [itemlist] "]"',
    "fieldinits     :": 'itemlist : expr ("," expr)* [","] | ","\n\nfieldinits     :',
    'expr ":" expr ("," expr ":" expr)*': 'expr ":" expr ("," expr ":" expr)* [","] | ","',
    '/-?/ DIGIT+ "." DIGIT* EXPONENT? | /-?/ DIGIT* "." DIGIT+': '/-?/ DIGIT* "." DIGIT+',
}
"""Where the grammar file is not CEL's grammar: a list or map may end in a comma, `1.` is no number."""


@cache
def _grammar() -> Lark:
    found = find_spec("celpy")  # located, not imported: only its grammar file is wanted
    assert found is not None
    assert found.origin is not None
    text = Path(found.origin).with_name("cel.lark").read_text(encoding="utf-8")
    for theirs, cel in _MENDED.items():
        assert theirs in text
        text = text.replace(theirs, cel)
    return Lark(text, parser="lalr", start="expr", propagate_positions=True, maybe_placeholders=False)


def read(text: str) -> Syntax:
    """The syntax of an expression. Raises `SyntaxFault` when the text is not CEL, or nests too deep."""
    try:
        tree = _grammar().parse(text)
    except UnexpectedInput as error:
        raise explain(text, *_stopped(text, error)) from None
    return _Reader(text).expr(tree, 0)


def _stopped(text: str, error: UnexpectedInput) -> tuple[int, str] | tuple[None, str]:
    """Where the parser stopped, and at what; nowhere when the text ended."""
    token = getattr(error, "token", None)
    start = getattr(error, "pos_in_stream", None)
    if isinstance(token, Token) and token.start_pos is not None and token.type != "$END":
        return token.start_pos, str(token)
    if start is not None and start < len(text) and (token is None or token.type != "$END"):
        return start, text[start]
    return None, ""


class _Reader:
    """Turns Lark's tree into ours; one method for each family of grammar rules."""

    def __init__(self, text: str) -> None:
        self.text = text

    def expr(self, tree: Tree[Token] | Token, depth: int) -> Syntax:
        if depth > MAX_DEPTH * 2:
            raise too_deep(*self._range(tree))
        assert isinstance(tree, Tree)
        children = tree.children
        while len(children) == 1 and tree.data in _CHAINS:
            tree = children[0]
            assert isinstance(tree, Tree)
            children = tree.children
        start, end = self._range(tree)
        rule = str(tree.data)
        if rule in ("expr", "conditionalor", "conditionaland"):
            function = {"expr": "_?_:_", "conditionalor": "_||_", "conditionaland": "_&&_"}[rule]
            args = tuple(self.expr(child, depth + 1) for child in children)
            return Apply(function, None, args, start, end)
        if rule in ("relation", "addition", "multiplication"):
            return self._binary(children, depth, start, end)
        if rule == "unary":
            return self._unary(children, depth, start, end)
        return self._primary(rule, tree, depth, start, end)

    def _binary(self, children: list[Tree[Token] | Token], depth: int, start: int, end: int) -> Syntax:
        operator, right = children
        assert isinstance(operator, Tree)
        left = operator.children[0]
        if operator.data == "relation_in":
            self._check_in(left, right)
        args = (self.expr(left, depth + 1), self.expr(right, depth + 1))
        return Apply(_BINARY[str(operator.data)], None, args, start, end)

    def _check_in(self, left: Tree[Token] | Token, right: Tree[Token] | Token) -> None:
        """`a inb` and `1in b` are lexed as `in`; CEL wants the word to stand alone."""
        between_start, between_end = self._range(left)[1], self._range(right)[0]
        at = self.text.rfind("in", between_start, between_end)
        glued = re.match(r"in(\w+)", self.text[at:]) if at >= 0 else None
        if glued is None:
            return
        start, end = self._range(left)
        if self.text[start:end] == "not":
            raise misplaced(self.text, start, "not")
        if glued[1].isdecimal():
            raise SyntaxFault("cel-syntax", at, at + glued.end(), "`in` must stand apart from what follows", "`in `")
        raise misplaced(self.text, at, glued[0])

    def _unary(self, children: list[Tree[Token] | Token], depth: int, start: int, end: int) -> Syntax:
        sign, operand = children
        assert isinstance(sign, Tree)
        function = "!_" if sign.data == "unary_not" else "-_"
        return Apply(function, None, (self.expr(operand, depth + 1),), start, end)

    def _primary(self, rule: str, tree: Tree[Token], depth: int, start: int, end: int) -> Syntax:
        children = tree.children
        match rule:
            case "literal":
                return self._literal(children[0], start, end)
            case "ident" if str(children[0]) in WORDS:
                return Constant(WORDS[str(children[0])], start, end)
            case "ident":
                return Name(self._identifier(children[0]), start, end)
            case "paren_expr":
                return self.expr(children[0], depth + 1)
            case "member_dot":
                operand = self.expr(children[0], depth + 1)
                return Member(operand, self._identifier(children[1], KEYWORDS), start, end)
            case "member_index":
                operand, index = (self.expr(child, depth + 1) for child in children)
                return Subscript(operand, index, start, end)
            case "member_dot_arg":
                target = self.expr(children[0], depth + 1)
                args = self._args(children[2:], depth)
                return Apply(self._identifier(children[1]), target, args, start, end)
            case "ident_arg":
                args = self._args(children[1:], depth)
                return Apply(self._identifier(children[0]), None, args, start, end)
            case "list_lit":
                return Items(self._args(children, depth), start, end)
            case "map_lit":
                return self._map(children, depth, start, end)
            case _:
                raise SyntaxFault(
                    "cel-unsupported",
                    start,
                    end,
                    f"`{self.text[start:end]}` is CEL that this language leaves out",
                    "records are built by the document, names have no leading dot",
                )

    def _args(self, children: list[Tree[Token] | Token], depth: int) -> tuple[Syntax, ...]:
        if not children:
            return ()
        exprlist = children[0]
        assert isinstance(exprlist, Tree)
        return tuple(self.expr(child, depth + 1) for child in exprlist.children)

    def _map(self, children: list[Tree[Token] | Token], depth: int, start: int, end: int) -> Syntax:
        flat = list(self._args(children, depth))
        return Entries(tuple(zip(flat[::2], flat[1::2], strict=True)), start, end)

    def _identifier(self, token: Tree[Token] | Token, refused: frozenset[str] = RESERVED) -> str:
        name = str(token)
        if name in refused:
            start, end = self._range(token)
            raise SyntaxFault("cel-reserved-word", start, end, f"`{name}` is a reserved word of CEL", "another name")
        return name

    def _literal(self, token: Tree[Token] | Token, start: int, end: int) -> Syntax:
        assert isinstance(token, Token)
        text = str(token)
        match token.type:
            case "INT_LIT":
                value = int(text, 16) if "x" in text else int(text)
                if not INT_MIN <= value <= INT_MAX:
                    raise SyntaxFault("cel-number", start, end, f"`{text}` does not fit in 64 bits")
                return Constant(value, start, end)
            case "FLOAT_LIT":
                number = float(text)
                if number in (float("inf"), float("-inf")):
                    raise SyntaxFault("cel-number", start, end, f"`{text}` is too large for a double")
                return Constant(number, start, end)
            case "BOOL_LIT":
                return Constant(text == "true", start, end)
            case "NULL_LIT":
                return Constant(None, start, end)
            case "STRING_LIT" | "MLSTRING_LIT":
                return Constant(unquote(text, start), start, end)
            case _:
                kind = "unsigned integers" if token.type == "UINT_LIT" else "bytes"
                raise SyntaxFault("cel-unsupported", start, end, f"`{text}`: the language has no {kind}")

    def _range(self, tree: Tree[Token] | Token) -> tuple[int, int]:
        if isinstance(tree, Token):
            start = tree.start_pos or 0
            return start, tree.end_pos or start
        return getattr(tree.meta, "start_pos", 0), getattr(tree.meta, "end_pos", 0)


_CHAINS = frozenset(
    (
        *("expr", "conditionalor", "conditionaland", "relation"),
        *("addition", "multiplication", "unary", "member", "primary"),
    )
)
