"""Numbers as people write them: `0,7`, `70%`, `$5000`, `5_000`, `5k`, and the one number that each of them means."""

from __future__ import annotations

import re

_DIGITS = r"[0-9]+(?:[_']?[0-9]+)*"
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_NUMBER = re.compile(rf"({_DIGITS})(?:[.,]([0-9]+))?")
_MONEY = re.compile(r"[$€£]|\b(?:usd|eur|USD|EUR)\b")
_SCALES = {"k": 3, "K": 3, "m": 6, "M": 6, "bn": 9}


def meant(text: str) -> str:
    """The number that a text means, as a policy writes it; empty for one that means none, or is one already."""
    sign, bare = ("-", text[1:]) if text.startswith("-") else ("", text)
    bare = _MONEY.sub("", bare).strip()
    shift = 0
    if bare.endswith("%"):
        bare, shift = bare[:-1].rstrip(), -2
    elif scale := re.search(r"(?<=[0-9])(bn|[kKmM])$", bare):
        bare, shift = bare[: scale.start()], _SCALES[scale[1]]
    bare = re.sub(r"(?<=[0-9])[fFdL]$", "", bare)
    if _GROUPED.fullmatch(bare):
        bare = bare.replace(",", "")
    found = _NUMBER.fullmatch(bare)
    if found is None:
        return ""
    whole, part = re.sub("[_']", "", found[1]), found[2]
    written = sign + _shifted(whole, part, shift)
    return "" if written == text else written


def _shifted(whole: str, part: str | None, places: int) -> str:
    """The number with its point moved; one that had a point, or needs one, keeps a digit behind it."""
    digits = whole + (part or "")
    at = len(whole) + places
    if at <= 0:
        digits, at = "0" * (1 - at) + digits, 1
    digits = digits.ljust(at, "0")
    before, after = digits[:at].lstrip("0") or "0", digits[at:].rstrip("0")
    return f"{before}.{after or '0'}" if part is not None or places < 0 else before
