"""Literals and chains of operators in all the ways CEL lets them be written; a parser has to read each as the same."""

from __future__ import annotations

from random import Random


def quoted(rng: Random, text: str) -> str:
    """A text literal: quotes of either kind, single or triple, raw, or with escapes."""
    quote = rng.choice(("'", '"', "'''", '"""'))
    if rng.random() < 0.6 and "\\" not in text and quote[0] not in text:
        return rng.choice(("", "", "r", "R")) + quote + text + quote
    return quote + "".join(_escaped(rng, character) for character in text) + quote


def _escaped(rng: Random, character: str) -> str:
    code = ord(character)
    forms = [f"\\U{code:08x}"]
    if code < 0x10000:
        forms.append(f"\\u{code:04X}")
    if code < 0x80:
        forms += [f"\\x{code:02x}", f"\\X{code:02X}", f"\\{code:03o}"]
        if character.isalnum() or character in " -.:":
            forms.append(character)
    return rng.choice(forms)


def whole(rng: Random, digits: str) -> str:
    """An int literal, in digits or hexadecimal."""
    if rng.random() < 0.8 or not digits.isdigit():
        return digits
    return f"0x{int(digits):{rng.choice('xX')}}"


def real(rng: Random, digits: str) -> str:
    """A double literal, with or without an exponent or what is not needed of it."""
    before, point, after = digits.partition(".")
    if not point or rng.random() < 0.7 or not (before + after).isdigit():
        return digits
    bare = [f".{after}"] if before == "0" else []
    return rng.choice((*bare, f"{digits}0", f"{before}{after}e-{len(after)}", f"{digits}E+0", f"0{digits}"))


def spaced(rng: Random, operator: str) -> str:
    """An operator between its sides: with spaces, without, on a new line, behind a comment."""
    return rng.choice((f" {operator} ", f" {operator} ", f"{operator} ", f"\n{operator}\t", f" {operator} // so\n"))


def chain(rng: Random, operators: tuple[str, ...], *sides: str) -> str:
    """Sides with operators between them and no brackets: what binds tighter is the parser's to know."""
    out = sides[0]
    for side in sides[1:]:
        out += spaced(rng, rng.choice(operators)) + side
    return out
