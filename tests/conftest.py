"""Fixtures every test may use, and how hard hypothesis tries."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A run in CI gives the same verdict for the same commit; at a desk each run tries something new.
# Neither has a deadline: how fast an example ran on a busy machine is not what these tests ask.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("dev", derandomize=False, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recorded market data, too large to check in: `BASCULE_DATA`, or `shared/data` beside us."""
    folder = Path(os.environ.get("BASCULE_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no recorded market data at {folder}: set BASCULE_DATA to its folder")
    return folder


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """A command keeps what it read until its process ends; tests are many commands in one process."""
    yield
    gc.unfreeze()
