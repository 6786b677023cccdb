"""Publishing to a store: what is written and signed, what it is refused by, and that readers may decide with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from adapters.publishing.candidates import Candidate, Unpublishable, earlier
from adapters.publishing.publication import Publisher, Terms
from adapters.publishing.signing import Signer, signer_of
from engine.published import MAX_REVISION, Trust, read_record, universe_of
from engine.store import Conflict
from tests.adapters.publishing.desk import (
    DESK,
    ONE,
    PEOPLE,
    TWO,
    UNSIGNED,
    cause,
    dearer,
    key_of,
    publish,
    publisher,
    run,
    trusted,
)
from tests.adapters.publishing.fakes import START, FakeStore

MS = int(START.timestamp() * 1000)
ALL = Terms("desk", "a note", timedelta(hours=8), ("BTC", "ETH"))


@pytest.mark.parametrize(("trust", "who", "by"), [(UNSIGNED, "", "someone"), (ONE, "bob", "bob")])
def test_a_first_publication(store: FakeStore, first: Candidate, trust: Trust, who: str, by: str) -> None:
    done = run(publish(publisher(store, trust, who), first))
    record = read_record(store.fields, store.name)
    assert (record.revision, record.digest, record.statement.bundle) == (MS, first.digest, "small 0.1.0")
    assert (record.statement.published_by, record.statement.note, record.statement.valid_until) == (by, "", None)
    assert store.bundles == {first.digest: first.content}
    assert [entry.fields["change"] for entry in store.entries] == ["publish"]
    assert [one.change for one in done.prepared.changes] == ["added", "added"]
    assert (cause(store, trust), done.refusal) == ("", None)
    assert "universe_symbols" not in store.fields


def test_everything_that_is_said(store: FakeStore, first: Candidate) -> None:
    run(publish(publisher(store, ONE, "ann"), first, ALL))
    told = read_record(store.fields, store.name).statement
    assert (told.published_by, told.note) == ("desk", "a note")
    assert (told.published_at, told.valid_until) == ("2026-02-03T12:00:00.000+00:00", "2026-02-03T20:00:00.000+00:00")
    assert universe_of(store.fields["universe_symbols"]) == ["BTC", "ETH"]
    store.at += timedelta(hours=8)
    assert cause(store, ONE) == "expired"
    run(publish(publisher(store, ONE, "ann"), first))
    assert "valid_until" not in store.fields
    assert universe_of(store.fields["universe_symbols"]) == ["BTC", "ETH"]
    assert cause(store, ONE) == ""


@pytest.mark.parametrize(("moved_s", "ahead"), [(60, 60_000), (0, 1), (-60, 1)])
def test_revisions_only_rise(store: FakeStore, first: Candidate, moved_s: int, ahead: int) -> None:
    run(publish(publisher(store), first))
    store.at += timedelta(seconds=moved_s)
    run(publish(publisher(store), first))
    assert store.fields["revision"] == str(MS + ahead)


@pytest.mark.parametrize(("trust", "who", "revision"), [(UNSIGNED, "", None), (ONE, "ann", MS)])
def test_a_number_that_was_made_up(
    store: FakeStore, first: Candidate, trust: Trust, who: str, revision: int | None
) -> None:
    run(publish(publisher(store), first))
    store.fields["revision"] = str(MAX_REVISION)
    if revision is None:
        with pytest.raises(Unpublishable, match="none above"):
            run(publish(publisher(store, trust, who), first))
    else:  # whoever wants signatures never accepted it
        run(publish(publisher(store, trust, who), first))
        assert (store.fields["revision"], cause(store, trust)) == (str(revision), "")


def damage(store: FakeStore) -> None:
    store.fields["published_at"] = "yesterday"


def lose(store: FakeStore) -> None:
    store.bundles.clear()


def swap_bundle(store: FakeStore) -> None:
    store.bundles.update(dict.fromkeys(store.bundles, b"{}"))


def forge(store: FakeStore) -> None:
    store.fields["note"] = "another"


def expire(store: FakeStore) -> None:
    store.at += timedelta(days=1)


THERE: list[tuple[Callable[[FakeStore], None], str]] = [
    (damage, "`published_at` is `yesterday`"),
    (lose, "the store does not hold its bundle"),
    (swap_bundle, "is not that"),
    (forge, "the signature of ann is not of this record"),
    (expire, "was valid until"),
]


@pytest.mark.parametrize(("change", "notice"), THERE)
def test_what_is_wrong_with_what_is_there_is_told_and_mended(
    store: FakeStore, first: Candidate, bundle: Path, change: Callable[[FakeStore], None], notice: str
) -> None:
    run(publish(publisher(store, ONE, "ann"), first, ALL))
    change(store)
    done = run(publish(publisher(store, ONE, "ann"), dearer(bundle)))
    assert any(notice in told for told in done.prepared.notices)
    assert cause(store, ONE) == ""


def test_more_that_is_told(store: FakeStore, first: Candidate) -> None:
    done = run(publish(publisher(store, ONE, "ann"), first))
    assert any("`universe_symbols` is not there" in told for told in done.prepared.notices)
    done = run(publish(publisher(store), first, ALL))
    assert [told for told in done.prepared.notices if "readers that want signatures" in told]


def test_a_store_that_is_not_written_to(store: FakeStore, first: Candidate) -> None:
    store.held.primary = False
    with pytest.raises(Unpublishable, match="primary"):
        run(publish(publisher(store), first))


STRANGER = Signer("ann", key_of("a stranger"), DESK)


@pytest.mark.parametrize(
    ("signer", "found"),
    [
        (None, "no key to sign with"),
        (STRANGER, "not trusted here"),
        (Signer("ann", PEOPLE["eve"].key, DESK), "not trusted here"),
        (Signer("ann", PEOPLE["ann"].key, replace(DESK, name="paper")), "is not of this record"),
        (Signer("ann", replace(STRANGER.key, public=PEOPLE["ann"].key.public), DESK), "is not of this record"),
    ],
)
@pytest.mark.parametrize("trust", [ONE, TWO])
def test_whose_signature_does_not_count(
    store: FakeStore, first: Candidate, trust: Trust, signer: Signer | None, found: str
) -> None:
    with pytest.raises(Unpublishable, match=found):
        run(publish(Publisher(store, trust, signer, "someone"), first))
    assert (store.fields, store.bundles) == ({}, {})


def test_whose_key_it_is() -> None:
    assert signer_of(PEOPLE["bob"].key, ONE).owner == "bob"
    for trust in (ONE, UNSIGNED):
        with pytest.raises(Unpublishable, match="counts for nothing"):
            signer_of(PEOPLE["eve"].key, trust)


@pytest.mark.parametrize(
    ("name", "value"),
    [("revision", str(MS + 1)), ("note", "another"), ("bundle", "small 9.9.9"), ("published_by", "eve"),
     ("digest", "sha256:" + "0" * 64), ("published_at", "2026-02-03T12:00:01+00:00"),
     ("valid_until", "2027-01-01T00:00:00+00:00")],
)  # fmt: skip
def test_a_signature_is_of_everything_that_decides(store: FakeStore, first: Candidate, name: str, value: str) -> None:
    run(publish(publisher(store, ONE, "ann"), first))
    store.fields[name] = value
    assert cause(store, ONE) == "signature"


def test_a_signature_is_of_one_store(store: FakeStore, first: Candidate) -> None:
    run(publish(publisher(store, ONE, "ann"), first))
    store.name = "paper"
    assert cause(store, ONE) == "signature"


# Somebody is faster.


@pytest.mark.parametrize(("trust", "who"), [(UNSIGNED, ""), (ONE, "ann")])
def test_another_publication_in_the_meantime(store: FakeStore, first: Candidate, trust: Trust, who: str) -> None:
    other = publisher(store, trust, "bob" if who else "")
    store.before_swap = lambda: publish(other, first, Terms(by="bob", note="faster"))
    with pytest.raises(Conflict, match=rf"bob published revision {MS} \(small 0.1.0\) at .*: nothing .* run it again"):
        run(publish(publisher(store, trust, who), first))
    assert (store.fields["note"], len(store.entries)) == ("faster", 1)
    run(publish(publisher(store, trust, who), first))
    assert store.fields["revision"] == str(MS + 1)


def test_another_proposal_in_the_meantime(store: FakeStore, first: Candidate) -> None:
    store.before_swap = lambda: publish(publisher(store, TWO, "bob"), first)
    with pytest.raises(Conflict, match=r"bob proposed small 0\.1\.0 at"):
        run(publish(publisher(store, TWO, "ann"), first))
    assert len(store.entries) == 1


def test_a_halt_in_the_meantime_is_no_conflict_and_stays(store: FakeStore, first: Candidate) -> None:
    from adapters.publishing.halting import halt

    store.before_swap = lambda: halt(store, UNSIGNED, "eve", "stop", "h-1")
    done = run(publish(publisher(store), first))
    assert done.refusal is not None
    assert (done.refusal.cause, cause(store, UNSIGNED)) == ("halted", "halted")


# Going back.


def test_a_rollback(store: FakeStore, first: Candidate, bundle: Path) -> None:
    async def back() -> str:
        ann = publisher(store, ONE, "ann")
        await publish(ann, first)
        await publish(ann, dearer(bundle))
        prepared = await ann.prepare(await earlier(store, ONE, str(MS)), Terms(), "rollback")
        assert [(d.parameter, d.old, d.new) for one in prepared.changes for d in one.defaults] == [
            ("dearest", 10.5, 10.0)
        ]
        await ann.commit(prepared)
        return store.entries[0].fields["change"]

    assert run(back()) == "rollback"
    record = read_record(store.fields, store.name)
    assert (record.revision, record.digest) == (MS + 2, first.digest)
    assert (record.statement.note, cause(store, ONE)) == (f"back to revision {MS}", "")


def test_a_rollback_to_what_is_in_force(store: FakeStore, first: Candidate) -> None:
    run(publish(publisher(store), first))
    with pytest.raises(Unpublishable, match="in force already"):
        run(publisher(store).prepare(run(earlier(store, UNSIGNED, str(MS))), Terms(), "rollback"))


# What is prepared is not written.


def test_nothing_is_written_before_it_is_committed(store: FakeStore, first: Candidate) -> None:
    asyncio.run(publisher(store, ONE).prepare(first, ALL, "publish"))
    assert (store.fields, store.bundles, store.entries) == ({}, {}, [])


def test_signatures_are_wanted_of_the_readers_own(store: FakeStore, first: Candidate) -> None:
    run(publish(publisher(store, trusted("ann"), "ann"), first))
    assert [cause(store, trust) for trust in (trusted("ann"), trusted("bob"), TWO)] == ["", "signature", "unsigned"]
    assert len(msgspec.json.decode(store.fields["signatures"])) == 1


@pytest.mark.parametrize("terms", [Terms(note="\udcff"), Terms(by="\udcff")])
def test_a_note_that_is_no_text(store: FakeStore, first: Candidate, terms: Terms) -> None:
    with pytest.raises(Unpublishable, match="no text"):
        run(publish(publisher(store, ONE, "ann"), first, terms))
    assert store.entries == []


def test_a_length_beyond_the_last_year(store: FakeStore, first: Candidate) -> None:
    with pytest.raises(Unpublishable, match="beyond the year 9999"):
        run(publish(publisher(store), first, Terms(valid_for=timedelta(days=365 * 9000))))
    assert store.entries == []
