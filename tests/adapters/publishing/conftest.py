"""A bundle that may be published, and a store that holds nothing yet."""

from __future__ import annotations

import pytest

from adapters.publishing.candidates import Candidate, candidate
from tests.adapters.conftest import BUNDLE
from tests.adapters.publishing.fakes import FakeStore


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture(scope="session")
def first() -> Candidate:
    """The small bundle, checked and tested."""
    return candidate(BUNDLE)
