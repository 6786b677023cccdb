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
    begin = rules.index(f'    - id: "{name}"\n')
    end = rules.find("\n    - id:", begin)
    return begin, (end + 1 if end >= 0 else rules.index("\n  ", begin + 20))


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
        ["entry: rule `confidence` is looked at after `global-cooldown`"],
    ),
    ("a policy goes", without("shorting"), ["shorting: policy `shorting` is gone"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "edit", "said"), SAID)
def test_each_change_is_a_sentence(name: str, edit: Edit, said: list[str]) -> None:
    found = changes(bundle().plans, edited(edit).plans)
    assert [f"{one.policy}: {one}" for one in found] == said


def test_a_rule_that_goes_is_told_in_full() -> None:
    (found,) = changes(bundle().plans, edited(dropped("confidence")).plans)
    assert str(found).startswith("rule `confidence` is gone: the condition `intent.confidence < params.min_confidence`")
    (back,) = changes(edited(dropped("confidence")).plans, bundle().plans)
    assert str(back).startswith("rule `confidence` is new, first of all: the condition ")


def test_nothing_is_said_of_a_bundle_and_itself() -> None:
    assert changes(bundle().plans, bundle().plans) == ()
    again = read_content(bundle().content).bundle
    assert again is not None
    assert changes(bundle().plans, again.plans) == ()


def test_everything_of_another_bundle_is_named() -> None:
    found = changes(bundle("policies/history/0.9.0").plans, bundle().plans)
    assert {one.policy for one in found} >= {"entry", "allocation"}
    assert "rule `minimum` is new, first of all: the condition `allocation < params.min_trade`" in "\n".join(
        map(str, found)
    )
