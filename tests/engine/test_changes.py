"""What a bundle changes in another, said once each, in words, and nothing where only the writing differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import rfc8785

from engine.changes import changes
from rules.bundle import Bundle, read_content
from tests.engine.shipped import bundle

Edit = Callable[[dict[str, str]], None]


def stored(folder: str = "policies") -> Bundle:
    """A shipped bundle as a store has it."""
    found = read_content(bundle(folder).content).bundle
    assert found is not None
    return found


def edited(edit: Edit) -> Bundle:
    """The shipped bundle with some texts of its documents replaced."""
    said: dict[str, Any] = json.loads(bundle().content)
    edit(said["documents"])
    checked = read_content(rfc8785.dumps(said))
    assert checked.bundle is not None, checked.diagnostics
    return checked.bundle


def replaced(document: str, old: str, new: str) -> Edit:
    def edit(documents: dict[str, str]) -> None:
        assert documents[document].count(old) == 1, documents[document].count(old)
        documents[document] = documents[document].replace(old, new)

    return edit


def without(document: str) -> Edit:
    def edit(documents: dict[str, str]) -> None:
        del documents[document]

    return edit


def rule(rules: str, name: str) -> tuple[int, int]:
    """Where a rule stands in a document."""
    begin = rules.index(f'    -\n      id: "{name}"\n')
    return begin, rules.index("\n    -\n", begin) + 1


def swapped(first: str, second: str) -> Edit:
    """Two rules of the entry policy, the second right after the first, change places."""

    def edit(documents: dict[str, str]) -> None:
        text = documents["entry"]
        (a, b), (c, d) = rule(text, first), rule(text, second)
        assert b == c, (first, second)
        documents["entry"] = text[:a] + text[c:d] + text[a:b] + text[d:]

    return edit


def dropped(name: str) -> Edit:
    def edit(documents: dict[str, str]) -> None:
        begin, end = rule(documents["entry"], name)
        documents["entry"] = documents["entry"][:begin] + documents["entry"][end:]

    return edit


LOW, LOWER = (f"intent.confidence {operator} params.min_confidence" for operator in ("<", "<="))
SAID: list[tuple[str, Edit, list[str]]] = [
    (
        "a default",
        replaced("entry", "default: 0.7\n", "default: 0.8\n"),
        ["entry: parameter `min_confidence` has the default `0.8`, not `0.7`"],
    ),
    (
        "a condition",
        replaced("entry", f'when: "{LOW}"', f'when: "{LOWER}"'),
        [f"entry: rule `confidence` has the condition `{LOWER}`, not `{LOW}`"],
    ),
    (
        "the order",
        swapped("confidence", "global-cooldown"),
        ["entry: rule `global-cooldown` is looked at first of all"],
    ),
    ("a policy goes", without("safety"), ["safety: policy `safety` is gone"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "edit", "said"), SAID)
def test_each_change_is_a_sentence(name: str, edit: Edit, said: list[str]) -> None:
    found = changes(stored().plans, edited(edit).plans)
    assert [f"{one.policy}: {one}" for one in found] == said


def test_a_rule_that_goes_is_told_in_full() -> None:
    gone, *of_others = changes(stored().plans, edited(dropped("confidence")).plans)
    assert [f"{one.policy}: {one}".partition(":")[0] for one in of_others] == ["open-position"]
    assert str(of_others[0]).startswith("rule `entry (BLOCK_LOW_CONFIDENCE)` is gone")
    assert str(gone).startswith("rule `confidence` is gone: the condition `intent.confidence < params.min_confidence`")
    back, *_ = changes(edited(dropped("confidence")).plans, stored().plans)
    assert str(back).startswith("rule `confidence` is new, first of all: the condition ")


def test_nothing_is_said_of_a_bundle_and_itself() -> None:
    assert changes(stored().plans, stored().plans) == ()


def test_everything_of_another_bundle_is_named() -> None:
    found = changes(stored("policies/history/0.9.0").plans, stored().plans)
    assert {one.policy for one in found} >= {"entry", "allocation"}
    assert "rule `minimum` is new, first of all: the condition `allocation < params.min_trade`" in "\n".join(
        map(str, found)
    )
