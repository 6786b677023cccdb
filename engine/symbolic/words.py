"""Texts as numbers: alike where the texts are, and nothing else, but for what is asked of them.

A text of a document has a number of its own from the start; a text that is to be found may have any, those included.
What is asked of texts (`startsWith`, a pattern, their order) is a function of their numbers, which is told the truth
about every text of the documents; of others it may say anything. A witness is given texts of which all of it is true.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import z3

from engine.symbolic.space import Space
from engine.symbolic.terms import Term, Truth, equal, is_known, less, lifted


@dataclass(frozen=True, slots=True)
class Word:
    """A text, or a word of an enum, by its number."""

    term: Term

    @property
    def known(self) -> bool:
        """Whether it is a text of a document."""
        return isinstance(self.term, int)


@dataclass(slots=True)
class Words:
    """The texts of documents by their numbers, and what was asked of texts."""

    space: Space
    texts: list[str] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)
    _asked: dict[str, tuple[Any, Callable[[str], Any], list[Term]]] = field(default_factory=dict)
    _ranked: list[tuple[Term, Term]] = field(default_factory=list)
    _within: list[tuple[Term, Callable[[str], bool]]] = field(default_factory=list)
    _rank: Any = None

    def of(self, text: str) -> Word:
        """A text of a document."""
        if text not in self._numbers:
            self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return Word(self._numbers[text])

    def text(self, word: Word) -> str:
        """The text of a word that is known."""
        assert isinstance(word.term, int)
        return self.texts[word.term]

    def some(self, hint: str, admits: Callable[[str], bool] | None = None) -> Word:
        """Any text, of those that are admitted."""
        term = z3.Int(self.space.name(hint))
        self.space.holding.append(term >= 0)
        if admits is not None:
            self._within.append((term, admits))
        return Word(term)

    def member(self, hint: str, members: tuple[str, ...]) -> Word:
        """A word of an enum that admits no other."""
        numbers = [self.of(one).term for one in members]
        if len(numbers) == 1:
            return Word(numbers[0])
        term = z3.Int(self.space.name(hint))
        self.space.holding.append(z3.Or(*(term == number for number in numbers)))
        return Word(term)

    def same(self, a: Word, b: Word) -> Truth:
        """Whether two texts are alike."""
        return equal(a.term, b.term)

    def before(self, a: Word, b: Word) -> Truth:
        """Whether a text stands before another one in the order of code points."""
        if a.known and b.known:
            return self.text(a) < self.text(b)
        if equal(a.term, b.term) is True:
            return False
        if self._rank is None:
            self._rank = z3.Function("rank", z3.IntSort(), z3.RealSort())
        self._ranked.append((a.term, b.term))
        one, two = self._rank(lifted(a.term)), self._rank(lifted(b.term))
        self.space.fact(equal(one == two, equal(a.term, b.term)))
        return less(one, two)

    def asked(self, what: Hashable, truth: Callable[[str], bool], word: Word) -> Truth:
        """Something that is true or not of a text."""
        return truth(self.text(word)) if word.known else self._function(f"{what}", truth, z3.BoolSort(), word)

    def measured(self, what: Hashable, measure: Callable[[str], int], word: Word) -> Term:
        """A number of a text."""
        return measure(self.text(word)) if word.known else self._function(f"{what}", measure, z3.IntSort(), word)

    def _function(self, what: str, value: Callable[[str], Any], sort: Any, word: Word) -> Any:
        if what not in self._asked:
            self._asked[what] = z3.Function(f"{what}!{len(self._asked)}", z3.IntSort(), sort), value, []
        function, _, terms = self._asked[what]
        terms.append(word.term)
        return function(word.term)

    def agrees(self, model: Any, number: int, text: str) -> bool:
        """Whether all that was asked of a text is in a model as it is of this one."""
        for function, value, _ in self._asked.values():
            found = model.eval(function(number), model_completion=True)
            if (z3.is_true(found) if z3.is_bool(found) else found.as_long()) != value(text):
                return False
        return True

    def admitted(self, model: Any, number: int) -> list[Callable[[str], bool]]:
        """What the text of a number must satisfy in a model: whatever each place where it stands admits."""
        found = ((model.eval(term, model_completion=True), admits) for term, admits in self._within)
        return [admits for value, admits in found if value.as_long() == number]

    def asked_about(self) -> list[str]:
        """Texts of documents, which what is asked of texts is about."""
        return self.texts

    def facts(self) -> list[Any]:
        """What is true of the texts of documents, as far as it was asked: to be added once all is written."""
        found: list[Any] = []
        for function, value, _ in self._asked.values():
            found += [function(number) == value(text) for number, text in enumerate(self.texts)]
        if self._rank is not None:
            in_order = sorted(range(len(self.texts)), key=lambda number: self.texts[number])
            ranks = [self._rank(number) for number in in_order]
            found += [one < two for one, two in pairwise(ranks)]
        for term, admits in self._within:
            if not is_known(term):
                found += [term != number for number, text in enumerate(self.texts) if not admits(text)]
        return found
