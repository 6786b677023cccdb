"""The page of the shipped policies says all that they decide by."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.policy_page import policy_page
from tests.engine.shipped import bundle

SECTIONS = {part.split(" ", 1)[0]: part for part in policy_page(bundle()).split("\n## ")[1:]}


def test_it_is_current(repository: Path) -> None:
    assert (repository / "docs" / "policies.md").read_text("utf-8") == policy_page(bundle())


@pytest.mark.parametrize("name", bundle().plans)
def test_every_policy_is_told_whole(name: str) -> None:
    plan, section = bundle().plans[name], SECTIONS[name]
    words = [plan.title, plan.on_error, *plan.outcomes, *(p.name for p in plan.parameters)]
    words += [p.description for p in plan.parameters] + [o.name for o in plan.outputs] + [f.name for f in plan.inputs]
    if plan.kind not in {"Latch", "Whitelist"}:  # their rules are those of the kind
        words += [case.id for case in plan.all_cases if case.id not in ("otherwise", "exit")]
    assert [word for word in words if word not in section] == []
    assert section.count("\n|") == 0 or "| --- |" in section
