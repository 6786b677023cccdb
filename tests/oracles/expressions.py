"""Random well-typed expressions of the policy language, as text, over a few names: small and full of repetition.

What may be absent is read where a test stands before it or one is known; a little is left to the checker to refuse.
Repetition is on purpose: an expression is often one that was written before, or one that differs from it in one mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from tests.oracles.folds import FOLDED, fold
from tests.oracles.names import (
    DOUBLES,
    FIELDS,
    INTS,
    LENGTH_FORMS,
    LENGTHS,
    LISTS,
    MOMENT_FORMS,
    MOMENTS,
    OPTIONAL,
    ORDERED,
    SCALARS,
    SIDES,
    WORDS,
    Guarded,
    Names,
    twisted,
)
from tests.oracles.paired import answer, question
from tests.oracles.wordings import changed, clock, condition, cut, place, reading


@dataclass
class Writer:
    """Writes expressions. What it wrote before and could stand anywhere is in `written`, by type."""

    rng: Random
    names: Names
    known: set[str] = field(default_factory=set)
    locals: list[tuple[str, str]] = field(default_factory=list)
    written: dict[str, list[str]] = field(default_factory=dict)
    counter: int = 0

    # -- choices

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def pick(self, *makers: Callable[[], str]) -> str:
        return self.rng.choice(makers)()

    def one_of(self, texts: tuple[str, ...]) -> str:
        return self.rng.choice(texts)

    # -- what is read

    def reads(self, wanted: str) -> list[str]:
        """The texts of a type that may be read here."""
        found = [text for text, t in (*self.names.reads, *self.locals) if t == wanted]
        for name, t in self.locals:
            if t == "Item":
                found += [f"{name}.{f}" for f, of in FIELDS.items() if of == wanted and f not in OPTIONAL]
        return found + [g.text for g in self.guarded(wanted) if self.known.issuperset(g.tests)]

    def guarded(self, wanted: str) -> list[Guarded]:
        """The reads of a type that need tests."""
        found = [g for g in self.names.guarded if g.type == wanted]
        for name, t in self.locals:
            if t == "Item":
                of = sorted(f for f in OPTIONAL if FIELDS[f] == wanted)
                found += [Guarded((f"has({name}.{f})",), f"{name}.{f}", wanted) for f in of]
            maps = [text for text, of in self.names.maps if of == wanted and t == "string"]
            found += [Guarded((f"{name} in {text}",), f"{text}[{name}]", wanted) for text in maps]
        return found

    @contextmanager
    def knowing(self, *tests: str) -> Iterator[None]:
        """Within, the tests hold."""
        before = set(self.known)
        self.known |= set(tests)
        yield
        self.known = before

    @contextmanager
    def over(self, item: str, *tests: str) -> Iterator[str]:
        """Within, a loop variable of a type; `tests` are written with `$` for its name."""
        self.counter += 1
        name = f"p{self.counter}"
        self.locals.append((name, item))
        with self.knowing(*(test.replace("$", name) for test in tests)):
            yield name
        self.locals.pop()

    # -- expressions

    def write(self, wanted: str, depth: int) -> str:
        """An expression of a type."""
        before = self.written.get(wanted, [])
        if before and self.chance(0.22):
            return twisted(self.rng, self.rng.choice(before))
        reads = self.reads(wanted)
        if reads and (depth <= 0 or self.chance(0.15)):
            return self.rng.choice(reads)
        if depth <= 0 and not wanted.startswith("list:") and wanted != "Item":
            return self.leaf(wanted)
        text = self.made(wanted, depth - 1)
        if not self.locals and not self.known:
            self.written.setdefault(wanted, []).append(text)
        return text

    def leaf(self, wanted: str) -> str:
        """A literal, or something like one where the type has none."""
        match wanted:
            case "bool":
                return self.one_of(("true", "false"))
            case "int":
                return self.one_of(INTS)
            case "double":
                return self.one_of(DOUBLES)
            case "string":
                return f"'{self.one_of(WORDS)}'"
            case "timestamp":
                return f"timestamp('{self.one_of(MOMENTS)}')"
            case "duration":
                return f"duration('{self.one_of(LENGTHS)}')"
            case _:
                return f"thing.items.leastBy({(name := self.fresh())}, {name}.amount).side"

    def fresh(self) -> str:
        """A new name for a loop variable."""
        self.counter += 1
        return f"p{self.counter}"

    def made(self, wanted: str, depth: int) -> str:
        """An expression with parts."""
        guarded = self.guarded(wanted)
        if guarded and self.chance(0.2):
            return self.tested(self.rng.choice(guarded), depth)
        if self.chance(0.1):
            return self.conditional(wanted, depth)
        if wanted in FOLDED and self.chance(0.12):
            return fold(self, wanted, min(depth, 2))
        if wanted.startswith("list:"):
            return self.list_of(wanted[5:], depth)
        if wanted in ORDERED and self.chance(0.25):
            return self.aggregate(wanted, depth)
        if wanted != "Item" and self.chance(0.03):
            return f"{self.write(f'list:{wanted}', depth)}[{self.pick(lambda: '0', lambda: self.write('int', 0))}]"
        makers = {
            "bool": self.boolean,
            "int": self.integer,
            "double": self.number,
            "string": self.text,
            "timestamp": self.moment,
            "duration": self.length,
            "Side": lambda d: f"{self.record(d)}.side",
            "Item": self.record,
        }
        return makers[wanted](depth)

    def conditional(self, wanted: str, depth: int) -> str:
        if self.chance(0.3):
            with self.knowing(test := self.rng.choice(self.tests() or ["true"])):
                then = self.write(wanted, depth)
            return f"({test} ? {then} : {self.write(wanted, depth)})"
        return f"({self.write('bool', depth)} ? {self.write(wanted, depth)} : {self.write(wanted, depth)})"

    def tests(self) -> list[str]:
        """The tests of everything guarded here."""
        return [test for t in SCALARS for g in self.guarded(t) for test in g.tests]

    def tested(self, read: Guarded, depth: int) -> str:
        """A guarded read behind its tests; now and then without."""
        tests = [test for test in read.tests if test not in self.known]
        if not tests or self.chance(0.01):
            return read.text
        if read.type == "bool" and self.chance(0.5):
            return f"({' && '.join([*tests, read.text])})"
        with self.knowing(*tests):
            then = self.pick(lambda: read.text, lambda: self.write(read.type, depth))
        return f"({' && '.join(tests)} ? {then} : {self.write(read.type, min(depth, 1))})"

    def record(self, depth: int) -> str:
        reads = [name for name, t in self.locals if t == "Item"]
        if reads and self.chance(0.4):
            return self.rng.choice(reads)
        source = self.write("list:Item", depth)
        if self.chance(0.15):
            return f"{source}[{self.pick(lambda: '0', lambda: '1', lambda: self.write('int', 0))}]"
        with self.over("Item") as p:
            keys = ", ".join(self.write(self.rng.choice(ORDERED), depth - 1) for _ in range(self.rng.randint(1, 2)))
        return f"{source}.leastBy({p}, {keys})"

    def list_of(self, item: str, depth: int) -> str:
        def literal() -> str:
            return "[" + ", ".join(self.write(item, depth - 1) for _ in range(self.rng.randint(1, 3))) + "]"

        def joined() -> str:
            return f"({self.write(f'list:{item}', depth)} + {self.write(f'list:{item}', depth)})"

        def last() -> str:
            once = ".distinct()" if item == "string" and self.rng.random() < 0.5 else ""
            return f"{self.write(f'list:{item}', depth)}.tail({self.one_of(('0', '1', '2', '(-1)', 'thing.n'))}){once}"

        def filtered() -> str:
            source = self.write(f"list:{item}", depth)
            with self.over(item) as p:
                return f"{source}.filter({p}, {self.write('bool', depth)})"

        def mapped() -> str:
            source, of, tests = self.source(depth)
            with self.over(of, *tests) as p:
                return f"{source}.map({p}, {self.write(item, depth)})"

        def mapped_if() -> str:
            source, of, tests = self.source(depth)
            with self.over(of, *tests) as p:
                return f"{source}.map({p}, {self.write('bool', depth - 1)}, {self.write(item, depth)})"

        if depth <= 0:
            return literal() if item != "Item" else self.one_of(("thing.items", "thing.more"))
        if item == "Item":
            return self.pick(joined, filtered, filtered, last, filtered)
        cuts = [lambda: cut(self, depth)] if item == "string" else []
        return self.pick(literal, joined, last, filtered, mapped, mapped, mapped, mapped_if, *cuts)

    def source(self, depth: int) -> tuple[str, str, tuple[str, ...]]:
        """What a macro goes over: its text, the type of its items, and the tests that hold for each (`$`)."""
        roll = self.rng.random()
        if roll < 0.12:
            text, _ = self.rng.choice(self.names.maps)
            return text, "string", (f"$ in {text}",)
        if roll < 0.14:
            return self.mapping(depth), "string", ()
        if roll < 0.2 and (grids := self.reads("list:list:int")):
            return self.rng.choice(grids), "list:int", ()
        if roll < 0.3:
            name = self.fresh()
            wanted = self.one_of(("score", "at"))
            return (
                f"{self.write('list:Item', depth)}.filter({name}, has({name}.{wanted}))",
                "Item",
                (f"has($.{wanted})",),
            )
        if roll < 0.75:
            return self.write("list:Item", min(depth, 2)), "Item", ()
        item = self.one_of(SCALARS)
        return self.write(f"list:{item}", depth), item, ()

    def mapping(self, depth: int) -> str:
        """A map literal of doubles."""
        keys = self.rng.sample(("'a'", "'b'", "'ab'"), self.rng.randint(1, 3))
        return "{" + ", ".join(f"{key}: {self.write('double', depth - 1)}" for key in keys) + "}"

    def aggregate(self, wanted: str, depth: int) -> str:
        words = ["min", "max"] if wanted in ("string", "timestamp") else ["sum", "sum", "min", "max"]
        if self.chance(0.75):
            source, of, tests = self.source(depth)
            with self.over(of, *tests) as p:
                items = f"{source}.map({p}, {self.write(wanted, depth - 1)})"
        else:
            items = self.write(f"list:{wanted}", depth)
        word = self.rng.choice(words)
        if word != "sum" and self.chance(0.7):
            return f"(size({items}) > 0 ? {items}.{word}() : {self.write(wanted, 0)})"
        return f"{items}.{word}()"

    def boolean(self, depth: int) -> str:
        def compared() -> str:
            t, sign = self.one_of((*ORDERED, "bool", "int", "double")), self.one_of(("<", "<=", ">", ">=", "==", "!="))
            return f"({self.write(t, depth)} {sign} {self.write(t, depth)})"

        def sides() -> str:
            return f"({self.write('Side', depth)} {self.one_of(('==', '!='))} {self.one_of(SIDES)})"

        def other_words() -> str:
            if not self.names.words:
                return sides()
            text, words = self.rng.choice(self.names.words)
            return f"({text} {self.one_of(('==', '!='))} '{self.one_of(words)}')"

        def logic() -> str:
            sign = self.one_of(("&&", "||"))
            return f"({self.write('bool', depth)} {sign} {self.write('bool', depth)})"

        def guard() -> str:
            tests = self.tests()
            if not tests:
                return logic()
            test = self.rng.choice(tests)
            with self.knowing(test):
                right = self.write("bool", depth)
            return self.one_of((f"({test} && {right})", f"(!({test}) || {right})"))

        def macro() -> str:
            source, of, tests = self.source(depth)
            with self.over(of, *tests) as p:
                word = self.one_of(("exists", "exists", "all", "all", "exists_one"))
                return f"{source}.{word}({p}, {self.write('bool', depth)})"

        def member() -> str:
            t = self.one_of((*SCALARS, "map"))
            if t == "map":
                maps = [text for text, _ in self.names.maps]
                return f"({self.write('string', depth)} in {self.rng.choice([*maps, self.mapping(depth)])})"
            return f"({self.write(t, depth)} in {self.write(f'list:{t}', depth)})"

        def lists() -> str:
            t = self.one_of(SCALARS)
            return f"({self.write(f'list:{t}', depth)} {self.one_of(('==', '!='))} {self.write(f'list:{t}', depth)})"

        def deep_has() -> str:
            return f"has({self.record(depth)}.{self.one_of(('score', 'at', 'name'))})"

        def unsure() -> str:
            read = self.rng.choice([g for g in self.names.guarded if g.type == "double"])
            return self.shuffled(read, self.rng.randint(2, 4)) if self.chance(0.15) else f"!({read.tests[0]})"

        common = (compared, compared, compared, logic, logic, guard, macro, macro, macro)
        others = (sides, other_words, member, lambda: condition(self, depth), lists, deep_has, unsure)
        last = (lambda: f"!({self.write('bool', depth)})", lambda: question(self, depth))
        return self.pick(*common, *others, *last)

    def shuffled(self, read: Guarded, size: int) -> str:
        """Tests of a read, reads of it and failures in any order: the checker has to see whether that can be read."""
        if size <= 0:
            test = " && ".join(read.tests)
            return self.rng.choice(
                (f"({test})", f"({test})", f"({read.text} > 0.0)", "(1 / thing.n > 0)", "(thing.x > 0.0)")
            )
        left, right = (self.shuffled(read, size - self.rng.randint(1, 2)) for _ in range(2))
        if self.chance(0.2):
            return f"({left} ? {right} : {self.shuffled(read, 0)})"
        return f"({self.one_of(('', '', '!'))}{left} {self.one_of(('&&', '||'))} {right})"

    def integer(self, depth: int) -> str:
        def counted() -> str:
            t = self.one_of((*LISTS, "list:Item", "list:Item", "string", "map"))
            if t == "map":
                return f"size({self.pick(lambda: self.mapping(depth), lambda: self.rng.choice(self.names.maps)[0])})"
            return f"size({self.write(t, depth)})"

        def arithmetic() -> str:
            return f"({self.write('int', depth)} {self.one_of(('+', '-', '*', '/', '%'))} {self.write('int', depth)})"

        def several() -> str:
            args = ", ".join(self.write("int", depth) for _ in range(self.rng.randint(1, 3)))
            return f"math.{self.one_of(('least', 'greatest'))}({args})"

        return self.pick(
            *(arithmetic, arithmetic, counted, counted, counted, several, *[lambda: clock(self, depth)] * 3),
            lambda: place(self, depth),
            lambda: reading(self, "int", depth),
            lambda: f"math.sign({self.write('int', depth)})",
            lambda: f"(-{self.write('int', depth)})",
            lambda: f"math.abs({self.write('int', depth)})",
            lambda: f"int({self.write(self.one_of(('double', 'timestamp')), depth)})",
        )

    def number(self, depth: int) -> str:
        def arithmetic() -> str:
            sign = self.one_of(("+", "+", "-", "*", "/"))
            return f"({self.write('double', depth)} {sign} {self.write('double', depth)})"

        def several() -> str:
            args = ", ".join(self.write("double", depth) for _ in range(self.rng.randint(1, 3)))
            return f"math.{self.one_of(('least', 'greatest'))}({args})"

        words = ("abs", "ceil", "floor", "round", "trunc", "sign", "sqrt")
        return self.pick(
            *(arithmetic, arithmetic, arithmetic, several),
            lambda: f"(-{self.write('double', depth)})",
            lambda: f"math.{self.one_of(words)}({self.write('double', depth)})",
            lambda: f"double({self.write('int', depth)})",
            *(lambda: reading(self, "double", depth), lambda: answer(self, depth)),
        )

    def text(self, depth: int) -> str:
        of = self.one_of(("string", "int", "bool", "Side", "timestamp", "duration", "double"))
        return self.pick(
            lambda: f"({self.write('string', depth)} + {self.write('string', depth)})",
            lambda: f"string({self.write(of, depth)})",
            lambda: changed(self, depth),
            lambda: f"{self.record(depth)}.name",
        )

    def moment(self, depth: int) -> str:
        return self.filled(MOMENT_FORMS, depth)

    def length(self, depth: int) -> str:
        return self.filled(LENGTH_FORMS, depth)

    def filled(self, forms: tuple[str, ...], depth: int) -> str:
        """One of the forms, with `T` a timestamp, `D` a duration and `N` an int."""
        kinds = {"T": "timestamp", "D": "duration", "N": "int"}
        return "".join(self.write(kinds[c], depth) if c in kinds else c for c in self.one_of(forms))
