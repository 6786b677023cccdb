"""The shipped policies in force, and a service that decides with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.bootstrap import NO_ENVIRONMENT, open_machine
from adapters.service.app import Limits
from engine.policy import Machine
from tests.adapters.conftest import BUNDLE
from tests.adapters.running import POLICIES
from tests.adapters.service.desks import Files, desk
from tests.adapters.service.running import EACH_ROLE, Served, served


@pytest.fixture(scope="session")
def shipped() -> Machine:
    """The shipped policies, compiled."""
    return open_machine(POLICIES, NO_ENVIRONMENT)


@pytest.fixture(scope="module")
def open_service(shipped: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service without tokens."""
    with served(shipped, tmp_path_factory.mktemp("store"), limits=Limits(seconds=0.3)) as found:
        yield found


@pytest.fixture(scope="module")
def guarded(shipped: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with a token for each role, named like it; it is asked without any unless one is said."""
    with served(shipped, tmp_path_factory.mktemp("store"), tokens=EACH_ROLE) as found:
        yield found


@pytest.fixture
def store_folder(tmp_path: Path) -> Path:
    """Where a store is kept."""
    return tmp_path / "desk"


@pytest.fixture
def unsigned_desk(store_folder: Path) -> Iterator[Served]:
    with desk(store_folder) as found:
        yield found


@pytest.fixture
def files() -> Files:
    """The small bundle, as it is sent."""
    return {path.relative_to(BUNDLE).as_posix(): path.read_text("utf-8") for path in BUNDLE.rglob("*.yaml")}
