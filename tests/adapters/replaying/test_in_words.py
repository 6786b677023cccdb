"""What is written otherwise is told, by a sentence about the plan or value by value: an edit is never passed over."""

from __future__ import annotations

import json
import random
import re

import pytest
import rfc8785

from adapters.replaying.in_words import in_words
from adapters.replaying.versions import Side
from rules.bundle import Bundle, read_content
from tests.engine.shipped import bundle
from tests.engine.test_changes import Edit, dropped, edited, replaced, stored, swapped


def told(new: Bundle) -> list[str]:
    """What the shipped bundle changes in another, without what a change of one policy means for those that ask it."""
    found = in_words(Side("old", stored()), Side("new", new)).changes
    return [f"{one.policy}: {one.sort} `{one.name}` {one.what}" for one in found]


SAID: list[tuple[str, Edit, list[str]]] = [
    (
        "what a latch does when it fails",
        replaced("prudent", "safe: true", "safe: false"),
        ["prudent: value `safe` is `false`, not `true`"],
    ),
    (
        "a cell that is an output",
        replaced("freeze-limits", "| FULL_FREEZE     | LIMITED    | 1.0 ", "| FULL_FREEZE     | LIMITED    | 1.5 "),
        [
            "freeze-limits: value `table` has `| full | - | FULL_FREEZE | LIMITED | 1.5 | 1 |`, "
            "not `| full | - | FULL_FREEZE | LIMITED | 1.0 | 1 |`"
        ],
    ),
    (
        "a bound of a type",
        replaced("types", "minimum: 0.0\n      maximum: 1.5\n", "minimum: 0.0\n      maximum: 1.4\n"),
        ["types: value `scalars.SizeMultiplier.maximum` is `1.4`, not `1.5`"],
    ),
    (
        "a bound of a parameter that the environment may tighten",
        lambda documents: documents.update(limits=documents["limits"].replace("min: 0.0", "min: 1.0", 1)),
        ["limits: value `parameters.max_exposure_total.min` is `1.0`, not `0.0`"],
    ),
    (
        "how a table is spaced",
        replaced("freeze-limits", "| FULL_FREEZE     | LIMITED    | 1.0 ", "| FULL_FREEZE | LIMITED | 1.0 "),
        [],
    ),
    (
        "what is told as a parameter is not told again",
        replaced("entry", "default: 0.7\n", "default: 0.8\n"),
        ["entry: parameter `min_confidence` has the default `0.8`, not `0.7`"],
    ),
    (
        "nor what is told as an order",
        swapped("confidence", "global-cooldown"),
        ["entry: rule `global-cooldown` is looked at first of all"],
    ),
]


@pytest.mark.parametrize(("name", "edit", "said"), SAID, ids=[name for name, *_ in SAID])
def test_what_no_plan_has_a_name_for_is_told_by_its_place(name: str, edit: Edit, said: list[str]) -> None:
    assert told(edited(edit)) == said


def test_a_rule_that_goes_is_told_once() -> None:
    of_entry = [one for one in told(edited(dropped("confidence"))) if one.startswith("entry: ")]
    assert [one.partition("is gone")[0] for one in of_entry] == ["entry: rule `confidence` "]


_NUMBER = re.compile(r"(?<![\w.:\"-])(\d+\.\d+|\d+)(?![\w.:])")
_WORD = re.compile(r" (?:<=|>=|<|>|&&|\|\|) |\b(?:true|false)\b")
_OTHER = {" < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ", " && ": " || ", " || ": " && "}
_OTHER |= {"true": "false", "false": "true"}
TRIES = 16


@pytest.mark.parametrize("seed", range(2))
def test_no_edit_that_checks_is_passed_over(seed: int) -> None:
    """Numbers and operators anywhere in any document: whatever makes another digest is told of that document."""
    rng, said = random.Random(seed), json.loads(bundle().content)  # noqa: S311 -- the same edits in every run
    noticed = 0
    for _ in range(TRIES):
        name = rng.choice(sorted(said["documents"]))
        text = said["documents"][name]
        body = text.index("\nspec:")
        places = [*_NUMBER.finditer(text, body), *_WORD.finditer(text, body)]
        if not places:
            continue
        found = rng.choice(places)
        if "description:" in text[text.rindex("\n", 0, found.start()) : found.start()]:
            continue
        other = _OTHER.get(found[0]) or (f"{float(found[0]) + 0.01:.4f}" if "." in found[0] else f"{int(found[0]) + 1}")
        documents = {**said["documents"], name: text[: found.start()] + other + text[found.end() :]}
        try:
            new = read_content(rfc8785.dumps({**said, "documents": documents})).bundle
        except ValueError:
            continue
        if new is not None and new.digest != bundle().digest:
            assert [one for one in told(new) if one.startswith(f"{name}: ")], (name, found[0], other)
            noticed += 1
    assert noticed >= TRIES // 4
