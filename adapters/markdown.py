"""The few forms of Markdown that the generated pages are written in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A table without the columns that say nothing, and a blank line; nothing without rows."""
    listed = list(rows)
    if not listed:
        return
    kept = [at for at in range(len(head)) if any(row[at] for row in listed)]
    yield "| " + " | ".join(head[at] for at in kept) + " |"
    yield "|" + " --- |" * len(kept)
    for row in listed:
        yield "| " + " | ".join(_cell(row[at]) for at in kept) + " |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(value: object) -> str:
    """A value or an expression as documents write it."""
    return f"`{' '.join(written(value).split())}`"


def written(value: object) -> str:
    """The text of a value: YAML's words for truth, and records field by field."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {written(one)}" for name, one in value.items()) + "}"
    return str(value)


def names(words: Iterable[str]) -> str:
    """Names in a sentence."""
    return plain(f"`{word}`" for word in words)


def plain(words: Iterable[str]) -> str:
    """`a, b and c`."""
    listed = list(words)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
