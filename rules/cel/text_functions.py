"""The functions over texts, and those that read a text as a value, each overload declared once."""

from __future__ import annotations

from collections.abc import Iterator

from rules.cel.overload import Failure, Overload, declare


def _method(ident: str, name: str, signature: str, doc: str, example: str, failure: Failure = "never") -> Overload:
    return declare("method", ident, name, signature, doc, example, failure)


def _function(ident: str, name: str, signature: str, doc: str, example: str, failure: Failure = "never") -> Overload:
    return declare("function", ident, name, signature, doc, example, failure)


def _tests() -> Iterator[Overload]:
    for name, doc, example in (
        ("contains", "Whether a text holds another.", '"abc".contains("b")'),
        ("startsWith", "Whether a text begins with another.", '"abc".startsWith("a")'),
        ("endsWith", "Whether a text ends with another.", '"abc".endsWith("c")'),
    ):
        yield _method(name, name, "string string -> bool", doc, example)
    doc = "Whether an RE2 pattern, written as a literal, matches a part of a text."
    for style, example in (
        ("method", '"BTC-PERP".matches("-PERP$")'),
        ("function", 'matches("BTC-PERP", "^BTC")'),
    ):
        signature = "string literal -> bool"
        yield declare("method" if style == "method" else "function", "matches", "matches", signature, doc, example)


def _places() -> Iterator[Overload]:
    yield _method(
        "charAt", "charAt", "string int -> string",
        "The character at an index from 0; empty at the very end, an error outside.",
        '"abc".charAt(1) == "b"', "range",
    )  # fmt: skip
    for name, doc, from_doc, examples in (
        (
            "indexOf",
            "Where a text first holds another, from 0; -1 where it does not.",
            "The same, looking from an index on; an error outside.",
            ('"a-b-c".indexOf("-") == 1', '"a-b-c".indexOf("-", 2) == 3'),
        ),
        (
            "lastIndexOf",
            "Where a text last holds another; -1 where it does not.",
            "The same, starting at an index or before it; an error outside.",
            ('"a-b-c".lastIndexOf("-") == 3', '"a-b-c".lastIndexOf("-", 2) == 1'),
        ),
    ):
        yield _method(name, name, "string string -> int", doc, examples[0])
        yield _method(f"{name}_from", name, "string string int -> int", from_doc, examples[1], "range")
    yield _method(
        "substring", "substring", "string int -> string", "The text from an index on; an error outside.",
        '"BTC-PERP".substring(4) == "PERP"', "range",
    )  # fmt: skip
    yield _method(
        "substring_to", "substring", "string int int -> string",
        "The text from an index up to another; an error outside, or where they are out of order.",
        '"BTC-PERP".substring(0, 3) == "BTC"', "range",
    )  # fmt: skip


def _changes() -> Iterator[Overload]:
    for name, doc, example in (
        ("lowerAscii", "With small letters for A to Z.", '"BTC-é".lowerAscii() == "btc-é"'),
        ("upperAscii", "With capitals for a to z.", '"btc-é".upperAscii() == "BTC-é"'),
        ("trim", "Without white space at either end.", '" btc ".trim() == "btc"'),
    ):
        yield _method(name, name, "string -> string", doc, example)
    yield _method(
        "replace", "replace", "string string string -> string", "With every occurrence of one text replaced.",
        '"a.b.c".replace(".", "-") == "a-b-c"',
    )  # fmt: skip
    yield _method(
        "replace_times", "replace", "string string string int -> string",
        "With the first n occurrences replaced; all when n is below 0.",
        '"a.b.c".replace(".", "-", 1) == "a-b.c"',
    )  # fmt: skip
    yield _method(
        "split", "split", "string string -> list(string)", "The parts between separators; characters when it is empty.",
        '"BTC-PERP".split("-") == ["BTC", "PERP"]',
    )  # fmt: skip
    yield _method(
        "split_times", "split", "string string int -> list(string)",
        "At most n parts, the last with the rest; all when n is below 0.",
        '"a-b-c".split("-", 2) == ["a", "b-c"]',
    )  # fmt: skip
    yield _method("join", "join", "list(string) -> string", "The texts joined.", '["a", "b"].join() == "ab"')
    yield _method(
        "join_with", "join", "list(string) string -> string", "The texts joined by a separator.",
        '["a", "b"].join("-") == "a-b"',
    )  # fmt: skip


def _readings() -> Iterator[Overload]:
    day = '"2026-01-01T00:00:00Z"'
    for result, doc, example in (
        ("int", "The int that decimal digits write.", 'int("-12") == -12'),
        ("double", "The double nearest to a decimal number.", 'double("1.5e3") == 1500.0'),
        (
            "bool",
            "`true`, `True`, `TRUE`, `t` or `1`, and the same of false.",
            'bool("true")',
        ),
        (
            "timestamp",
            "RFC 3339; a literal is read when checked.",
            f"timestamp(string(timestamp({day}))) == timestamp({day})",
        ),
        ("duration", "As `1h30m`; a literal is read when checked.", 'duration("1" + "h") == duration("60m")'),
    ):
        yield _function(f"{result}_string", result, f"string -> {result}", doc, example, "text")


TEXTS: tuple[Overload, ...] = (*_tests(), *_places(), *_changes())
READINGS: tuple[Overload, ...] = tuple(_readings())
