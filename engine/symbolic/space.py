"""What is to be found, and what must hold of it whatever is found.

`holding` are linear facts. `exact` are those that need products of unknowns: a proof does without them where it can,
since they make solving slow, and a witness is looked for with them where it is none without.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import z3

from engine.symbolic.terms import Term, Truth, conj, implied, is_known, less_equal, lifted


@dataclass(frozen=True, slots=True)
class Mark:
    """Stands for a term among what values are told apart by: by its number, as long as it is kept."""

    number: int
    kept: Any = field(compare=False)


def mark(term: Term) -> Hashable:
    """What tells a term from others."""
    return term if is_known(term) else Mark(term.get_id(), term)


@dataclass(frozen=True, slots=True)
class Number:
    """A number and the closed interval that it surely lies in; both whole, or both real."""

    term: Term
    low: Term
    high: Term
    zero: Hashable = ""
    """Of a double that may be zero, what its sign rests on beside the term: reals have one zero, doubles two.

    Nothing: on the term alone; a zero that is known is then 0.0.
    """

    @property
    def known(self) -> bool:
        """Whether it is a constant."""
        return isinstance(self.term, int | Fraction)


PRODUCT = 100
"""How much dearer a product of unknowns is than a fact without one."""


@dataclass(slots=True)
class Space:
    """Unknowns by fresh names, and the facts about them."""

    holding: list[Any] = field(default_factory=list)
    exact: list[Any] = field(default_factory=list)
    loose: dict[str, str] = field(default_factory=dict)
    """What is modelled as if it could take any value of its type: the expression, and why."""
    same: dict[Hashable, Any] = field(default_factory=dict)
    """What a function without a model has given for arguments: it gives the same for the same."""
    sites: dict[Hashable, list[tuple[Any, Any]]] = field(default_factory=dict)
    """Of each place where something is rounded, what was and what became of it: larger never becomes smaller."""
    made: dict[str, int] = field(default_factory=dict)
    """How much there is to solve of each call, by its text: facts, and products of unknowns, which are far dearer."""
    _count: int = 0

    @property
    def weight(self) -> int:
        """How much there is to solve."""
        return len(self.holding) + PRODUCT * len(self.exact)

    def hardest(self) -> str:
        """The call of which there is most to solve."""
        return max(self.made, key=lambda text: self.made[text], default="")

    def once(self, key: Hashable, kept: Any, make: Callable[[], Any]) -> Any:
        """What is made the first time that a key is asked for; `kept` is what the key has the identities of."""
        if key not in self.same:
            self.same[key] = make(), kept
        return self.same[key][0]

    def name(self, hint: str) -> str:
        """A name that nothing else has."""
        self._count += 1
        return f"{hint}!{self._count}"

    def truth(self, hint: str) -> Truth:
        """A truth of which nothing is known."""
        return z3.Bool(self.name(hint))

    def whole(self, hint: str, low: int, high: int) -> Number:
        """A whole number within bounds."""
        if low == high:
            return Number(low, low, high)
        term = z3.Int(self.name(hint))
        self.holding += [term >= low, term <= high]
        return Number(term, low, high)

    def real(self, hint: str, low: Fraction, high: Fraction) -> Number:
        """A real number within bounds; a zero, where it can be nothing else, of a sign that nobody knows."""
        if low == high:
            return Number(low, low, high, "" if low else object())
        term = z3.Real(self.name(hint))
        self.holding += [term >= lifted(low), term <= lifted(high)]
        return Number(term, low, high)

    def fact(self, *truths: Truth) -> None:
        """Something that holds whatever is found."""
        found = conj(*truths)
        if found is not True:
            self.holding.append(lifted(found) if isinstance(found, bool) else found)

    def grows(self, site: Hashable, given: Term, found: Term) -> None:
        """What became of a value at a place where a larger value never becomes a smaller one."""
        before = self.sites.setdefault(site, [])
        for other, became in before[-3:]:
            self.fact(implied(less_equal(other, given), less_equal(became, found)))
            self.fact(implied(less_equal(given, other), less_equal(found, became)))
        before.append((given, found))
