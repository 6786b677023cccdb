"""Every other tool decides the entry policy as we do; where its numbers cannot, at a threshold, that is declared."""

import re
from functools import cache
from pathlib import Path

import pytest

from benchmarks.agreement import disagreements
from benchmarks.contenders import shipped_entry
from benchmarks.peers.peer import VERDICTS, Peer, Verdict, installed_version
from benchmarks.peers.table import PEERS, prepared
from benchmarks.snapshots import edges, everyday, same_mix
from engine.policy import Policy

ROOT = Path(__file__).resolve().parents[2]
EVERYDAY_OF_EACH_RESULT = 10
EDGES = 100


@cache
def entry() -> Policy:
    return shipped_entry(ROOT)


@cache
def snapshots() -> list[bytes]:
    return everyday()


@pytest.fixture(params=PEERS, ids=lambda kind: kind.name)
def peer(request: pytest.FixtureRequest) -> Peer:
    ready, absent = prepared([request.param.name])
    if not ready:
        pytest.skip(f"{request.param.name}: {absent[request.param.name]}")
    return ready[0]


def test_it_agrees_on_everyday_snapshots(peer: Peer) -> None:
    rows = snapshots()
    chosen = [rows[place] for place in same_mix(rows, EVERYDAY_OF_EACH_RESULT)]
    assert len(chosen) == 10 * EVERYDAY_OF_EACH_RESULT
    assert [str(found) for found in disagreements(entry(), peer.name, peer.decide, chosen)] == []


def test_it_agrees_at_the_thresholds_unless_it_says_why_not(peer: Peer) -> None:
    found = list(disagreements(entry(), peer.name, peer.decide, edges(EDGES if peer.inexact is None else 4 * EDGES)))
    if peer.inexact is None:
        assert [str(one) for one in found] == []
    else:
        assert found, f"{peer.name} agrees at every threshold: take back that it may not ({peer.inexact})"


def test_a_disagreement_is_noticed() -> None:
    def always(_: bytes) -> Verdict:
        return VERDICTS["positions-symbol"]

    rows = snapshots()[:50]
    found = list(disagreements(entry(), "always", always, rows))
    assert 0 < len(found) < len(rows)
    assert str(found[0]).startswith(f"always disagrees on snapshot {found[0].place}: ")
    assert found[0].snapshot.decode() in str(found[0])


def test_an_absent_peer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(self: Peer) -> None:
        raise ImportError("No module named 'cel'")

    for kind in PEERS:
        monkeypatch.setattr(kind, "prepare", missing)
    ready, absent = prepared([kind.name for kind in PEERS])
    assert ready == []
    assert dict(absent) == {kind.name: "not installed (No module named 'cel')" for kind in PEERS}
    assert installed_version("no-such-distribution") is None


def test_every_peer_is_in_the_extra() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    extra = text.partition("\nbench = [")[2].partition("\n]")[0]
    named = set(re.findall(r'"([\w-]+)>=[\d.]+,<\d+"', extra))
    assert {kind.name for kind in PEERS} - {"cel-python"} == named
    assert '"cel-python>=' in text
