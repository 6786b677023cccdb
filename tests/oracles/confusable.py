"""Pairs of expressions that differ in one spot, over the inputs of `confusable_forms`, some of which mean the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from random import Random
from typing import TypeAlias

from tests.oracles.confusable_forms import ALIKE, CONSTANTS, FORMS, INPUTS, OPTIONAL, OTHER_TYPES

_HOLE = re.compile(r"\{([A-Za-z:]+)(#?)\}")
_NAME = re.compile(r"[A-Za-z_]\w*")
Scope: TypeAlias = tuple[tuple[str, str], ...]
"""Items of loops by name, with their types."""


@dataclass(frozen=True, slots=True)
class Form:
    """A text with numbered holes, and what each hole takes; those `inside` may read the item of a loop."""

    text: str
    holes: tuple[str, ...]
    inside: tuple[bool, ...]

    @classmethod
    def of(cls, text: str) -> Form:
        """A form as the tables write it."""
        found = _HOLE.findall(text)
        at = iter(range(len(found)))
        numbered = _HOLE.sub(lambda _: f"{{{next(at)}}}", text)
        return cls(numbered, tuple(kind for kind, _ in found), tuple(mark == "#" for _, mark in found))

    @property
    def item(self) -> str:
        """The type of the item of its loop."""
        over = self.holes[0] if self.holes else ""
        return "string" if over == "map" else over.removeprefix("list:")


@dataclass(frozen=True, slots=True)
class Expression:
    """A form with its holes filled; `scope` is what else it may read."""

    kind: str
    form: Form
    parts: tuple[Expression, ...] = ()
    scope: Scope = ()

    @property
    def text(self) -> str:
        """As the language writes it."""
        written = self.form.text.replace("#", self.local)
        for at, part in enumerate(self.parts):
            written = written.replace(f"{{{at}}}", part.text)
        return written

    @property
    def local(self) -> str:
        """The name of its loop's item."""
        return f"p{len(self.scope)}"


Path: TypeAlias = tuple[int, ...]
Pair: TypeAlias = tuple[str, Expression, Expression]
"""What was done to an expression, it, and what it became."""
FORMS_OF = {kind: [Form.of(text) for text in texts] for kind, texts in FORMS.items()}
ALIKE_OF = {
    kind: [[Form.of(row[0]), *(replace(Form.of(row[0]), text=text) for text in row[1:])] for row in rows]
    for kind, rows in ALIKE.items()
}


def read_by(*texts: str) -> list[str]:
    """The inputs that expressions read."""
    words = {word for text in texts for word in _NAME.findall(text)}
    return [name for name in INPUTS if name in words]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes expressions and what is easily taken for them."""

    rng: Random

    def write(self, kind: str, depth: int, scope: Scope = ()) -> Expression:
        """An expression of a type."""
        forms = FORMS_OF[kind]
        leaves = self._leaves(kind, scope)
        if leaves and (depth <= 0 or not forms or self.rng.random() < 0.25):
            return Expression(kind, Form(self.rng.choice(leaves), (), ()), (), scope)
        row = self.rng.choice(self.rng.choice(ALIKE_OF[kind])) if kind in ALIKE_OF and self.rng.random() < 0.3 else None
        return self.filled(kind, row or self.rng.choice(forms), depth, scope)

    def filled(self, kind: str, form: Form, depth: int, scope: Scope) -> Expression:
        """A form with something in each hole."""
        inner = (*scope, (f"p{len(scope)}", form.item))
        pairs = zip(form.holes, form.inside, strict=True)
        parts = tuple(self.write(hole, depth - 1, inner if inside else scope) for hole, inside in pairs)
        return Expression(kind, form, parts, scope)

    def _leaves(self, kind: str, scope: Scope) -> list[str]:
        mine = [name for name, of in scope if of == kind] * 4
        names = [name for name, (of, _) in INPUTS.items() if of == kind] * 2
        return [*mine, *names, *CONSTANTS[kind]]

    def pair(self) -> Pair:
        """Two expressions of one type, or nearly, with the name of what was done to the first."""
        kinds = ("double", "double", "double", "string", "string", "bool", "int", "list:string", "list:double")
        kind = self.rng.choice((*kinds, "timestamp", "duration", "Side", "Venue", "list:int", "list:Item", "Item"))
        if kind in ALIKE_OF and self.rng.random() < 0.35:
            row = self.rng.choice(ALIKE_OF[kind])
            one = self.filled(kind, row[0], self.rng.choice((0, 0, 1, 2)) + 1, ())
            first, second = self.rng.sample(row, 2)
            return "row", replace(one, form=first), replace(one, form=second)
        one = self.write(kind, self.rng.choice((1, 1, 2, 2, 3)))
        edit = self.rng.choice(EDITS)
        other = edit(self, one)
        if other is not None and self.rng.random() < 0.2:
            other = self.rng.choice(EDITS)(self, other) or other
        return edit.__name__, one, one if other is None else other

    def rows(self) -> Iterator[Pair]:
        """Every two wordings of each row of the tables, of plain names; of functions of a double each two in turn."""
        for kind, rows in ALIKE_OF.items():
            for row in rows:
                one = self.filled(kind, row[0], 1, ())
                yield from (("row", replace(one, form=a), replace(one, form=b)) for a, b in combinations(row, 2))
        unary = [form for row in ALIKE_OF["double"] for form in row if form.holes == ("double",)]
        named = self._named("double", self.rng.choice(("x", "naught", "tiny")))
        for a, b in combinations(dict.fromkeys(unary), 2):
            inner, other = (Expression("double", form, (named,)) for form in (b, a))
            yield "turned", Expression("double", a, (inner,)), Expression("double", b, (other,))

    def _named(self, kind: str, name: str) -> Expression:
        return Expression(kind, Form(name, (), ()))

    # -- edits: None where there is nothing to be done

    def other_form(self, one: Expression) -> Expression | None:
        """Another function of the same signature, or another constant or name."""
        path, spot = self._spot(one)
        if not spot.parts:
            leaves = [leaf for leaf in self._leaves(spot.kind, spot.scope) if leaf != spot.form.text]
            if not leaves:
                return None
            return put(one, path, replace(spot, form=Form(self.rng.choice(leaves), (), ())))
        like = [f for f in FORMS_OF[spot.kind] if (f.holes, f.inside) == (spot.form.holes, spot.form.inside)]
        return put(one, path, replace(spot, form=self.rng.choice(like))) if like else None

    def swapped(self, one: Expression) -> Expression | None:
        """Two parts of one type in each other's place."""
        spots = list(spots_of(one))
        pairs = [
            (a, b)
            for at, a in enumerate(spots)
            for b in spots[at + 1 :]
            if (a[1].kind, a[1].scope) == (b[1].kind, b[1].scope) and b[0][: len(a[0])] != a[0]
        ]
        if not pairs:
            return None
        (here, mine), (there, theirs) = self.rng.choice(pairs)
        return put(put(one, here, theirs), there, mine)

    def alike(self, one: Expression) -> Expression | None:
        """A part in other words of the same table."""
        found = [
            (path, spot, row)
            for path, spot in spots_of(one)
            for row in ALIKE_OF.get(spot.kind, ())
            if spot.form in row or (row[0].text == "{0}" and row[0].holes == (spot.kind,))
        ]
        if not found:
            return None
        path, spot, row = self.rng.choice(found)
        form = self.rng.choice(row[1:])
        if spot.form in row:
            return put(one, path, replace(spot, form=form))
        return put(one, path, Expression(spot.kind, form, (spot,), spot.scope))

    def turned(self, one: Expression) -> Expression | None:
        """One function of another one's value, in place of the other one of the one's."""
        found = [
            (path, spot)
            for path, spot in spots_of(one)
            if len(spot.parts) and spot.kind == spot.parts[0].kind == (spot.parts[0].parts or (one,))[0].kind
            and not (any(spot.form.inside) or any(spot.parts[0].form.inside)) and spot.parts[0].parts
        ]  # fmt: skip
        if not found:
            return None
        path, outer = self.rng.choice(found)
        inner = outer.parts[0]
        below = replace(outer, parts=(inner.parts[0], *outer.parts[1:]))
        return put(one, path, replace(inner, parts=(below, *inner.parts[1:])))

    def wrapped(self, one: Expression) -> Expression | None:
        """A function of a part in its place."""
        path, spot = self._spot(one)
        unary = [f for f in FORMS_OF[spot.kind] if f.holes == (spot.kind,)]
        if not unary:
            return None
        return put(one, path, Expression(spot.kind, self.rng.choice(unary), (spot,), spot.scope))

    def rewritten(self, one: Expression) -> Expression:
        """Another expression in place of a part."""
        path, spot = self._spot(one)
        return put(one, path, self.write(spot.kind, 1, spot.scope))

    def chosen(self, one: Expression) -> Expression:
        """A part, or under some condition the same in other words."""
        path, spot = self._spot(one)
        test = self.write("bool", 1, spot.scope)
        rows = [row[1:] for row in ALIKE_OF.get(spot.kind, ()) if row[0].text == "{0}"]
        other = Expression(spot.kind, self.rng.choice(self.rng.choice(rows)), (spot,), spot.scope) if rows else spot
        sides = (spot, other) if self.rng.random() < 0.5 else (other, spot)
        form = Form("({0} ? {1} : {2})", ("bool", spot.kind, spot.kind), (False, False, False))
        return put(one, path, Expression(spot.kind, form, (test, *sides), spot.scope))

    def retyped(self, one: Expression) -> Expression | None:
        """The nearest thing of another type."""
        if one.kind not in OTHER_TYPES:
            return None
        kind, text = self.rng.choice(OTHER_TYPES[one.kind])
        return Expression(kind, Form(text, (one.kind,), (False,)), (one,))

    def kept(self, one: Expression) -> Expression:
        """The same once more."""
        return one

    def _spot(self, one: Expression) -> tuple[Path, Expression]:
        return self.rng.choice(list(spots_of(one)))


EDITS: tuple[Callable[[Writer, Expression], Expression | None], ...] = (
    *(Writer.other_form, Writer.other_form, Writer.swapped, Writer.swapped, Writer.alike, Writer.alike, Writer.alike),
    *(Writer.turned, Writer.turned, Writer.wrapped, Writer.rewritten, Writer.chosen, Writer.retyped, Writer.kept),
)


def spots_of(one: Expression, path: Path = ()) -> Iterator[tuple[Path, Expression]]:
    """An expression and all its parts, with where they stand."""
    yield path, one
    for at, part in enumerate(one.parts):
        yield from spots_of(part, (*path, at))


def put(one: Expression, path: Path, part: Expression) -> Expression:
    """An expression with another part at a place."""
    if not path:
        return part
    parts = list(one.parts)
    parts[path[0]] = put(parts[path[0]], path[1:], part)
    return replace(one, parts=tuple(parts))


def declared(names: list[str]) -> str:
    """Inputs as a policy or an invariant declares them."""
    return ", ".join(f"'{name}{'?' if name in OPTIONAL else ''}': {INPUTS[name][1]}" for name in names)
