"""Progress: on a terminal from the first second on, with what is worked on, below the results; in a pipe none of it."""

from __future__ import annotations

import os
import pty
import re
import shutil
import sys
from collections.abc import Callable
from multiprocessing import resource_tracker
from pathlib import Path
from threading import Thread

import pytest

pytest.importorskip("z3")

from adapters.cli import terminal
from adapters.cli.main import main
from tests.adapters.running import run

LABELS = r"reading|testing|proving|changing|looking"
ERASED = "\x1b[2K"
"""A line taken off the terminal."""


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What a run in this process writes to a terminal, where nobody is made to wait a second for progress."""
    import rich.progress  # noqa: F401 -- reading it takes as long as a small proof

    resource_tracker.ensure_running()  # it would keep the terminal open
    monkeypatch.setattr(terminal, "PATIENCE_S", 0.0)
    monkeypatch.setenv("TERM", "xterm-256color")

    def of(*arguments: str | Path) -> str:
        leader, follower = pty.openpty()
        found: list[bytes] = []
        reading = Thread(target=read, args=(leader, found))
        with os.fdopen(follower, "w", encoding="utf-8") as both, monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", both)
            patched.setattr(sys, "stderr", both)
            reading.start()
            main([str(one) for one in arguments])
        reading.join(60)
        os.close(leader)
        return b"".join(found).decode()

    return of


def read(leader: int, found: list[bytes]) -> None:
    """Take what arrives until the other end is closed."""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:
            return
        if not part:
            return
        found.append(part)


CLAIM = """\
apiVersion: bascule/v1
kind: Invariant
metadata: {name: cheap, version: 1.0.0, title: What is paid, owner: tests}
spec:
  forAll: {now: timestamp, price: Price}
  decisions: {gate: {policy: gate}}
  given: [gate.effect == "allow"]
  holds: [{id: cheap, that: price <= 10.0}]
"""


@pytest.fixture
def dearer(bundle: Path, tmp_path: Path) -> Path:
    """The small bundle, which pays more."""
    folder = Path(shutil.copytree(bundle, tmp_path / "dearer"))
    gate = folder / "gate.yaml"
    gate.write_text(gate.read_text("utf-8").replace("default: 10.0", "default: 11.0"), "utf-8")
    return folder


def test_a_proof_is_shown_before_it_is_done(written: Callable[..., str], bundle: Path) -> None:
    (bundle / "cheap.yaml").write_text(CLAIM, "utf-8")
    told = written("verify", bundle)
    drawn, _, rest = told.partition("proved    ")
    assert "proving cheap" in drawn
    assert "  0%" in drawn
    assert "1 invariant" in rest


def test_a_comparison_is_shown_before_the_first_policy_is_done(
    written: Callable[..., str], bundle: Path, dearer: Path
) -> None:
    drawn, _, rest = written("diff", bundle, dearer, "--prove").partition("pairs of outcomes")
    assert "proving" in drawn
    assert "  0%" in drawn
    assert "proving" not in rest


@pytest.mark.parametrize(
    ("arguments", "label"),
    [(("mutate", "--seed", "3", "--count", "40"), "changing"), (("verify", "--redundant"), "looking gate")],
)
def test_no_result_stands_on_the_line_of_the_bar(
    written: Callable[..., str], bundle: Path, arguments: tuple[str, ...], label: str
) -> None:
    told = written(arguments[0], bundle, *arguments[1:])
    assert label in told
    lines = [line.rpartition(ERASED)[2] for line in told.split("\r\n")]
    printed = [re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]|\r", "", line) for line in lines]
    results = [line for line in printed if re.search(r"\b(survived|unknown|no case|score|redundant)\b", line)]
    assert len(results) >= 2
    assert [line for line in results if re.search(rf"\b({LABELS})\b|━", line)] == []


def test_a_pipe_gets_no_progress(monkeypatch: pytest.MonkeyPatch, bundle: Path) -> None:
    monkeypatch.setattr(terminal, "PATIENCE_S", 0.0)
    (bundle / "cheap.yaml").write_text(CLAIM, "utf-8")
    done = run("verify", bundle, "--redundant")
    assert "proving" not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr
