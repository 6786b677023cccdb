"""Empty lists and maps take their type from what they meet; several in one policy are told apart by both readers."""

from __future__ import annotations

import json
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from engine.columnar.reader import Reader
from tests.engine.small import machine_of, rule_list, thing
from tests.oracles.agreement import compare

INPUTS = """
inputs:
  thing: Thing
  names: {list: Word, maxItems: 5}
  ns: {list: Count, maxItems: 5}
  ds: {list: Amount, maxItems: 5}
"""


@pytest.mark.parametrize(
    "condition",
    [
        "(names + []).size() > 0 && (ds + []).sum() > 1.0",
        "(thing.n > 1 ? [] : names).size() + (thing.n > 1 ? [] : ns).size() > 2",
        "names == [] || (ns == [] && (ns + []).sum() == 0)",
        "('a' in (thing.n > 1 ? [] : names)) || (1 in (thing.n > 1 ? [] : ns))",
    ],
)
def test_empty_lists_of_two_types(tmp_path: Path, condition: str) -> None:
    rules = f'rules:\n  - {{id: a, when: "{condition}", outcome: YES, reason: r}}\n'
    found = machine_of(tmp_path, rule_list("small", INPUTS + rules + "otherwise: {outcome: NO, reason: r}"))
    policy, ended = found.policies["small"], Counter[str]()
    rows = product((0, 3), ([], ["a"]), ([], [1, 2]), ([], [2.0]))
    texts = [json.dumps({"thing": thing(n=n), "names": names, "ns": ns, "ds": ds}) for n, names, ns, ds in rows]
    assert list(compare(Reader(policy), [policy.decoder.decode(text) for text in texts], ended)) == []
    assert ended.keys() >= {"allow", "block"}
