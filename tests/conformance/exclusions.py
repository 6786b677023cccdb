"""The official tests that are outside the subset, each by name with its reason: `excluded.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("excluded.yaml")


def reasons() -> dict[str, str]:
    """Every reason by its word, with what it means: first what is outside the language, then its deviations."""
    found = _read()
    return {**found["outside"], **found["deviations"]}


def excluded() -> dict[str, str]:
    """The reason of every excluded test, by its name."""
    return {
        f"{section}/{name}": reason
        for section, by_reason in _read()["excluded"].items()
        for reason, names in by_reason.items()
        for name in names
    }


def _read() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return found
