"""CEL text to an untyped syntax tree whose nodes know their offsets in the text.

Rules kept here: `rules.cel.grammar` is the definition, of what is CEL and of what is said of a text that is not;
`rules.cel.quick` reads what is written plainly, and leaves everything it is not sure of to the grammar.
"""

from __future__ import annotations

from rules.cel import quick
from rules.cel.syntax import Syntax
from rules.cel.syntax_faults import MAX_DEPTH, TOKENS, SyntaxFault, too_deep

MAX_LENGTH = 8_192


def parse(text: str) -> Syntax:
    """The syntax tree of an expression.

    Raises `SyntaxFault` when the text is not CEL, is longer than `MAX_LENGTH` or nests deeper than `MAX_DEPTH`.
    """
    if len(text) > MAX_LENGTH:
        raise SyntaxFault("cel-too-long", 0, len(text), f"the expression is longer than {MAX_LENGTH} characters")
    if not text.strip():
        raise SyntaxFault("cel-empty", 0, len(text), "the expression is empty")
    _check_nesting(text)
    return quick.read(text) or _by_grammar(text)


def _by_grammar(text: str) -> Syntax:
    from rules.cel import grammar  # noqa: PLC0415 -- building it takes longer than reading a bundle without it

    return grammar.read(text)


def _check_nesting(text: str) -> None:
    depth = 0
    for match in TOKENS.finditer(text):
        mark = match.group()
        depth += (mark in "([{") - (mark in ")]}")
        if depth > MAX_DEPTH:
            raise too_deep(match.start(), match.end())
