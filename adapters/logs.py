"""The log lines of decisions, through standard logging: as the policy writes them, or as JSON, one object a line.

Every line goes to the logger `bascule.decisions` with its event; a decision that failed closed writes one line of its
own, because a policy that failed writes none. Whoever embeds Bascule configures that logger like any other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TextIO

import msgspec

from engine.decision import Decision
from engine.policy import LogLine
from rules.plan import Effect

LOGGER = logging.getLogger("bascule.decisions")
Form = Literal["text", "json"]
FAILED = "DECISION_FAILED"


class LogRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A log line of a decision: what happened, as the policy writes it, and which decision it is about."""

    at: datetime
    level: str
    event: str
    line: str
    decision_id: str
    policy: str
    version: str
    outcome: str
    effect: Effect
    simulated: bool = False


def log_decision(decision: Decision, lines: Iterable[LogLine]) -> None:
    """Write the log lines of a decision; one that failed closed is an error and says why."""
    for event, line in lines:
        _write(logging.INFO, event, line, decision)
    if decision.error is not None:
        reason = " ".join(decision.reason.split())
        line = f"{FAILED} | {decision.policy} | {decision.outcome} | {decision.error.code} | {reason}"
        _write(logging.ERROR, FAILED, line, decision)


def _write(level: int, event: str, line: str, decision: Decision) -> None:
    record = LogRecord(
        at=decision.decided_at,
        level=logging.getLevelName(level),
        event=event,
        line=line,
        decision_id=decision.decision_id,
        policy=decision.policy,
        version=decision.version,
        outcome=decision.outcome,
        effect=decision.effect,
        simulated=decision.simulated,
    )
    LOGGER.log(level, "%s", line, extra={"decision": record})


class LineFormatter(logging.Formatter):
    """The line as the policy writes it, control characters escaped: one event stays one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record."""
        text = record.getMessage()
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class JsonFormatter(logging.Formatter):
    """The record as a JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record; of one that is about no decision, its level and message."""
        told = getattr(record, "decision", None)
        return msgspec.json.encode(told or {"level": record.levelname, "line": record.getMessage()}).decode()


def start(form: Form, stream: TextIO) -> logging.Handler:
    """Send the log lines of decisions to a stream; `stop` ends it."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if form == "json" else LineFormatter())
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    return handler


def stop(handler: logging.Handler) -> None:
    """Send no more log lines to a stream."""
    LOGGER.removeHandler(handler)
    LOGGER.propagate = True
