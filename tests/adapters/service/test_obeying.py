"""A worker obeys: bundles are linked before they are in force, and what it hears decides until when it decides."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import Any

import pytest

from adapters.service.in_force import InForce, steady
from adapters.service.messages import Counts, Line, Obeys, Piece, Stage, Staged, Word
from adapters.service.obeying import Obeying
from engine.policy import Machine
from engine.staging import Linking, pack
from tests.adapters.service.desk import SECOND, UNIVERSE, Moving, other_machine
from tests.engine.shipped import machine


@cache
def packed(which: str) -> tuple[bytes, ...]:
    return tuple(pack(machine_of(which)))


def machine_of(which: str) -> Machine:
    return machine() if which == "new" else other_machine()


def digest(which: str) -> str:
    return machine_of(which).bundle.digest


class Worker:
    """A worker without HTTP, and the supervisor's end of its line."""

    def __init__(self, mine: Line, theirs: Line) -> None:
        self.moving, self.mine = Moving(), mine
        self.in_force = InForce(1.0, self.moving.clocks())
        self.counts: list[Counts] = []
        self.obeying = Obeying(self.in_force, theirs, self.counts.append)

    def word(self, which: str, revision: int, **said: Any) -> Word:
        told = {"read_at": self.moving.steady_ns, "universe": UNIVERSE, **said}
        return Word(revision, digest(which), **told)

    async def stage(self, which: str, most: int = 1_000) -> None:
        header, *pieces = packed(which)
        await self.obeying.take(Stage(digest(which), header, len(pieces)))
        for piece in pieces[:most]:
            await self.obeying.take(Piece(digest(which), piece))

    @property
    def refuses(self) -> str:
        """Why nothing opens; nothing where it does."""
        found = self.in_force.current.standing.why_not(self.moving.steady_ns, self.moving.wall)
        return "" if found is None else found.cause

    @property
    def decides_with(self) -> tuple[str, int]:
        standing = self.in_force.current.standing
        assert standing.machine is not None
        return standing.machine.bundle.digest, standing.revision


def run(work: Callable[[Worker], Awaitable[None]]) -> None:
    """Do something with a worker; both ends of its line are closed in the end."""

    async def bounded() -> None:
        one, other = socket.socketpair()
        mine = Line(*await asyncio.open_connection(sock=one))
        theirs = Line(*await asyncio.open_connection(sock=other))
        try:
            async with asyncio.timeout(30):
                await work(Worker(mine, theirs))
        finally:
            await mine.aclose()
            await theirs.aclose()

    asyncio.run(bounded())


def test_a_bundle_is_linked_and_then_obeyed() -> None:
    async def work(found: Worker) -> None:
        assert found.refuses == "starting"
        await found.obeying.take(found.word("new", 5))
        assert found.refuses == "starting", "a word alone decides nothing"
        await found.stage("new")
        assert await found.mine.receive() == Staged(digest("new"))
        assert found.refuses == "starting", "what is staged is not in force"
        await found.obeying.take(found.word("new", 5))
        assert (found.refuses, found.decides_with) == ("", (digest("new"), 5))
        assert await found.mine.receive() == Obeys(5, digest("new"))

    run(work)


def test_the_switch_to_another_bundle_is_at_once() -> None:
    async def work(found: Worker) -> None:
        await found.stage("old")
        await found.obeying.take(found.word("old", 5))
        await found.stage("new")
        assert found.decides_with == (digest("old"), 5)
        await found.obeying.take(found.word("new", 6))
        assert found.decides_with == (digest("new"), 6)
        assert set(found.in_force.current.ready) == set(machine().policies)

    run(work)


def test_what_stands_is_kept_from_collections_and_everything_is_as_before() -> None:
    async def work(found: Worker) -> None:
        gc.unfreeze()
        before = sys.getswitchinterval()
        await found.stage("old")
        assert (gc.get_freeze_count() > 10_000, gc.isenabled(), sys.getswitchinterval()) == (True, True, before)
        gc.unfreeze()
        await found.obeying.take(found.word("old", 5))
        assert gc.get_freeze_count() > 10_000

    run(work)


def test_policies_are_linked_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[int] = set()
    add = Linking.add

    def told(linking: Linking, piece: bytes) -> None:
        threads.add(threading.get_ident())
        add(linking, piece)

    async def work(found: Worker) -> None:
        monkeypatch.setattr(Linking, "add", told)
        await found.stage("new")
        assert threads
        assert threading.get_ident() not in threads

    run(work)


def test_a_policy_grows_old_while_the_machine_sleeps() -> None:
    assert abs(steady() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)) < SECOND
    assert isinstance(steady, partial)
    assert steady.args == (time.CLOCK_BOOTTIME,), "other clocks stand still, and may agree with it on this machine"


def test_a_bundle_that_is_not_linked_yet_lets_the_old_one_age() -> None:
    async def work(found: Worker) -> None:
        await found.stage("old")
        await found.obeying.take(found.word("old", 5))
        for _ in range(12):
            found.moving.pass_by(0.1)
            await found.obeying.take(found.word("new", 6))
        assert found.refuses == "stale"
        assert found.in_force.current.standing.trouble == "the policy in force is being compiled"
        await found.stage("new")
        await found.obeying.take(found.word("new", 6))
        assert (found.refuses, found.decides_with) == ("", (digest("new"), 6))

    run(work)


def test_a_bundle_that_is_cut_short_is_never_obeyed() -> None:
    async def work(found: Worker) -> None:
        await found.stage("new", most=5)
        await found.obeying.take(found.word("new", 5))
        assert found.refuses == "starting"
        await found.stage("old")
        await found.obeying.take(Piece(digest("new"), packed("new")[6]))
        await found.obeying.take(found.word("new", 5))
        assert found.refuses == "starting", "pieces of what was given up are not taken"

    run(work)


@pytest.mark.parametrize("which", ["header", "piece"])
def test_bytes_that_are_no_bundle_are_told(which: str) -> None:
    async def work(found: Worker) -> None:
        header = b"\x80rubbish" if which == "header" else packed("new")[0]
        await found.obeying.take(Stage(digest("new"), header, 1))
        if which == "piece":
            await found.obeying.take(Piece(digest("new"), b"\x80rubbish"))
        told = await found.mine.receive()
        assert isinstance(told, Staged)
        assert told.fault
        await found.obeying.take(found.word("new", 5))
        assert found.refuses == "starting"

    run(work)


def test_a_word_renews() -> None:
    async def work(found: Worker) -> None:
        await found.stage("new")
        for _ in range(5):
            await found.obeying.take(found.word("new", 5))
            assert found.refuses == ""
            found.moving.pass_by(0.9)
        await found.obeying.take(found.word("new", 5, read_at=found.moving.steady_ns - 2 * SECOND, trouble="no answer"))
        assert found.refuses == "stale"

    run(work)


def test_a_refusal_is_obeyed_and_ends() -> None:
    async def work(found: Worker) -> None:
        await found.stage("new")
        await found.obeying.take(found.word("new", 5))
        await found.obeying.take(Word(5, digest("new"), found.moving.steady_ns, b"[]", cause="halted", found="h-1"))
        assert found.refuses == "halted"
        await found.obeying.take(found.word("new", 5))
        assert found.refuses == "", "without linking it again"

    run(work)


@pytest.mark.parametrize(
    ("universe", "found"),
    [(b'["btc usdt"]', "`universe_symbols/0`"), (b'["' + b"A" * 40 + b'"]', "`universe_symbols/0`")],
)
def test_a_universe_that_the_policies_cannot_read(universe: bytes, found: str) -> None:
    async def work(one: Worker) -> None:
        await one.stage("new")
        await one.obeying.take(one.word("new", 5, universe=universe))
        assert one.refuses == "universe"
        refusal = one.in_force.current.standing.refusal
        assert refusal is not None
        assert refusal.found.startswith(found)
        await one.obeying.take(one.word("new", 5))
        assert one.refuses == ""

    run(work)


def test_a_worker_that_cannot_make_out_what_it_is_told_opens_nothing() -> None:
    async def work(found: Worker) -> None:
        await found.stage("new")
        await found.obeying.take(found.word("new", 5))
        found.mine._writer.write(b"\0\0\0\1\xc1")
        await found.obeying.run()
        assert found.refuses == "supervisor"

    run(work)


def test_a_worker_that_is_left_alone_opens_nothing() -> None:
    async def work(found: Worker) -> None:
        await found.stage("new")
        await found.obeying.take(found.word("new", 5))
        await found.mine.aclose()
        await found.obeying.run()
        assert found.refuses == "supervisor"

    run(work)


def test_counts_of_the_others_are_heard() -> None:
    async def work(found: Worker) -> None:
        told = Counts({'["entry","A","allow",""]': 3}, [1, 2], 0.5, {"200": 3}, 7)
        found.mine.send(told)
        await found.mine.aclose()
        await found.obeying.run()
        assert found.counts == [told]

    run(work)


def test_rolling_back_and_forth_keeps_no_more_than_what_is_needed() -> None:
    async def work(found: Worker) -> None:
        for revision in range(5, 12):
            which = ("old", "new")[revision % 2]
            await found.stage(which)
            await found.obeying.take(found.word(which, revision))
            assert found.decides_with == (digest(which), revision)
        assert found.obeying._staged is None

    run(work)
