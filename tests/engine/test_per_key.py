"""Parameters per key: what a lookup gives in each reader, and how suites, decisions and people are told."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from adapters.cli.deciding import Made
from adapters.cli.decision_text import parameter_lines
from engine.columnar import frames
from engine.columnar.reader import Reader
from engine.policy import Machine
from engine.suites import run_suite
from rules.cel.tree import Conditional, Constant, Entry, Root
from tests.engine.shipped import STAMP
from tests.engine.small import HEADER, machine_of, rule_list
from tests.oracles.agreement import compare

BODY = """
    inputs: {word: Word, way: Side, words: {list: Word, maxItems: 4}}
    parameters:
      may: {per: Word, type: bool, unlisted: false, default: {a: true, b: false}, maxEntries: 4, description: d}
      cap: {per: Word, type: Amount, unlisted: 1, default: {a: 2.5, LONG: -3, '': -0.0}, maxEntries: 5, description: d}
      wait: {per: Word, type: duration, min: 0s, max: 1h, unlisted: 1m, default: {b: 1h}, maxEntries: 9, description: d}
      side: {per: Word, type: Side, unlisted: SHORT, default: {a: LONG, b: SHORT}, maxEntries: 4, description: d}
      none: {per: string, type: int, min: 0, max: 9, unlisted: 7, default: {}, maxEntries: 1, description: d}
    parametersRequire:
      - {id: patient, that: 'params.wait.all(w, params.wait[w] <= duration("1h"))'}
    variables:
      caps: params.cap
    rules:
      - {id: may, when: 'params.may[word]', outcome: YES, reason: 'up to {params.cap[word]:.1f}'}
      - {id: side, when: 'params.side[word] == way && params.wait[word] > duration("1m")', outcome: YES, reason: r}
    otherwise: {outcome: NO, reason: '{params.none[word]}'}
    outputs:
      cap: {type: double, value: 'params.cap[word]'}
      total: {type: double, value: 'words.map(w, caps[w] + params.cap.a).sum()'}
      of-side: {type: double, value: 'params.cap[string(way)]'}
      side: {type: Side, value: 'params.side[word + ""]'}
      wait: {type: duration, value: params.wait.b}
      listed: {type: bool, value: 'word in params.cap || has(params.cap.zz) || has(params.may.b)'}
      keys: {type: int, value: 'size(params.cap) + size(params.none)'}
      some: {type: bool, value: 'words.exists(w, params.cap.exists(k, k == w && caps[k] > 2.0))'}
""".replace("of-side", "of_side")
ROWS: list[dict[str, Any]] = [
    {"word": "a", "way": "LONG", "words": ["a", "b", ""]},
    {"word": "b", "way": "SHORT", "words": []},
    {"word": "b", "way": "LONG", "words": ["b"]},
    {"word": "", "way": "LONG", "words": ["LONG", "a", "new", "a"]},
    {"word": "new", "way": "SHORT", "words": ["b", "new"]},
]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return machine_of(tmp_path_factory.mktemp("per-key"), rule_list("small", BODY))


def test_what_lookups_give(machine: Machine) -> None:
    found = [machine.policies["small"].decide_json(json.dumps(row), STAMP) for row in ROWS]
    assert [one.error for one in found] == [None] * 5
    assert [(one.rule, one.reason) for one in found] == [
        ("may", "up to 2.5"),
        ("side", "r"),
        ("otherwise", "7"),
        ("otherwise", "7"),
        ("otherwise", "7"),
    ]
    told = ("cap", "total", "of_side", "side", "wait", "listed", "keys", "some")
    assert [tuple(one.outputs[name] for name in told) for one in found] == [
        (2.5, 11.0, -3.0, "LONG", "3600s", True, 3, True),
        (1.0, 0.0, 1.0, "SHORT", "3600s", True, 3, False),
        (1.0, 3.5, -3.0, "SHORT", "3600s", True, 3, False),
        (-0.0, 13.0, -3.0, "SHORT", "3600s", True, 3, True),
        (1.0, 7.0, 1.0, "SHORT", "3600s", True, 3, False),
    ]


MOVED: list[dict[str, Any]] = [
    {},
    {"may": {"new": True, "a": False}, "cap": {"b": 100.0}},
    {"wait": {"new": "2m"}, "side": {"new": "LONG", "b": "LONG"}, "none": {"b": 0}},
]


@pytest.mark.parametrize("moved", MOVED)
def test_readers_agree(machine: Machine, moved: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    policy = machine.policies["small"]
    values = {p.name: p.read(moved[p.name]) for p in policy.plan.parameters if p.name in moved}
    reader = Reader(policy).with_parameters(values)
    rows = [policy.decoder.decode(json.dumps(row)) for row in ROWS * 3]
    assert not list(compare(reader, rows, Counter()))
    monkeypatch.setattr(frames, "MOST_LANES", 40)
    assert not list(compare(reader, rows, Counter()))


def test_a_lookup_is_made_of_nodes_that_every_reader_knows(machine: Machine) -> None:
    node = machine.policies["small"].plan.outputs[0].value
    assert isinstance(node, Conditional)
    assert not node.fails
    assert isinstance(node.then, Entry)
    assert isinstance(node.then.operand, Root)
    assert isinstance(node.other, Constant)
    assert node.other.value == 1.0


def test_decisions_tell_the_keys_that_moved(machine: Machine) -> None:
    policy = machine.policies["small"]
    may, cap, wait, *_ = policy.plan.parameters
    moved = policy.with_parameters(
        {
            "may": may.read({"a": True, "b": True, "new": False}),
            "cap": cap.read({"new": 1.0}),
            "wait": wait.read({"c": "90s"}),
        }
    )
    found = moved.decide_json(json.dumps(ROWS[0]), STAMP)
    listed = {"may": {"b": True, "new": False}, "cap": {"new": 1.0}, "wait": {"c": "90s"}}
    assert found.parameters == listed  # also where the value is the one of any other key: rules see that it is listed
    assert policy.decide_json(json.dumps(ROWS[0]), STAMP).parameters is None
    three = {p.name: p for p in policy.plan.parameters[:3]}
    lines = parameter_lines(three, Made(found, [], usable=True))  # folded
    assert " ".join(" ".join(lines).split()) == (
        'may {"b": true, "new": false} (published {"a": true, "b": false}, any other false) '
        'cap {"new": 1.0} (published {"a": 2.5, "LONG": -3.0, "": -0.0}, any other 1.0) '
        'wait {"c": "90s"} (published {"b": "3600s"}, any other 60s)'
    )


def test_traces_tell_what_a_lookup_gave(machine: Machine) -> None:
    policy = machine.policies["small"]
    trace = policy.decide_json(json.dumps(ROWS[4]), STAMP, trace=True).trace or []
    reads = {reading.path: reading.value for rule in trace for reading in rule.reads}
    assert reads == {
        "params.may[word]": False,
        "params.side[word]": "SHORT",
        "params.wait[word]": "60s",
        "word": "new",
        "way": "SHORT",
    }


def test_suites_set_keys(tmp_path: Path) -> None:
    suite = (
        f"{HEADER}kind: Suite\nmetadata: {{name: s, version: 1.0.0, title: t, owner: o}}\n"
        "spec:\n  policy: small\n  given: one\n  fixtures:\n    one: {word: new, way: SHORT, words: []}\n  cases:\n"
        "    - {id: unlisted, expect: {rule: otherwise, outputs: {cap: 1.0}}}\n"
        "    - {id: listed, parameters: {may: {new: true}, cap: {new: 5.0}}, expect: {rule: may, reason: up to 5.0}}\n"
        "    - {id: others-stay, set: {word: a}, parameters: {may: {new: true}}, expect: {rule: may}}\n"
        "    - {id: not-together, parameters: {wait: {new: 1h}}, expect: {rule: side}}\n"
    )
    machine = machine_of(tmp_path, rule_list("small", BODY), suite)
    assert [result.mismatches for result in run_suite(machine.bundle.suites[0], machine).results] == [()] * 4


RULES = "rules: [{id: never, when: word == 'never', outcome: NO, reason: r}]"
LIBRARY = f"""{HEADER}kind: Library
metadata: {{name: caps, version: 1.0.0, title: t, owner: o}}
spec:
  inputs: {{word: Word}}
  parameters:
    cap: {{per: Word, type: Amount, unlisted: 1.0, default: {{a: 2.0}}, maxEntries: 4, description: d}}
  variables: {{mine: 'params.cap[word]'}}
"""


def test_a_library_shares_one(tmp_path: Path) -> None:
    callee = f"inputs: {{word: Word}}\nuses: {{caps: [mine]}}\n{RULES}\notherwise: {{outcome: YES, reason: r}}\n"
    callee += "outputs: {mine: {type: Amount, value: mine}}"
    body = f"inputs: {{word: Word}}\nuses: {{caps: [cap]}}\ncalls: {{asked: {{policy: callee}}}}\n{RULES}\n"
    body += "otherwise: {outcome: YES, reason: r}\n"
    body += "outputs: {own: {type: Amount, value: 'params.cap[word]'}, its: {type: Amount, value: asked.mine}}"
    machine = machine_of(tmp_path, LIBRARY, rule_list("callee", callee), rule_list("small", body))
    policy = machine.policies["small"]
    (cap,) = policy.plan.parameters
    moved = policy.with_parameters({"cap": cap.read({"b": 9.0})})
    for word, value in (("a", 2.0), ("b", 9.0), ("c", 1.0)):
        assert moved.decide_json(json.dumps({"word": word}), STAMP).outputs == {"own": value, "its": value}
    rows = [policy.decoder.decode(json.dumps({"word": word})) for word in "abc"]
    assert not list(compare(Reader(moved), rows, Counter()))
