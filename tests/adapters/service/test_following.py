"""Following a store: what each state of it comes to, what is remembered, and what is compiled when."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.publishing.trust import unsigned
from adapters.service.apart import NotDone
from adapters.service.compiling import NotCompiled
from adapters.service.following import Follower, Pace
from adapters.service.memory import Forgotten, Memory
from adapters.service.messages import Word
from engine.published import Halt, Record, Seen, Statement
from engine.store import StoreUnavailable
from rules.canonical import digest_of
from tests.adapters.service.desk import Moving
from tests.adapters.stores.memory import Held, MemoryStore

CONTENT, OTHER, ANNOUNCED = b'{"a":1}', b'{"b":2}', b'{"c":3}'
UNIVERSE = '["BTCUSDT"]'


def fields(revision: int = 5, content: bytes = CONTENT, **changed: str | None) -> dict[str, str]:
    """The fields of a record, with some changed or left out."""
    told = Statement("memory", revision, digest_of(content), "desk 1.0.0", "2026-02-03T11:00:00+00:00", "ann", "")
    found = {**Record(told, (), None).fields(), "universe_symbols": UNIVERSE, **changed}
    return {name: text for name, text in found.items() if text is not None}


class Followed:
    """A follower of a store in memory, and everything that it says."""

    def __init__(self, folder: Path, compiled: Callable[[bytes], Awaitable[list[bytes]]] | None = None) -> None:
        self.moving, self.words, self.asked = Moving(), list[Word](), list[bytes]()
        self.held = Held(fields(), {digest_of(one): one for one in (CONTENT, OTHER)}, at=self.moving.wall)
        self.store, self.path = MemoryStore(self.held), folder / "seen.json"
        self._compiled = compiled or self._pieces
        self.follower = self.new()

    def new(self) -> Follower:
        """Another follower, as after a restart."""
        pace = Pace(0.01, 0.5, timedelta(seconds=1), again_s=0.01)
        found = Follower(self.store, unsigned(), Memory(self.path), self._asked, self.words.append, pace)
        found.clocks = self.moving.clocks()
        return found

    async def look(self) -> Word:
        """What a look comes to, once whatever it set going is done."""
        await self.follower.look()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.gather(*others)
        return self.words[-1]

    async def settled(self) -> Word:
        await self.look()
        return await self.look()

    async def _asked(self, content: bytes) -> list[bytes]:
        self.asked.append(content)
        return await self._compiled(content)

    @staticmethod
    async def _pieces(content: bytes) -> list[bytes]:
        return [b"header", content]


def run(work: Coroutine[Any, Any, Any]) -> None:
    asyncio.run(work)


def test_a_policy_is_said_once_it_is_compiled(tmp_path: Path) -> None:
    async def work() -> None:
        found = Followed(tmp_path)
        found.moving.pass_by(0)
        first = await found.look()
        assert (first.cause, first.trouble) == ("starting", "revision 5 is being compiled")
        second = await found.look()
        assert second == Word(5, digest_of(CONTENT), found.moving.steady_ns, b'["BTCUSDT"]')
        assert found.asked == [CONTENT]

    run(work())


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "nothing published": ({}, "no-policy"),
    "a revision that is none": (fields(revision=5) | {"revision": "five"}, "unreadable"),
    "no digest": (fields(digest=None), "unreadable"),
    "past its end": (fields(valid_until="2026-02-03T12:00:00+00:00"), "expired"),
    "no universe": (fields(universe_symbols=None), "universe"),
    "an empty universe": (fields(universe_symbols="[]"), "universe"),
    "a universe that is no JSON": (fields(universe_symbols="BTCUSDT"), "universe"),
    "a universe of numbers": (fields(universe_symbols="[1]"), "universe"),
    "an unknown bundle": (fields(revision=6, content=b"gone"), "no-bundle"),
    "halted": (
        fields(halt=json.dumps({"id": "h-1", "by": "ann", "at": "2026-02-03T11:59:00Z", "note": ""})),
        "halted",
    ),
    "a halt that cannot be read": (fields(halt="yes"), "halted"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(tmp_path: Path, name: str) -> None:
    """Each from a good policy in force, and back to it without a restart."""

    async def work() -> None:
        found = Followed(tmp_path)
        assert (await found.settled()).cause == ""
        found.held.fields, cause = dict(REFUSED[name][0]), REFUSED[name][1]
        assert (await found.settled()).cause == cause
        found.held.fields = fields(revision=7)
        assert (await found.settled()).cause == ("halt-gone" if name == "halted" else "")

    run(work())


def test_a_store_that_is_no_primary_or_whose_clock_is_off(tmp_path: Path) -> None:
    async def work() -> None:
        found = Followed(tmp_path)
        found.held.primary = False
        assert (await found.look()).cause == "not-primary"
        found.held.primary = True
        found.held.at = found.moving.wall + timedelta(seconds=1.5)
        assert (await found.look()).cause == "clock"
        found.held.at = found.moving.wall + timedelta(seconds=0.5)
        assert (await found.settled()).cause == ""

    run(work())


def test_a_store_that_does_not_answer_renews_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        found = Followed(tmp_path)
        good = await found.settled()
        found.moving.pass_by(0.3)
        found.held.fault = StoreUnavailable("connection refused")
        troubled = await found.look()
        assert (troubled.read_at, troubled.revision, troubled.cause) == (good.read_at, 5, "")
        assert "connection refused" in troubled.trouble
        found.held.fault = None
        found.held.at = found.moving.wall
        again = await found.look()
        assert (again.read_at, again.trouble) == (found.moving.steady_ns, "")
        assert found.follower.errors == 1

    run(work())


def test_a_read_counts_from_when_it_was_sent(tmp_path: Path) -> None:
    async def work() -> None:
        found = Followed(tmp_path)
        await found.settled()
        sent = found.moving.steady_ns
        read = found.store.read

        async def slow() -> Any:
            found.moving.pass_by(0.4)
            return await read()

        found.store.read = slow  # type: ignore[method-assign]  # a store that takes its time
        assert (await found.look()).read_at == sent

    run(work())


def test_a_revision_never_goes_back_not_even_after_a_restart(tmp_path: Path) -> None:
    async def work() -> None:
        found = Followed(tmp_path)
        await found.settled()
        found.held.fields = fields(revision=4, content=OTHER)
        assert (await found.settled()).cause == "revision"
        found.follower = found.new()
        assert (await found.settled()).cause == "revision"
        found.held.fields = fields(revision=5, content=OTHER)
        assert (await found.settled()).cause == "forked"
        found.held.fields = fields(revision=6, content=OTHER)
        assert (await found.settled()).digest == digest_of(OTHER)

    run(work())


def test_what_cannot_be_remembered_is_not_obeyed(tmp_path: Path) -> None:
    async def work() -> None:
        found = Followed(tmp_path)
        await found.settled()
        found.path.unlink()
        found.path.mkdir()
        found.held.fields = fields(revision=6, content=OTHER)
        told = await found.settled()
        assert (told.revision, "cannot be kept" in told.trouble) == (5, True)

    run(work())


HALT = json.dumps({"id": "h-1", "by": "ann", "at": "2026-02-03T11:59:00Z", "note": "the feed is wrong"})


def test_what_stops_openings_is_obeyed_though_it_cannot_be_remembered(tmp_path: Path) -> None:
    """And it goes on as long as this process is there; on the disk it is as soon as that takes it."""

    async def work() -> None:
        found = Followed(tmp_path)
        await found.settled()
        found.path.unlink()
        found.path.mkdir()
        found.held.fields = fields(halt=HALT)
        told = await found.look()
        assert (told.cause, told.revision, "cannot be kept" in told.trouble) == ("halted", 5, True)
        found.held.fields = fields(revision=6)
        assert (await found.look()).cause == "halt-gone"
        found.path.rmdir()
        assert (await found.look()).trouble == ""
        found.follower = found.new()
        assert (await found.look()).cause == "halt-gone"

    run(work())


def test_it_is_on_the_disk_before_it_takes_the_place_of_what_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file with all of it, then its name, then the folder that has the name."""
    path, steps = tmp_path / "seen.json", list[tuple[bytes | Path, bytes]]()
    memory = Memory(path)
    memory.keep(Seen(5, "sha256:a"))
    before = path.read_bytes()

    def synced(file: int) -> None:
        place = Path(f"/proc/self/fd/{file}").readlink()
        steps.append((place.read_bytes() if place.is_file() else place, path.read_bytes()))

    monkeypatch.setattr("os.fsync", synced)
    memory.keep(Seen(6, "sha256:b"))
    after = path.read_bytes()
    assert steps == [(after, before), (tmp_path, after)]
    assert after != before


def test_a_memory_that_cannot_be_read_is_not_guessed(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "seen.json")
    seen = Seen(5, "sha256:a", Halt("h-1", "ann", Moving().wall, "why"))
    memory.keep(seen)
    assert Memory(tmp_path / "seen.json").seen == seen
    for said in (b"", b"{", b'{"revision":"5"}', b'{"revision":5,"digest":"a","more":1}'):
        (tmp_path / "seen.json").write_bytes(said)
        with pytest.raises(Forgotten, match="restore it, or delete it"):
            Memory(tmp_path / "seen.json")


def test_a_bundle_that_is_not_what_was_published(tmp_path: Path) -> None:
    async def work() -> None:
        found = Followed(tmp_path)
        found.held.bundles[digest_of(CONTENT)] = CONTENT + b" "
        assert (await found.settled()).cause == "digest"
        assert found.asked == [], "it is not even compiled"

    run(work())


def test_a_bundle_that_does_not_compile_blocks_until_another_is_published(tmp_path: Path) -> None:
    async def compiled(content: bytes) -> list[bytes]:
        if content == CONTENT:
            raise NotCompiled("entry.yaml:3:1: it makes no sense")
        return [b"header"]

    async def work() -> None:
        found = Followed(tmp_path, compiled)
        told = await found.settled()
        assert (told.cause, told.found) == ("refused", "entry.yaml:3:1: it makes no sense")
        await found.look()
        assert found.asked == [CONTENT], "it is not tried again and again"
        found.held.fields = fields(revision=6, content=OTHER)
        assert (await found.settled()).cause == ""

    run(work())


def test_nothing_ends_the_following(tmp_path: Path) -> None:
    def say(word: Word) -> None:
        said.append(word)
        if len(said) == 1:
            raise OverflowError("a fault in our own code")
        heard.set()

    async def work() -> None:
        following = asyncio.create_task(found.follower.run())
        async with asyncio.timeout(5):
            await heard.wait()
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following

    said: list[Word] = []
    heard = asyncio.Event()
    found = Followed(tmp_path)
    found.follower._say = say
    run(work())


def test_compiling_that_was_cut_short_is_begun_anew(tmp_path: Path) -> None:
    async def compiled(content: bytes) -> list[bytes]:
        if len(found.asked) == 1:
            raise NotDone("exit code -9")
        return [content]

    async def work() -> None:
        assert found.words == []
        assert "is being compiled" in (await found.look()).trouble
        told = await found.settled()
        assert (told.cause, told.trouble, told.revision) == ("", "", 5)
        assert found.asked == [CONTENT, CONTENT]

    found = Followed(tmp_path, compiled)
    run(work())


def test_what_is_announced_is_compiled_before_it_is_in_force(tmp_path: Path) -> None:
    async def work() -> None:
        found = Followed(tmp_path)
        compiled: list[list[str]] = []
        found.follower.on_staged = lambda: compiled.append(list(found.follower.bundles))
        await found.settled()
        assert found.follower.coming == ""
        found.held.fields["staged"] = digest_of(OTHER)
        assert (await found.settled()).digest == digest_of(CONTENT)
        assert compiled == [[digest_of(CONTENT)], [digest_of(CONTENT), digest_of(OTHER)]]
        assert found.follower.coming == digest_of(OTHER)
        found.held.fields = fields(revision=6, content=OTHER)
        assert (await found.look()).revision == 6, "at the first look"

    run(work())


def test_what_is_in_force_does_not_wait_for_what_is_only_announced(tmp_path: Path) -> None:
    """The one that is given up has ended before another is begun, and is compiled once there is time for it."""

    async def compiled(content: bytes) -> list[bytes]:
        steps.append(("begun", content))
        if content == ANNOUNCED and len(steps) == 3:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)  # as a process that is killed takes a moment to be gone
                steps.append(("given up", content))
        steps.append(("done", content))
        if content == ANNOUNCED:
            everything.set()
        return [content]

    async def work() -> None:
        found = Followed(tmp_path, compiled)
        found.held.bundles[digest_of(ANNOUNCED)] = ANNOUNCED
        await found.settled()
        found.held.fields["staged"] = digest_of(ANNOUNCED)
        following = asyncio.create_task(found.follower.run())
        async with asyncio.timeout(10):
            await begun.wait()
            found.held.fields = fields(revision=6, content=OTHER, staged=digest_of(ANNOUNCED))
            await everything.wait()
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
        assert found.follower.word.digest == digest_of(OTHER)
        assert steps[2:] == [
            ("begun", ANNOUNCED),
            ("given up", ANNOUNCED),
            ("begun", OTHER),
            ("done", OTHER),
            ("begun", ANNOUNCED),
            ("done", ANNOUNCED),
        ]

    steps: list[tuple[str, bytes]] = []
    begun, everything = asyncio.Event(), asyncio.Event()
    run(work())


def test_what_was_announced_goes_on_being_compiled_when_it_comes_into_force(tmp_path: Path) -> None:
    async def compiled(content: bytes) -> list[bytes]:
        if content == OTHER:
            begun.set()
            await done.wait()
        return [content]

    async def work() -> None:
        found = Followed(tmp_path, compiled)
        await found.settled()
        found.held.fields["staged"] = digest_of(OTHER)
        await found.follower.look()
        await begun.wait()
        found.held.fields = fields(revision=6, content=OTHER)
        await found.follower.look()
        done.set()
        assert (await found.settled()).revision == 6
        assert found.asked == [CONTENT, OTHER]

    begun, done = asyncio.Event(), asyncio.Event()
    run(work())


def test_a_policy_that_is_being_compiled_renews_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        found = Followed(tmp_path)
        good = await found.settled()
        found.moving.pass_by(0.2)
        found.held.at = found.moving.wall
        found.held.fields = fields(revision=6, content=OTHER)
        told = await found.look()
        assert (told.revision, told.read_at) == (5, good.read_at)
        assert told.trouble == "revision 6 is being compiled"

    run(work())


def test_the_words_of_a_following(tmp_path: Path) -> None:
    """It follows on its own, many times a second."""

    async def work() -> None:
        found = Followed(tmp_path)
        obeyed = asyncio.Event()
        say = found.words.append

        def hear(word: Word) -> None:
            say(word)
            if word.revision == 5 and not word.cause:
                obeyed.set()

        found.follower._say = hear
        following = asyncio.create_task(found.follower.run())
        async with asyncio.timeout(10):
            await obeyed.wait()
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following

    run(work())
