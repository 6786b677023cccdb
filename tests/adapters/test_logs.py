"""Log lines go out through standard logging, one event a line, as text or as JSON that keeps to its schema."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from adapters import logs
from adapters.logs import LOGGER, log_decision
from tests.engine.shipped import ROOT, STAMP, policy
from tests.oracles.gate import GateParameters
from tests.oracles.order_inputs import gate_inputs

GATE = [json.dumps(one) for one in gate_inputs(120, 3, GateParameters())]


@pytest.fixture(params=["text", "json"])
def sent(request: pytest.FixtureRequest) -> Iterator[tuple[str, io.StringIO]]:
    stream = io.StringIO()
    handler = logs.start(request.param, stream)
    yield request.param, stream
    logs.stop(handler)


def test_every_line_of_a_decision_is_written(sent: tuple[str, io.StringIO]) -> None:
    form, stream = sent
    gate, wanted = policy("open-position"), []
    for text in GATE:
        decision, lines = gate.decide_and_log(gate.read(text), STAMP)
        log_decision(decision, lines)
        wanted += lines
    assert {event for event, _ in wanted} >= {"ACTION_ROUTE", "SKIP", "POSITION_SIZE", "ACTIVE_SLOTS"}
    found = stream.getvalue().splitlines()
    if form == "text":
        assert found == [line for _, line in wanted]
        return
    schema = json.loads((ROOT / "schemas" / "log-record.json").read_text("utf-8"))
    records: list[dict[str, Any]] = [json.loads(one) for one in found]
    assert [(one["event"], one["line"]) for one in records] == wanted
    for one in records:
        jsonschema.validate(one, schema)
        assert one["decision_id"] == STAMP.decision_id


def test_a_decision_that_failed_says_so(caplog: pytest.LogCaptureFixture) -> None:
    decision = policy("entry").decide_json('{"intent": "a\\nb"}', STAMP)
    with caplog.at_level(logging.INFO, LOGGER.name):
        log_decision(decision, [])
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("DECISION_FAILED | entry | BLOCK_POLICY_ERROR | inputs | /")


def test_what_was_sent_makes_no_line_of_its_own(sent: tuple[str, io.StringIO]) -> None:
    _, stream = sent
    LOGGER.info("%s", "one\nBLOCKED_MARGIN symbol=\x1b[31mX")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_other_handlers_see_the_lines_once_it_has_stopped(caplog: pytest.LogCaptureFixture) -> None:
    logs.stop(logs.start("text", io.StringIO()))
    with caplog.at_level(logging.INFO, LOGGER.name):
        LOGGER.info("seen")
    assert caplog.messages == ["seen"]
