"""`python -m adapters.doc_files --write | --check`: what is generated in `docs`, made from code and policies.

Of `docs/language.md` some parts are generated. A part stands between two markers of its name; everything round them is
written by people and left as it is. `docs/policies.md` is generated as a whole but for one part, the replay of recorded
trades, which is kept: `python -m tests.policies.replay --write` counts them. Output is stable: the same code, the same
text.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import click

from adapters.bootstrap import shipped_policies
from adapters.policy_page import policy_page
from rules.bundle import load
from rules.cel.functions import OVERLOADS
from rules.cel.macros import MACRO_DOCS
from rules.cel.overload import Failure, Overload, Style
from rules.codes import CODES
from rules.documents.type_specs import BASIC

PAGE = Path(__file__).parent.parent / "docs" / "language.md"
POLICIES = PAGE.parent / "policies.md"
"""The page of the shipped policies, generated as a whole but for the replay."""
REPLAY = "python -m tests.policies.replay --write"

HAS = (
    "has(path)",
    "Whether an optional or nullable field, an input or an entry of a map is there.",
    "has(order.score)",
)

_FAILURES: Mapping[Failure, str] = MappingProxyType(
    {
        "never": "",
        "overflow": "out of range",
        "division": "division by zero, out of range",
        "empty": "empty list",
        "range": "out of range",
        "text": "unreadable text",
        "incomparable": "not comparable",
    }
)
_FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "yaml": "The text of a file",
        "document": "The shape of a document",
        "bundle": "The files of a bundle",
        "types": "Types and facts",
        "cel": "Expressions",
        "message": "Messages",
        "suite": "Policy tests",
    }
)
_OTHERS = "What a policy says"


def parts() -> dict[str, str]:
    """Every generated part by its name, as text."""
    return {"functions": _functions(), "diagnostics": _diagnostics()}


def updated(text: str) -> str:
    """The page with its generated parts brought up to date. Raises ValueError when a part's markers are missing."""
    for name, wanted in parts().items():
        before, _, after = _split(text, name)
        text = before + wanted + after
    return text


def stale(text: str) -> list[str]:
    """The names of the parts that are not as the code makes them. Raises ValueError as `updated` does."""
    return [name for name, wanted in parts().items() if _split(text, name)[1] != wanted]


def _split(text: str, name: str) -> tuple[str, str, str]:
    """The page up to a part, the part, and what follows it."""
    start, end = f"<!-- generated: {name} -->\n", f"<!-- end of {name} -->"
    before, found_start, rest = text.partition(start)
    part, found_end, after = rest.partition(end)
    if not found_start or not found_end:
        raise ValueError(f"the page lacks the markers of its part `{name}`: `{start.strip()}` and `{end}`")
    return before + start, part, end + after


# Functions.


def _functions() -> str:
    sections: tuple[tuple[str, Iterable[list[str]]], ...] = (
        ("Operators", _overload_rows("operator")),
        ("Functions", _overload_rows("function")),
        ("Methods", _overload_rows("method")),
    )
    lines: list[str] = []
    for title, rows in sections:
        lines += ["", f"### {title}", "", *_table(("written", "means", "may fail", "example"), rows)]
    macros = [[_code(written), meaning, _code(example)] for written, meaning, example in (*MACRO_DOCS.values(), HAS)]
    lines += ["", "### Macros", "", *_table(("written", "means", "example"), macros), "", ""]
    return "\n".join(lines)


def _overload_rows(style: Style) -> Iterator[list[str]]:
    """A row for each signature; those that differ in one plain type only share a row that calls it T."""
    for name in dict.fromkeys(overload.name for overload in OVERLOADS if overload.style == style):
        named = [overload for overload in OVERLOADS if (overload.style, overload.name) == (style, name)]
        one_result = len({overload.result for overload in named}) == 1
        groups: dict[tuple[str, str], list[Overload]] = {}
        for overload in named:
            groups.setdefault(_general(overload, keep_result=one_result), []).append(overload)
        yield from (_overload_row(general, group) for general, group in groups.items())


def _overload_row(general: tuple[str, str], group: list[Overload]) -> list[str]:
    first = group[0]
    written, meaning = signature(first), first.doc
    if len(group) > 1:
        written, meaning = general
        meaning += f" T is {_any_of(_plain_type(overload) for overload in group)}."
    return [_code(written), meaning, _FAILURES[first.failure], _code(first.example)]


def _general(overload: Overload, *, keep_result: bool) -> tuple[str, str]:
    """Signature and meaning with T in place of the one plain type that the parameters have, where they have one."""
    plain = _plain_type(overload)
    if not plain:
        return signature(overload), overload.doc
    result = "T" if overload.result == plain and not keep_result else overload.result
    params = tuple(param.replace(plain, "T") for param in overload.params)
    return signature(replace(overload, params=params, result=result)), re.sub(rf"\b{plain}\b", "T", overload.doc)


def _plain_type(overload: Overload) -> str:
    """The plain type that all parameters have, or lists of which; empty where they differ or are of any type."""
    found = {param.removeprefix("list(").removesuffix(")") for param in overload.params}
    return found.pop() if len(found) == 1 and found <= BASIC.keys() else ""


def _any_of(words: Iterable[str]) -> str:
    """`a, b or c`."""
    *others, last = words
    return f"{', '.join(others)} or {last}"


def signature(overload: Overload) -> str:
    """An overload as a policy author writes it, with types in place of values: `list(T).tail(int) → T`."""
    params = [*overload.params, *(("…",) if overload.variadic else ())]
    match overload.style, params:
        case "operator", [left, right]:
            written = _binary(overload.name, left, right)
        case "operator", [only]:
            written = overload.name.replace("_", only)
        case "method", [target, *rest]:
            written = f"{target}.{overload.name}({', '.join(rest)})"
        case _:
            written = f"{overload.name}({', '.join(params)})"
    return f"{written} → {overload.result}"


def _binary(name: str, left: str, right: str) -> str:
    if name == "_[_]":
        return f"{left}[{right}]"
    return f"{left} {name.strip('_@')} {right}"


# Diagnostic codes.


def _diagnostics() -> str:
    lines: list[str] = []
    for title, wanted in ((title, _of_family(family)) for family, title in (*_FAMILIES.items(), ("", _OTHERS))):
        rows = [[_code(code), words] for code, words in sorted(CODES.items()) if wanted(code)]
        if rows:
            lines += ["", f"### {title}", "", *_table(("code", "reported of"), rows)]
    return "\n".join([*lines, "", ""])


def _of_family(family: str) -> Callable[[str], bool]:
    """Whether a code belongs to a family; the empty one holds what no other does."""

    def belongs(code: str) -> bool:
        prefix = code.partition("-")[0]
        return prefix == family or (not family and prefix not in _FAMILIES)

    return belongs


# Markdown.


def _table(head: Iterable[str], rows: Iterable[list[str]]) -> list[str]:
    names = list(head)
    return [_row(names), _row("---" for _ in names), *(_row(row) for row in rows)]


def _row(cells: Iterable[str]) -> str:
    """A row; a bar within a cell is escaped."""
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _code(text: str) -> str:
    return f"`{text}`"


def policies(replay: str) -> str:
    """The page of the shipped policies with a replay. Raises ClickException when they do not check."""
    bundle = load(shipped_policies()).bundle
    if bundle is None:
        raise click.ClickException("the shipped policies do not check: run `bascule check`")
    return policy_page(bundle, replay)


def replay_of(page: str) -> str:
    """What a page of policies keeps of a replay. Raises ValueError when it keeps none."""
    _, replay, _ = _split(page, "replay")
    if not replay.strip():
        raise ValueError("the replay of recorded trades is empty")
    return replay


def _policies_updated() -> tuple[str, str]:
    """The page of the shipped policies as it is, and as it should be. Raises ClickException without a replay."""
    try:
        page = POLICIES.read_text("utf-8")
        return page, policies(replay_of(page))
    except (OSError, ValueError) as error:
        remedy = f"take the page from version control, or run `{REPLAY}` where the recorded trades are"
        raise click.ClickException(f"{POLICIES.parent.name}/{POLICIES.name}: {error}; {remedy}") from None


@click.command()
@click.option("--write", "mode", flag_value="write", help="Bring the page up to date.")
@click.option("--check", "mode", flag_value="check", help="Exit with 1, naming the parts that are not up to date.")
def main(mode: str | None) -> None:
    r"""Generate the reference parts of docs/language.md, functions and diagnostic codes, and docs/policies.md.

    \b
    Examples:
      python -m adapters.doc_files --write
      python -m adapters.doc_files --check
    """
    if mode is None:
        raise click.UsageError("say --write or --check")
    try:
        text = PAGE.read_text("utf-8")
        found = stale(text)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    if found and mode == "write":
        PAGE.write_text(updated(text), encoding="utf-8")
    told = [f"{PAGE.parent.name}/{PAGE.name}: {name}" for name in found]
    page, wanted = _policies_updated()
    if page != wanted:
        told.append(f"{POLICIES.parent.name}/{POLICIES.name}:")
        if mode == "write":
            POLICIES.write_text(wanted, encoding="utf-8")
    for one in told:
        click.echo(f"{one} {'written' if mode == 'write' else 'not up to date'}")
    if mode == "check" and told:
        click.echo("run `python -m adapters.doc_files --write`", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
