"""Nothing missing, malformed or out of range ever allows, and nothing a caller sends ends in an exception."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decision import Decision, to_json
from engine.policy import Policy
from engine.scalar.runtime import EvaluationError
from rules.types import EnumType, ListType, MapType, RecordType, Type
from tests.engine.shipped import STAMP, as_json, bundle, decide, policy
from tests.oracles.snapshots import generate

ALLOWED = {
    name: [s for s in generate(400, seed=11) if decide(name, s).effect == "allow"] for name in ("entry", "allocation")
}


def required_paths(t: Type, value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every required member present in a value of a type."""
    match t:
        case RecordType():
            for field in t.fields:
                if field.name in value and value[field.name] is not None:
                    if not field.optional and field.default is None:
                        yield (*path, field.name)
                    yield from required_paths(field.type, value[field.name], (*path, field.name))
                elif field.nullable and field.name in value:
                    yield (*path, field.name)
        case ListType():
            for index, item in enumerate(value):
                yield from required_paths(t.item, item, (*path, index))
        case MapType():
            for key, item in value.items():
                yield from required_paths(t.value, item, (*path, key))
        case _:
            return


def without(snapshot: Mapping[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    out = copy.deepcopy(dict(snapshot))
    at: Any = out
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return out


class Broken:
    """Stands for a part of the engine with a fault that nobody thought of, knowing only what it is."""

    def __init__(self, part: Any = None) -> None:
        self.plan, self.parameters = getattr(part, "plan", None), getattr(part, "parameters", None)

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


ALLOWED_ENTRY = as_json("entry", ALLOWED["entry"][0])


def with_broken(policy: Policy, *parts: str) -> Policy:
    broken: dict[str, Any] = {part: Broken(getattr(policy, part)) for part in parts}
    return replace(policy, **broken)


def test_a_fault_of_ours_while_tracing_costs_the_trace_only() -> None:
    entry = policy("entry")
    inputs = entry.read(ALLOWED_ENTRY)
    found = with_broken(entry, "tracer").decide(inputs, STAMP, trace=True)
    assert (found.effect, found.trace) == ("allow", None)
    assert entry.decide(inputs, STAMP, trace=True).trace


def test_a_fault_of_ours_while_explaining_an_error_still_blocks() -> None:
    def fails(*_: object) -> Any:
        raise EvaluationError("overflow", 0)

    entry = policy("entry")
    failing = replace(entry, program=replace(entry.program, full=fails))
    found = with_broken(failing, "tracer").decide_json(ALLOWED_ENTRY, STAMP)
    assert (found.effect, found.error and found.error.code) == ("block", "internal")


@pytest.mark.parametrize("part", ["decoder", "program"])
def test_a_fault_of_ours_while_reading_or_deciding_blocks(part: str) -> None:
    entry = policy("entry")
    found = with_broken(entry, part).decide_json(ALLOWED_ENTRY, STAMP)
    assert (found.outcome, found.effect) == (entry.plan.on_error, "block")
    assert found.error is not None
    assert "RuntimeError" in found.error.message


@pytest.mark.parametrize("name", ["entry", "allocation"])
def test_dropping_any_required_fact_of_an_allowed_snapshot_blocks(name: str) -> None:
    fields = policy(name).plan.inputs
    dropped = 0
    for snapshot in ALLOWED[name]:
        for field in fields:
            if field.optional or field.name not in snapshot:
                continue
            paths = [(field.name,), *required_paths(field.type, snapshot[field.name], (field.name,))]
            for path in paths:
                found = decide(name, without(snapshot, path))
                assert found.effect == "block", path
                assert found.error is not None
                pointer = "/" + "/".join(str(step) for step in path)
                assert pointer in [fault["pointer"] for fault in found.error.faults or ()]
                dropped += 1
    assert dropped > 1_000


BAD_TEXT = ["", " ", "null", "[]", "{", "{}", '{"intent":', "NaN", '"x"', "[" * 100_000, "{}{}", "\x00", "\ud800"]


@pytest.mark.parametrize("text", BAD_TEXT)
@pytest.mark.parametrize("name", ["entry", "allocation"])
def test_what_is_not_a_set_of_inputs_blocks(name: str, text: str) -> None:
    found = policy(name).decide_json(text.encode("utf-8", "surrogatepass"), STAMP)
    assert (found.effect, found.outcome) == ("block", "BLOCK_POLICY_ERROR")
    assert found.error is not None
    to_json(found)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3),
    max_leaves=8,
)


def paths_of(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from paths_of(item, (*path, key))


@given(data=st.data())
def test_a_value_put_anywhere_blocks_unless_it_fits(data: st.DataObject) -> None:
    snapshot = copy.deepcopy(data.draw(st.sampled_from(ALLOWED["entry"])))
    path = data.draw(st.sampled_from(sorted(paths_of(snapshot), key=str)))
    at: Any = snapshot
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = data.draw(JSON)
    for name in ("entry", "allocation"):
        found = policy(name).decide_json(as_json(name, snapshot), STAMP)
        refused = policy(name).decoder.validate(as_json(name, snapshot))
        assert isinstance(found, Decision)
        assert (found.effect == "block") or not refused
        to_json(found)


@given(raw=st.binary(max_size=64), cut=st.integers(0, 3_000), flip=st.integers(0, 3_000), index=st.integers(0, 50))
def test_damaged_bytes_never_raise(raw: bytes, cut: int, flip: int, index: int) -> None:
    good = as_json("entry", ALLOWED["entry"][index % len(ALLOWED["entry"])]).encode()
    damaged = bytearray(good[: len(good) - cut % len(good)])
    if damaged:
        damaged[flip % len(damaged)] ^= 0x5A
    for text in (raw, bytes(damaged), bytes(damaged) + raw):
        found = policy("entry").decide_json(text, STAMP)
        assert found.effect == "block" or not policy("entry").decoder.validate(text)


NUMBERS = ["NaN", "Infinity", "-Infinity", "1e999", "-1", "1.01", "true", '"0.9"', "null", "[]", "1" + "0" * 400]


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_that_are_none_block(number: str) -> None:
    snapshot = copy.deepcopy(ALLOWED["entry"][0])
    snapshot["intent"]["confidence"] = "HERE"
    text = as_json("entry", snapshot).replace('"HERE"', number)
    found = policy("entry").decide_json(text, STAMP)
    assert found.effect == "block"
    assert found.error is not None
    assert found.error.faults is not None
    assert "/intent/confidence" in [fault["pointer"] for fault in found.error.faults]


def test_a_member_said_twice_blocks() -> None:
    text = as_json("entry", ALLOWED["entry"][0])
    found = policy("entry").decide_json(text.replace('"confidence"', '"confidence": 0.99, "confidence"', 1), STAMP)
    assert found.effect == "block"


def test_facts_of_the_glossary_are_ignored_and_unknown_names_are_not() -> None:
    snapshot = dict(ALLOWED["entry"][0])
    assert "market" in bundle().types.facts
    assert decide("entry", {**snapshot, "market": {"anything": 1}}).effect == "allow"
    found = decide("entry", {**snapshot, "markt": {}})
    assert found.effect == "block"
    assert found.error is not None
    assert "markt" in found.error.message


def test_an_unexpected_fault_inside_the_engine_blocks() -> None:
    """Whatever breaks in generated code, the answer is the outcome for errors."""
    broken = policy("entry").with_parameters({"max_positions_total": 10})
    object.__setattr__(broken.program, "full", lambda *_: 1 / 0)
    found = broken.decide_json(as_json("entry", ALLOWED["entry"][0]), STAMP)
    assert (found.effect, found.outcome, found.rule) == ("block", "BLOCK_POLICY_ERROR", None)
    assert found.error is not None
    assert found.error.code == "internal"


def test_every_policy_blocks_on_error() -> None:
    for plan in bundle().plans.values():
        assert plan.outcomes[plan.on_error] == "block"


def test_closed_enums_refuse_other_words() -> None:
    side = bundle().types.named["Side"]
    assert isinstance(side, EnumType)
    snapshot = copy.deepcopy(ALLOWED["entry"][0])
    snapshot["intent"]["side"] = "LONGG"
    assert decide("entry", snapshot).effect == "block"
    assert json.loads(to_json(decide("entry", snapshot)))["error"]["faults"][0]["pointer"] == "/intent/side"
