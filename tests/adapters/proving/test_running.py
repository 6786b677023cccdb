"""Work in processes of their own: what answers, what is late, what dies and what is wrong, each told apart."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from threading import Event

import pytest

pytest.importorskip("z3", reason="proofs need the extra `prove`")

from z3 import Z3Exception

from adapters.proving.running import Work, each, spread

BLOCKED = signal.pthread_sigmask(signal.SIG_BLOCK, ())
"""When this was imported: in a process that works, before it does anything."""


def blocked(_given: str, _name: str, _left: Callable[[], float], _hears: Callable[[str], None]) -> bool:
    """Whether no interrupt reached the process from when it read its modules until now."""
    os.kill(os.getpid(), signal.SIGINT)
    return signal.SIGINT in BLOCKED


def worked(given: str, name: str, left: Callable[[], float], hears: Callable[[str], None]) -> tuple[str, int]:
    """What a process does of a name."""
    hears(f"step {name}")
    if name == "late":
        Event().wait()
    if name == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "wrong":
        raise ValueError(given)
    if name == "fails":
        raise Z3Exception("out of memory")
    assert 0 < left() <= 60
    return f"{given} {name}", os.getpid()


WORK = Work(worked, "given")


def test_each_has_its_answer_in_order_from_one_process() -> None:
    found = list(each(WORK, ["a", "b", "c"], 60))
    assert [(name, timed.answer and timed.answer[0]) for name, timed in found] == [
        ("a", "given a"),
        ("b", "given b"),
        ("c", "given c"),
    ]
    processes = {timed.answer[1] for _, timed in found if timed.answer is not None}
    assert len(processes) == 1
    assert os.getpid() not in processes


@pytest.mark.parametrize(
    ("name", "seconds", "why"),
    [
        ("late", 1, "the time was up, at `step late`"),
        ("dies", 60, "its process died, at `step dies`"),
        ("fails", 60, "the solver failed: out of memory, at `step fails`"),
    ],
)
def test_what_has_no_answer_says_why_and_the_next_gets_another_process(name: str, seconds: float, why: str) -> None:
    (_, before), (_, without), (_, after) = each(WORK, ["a", name, "b"], seconds)
    assert without.answer is None
    assert without.why == why
    assert before.answer is not None
    assert after.answer is not None
    assert after.answer[0] == "given b"
    assert after.answer[1] != before.answer[1]


def test_what_is_asked_of_a_process_that_is_dead_already_is_no_answer_either() -> None:
    def names() -> Iterator[str]:
        yield "a"
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
        yield from ("b", "c")

    found = [timed for _, timed in each(WORK, names(), 60)]
    assert [timed.answer is None for timed in found] == [False, True, False]
    assert found[1].why == "its process died"


def test_what_is_wrong_is_raised_where_it_was_asked_for() -> None:
    with pytest.raises(ValueError, match="given"):
        list(each(WORK, ["a", "wrong", "b"], 60))
    with pytest.raises(ValueError, match="given"):
        list(spread(WORK, ["a", "wrong", "b"], 60, 2))


def test_several_processes_answer_for_every_name_once() -> None:
    names = [str(at) for at in range(9)]
    found = list(spread(WORK, [*names, "dies"], 60, 3))
    assert sorted(name for name, _ in found) == [*names, "dies"]
    assert [timed.why for _, timed in found if timed.answer is None] == ["its process died, at `step dies`"]
    assert {timed.answer[0] for _, timed in found if timed.answer is not None} == {f"given {name}" for name in names}


def test_an_interrupt_reaches_no_process_that_works() -> None:
    """From its beginning, in whatever thread it was begun; the command itself can be interrupted as before."""
    deaf = Work(blocked, "given")
    assert [timed.answer for _, timed in each(deaf, ["a"], 60)] == [True]
    assert [timed.answer for _, timed in spread(deaf, ["a", "b"], 60, 2)] == [True, True]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
