"""What standard error says of the policy in force, told once each, with the word of the cause."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.publishing.trust import unsigned
from adapters.service.messages import Word
from adapters.service.telling import Telling
from engine.published import Record, Signature, Statement, Trust, TrustedKey
from tests.adapters.service.desk import SECOND

START = Word(0, "", 0, b"[]", cause="starting")
IN_FORCE = Word(7, "sha256:a", 100 * SECOND, b'["BTCUSDT"]')
RECORD = Record(Statement("desk", 7, "sha256:a", "desk 1.0.0", "2026-02-03T11:00:00+00:00", "ann", "a\nnote"), (), None)
HALTED = Word(7, "sha256:a", 100 * SECOND, b"[]", cause="halted", found="h-1 by ann")
SILENT = "the store does not answer"
STATED = "in force: revision 7, `desk 1.0.0`, sha256:a, published by `ann`, unsigned, note `a\\u000anote`"
SHUT = "nothing opens: halted: all openings are halted: h-1 by ann"

STALE = f"nothing opens: stale: the store has not answered for longer than is allowed: {SILENT}"

Step = tuple[Word, float, list[str]]
"""A word, how many seconds after the last good read it is heard, and what is said then."""


def troubled(word: Word, trouble: str = SILENT) -> Word:
    return Word(word.revision, word.digest, word.read_at, word.universe, None, word.cause, word.found, trouble)


STORIES: dict[str, Sequence[Step]] = {
    "it starts": [
        (START, 0.0, []),
        (troubled(START, "revision 7 is being compiled"), 0.0, ["not ready yet: revision 7 is being compiled"]),
        (troubled(START, "revision 7 is being compiled"), 9.0, []),
        (IN_FORCE, 0.0, [STATED]),
        (IN_FORCE, 0.0, []),
    ],
    "it is halted, and cleared": [
        (IN_FORCE, 0.0, [STATED]),
        (HALTED, 0.0, [SHUT]),
        (HALTED, 0.0, []),
        (IN_FORCE, 0.0, ["openings are decided on again, with revision 7"]),
    ],
    "the store is gone for a moment": [
        (IN_FORCE, 0.0, [STATED]),
        (troubled(IN_FORCE), 0.5, [f"the policy in force is not renewed: {SILENT}"]),
        (IN_FORCE, 0.0, []),
    ],
    "the store is gone for long": [
        (IN_FORCE, 0.0, [STATED]),
        (troubled(IN_FORCE), 0.9, [f"the policy in force is not renewed: {SILENT}"]),
        (
            troubled(IN_FORCE),
            1.1,
            [f"nothing opens: stale: the store has not answered for longer than is allowed: {SILENT}"],
        ),
        (troubled(IN_FORCE, "no way"), 1.2, ["the policy in force is not renewed: no way"]),
        (IN_FORCE, 0.0, ["openings are decided on again, with revision 7"]),
    ],
    "another cause takes its place": [
        (HALTED, 0.0, [SHUT]),
        (
            Word(7, "sha256:a", 0, b"[]", cause="clock", found="3s"),
            0.0,
            ["nothing opens: clock: this machine's clock and the store's differ: 3s"],
        ),
    ],
    "the universe changes": [
        (IN_FORCE, 0.0, [STATED]),
        (Word(7, "sha256:a", 100 * SECOND, b'["A","B"]'), 0.0, ["the universe is another: it has 2 symbols"]),
    ],
    "another revision of the same bundle": [
        (IN_FORCE, 0.0, [STATED]),
        (Word(8, "sha256:a", 100 * SECOND, b"[]"), 0.0, [STATED.replace("revision 7", "revision 8 (before: 7)")]),
    ],
}


@pytest.mark.parametrize("name", STORIES)
def test_each_thing_is_said_once(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    moment = 0
    telling = Telling(unsigned(), 1.0, lambda: moment)
    for word, after_s, said in STORIES[name]:
        moment = word.read_at + int(after_s * SECOND)
        caplog.clear()
        telling.hear(word, RECORD)
        assert caplog.messages == said


def test_that_nothing_opens_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    Telling(unsigned(), 1.0, lambda: 0).hear(HALTED)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_who_signed_is_said_only_where_it_was_verified(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    trust = Trust({"k": TrustedKey("ann", b"")}, False, lambda *_: True, "desk")
    signed = replace(RECORD, signatures=(Signature("mallory", "k", ""),))
    Telling(trust, 1.0, lambda: 100 * SECOND).hear(IN_FORCE, signed)
    Telling(unsigned(), 1.0, lambda: 100 * SECOND).hear(IN_FORCE, signed)
    assert "signed by `ann`" in caplog.messages[0]
    assert "unsigned" in caplog.messages[1]
    assert "mallory" not in caplog.text
