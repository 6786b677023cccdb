"""What a worker is sent next, and that it always comes to what is in force, whatever is announced meanwhile."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.service.providing import Provision

PIECES = 3
BUNDLES = st.sampled_from(["a", "b", "c"])


@pytest.mark.parametrize(
    ("provision", "wanted", "coming", "begun"),
    [
        (Provision(), "", "", ""),
        (Provision(), "a", "", "a"),
        (Provision(), "a", "b", "a"),
        (Provision(), "", "b", "b"),
        (Provision(sending="a"), "a", "b", ""),
        (Provision(sending="b"), "a", "b", "a"),
        (Provision(sending="b"), "", "a", ""),
        (Provision(loaded="a"), "a", "b", ""),
        (Provision("a", "a"), "a", "b", "b"),
        (Provision("a", "b"), "a", "b", ""),
        (Provision("a", "b"), "b", "c", ""),
        (Provision("a", "b"), "c", "b", "c"),
        (Provision("a", "a", "b"), "a", "b", ""),
        (Provision("a", "a", "b"), "c", "b", "c"),
    ],
)
def test_what_is_begun(provision: Provision, wanted: str, coming: str, begun: str) -> None:
    assert provision.next(wanted, coming) == begun


@dataclass
class Worker:
    """A worker as `Obeying` is one, and what is on the way to it and from it."""

    provision: Provision = field(default_factory=Provision)
    machine: str = ""
    staged: str = ""
    linking: tuple[str, int] = ("", 0)
    unsent: deque[tuple[str, str]] = field(default_factory=deque)
    there: deque[tuple[str, str]] = field(default_factory=deque)
    back: deque[tuple[str, str]] = field(default_factory=deque)

    def say(self, wanted: str, coming: str) -> None:
        """The supervisor's look: it begins what is next, and says its word."""
        begun = self.provision.next(wanted, coming)
        if begun:
            self.unsent.clear()
            self.provision.begun(begun)
            self.unsent.extend([("stage", begun), *(("piece", begun) for _ in range(PIECES))])
        if wanted:
            self.there.append(("word", wanted))

    def send(self) -> None:
        if self.unsent:
            self.there.append(self.unsent.popleft())

    def work(self) -> None:
        if not self.there:
            return
        kind, digest = self.there.popleft()
        if kind == "stage":
            self.staged, self.linking = "", (digest, PIECES)
        elif kind == "piece" and self.linking[0] == digest:
            self.linking = digest, self.linking[1] - 1
            if not self.linking[1]:
                self.staged, self.linking = digest, ("", 0)
                self.back.append(("staged", digest))
        elif kind == "word" and digest == self.staged:
            self.machine, self.staged = digest, ""
            self.back.append(("obeys", digest))

    def hear(self) -> None:
        if self.back:
            kind, digest = self.back.popleft()
            (self.provision.has if kind == "staged" else self.provision.decides_with)(digest)


STEPS = st.lists(
    st.sampled_from(["say", "send", "work", "hear"]) | st.tuples(BUNDLES | st.just(""), BUNDLES), max_size=60
)


@given(STEPS, BUNDLES, BUNDLES | st.just(""))
def test_it_always_comes_to_what_is_in_force(steps: list[str | tuple[str, str]], in_force: str, announced: str) -> None:
    """Whatever went before, in whatever order it went: a word a turn, and a few turns, are enough."""
    worker, wanted, coming = Worker(), "", ""
    for step in steps:
        if isinstance(step, tuple):
            wanted, coming = step
        elif step == "say":
            worker.say(wanted, coming)
        else:
            getattr(worker, step)()
    for _ in range(12):
        worker.say(in_force, announced)
        for _ in range(8):
            worker.send()
            worker.work()
            worker.work()
            worker.hear()
    assert worker.machine == in_force
    assert announced in ("", worker.machine, worker.staged)
