"""Following a policy store: reading it many times a second, judging what it holds, and saying so to whoever decides.

Rules kept here: what is remembered is on the disk before anything opens by it; a good read renews what is in force
from the moment it was sent; what is in force is compiled before what is announced; nothing that goes wrong here ends
the following, it is told and tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from adapters.service.apart import NotDone
from adapters.service.compiling import NotCompiled
from adapters.service.in_force import Clocks
from adapters.service.memory import Memory
from adapters.service.messages import Word
from adapters.service.telling import Telling
from engine.published import Judged, Record, Refusal, Trust, judge, universe_of
from engine.store import PolicyStore, Reading, StoreUnavailable
from rules.canonical import digest_of

LOGGER = logging.getLogger("bascule.service")
MOST_KEPT = 3
"""Compiled bundles that are kept: the one in force, the one before, and one that is coming."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the store is read, how long an answer may take, and how far the clocks may be apart."""

    every_s: float = 0.1
    patience_s: float = 0.5
    max_age_s: float = 1.0
    """How old a policy may be; said here, obeyed by those who decide."""
    max_skew: timedelta = timedelta(seconds=1)
    again_s: float = 1.0
    """After how long compiling is begun anew that was cut short."""


class Follower:
    """Follows one store. `compiled` makes a bundle ready; `say` tells those who decide."""

    def __init__(
        self,
        store: PolicyStore,
        trust: Trust,
        memory: Memory,
        compiled: Callable[[bytes], Awaitable[list[bytes]]],
        say: Callable[[Word], None],
        pace: Pace | None = None,
    ) -> None:
        self.store, self._trust, self._memory = store, trust, memory
        self._compile, self._say, self._pace = compiled, say, pace or Pace()
        self.clocks = Clocks()
        self.bundles: dict[str, list[bytes]] = {}
        """Compiled bundles by digest, the last that was needed at the end."""
        self.refused: dict[str, Refusal] = {}
        """Why bundles are not compiled, by digest."""
        self.word = Word(0, "", 0, b"[]", cause="starting")
        self._telling = Telling(trust, self._pace.max_age_s, self._steady)
        self._record: Record | None = None
        """What was read last."""
        self.on_staged: Callable[[], None] = lambda: None
        """Told that another bundle is compiled."""
        self.coming = ""
        """The bundle that is announced, where it is not the one in force."""
        self.errors = 0
        """Reads that failed."""
        self._compiling: asyncio.Task[None] | None = None
        self._compiled_for = ""
        """The bundle that is being compiled, or was last."""

    def _steady(self) -> int:
        return self.clocks.steady()

    async def run(self) -> None:
        """Follow until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                due = loop.time() + self._pace.every_s
                try:
                    await self.look()
                except Exception:
                    LOGGER.exception("following the store failed: nothing is renewed")
                await asyncio.sleep(max(0.0, due - loop.time()))
        finally:
            if self._compiling is not None:
                self._compiling.cancel()

    async def look(self) -> None:
        """Read the store once, and say what came of it."""
        sent = self.clocks.steady()
        try:
            async with asyncio.timeout(self._pace.patience_s):
                reading = await self.store.read()
        except (StoreUnavailable, TimeoutError) as error:
            self.errors += 1
            why = str(error) or f"no answer within {self._pace.patience_s:g}s"
            self._tell(replace_word(self.word, trouble=f"the store does not answer: {why}"))
            return
        except Exception as error:
            self.errors += 1
            LOGGER.exception("reading the store failed")
            self._tell(replace_word(self.word, trouble=f"reading the store failed: {type(error).__name__}"))
            return
        self._tell(self._judged(reading, sent, self.clocks.now()))

    def _judged(self, reading: Reading, sent: int, now: datetime) -> Word:
        found = judge(reading, self.store.name, self._memory.seen, self._trust, now, self._pace.max_skew)
        self._record = found.record
        try:
            self._memory.keep(found.seen)
        except OSError as error:
            # what stops openings is obeyed all the same: there is no going back in time with it
            before = self.word if found.refusal is None else refusing(found.refusal, sent, found.record)
            return replace_word(before, trouble=f"what was seen cannot be kept: {error}")
        coming = reading.fields.get("staged", "")
        wanted = found.record.digest if found.record is not None else ""
        if wanted and not self._is_known(wanted):
            self._compile_now(wanted)
        else:
            self._compile_next(coming)
        self.coming = coming if coming != wanted else ""
        return self._word_of(found, sent)

    def _word_of(self, found: Judged, sent: int) -> Word:
        record = found.record
        if record is None:
            assert found.refusal is not None
            return refusing(found.refusal, sent)
        refusal = found.refusal or self.refused.get(record.digest)
        universe: list[str] = []
        try:
            universe = universe_of(record.universe)
        except Refusal as fault:
            refusal = refusal or fault
        if refusal is not None:
            return refusing(refusal, sent, record)
        if record.digest not in self.bundles:
            return replace_word(self.word, trouble=f"revision {record.revision} is being compiled")
        until = record.statement.valid_until
        return Word(
            revision=record.revision,
            digest=record.digest,
            read_at=sent,
            universe=msgspec.json.encode(universe),
            valid_until=datetime.fromisoformat(until) if until is not None else None,
        )

    def _tell(self, word: Word) -> None:
        self.word = word
        self._telling.hear(word, self._record)
        self._say(word)

    # -- bundles

    def _is_known(self, digest: str) -> bool:
        return digest in self.bundles or digest in self.refused

    def _compile_now(self, digest: str) -> None:
        """Have the bundle in force compiled; whatever else is being compiled is given up for it."""
        if self._is_compiling and self._compiled_for != digest:
            assert self._compiling is not None
            LOGGER.warning("compiling %s is given up: %s is in force", self._compiled_for, digest)
            self._compiling.cancel()
            self._begin(digest, after=self._compiling)
        elif not self._is_compiling:
            self._begin(digest)

    def _compile_next(self, digest: str) -> None:
        """Have a bundle compiled that is announced, where nothing else is."""
        if digest and not self._is_compiling and not self._is_known(digest):
            self._begin(digest)

    @property
    def _is_compiling(self) -> bool:
        return self._compiling is not None and not self._compiling.done()

    def _begin(self, digest: str, after: asyncio.Task[None] | None = None) -> None:
        self._compiled_for = digest
        self._compiling = asyncio.create_task(self._make(digest, after))

    async def _make(self, digest: str, after: asyncio.Task[None] | None) -> None:
        """Compile a bundle, one at a time: `after` is one that was given up, whose process has to end first."""
        if after is not None:
            await asyncio.wait([after])
        try:
            content = await self.store.bundle(digest)
            if content is None:
                raise Refusal("no-bundle", digest)
            if digest_of(content) != digest:
                raise Refusal("digest", f"{digest_of(content)} is kept under {digest}")
            pieces = await self._compile(content)
        except StoreUnavailable as error:
            LOGGER.warning("the bundle %s cannot be read: %s", digest, error)
            await asyncio.sleep(self._pace.every_s)
        except NotDone as error:
            LOGGER.error("compiling %s was cut short and is begun anew: %s", digest, error)
            await asyncio.sleep(self._pace.again_s)
        except NotCompiled as error:
            self._refuse(digest, Refusal("refused", str(error)))
        except Refusal as refusal:
            self._refuse(digest, refusal)
        except Exception as error:
            LOGGER.exception("compiling %s failed", digest)
            self._refuse(digest, Refusal("refused", f"{type(error).__name__}: {error}"))
        else:
            self.bundles[digest] = pieces
            while len(self.bundles) > MOST_KEPT:
                del self.bundles[next(one for one in self.bundles if one != self.word.digest)]
            LOGGER.info("the bundle %s is compiled", digest)
            self.on_staged()

    def _refuse(self, digest: str, refusal: Refusal) -> None:
        """Remember why a bundle is none; what the store lacked may come, and is asked for again."""
        LOGGER.error("the bundle %s is refused: %s", digest, refusal)
        self.refused[digest] = refusal
        if refusal.cause != "refused":
            asyncio.get_running_loop().call_later(1.0, self.refused.pop, digest, None)


def replace_word(word: Word, trouble: str) -> Word:
    """The same word, not renewed, with what keeps it from being so."""
    return msgspec.structs.replace(word, trouble=trouble)


def refusing(refusal: Refusal, sent: int, record: Record | None = None) -> Word:
    """The word that nothing may open."""
    revision, digest = (record.revision, record.digest) if record is not None else (0, "")
    return Word(revision, digest, sent, b"[]", cause=refusal.cause, found=refusal.found)
