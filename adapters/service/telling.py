"""What is said on standard error of the policy in force: what became of it, why nothing opens, and when that is over.

Each line is said once for what it tells. Those that say why nothing opens name the cause, by the word that `/readyz`,
the decisions and docs/operations.md have for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from adapters.service.messages import Word
from engine.faults import quoted
from engine.published import Record, Refusal, Trust
from engine.standing import NANOSECONDS, explained

LOGGER = logging.getLogger("bascule.service")


class Telling:
    """Remembers what was said last. `steady` is the clock by which a policy grows old."""

    def __init__(self, trust: Trust, max_age_s: float, steady: Callable[[], int]) -> None:
        self._trust, self._max_age_s, self._steady = trust, max_age_s, steady
        self._in_force = (0, "", b"")
        """Revision, digest and universe."""
        self._shut = ""
        """Why nothing opens, as it was said; empty where openings are decided on."""
        self._trouble = ""

    def hear(self, word: Word, record: Record | None = None) -> None:
        """Say what is new in a word; `record` is what it rests on, where it has just been read."""
        if word.trouble != self._trouble:
            self._trouble = word.trouble
            if word.trouble and not self._in_force[0]:
                LOGGER.info("not ready yet: %s", word.trouble)
            elif word.trouble:
                LOGGER.warning("the policy in force is not renewed: %s", word.trouble)
        why = self._why_shut(word)
        if why:
            if why.partition(":")[0] != "stale" or not self._shut.startswith("stale:"):
                self._say_shut(why)
            return
        if word.trouble or word.cause:
            return  # it goes on with what it has for a while, or has nothing yet
        again, self._shut = self._shut and self._in_force[0], ""
        if again:
            LOGGER.warning("openings are decided on again, with revision %d", word.revision)
        if record is not None:
            self._say_in_force(word, record)

    def _why_shut(self, word: Word) -> str:
        if word.cause == "starting":
            return ""
        if word.cause:
            return explained(Refusal(word.cause, word.found))
        age_s = (self._steady() - word.read_at) / NANOSECONDS
        if word.trouble and age_s > self._max_age_s:
            return explained(Refusal("stale", word.trouble))
        return ""

    def _say_shut(self, why: str) -> None:
        if why != self._shut:
            LOGGER.error("nothing opens: %s", why)
            self._shut = why

    def _say_in_force(self, word: Word, record: Record) -> None:
        """Say which policy it is, and which symbols may be traded."""
        revision, digest, universe = self._in_force
        self._in_force = word.revision, word.digest, word.universe
        if (revision, digest) != (word.revision, word.digest):
            told, before = record.statement, f" (before: {revision})" if revision else ""
            who = quoted(told.published_by), self._signed(record), quoted(told.note)
            what = word.revision, before, quoted(told.bundle), word.digest
            LOGGER.info("in force: revision %d%s, %s, %s, published by %s, %s, note %s", *what, *who)
        elif universe != word.universe:
            LOGGER.info("the universe is another: it has %d symbols", word.universe.count(b'"') // 2)

    def _signed(self, record: Record) -> str:
        if not self._trust.wanted:
            return "unsigned"
        owners = self._trust.owners(record.statement.signed(), record.signatures)
        return f"signed by {' and '.join(map(quoted, sorted(owners)))}"
