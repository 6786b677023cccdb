"""Every function of the language has a model, or is known to have none; of known arguments each gives its value."""

from __future__ import annotations

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from engine.evaluation import setting_of_inputs
from engine.symbolic.constants import given_slot
from engine.symbolic.expressions import Expressions, Scope
from engine.symbolic.found import Found
from engine.symbolic.functions import ASKED, LOOSE, MODELLED
from engine.symbolic.space import Space
from engine.symbolic.unknowns import Unknowns
from engine.symbolic.words import Words
from rules.cel.functions import BY_ID, EXAMPLE_INPUTS, OVERLOADS, Overload
from rules.diagnostics import Diagnostics
from rules.source import Source


def test_every_function_of_the_language_is_in_one_table() -> None:
    tables = (set(MODELLED), set(ASKED), set(LOOSE))
    assert set.union(*tables) == set(BY_ID)
    assert sum(map(len, tables)) == len(BY_ID)


def test_what_has_no_model_is_of_texts_and_the_calendar() -> None:
    parts = {ident for ident in LOOSE if ident.endswith(("_timestamp", "_zone"))}
    texts = {ident for ident in LOOSE if "string" in (BY_ID[ident].result, *BY_ID[ident].params)}
    lists = {"split", "split_times", "join", "join_with"}
    assert set(LOOSE) <= parts | texts | lists


@pytest.mark.parametrize("overload", OVERLOADS, ids=lambda overload: f"{overload.style}-{overload.id}")
def test_the_examples_come_to_true(overload: Overload) -> None:
    fields = tuple(field for field, _ in EXAMPLE_INPUTS)
    node = setting_of_inputs(fields).check(Source("example", overload.example), Diagnostics())
    assert node is not None
    space = Space()
    words = Words(space)
    unknowns = Unknowns(space, words, 0)
    slots = {field.name: given_slot(value, field, words, unknowns) for field, value in EXAMPLE_INPUTS}
    roots = {("input", name): Found(slot.value, False, slot.there) for name, slot in slots.items()}
    found = Expressions(space, words, unknowns, Scope(roots)).found(node)
    assert (found.value, found.fails) == (True, False), dict(space.loose)
