"""What people write for CEL from other languages and from speech, and what it is in CEL.

Each function of `SLIPS` looks at the place where a text stops being an expression; the first that knows what was
meant there gives the stretch of text and what to write in its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rules.numbers import meant


@dataclass(frozen=True, slots=True)
class Slip:
    """A stretch of an expression, and what to write in its place."""

    start: int
    end: int
    written: str


LONGEST = 1_000
"""Longer expressions are not searched: some of the patterns take time that grows with the square of the text."""
_UNITS = {
    **dict.fromkeys(("us", "ms", "s", "m", "h"), ""),
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("hour", "hours"), "h"),
}
_LENGTH = rf"[0-9]+(?:\.[0-9]+)? ?(?:{'|'.join(sorted(_UNITS, key=len, reverse=True))})"
_DURATION = re.compile(rf"(?<![\w.])(?:{_LENGTH})+(?![\w(])")
_AMOUNT = re.compile(
    r"(?<![\w.])(?:[$€£] ?)?[0-9][0-9_',.]*(?<![,.])(?: ?(?:%(?!\s*[\w(.])|[$€£]|(?:usd|USD|eur|EUR|bn|[kKfF])\b))?"
)
_SIGNS = {
    "===": "==", "!==": "!=", "=<": "<=", "=>": ">=", "<>": "!=", "=": "==", "&": "&&", "|": "||",
    "≤": "<=", "≥": ">=", "≠": "!=", "\u2212": "-", "\u2013": "-", "\u00d7": "*",
}  # fmt: skip
_SIGN = re.compile("|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True)))
_WORDS = {"and": "&&", "or": "||", "is": "==", "in": "in", "then": "?", "equals": "==", "eq": "=="}
_NOTHING = ("null", "none", "nil", "undefined")
_PATH = r"[A-Za-z_]\w*(?:\.\w+|\[[^\[\]]*\]|\([^()]*\))*"
_TERM = rf"(?:{_PATH}|[0-9][0-9.]*|\"[^\"]*\"|'[^']*')"
_IS_NULL = re.compile(rf"({_PATH})\s+is\s+(not\s+)?(?:{'|'.join(_NOTHING)})\b", re.IGNORECASE)
_NOT_IN = re.compile(rf"({_TERM})\s+not\s+in\s+(\[[^\[\]]*\]|{_PATH})", re.IGNORECASE)
_BETWEEN = re.compile(rf"({_PATH})\s+between\s+({_TERM})\s+and\s+({_TERM})", re.IGNORECASE)
_LIKE = re.compile(rf"({_PATH})\s+like\s+([\"'])(%?)([^%_\"']+)(%?)\2", re.IGNORECASE)
_MACROS = "all|exists|exists_one|filter|map|leastBy|any|some|every|where|select|find"
_ARROW = re.compile(rf"\.(?:{_MACROS})\((\s*\(?(\w+)\)?\s*[-=]>\s*)")
_BRACED = re.compile(r"\$?\{\s*([A-Za-z_][\w.]*)\s*\}")
_IN_BRACKETS = re.compile(r"\bin\s*([({])((?:[^(){}\[\]]|\([^()]*\))*)[)}]")
_IF = re.compile(r"\s*if\s*\(?(.+?)\)?(?:\s+then\b|:|\s+\{)\s*(.+?)\s*\}?(?:;|,)?\s*\belse\b:?\s*\{?\s*(.+?)\s*\}?\s*")
_IF_BEHIND = re.compile(r"\s*(.+?)\s+if\s+(.+?)\s+else\s+(.+?)\s*")


def slip_at(text: str, at: int) -> Slip | None:
    """What was meant where a text stops being an expression, when that is known."""
    if len(text) > LONGEST:
        return None
    return next((found for find in SLIPS if (found := find(text, at))), None)


def _around(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str] | None:
    """The match that holds an offset, or ends at it."""
    return next((match for match in pattern.finditer(text) if match.start() <= at <= match.end()), None)


def _condition(text: str, at: int) -> Slip | None:
    """`if a then b else c` and `b if a else c`."""
    if first := _IF.fullmatch(text):
        return Slip(0, len(text), f"{first[1]} ? {first[2]} : {first[3]}")
    if behind := _IF_BEHIND.fullmatch(text):
        return Slip(0, len(text), f"{behind[2]} ? {behind[1]} : {behind[3]}")
    return None


def _phrase(text: str, at: int) -> Slip | None:
    """`x is null`, `x not in y`, `x between a and b`, `x like "a%"`, `x in (a, b)`, `${x}`, `p => …`."""
    if match := _around(_IS_NULL, text, at):
        return Slip(*match.span(), f"has({match[1]})" if match[2] else f"!has({match[1]})")
    if match := _around(_NOT_IN, text, at):
        return Slip(*match.span(), f"!({match[1]} in {match[2]})")
    if match := _around(_BETWEEN, text, at):
        return Slip(*match.span(), f"{match[1]} >= {match[2]} && {match[1]} <= {match[3]}")
    if match := _around(_LIKE, text, at):
        method = {("%", "%"): "contains", ("", "%"): "startsWith", ("%", ""): "endsWith"}.get((match[3], match[5]))
        written = f'{match[1]}.{method}("{match[4]}")' if method else f'{match[1]} == "{match[4]}"'
        return Slip(*match.span(), written)
    if match := _around(_IN_BRACKETS, text, at):
        return Slip(match.start(1), match.end(), f"[{match[2].strip()}]")
    if match := _around(_BRACED, text, at):
        return Slip(*match.span(), match[1])
    if match := _around(_ARROW, text, at):
        return Slip(*match.span(1), f"{match[2]}, ")
    return None


def _not(text: str, at: int) -> Slip | None:
    """`not x`, with what it stands before."""
    match = _around(re.compile(r"(?<![\w.])not\b\s*", re.IGNORECASE), text, at)
    if match is None:
        return None
    end = match.end() + _operand(text[match.end() :])
    operand = text[match.end() : end].rstrip()
    if not operand:
        return None
    compares = re.search(r"[<>=]|\bin\b|[-+*/%]", re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", operand))
    return Slip(match.start(), match.end() + len(operand), f"!({operand})" if compares else f"!{operand}")


def _operand(text: str) -> int:
    """Where the operand of a `not` ends: at `&&`, `||`, `?`, a comma, or the bracket that closes round it."""
    depth = 0
    for match in re.finditer(r"\"[^\"]*\"|'[^']*'|[(\[{]|[)\]}]|&&|\|\||\?|,|\b(?:and|or|AND|OR)\b", text):
        mark = match.group()
        if mark in "([{":
            depth += 1
        elif mark in ")]}" and depth:
            depth -= 1
        elif not depth and mark[0] not in "\"'":
            return match.start()
    return len(text)


def _duration(text: str, at: int) -> Slip | None:
    """`60s`, `1h30m`, `5 minutes`."""
    match = _around(_DURATION, text, at)
    if match is None or not re.search(r"[a-z]", match.group()):
        return None
    units = re.sub(r" ?([a-z]+)", lambda unit: _UNITS[unit[1]] or unit[1], match.group())
    return Slip(*match.span(), f'duration("{units}")')


def _amount(text: str, at: int) -> Slip | None:
    """`$5000`, `5,000`, `0,7`, `70%`, `5k`, `0.7f`."""
    match = next(
        (m for m in _AMOUNT.finditer(text) if m.start() <= at and m.end() >= at - 1 and meant(m.group())), None
    )
    match = match or next((m for m in _AMOUNT.finditer(text[:at]) if m.group().endswith("%")), None)
    return Slip(*match.span(), written) if match and (written := meant(match.group())) else None


def _sign(text: str, at: int) -> Slip | None:
    """`=`, `=>`, `<>`, `===`, `≥`."""
    match = next((m for m in _SIGN.finditer(text) if m.start() <= at < m.end()), None)
    match = match or next((m for m in re.finditer("<>", text) if m.start() <= at <= m.end()), None)
    known = match is not None and match.group() in _SIGNS
    return Slip(*match.span(), _SIGNS[match.group()]) if match and known else None


def _word(text: str, at: int) -> Slip | None:
    """`and`, `or`, `is`, `is not`."""
    match = re.compile(r"is\s+not\b|[A-Za-z]+", re.IGNORECASE).match(text, at)
    if match is None:
        return None
    word = match.group().lower()
    written = "!=" if word.startswith("is") and word.endswith("not") else _WORDS.get(word, "")
    return Slip(*match.span(), written) if written and written != match.group() else None


SLIPS: tuple[Callable[[str, int], Slip | None], ...] = (_condition, _phrase, _not, _duration, _amount, _sign, _word)
