"""How each function and operator is modelled, by overload; a test compares the tables with the language's.

`MODELLED` are exact, but for rounding. `ASKED` are exact of texts of documents, and of others may say anything, the
same for the same text. `LOOSE` may give any value of their type, again the same for the same arguments; what they are
asked of constants is computed by the scalar reader's code. A result says which of them it rests on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from engine.symbolic import arithmetic as a
from engine.symbolic import lists
from engine.symbolic.constants import known, settled
from engine.symbolic.found import Found, Inner
from engine.symbolic.site import Site
from engine.symbolic.space import Number
from engine.symbolic.terms import Truth, disj, less, negated, one_of
from engine.symbolic.values import Table, Value, ordered, same
from engine.symbolic.words import Word
from rules.cel.functions import BY_ID
from rules.cel.tree import Call
from rules.types import StringType

if TYPE_CHECKING:
    from engine.symbolic.expressions import Expressions

Modelled = Callable[[Site], tuple[Value, Truth]]


def called(reader: Expressions, node: Call, inner: Inner) -> Found:
    """What a call gives: where an argument fails it fails."""
    given = [reader.found(arg, inner) for arg in node.args]
    site = Site(reader, node, inner, tuple(one.value for one in given))
    fails = disj(*(one.fails for one in given))
    before = reader.space.weight
    value, own = _value(site)
    if reader.space.weight > before:
        text = " ".join(node.span.text.split())
        reader.space.made[text] = reader.space.made.get(text, 0) + reader.space.weight - before
    return Found(value, disj(fails, own))


def _value(site: Site) -> tuple[Value, Truth]:
    form = MODELLED.get(site.node.overload.id)
    if form is not None:
        return form(site)
    found = settled(site)
    if found is not None:
        return found
    asked = ASKED.get(site.node.overload.id)
    if asked is not None and isinstance(site.args[0], Word) and all(map(known, site.args[1:])):
        return asked(site), False
    return _loose(site)


def _loose(site: Site) -> tuple[Value, Truth]:
    """Any value, and where the function may fail any truth about that."""
    name = site.node.overload.name
    value = site.reader.loose(site.node, f"`{name}` is not modelled", site.args)
    if not site.node.raises:
        return value, False
    return value, site.reader.loose_truth(site.node, ("fails", site.node.overload.id), site.args)


# -- comparisons


def _equal(site: Site) -> tuple[Value, Truth]:
    found = same(*site.args)
    if found is None:
        found = settled(site)
        return (
            found if found is not None else (site.reader.loose(site.node, "equality of such values", site.args), False)
        )
    return found, False


def _not_equal(site: Site) -> tuple[Value, Truth]:
    value, fails = _equal(site)
    return (negated(value), fails) if same(*site.args) is not None else (value, fails)


def _order(*, swapped: bool, strict: bool) -> Modelled:
    def form(site: Site) -> tuple[Value, Truth]:
        left, right = reversed(site.args) if swapped else site.args
        return ordered(left, right, site.reader.words.before, strict=strict), False

    return form


def _in_map(site: Site) -> tuple[Value, Truth]:
    key, table = site.args
    assert isinstance(key, Word)
    assert isinstance(table, Table)
    t = site.node.args[1].type
    return site.reader.lookup(table, key, t.value, site.node.span.text).there, False  # type: ignore[union-attr]


def _size_string(site: Site) -> tuple[Value, Truth]:
    (word,) = site.args
    assert isinstance(word, Word)
    length = site.reader.words.measured("size", len, word)
    t = site.node.args[0].type
    most = t.max_length if isinstance(t, StringType) and t.max_length is not None else 1 << 31
    if isinstance(length, int):
        return Number(length, length, length), False
    site.reader.space.fact(length >= 0)
    return Number(one_of(less(most, length), most, length), 0, most), False  # a text that is too long failed before


def _not(site: Site) -> tuple[Value, Truth]:
    return negated(site.args[0]), False


def _same_value(site: Site) -> tuple[Value, Truth]:
    return site.args[0], False


def _comparable(site: Site) -> tuple[Value, Truth]:
    """Whether two series have a correlation: where they have one of n points, n above 1, asking for it cannot fail."""
    found = settled(site)
    if found is not None:
        return found
    one, two, least = site.args
    value = site.reader.loose(site.node, "series are not modelled", site.args)
    assert isinstance(least, Number)
    if isinstance(least.low, int) and least.low >= 2:
        fails = site.reader.loose_truth(site.node, "incomparable", (one, two))
        site.reader.space.fact(disj(negated(value), negated(fails)))
    return value, False


def _correlation(site: Site) -> tuple[Value, Truth]:
    found = settled(site)
    if found is not None:
        return found
    value = site.reader.loose(site.node, "series are not modelled", site.args)
    assert isinstance(value, Number)
    one = Fraction(1)
    site.reader.space.fact(value.term >= -one.numerator, value.term <= one.numerator)
    return Number(value.term, -one, one), site.reader.loose_truth(site.node, "incomparable", site.args)


def _relations() -> dict[str, Modelled]:
    table: dict[str, Modelled] = {"equal": _equal, "not_equal": _not_equal, "in_map": _in_map, "not": _not}
    for kind in ("bool", "int", "double", "string", "timestamp", "duration"):
        table[f"less_{kind}"] = _order(swapped=False, strict=True)
        table[f"less_equal_{kind}"] = _order(swapped=False, strict=False)
        table[f"greater_{kind}"] = _order(swapped=True, strict=True)
        table[f"greater_equal_{kind}"] = _order(swapped=True, strict=False)
    return table


UNCHANGED = (
    *("double_double", "int_int", "bool_bool", "string_string", "string_enum"),
    *("timestamp_timestamp", "duration_duration"),
)
MODELLED: Mapping[str, Modelled] = {
    **_relations(),
    **a.ARITHMETIC,
    **lists.LISTS,
    **dict.fromkeys(UNCHANGED, _same_value),
    "size_string": _size_string,
    "comparable": _comparable,
    "correlation": _correlation,
}


def _text(truth: Callable[[str, str], bool]) -> Callable[[Site], Value]:
    """A truth about a text and another one that stands in the document."""

    def form(site: Site) -> Value:
        word, other = site.args
        assert isinstance(word, Word)
        assert isinstance(other, Word)
        text = site.reader.words.text(other)
        return site.reader.words.asked((site.node.overload.id, text), lambda one: truth(one, text), word)

    return form


def _matches(site: Site) -> Value:
    word, pattern = site.args
    assert isinstance(word, Word)
    assert isinstance(pattern, Word)
    text = site.reader.words.text(pattern)
    return site.reader.words.asked(("matches", text), site.literal, word)


ASKED: Mapping[str, Callable[[Site], Value]] = {
    "contains": _text(lambda text, part: part in text),
    "startsWith": _text(str.startswith),
    "endsWith": _text(str.endswith),
    "matches": _matches,
}
LOOSE = frozenset(BY_ID) - frozenset(MODELLED) - frozenset(ASKED)
"""What may give anything: the calendar, readings of texts, and what is made of texts."""
