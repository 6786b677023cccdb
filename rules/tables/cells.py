"""What the cells of a table say: tests of a column's value as S-FEEL has them, results, and `= …` for CEL.

| cell | means |
|---|---|
| `-` | any value |
| `0.75`, `LONG`, `true`, `60s` | the value is this |
| `>= 0.75`, `< params.cap` | it compares so |
| `[0.3..0.45)` | it lies between, the bracket says whether the end belongs |
| `A, B` | it is one of these, each a test of its own |
| `not(A, B)` | it is none of these |
| `= expr` | in a result: what CEL gives; in a test: the CEL condition holds |

A cell becomes CEL syntax over the column's name, which the checker then types, so a word that is not in an enum is
told like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rules.cel.parsing import parse
from rules.cel.shifting import shifted
from rules.cel.syntax import Apply, Constant, Member, Name, Syntax
from rules.cel.syntax_faults import SyntaxFault
from rules.tables.pipe import Cell
from rules.types import BoolType, DurationType, EnumType, StringType, Type

ANY = "-"
COMPARISONS = {"<=": "_<=_", ">=": "_>=_", "!=": "_!=_", "<": "_<_", ">": "_>_"}
Sign = Literal["<=", ">=", "!=", "<", ">", "=="]

_COMPARISON = re.compile(r"(<=|>=|!=|<|>)\s*")
_INTERVAL = re.compile(r"([\[(])(.*?)\.\.(.*)([\])])", re.DOTALL)
_NOT = re.compile(r"not\s*\((.*)\)", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DECIMAL_COMMA = re.compile(r"(?<![\w.\"])([0-9]+),([0-9]+)(?![\w.])")
_DURATION = re.compile(r"-?(\d+(\.\d+)?(h|ms|us|m|s))+")


@dataclass(frozen=True, slots=True)
class Compared:
    """The column against one value."""

    sign: Sign
    operand: Syntax
    cell: Cell


@dataclass(frozen=True, slots=True)
class Condition:
    """A CEL condition by itself."""

    expression: Syntax
    cell: Cell


@dataclass(frozen=True, slots=True)
class Test:
    """What a cell asks: one of `ways` holds (each a list of comparisons that all do), or none where `negated`."""

    ways: tuple[tuple[Compared, ...], ...]
    negated: bool
    cell: Cell


def read_test(cell: Cell, column: Type) -> Test | Condition | None:
    """The test in a cell; None for one that admits any value. Raises `SyntaxFault` with offsets into the scalar."""
    if cell.text == ANY:
        return None
    if cell.text.startswith("="):
        return Condition(_parsed(cell.part(1, len(cell.text))), cell)
    inner = _NOT.fullmatch(cell.text)
    body = cell.part(*inner.span(1)) if inner else cell
    ways = tuple(_way(part, column) for part in _split(body))
    return Test(ways, inner is not None, cell)


def read_result(cell: Cell, wanted: Type) -> Syntax:
    """What a result cell gives: CEL after `=`, else a word, a number, a text. Raises `SyntaxFault`."""
    if cell.text.startswith("="):
        return _parsed(cell.part(1, len(cell.text)))
    return _value(cell, wanted)


def read_expression(cell: Cell) -> Syntax:
    """A cell that is CEL as it stands. Raises `SyntaxFault`."""
    if not cell.text:
        raise SyntaxFault("table-cell", cell.start, cell.start + 1, "the cell is empty", "an expression")
    return _parsed(cell)


def condition_of(test: Test | Condition, column: str) -> Syntax:
    """The test as a condition over the column's name."""
    if isinstance(test, Condition):
        return test.expression
    ways = [_joined("_&&_", [_compared(part, column) for part in way]) for way in test.ways]
    either = _joined("_||_", ways)
    start, end = test.cell.start, test.cell.end
    return Apply("!_", None, (either,), start, end) if test.negated else either


def shown(test: Test | Condition, column: str) -> str:
    """The test as a person reads it."""
    text = test.cell.text
    if isinstance(test, Condition):
        return text.removeprefix("=").strip()
    if text in ("true", "false"):
        return column if text == "true" else f"not {column}"
    plain = len(test.ways) == 1 and not test.negated
    if plain and _COMPARISON.match(text):
        return f"{column} {text}"
    return f"{column} = {text}" if plain and len(test.ways[0]) == 1 else f"{column} in {text}"


def _compared(part: Compared, column: str) -> Syntax:
    start, end = part.cell.start, part.cell.end
    name = Name(column, start, end)
    if part.sign == "==" and isinstance(part.operand, Constant) and isinstance(part.operand.value, bool):
        return name if part.operand.value else Apply("!_", None, (name,), start, end)  # so that its facts are known
    function = COMPARISONS.get(part.sign, "_==_")
    return Apply(function, None, (name, part.operand), start, end)


def _joined(function: str, parts: list[Syntax]) -> Syntax:
    """The parts under one operator, left to right."""
    first, *rest = parts
    for part in rest:
        first = Apply(function, None, (first, part), first.start, part.end)
    return first


def _way(cell: Cell, column: Type) -> tuple[Compared, ...]:
    """One alternative of a cell."""
    interval = _INTERVAL.fullmatch(cell.text)
    if interval is not None:
        opens, closes = interval[1] == "(", interval[4] == ")"
        low, high = (_value(cell.part(*interval.span(group)), column) for group in (2, 3))
        return (Compared(">" if opens else ">=", low, cell), Compared("<" if closes else "<=", high, cell))
    sign = _COMPARISON.match(cell.text)
    if sign is not None:
        operand = _value(cell.part(sign.end(), len(cell.text)), column)
        return (Compared(_sign(sign[1]), operand, cell),)
    return (Compared("==", _value(cell, column), cell),)


def _sign(text: str) -> Sign:
    signs: dict[str, Sign] = {"<=": "<=", ">=": ">=", "!=": "!=", "<": "<", ">": ">"}
    return signs[text]


def _value(cell: Cell, wanted: Type) -> Syntax:
    """A value as a cell writes it: bare words where the type has words, durations as `60s`, else CEL."""
    quoted = cell.text.startswith(('"', "'"))
    if isinstance(wanted, EnumType) and _WORD.fullmatch(cell.text):
        return Constant(cell.text, cell.start, cell.end)
    if isinstance(wanted, StringType) and cell.text and not quoted:
        return Constant(cell.text, cell.start, cell.end)
    if isinstance(wanted, DurationType) and _DURATION.fullmatch(cell.text):
        return Apply("duration", None, (Constant(cell.text, cell.start, cell.end),), cell.start, cell.end)
    if isinstance(wanted, BoolType) and cell.text in ("yes", "no"):
        word = "`true`" if cell.text == "yes" else "`false`"
        raise SyntaxFault("table-cell", cell.start, cell.end, f"`{cell.text}` is no bool", word)
    parsed = _parsed(cell)
    if not _plain(parsed):
        between = isinstance(parsed, Apply) and parsed.function == "_-_"
        low, _, high = cell.text.partition("-")
        raise SyntaxFault(
            "table-cell",
            cell.start,
            cell.end,
            f"`{cell.text}` is computed: a cell holds a value or a name",
            f"`[{low.strip()}..{high.strip()}]`" if between else "a variable, or CEL after `=`",
        )
    return parsed


def _plain(parsed: Syntax) -> bool:
    """Whether syntax is a literal, a name or a path, a time or a length of time."""
    match parsed:
        case Constant() | Name():
            return True
        case Member(operand=operand):
            return _plain(operand)
        case Apply(function="-_", args=(Constant(),)):
            return True
        case Apply(function="duration" | "timestamp", target=None):
            return True
        case _:
            return False


def _parsed(cell: Cell) -> Syntax:
    """The cell as CEL, its offsets those of the table's scalar."""
    if not cell.text:
        raise SyntaxFault("table-cell", cell.start, cell.start + 1, "the cell is empty", "`-` where any value will do")
    try:
        return shifted(parse(cell.text), cell.start)
    except SyntaxFault as fault:
        start, end = cell.start + fault.start, cell.start + fault.end
        raise SyntaxFault(fault.code, start, end, fault.message, fault.remedy) from None


def _split(cell: Cell) -> Iterator[Cell]:
    """The alternatives of a cell: what stands between commas outside brackets and quotes."""
    comma = _DECIMAL_COMMA.search(cell.text)
    if comma is not None:
        start, end = cell.start + comma.start(), cell.start + comma.end()
        message = f"`{comma[0]}` could be one number or two"
        raise SyntaxFault("table-cell", start, end, message, f"`{comma[1]}.{comma[2]}`, or `{comma[1]}, {comma[2]}`")
    depth, begin, quote = 0, 0, ""
    for at, character in enumerate(cell.text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "," and depth == 0:
            yield cell.part(begin, at)
            begin = at + 1
    yield cell.part(begin, len(cell.text))
