"""A small bundle to run commands on, and an environment that says nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

BUNDLE = Path(__file__).parent / "bundle"
QUIET = (
    "NO_COLOR",
    "COLUMNS",
    "BASCULE_DEBUG",
    "GATE_DEAREST",
    "_BASCULE_COMPLETE",
    "BASCULE_STORE",
    "BASCULE_TRUST",
    "BASCULE_KEY",
    "BASCULE_KEY_PASSPHRASE",
    "BASCULE_SERVICE",
    "BASCULE_TOKEN_FILE",
    "BASCULE_TLS_CA",
)


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the desk where the tests run reaches a command."""
    for name in [*QUIET, *(name for name in os.environ if name.startswith("POLICY_"))]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the small bundle, to be changed at will."""
    return Path(shutil.copytree(BUNDLE, tmp_path / "bundle"))
