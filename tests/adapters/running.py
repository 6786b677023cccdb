"""Running the command line inside the test, and beside it as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from click.testing import CliRunner, Result

from adapters.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOTS = ROOT / "adapters" / "cli" / "demo_snapshots"
POLICIES = ROOT / "policies"
CHEAP = b'{"now": "2026-02-03T12:00:00Z", "price": 5.0}'
DEAR = b'{"now": "2026-02-03T12:00:00Z", "price": 11.0}'


def run(*arguments: str | Path, stdin: bytes | str = b"", env: Mapping[str, str] | None = None) -> Result:
    """The command line in this process; an error it does not handle fails the test."""
    return CliRunner().invoke(cli, [str(a) for a in arguments], input=stdin, env=env, catch_exceptions=False)


def start(*arguments: str | Path, **more: object) -> subprocess.CompletedProcess[bytes]:
    """The command line as a process of its own."""
    command = [sys.executable, "-m", "adapters.cli", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, check=False, cwd=ROOT, **more)  # type: ignore[call-overload, no-any-return]
