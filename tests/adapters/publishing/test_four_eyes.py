"""Four eyes: one signature puts nothing in force, the second must be another's, and of the same statement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from adapters.publishing.candidates import Candidate, Unpublishable, earlier
from adapters.publishing.keys import verify
from adapters.publishing.proposals import Proposal, read_proposal
from adapters.publishing.publication import Terms
from engine.published import MAX_REVISION, Trust, TrustedKey, read_record, universe_of
from tests.adapters.publishing.desk import DESK, ONE, PEOPLE, TWO, cause, dearer, publish, publisher, run, trusted
from tests.adapters.publishing.fakes import FakeStore

THREE = trusted("ann", "bob", "eve", four_eyes=True)
TERMS = Terms(note="a note", valid_for=timedelta(hours=8), universe=("BTC",))


def proposed(store: FakeStore) -> Proposal:
    found = read_proposal(store.fields)
    assert found is not None
    return found


def test_the_first_signature_puts_nothing_in_force(store: FakeStore, first: Candidate) -> None:
    done = run(publish(publisher(store, TWO, "ann"), first, TERMS))
    assert done.prepared.proposes
    assert (set(store.fields), cause(store, TWO)) == ({"proposal"}, "no-policy")
    assert [entry.fields["change"] for entry in store.entries] == ["propose"]
    assert done.refusal is not None


def test_the_second_does(store: FakeStore, first: Candidate) -> None:
    run(publish(publisher(store, TWO, "ann"), first, TERMS))
    store.at += timedelta(hours=1)
    done = run(publish(publisher(store, TWO, "bob"), first))
    assert done.prepared.completes is not None
    record = read_record(store.fields, store.name)
    assert [one.by for one in record.signatures] == ["ann", "bob"]
    told = record.statement
    assert (told.published_by, told.note) == ("ann", "a note")
    assert (told.published_at, told.valid_until) == ("2026-02-03T12:00:00.000+00:00", "2026-02-03T20:00:00.000+00:00")
    assert universe_of(store.fields["universe_symbols"]) == ["BTC"]
    assert "proposal" not in store.fields
    assert (cause(store, TWO), done.refusal) == ("", None)


def test_a_rollback_is_proposed_and_completed_too(store: FakeStore, first: Candidate, bundle: Path) -> None:
    second = dearer(bundle)
    for found in (first, second):
        for who in ("ann", "bob"):
            run(publish(publisher(store, TWO, who), found))
    for who in ("bob", "ann"):
        back = run(earlier(store, TWO, first.digest))
        one = publisher(store, TWO, who)
        run(one.commit(run(one.prepare(back, Terms(), "rollback"))))
        if who == "bob":
            assert store.fields["digest"] == second.digest
    assert (store.fields["digest"], cause(store, TWO)) == (first.digest, "")
    assert store.fields["note"].startswith("back to revision ")


DIFFERING: list[tuple[Terms, str]] = [
    (Terms(note="another"), "leave out --note"),
    (Terms(by="bob"), "leave out --by"),
    (Terms(valid_for=timedelta(hours=8)), "leave out --valid-for"),
    (Terms(universe=("ETH",)), "leave out --universe"),
    (Terms(note="another", by="bob"), "leave out --note and --by"),
]


@pytest.mark.parametrize(("terms", "found"), DIFFERING)
def test_the_second_signs_what_the_first_did(store: FakeStore, first: Candidate, terms: Terms, found: str) -> None:
    run(publish(publisher(store, TWO, "ann"), first, TERMS))
    with pytest.raises(Unpublishable, match=found):
        run(publish(publisher(store, TWO, "bob"), first, terms))
    assert cause(store, TWO) == "no-policy"
    run(publish(publisher(store, TWO, "bob"), first, Terms(by="ann", note="a note", universe=("BTC",))))
    assert cause(store, TWO) == ""


def test_one_key_does_not_sign_twice(store: FakeStore, first: Candidate) -> None:
    run(publish(publisher(store, TWO, "ann"), first))
    before = dict(store.fields)
    with pytest.raises(Unpublishable, match=r"ann has signed .* another owner completes it"):
        run(publish(publisher(store, TWO, "ann"), first))
    assert store.fields == before


def test_two_keys_of_one_owner_are_one_owner(store: FakeStore, first: Candidate) -> None:
    """A trust file refuses this; should a trust be put together otherwise, it is refused here as well."""
    same = {PEOPLE[who].key.id: TrustedKey("ann", PEOPLE[who].key.public) for who in ("ann", "bob")}
    trust = Trust(same, four_eyes=True, verify=verify, name=DESK.name)
    run(publish(publisher(store, trust, "ann"), first))
    with pytest.raises(Unpublishable, match="1 of 2 owners"):
        run(publish(publisher(store, trust, "bob"), first))
    assert cause(store, trust) == "no-policy"


def test_another_bundle_does_not_complete_it(store: FakeStore, first: Candidate, bundle: Path) -> None:
    run(publish(publisher(store, TWO, "ann"), first))
    other = dearer(bundle)
    with pytest.raises(Unpublishable, match="--replace"):
        run(publish(publisher(store, TWO, "bob"), other))
    assert proposed(store).digest == first.digest
    done = run(publish(publisher(store, TWO, "bob"), other, Terms(replace=True)))
    assert (proposed(store).digest, done.prepared.proposes) == (other.digest, True)
    assert any("gives way" in told for told in done.prepared.notices)
    assert [one.by for one in proposed(store).signatures] == ["bob"]


# A proposal that is no longer good.


def publish_otherwise(store: FakeStore) -> None:
    """Under a trust that wants one signature, as another desk might."""
    kept = store.fields.pop("proposal")
    store.fields.update(revision="7", digest="sha256:" + "0" * 64, proposal=kept)


def change(store: FakeStore, **members: object) -> None:
    store.fields["proposal"] = msgspec.json.encode(msgspec.structs.replace(proposed(store), **members)).decode()


def pass_time(store: FakeStore) -> None:
    store.at += timedelta(hours=8)


def garble(store: FakeStore) -> None:
    store.fields["proposal"] = "{}"


GONE: list[tuple[Callable[[FakeStore], None], str]] = [
    (publish_otherwise, "it follows revision none, and 7 is in force"),
    (pass_time, "it was to be valid until"),
    (garble, "cannot be read"),
    (lambda store: change(store, note="another"), "is not of this record"),
    (lambda store: change(store, revision=MAX_REVISION), "not one that a publication has now"),
    (lambda store: change(store, revision=0), "not one that a publication has now"),
    (lambda store: change(store, valid_until="later"), "cannot be read"),
    (lambda store: change(store, valid_until="2026-02-03T20:00:00"), "cannot be read"),
    (lambda store: change(store, signatures=[]), "0 have signed it"),
    (lambda store: change(store, signatures=[PEOPLE["eve"].sign(b"")]), "is not of this record"),
]


@pytest.mark.parametrize(("spoil", "notice"), GONE, ids=[notice for _, notice in GONE])
def test_it_is_dropped_and_made_anew(
    store: FakeStore, first: Candidate, spoil: Callable[[FakeStore], None], notice: str
) -> None:
    run(publish(publisher(store, THREE, "ann"), first, TERMS))
    spoil(store)
    done = run(publish(publisher(store, THREE, "bob"), first))
    assert [told for told in done.prepared.notices if "dropped" in told and notice in told], done.prepared.notices
    assert done.prepared.proposes
    assert [one.by for one in proposed(store).signatures] == ["bob"]
    assert cause(store, THREE) in ("no-policy", "unreadable")
    run(publish(publisher(store, THREE, "ann"), first))
    assert cause(store, THREE) == ""


def test_a_publication_that_needs_one_signature_drops_it(store: FakeStore, first: Candidate) -> None:
    run(publish(publisher(store, TWO, "ann"), first))
    done = run(publish(publisher(store, ONE, "ann"), first))
    assert any("nobody need sign after another" in told for told in done.prepared.notices)
    assert ("proposal" in store.fields, cause(store, ONE), cause(store, TWO)) == (False, "", "unsigned")
