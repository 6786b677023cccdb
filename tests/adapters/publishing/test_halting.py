"""Halts: set by anyone at any time, cleared only by two, and never by what was signed for another halt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from adapters.publishing.candidates import Candidate, Unpublishable
from adapters.publishing.halting import Cleared, clear, halt
from engine.published import Halt, Seen, Signature, Trust, clearing, judge, read_halt
from engine.store import Conflict
from tests.adapters.publishing.desk import ONE, PEOPLE, TWO, UNSIGNED, cause, publish, publisher, run
from tests.adapters.publishing.fakes import START, FakeStore


def stop(store: FakeStore, id_: str = "h-1", trust: Trust = UNSIGNED) -> Halt:
    return run(halt(store, trust, "eve", "the feed is wrong", id_))


def cleared(store: FakeStore, trust: Trust, who: str) -> Cleared:
    return run(clear(store, trust, PEOPLE[who] if trust.keys else None, who))


def there(store: FakeStore) -> Halt:
    found = read_halt(store.fields)
    assert found is not None
    return found


def write(store: FakeStore, found: Halt) -> None:
    store.fields["halt"] = msgspec.json.encode(found).decode()


def test_an_empty_store_can_be_halted(store: FakeStore) -> None:
    found = stop(store)
    assert there(store) == found == Halt("h-1", "eve", START, "the feed is wrong")
    assert (cause(store, ONE), [entry.fields["change"] for entry in store.entries]) == ("halted", ["halt"])


def test_a_publication_leaves_a_halt_alone(store: FakeStore, first: Candidate) -> None:
    stop(store)
    done = run(publish(publisher(store, ONE, "ann"), first))
    assert done.refusal is not None
    assert (done.refusal.cause, there(store).id) == ("halted", "h-1")


def test_a_halt_is_not_set_twice(store: FakeStore) -> None:
    stop(store)
    for trust in (UNSIGNED, ONE):
        with pytest.raises(Unpublishable, match="halted already, by the halt by eve"):
            stop(store, "h-2", trust)


@pytest.mark.parametrize("trust", [UNSIGNED, ONE, TWO])
def test_two_clear_a_halt(store: FakeStore, first: Candidate, trust: Trust) -> None:
    for who in ("ann", "bob")[: max(trust.wanted, 1)]:
        run(publish(publisher(store, trust, who if trust.keys else ""), first))
    stop(store)
    assert (cleared(store, trust, "ann").missing, cause(store, trust)) == (1, "halted")
    with pytest.raises(Unpublishable, match="ann has cleared it already"):
        cleared(store, trust, "ann")
    assert cause(store, trust) == "halted"
    assert (cleared(store, trust, "bob").missing, cause(store, trust)) == (0, "")
    with pytest.raises(Unpublishable, match="not halted"):
        cleared(store, trust, "ann")
    stop(store, "h-2", trust)
    assert (cause(store, trust), there(store).at > START, there(store).cleared) == ("halted", True, [])


def test_nothing_to_clear(store: FakeStore) -> None:
    with pytest.raises(Unpublishable, match="not halted"):
        cleared(store, UNSIGNED, "ann")


def test_a_reader_who_missed_it_accepts_the_end(store: FakeStore, first: Candidate) -> None:
    """The cleared halt stays in the record: a reader who saw it in force sees that two have cleared it."""
    run(publish(publisher(store, ONE, "ann"), first))
    stop(store)
    seen = judge(run(store.read()), store.name, Seen(), ONE, store.at, timedelta()).seen
    assert seen.halt is not None
    for who in ("ann", "bob"):
        cleared(store, ONE, who)
    assert judge(run(store.read()), store.name, seen, ONE, store.at, timedelta()).refusal is None
    del store.fields["halt"]
    removed = judge(run(store.read()), store.name, seen, ONE, store.at, timedelta()).refusal
    assert removed is not None
    assert removed.cause == "halt-gone"


@pytest.mark.parametrize(
    "forged",
    [
        Signature("bob", "", ""),
        Signature("bob", PEOPLE["bob"].key.id, "AAAA"),
        PEOPLE["eve"].sign(clearing("desk", Halt("h-1", "eve", START, ""))),
        PEOPLE["bob"].sign(clearing("desk", Halt("h-0", "eve", START, ""))),
        PEOPLE["bob"].sign(clearing("desk", Halt("h-1", "eve", START - timedelta(days=1), ""))),
        PEOPLE["bob"].sign(clearing("paper", Halt("h-1", "eve", START, ""))),
    ],
    ids=["a name", "no signature", "a stranger's", "of another halt", "of another time", "of another store"],
)
def test_what_does_not_clear_a_halt(store: FakeStore, first: Candidate, forged: Signature) -> None:
    run(publish(publisher(store, ONE, "ann"), first))
    stop(store)
    write(store, msgspec.structs.replace(there(store), cleared=[forged]))
    found = cleared(store, ONE, "ann")
    assert (found.by, found.missing, cause(store, ONE)) == (("ann",), 1, "halted")
    assert (cleared(store, ONE, "bob").missing, cause(store, ONE)) == (0, "")


@pytest.mark.parametrize(("who", "found"), [("eve", "does not verify"), ("", "no key to sign with")])
def test_who_may_not_clear_a_halt(store: FakeStore, who: str, found: str) -> None:
    stop(store)
    before = dict(store.fields)
    with pytest.raises(Unpublishable, match=found):
        run(clear(store, ONE, PEOPLE.get(who), "ann"))
    assert store.fields == before


def test_a_halt_that_cannot_be_read(store: FakeStore) -> None:
    store.fields["halt"] = "stop!"
    with pytest.raises(Unpublishable, match="put one that can be read in its place"):
        cleared(store, UNSIGNED, "ann")
    assert stop(store).id == there(store).id


def test_the_last_moment_there_is_does_not_keep_from_halting(store: FakeStore) -> None:
    names = [Signature("ann", "", ""), Signature("bob", "", "")]
    write(store, Halt("h-0", "ann", datetime.max.replace(tzinfo=UTC), "", names))
    assert stop(store).id == "h-1"
    assert cause(store, UNSIGNED) == "halted"


def test_somebody_else_halts_in_the_meantime(store: FakeStore) -> None:
    store.before_swap = lambda: halt(store, UNSIGNED, "ann", "", "h-0")
    with pytest.raises(Conflict, match="in the meantime"):
        stop(store)
    assert there(store).id == "h-0"


def test_a_replica_is_not_halted(store: FakeStore) -> None:
    store.held.primary = False
    with pytest.raises(Unpublishable, match="primary"):
        stop(store)


def test_a_note_that_is_no_text(store: FakeStore) -> None:
    with pytest.raises(Unpublishable, match="no text"):
        run(halt(store, UNSIGNED, "eve", "\udcff", "h-1"))
    assert store.entries == []
