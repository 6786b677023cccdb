"""Following a store: what each state of it comes to, and what is remembered."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.service.messages import Word
from engine.store import StoreUnavailable
from rules.canonical import digest_of
from tests.adapters.service.followed import CONTENT, OTHER, Followed, fields, run


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
