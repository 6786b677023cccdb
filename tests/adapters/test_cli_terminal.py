"""The command line as a process: colour on a terminal only, pipes that close, and what a run imports."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.running import CHEAP, ROOT, SNAPSHOTS, start

ESCAPE = b"\x1b["
DECIDE = ("decide", "gate", "--policies", "tests/adapters/bundle")


def on_a_terminal(*arguments: str, **env: str) -> bytes:
    """What a run writes to a terminal."""
    return answered_on_a_terminal([], *arguments, **env)


def answered_on_a_terminal(answers: list[bytes], *arguments: str, **env: str) -> bytes:
    """What a run writes to a terminal where somebody answers its questions, one after the other."""
    leader, follower = pty.openpty()
    left = list(answers)
    command = [sys.executable, "-m", "adapters.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **env}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    written = b""
    while select.select([leader], [], [], 60)[0]:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the other end has closed
            break
        if not part:
            break
        written += part
        if left and written.endswith(b": "):
            os.write(leader, left.pop(0) + b"\n")
    os.close(leader)
    process.wait(60)
    return written


@pytest.mark.parametrize(
    ("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)]
)
@pytest.mark.parametrize(
    ("command", "shown"), [(("demo",), b"ALLOW_NEW_ENTRY"), (("eval", "1+"), b"the expression has errors")]
)
def test_a_terminal_gets_colour_unless_it_is_declined(
    command: tuple[str, ...], shown: bytes, env: dict[str, str], coloured: bool
) -> None:
    written = on_a_terminal(*command, **env)
    assert shown in written
    assert (ESCAPE in written) is coloured


def test_a_pipe_gets_no_colour() -> None:
    done = start("demo")
    assert (done.returncode, ESCAPE in done.stdout + done.stderr) == (0, False)


def test_a_terminal_as_input_is_told_what_to_do() -> None:
    written = on_a_terminal(*DECIDE)
    assert b"no inputs: give `--inputs FILE`" in written


def test_a_decision_of_a_process() -> None:
    done = start(*DECIDE, "--json", "--exit-code", input=CHEAP)
    assert (done.returncode, json.loads(done.stdout)["outcome"], done.stderr) == (0, "OPEN", b"")
    done = start(*DECIDE, input=b"\xff")
    assert (done.returncode, done.stderr) == (2, b"")


def test_a_locale_without_our_marks_gets_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = start("explain", *DECIDE[1:], input=CHEAP)
    assert done.returncode == 0
    assert b"x dear" in done.stdout
    assert b"+ otherwise" in done.stdout


@pytest.mark.parametrize("arguments", [("demo",), (*DECIDE, "--inputs", "LINES")])
def test_a_closed_pipe_ends_quietly(arguments: tuple[str, ...], tmp_path: Path) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_bytes((CHEAP + b"\n") * 5000)
    command = [sys.executable, "-m", "adapters.cli", *(part.replace("LINES", str(lines)) for part in arguments)]
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_deciding_on_one_file_imports_neither_rich_nor_schemas() -> None:
    code = "import sys; from adapters.cli.main import main; main(sys.argv[1:]); print(sorted(sys.modules))"
    arguments = ["decide", "entry", "--inputs", str(SNAPSHOTS / "new-entry.json")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    modules = done.stdout.splitlines()[-1]
    assert "'engine.policy'" in modules
    for unwanted in ("rich", "jsonschema", "xml.etree", "asyncio", "cryptography", "redis"):
        assert f"'{unwanted}'" not in modules, unwanted
