"""Random expressions over things that may be absent, and worlds in which what is absent is poison.

Whatever the checker accepts must come to a value, or to an error of the language, in every world; touching an absent
value in any other way than asking whether it is there raises `Touched`, which nothing catches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from types import FunctionType, SimpleNamespace
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from engine.scalar.lines import Attributes
from engine.scalar.program import Program
from tests.rules.small_scope import ITEM, LEAF, RECORD


class Touched(BaseException):
    """An absent value was used."""


class Poison:
    """What stands for an absent value: it can be told by identity, and by nothing else."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "poison"

    def _touched(self, *_: object) -> Any:
        raise Touched

    __getattr__ = __bool__ = __hash__ = __iter__ = __len__ = __contains__ = __getitem__ = __call__ = _touched
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __sub__ = __rsub__ = _touched
    __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __neg__ = __abs__ = __float__ = __int__ = __format__ = _touched


POISON = Poison()


def poisoned(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with poison for whatever is absent."""
    assert isinstance(function, FunctionType)
    return FunctionType(function.__code__, {**function.__globals__, "UNSET": POISON})


def poisoned_program(program: Program) -> Program:
    """The program with poison for whatever is absent."""
    return replace(program, names={**program.names, "UNSET": POISON}).linked()


def is_absent(attributes: Attributes, record: str, field: str, value: object) -> bool:
    """Whether a record lacks a field."""
    return getattr(value, attributes.attribute(record, field)) is POISON


Make = Callable[..., SimpleNamespace]


def worlds(attributes: Attributes) -> Iterator[tuple[Any, ...]]:
    """Inputs of `small_scope` with every combination of present and absent."""

    def make(record: str, **fields: object) -> SimpleNamespace:
        return SimpleNamespace(**{attributes.attribute(record, name): value for name, value in fields.items()})

    now = datetime(2026, 2, 3, tzinfo=UTC)
    for a, b, bc, last, maybe, o, oc, s, price in product((False, True), repeat=9):
        if (bc and not b) or (oc and not o):
            continue
        for items in ITEMS:
            yield (
                now,
                make(
                    "Record",
                    a=0.25 if a else POISON,
                    b=make("Leaf", c=0.75 if bc else POISON, d=0.5) if b else POISON,
                    last=0.0 if last else None,
                    z=0.0 if price else 0.5,
                    big=10.0,
                    flag=a != s,
                    maybe=b if maybe else POISON,
                    n=3,
                    side="LONG",
                    other="SHORT",
                    action="BUY",
                    text="a",
                    items=[_item(make, *each) for each in items],
                    prices={"a": 0.5, "x": 0.1} if price else {"b": 1.0},
                ),
                make("Leaf", c=0.0 if oc else POISON, d=1.0) if o else POISON,
                0.5 if s else POISON,
                "x",
                timedelta(seconds=5),
            )


ITEMS: tuple[tuple[tuple[bool, bool, bool], ...], ...] = (
    (),
    ((False, False, False),),
    ((True, True, False),),
    ((False, True, True), (True, False, False)),
)


def _item(make: Make, score: bool, leaf: bool, tag: bool) -> SimpleNamespace:
    return make(
        "Item",
        id="x" if score else "a",
        side="LONG" if tag else "SHORT",
        n=1 if leaf else 0,
        x=0.5,
        score=0.5 if score else POISON,
        leaf=make("Leaf", c=0.25 if tag else POISON, d=0.75) if leaf else POISON,
        tags={"a": 1} if tag else {"x": 0},
    )


RECORDS = (LEAF, ITEM, RECORD)

# Expressions. A guarded path comes with the test that covers it.

_PATHS = (
    ("r.a", "has(r.a)"),
    ("r.b.d", "has(r.b)"),
    ("r.b.c", "has(r.b) && has(r.b.c)"),
    ("r.last", "has(r.last)"),
    ("o.d", "has(inputs.o)"),
    ("inputs.o.c", "has(inputs.o) && has(inputs.o.c)"),
    ("s", "has(inputs.s)"),
    ('r.prices["a"]', '"a" in r.prices'),
    ("r.prices.a", "has(r.prices.a)"),
    ("r.prices[k]", "k in r.prices"),
    ("r.z", "r.flag"),
)
_OF_ITEM = (
    ("{p}.score", "has({p}.score)"),
    ("{p}.leaf.d", "has({p}.leaf)"),
    ("{p}.leaf.c", "has({p}.leaf) && has({p}.leaf.c)"),
    ("double({p}.tags[k])", "k in {p}.tags"),
    ("double({p}.tags[{p}.id])", "{p}.id in {p}.tags"),
    ("{p}.x", "{p}.n > 0"),
)


class Writer:
    """Draws one expression; `items` are the loop variables in force."""

    def __init__(self, draw: DrawFn, bools: tuple[str, ...], numbers: tuple[str, ...], lists: tuple[str, ...]) -> None:
        self.draw, self.bools, self.numbers, self.lists = draw, bools, numbers, lists
        self.items: list[str] = []
        self.count = 0

    def pick(self, options: int) -> int:
        return self.draw(st.integers(0, options - 1))

    def path(self) -> tuple[str, str]:
        """A read that may need a test, and the test."""
        if self.items and self.pick(2):
            read, test = self.draw(st.sampled_from(_OF_ITEM))
            item = self.draw(st.sampled_from(self.items))
            return read.format(p=item), test.format(p=item)
        return self.draw(st.sampled_from(_PATHS))

    def number(self, depth: int) -> str:
        match self.pick(7) if depth else self.pick(2):
            case 0:
                return self.path()[0]
            case 1:
                return self.draw(st.sampled_from((*self.numbers, "0.5", "r.z")))
            case 2:
                read, test = self.path()
                return f"({test} ? {read} : {self.number(depth - 1)})"
            case 3:
                return f"(1.0 / {self.number(depth - 1)})"
            case 4:
                return f"{self.list_(depth - 1)}.map({self.item()}, {self.of_item(self.number, depth - 1)}).sum()"
            case 5:
                return f"({self.number(depth - 1)} + {self.number(depth - 1)})"
            case _:
                return f"({self.bool_(depth - 1)} ? {self.number(depth - 1)} : {self.number(depth - 1)})"

    def item(self) -> str:
        self.count += 1
        return f"p{self.count}"

    def of_item(self, write: Callable[[int], str], depth: int) -> str:
        """Something said of the loop variable just named."""
        self.items.append(f"p{self.count}")
        written = write(depth)
        self.items.pop()
        return written

    def list_(self, depth: int) -> str:
        match self.pick(6) if depth > 0 else 0:
            case 4 | 5:
                return f"{self.list_(depth - 1)}.filter({self.item()}, has(p{self.count}.score))"
            case 1:
                return f"{self.list_(depth - 1)}.filter({self.item()}, {self.of_item(self.bool_, depth - 1)})"
            case 2:
                filtered = f"r.items.filter({self.item()}, has(p{self.count}.score))"
                return f"({filtered} + {self.list_(depth - 1)})"
            case 3:
                return f"{self.list_(depth - 1)}.tail(1)"
            case _:
                return self.draw(st.sampled_from(("r.items", *self.lists)))

    def bool_(self, depth: int) -> str:
        read, test = self.path()
        if not depth:
            atoms = ("r.flag", test, f"{read} > 0.3", "has(r.maybe)", "r.maybe", *self.bools)
            return f"({self.draw(st.sampled_from(atoms))})"
        options: tuple[Callable[[], str], ...] = (
            lambda: f"({self.bool_(depth - 1)} && {self.bool_(depth - 1)})",
            lambda: f"({self.bool_(depth - 1)} || {self.bool_(depth - 1)})",
            lambda: f"!{self.bool_(depth - 1)}",
            lambda: f"({self.bool_(depth - 1)} ? {self.bool_(depth - 1)} : {self.bool_(depth - 1)})",
            lambda: f"({test} && {read} > 0.3 && {self.bool_(depth - 1)})",
            lambda: f"(!({test}) || {read} > 0.3 || {self.bool_(depth - 1)})",
            lambda: f"({self.bool_(depth - 1)} && {test} && ({self.bool_(depth - 1)} || {read} < 0.6))",
            lambda: f"({test} && (1.0 / {read} > 2.0 || {self.bool_(depth - 1)}))",
            lambda: f"(1.0 / r.z > 2.0 && {test} && {read} > 0.3)",
            lambda: f"((1.0 / r.z > 2.0 ? {test} : false) && {read} > 0.3)",
            lambda: f"(({test} || 1.0 / r.z > 2.0) && {test} && {read} > 0.3)",
            lambda: f"({self.number(depth - 1)} < 0.6)",
            lambda: f"r.items.exists({self.item()}, p{self.count}.score > 0.3)",
            lambda: f"{self.list_(depth)}.exists({self.item()}, {self.of_item(self.bool_, depth - 1)})",
            lambda: f"{self.list_(depth)}.all({self.item()}, {self.of_item(self.bool_, depth - 1)})",
            *[lambda: f"{self.list_(depth)}.all({self.item()}, p{self.count}.score > 0.3)"] * 2,
            lambda: self.guarded_by_another(depth),
            lambda: self.best(depth),
            lambda: "r.prices.all(key, r.prices[key] > 0.3)",
        )
        return self.draw(st.sampled_from(options))()

    def guarded_by_another(self, depth: int) -> str:
        """A variable read under a test of a loop variable that is not the variable's own."""
        other = self.draw(st.sampled_from(self.bools)) if self.bools else self.bool_(depth - 1)
        return f"r.items.exists({self.item()}, has(p{self.count}.score) && {other})"

    def best(self, depth: int) -> str:
        """A field of the item with the least key."""
        of = self.list_(depth)
        best = f"{of}.leastBy({self.item()}, {self.of_item(self.number, depth - 1)})"
        return f"({best}.x > 0.1 || {best}.score > 0.2)"


@st.composite
def programs(draw: DrawFn) -> tuple[dict[str, str], str]:
    """A few variables, each of which may read those before it, and a condition over them."""
    variables: dict[str, str] = {}
    names: dict[str, tuple[str, ...]] = {"b": (), "n": (), "l": ()}
    for index in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from("bnl"))
        writer = Writer(draw, names["b"], names["n"], names["l"])
        write = {"b": writer.bool_, "n": writer.number, "l": writer.list_}[kind]
        name = f"{kind}{index}"
        variables[name] = write(draw(st.integers(1, 2)))
        names[kind] = (*names[kind], name)
    writer = Writer(draw, names["b"], names["n"], names["l"])
    return variables, writer.bool_(draw(st.integers(1, 3)))
