"""The benchmark of the service: a peer that is missing is no success."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from benchmarks import serve
from benchmarks.serving.peer import Missing


def missing() -> None:
    raise Missing("npm is not installed")


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[serve.Asked]:
    """What was measured, where the peer is missing and all bounds hold."""
    asked: list[serve.Asked] = []

    async def measure(one: serve.Asked) -> dict[str, Any]:
        asked.append(one)
        return {"rows": [], "bounds": [], "skipped": {}, "load": []}

    monkeypatch.setattr(serve, "program", missing)
    monkeypatch.setattr(serve, "measured", measure)
    return asked


def test_a_peer_that_is_missing_fails_before_anything_is_measured(
    measured: list[serve.Asked], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["serve.py", "--quick", "--json"])
    assert serve.main() == 1
    said = capsys.readouterr()
    assert not said.out
    for one in ("cerbos is missing: npm is not installed", "apt install npm", "--without-peer"):
        assert one in said.err
    assert not measured


def test_it_may_be_left_out(measured: list[serve.Asked], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["serve.py", "--quick", "--without-peer"])
    assert serve.main() == 0
    assert [one.peer for one in measured] == [False]
