"""What the tests ask: inputs of `entry` that open, that block and that reduce, and bodies of every way."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from adapters.service.openapi import OPERATIONS

OPENS: dict[str, Any] = OPERATIONS["POST", "/v1/decide/{policy}"].example["inputs"]  # type: ignore[index]
"""A new position of BTCUSDT, which entry allows."""
GOOD = json.dumps({"inputs": OPENS}).encode()
BLOCKS: dict[str, Any] = {**OPENS, "intent": {**OPENS["intent"], "confidence": 0.1}}


def with_said(path: str, value: object) -> dict[str, Any]:
    """The inputs that open, with something else at a path of names."""
    found = copy.deepcopy(OPENS)
    place: Any = found
    *above, last = path.split(".")
    for name in above:
        place = place[name]
    place[last] = value
    return found


BODIES: Mapping[tuple[str, str], object] = {key: one.example for key, one in OPERATIONS.items()}
"""A body of each way that has one."""


def asked(path: str) -> str:
    """A path as it is asked for."""
    return path.replace("{policy}", "entry")
