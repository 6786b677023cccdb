"""Checking what was sent, apart: limits are kept to, and the folder of the files goes, whatever happens."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from adapters.service import checking
from adapters.service.apart import MEMORY, NotDone, apart
from adapters.service.checking import Sent, checked
from tests.adapters.running import ROOT
from tests.adapters.service.admin_desk import Files


@pytest.fixture(autouse=True)
def nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where folders are made for a time."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def test_the_folder_goes_with_the_answer(files: Files, nothing_stays_behind: Path) -> None:
    report = asyncio.run(checked(Sent(files=files)))
    assert (report.bundle, report.holds, report.candidate().cases) == ("small", True, 2)
    assert list(nothing_stays_behind.iterdir()) == []


def test_the_folder_is_private(files: Files, nothing_stays_behind: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []

    async def spied(_: str, __: bytes, folder: str, **___: object) -> bytes:
        modes.append(Path(folder).stat().st_mode & 0o777)
        raise NotDone("enough")

    monkeypatch.setattr(checking, "apart", spied)
    with pytest.raises(NotDone):
        asyncio.run(checked(Sent(files=files)))
    assert modes == [0o700]
    assert list(nothing_stays_behind.iterdir()) == []


def test_what_takes_too_long_is_ended(
    files: Files, nothing_stays_behind: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "PATIENCE_S", 0.01)
    with pytest.raises(NotDone, match="not done within"):
        asyncio.run(checked(Sent(files=files)))
    assert list(nothing_stays_behind.iterdir()) == []


def test_the_last_words_are_told() -> None:
    with pytest.raises(NotDone, match=r"JSON is malformed|truncated"):
        asyncio.run(apart("adapters.service.checking", b"nonsense", "."))


def test_the_environment_changes_nothing(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """An override of the service's own environment is no part of what is published."""
    monkeypatch.setenv("GATE_DEAREST", "1.0")
    report = asyncio.run(checked(Sent(files=files)))
    assert report.holds


def test_what_is_done_apart_is_ended_before_a_worker() -> None:
    told = "from adapters.service.apart import keep_to_limits as k; k(); print(open('/proc/self/oom_score_adj').read())"
    done = subprocess.run([sys.executable, "-c", told], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1000"


def test_the_unit_leaves_room_for_it_and_slows_nobody() -> None:
    lines = (ROOT / "deploy" / "bascule.service").read_text("utf-8").splitlines()
    said = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert int(said["MemoryMax"].removesuffix("G")) * 1024**3 >= MEMORY + 1024**3
    assert "MemoryHigh" not in said
    assert said["OOMPolicy"] == "continue"
