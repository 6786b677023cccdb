"""`bascule demo --service` tells its story with a real server and the real service, and leaves nothing behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.adapters.running import start


def test_the_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = start("demo", "--service", timeout=120)
    told = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    decided = re.findall(r"(\S+) (?:→|->) (\S+) \((\w+)\)", told)
    assert decided == [
        ("fixed-rule-of-exits", "BLOCKED_NO_POLICY", "block"),
        ("entry", "ALLOW_NEW_ENTRY", "allow"),
        ("entry", "BLOCK_COOLDOWN", "block"),
        ("fixed-rule-of-exits", "BLOCKED_NO_POLICY", "block"),
        ("fixed-rule-of-exits", "BLOCKED_NO_POLICY", "block"),
        ("fixed-rule-of-exits", "EXIT", "allow"),
    ]
    assert "refused: 6 of its cases fail" in told
    assert "halted: all openings are halted" in told
    assert "stale: the store has not answered" in told
    assert list(tmp_path.iterdir()) == []
    (server,) = re.findall(r"kill -9 (\d+)", told)
    assert not Path(f"/proc/{server}").exists()
