"""What may be published: nothing without a check and its suites, and of the past only what is trusted now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from adapters.publishing.candidates import Candidate, SuitesFail, Unpublishable, candidate, earlier
from engine.published import Trust
from engine.store import Change
from rules.bundle import Unreadable
from rules.canonical import digest_of
from rules.diagnostics import Refused
from tests.adapters.publishing.desk import ONE, TWO, UNSIGNED, dearer, publish, publisher, run, trusted
from tests.adapters.publishing.fakes import FakeStore
from tests.adapters.test_cli_exits import break_, drop_manifest, drop_suites, fail_a_case, price_of_the_store, warn

FAULTS: list[tuple[Callable[[Path], None], type[Exception], str]] = [
    (break_, Refused, "prise"),
    (drop_manifest, Unreadable, "no `bundle.yaml`"),
    (drop_suites, Unpublishable, "has no suite"),
    (fail_a_case, SuitesFail, "1 of its cases fail"),
    (price_of_the_store, Unpublishable, "a service cannot say `price` of the store"),
]


@pytest.mark.parametrize(("change", "refusal", "found"), FAULTS)
def test_what_may_not_be_published(
    bundle: Path, change: Callable[[Path], None], refusal: type[Exception], found: str
) -> None:
    change(bundle)
    with pytest.raises(refusal, match=found):
        candidate(bundle)


def test_a_candidate_is_the_bundle_as_it_is_kept(bundle: Path) -> None:
    warn(bundle)
    heard: list[tuple[int, int]] = []
    found = candidate(bundle, lambda done, of: heard.append((done, of)))
    assert (found.bundle, found.cases, heard) == ("small 0.1.0", 2, [(0, 1)])
    assert digest_of(found.content) == found.digest
    assert set(found.documents.documents) == {"gate", "types"}


def test_policies_that_no_suite_asks_are_named(bundle: Path) -> None:
    assert candidate(bundle).untested == ()
    text = (bundle / "gate.yaml").read_text("utf-8")
    (bundle / "other.yaml").write_text(
        text.replace("name: gate", "name: other").replace("GATE_DEAREST", "OTHER_DEAREST"), "utf-8"
    )
    assert candidate(bundle).untested == ("other",)


def test_the_environment_is_ignored(bundle: Path, first: Candidate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE_DEAREST", "50.0")  # more than is published: refused where it is heard
    assert candidate(bundle) == first


@pytest.fixture
def published(store: FakeStore, first: Candidate, bundle: Path) -> FakeStore:
    """A store with two publications, by ann."""
    run(publish(publisher(store, ONE, "ann"), first))
    run(publish(publisher(store, ONE, "ann"), dearer(bundle)))
    return store


def revision_of(store: FakeStore, index: int) -> str:
    return store.entries[index].fields["revision"]


def test_an_earlier_publication(published: FakeStore, first: Candidate) -> None:
    for wanted in (revision_of(published, 1), first.digest, first.digest[:20], first.digest[7:15]):
        found = run(earlier(published, ONE, wanted))
        assert found.digest == first.digest
        assert found.since is not None
        assert str(found.since.revision) == revision_of(published, 1)
    assert run(earlier(published, TWO, first.digest)).digest == first.digest  # the rollback itself wants two
    assert run(earlier(published, UNSIGNED, first.digest)).digest == first.digest


@pytest.mark.parametrize("wanted", ["", "1", "sha256:", "sha256:abc", "0" * 8, "latest", "SHA256:0123456789"])
def test_what_is_not_in_the_history(published: FakeStore, wanted: str) -> None:
    with pytest.raises(Unpublishable, match="bascule history"):
        run(earlier(published, ONE, wanted))


def lose(store: FakeStore, digest: str) -> None:
    del store.bundles[digest]


def damage(store: FakeStore, digest: str) -> None:
    store.bundles[digest] = store.bundles[digest].replace(b"10.0", b"99.0")


def garble(store: FakeStore, digest: str) -> None:
    rewrite(store, digest=digest_of(b"{}"))
    store.bundles[digest_of(b"{}")] = b"{}"


def rewrite(store: FakeStore, **fields: str) -> None:
    first = store.held.changes[0]
    store.held.changes[0] = Change(first.id, first.at, {**first.fields, **fields})


def forge(store: FakeStore, _: str) -> None:
    rewrite(store, note="another")


def unsign(store: FakeStore, _: str) -> None:
    rewrite(store, signatures="[]")


def nothing(_: FakeStore, __: str) -> None:
    pass


PAST: list[tuple[Callable[[FakeStore, str], None], Trust, str]] = [
    (lose, ONE, "no longer holds the bundle"),
    (damage, ONE, "is not that"),
    (garble, UNSIGNED, "cannot be read"),
    (forge, ONE, "is not of this record"),
    (unsign, ONE, "nobody signed it"),
    (nothing, trusted("bob"), "is not trusted here"),
]


@pytest.mark.parametrize(("change", "trust", "found"), PAST)
def test_a_past_that_is_not_trusted(
    published: FakeStore, first: Candidate, change: Callable[[FakeStore, str], None], trust: Trust, found: str
) -> None:
    change(published, first.digest)
    with pytest.raises(Unpublishable, match=found):
        run(earlier(published, trust, revision_of(published, 1)))


def test_a_past_that_no_longer_checks(store: FakeStore, first: Candidate) -> None:
    gate = first.documents.documents["gate"].replace("price > params.dearest", "prise > params.dearest")
    broken = msgspec.structs.replace(first.documents, documents={**first.documents.documents, "gate": gate})
    content = msgspec.json.encode({"documents": broken.documents, "name": broken.name, "version": broken.version})
    run(publish(publisher(store), replace(first, content=content, digest=digest_of(content))))
    with pytest.raises(Refused, match="prise"):
        run(earlier(store, UNSIGNED, revision_of(store, 0)))


def test_the_history_is_read_no_further_than_to_what_is_wanted(
    published: FakeStore, first: Candidate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a page at a time; for a digest's beginning, all of it."""
    monkeypatch.setattr("adapters.publishing.past.PAGE", 2)
    for one in range(3):
        run(published.swap({}, {"universe_symbols": f'["{one}"]'}, "universe"))
    pages = [(2, None), (2, "4"), (2, "2")]
    latest, earliest = revision_of(published, 3), revision_of(published, 4)
    digest = published.entries[3].fields["digest"]
    for wanted, asked in ((latest, 2), (digest, 2), (earliest, 3), (first.digest, 3), (digest[:20], 3)):
        published.held.asked.clear()
        run(earlier(published, ONE, wanted))
        assert published.held.asked == pages[:asked]


def test_a_beginning_that_two_digests_have(store: FakeStore, first: Candidate) -> None:
    for last in ("a", "b"):
        run(publish(publisher(store), replace(first, digest="sha256:" + "0" * 63 + last)))
    with pytest.raises(Unpublishable, match="several digests"):
        run(earlier(store, UNSIGNED, "sha256:" + "0" * 10))
