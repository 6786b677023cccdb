"""Why a text is not YAML, said in the words of someone who meant to write a policy.

The traps of `_TRAPS` look in order at the place where PyYAML stopped and at the value that was being
written there; the first that knows the fault explains it and says what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from yaml.error import MarkedYAMLError

from rules.diagnostics import Diagnostic
from rules.source import Source
from rules.yaml_fault import Fault, locate
from rules.yaml_indent import WORD_COLON, colonless_entry, indentation, misplaced_line, missing_colon, missing_key
from rules.yaml_traps import at_key, bang, comparison, quoted, shown, text_end

_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{0,2}|u[0-9a-fA-F]{0,4}|U[0-9a-fA-F]{0,8}|.)")
_NEXT_KEY = re.compile(r"('[^'\n]*'|\"[^\"\n]*\"|[\w.?-]+)\s*:(?:\s|$)")
_WORD_KEY = re.compile(r"([\w.%+-]+) +([A-Za-z_][\w.-]*):(?= )")
_QUESTION_KEY = re.compile(r"([\w.-]+\?)(\s*:.*)", re.DOTALL)
_TERNARY = re.compile(r"\?.*:", re.DOTALL)
_INDICATORS = {
    "&": "an anchor",
    "*": "an alias",
    "|": "a text of several lines",
    "%": "a directive",
    "@": "a character kept for later",
    "`": "a character kept for later",
    ",": "the end of an entry",
    "]": "the end of a list",
    "}": "the end of a mapping",
    "-": "an entry of a list",
    "?": "a key",
    "[": "a list",
}


def explain(source: Source, error: MarkedYAMLError) -> Diagnostic:
    """The diagnostic for a text at which PyYAML stopped."""
    fault = locate(source, error)
    for trap in _TRAPS:
        if diagnostic := trap(fault):
            return diagnostic
    return not_yaml(source, fault.at)


def not_yaml(source: Source, at: int) -> Diagnostic:
    """The diagnostic for a text of which nothing better can be said."""
    return Diagnostic(
        "yaml-syntax",
        source.span(at, at + 1),
        "YAML cannot be read from here on",
        "a `key: value` line, a `- entry` line or the end of the document",
    )


def bad_escape(source: Source, start: int) -> Diagnostic:
    """An escape in double quotes that means no character."""
    match = _ESCAPE.match(source.text, start)
    end = match.end() if match else start + 1
    escape = source.text[start:end]
    return Diagnostic(
        "yaml-escape",
        source.span(start, end),
        f"{shown(escape)} is no escape of YAML that means a character",
        "a character as it is, or an escape such as `\\n` or `\\U0001F600`",
        f"`\\\\` for a backslash, or the text in single quotes, where {shown(escape)} stays as it is",
    )


def directive(source: Source, at: int) -> Diagnostic:
    """A directive line before a document."""
    line = source.line(source.position(at)[0])
    return Diagnostic(
        "yaml-directive",
        source.span(at, at + len(line)),
        f"{shown(line)} is a directive; policy documents are YAML 1.2 and have none",
        "the document itself",
        "the document without this line",
    )


# What YAML itself says clearly enough.


def _directive(fault: Fault) -> Diagnostic | None:
    is_directive = "directive" in fault.context + fault.problem
    return directive(fault.source, fault.opened or fault.at) if is_directive else None


def _tab(fault: Fault) -> Diagnostic | None:
    if fault.char != "\t":
        return None
    return Diagnostic(
        "yaml-tab",
        fault.source.span(fault.at, fault.at + 1),
        "a tab stands outside quotes",
        "spaces: YAML does not indent with tabs",
        "spaces in place of the tab",
    )


def _open_quote(fault: Fault) -> Diagnostic | None:
    if fault.opened is None or not fault.problem.startswith("found unexpected"):
        return None
    return _never_closed(fault, fault.opened)


def _escape(fault: Fault) -> Diagnostic | None:
    if "escape" not in fault.problem or "double-quoted" not in fault.context:
        return None
    start = fault.source.text.rfind("\\", 0, fault.at)
    return bad_escape(fault.source, start)


# A value that needed quotes.


def _question_key(fault: Fault) -> Diagnostic | None:
    match = _QUESTION_KEY.fullmatch(fault.value)
    if not match or not fault.flow or fault.char != "?" or fault.begin.kind == "value":
        return None
    return fault.told(
        "yaml-flow-question-mark",
        f"inside `{{…}}` the key {shown(match[1])} needs quotes: YAML reads `?` as a sign of its own",
        "a key with `?` in quotes, or the mapping written over several lines",
        quoted(match[1]) + match[2],
    )


def _bang(fault: Fault) -> Diagnostic | None:
    within = fault.one_line or fault.at <= fault.end
    if not fault.value.startswith("!") or not within:
        return None
    return bang(fault.source, fault.start, fault.end, fault.quoted())


def _comparison(fault: Fault) -> Diagnostic | None:
    if fault.char != ">" or fault.at != fault.start:
        return None
    return comparison(fault.source, fault.start, fault.end, fault.quoted())


def _quote_then_text(fault: Fault) -> Diagnostic | None:
    match = _QUOTED.match(fault.source.text, fault.start)
    if not match or match.end() > fault.at or _next_key(fault):
        return None
    if "\n" in match.group():
        return _never_closed(fault, fault.start)
    value, after = fault.value, fault.source.text[match.end() : match.end() + 1]
    if WORD_COLON.fullmatch(value) and fault.begin.kind != "value":
        return None
    apostrophe = after.isalnum() and value.endswith(match.group()[0])  # 'it's late'
    meant = at_key(fault.begin.key, quoted(value[1:-1])) if apostrophe else ""
    return fault.told(
        "yaml-quote-then-text",
        f"{shown(value)} goes on after its quoted text {shown(match.group())}",
        "the whole value in one pair of quotes",
        meant,
    )


def _bracket_then_text(fault: Fault) -> Diagnostic | None:
    if fault.value[:1] not in ("{", "[") or not fault.start < fault.at < fault.end or _next_key(fault):
        return None
    if fault.value[0] == "[":
        return _starts_with(fault)
    return fault.told(
        "yaml-unquoted-placeholder",
        f"YAML reads the start of {shown(fault.value)} as a mapping, not as text",
        "a text that starts with a placeholder in quotes",
    )


def _indicator(fault: Fault) -> Diagnostic | None:
    first = fault.value[:1]
    if first in ("&", "*"):
        return _starts_with(fault) if fault.at <= fault.end else None
    return _starts_with(fault) if first in _INDICATORS and fault.at == fault.start else None


def _starts_with(fault: Fault) -> Diagnostic:
    first = fault.value[0]
    sign = "a backtick" if first == "`" else f"`{first}`"
    return fault.told(
        "yaml-unquoted-indicator",
        f"{shown(fault.value)} starts with {sign}, which YAML reads as {_INDICATORS[first]}",
        "the value in quotes",
    )


def _ternary(fault: Fault) -> Diagnostic | None:
    if fault.char not in ("?", ":") or not _TERNARY.search(fault.value):
        return None
    if not fault.flow and " ? " not in fault.value:
        return None
    sign = "`?`" if fault.char == "?" else "` : `"
    return fault.told(
        "yaml-unquoted-ternary",
        f"the {sign} of {shown(fault.value)} is a sign of YAML's own outside quotes",
        "an expression with `? :` in quotes",
    )


def _question(fault: Fault) -> Diagnostic | None:
    if not fault.flow or fault.char != "?":
        return None
    return fault.told(
        "yaml-flow-question-mark",
        f"inside `{{…}}` and `[…]` a text with `?` needs quotes: {shown(fault.value)}",
        "the text in quotes",
    )


def _flow_bracket(fault: Fault) -> Diagnostic | None:
    inside = fault.flow and fault.start < fault.at < fault.end
    if not inside or not re.search(r"[\[\]{}]", fault.value) or _next_key(fault):
        return None
    return fault.told(
        "yaml-flow-bracket",
        f"inside `{{…}}` and `[…]` a value with a bracket needs quotes: {shown(fault.value)}",
        "the value in quotes",
    )


def _colon(fault: Fault) -> Diagnostic | None:
    if fault.char != ":" or not fault.one_line or fault.begin.kind != "value":
        return None
    if fault.flow and (match := _WORD_KEY.match(fault.value)):
        return _comma_before(fault, match)
    return fault.told(
        "yaml-unquoted-colon",
        f"YAML reads `: ` inside the unquoted {shown(fault.value)} as a key and its value",
        "the value in quotes" + (", or a comma before the next key" if fault.flow else ""),
    )


def _comma_before(fault: Fault, match: re.Match[str]) -> Diagnostic:
    """`{default: 0.7 env: X}`: a value of one word, and behind it the next key."""
    source, start = fault.source, fault.start
    return Diagnostic(
        "yaml-missing-comma",
        source.span(start, start + match.end(2) + 1),
        f"no comma stands between {shown(match[1])} and {shown(match[2])}",
        "a comma between entries",
        at_key(fault.begin.key, f"{match[1]}, {match[2]}:"),
    )


# Lines and brackets that do not fit.


def _missing_comma(fault: Fault) -> Diagnostic | None:
    if not fault.flow or not (key := _next_key(fault)):
        return None
    return Diagnostic(
        "yaml-missing-comma",
        fault.source.span(fault.at, fault.at + len(key)),
        f"no comma stands before {shown(key)}",
        "a comma between entries",
        f", {key}:",
    )


def _next_key(fault: Fault) -> str:
    """The key that begins where YAML stopped inside a flow collection, if one does."""
    match = _NEXT_KEY.match(fault.source.text, fault.at)
    return match[1] if match and fault.flow and fault.at > fault.start else ""


def _stray_bracket(fault: Fault) -> Diagnostic | None:
    if fault.char not in ("]", "}"):
        return None
    return Diagnostic(
        "yaml-unbalanced",
        fault.source.span(fault.at, fault.at + 1),
        f"`{fault.char}` closes nothing that was opened with `{'[' if fault.char == ']' else '{'}`",
        "brackets in pairs",
    )


def _open_bracket(fault: Fault) -> Diagnostic | None:
    if not fault.flow:
        return None
    opener = fault.source.text[fault.opener]
    closer = "]" if opener == "[" else "}"
    where = fault.source.span(fault.at, fault.at + 1)
    return Diagnostic(
        "yaml-unbalanced",
        fault.source.span(fault.opener, fault.opener + 1),
        f"`{opener}` is not closed before YAML finds something that does not belong in it",
        f"`,` or `{closer}`",
        f"`{closer}` where the {'list' if opener == '[' else 'mapping'} ends",
        notes=((where, "this does not belong in it"),),
    )


def _never_closed(fault: Fault, start: int) -> Diagnostic:
    source = fault.source
    quote = source.text[start]
    end = text_end(source.text, start, flow=fault.flow, comments=False)
    closed = source.text[start:end] + quote
    inside = "`''`" if quote == "'" else '`\\"`'
    return Diagnostic(
        "yaml-unbalanced",
        source.span(start, end),
        f"the quote `{quote}` is not closed on its line",
        f"a closing `{quote}`, with a `{quote}` inside the text written as {inside}",
        at_key(fault.begin.key, closed) if start == fault.start else closed,
    )


_TRAPS: tuple[Callable[[Fault], Diagnostic | None], ...] = (
    _directive,
    _tab,
    _open_quote,
    _escape,
    colonless_entry,
    misplaced_line,
    _question_key,
    _bang,
    _comparison,
    _quote_then_text,
    _bracket_then_text,
    _indicator,
    _ternary,
    _question,
    _missing_comma,
    _flow_bracket,
    _colon,
    missing_colon,
    _stray_bracket,
    _open_bracket,
    missing_key,
    indentation,
)
