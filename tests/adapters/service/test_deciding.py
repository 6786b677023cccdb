"""Bytes in, bytes out: what opens, what never does, what passes all the same, and what the log then holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from adapters.service.deciding import Made
from adapters.service.problems import Problem
from engine.published import Refusal
from tests.adapters.service.desk import ASKED, SECOND, START, Desk, desk, example
from tests.engine.shipped import bundle

ENTRY, GATE, CLOSE = example("entry"), example("open-position"), example("close")


def changed(inputs: bytes, **facts: Any) -> bytes:
    return json.dumps(json.loads(inputs) | facts).encode()


def test_an_entry_that_may_open() -> None:
    found = desk().decide("entry", ENTRY)
    assert (found["outcome"], found["effect"]) == ("ALLOW_NEW_ENTRY", "allow")
    assert found["decided_at"] == "2026-02-03T12:00:00Z"
    assert (found["valid_until"], found["policy_age_ms"]) == ("2026-02-03T12:00:01Z", 0)


def test_the_gate_is_given_the_time_and_the_universe() -> None:
    assert desk().decide("open-position", GATE)["effect"] == "allow"
    unlisted = desk(universe=b'["ETHUSDT"]').decide("open-position", GATE)
    assert (unlisted["effect"], unlisted["reason"]) == ("block", "BTCUSDT not in universe")


def test_an_allow_holds_as_long_as_the_read_it_rests_on() -> None:
    found = Desk()
    found.put(read_at=found.moving.steady_ns - 600_000_000)
    assert found.decide("entry", ENTRY)["valid_until"] == "2026-02-03T12:00:00.400000Z"
    found.put(valid_until=START + timedelta(milliseconds=300))
    assert found.decide("entry", ENTRY)["valid_until"] == "2026-02-03T12:00:00.300000Z"


def grow_old(found: Desk) -> None:
    found.put()
    found.moving.pass_by(1.1)


def be_left_alone(found: Desk) -> None:
    found.put()
    found.in_force.refuse(Refusal("supervisor", ""))


def lose_the_log(found: Desk) -> None:
    found.put()
    found.log.refusal = Refusal("log-full", "no space")


# What keeps everything shut but exits: how it comes about, and the cause that is told.
SHUT: dict[str, tuple[Callable[[Desk], None], str]] = {
    "nothing loaded yet": (lambda d: None, "starting"),
    "not read for longer than is allowed": (grow_old, "stale"),
    "the machine slept": (lambda d: d.put(read_at=d.moving.steady_ns - 60 * SECOND), "stale"),
    "past its end": (lambda d: d.put(valid_until=START), "expired"),
    "halted": (lambda d: d.put(refusal=Refusal("halted", "h-1 by ann")), "halted"),
    "the supervisor is gone": (be_left_alone, "supervisor"),
    "the log cannot be written": (lose_the_log, "log-full"),
}


@pytest.mark.parametrize("name", SHUT)
def test_nothing_opens_and_exits_pass(name: str) -> None:
    come_about, cause = SHUT[name]
    found = Desk()
    come_about(found)
    for policy, inputs in (("entry", ENTRY), ("open-position", GATE), ("no-such-policy", ENTRY)):
        told = found.decide(policy, inputs)
        assert (told["outcome"], told["effect"]) == ("BLOCKED_NO_POLICY", "block")
        assert told["reason"].startswith(f"{cause}: "), told["reason"]
    left = found.decide("open-position", CLOSE)
    assert (left["effect"], left["outputs"]["reduce_only"]) == ("allow", True)
    assert "valid_until" not in left
    assert [record["decision"]["effect"] for record in found.log.records] == ["block", "block", "block", "allow"]


def test_an_exit_does_not_expire() -> None:
    found = desk()
    left = found.decide("open-position", CLOSE)
    assert (left["policy"], left["outcome"], left["effect"]) == ("open-position", "EXIT", "allow")
    assert "valid_until" not in left


def router_inputs() -> bytes:
    """Those of the router's own case of an ordinary buy, as a caller of the service sends them."""
    suite = next(one for one in bundle().suites if one.policy == "router")
    case = next(one for one in suite.cases if one.id == "normal-buy")
    return json.dumps({fact: one for fact, one in case.inputs.items() if fact not in ("now", "universe")}).encode()


def test_an_opening_expires_although_its_outcome_is_that_of_exits() -> None:
    """The router calls both ROUTED; the rule says which it is."""
    found = desk()
    said = router_inputs()
    opened = found.decide("router", said)
    assert (opened["outcome"], opened["effect"], opened["rule"]) == ("ROUTED", "allow", "otherwise")
    assert opened["valid_until"] == "2026-02-03T12:00:01Z"
    made = found.deciding.decide("router", said, ASKED)
    found.moving.pass_by(1.1)
    assert found.deciding.confirmed(made).decision.effect == "block"


LATER: dict[str, Callable[[Desk], object]] = {
    "it has grown too old": lambda d: d.moving.pass_by(1.1),
    "openings were halted": lambda d: d.put(refusal=Refusal("halted", "h-1 by ann")),
    "the supervisor has gone": lambda d: d.in_force.refuse(Refusal("supervisor", "")),
}


@pytest.mark.parametrize("name", LATER)
def test_an_allow_is_taken_back_where_it_no_longer_holds(name: str) -> None:
    """Between deciding and answering the log is waited for."""
    found = desk()
    made = found.deciding.decide("entry", ENTRY, ASKED)
    assert made.decision.effect == "allow"
    LATER[name](found)
    answer = found.deciding.confirmed(made)
    assert (answer.decision.outcome, answer.decision.effect) == ("BLOCKED_NO_POLICY", "block")
    assert [record["decision"]["effect"] for record in found.log.records] == ["allow", "block"]


@pytest.mark.parametrize("name", LATER)
def test_an_exit_is_never_taken_back(name: str) -> None:
    found = desk()
    made = found.deciding.decide("open-position", CLOSE, ASKED)
    LATER[name](found)
    assert found.deciding.confirmed(made) is made


def problem(found: Desk, policy: str, inputs: bytes) -> dict[str, Any]:
    with pytest.raises(Problem) as caught:
        found.deciding.decide(policy, inputs, ASKED)
    told = caught.value.told()
    assert told["effect"] == "block"
    return told


def test_a_policy_that_is_not_there() -> None:
    told = problem(desk(), "entri", ENTRY)
    assert (told["status"], told["detail"]) == (404, "there is no policy `entri`: did you mean `entry`?")


def test_an_exit_passes_under_a_policy_that_is_not_there() -> None:
    """A publication may have given it another name; what is held must get out all the same."""
    found = desk()
    left = found.decide("gate-of-last-year", CLOSE)
    assert (left["effect"], left["outputs"]["reduce_only"]) == ("allow", True)
    assert "there is no policy `gate-of-last-year` in force" in left["reason"]
    assert [record["decision"] for record in found.log.records] == [left]


def test_an_allow_that_had_to_be_kept_and_was_not_is_taken_back() -> None:
    """However young what it rests on is: a timer that fires early makes no allow."""
    found = desk()
    made = found.deciding.decide("entry", ENTRY, ASKED)
    answer = found.deciding.confirmed(made, kept=False).decision
    assert (answer.outcome, answer.effect) == ("BLOCKED_NO_POLICY", "block")
    assert answer.reason.startswith("log-full: ")
    exit_ = found.deciding.decide("open-position", CLOSE, ASKED)
    assert found.deciding.confirmed(exit_, kept=False) is exit_


def test_an_allow_is_taken_back_in_the_log_too_although_it_is_full() -> None:
    found = desk()
    made = found.deciding.decide("entry", ENTRY, ASKED)
    found.log.is_full = True
    found.moving.pass_by(1.1)
    assert found.deciding.confirmed(made).decision.effect == "block"
    assert [record["decision"]["effect"] for record in found.log.records] == ["allow", "block"]


@pytest.mark.parametrize("policy", ["entry", "open-position", "regime"])
@pytest.mark.parametrize(("fact", "source"), [("now", "clock"), ("universe", "store")])
def test_what_the_service_supplies_is_not_the_callers_to_send(policy: str, fact: str, source: str) -> None:
    """Be the fact read by the policy or not; a time that a caller makes up would undo every cooldown."""
    said = {"now": "2020-01-01T00:00:00Z", "universe": {"symbols": ["BTCUSDT"]}}[fact]
    facts = json.loads(GATE)
    last, first = changed(GATE, **{fact: said}), json.dumps({fact: said, **facts}).encode()
    for inputs in (last, first, b" " + last, b"\r\n\t" + first):
        told = problem(desk(), policy, inputs)
        assert told["status"] == 422
        place = {
            "pointer": f"/{fact}",
            "message": f"`{fact}` comes from the {source}, not from the caller: leave it out",
        }
        assert place in told["faults"]


@pytest.mark.parametrize("inputs", [b"{}", b" {} ", b"[]", b"null", b"1", b'"text"', b"{ }", b'{"intent":{}}'])
def test_inputs_that_are_none(inputs: bytes) -> None:
    assert problem(desk(), "entry", inputs)["status"] == 422


def test_an_exit_passes_whatever_else_is_wrong_with_the_inputs() -> None:
    inputs = changed(CLOSE, intent="nonsense", now="made up", more=[1])
    told = desk().decide("open-position", inputs)
    assert (told["effect"], told["outputs"]["reduce_only"]) == ("allow", True)


def test_a_full_log_takes_exits_alone_and_drops_nothing() -> None:
    found = desk()
    found.log.is_full = True
    told = problem(found, "entry", ENTRY)
    assert (told["status"], found.log.records) == (503, [])
    assert found.decide("open-position", CLOSE)["effect"] == "allow"
    assert len(found.log.records) == 1
    assert found.deciding.counts.total() == 1


def test_the_log_holds_who_asked_what_and_what_was_decided() -> None:
    found = desk()
    told = found.decide("entry", ENTRY)
    (record,) = found.log.records
    assert (record["request_id"], record["caller"], record["decision"]) == ("request-1", "a test", told)
    held = json.loads(record["inputs"])
    assert held.pop("now") == "2026-02-03T12:00:00+00:00"
    assert held.pop("universe") == 0, "the entry policy does not read it"
    assert held == json.loads(ENTRY)
    assert found.deciding.counts == {("entry", "ALLOW_NEW_ENTRY", "allow", "otherwise"): 1}


def test_what_is_decided_without_a_policy_is_logged_and_counted_under_the_one_that_was_asked() -> None:
    found = desk(refusal=Refusal("halted", "h-1 by ann"))
    told = found.decide("entry", ENTRY)
    assert told["policy"] != "entry"
    (record,) = found.log.records
    assert (record["asked"], record["revision"], record["decision"]) == ("entry", 7, told)
    assert found.deciding.counts == {(told["policy"], "BLOCKED_NO_POLICY", "block", "halted"): 1}


def test_refused_inputs_are_told_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    found = desk()

    def refuse() -> None:
        with pytest.raises(Problem) as caught:
            found.deciding.decide("entry", b"{}", ASKED)
        found.deciding.refused("entry", ASKED, caught.value)

    refuse()
    (line,) = caplog.messages
    assert line.startswith("the inputs of `entry` from a test, request request-1, are refused: /intent: ")
    refuse()
    refuse()
    assert len(caplog.messages) == 1
    found.moving.pass_by(1.0)
    refuse()
    assert caplog.messages[1].endswith("(2 more since the last such line)")
    assert found.deciding.counts == {("entry", "INPUTS_REFUSED", "block", ""): 4}


def test_no_two_decisions_have_one_id() -> None:
    found, other = desk(), desk()
    ids = [one.decide("entry", ENTRY)["decision_id"] for one in (found, found, other)]
    assert len(set(ids)) == 3


def test_a_simulation_takes_everything_as_given() -> None:
    found = desk()
    given = changed(ENTRY, now="2030-01-01T00:00:00Z")
    decision = found.deciding.simulate("entry", given)
    assert (decision.effect, decision.simulated, decision.valid_until) == ("allow", True, None)
    assert (found.log.records, found.deciding.counts.total()) == ([], 0)
    with pytest.raises(Problem, match="now"):
        found.deciding.simulate("entry", ENTRY)
    nothing = Desk().deciding.simulate("entry", given)
    assert (nothing.outcome, nothing.simulated) == ("BLOCKED_NO_POLICY", True)


def test_a_decision_rests_on_one_standing() -> None:
    """What is put in force while it is decided changes nothing of it: the next one rests on that."""
    found = desk()
    made: Made = found.deciding.decide("entry", ENTRY, ASKED)
    found.put(revision=8)
    assert (made.standing.revision, found.in_force.current.standing.revision) == (7, 8)
    assert found.deciding.confirmed(made) is made
