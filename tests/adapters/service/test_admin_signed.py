"""Signatures made elsewhere, over HTTP: of this statement, by those who are trusted, and good once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.publishing.desk import ONE, TWO
from tests.adapters.service.desks import (
    CHECK,
    NOTHING,
    Files,
    dearer,
    desk,
    offered,
    publish_to,
    record,
    refused,
    rollback_to,
    sealed,
    signed,
    tag,
)


def test_what_is_signed_is_put_in_force(store_folder: Path, files: Files) -> None:
    with desk(store_folder, ONE) as service:
        found = signed(service, files, "ann")
        assert (found.status, found.json["step"], found.json["refusal"]) == (200, "published", None)
        assert [one["by"] for one in found.json["signatures"]] == ["ann"]
        again = signed(service, dearer(files), "bob", if_match=tag(found))
        assert (again.status, again.json["signatures"][0]["by"]) == (200, "bob")


def test_without_a_signature_nothing_is_published(store_folder: Path, files: Files) -> None:
    with desk(store_folder, ONE) as service:
        told = offered(service, {"files": files, "note": "a change"})
        assert refused(publish_to(service, files), 422, "signatures are wanted")
        assert refused(publish_to(service, files, statement=told["statement"]), 422, "signatures are wanted")
        assert refused(publish_to(service, files, statement=told["statement"], signatures=[]), 422)
        assert record(service) == {}


def test_a_signature_of_someone_else_counts_for_nothing(store_folder: Path, files: Files) -> None:
    with desk(store_folder, ONE) as service:
        told = offered(service, {"files": files, "note": "a change"})
        eve, ann = sealed("eve", told["to_sign"]), sealed("ann", told["to_sign"])
        other = sealed("ann", told["to_sign"] + " ")
        for signatures in ([eve], [ann, eve], [{**ann, "key": eve["key"]}], [{**eve, "key": ann["key"]}], [other]):
            found = publish_to(service, files, statement=told["statement"], signatures=signatures)
            assert refused(found, 409, "a signature of the policy does not verify")
        for wrong in ("", "AAAA", "not base64", ann["signature"][:-4]):
            found = publish_to(service, files, statement=told["statement"], signatures=[{**ann, "signature": wrong}])
            assert refused(found, 409)
        assert record(service) == {}


CHANGED: tuple[tuple[str, object, str], ...] = (
    ("store", "paper", "the statement's store is"),
    ("digest", "sha256:" + "0" * 64, "the statement's digest is"),
    ("bundle", "small 9.9.9", "the statement's bundle is"),
    ("revision", 1, "does not verify"),
    ("revision", 2**53 - 1, "comes next"),
    ("published_at", "2020-01-01T00:00:00+00:00", "good for a day"),
    ("published_at", "2999-01-01T00:00:00+00:00", "good for a day"),
    ("published_at", "yesterday", "cannot be read"),
    ("published_at", "2026-01-01T00:00:00", "cannot be read"),
    ("published_by", "eve", "does not verify"),
    ("valid_until", "2020-01-01T00:00:00+00:00", "was valid until"),
    ("valid_until", "for ever", "cannot be read"),
    ("valid_until", "2999-01-01T00:00:00+00:00", "does not verify"),
)


@pytest.mark.parametrize(("name", "value", "why"), CHANGED)
def test_a_statement_is_of_what_is_published(
    store_folder: Path, files: Files, name: str, value: object, why: str
) -> None:
    with desk(store_folder, ONE) as service:
        told = offered(service, {"files": files, "note": "a change"})
        statement, signatures = {**told["statement"], name: value}, [sealed("ann", told["to_sign"])]
        assert refused(publish_to(service, files, statement=statement, signatures=signatures), 409, why)
        assert record(service) == {}


def test_the_note_is_that_of_the_statement(store_folder: Path, files: Files) -> None:
    with desk(store_folder, ONE) as service:
        told = offered(service, {"files": files, "note": "another"})
        more = {"statement": told["statement"], "signatures": [sealed("ann", told["to_sign"])]}
        assert refused(publish_to(service, files, **more), 422, "/note")
        assert refused(publish_to(service, files, note="another", by="ann", **more), 422, "/by")
        assert publish_to(service, files, note="another", **more).status == 200


def test_a_statement_of_other_files_is_refused(store_folder: Path, files: Files) -> None:
    with desk(store_folder, ONE) as service:
        told = offered(service, {"files": files, "note": "a change"})
        more = {"statement": told["statement"], "signatures": [sealed("ann", told["to_sign"])]}
        assert refused(publish_to(service, dearer(files), **more), 409, "the statement's digest is")
        assert record(service) == {}


def test_what_was_signed_once_is_not_signed_for_ever(store_folder: Path, files: Files) -> None:
    """A statement of before, replayed: once published, and once laid by."""
    with desk(store_folder, ONE) as service:
        laid_by = offered(service, {"files": dearer(files, "10.7"), "note": "a change"})
        told = offered(service, {"files": files, "note": "a change"})
        more = {"statement": told["statement"], "signatures": [sealed("ann", told["to_sign"])]}
        first = publish_to(service, files, **more)
        second = signed(service, dearer(files), "ann", if_match=tag(first))
        assert second.status == 200
        assert refused(publish_to(service, files, tag(second), **more), 409, "comes next")
        late = {"statement": laid_by["statement"], "signatures": [sealed("bob", laid_by["to_sign"])]}
        assert refused(publish_to(service, dearer(files, "10.7"), tag(second), **late), 409, "comes next")
        assert record(service)["digest"] == second.json["digest"]


def test_two_pairs_of_eyes(store_folder: Path, files: Files) -> None:
    with desk(store_folder, TWO) as service:
        first = signed(service, files, "ann")
        assert (first.status, first.json["step"], tag(first)) == (202, "proposed", NOTHING)
        assert "revision" not in record(service)
        told = offered(service, {"files": files})
        assert told["completes"]
        same = {"note": "a change", "statement": told["statement"]}
        again = publish_to(service, files, signatures=[sealed("ann", told["to_sign"])], **same)
        assert refused(again, 409, "1 of 2 owners have signed")
        other = {**told["statement"], "published_by": "bob"}
        assert refused(publish_to(service, files, statement=other, signatures=[sealed("bob", told["to_sign"])]), 409)
        done = publish_to(service, files, signatures=[sealed("bob", told["to_sign"])], **same)
        assert (done.status, done.json["step"], done.json["refusal"]) == (200, "published", None)
        assert [one["by"] for one in done.json["signatures"]] == ["ann", "bob"]


def test_both_may_sign_at_once(store_folder: Path, files: Files) -> None:
    with desk(store_folder, TWO) as service:
        found = signed(service, files, "ann", "bob")
        assert (found.status, found.json["step"]) == (200, "published")
        twice = signed(service, dearer(files), "ann", "ann", if_match=tag(found))
        assert (twice.status, twice.json["step"]) == (202, "proposed")


def test_another_proposal_is_told(store_folder: Path, files: Files) -> None:
    with desk(store_folder, TWO) as service:
        assert signed(service, files, "ann").status == 202
        told = offered(service, {"files": dearer(files), "note": "a change"})
        assert "complete that one first" in told["withheld"]
        told = offered(service, {"files": dearer(files), "note": "a change", "replace": True})
        assert told["proposes"]


def test_to_go_back_is_signed_as_well(store_folder: Path, files: Files) -> None:
    with desk(store_folder, ONE) as service:
        first = signed(service, files, "ann")
        second = signed(service, dearer(files), "ann", if_match=tag(first))
        earlier = {"revision": first.json["revision"]}
        assert refused(rollback_to(service, tag(second), **earlier), 422, "signatures are wanted")
        told = offered(service, {**earlier, "note": "back"})
        more = {"statement": told["statement"], "signatures": [sealed("bob", told["to_sign"])]}
        done = rollback_to(service, tag(second), **earlier, **more)
        assert (done.status, done.json["digest"]) == (200, first.json["digest"])


def test_what_others_signed_does_not_come_back(store_folder: Path, files: Files) -> None:
    """Published without signatures, then wanted with them."""
    with desk(store_folder) as service:
        first = publish_to(service, files)
        second = publish_to(service, dearer(files), tag(first))
    with desk(store_folder, ONE) as service:
        found = service.ask("POST", CHECK, {"revision": first.json["revision"]})
        assert refused(found, 409, "nobody signed it")
        assert record(service)["digest"] == second.json["digest"]
