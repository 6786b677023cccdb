"""The page of the shipped policies says all that they decide by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adapters import doc_files
from adapters.policy_page import policy_page
from rules.documents.shape import Shaped
from rules.yaml_nodes import plain
from tests.engine.shipped import bundle

REPLAY = "### A replay\n"
SECTIONS = {part.split("\n", 1)[0]: part for part in policy_page(bundle(), REPLAY).split("\n## ")[1:]}


def test_it_is_current(repository: Path) -> None:
    page = (repository / "docs" / "policies.md").read_text("utf-8")
    assert page == policy_page(bundle(), doc_files.replay_of(page))


def test_the_replay_stands_with_the_gate_and_is_kept() -> None:
    page = policy_page(bundle(), "\n### A replay\n\n| 1 | 2 |\n")
    assert page.index("## open-position") < page.index("### A replay") < page.index("<!-- end of replay -->")
    assert doc_files.replay_of(page) == "### A replay\n\n| 1 | 2 |\n\n"
    assert policy_page(bundle(), doc_files.replay_of(page)) == page


@pytest.mark.parametrize("page", [None, "# Policies\n", "<!-- generated: replay -->\n\n<!-- end of replay -->\n"])
@pytest.mark.parametrize("mode", ["--write", "--check"])
def test_a_page_without_its_replay_is_refused(
    page: str | None, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trades may not be here: a page made without them would lose what was counted."""
    found = tmp_path / "policies.md"
    if page is not None:
        found.write_text(page, encoding="utf-8")
    monkeypatch.setattr(doc_files, "POLICIES", found)
    done = CliRunner().invoke(doc_files.main, [mode])
    assert done.exit_code == 1
    assert "python -m tests.policies.replay --write" in done.output
    assert (found.read_text("utf-8") if found.exists() else None) == page


def test_a_replay_of_a_policy_that_is_not_there_is_refused() -> None:
    without = {name: plan for name, plan in bundle().plans.items() if name != "open-position"}
    with pytest.raises(ValueError, match="`open-position`, which is no policy of the bundle"):
        policy_page(replace(bundle(), plans=without), REPLAY)


@pytest.mark.parametrize("name", bundle().plans)
def test_every_policy_is_told_whole(name: str) -> None:
    plan, section = bundle().plans[name], SECTIONS[name]
    words = [plan.title, plan.on_error, *plan.outcomes, *(p.name for p in plan.parameters)]
    words += [p.description for p in plan.parameters] + [o.name for o in plan.outputs] + [f.name for f in plan.inputs]
    if plan.kind not in {"Latch", "Whitelist"}:  # their rules are those of the kind
        words += [case.id for case in plan.all_cases if case.id not in ("otherwise", "exit")]
    assert [word for word in words if word not in section] == []
    assert section.count("\n|") == 0 or "| --- |" in section


TOLD_OTHERWISE = {"inputs", "parameters", "outcomes", "hitPolicy", "safe", "initial", "finding", "results"}
"""Parts of a document that the page tells by their plan, or in words."""
UNDECIDING = {"log", "effect", "description", "declared", "unreachable", "type", "maxItems", "maxEntries"}
"""Keys under which nothing stands that an outcome or the value of an output depends on."""


@pytest.mark.parametrize("document", bundle().documents, ids=lambda document: document.name)
def test_all_that_a_document_decides_by_stands_on_the_page(document: Shaped) -> None:
    if document.name not in SECTIONS:
        assert document.kind in {"Suite", "Invariant", "Types"}
        return
    section = re.sub(r"\s+", " ", SECTIONS[document.name].replace("\\|", "|"))
    spec: Any = plain(document.spec)
    parts = {name: part for name, part in spec.items() if name not in TOLD_OTHERWISE}
    assert [text for text in texts_of(parts) if text not in section] == []


def texts_of(said: Any) -> Iterator[str]:
    """Every text of a document, each on one line; the rows of a table each by itself."""
    match said:
        case dict():
            yield from (text for key, value in said.items() if key not in UNDECIDING for text in texts_of(value))
        case list():
            yield from (text for value in said for text in texts_of(value))
        case str() if said.startswith("|"):
            yield from (" ".join(row.split()) for row in said.splitlines())
        case _ if said not in (True, "true"):  # a condition that always holds is not worth a word
            yield " ".join(str(said).split())


def test_the_gate_comes_first_and_every_policy_behind_one_that_asks_it() -> None:
    order = list(SECTIONS)
    assert order[0] == "open-position"
    for at, name in enumerate(order):
        asking = [plan.name for plan in bundle().plans.values() if name in {call.policy for call in plan.calls}]
        assert not asking or set(asking) & set(order[:at]), name
    links = re.findall(r"^- \[(\S+)\]\(#\1\)", policy_page(bundle(), REPLAY), re.MULTILINE)
    assert links == order
