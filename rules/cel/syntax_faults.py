"""What to say of a text that is no expression: where it stops being one, and what was meant there."""

from __future__ import annotations

import re
import unicodedata

from rules.cel.slips import Slip, slip_at


class SyntaxFault(Exception):
    """The text is not an expression; `start`/`end` are offsets into it."""

    def __init__(self, code: str, start: int, end: int, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.code, self.start, self.end, self.message, self.remedy = (
            code,
            start,
            end,
            message,
            remedy,
        )


MAX_DEPTH = 48
TOKENS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|//[^\n]*|[(\[{]|[)\]}]|[!?]|--+")
"""Quoted texts and comments, which hide what they hold, and brackets."""

_QUOTES = {"“": '"', "”": '"', "„": '"', "\u2018": "'", "\u2019": "'"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def too_deep(start: int, end: int) -> SyntaxFault:
    """An expression that nests deeper than `MAX_DEPTH`."""
    return SyntaxFault(
        "cel-too-deep",
        start,
        end,
        f"the expression nests deeper than {MAX_DEPTH} levels",
        "name the inner parts under `variables`",
    )


def explain(text: str, start: int | None, found: str) -> SyntaxFault:
    """The fault at which the parser stopped: where, and at what; None when the text ended."""
    if start is None:
        return _ends_early(text)
    if found in "\"'":
        return SyntaxFault("cel-syntax", start, start + 1, "a quoted text is not closed", f"end it with `{found}`")
    return misplaced(text, start, found)


def misplaced(text: str, start: int, found: str) -> SyntaxFault:
    """A word or sign that cannot stand where it does."""
    end = start + max(1, len(found))
    if not found.isprintable() or found.isspace():
        shown = f"the character U+{ord(found[0]):04X} ({_name(found[0])})"
        return SyntaxFault("cel-syntax", start, end, f"{shown} cannot stand here", "a plain space, or nothing")
    if slip := slip_at(text, start):
        return _meant(text, slip)
    remedy = f"straight quotes, `{_QUOTES[found]}`" if found in _QUOTES else ""
    if found in ";," and not text[end:].strip():
        remedy = "the expression without it"
    return SyntaxFault("cel-syntax", start, end, f"`{found}` cannot stand here", remedy)


def _meant(text: str, slip: Slip) -> SyntaxFault:
    shown = " ".join(text[slip.start : slip.end].split())
    return SyntaxFault("cel-syntax", slip.start, slip.end, f"`{shown}` is no CEL", f"`{slip.written.strip()}`")


def _name(character: str) -> str:
    return unicodedata.name(character, "a control character").lower()


def _ends_early(text: str) -> SyntaxFault:
    """The end came where more was wanted: a bracket is open, or the right side of an operator is missing."""
    opened: list[int] = []
    for match in TOKENS.finditer(text):
        if match.group() in _CLOSING:
            opened.append(match.start())
        elif match.group() in _CLOSING.values() and opened:
            opened.pop()
    if opened:
        mark = text[opened[-1]]
        close = _CLOSING[mark]
        return SyntaxFault(
            "cel-syntax", opened[-1], opened[-1] + 1, f"`{mark}` is not closed", f"`{close}` where it ends"
        )
    if slip := slip_at(text, len(text)):
        return _meant(text, slip)
    remedy = f"`{text.strip()} : …`" if "?" in text and ":" not in text else ""
    return SyntaxFault("cel-syntax", len(text), len(text), "the expression ends too early", remedy)
