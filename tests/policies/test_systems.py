"""Each shipped policy agrees with plain Python that was written from the source documents, not from the policies.

The inputs are crowded round the thresholds, and both readers decide them: values as Python objects, and as columns.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import pytest

from engine.columnar.reader import Reader
from engine.policy import Policy
from tests.engine.shipped import policy
from tests.oracles.agreement import told_by_columns, told_by_scalar
from tests.oracles.book import Facts
from tests.policies.pipelines import PIPELINES
from tests.policies.systems import SYSTEMS, System, as_json

BATCH = 5_000
SHARE = float(os.environ.get("BASCULE_SHARE", "0.2"))
"""The share of the inputs that is shown; all of them with `make systems`."""
ALL = (*SYSTEMS, *PIPELINES)


def policy_of(system: System) -> Policy:
    chosen = policy(system.policy)
    return chosen.with_parameters(system.parameters) if system.parameters else chosen


def batches(facts: Iterator[Facts]) -> Iterator[list[Facts]]:
    while batch := list(islice(facts, BATCH)):
        yield batch


@pytest.mark.parametrize("system", ALL, ids=lambda system: system.name)
def test_policy_and_oracle_agree(system: System) -> None:
    chosen = policy_of(system)
    reader = Reader(chosen)
    seen: Counter[str | None] = Counter()
    count = round(system.count * SHARE)
    for batch in batches(system.generated(count, 2026)):
        decoded = [chosen.decoder.decode(as_json(chosen, facts)) for facts in batch]
        columns = told_by_columns(reader, decoded)
        for facts, inputs, by_columns in zip(batch, decoded, columns, strict=True):
            told = told_by_scalar(reader, inputs)
            assert repr(by_columns) == repr(told), facts
            wanted = system.oracle(facts)
            assert not system.differs(told, wanted), (system.differs(told, wanted), wanted, facts)
            seen[told[0][1] if len(told) == 2 else "error"] += 1
    assert seen.total() == count
    rules = {case.id for case in chosen.plan.all_cases}
    if SHARE >= 1:
        assert rules - seen.keys() == system.unreached, "rules that never applied"


@pytest.mark.parametrize("system", ALL, ids=lambda system: system.name)
def test_every_output_is_compared(system: System) -> None:
    assert {output.name for output in policy(system.policy).plan.outputs} == system.outputs.keys()
