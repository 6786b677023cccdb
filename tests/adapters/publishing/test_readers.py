"""A publisher announces what is coming, waits for the services that are there, and then puts it in force."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from adapters.publishing.candidates import Candidate, Unpublishable
from adapters.publishing.publication import Publisher, Terms
from adapters.publishing.readers import Told, encoded, live, wait_for
from tests.adapters.publishing.desk import UNSIGNED, run
from tests.adapters.stores.memory import Held, MemoryStore, system_clock

DIGEST = "sha256:" + "a" * 64


def word(age: float = 0.0, **said: Any) -> Told:
    """A word that was left so many seconds ago."""
    return Told(system_clock() - timedelta(seconds=age), 5, **said)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ({}, []),
        ({"a": {"ready": DIGEST}}, []),
        ({"a": {"digest": DIGEST}}, []),
        ({"a": {"age": 6}}, []),
        ({"a": "not JSON", "b": '{"at": "2026-02-03T12:00:00", "revision": 1}'}, []),
        ({"b": {}, "a": {"ready": DIGEST}}, ["b has not loaded it yet"]),
        ({"b": {"ready": "sha256:0"}}, ["b has not loaded it yet"]),
    ],
)
def test_who_is_waited_for(said: dict[str, Any], left: list[str]) -> None:
    reports = {reader: one if isinstance(one, str) else encoded(word(**one)) for reader, one in said.items()}
    found = run(wait_for(MemoryStore(Held(reports=reports)), DIGEST, 0.0))
    assert [one.partition(":")[0] for one in found] == left


def test_a_reader_that_cannot_load_it_keeps_it_out_of_force(first: Candidate) -> None:
    refusing = {"b": {first.digest: "it does not check"}, "a": {DIGEST: "another"}, "c": {first.digest: "no room"}}
    store = MemoryStore(Held(reports={reader: encoded(word(refuses=why)) for reader, why in refusing.items()}))
    publisher = Publisher(store, UNSIGNED, None, "someone", patience_s=5.0)

    async def publish() -> None:
        await publisher.commit(await publisher.prepare(first, Terms(), "publish"))

    both = "b cannot load it: it does not check; c cannot load it: no room; nothing was put in force: .*those services"
    with pytest.raises(Unpublishable, match=both):
        run(publish())
    del store.held.reports["c"]
    one = "b cannot load it: .*mend and restart that service, or end it; 5s later publish again"
    with pytest.raises(Unpublishable, match=one):
        run(publish())
    assert "digest" not in store.held.fields
    store.held.reports["b"] = encoded(word(5.1, refuses=refusing["b"]))
    store.held.reports["a"] = encoded(word(ready=first.digest))
    run(publish())
    assert store.held.fields["digest"] == first.digest


def test_it_is_put_in_force_once_the_last_reader_has_it(first: Candidate) -> None:
    """The reader loads what is announced; until it has, nothing is in force."""
    store = MemoryStore(Held(reports={"a": encoded(word())}))
    seen: list[tuple[int, int]] = []

    def waiting(done: int, of: int) -> None:
        seen.append((done, of))
        assert store.held.fields.get("staged") == first.digest
        assert "digest" not in store.held.fields
        store.held.reports["a"] = encoded(word(ready=first.digest))

    publisher = Publisher(store, UNSIGNED, None, "someone", 5.0, waiting)

    async def publish() -> tuple[str, ...]:
        async with asyncio.timeout(5):
            return (await publisher.commit(await publisher.prepare(first, Terms(), "publish"))).late

    assert run(publish()) == ()
    assert seen == [(0, 1), (1, 1)]
    assert store.held.fields["digest"] == first.digest


def test_words_of_readers_that_are_gone_are_not_heard() -> None:
    told = {str(age): encoded(word(age)) for age in (0, 4, 6)}
    assert live(told, system_clock()).keys() == {"0", "4"}
