"""Random well-typed expressions of the part of CEL that every implementation has, as text, over a few names.

Nothing here is of this language alone: no enums, records, aggregates or negated durations, no int literal beside a
double. What our checker would refuse as perhaps absent is read behind its test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.oracles.names import CALENDAR, DOUBLES, INTS, MOMENTS
from tests.oracles.spelling import chain, quoted, real, whole
from tests.oracles.wordings import PATTERNS, READABLE, ZONES

TYPES: dict[str, str] = {
    **{"b": "bool", "i": "int", "j": "int", "x": "double", "y": "double", "s": "string", "t": "string"},
    **{"at": "timestamp", "since": "timestamp", "wait": "duration"},
    **{"li": "list:int", "lx": "list:double", "ls": "list:string", "lt": "list:timestamp", "rows": "list:map:int"},
    **{"mi": "map:int", "mx": "map:double", "ms": "map:string"},
}
"""What an expression may read."""

SCALARS = ("bool", "int", "double", "string", "timestamp", "duration")
ORDERED = SCALARS
ITEMS = ("int", "int", "double", "double", "string", "string", "bool", "timestamp", "duration")
KEYS = ("a", "b", "ab", "")
TEXTS = (
    "",
    "a",
    "b",
    "ab",
    "ba",
    "a-b",
    "A",
    " a ",
    "é",
    "😀",
    "12",
    "-7",
    "0.5",
    "true",
    "2026-02-03T12:00:00Z",
    "90s",
)
LENGTHS = ("0s", "90s", "-1us", "1h30m", "-1000h", "2500000h", "0.5s", "1us", "100ms")
OPERATORS = {"bool": ("&&", "||"), "int": ("+", "-", "*", "/", "%"), "double": ("+", "-", "*", "/"), "string": ("+",)}
SIGNS = ("<", "<=", ">", ">=", "==", "!=")
ROUNDED = ("abs", "ceil", "floor", "round", "trunc", "sign", "sqrt")


def given(rng: Random) -> dict[str, Any]:
    """Values for every name, as Python has them."""
    return {name: _value(rng, t) for name, t in TYPES.items()}


def _value(rng: Random, t: str) -> Any:
    kind, _, inner = t.partition(":")
    match kind:
        case "list":
            return [_value(rng, inner) for _ in range(rng.choice((0, 1, 2, 2, 3)))]
        case "map":
            return {key: _value(rng, inner) for key in KEYS if rng.random() < 0.5}
        case "bool":
            return rng.random() < 0.5
        case "int":
            return rng.choice((0, 0, 1, 1, 2, 3, -1, -2, 7, 60, 3037000500, 2**62, 2**63 - 1, -(2**63)))
        case "double":
            return rng.choice((0.0, -0.0, 1.0, 0.5, 0.1, 1.5, -2.5, 3.0, 1e-300, 5e-324, 1e15, 1e308, -1e308, 2.0**63))
        case "string":
            return rng.choice(TEXTS)
        case "duration":
            return timedelta(
                microseconds=rng.choice((0, 1, -1, 90_000_000, 500_000, 3_600_000_000, 9 * 10**15, -(10**12)))
            )
        case _:
            return rng.choice(_TIMES)


_TIMES = (
    datetime(2026, 2, 3, 12, 30, 15, 250_000, UTC),
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 500_000, UTC),
    datetime(1700, 3, 1, tzinfo=UTC),
    datetime(2200, 12, 31, 23, 59, 59, 999_999, UTC),
)
"""Within what the C++ implementation takes from Python; the ends of the calendar stand in literals."""


@dataclass
class Author:
    """Writes expressions. `locals` are the loop variables in force, `known` the tests that hold where it writes."""

    rng: Random
    locals: list[tuple[str, str]] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    counter: int = 0

    def one_of(self, texts: tuple[str, ...]) -> str:
        return self.rng.choice(texts)

    def pick(self, *makers: Callable[[], str]) -> str:
        return self.rng.choice(makers)()

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    @contextmanager
    def over(self, item: str, *tests: str) -> Iterator[str]:
        """Within, a loop variable of a type; `$` in the tests that hold stands for it."""
        self.counter += 1
        name, before = f"p{self.counter}", set(self.known)
        self.locals.append((name, item))
        self.known |= {test.replace("$", name) for test in tests}
        yield name
        self.locals.pop()
        self.known = before

    @contextmanager
    def knowing(self, test: str) -> Iterator[None]:
        before = set(self.known)
        self.known.add(test)
        yield
        self.known = before

    def reads(self, wanted: str) -> list[str]:
        """The names of a type, and the entries of maps that are known to be there."""
        found = [name for name, t in (*TYPES.items(), *self.locals) if t == wanted]
        return found + [read for test, read, t in self.entries() if t == wanted and test in self.known]

    def entries(self) -> Iterator[tuple[str, str, str]]:
        """Tests, the reads that they allow, and their types."""
        texts = [name for name, t in self.locals if t == "string"]
        for name, t in (*TYPES.items(), *self.locals):
            if t.startswith("map:"):
                for key in KEYS[:3]:
                    yield f"has({name}.{key})", f"{name}.{key}", t[4:]
                    yield f"'{key}' in {name}", f"{name}['{key}']", t[4:]
                for text in ("s", *texts):
                    yield f"{text} in {name}", f"{name}[{text}]", t[4:]

    def write(self, wanted: str, depth: int) -> str:
        """An expression of a type."""
        reads = self.reads(wanted)
        if reads and (depth <= 0 or self.chance(0.2)):
            return self.rng.choice(reads)
        kind, _, inner = wanted.partition(":")
        if depth <= 0 and kind in SCALARS:
            return self.literal(wanted)
        depth -= 1
        if self.chance(0.08):
            return f"({self.write('bool', depth)} ? {self.write(wanted, depth)} : {self.write(wanted, depth)})"
        if self.chance(0.12) and (guarded := [e for e in self.entries() if e[2] == wanted]):
            test, read, _ = self.rng.choice(guarded)
            with self.knowing(test):
                then = self.pick(lambda: read, lambda: self.write(wanted, depth))
            return f"({test} ? {then} : {self.write(wanted, depth)})"
        if kind in SCALARS and self.chance(0.05):
            return f"{self.write(f'list:{kind}', depth)}[{self.pick(lambda: '0', lambda: self.write('int', 0))}]"
        if kind == "list":
            return self.list_of(inner, depth)
        if kind == "map":
            return self.map_of(inner, depth)
        return _MAKERS[kind](self, depth)

    def chained(self, wanted: str, depth: int) -> str:
        """Two or three values of a type with operators between them, in no brackets; of some types just one."""
        if wanted not in OPERATORS or depth <= 0:
            return self.write(wanted, depth)
        sides = (self.write(wanted, depth) for _ in range(self.rng.choice((2, 2, 3))))
        return chain(self.rng, OPERATORS[wanted], *sides)

    def literal(self, wanted: str) -> str:
        match wanted:
            case "bool":
                return self.one_of(("true", "false"))
            case "int":
                return whole(self.rng, self.one_of(INTS))
            case "double":
                return real(self.rng, self.one_of(DOUBLES))
            case "string":
                return quoted(self.rng, self.one_of(TEXTS))
            case "timestamp":
                return f"timestamp('{self.one_of(MOMENTS)}')"
            case _:
                return f"duration('{self.one_of(LENGTHS)}')"

    def list_of(self, item: str, depth: int) -> str:
        def literal() -> str:
            return "[" + ", ".join(self.write(item, depth) for _ in range(self.rng.randint(1, 3))) + "]"

        def filtered() -> str:
            source = self.write(f"list:{item}", depth)
            with self.over(item) as p:
                return f"{source}.filter({p}, {self.write('bool', depth)})"

        def mapped() -> str:
            source, of, *tests = self.source(depth)
            with self.over(of, *tests) as p:
                condition = f"{self.write('bool', depth)}, " if self.chance(0.3) else ""
                return f"{source}.map({p}, {condition}{self.write(item, depth)})"

        def joined() -> str:
            left = "[]" if self.chance(0.1) else self.write(f"list:{item}", depth)
            return f"({left} + {self.write(f'list:{item}', depth)})"

        def cut() -> str:
            times = self.pick(lambda: "", lambda: f", {self.one_of(('-1', '0', '1', '2'))}")
            return f"{self.write('string', depth)}.split({self.write('string', 0)}{times})"

        if depth <= 0:
            return literal()
        return self.pick(literal, joined, filtered, mapped, mapped, *([cut] if item == "string" else []))

    def map_of(self, value: str, depth: int) -> str:
        keys = self.rng.sample(KEYS, self.rng.randint(1, 3))
        return "{" + ", ".join(f"'{key}': {self.write(value, depth)}" for key in keys) + "}"

    def source(self, depth: int) -> tuple[str, ...]:
        """What a macro goes over: its text, the type of its items, and the tests that hold for each (`$`)."""
        if self.chance(0.3):
            name = self.rng.choice([name for name, t in (*TYPES.items(), *self.locals) if t.startswith("map:")])
            return name, "string", f"$ in {name}"
        if self.chance(0.15):
            return "rows", "map:int"
        item = self.one_of(ITEMS)
        return self.write(f"list:{item}", depth), item


def boolean(author: Author, depth: int) -> str:
    """A condition."""

    def compared() -> str:
        t = author.one_of(ORDERED)
        left = author.chained(t, depth)
        sides = [left, left if author.chance(0.2) else author.chained(t, depth)]
        return f"({chain(author.rng, SIGNS, *sides)})"

    def equal() -> str:
        t = author.one_of(("list:int", "list:double", "list:string", "map:int", "map:double", "list:map:int"))
        empty = author.one_of(("[]", "")) if t.startswith("list") else author.one_of(("{}", ""))
        return f"({author.write(t, depth)} {author.one_of(('==', '!='))} {empty or author.write(t, depth)})"

    def logic() -> str:
        return f"({author.chained('bool', depth)})"

    def guard() -> str:
        test, _, _ = author.rng.choice(list(author.entries()))
        with author.knowing(test):
            right = author.write("bool", depth)
        return author.one_of((f"({test} && {right})", f"(!({test}) || {right})"))

    def macro() -> str:
        source, of, *tests = author.source(depth)
        with author.over(of, *tests) as p:
            word = author.one_of(("exists", "all", "exists_one"))
            return f"{source}.{word}({p}, {author.write('bool', depth)})"

    def member() -> str:
        if author.chance(0.3):
            return (
                f"({author.write('string', depth)} in {author.write(author.one_of(('map:int', 'map:double')), depth)})"
            )
        t = author.one_of(ITEMS)
        return f"({author.write(t, depth)} in {author.write(f'list:{t}', depth)})"

    def texts() -> str:
        if author.chance(0.4):
            return f"{author.write('string', depth)}.matches({author.one_of(PATTERNS)})"
        word = author.one_of(("contains", "startsWith", "endsWith"))
        return f"{author.write('string', depth)}.{word}({author.write('string', depth)})"

    return author.pick(
        *(compared, compared, compared, logic, logic, guard, macro, macro, member, texts, equal),
        lambda: f"!({author.write('bool', depth)})",
        lambda: f"bool({author.pick(lambda: author.one_of(READABLE['bool']), lambda: author.write('string', depth))})",
    )


def integer(author: Author, depth: int) -> str:
    """An int."""

    def arithmetic() -> str:
        return f"({author.chained('int', depth)})"

    def size() -> str:
        t = author.one_of(("string", "list:int", "list:string", "map:int"))
        return f"size({author.write(t, depth)})"

    def clock() -> str:
        if author.chance(0.3):
            return f"{author.write('duration', depth)}.{author.one_of(CALENDAR[-4:])}()"
        zone = f"'{author.one_of(ZONES)}'" if author.chance(0.5) else ""
        return f"{author.write('timestamp', depth)}.{author.one_of(CALENDAR)}({zone})"

    def place() -> str:
        start = f", {author.write('int', 0)}" if author.chance(0.5) else ""
        word = author.one_of(("indexOf", "lastIndexOf"))
        return f"{author.write('string', depth)}.{word}({author.write('string', 0)}{start})"

    def several() -> str:
        args = ", ".join(author.write("int", depth) for _ in range(author.rng.randint(1, 3)))
        return f"math.{author.one_of(('least', 'greatest'))}({args})"

    return author.pick(
        *(arithmetic, arithmetic, arithmetic, size, clock, clock, place, several),
        lambda: f"(-{author.write('int', depth)})",
        lambda: f"math.{author.one_of(('abs', 'sign'))}({author.write('int', depth)})",
        lambda: f"int({author.write(author.one_of(('double', 'string', 'timestamp', 'int')), depth)})",
    )


def number(author: Author, depth: int) -> str:
    """A double."""

    def arithmetic() -> str:
        return (
            f"({author.write('double', depth)} {author.one_of(('+', '-', '*', '/'))} {author.write('double', depth)})"
        )

    def several() -> str:
        args = ", ".join(author.write("double", depth) for _ in range(author.rng.randint(1, 3)))
        return f"math.{author.one_of(('least', 'greatest'))}({args})"

    return author.pick(
        *(arithmetic, arithmetic, arithmetic, several),
        lambda: f"(-{author.write('double', depth)})",
        lambda: f"math.{author.one_of(ROUNDED)}({author.write('double', depth)})",
        lambda: f"double({author.write(author.one_of(('int', 'int', 'string', 'double')), depth)})",
    )


def text(author: Author, depth: int) -> str:
    """A text."""
    made = author.write("string", depth)
    return author.pick(
        lambda: f"({made} + {author.write('string', depth)})",
        lambda: f"string({author.write(author.one_of(SCALARS), depth)})",
        lambda: f"string({author.write(author.one_of(('int', 'double')), depth)})",
        lambda: f"{made}.{author.one_of(('lowerAscii', 'upperAscii', 'trim'))}()",
        lambda: f"{made}.charAt({author.write('int', 0)})",
        lambda: f"{made}.substring({author.one_of(('0', '1', 'i', 'size(s)'))})",
        lambda: f"{made}.substring({author.one_of(('0', '1', 'i'))}, {author.write('int', 0)})",
        lambda: f"{made}.replace({author.write('string', 0)}, {author.write('string', 0)})",
        lambda: f"{made}.replace({author.write('string', 0)}, 'z', {author.one_of(('-1', '0', '1', '2'))})",
        lambda: f"{author.write('list:string', depth)}.join({author.one_of(('', chr(39) * 2, 's'))})",
    )


def moment(author: Author, depth: int) -> str:
    """A point in time."""
    return author.pick(
        lambda: f"({author.write('timestamp', depth)} + {author.write('duration', depth)})",
        lambda: f"({author.write('timestamp', depth)} - {author.write('duration', depth)})",
        lambda: f"({author.write('duration', depth)} + {author.write('timestamp', depth)})",
        lambda: f"timestamp({author.write(author.one_of(('int', 'timestamp')), depth)})",
        lambda: f"timestamp(string({author.write('timestamp', depth)}))",
    )


def length(author: Author, depth: int) -> str:
    """A length of time."""
    return author.pick(
        lambda: f"({author.write('timestamp', depth)} - {author.write('timestamp', depth)})",
        lambda: f"({author.write('duration', depth)} {author.one_of(('+', '-'))} {author.write('duration', depth)})",
        lambda: f"duration({author.write('duration', depth)})",
        lambda: f"duration(string({author.write('duration', depth)}))",
    )


_MAKERS: dict[str, Callable[[Author, int], str]] = {
    "bool": boolean,
    "int": integer,
    "double": number,
    "string": text,
    "timestamp": moment,
    "duration": length,
}
