"""What a quoted text of CEL says: its escapes read."""

from __future__ import annotations

import re

from rules.cel.syntax_faults import SyntaxFault

_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\"'`?\\])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.|$))",
    re.DOTALL,
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unquote(literal: str, start: int) -> str:
    """The text of a literal that begins at `start`. Raises `SyntaxFault` for an escape that CEL does not have."""
    raw = literal[0] in "rR"
    body = literal[1:] if raw else literal
    quotes = 3 if body[:3] in ('"""', "'''") and len(body) >= 6 else 1
    content = body[quotes:-quotes]
    if raw:
        return content
    base = start + quotes

    def replace(match: re.Match[str]) -> str:
        simple, *codes, other = match.groups()
        if simple is not None:
            return _SIMPLE.get(simple, simple)
        for digits, radix in zip(codes, (16, 16, 16, 8), strict=True):
            if digits is not None:
                return _character(int(digits, radix), base + match.start(), match.group())
        raise SyntaxFault(
            "cel-escape",
            base + match.start(),
            base + match.end(),
            f"`\\{other}` is not an escape of CEL",
            f"`\\\\{other}`",
        )

    return _ESCAPE.sub(replace, content)


def _character(code: int, at: int, text: str) -> str:
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise SyntaxFault("cel-escape", at, at + len(text), f"`{text}` is not a character")
    return chr(code)
