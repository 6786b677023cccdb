"""Ctrl-C, as a terminal sends it: to the command and all processes that it has started. The command alone tells it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("z3")

from tests.adapters.running import ROOT

BEGUN = "a process has begun"
WAITS = f"""\
import os, signal, sys
if "--multiprocessing-fork" in sys.orig_argv:
    signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGTERM}})
    os.write(2, b"{BEGUN}\\n")  # in one go: another does so meanwhile
    signal.sigwait({{signal.SIGTERM}})
    os._exit(0)
"""
"""What an interpreter reads before anything else: here a process that is to work says so, and waits for its end.

It is not ended before it has said what an interrupt makes it say.
"""


def test_processes_of_mutants_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WAITS, "utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-m", "adapters.cli", "mutate", "tests/adapters/bundle", "--processes", "2"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, start_new_session=True, text=True, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        before = [process.stderr.readline() for _ in range(3)]
        os.killpg(process.pid, signal.SIGINT)
        told = process.stderr.read()
    assert "gives the same ones again" in before[0]
    assert before[1:] == [f"{BEGUN}\n"] * 2
    assert (process.returncode, told.split("\n")) == (130, ["", "bascule: interrupted", ""])
