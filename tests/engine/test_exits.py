"""Exits: no well-formed one is blocked, by any stage, fact, freeze or fault; and none increases or turns what is held.

An exit is told here by itself, from what SEEDS.md says of one: a CLOSE, or the opposite side, of a symbol held on
exactly one side.
"""

from __future__ import annotations

import copy
import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.columnar.reader import Reader
from engine.decision import Decision
from engine.exits import NO_POLICY, exit_of, read_exit, without_policy
from engine.faults import InputsRefused
from engine.policy import Policy
from rules.bundle import load
from tests.engine.shipped import ROOT, STAMP, policy
from tests.oracles.gate import GateParameters
from tests.oracles.order_inputs import gate_inputs

Inputs = dict[str, Any]
COUNT = 4_000
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 0, 1e308, math.pi, "", "x", "FULL_FREEZE", [], [1], {}, {"type": "FULL_FREEZE"}, {"a": {"b": []}}]
)
NOT_LOOKED_AT = ["now", "intent", "market", "universe", "freeze", "health", "risk", "multipliers", "exploration"]
OF_PORTFOLIO = ["equity", "available_capital", "pending", "last_trade_at", "last_trade_at_by_symbol"]


def gate() -> Policy:
    return policy("open-position")


@cache
def snapshots() -> tuple[Inputs, ...]:
    return tuple(gate_inputs(COUNT, 77, GateParameters()))


def held(facts: Inputs) -> list[Inputs]:
    return [one for one in facts["portfolio"]["positions"] if one["symbol"] == facts["signal"]["symbol"]]


def is_exit(facts: Inputs) -> bool:
    sides = {one["side"] for one in held(facts)}
    action = facts["signal"]["final_action"]
    return (sides == {"LONG"} and action in ("CLOSE", "SELL")) or (sides == {"SHORT"} and action in ("CLOSE", "BUY"))


@cache
def exits() -> tuple[Inputs, ...]:
    found = tuple(facts for facts in snapshots() if is_exit(facts))
    assert len(found) > 100
    return found


def decided(facts: Any, chosen: Policy | None = None) -> Decision:
    return (chosen or gate()).decide_json(json.dumps(facts), STAMP)


def assert_reduces(facts: Inputs, found: Decision) -> None:
    """The order goes out, on the side that reduces, for no more than is held."""
    assert (found.outcome, found.effect, found.rule) == ("EXIT", "allow", "exit")
    long = held(facts)[0]["side"] == "LONG"
    assert found.outputs["side"] == ("SELL" if long else "BUY")
    assert found.outputs["reduce_only"] is True
    quantities = [one.get("quantity") for one in held(facts)]
    bound = found.outputs.get("max_quantity")
    assert (bound is None) == (None in quantities)
    if bound is not None:
        total = sum(one["quantity"] for one in held(facts))
        before = total if long else -total
        after = before - bound if long else before + bound
        assert math.isclose(after, 0.0, abs_tol=1e-9), "flipped, or left more than there was"
    assert "allocation" not in found.outputs


def test_the_gate_and_the_fixed_rule_tell_the_same_exits() -> None:
    for facts in snapshots():
        found = decided(facts)
        fixed = exit_of(facts)
        assert (found.outcome == "EXIT") == is_exit(facts) == (fixed is not None), facts
        if fixed is not None:
            assert found.outputs == fixed.outputs
            assert found.reason == fixed.reason


def test_every_exit_passes_and_only_reduces() -> None:
    for facts in exits():
        assert_reduces(facts, decided(facts))


def test_the_columns_let_out_the_same() -> None:
    chosen = gate()
    reader = Reader(chosen)
    rows = [chosen.decoder.decode(json.dumps(facts)) for facts in islice(snapshots(), 1_000)]
    decisions = reader.decide(reader.chunk(rows))
    for at, facts in enumerate(islice(snapshots(), 1_000)):
        assert (decisions.row(at)[0] == "EXIT") == is_exit(facts)


@given(st.data())
def test_no_other_fact_holds_an_exit_back(data: st.DataObject) -> None:
    facts = copy.deepcopy(data.draw(st.sampled_from(exits())))
    for name in data.draw(st.lists(st.sampled_from(NOT_LOOKED_AT), max_size=4, unique=True)):
        put(facts, name, data.draw(st.one_of(st.just(...), JUNK)))
    for name in data.draw(st.lists(st.sampled_from(OF_PORTFOLIO), max_size=3, unique=True)):
        put(facts["portfolio"], name, data.draw(st.one_of(st.just(...), JUNK)))
    assert_reduces(facts, decided(facts))
    assert_reduces(facts, without_policy(json.dumps(facts), STAMP, "the policy is stale"))


def put(record: Inputs, name: str, value: Any) -> None:
    if value is ...:
        record.pop(name, None)
    else:
        record[name] = value


@given(st.data())
def test_what_is_no_well_formed_exit_never_passes_as_one(data: st.DataObject) -> None:
    """Anything at all in the signal or in the positions: whatever passes reduces what the inputs say is held."""
    facts = copy.deepcopy(data.draw(st.sampled_from(snapshots()[:500])))
    place = data.draw(st.sampled_from(["signal", "positions", "position"]))
    if place == "signal":
        put(
            facts["signal"],
            data.draw(st.sampled_from(sorted(facts["signal"]))),
            data.draw(st.one_of(st.just(...), JUNK)),
        )
    elif place == "position" and facts["portfolio"]["positions"]:
        one = data.draw(st.sampled_from(facts["portfolio"]["positions"]))
        put(one, data.draw(st.sampled_from(sorted(one))), data.draw(st.one_of(st.just(...), JUNK)))
    else:
        facts["portfolio"]["positions"] = data.draw(JUNK)
    for found in (decided(facts), without_policy(json.dumps(facts), STAMP, "there is none")):
        if found.outcome == "EXIT":
            assert is_exit(facts)
            assert_reduces(facts, found)


def test_no_fault_of_ours_holds_an_exit_back() -> None:
    def fails(*_: object) -> Any:
        raise RuntimeError("a fault that nobody thought of")

    broken = replace(gate(), program=replace(gate().program, full=fails))
    for facts in exits()[:50]:
        found = decided(facts, broken)
        assert_reduces(facts, found)
        assert "RuntimeError" in found.reason
    others = [facts for facts in snapshots() if not is_exit(facts)][:50]
    assert {decided(facts, broken).effect for facts in others} == {"block"}


def cut(said: Inputs) -> Decision:
    """The decision on inputs with more faults than are looked for."""
    asked, text = gate(), json.dumps(said)
    with pytest.raises(InputsRefused) as refused:
        asked.read(text, 3)
    assert refused.value.cut
    return asked.refused(refused.value, STAMP, text)


UNKNOWN = {f"x{i}": i for i in range(10)}


def test_faults_that_are_not_looked_for_hold_no_exit_back() -> None:
    for facts in exits()[:50]:
        assert_reduces(facts, cut({**UNKNOWN, **facts}))
        assert_reduces(
            facts, cut({**UNKNOWN, "portfolio": {**UNKNOWN, **facts["portfolio"]}, "signal": facts["signal"]})
        )


def test_faults_of_what_an_exit_rests_on_are_found_behind_all_others() -> None:
    """The signal and the positions stand last, after more faults than are looked for."""
    for facts in exits()[:50]:
        signal, portfolio = facts["signal"], facts["portfolio"]
        positions = [*portfolio["positions"][:-1], {**portfolio["positions"][-1], "leverage": -1.0}]
        for changed in (
            {"signal": {**signal, "who": "me"}},
            {"signal": {**signal, **UNKNOWN}},
            {"portfolio": {**portfolio, "positions": positions}},
            {"portfolio": {**portfolio, "positions": [*portfolio["positions"], {}]}},
        ):
            assert cut({**UNKNOWN, **facts, **changed}).effect == "block"


def test_a_policy_without_exits_lets_none_out() -> None:
    facts = exits()[0]
    assert decided({**facts, "portfolio": {**facts["portfolio"], "pending": None}}, policy("route")).effect == "block"


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{", '{"signal": {}}', '{"signal": NaN}', '{"portfolio": {"positions": 3}}', "\ufeff{}"],
)
def test_without_a_policy_nothing_else_passes(text: str) -> None:
    found = without_policy(text, STAMP, "the policy is 3 s old")
    assert (found.outcome, found.effect, found.reason) == (NO_POLICY, "block", "the policy is 3 s old")
    assert decided(json.loads("{}") if text in ("", "{", "\ufeff{}") else text).effect == "block"


def test_a_member_said_twice_is_no_exit() -> None:
    facts = exits()[0]
    text = json.dumps(facts)
    twice = text.replace('"final_action"', '"final_action": "CLOSE", "final_action"', 1)
    for said in (twice, text[:-1] + ', "signal": ' + json.dumps(facts["signal"]) + "}"):
        assert gate().decide_json(said, STAMP).effect == "block"
        assert without_policy(said, STAMP, "there is none").effect == "block"


def test_without_a_policy_no_opening_passes() -> None:
    openings = [facts for facts in snapshots() if decided(facts).outcome == "OPEN"]
    assert openings
    for facts in openings:
        assert without_policy(json.dumps(facts), STAMP, "there is none").outcome == NO_POLICY


@pytest.mark.parametrize(
    ("quantities", "bound"),
    [((), None), ((0.5,), 0.5), ((0.5, 0.25), 0.75), ((0.5, None), None), ((0.0,), 0.0)],
)
def test_the_bound_is_what_is_held(quantities: tuple[float | None, ...], bound: float | None) -> None:
    positions: list[Mapping[str, Any]] = [
        {"symbol": "BTCUSDT", "side": "LONG"} | ({} if quantity is None else {"quantity": quantity})
        for quantity in quantities
    ]
    found = exit_of({"signal": {"symbol": "BTCUSDT", "final_action": "CLOSE"}, "portfolio": {"positions": positions}})
    assert (found.max_quantity if found else None) == bound
    assert (found is None) == (quantities == ())


@pytest.mark.parametrize(("quantities", "most"), [((1e308, 1e308), None), ((2.0, 1.5), 3.5)])
def test_a_sum_beyond_all_numbers_bounds_nothing(quantities: tuple[float, ...], most: float | None) -> None:
    found = read_exit(close_of(quantities))
    assert found is not None
    assert found.max_quantity == most


def test_a_quantity_beyond_all_numbers_is_not_read() -> None:
    assert read_exit(close_of((10**400,))) is None, "what is held cannot be told"


def close_of(quantities: tuple[float, ...]) -> str:
    positions = [{"symbol": "BTCUSDT", "side": "LONG", "quantity": one} for one in quantities]
    signal = {"symbol": "BTCUSDT", "final_action": "CLOSE"}
    return json.dumps({"signal": signal, "portfolio": {"positions": positions}})


def test_no_other_rule_is_called_as_that_of_exits(tmp_path: Path) -> None:
    """What it allowed would pass for an exit, and never expire."""
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    router = tmp_path / "policies" / "router.yaml"
    exempt = "  exempt:\n    - {id: exit, when: signal.final_action == 'BUY', outcome: ROUTED, reason: r}\n  outcomes:"
    router.write_text(router.read_text("utf-8").replace("  outcomes:", exempt, 1), encoding="utf-8")
    found = load(tmp_path / "policies", with_suites=False)
    assert "rule-reserved" in {d.code for d in found.diagnostics if d.severity == "error"}
    assert found.bundle is None
