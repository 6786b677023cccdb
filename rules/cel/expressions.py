"""Expressions and message templates as a document holds them: text with a place, to a checked typed tree.

`expression` parses, types and (given what is known) checks presence; `template` does the same for every `{…}` of a
message and checks its format specification. Both report every fault and give None when there is one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from rules.cel import presence
from rules.cel.checker import Checker, Text, Untyped
from rules.cel.literals import bounded, fits_value, outer
from rules.cel.mismatch import conversion
from rules.cel.parsing import parse
from rules.cel.paths import path_of
from rules.cel.presence import Facts, Need
from rules.cel.scope import Scope
from rules.cel.syntax import Syntax
from rules.cel.syntax_faults import SyntaxFault
from rules.cel.tree import Constant, Entry, Node, Placeholder, Root, Select, extent
from rules.diagnostics import Diagnostics
from rules.source import Source, Span
from rules.types import (
    BoolType,
    DoubleType,
    DurationType,
    EnumType,
    IntType,
    RecordType,
    StringType,
    TimestampType,
    Type,
    same,
    show,
)
from rules.yaml_nodes import Scalar

MAX_WRITTEN_DEPTH = 128
MAX_WRITTEN_SIZE = 10_000
"""Bounds on an expression with its variables written out, as the readers go through it."""


def text_of(scalar: Scalar, start: int = 0, end: int | None = None) -> Text:
    """The expression in a scalar, or in a part of it."""
    end = len(scalar.text) if end is None else end

    def span_at(first: int, last: int) -> Span:
        return scalar.span_at(start + first, start + last)

    return Text(scalar.text[start:end], scalar.span_at(start, end), span_at)


def text_of_source(source: Source) -> Text:
    """A whole source as one expression, as `bascule eval` has it."""
    return Text(source.text, source.span(0, len(source.text)), source.span)


def expression(
    text: Text,
    scope: Scope,
    diagnostics: Diagnostics,
    *,
    expected: Type | None = None,
    known: Facts = presence.NONE,
    deferred: bool = False,
) -> Node | None:
    """The checked tree of an expression, or None when something was reported.

    `expected` is the type it must have; `known` the paths known present where it stands; `deferred` leaves presence
    to the places that read it (a variable is checked where used).
    """
    try:
        parsed = parse(text.text)
    except SyntaxFault as fault:
        report(fault, text, diagnostics)
        return None
    return typed(parsed, text, scope, diagnostics, expected=expected, known=None if deferred else known)


def report(fault: SyntaxFault, text: Text, diagnostics: Diagnostics) -> None:
    """Report a fault of the syntax at its place in the document."""
    diagnostics.error(fault.code, text.span_at(fault.start, fault.end), fault.message, remedy=fault.remedy)


def typed(
    parsed: Syntax,
    text: Text,
    scope: Scope,
    diagnostics: Diagnostics,
    *,
    expected: Type | None = None,
    known: Facts | None = presence.NONE,
    called: str = "",
) -> Node | None:
    """The checked tree of syntax whose offsets are those of `text`; otherwise as `expression`.

    With `known` None presence is left to whoever reads it; `called` is the name of the expected type, where it has one.
    """
    try:
        node = Checker(scope, text, diagnostics).check(parsed, expected)
    except Untyped:
        return None
    if not _small(node, diagnostics):
        return None
    if expected is not None and not fits(node.type, expected):
        diagnostics.error(
            "cel-type",
            node.span,
            f"this is {show(node.type)} where {show(expected)} is needed",
            expected=show(expected),
            remedy=conversion(
                text.text[parsed.start : parsed.end], node.type, expected, literal=isinstance(node, Constant)
            ),
        )
        return None
    if expected is not None and (never := _never_fits(node, expected)):
        diagnostics.error("cel-out-of-range", node.span, never, expected=f"a value of {bounded(expected, called)}")
        return None
    if known is not None and not covered(node, known, diagnostics):
        return None
    return node


def _small(node: Node, diagnostics: Diagnostics) -> bool:
    """Whether an expression, its variables written out, is one that every reader can go through."""
    reach = extent(node)
    if reach.depth > MAX_WRITTEN_DEPTH:
        found, most = "cel-too-deep", f"nests deeper than {MAX_WRITTEN_DEPTH} levels"
    elif reach.size > MAX_WRITTEN_SIZE:
        found, most = "cel-too-large", f"has more than {MAX_WRITTEN_SIZE} parts"
    else:
        return True
    diagnostics.error(
        found,
        node.span,
        f"with its variables written out, the expression {most}",
        expected="fewer variables that read each other",
    )
    return False


def _never_fits(node: Node, expected: Type) -> str:
    """Why no value of an expression can lie within the bounds of a type; empty where one can."""
    if isinstance(node, Constant):
        return fits_value(outer(node.value, node.type), expected)
    found = node.type
    if isinstance(found, IntType | DoubleType | DurationType) and isinstance(expected, type(found)):
        if found.maximum < expected.minimum:
            least = outer(expected.minimum, found)
            return f"this is never above {outer(found.maximum, found)}, and at least {least} is needed"
        if found.minimum > expected.maximum:
            most = outer(expected.maximum, found)
            return f"this is never below {outer(found.minimum, found)}, and at most {most} may stand here"
    return ""


def fits(found: Type, expected: Type) -> bool:
    """Whether a value of one type may stand where another is expected (bounds are checked at run time)."""
    return same(found, expected)


def covered(node: Node, known: Facts, diagnostics: Diagnostics) -> bool:
    """Whether every guarded read of a tree is known present; reports those that are not."""
    missing = presence.needs(node, known)
    for need in missing:
        _report(need, diagnostics)
    return not missing


def _report(need: Need, diagnostics: Diagnostics) -> None:
    read = need.node
    shown = " ".join(read.span.text.split())
    message = f"`{shown}` may be {'null' if isinstance(read, Select) and read.field.nullable else 'absent'} here"
    if isinstance(read, Entry):
        message += ": nothing says that the key is in the map"
    if need.through:
        message += f", and `{need.through[0][0]}` reads it"
    test = _test(read, shown)
    remedy = f"`{test} && …`, or `{test} ? … : <value>`"
    if path_of(read) is None:
        remedy = "a variable for the record, and a test of its field"
    diagnostics.error(
        "cel-absent",
        need.span,
        message,
        expected="a presence test that every way here passes",
        remedy=remedy,
        notes=[(span, f"`{name}` reads it here") for name, span in need.through],
    )


def _test(read: Node, shown: str) -> str:
    """The expression that tells whether a read is there."""
    if isinstance(read, Entry):
        key = read.key.span.text
        if isinstance(read.key, Constant) and key == shown:  # `map.key`
            key = f'"{read.key.value}"'
        return f"{key} in {read.operand.span.text}"
    bare = isinstance(read, Root) and "." not in shown
    return f"has(inputs.{shown})" if bare else f"has({shown})"


@dataclass(frozen=True, slots=True)
class Template:
    """A message: text and placeholders in turn."""

    parts: tuple[str | Placeholder, ...]
    span: Span


Part: TypeAlias = str | Placeholder


_FORMAT = re.compile(r":(,?(?:\.\d{1,2}[f%e]|d)?)$")
_DOUBLE_FORMAT = re.compile(r",?\.\d{1,2}[f%]|\.\d{1,2}e")
_INT_FORMAT = re.compile(r",?d?")


def template(
    scalar: Scalar, scope: Scope, diagnostics: Diagnostics, *, known: Facts = presence.NONE
) -> Template | None:
    """The checked message in a scalar. `{{` and `}}` are braces; everything in `{…}` is an expression."""
    parts: list[Part] = []
    literal: list[str] = []
    failed = False
    text, at = scalar.text, 0
    while at < len(text):
        character = text[at]
        if text.startswith(("{{", "}}"), at):
            literal.append(character)
            at += 2
        elif character == "}":
            diagnostics.error(
                "message-brace", scalar.span_at(at, at + 1), "`}` closes nothing", remedy="`}}` for a brace"
            )
            failed, at = True, at + 1
        elif character == "{":
            end = _closing(text, at)
            if end < 0:
                diagnostics.error(
                    "message-brace",
                    scalar.span_at(at, at + 1),
                    "`{` is not closed",
                    remedy="`}` where it ends, or `{{` for a brace",
                )
                return None
            placeholder = _placeholder(scalar, at + 1, end, scope, diagnostics, known)
            failed |= placeholder is None
            if placeholder is not None:
                parts += ["".join(literal), placeholder]
                literal = []
            at = end + 1
        else:
            literal.append(character)
            at += 1
    parts.append("".join(literal))
    return None if failed else Template(tuple(part for part in parts if part != ""), scalar.span)


def _closing(text: str, start: int) -> int:
    """The index of the brace that closes the one at `start`; braces in quoted text and maps do not count."""
    depth, quote, at = 0, "", start
    while at < len(text):
        character = text[at]
        if quote:
            if character == "\\":
                at += 1
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        else:
            depth += (character == "{") - (character == "}")
            if depth == 0:
                return at
        at += 1
    return -1


def _placeholder(
    scalar: Scalar, start: int, end: int, scope: Scope, diagnostics: Diagnostics, known: Facts
) -> Placeholder | None:
    inner = scalar.text[start:end]
    match = _FORMAT.search(inner)
    format_, stop = "", end
    if match is not None and _conditional_depth(inner[: match.start()]) == 0:
        format_, stop = match.group(1), start + match.start()
    elif (colon := inner.rfind(":")) >= 0 and _conditional_depth(inner[:colon]) == 0:
        diagnostics.error(
            "message-format",
            scalar.span_at(start + colon, end),
            f"`{inner[colon:]}` is not a format",
            expected="`:.2f`, `:,.2f`, `:.1%`, `:.3e` for a double, `:,` for an int",
        )
        return None
    node = expression(text_of(scalar, start, stop), scope, diagnostics, known=known)
    if node is None:
        return None
    return Placeholder(node, format_) if _format_fits(node, format_, scalar.span_at(start, end), diagnostics) else None


def _conditional_depth(text: str) -> int:
    """How many `?` of a conditional still wait for their `:`; quoted text aside."""
    bare = re.sub(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'", "", text)
    return bare.count("?") - bare.count(":")


def _instead(t: Type, text: str) -> str:
    """What can be written of a value that cannot."""
    if isinstance(t, RecordType):
        field = next((f.name for f in t.fields if isinstance(f.type, StringType | EnumType)), "field")
        return f"`{{{text}.{field}}}`"
    return f"`{{size({text})}}`"


def _format_fits(node: Node, format_: str, span: Span, diagnostics: Diagnostics) -> bool:
    match node.type:
        case DoubleType():
            if _DOUBLE_FORMAT.fullmatch(format_):
                return True
            diagnostics.error(
                "message-format",
                span,
                "a double needs a format that says its decimals",
                expected="`:.2f`, `:,.2f`, `:.1%`, `:.3e`",
                remedy=f"`{{{node.span.text}:.2f}}`",
            )
        case IntType():
            if _INT_FORMAT.fullmatch(format_):
                return True
            diagnostics.error(
                "message-format", span, f"`:{format_}` is not a format of an int", expected="none, or `:,`"
            )
        case BoolType() | StringType() | EnumType() | TimestampType() | DurationType():
            if not format_:
                return True
            diagnostics.error(
                "message-format", span, f"`{show(node.type)}` takes no format", remedy=f"`{{{node.span.text}}}`"
            )
        case other:
            diagnostics.error(
                "message-format",
                span,
                f"`{show(other)}` cannot be written in a message",
                expected="a number, text, time or enum",
                remedy=_instead(other, node.span.text),
            )
    return False
