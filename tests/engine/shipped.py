"""The shipped policies, compiled once for the tests that decide with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from engine.decision import Decision, Stamp
from engine.policy import Machine, Policy, compile_bundle
from rules.bundle import Bundle, load

ROOT = Path(__file__).resolve().parents[2]
STAMP = Stamp("a-test", datetime(2026, 2, 3, tzinfo=UTC))
HISTORY = "policies/history/0.9.0"


@cache
def bundle(folder: str = "policies") -> Bundle:
    found = load(ROOT / folder)
    assert found.bundle is not None, [d.message for d in found.diagnostics]
    return found.bundle


@cache
def machine(folder: str = "policies") -> Machine:
    return compile_bundle(bundle(folder))


def policy(name: str, folder: str = "policies") -> Policy:
    return machine(folder).policies[name]


def decide(name: str, snapshot: Mapping[str, Any], folder: str = "policies", *, trace: bool = False) -> Decision:
    """A decision on a snapshot from its JSON, without the inputs that this policy does not have."""
    return policy(name, folder).decide_json(as_json(name, snapshot), STAMP, trace=trace)


def as_json(name: str, snapshot: Mapping[str, Any]) -> str:
    own = {key: value for key, value in snapshot.items() if key != "size_multiplier" or name == "allocation"}
    return json.dumps(own)
