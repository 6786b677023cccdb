"""What a table leaves open: rows that can never apply, rows that apply together, values for which none does.

Thresholds that are parameters stand at their published values. A cell that is a CEL condition, or compares with
something else than a literal or a parameter, may or may not hold: such a row may apply anywhere it is not excluded, and
is relied on nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rules.cel.syntax import Apply, Constant, Member, Name, Syntax
from rules.tables.cells import Compared, Condition, Test
from rules.tables.regions import Box, Domain, TooMany, Value, example, intersect, numbers, remaining, words
from rules.times import parse_duration_us
from rules.types import BoolType, DoubleType, DurationType, EnumType, IntType, Type

Cells: TypeAlias = Sequence[Test | Condition | None]
"""What the condition cells of a row ask."""
UNKNOWN_WORD = "(any other word)"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of conditions: its name and the type of its values."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found. Examples are a value for each column."""

    never: Mapping[int, tuple[int, ...]]
    """Rows that never apply, with the earlier rows that take all they admit (none: a cell admits nothing)."""
    barren: Mapping[int, int]
    """Of the rows of which a cell admits nothing, the column of the first such cell."""
    overlaps: Sequence[tuple[int, int, tuple[Value, ...]]]
    """Pairs of rows that apply together."""
    gap: tuple[Value, ...] | None
    """Values for which no row applies."""
    told: bool = True
    """Whether the table could be told exactly."""


def analyse(columns: Sequence[Column], rows: Sequence[Cells], at: Mapping[str, Value]) -> Analysis:
    """The analysis of a table's rows in their order; `at` holds the values of parameters."""
    domains = [_domain(column, [row[i] for row in rows], at) for i, column in enumerate(columns)]
    boxes = [_boxes(row, domains, at) for row in rows]
    try:
        return _analysed(domains, boxes)
    except TooMany:
        return Analysis({}, {}, (), None, told=False)


def _analysed(domains: Sequence[Domain], boxes: Sequence[tuple[Box, Box | None]]) -> Analysis:
    never: dict[int, tuple[int, ...]] = {}
    barren: dict[int, int] = {}
    overlaps: list[tuple[int, int, tuple[Value, ...]]] = []
    for index, (maybe, _) in enumerate(boxes):
        earlier = [(i, sure) for i, (_, sure) in enumerate(boxes[:index]) if sure is not None]
        if not all(maybe):
            never[index], barren[index] = (), maybe.index(0)
            continue
        if not remaining([maybe], [sure for _, sure in earlier]):
            never[index] = tuple(i for i, sure in earlier if intersect(maybe, sure) is not None)
        for before, (other, _) in enumerate(boxes[:index]):
            both = intersect(maybe, other)
            if both is not None:
                overlaps.append((before, index, example(both, domains)))
    full: Box = tuple(domain.full for domain in domains)
    left = remaining([full], [sure for _, sure in boxes if sure is not None])
    return Analysis(never, barren, overlaps, example(left[0], domains) if left else None)


def _boxes(row: Cells, domains: Sequence[Domain], at: Mapping[str, Value]) -> tuple[Box, Box | None]:
    """Where a row may apply, and where it surely does; None for nowhere. A cell without regions admits nothing."""
    maybe: list[int] = []
    sure: list[int] = []
    for test, domain in zip(row, domains, strict=True):
        regions = domain.full if test is None else _regions(test, domain, at)
        maybe.append(domain.full if regions is None else regions)
        sure.append(0 if regions is None else regions)
    return tuple(maybe), (tuple(sure) if all(sure) else None)


def _regions(test: Test | Condition, domain: Domain, at: Mapping[str, Value]) -> int | None:
    """The regions that a test admits; None where that cannot be told."""
    if isinstance(test, Condition):
        return None
    found = 0
    for way in test.ways:
        admitted = domain.full
        for part in way:
            value = static_value(part.operand, at)
            if value is None:
                return None
            admitted &= _compared(part, value, domain)
        found |= admitted
    return domain.full & ~found if test.negated else found


def _compared(part: Compared, value: Value, domain: Domain) -> int:
    regions = 0
    for index, sample in enumerate(domain.samples):
        regions |= _holds(part.sign, sample, value) << index
    return regions


def _holds(sign: str, sample: Value, value: Value) -> bool:
    if isinstance(sample, str) or isinstance(value, str):
        return (sample == value) == (sign != "!=")
    match sign:
        case "<":
            return sample < value
        case "<=":
            return sample <= value
        case ">":
            return sample > value
        case ">=":
            return sample >= value
        case "==":
            return sample == value
        case _:
            return sample != value


def _domain(column: Column, tests: Cells, at: Mapping[str, Value]) -> Domain:
    """The regions of a column: those that some cell tells apart."""
    named = [
        value
        for test in tests
        if isinstance(test, Test)
        for way in test.ways
        for part in way
        if (value := static_value(part.operand, at)) is not None
    ]
    match column.type:
        case BoolType():
            return Domain(column.name, (False, True))
        case EnumType(members=members, open=is_open):
            return words(column.name, members, other=UNKNOWN_WORD if is_open else None)
        case IntType(minimum=low, maximum=high) | DurationType(minimum=low, maximum=high):
            return numbers(column.name, [v for v in named if not isinstance(v, str)], low, high, whole=True)
        case DoubleType(minimum=least, maximum=most):
            return numbers(column.name, [float(v) for v in named if not isinstance(v, str)], least, most, whole=False)
        case _:
            texts = sorted({str(v) for v in named})
            return words(column.name, texts, other=UNKNOWN_WORD)


def static_value(node: Syntax, at: Mapping[str, Value]) -> Value | None:
    """The value of a literal or of a parameter; None for anything else."""
    match node:
        case Constant(value=bool() | int() | float() | str() as value):
            return value
        case Member(operand=Name(name="params"), name=name):
            return at.get(name)
        case Apply(function="-_", args=(Constant(value=int() | float() as value),)):
            return -value
        case Apply(function="duration", target=None, args=(Constant(value=str() as text),)):
            return parse_duration_us(text)
        case _:
            return None
