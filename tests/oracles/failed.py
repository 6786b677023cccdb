"""What the tables of functions share: a failure, and lengths of time in microseconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Value = Any
Function = Callable[..., Value]
SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Failed(Exception):
    """An expression has no value, for the reason its code names."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
