"""Every case of every suite, decided symbolically: as known inputs, and as unknown ones that are then fixed.

Cases of the policies that take a solver seconds each are fixed in `make symbolic` alone, which sets
`BASCULE_PROOF_SHARE` to 1; otherwise it is the share of the other policies' cases that are fixed.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from engine.faults import InputsRefused
from engine.policy import Policy
from tests.engine.shipped import HISTORY, bundle, machine
from tests.oracles.symbolic import Asked, Inputs, by_constants, by_scalar, differs, plain_inputs

SHARE = float(os.environ.get("BASCULE_PROOF_SHARE", "0.2"))
SLOW = {"active-positions", "governor", "margin", "open-position"}
PLACES = 4
FOLDERS = ("policies", HISTORY)


def cases(folder: str, name: str = "") -> Iterator[tuple[str, Policy, Any]]:
    """The cases of a bundle, or of one of its policies, with the parameters that they move; refused ones left out."""
    for suite in bundle(folder).suites:
        for case in suite.cases if name in ("", suite.policy) else ():
            published = machine(folder).policies[suite.policy]
            policy = published.with_parameters(case.parameters) if case.parameters else published
            try:
                yield case.id, policy, policy.read(json.dumps(case.inputs, default=str))
            except InputsRefused:
                continue


@pytest.mark.parametrize("folder", FOLDERS)
def test_known_inputs_fold_to_the_decision(folder: str) -> None:
    plans, count, moved = bundle(folder).plans, 0, 0
    for ident, policy, decoded in cases(folder):
        difference = differs(plans, policy, decoded)
        assert not difference, f"{ident} {difference}"
        assert by_constants(plans, policy, decoded).row is not None, ident
        count += 1
        moved += bool(policy.moved)
    assert count > 500
    assert moved > 20


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_found_of_all_inputs_allows_the_decision_and_no_other(folder: str) -> None:
    ended: Counter[str] = Counter()
    for suite in bundle(folder).suites:
        if suite.policy in SLOW and SHARE < 1:
            continue
        asked: dict[str, Asked] = {}
        for at, (ident, policy, decoded) in enumerate(cases(folder, suite.policy)):
            if at * SHARE % 1 >= SHARE:
                continue
            parameters = repr(policy.moved)
            if parameters not in asked:
                asked[parameters] = Asked.of(bundle(folder).plans, policy, PLACES)
            difference = fixed(asked[parameters], plain_inputs(policy, decoded), policy, decoded, ended)
            assert not difference, f"{suite.policy} {ident}: {difference}"
    assert ended["alone"] > 400 * SHARE
    assert ended["not found out"] < ended["alone"] / 20, ended
    assert ended["not alone"] < ended["alone"] / 20, ended


def fixed(asked: Asked, inputs: Inputs, policy: Policy, decoded: Any, ended: Counter[str]) -> str:
    """What is wrong with the rows that may come of inputs."""
    row, _ = by_scalar(policy, decoded)
    ways = asked.ways(inputs, row)
    if ways.this is None:
        ended["not found out"] += 1
        return ""
    if not ways.this:
        return f"{row} cannot come of it"
    alone = not ways.other
    ended["alone" if alone else "not alone"] += 1
    return "" if alone or longest(inputs) > PLACES else f"another row than {row} may come of it"


def longest(value: Any) -> int:
    """How many items the longest list or map has."""
    match value:
        case dict():
            return max([len(value), *map(longest, value.values())])
        case list():
            return max([len(value), *map(longest, value)])
        case _:
            return 0
