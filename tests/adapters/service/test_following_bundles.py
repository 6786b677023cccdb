"""Following a store: which bundle is compiled when, and what is said until it is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters.service.apart import NotDone
from adapters.service.compiling import NotCompiled
from rules.canonical import digest_of
from tests.adapters.service.followed import ANNOUNCED, CONTENT, OTHER, Followed, fields, run


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
